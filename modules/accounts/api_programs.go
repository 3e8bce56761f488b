package accounts

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// programs registers the pages of what asks the API: an organization's machines and a person's own keys.
func programs(a *web.App) {
	a.Form("/ket-noi", authz.ClientManage, showClients, submitClient)
	a.Submit("/ket-noi/{id}/thu-hoi", authz.ClientManage, showClients, revokeClient)
	a.Menu("Đơn vị", "Kết nối phần mềm", "/ket-noi", "link", authz.ClientManage)

	a.PlatformForm("/tai-khoan/khoa-api", authz.AccountSelf, showKeys, submitKey)
	a.Self(http.MethodPost, "/tai-khoan/khoa-api/thu-hoi", revokeKey)
}

// programFields are the questions about a new machine or key; its scopes are asked beside them.
func programFields(q *web.Request, label, hint string) []ui.Field {
	days := make([]ui.Option, len(authz.Lifetimes))
	for i, d := range authz.Lifetimes {
		days[i] = ui.Option{Value: strconv.Itoa(d), Label: strconv.Itoa(d) + " ngày"}
	}
	return q.Fields(
		ui.Field{Name: "name", Label: label, Hint: hint, MaxLength: 120, Autocomplete: "off"},
		ui.Field{Name: "days", Label: "Thời hạn", Type: "select", Options: days, Value: "90"},
	)
}

// newProgram is what the form asks for.
func newProgram(q *web.Request) authz.NewProgram {
	days, _ := strconv.Atoi(q.Value("days")) // 0 is no lifetime
	return authz.NewProgram{Name: q.Value("name"), Scopes: q.Posted["scopes"], Days: days}
}

func programState(revoked *time.Time, ends, now time.Time) ui.Status {
	switch {
	case revoked != nil:
		return ui.Status{Kind: ui.Neutral, Word: "Đã thu hồi"}
	case !ends.After(now):
		return ui.Status{Kind: ui.Warning, Word: "Hết hạn"}
	}
	return ui.Status{Kind: ui.Success, Word: "Đang dùng"}
}

func lastUse(t *time.Time) string {
	if t == nil {
		return "Chưa dùng"
	}
	return vi.DateTime(*t)
}

