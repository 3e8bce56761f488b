package accounts

import (
	"errors"
	"strconv"
	"strings"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

const ssoAdminPath = "/cau-hinh/sso"

// checks are how often one address may have a provider asked within a minute.
const checks = 10

func providerPath(id int64) string { return ssoAdminPath + "/" + strconv.FormatInt(id, 10) }

// ssoAdmin registers the pages on which a tenant's administrator configures its identity providers.
func ssoAdmin(a *web.App) {
	limit := web.NewLimit(checks)
	a.Get(ssoAdminPath, authz.SSOManage, listProviders)
	a.Form(ssoAdminPath+"/moi", authz.SSOManage, showNewProvider, addProvider)
	a.Form(ssoAdminPath+"/{id}", authz.SSOManage, showProvider, changeProvider)
	a.Submit(ssoAdminPath+"/{id}/trang-thai", authz.SSOManage, showProvider, openProvider)
	// Asking the provider takes its time, so that no transaction of the tenant waits for it.
	a.PlatformForm(ssoAdminPath+"/{id}/kiem-tra", authz.SSOManage, showCheck, func(q *web.Request) (web.Answer, error) {
		if limit.Exceeded(q) {
			return web.Answer{}, fault.Say(fault.TooMany, "Kiểm tra quá nhiều lần. Hãy chờ một phút rồi thử lại.")
		}
		return checkProvider(q)
	})
	a.Menu("Quản trị", "Đăng nhập một lần (SSO)", ssoAdminPath, "login", authz.SSOManage)
}

func providerStatus(p authz.Provider) ui.Status {
	switch {
	case p.EnabledAt != nil:
		return ui.Status{Kind: ui.Success, Word: "Đang bật"}
	case !p.Ready():
		return ui.Status{Kind: ui.Warning, Word: "Chưa cấu hình xong"}
	}
	return ui.Status{Kind: ui.Neutral, Word: "Đang tắt"}
}

func listProviders(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	list, err := authz.Providers(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Đăng nhập một lần (SSO)", "Cán bộ đăng nhập bằng tài khoản sẵn có của tỉnh hoặc VNeID, theo chuẩn OpenID Connect.")
	shell.Primary = ui.Link{Label: "Thêm hệ thống đăng nhập", Href: ssoAdminPath + "/moi", Icon: "plus"}
	return q.Show(shell, providersPage(list)), nil
}

func providerShell(q *web.Request, title, purpose string) ui.Shell {
	shell := q.Shell(title, purpose)
	shell.Crumbs = []ui.Link{{Label: "Đăng nhập một lần (SSO)", Href: ssoAdminPath}}
	return shell
}

func showNewProvider(q *web.Request, _ tenant.Tx) (web.Answer, error) {
	shell := providerShell(q, "Thêm hệ thống đăng nhập", "Lưu xong, trang sau cho địa chỉ trở về để khai ở hệ thống đăng nhập, rồi nhập mã ứng dụng được cấp.")
	return q.Show(shell, newProviderPage(q.Fields(
		ui.Field{Name: "name", Label: "Tên hiện trên nút đăng nhập", MaxLength: 60, Autocomplete: "off", Hint: "Ví dụ: tài khoản công vụ tỉnh Nghệ An, VNeID"},
		ui.Field{Name: "issuer", Label: "Địa chỉ hệ thống đăng nhập (issuer)", MaxLength: 500, Type: "url", Autocomplete: "off", Hint: "Nơi có /.well-known/openid-configuration. Không đổi được về sau; đổi hệ thống thì thêm mới"},
	))), nil
}

func addProvider(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	p, err := q.App().SSO.AddProvider(q.Context(), tx, q.Who, q.Value("name"), q.Value("issuer"))
	if err != nil {
		return web.Answer{}, err
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "sso.create", audit.Record{Subject: "sso", ID: p.ID}, "Thêm hệ thống đăng nhập “"+p.Name+"”, "+p.Issuer,
		nil, shown(p)); err != nil {
		return web.Answer{}, err
	}
	return web.See(providerPath(p.ID)).Say("Đã thêm. Khai địa chỉ trở về ở hệ thống đăng nhập rồi nhập mã ứng dụng."), nil
}

func loadProvider(q *web.Request, tx tenant.Tx) (authz.Provider, error) {
	id, err := q.Number("id")
	if err != nil {
		return authz.Provider{}, err
	}
	return authz.ProviderOf(q.Context(), tx, id)
}

func showProvider(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	p, err := loadProvider(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	history, err := audit.History(q.Context(), tx, p.TenantID, "sso", p.ID)
	if err != nil {
		return web.Answer{}, err
	}
	fields := []ui.Field{
		{Name: "name", Label: "Tên hiện trên nút đăng nhập", MaxLength: 60, Autocomplete: "off", Value: p.Name},
		{Name: "client_id", Label: "Mã ứng dụng (client_id)", MaxLength: 200, Autocomplete: "off", Value: p.ClientID},
		{Name: "client_secret", Label: "Khóa bí mật (client_secret)", Type: "password", Autocomplete: "new-password", Hint: "Lưu ở dạng mã hóa và không hiện lại."},
		{Name: "scopes", Label: "Phạm vi xin thêm (scope)", MaxLength: 500, Autocomplete: "off", Value: strings.Join(p.Scopes[1:], " "), Optional: true, Hint: "openid luôn được xin. Cần email để liên kết lần đầu"},
	}
	if p.HasSecret {
		fields[2].Optional, fields[2].Hint = true, "Đã có khóa, lưu ở dạng mã hóa và không hiện lại. Để trống: giữ khóa ấy."
	}
	if q.Posted.Has("client_id") {
		fields = q.Fields(fields...)
	}
	shell := providerShell(q, p.Name, "Hệ thống đăng nhập OpenID Connect của tỉnh.")
	return q.Show(shell, providerPage(p, callback(q.App(), q.Tenant, p.ID), fields, audit.Lines(history))), nil
}

func changeProvider(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	before, err := loadProvider(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	change := authz.ProviderChange{Name: q.Value("name"), ClientID: q.Value("client_id"), Secret: q.Posted.Get("client_secret"), Scopes: q.Value("scopes")}
	p, err := q.App().SSO.ChangeProvider(q.Context(), tx, q.Who, before.ID, change)
	if err != nil {
		return web.Answer{}, err
	}
	what := "Sửa hệ thống đăng nhập “" + p.Name + "”"
	if strings.TrimSpace(change.Secret) != "" {
		what += ", thay khóa bí mật"
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "sso.update", audit.Record{Subject: "sso", ID: p.ID}, what, shown(before), shown(p)); err != nil {
		return web.Answer{}, err
	}
	return web.See(providerPath(p.ID)).Say("Đã lưu."), nil
}

// shown is what the audit keeps of a provider's configuration.
func shown(p authz.Provider) audit.Fields {
	secret, state := "Chưa có", "Đang tắt"
	if p.HasSecret {
		secret = "Đã có"
	}
	if p.EnabledAt != nil {
		state = "Đang bật"
	}
	return audit.Of("Tên", p.Name, "Địa chỉ", p.Issuer, "Mã ứng dụng", p.ClientID, "Phạm vi", strings.Join(p.Scopes, " "), "Khóa bí mật", secret, "Trạng thái", state)
}

func openProvider(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	p, err := loadProvider(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	open := q.Value("bat") == "1"
	if !open && q.Value("bat") != "0" {
		return web.Answer{}, fault.Invalid{{Name: "", Message: "Chọn bật hoặc tắt."}}
	}
	before := shown(p)
	if p, err = authz.OpenProvider(q.Context(), tx, q.Who, p.ID, open); err != nil {
		return web.Answer{}, err
	}
	action, what, said := "sso.open", "Bật", "Đã bật. Nút đăng nhập hiện ở trang đăng nhập của tỉnh."
	if !open {
		action, what, said = "sso.shut", "Tắt", "Đã tắt. Phiên làm việc mở bằng hệ thống này bị từ chối ngay."
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, action, audit.Record{Subject: "sso", ID: p.ID}, what+" hệ thống đăng nhập “"+p.Name+"”",
		before, shown(p)); err != nil {
		return web.Answer{}, err
	}
	return web.See(providerPath(p.ID)).Say(said), nil
}

// ownProvider returns the provider of the path in the person's tenant.
func ownProvider(q *web.Request, tx tenant.Platform) (authz.Provider, error) {
	id, err := q.Number("id")
	if err != nil {
		return authz.Provider{}, err
	}
	return authz.ProviderAt(q.Context(), tx, authz.ProviderRef{Tenant: q.Who.Tenant, ID: id})
}

func showCheck(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	p, err := ownProvider(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	return answerCheck(q, p, nil), nil
}

func checkProvider(q *web.Request) (web.Answer, error) {
	var p authz.Provider
	if err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		p, err = ownProvider(q, tx)
		return err
	}); err != nil {
		return web.Answer{}, err
	}
	found, err := q.App().SSO.Check(q.Context(), p.Issuer)
	var wrong fault.Invalid
	if errors.As(err, &wrong) {
		q.App().Log.Warn("identity provider", "request", q.ID, "tenant", p.TenantID, "provider", p.ID, "error", err)
	}
	if err != nil {
		return web.Answer{}, err
	}
	return answerCheck(q, p, &found), nil
}

func answerCheck(q *web.Request, p authz.Provider, found *authz.Found) web.Answer {
	shell := providerShell(q, "Kiểm tra kết nối", "Hỏi "+p.Issuer+" cấu hình và khóa ký, như khi có người đăng nhập.")
	shell.Crumbs = append(shell.Crumbs, ui.Link{Label: p.Name, Href: providerPath(p.ID)})
	return q.Show(shell, checkPage(p, found, q.Wrong.Of("issuer")))
}

// foundFacts are what a check has found, as its page shows it.
func foundFacts(f authz.Found) []ui.Pair {
	pkce := "không nói rõ; hệ thống vẫn dùng PKCE"
	if f.PKCE {
		pkce = "có (S256)"
	}
	facts := []ui.Pair{
		{Label: "Trang đăng nhập", Value: copyable(f.Authorization)},
		{Label: "Nơi đổi mã", Value: copyable(f.Token)},
		{Label: "Thông tin người dùng", Value: nil},
		{Label: "Khóa ký", Value: ui.Text(vi.Int(int64(f.Keys)))},
		{Label: "PKCE", Value: ui.Text(pkce)},
	}
	if f.UserInfo != "" {
		facts[2].Value = copyable(f.UserInfo)
	}
	return facts
}
