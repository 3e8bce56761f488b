package accounts

import (
	"errors"
	"net/http"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// acceptance registers the page that an invitation's link leads to.
func acceptance(a *web.App) {
	limit := web.NewLimit(accepts)
	a.OpenForm("/loi-moi/{tenant}/{token}", "the link of a letter is the proof", showInvitation, func(q *web.Request) (web.Answer, error) {
		if limit.Exceeded(q) {
			return web.Answer{}, fault.Say(fault.TooMany, "Gửi quá nhiều lần. Hãy chờ một phút rồi thử lại.")
		}
		return accept(q)
	})
}

// invitedTo returns the tenant of an invitation's link. fault.NotFound when it runs nothing now.
func invitedTo(q *web.Request) (tenant.Tenant, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("tenant"))
	if err == nil && (t.State == tenant.Suspended || t.State == tenant.Archived) {
		err = fault.NotFound
	}
	return t, err
}

func showInvitation(q *web.Request) (web.Answer, error) {
	t, err := invitedTo(q)
	var i authz.Invitation
	hasAccount := false
	if err == nil {
		err = q.App().DB.Platform(q.Context(), func(tx tenant.Platform) error {
			i, hasAccount, err = authz.InvitationByLink(q.Context(), tx, t.ID, authz.InvitationToken(q.Path("token")))
			return err
		})
	}
	if errors.Is(err, fault.NotFound) {
		answer := web.Page(deadLinkPage("Lời mời không còn dùng được", "Lời mời này đã được nhận, đã bị thu hồi, đã quá 7 ngày hoặc đường dẫn chưa đúng. Hãy nhờ người mời gửi lại.", ui.Link{Label: "Đăng nhập", Href: "/dang-nhap"}))
		answer.Status = http.StatusNotFound
		return answer, nil
	}
	if err != nil {
		return web.Answer{}, err
	}
	var fields []ui.Field
	if hasAccount {
		fields = q.Fields(ui.Field{Name: "password", Label: "Mật khẩu của tài khoản " + string(i.Email), Type: "password", Autocomplete: "current-password"})
	} else {
		name := ui.Field{Name: "name", Label: "Họ tên", MaxLength: 120, Autocomplete: "name", Value: i.Name}
		if q.Posted != nil {
			name = q.Field(name)
		}
		fields = []ui.Field{name, q.Field(newPasswordField("Đặt mật khẩu"))}
	}
	return secret(web.Page(invitationPage(t.Name, i, hasAccount, q.URL.Path, fields, q.Wrong.Of("")))), nil
}

func accept(q *web.Request) (web.Answer, error) {
	ctx, db := q.Context(), q.App().DB
	t, err := invitedTo(q)
	var prepared authz.Acceptance
	if err == nil {
		prepared, err = authz.PrepareAcceptance(ctx, db, t.ID, authz.InvitationToken(q.Path("token")), q.Value("name"), q.Posted.Get("password"), q.Device())
	}
	var m authz.Membership
	if err == nil {
		err = db.Platform(ctx, func(tx tenant.Platform) error {
			if m, err = authz.AcceptInvitation(ctx, tx, prepared); err != nil {
				return err
			}
			who := authz.Identity{Account: m.AccountID, Name: m.Name, Role: m.Role, RoleName: m.RoleName}
			what := m.Name + " nhận lời mời, vai trò " + m.Title()
			return audit.WriteChangeAsPlatform(ctx, tx, who, m.TenantID, "member.accept", audit.Record{Subject: "membership", ID: m.ID, Org: m.OrgID}, what,
				nil, memberFields(m, db.Now()))
		})
	}
	if errors.Is(err, fault.NotFound) {
		return showInvitation(q) // which says that the link is dead
	}
	if err != nil {
		return web.Answer{}, err
	}
	// Signing in goes the one way it always goes; whatever it asks for besides the password is asked there.
	token, _, err := authz.SignIn(ctx, db, string(m.Email), q.Posted.Get("password"), q.Device())
	if err == nil {
		token, err = authz.Switch(ctx, db, token, m.ID, q.Device())
	}
	if err == nil {
		who := authz.Identity{Account: m.AccountID, Name: m.Name, Email: m.Email, Role: m.Role, RoleName: m.RoleName, Tenant: m.TenantID, Org: m.OrgID, Membership: m.ID}
		err = noted(q, who, "account.signin", "Đăng nhập khi nhận lời mời")
	}
	if err != nil {
		return web.See("/dang-nhap"), nil
	}
	answer := web.See("/").Say("Đã nhận vai trò " + m.Title() + " tại " + t.Name + ".")
	q.App().SetSession(answer.Header, token)
	return answer, nil
}