func showClients(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	clients, err := authz.Clients(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	list := make([]program, len(clients))
	for i, c := range clients {
		list[i] = program{
			name: c.Name, mark: c.ClientID().String(), created: vi.DateTime(c.CreatedAt), ends: vi.Date(c.ExpiresAt),
			used: lastUse(c.LastUsedAt), scopes: c.Scopes, state: programState(c.RevokedAt, c.ExpiresAt, q.Now()),
		}
		if c.RevokedAt == nil {
			list[i].revoke = "/ket-noi/" + strconv.FormatInt(c.ID, 10) + "/thu-hoi"
		}
	}
	shell := q.Shell("Kết nối phần mềm", "Phần mềm quản lý (ERP) của đơn vị đọc, ghi dữ liệu qua API với quyền do đơn vị chọn.")
	return q.Show(shell, clientsPage(q, programFields(q, "Tên kết nối", "Ví dụ: ERP kho thành phẩm"), list)), nil
}

func submitClient(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	c, secret, err := authz.CreateClient(q.Context(), tx, q.Who, newProgram(q))
	if err != nil {
		return web.Answer{}, err
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "client.create", audit.Record{Subject: "client", ID: c.ID, Org: c.OrgID},
		"Tạo kết nối phần mềm “"+c.Name+"” với quyền "+strings.Join(c.Scopes, ", "), nil, programRecord(c.Name, c.Scopes, c.ExpiresAt, false)); err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Đã tạo kết nối", "")
	shell.Crumbs = []ui.Link{{Label: "Kết nối phần mềm", Href: "/ket-noi"}}
	return q.Show(shell, clientMadePage(c, secret)), nil
}

func revokeClient(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	c, err := authz.RevokeClient(q.Context(), tx, id)
	if err != nil {
		return web.Answer{}, err
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "client.revoke", audit.Record{Subject: "client", ID: c.ID, Org: c.OrgID},
		"Thu hồi kết nối phần mềm “"+c.Name+"”", programRecord(c.Name, c.Scopes, c.ExpiresAt, false), programRecord(c.Name, c.Scopes, c.ExpiresAt, true)); err != nil {
		return web.Answer{}, err
	}
	return web.See("/ket-noi").Say("Đã thu hồi kết nối “" + c.Name + "”."), nil
}

func showKeys(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	keys, err := authz.APIKeys(q.Context(), tx, q.Who)
	if err != nil {
		return web.Answer{}, err
	}
	list := make([]program, len(keys))
	for i, k := range keys {
		list[i] = program{
			name: k.Name, mark: k.Prefix + "…", created: vi.DateTime(k.CreatedAt), ends: vi.Date(k.ExpiresAt), used: lastUse(k.LastUsedAt),
			scopes: k.Scopes, state: programState(k.RevokedAt, k.ExpiresAt, q.Now()),
		}
		if k.RevokedAt == nil {
			list[i].revoke, list[i].number = "/tai-khoan/khoa-api/thu-hoi", strconv.FormatInt(k.ID, 10)
		}
	}
	shell := q.Shell("Khóa API của tôi", "Khóa để chương trình của riêng bạn đọc dữ liệu thay bạn, trong các quyền bạn chọn.")
	shell.Crumbs = []ui.Link{{Label: "Tài khoản của tôi", Href: "/tai-khoan"}}
	return q.Show(shell, keysPage(q, programFields(q, "Tên khóa", "Để nhớ khóa dùng ở đâu. Ví dụ: Báo cáo hằng tuần"), list)), nil
}

func submitKey(q *web.Request) (web.Answer, error) {
	var k authz.APIKey
	var secret string
	err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		if k, secret, err = authz.CreateAPIKey(q.Context(), tx, q.Who, newProgram(q)); err != nil {
			return err
		}
		return audit.WriteChangeAsPlatform(q.Context(), tx, q.Who, q.Who.Tenant, "key.create", audit.Record{Subject: "key", ID: k.ID, Org: k.OrgID},
			"Tạo khóa API cá nhân “"+k.Name+"” với quyền "+strings.Join(k.Scopes, ", "), nil, programRecord(k.Name, k.Scopes, k.ExpiresAt, false))
	})
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Đã tạo khóa API", "")
	shell.Crumbs = []ui.Link{{Label: "Tài khoản của tôi", Href: "/tai-khoan"}, {Label: "Khóa API của tôi", Href: "/tai-khoan/khoa-api"}}
	return q.Show(shell, keyMadePage(k, secret)), nil
}

func revokeKey(q *web.Request) (web.Answer, error) {
	if err := q.ParseForm(); err != nil {
		return web.Answer{}, fault.NotFound
	}
	id, err := strconv.ParseInt(q.PostForm.Get("khoa"), 10, 64)
	if err != nil {
		return web.Answer{}, fault.NotFound
	}
	var k authz.APIKey
	err = q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		if k, err = authz.RevokeAPIKey(q.Context(), tx, q.Who, id); err != nil {
			return err
		}
		return audit.WriteChangeAsPlatform(q.Context(), tx, q.Who, q.Who.Tenant, "key.revoke", audit.Record{Subject: "key", ID: k.ID, Org: k.OrgID},
			"Thu hồi khóa API cá nhân “"+k.Name+"”", programRecord(k.Name, k.Scopes, k.ExpiresAt, false), programRecord(k.Name, k.Scopes, k.ExpiresAt, true))
	})
	if err != nil {
		return web.Answer{}, err
	}
	return web.See("/tai-khoan/khoa-api").Say("Đã thu hồi khóa “" + k.Name + "”."), nil
}
