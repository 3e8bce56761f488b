package accounts

import (
	"strings"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
)

// showDevices lists the person's sign-ins, with a button that ends all the others.
func showDevices(q *web.Request) (web.Answer, error) {
	var list []authz.Session
	var refused []authz.Refusal
	var total int
	if err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		if list, err = authz.SessionsOf(q.Context(), tx, q.Who.Account, q.Session()); err != nil {
			return err
		}
		if q.Who.Owner() != nil {
			return nil // tries with the password are no concern of the provider's administrator
		}
		refused, total, err = authz.RefusalsOf(q.Context(), tx, q.Who.Account)
		return err
	}); err != nil {
		return web.Answer{}, err
	}
	g := ui.Grid{
		Caption: "Các lần đăng nhập", Path: "/tai-khoan/thiet-bi", Total: len(list), PerPage: len(list) + 1,
		Columns: []ui.Column{{Label: "Lúc"}, {Label: "Thiết bị"}, {Label: "Cách đăng nhập"}, {Label: "Địa chỉ mạng"}, {Label: "Trạng thái"}},
	}
	for _, s := range list {
		g.Rows = append(g.Rows, []templ.Component{ui.Text(vi.DateTime(s.CreatedAt)), ui.Text(deviceName(s.Agent)), ui.Text(wayName(s.How)), ui.Text(s.Address), ui.Badge(stateOf(s, q))})
	}
	shell := q.Shell("Thiết bị đã đăng nhập", "50 lần đăng nhập gần nhất bằng tài khoản của bạn. Thấy thiết bị lạ thì đăng xuất khỏi mọi nơi khác và đổi mật khẩu.")
	shell.Crumbs = []ui.Link{{Label: "Tài khoản của tôi", Href: "/tai-khoan"}}
	return q.Show(shell, devicesPage(g, refusedGrid(refused, total))), nil
}

// refusedGrid lists the tries that a wrong password ended, nil for none.
func refusedGrid(list []authz.Refusal, total int) *ui.Grid {
	if total == 0 {
		return nil
	}
	g := &ui.Grid{
		Caption: "Lần đăng nhập không thành công", Path: "/tai-khoan/thiet-bi", Total: total, PerPage: total + 1,
		Columns: []ui.Column{{Label: "Lúc"}, {Label: "Thiết bị"}, {Label: "Địa chỉ mạng"}},
	}
	for _, r := range list {
		g.Rows = append(g.Rows, []templ.Component{ui.Text(vi.DateTime(r.At)), ui.Text(deviceName(r.Agent)), ui.Text(r.Address)})
	}
	return g
}

// wayName says how somebody signed in.
func wayName(how string) string {
	switch how {
	case authz.ByPassword:
		return "Thư điện tử, mật khẩu"
	case authz.ByPhone:
		return "Số điện thoại, mật khẩu"
	case authz.BySSO:
		return "Đăng nhập một lần"
	case authz.ByKey:
		return "Khóa truy cập"
	case "":
		return "Mật khẩu" // before it was noted
	}
	return how
}

func stateOf(s authz.Session, q *web.Request) ui.Status {
	switch {
	case s.Acting && s.EndedAt == nil && s.ExpiresAt.After(q.Now()):
		return ui.Status{Kind: ui.Warning, Word: "Vận hành đang làm việc thay"}
	case s.Acting:
		return ui.Status{Kind: ui.Neutral, Word: "Vận hành đã làm việc thay"}
	case s.Current:
		return ui.Status{Kind: ui.Success, Word: "Đang dùng"}
	case s.EndedAt != nil:
		return ui.Status{Kind: ui.Neutral, Word: "Đã đăng xuất"}
	case s.ExpiresAt.Before(q.Now()):
		return ui.Status{Kind: ui.Neutral, Word: "Đã hết hạn"}
	}
	return ui.Status{Kind: ui.Info, Word: "Còn đăng nhập"}
}

// deviceName says what a browser calls itself, in words that its owner knows.
func deviceName(agent string) string {
	system, program := "", "Trình duyệt khác"
	for _, s := range []struct{ mark, name string }{{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS", "máy Mac"}, {"Linux", "Linux"}} {
		if strings.Contains(agent, s.mark) {
			system = s.name
			break
		}
	}
	for _, p := range []struct{ mark, name string }{{"Edg/", "Edge"}, {"coc_coc", "Cốc Cốc"}, {"OPR/", "Opera"}, {"Firefox", "Firefox"}, {"Chrome", "Chrome"}, {"Safari", "Safari"}} {
		if strings.Contains(agent, p.mark) {
			program = p.name
			break
		}
	}
	if system == "" {
		return program
	}
	return program + " trên " + system
}

func signOutElsewhere(q *web.Request) (web.Answer, error) {
	if err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) error {
		if q.Who.Owner() != nil {
			return authz.SignOutThrough(q.Context(), tx, q.Who, q.Session())
		}
		return authz.SignOutEverywhere(q.Context(), tx, q.Who.Account, q.Session())
	}); err != nil {
		return web.Answer{}, err
	}
	return web.See("/tai-khoan/thiet-bi").Say("Đã đăng xuất khỏi mọi thiết bị khác."), nil
}
