package accounts

import (
	"context"
	"errors"
	"net/http"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/mail"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// What one address may do within a minute.
const (
	resetRequests = 5
	accepts       = 20 // links to new passwords and invitations
)

// passwords registers the pages of new passwords.
func passwords(a *web.App) {
	requests, uses := web.NewLimit(resetRequests), web.NewLimit(accepts)
	a.OpenForm("/quen-mat-khau", "who forgot the password cannot sign in", showForgot, func(q *web.Request) (web.Answer, error) {
		if requests.Exceeded(q) {
			return web.Answer{}, fault.Say(fault.TooMany, "Yêu cầu quá nhiều lần. Hãy chờ một phút rồi thử lại.")
		}
		return requestReset(q)
	})
	a.OpenForm("/dat-lai/{token}", "the link of a letter is the proof", showReset, func(q *web.Request) (web.Answer, error) {
		if uses.Exceeded(q) {
			return web.Answer{}, fault.Say(fault.TooMany, "Gửi quá nhiều lần. Hãy chờ một phút rồi thử lại.")
		}
		return reset(q)
	})
	a.SelfForm("/tai-khoan/mat-khau", showChange, submitChange)
	a.SelfForm("/tai-khoan/so-dien-thoai", showPhone, submitPhone)
}

// send sends a letter, or says that there is nowhere to send it to.
func send(ctx context.Context, a *web.App, m mail.Message) error {
	if a.Mail == nil {
		return errors.New("a letter was not sent: the site has no outbox")
	}
	m.At = a.DB.Now()
	return a.Mail.Send(ctx, m)
}

// lettersPath is where a demonstration shows its letters; "" elsewhere.
func lettersPath(a *web.App) string {
	if a.Demo && a.Mail != nil && a.Mail.Folder() != "" {
		return "/dev/mail"
	}
	return ""
}

func showForgot(q *web.Request) (web.Answer, error) {
	login := q.Field(loginField("Tên dùng để đăng nhập"))
	return web.Page(forgotPage(login, q.Wrong.Of(""))), nil
}

// requestReset answers before it looks for the account, so that neither words nor time tell whether there is one.
func requestReset(q *web.Request) (web.Answer, error) {
	if q.Value("email") == "" {
		return web.Answer{}, fault.Invalid{{Name: "email", Message: "Chưa nhập thư điện tử hoặc số điện thoại."}}
	}
	login, err := authz.ParseLogin(q.Value("email"))
	if err != nil {
		return web.Answer{}, err
	}
	a := q.App()
	return web.Page(requestedPage(login.String(), lettersPath(a))).Later(func(ctx context.Context) error {
		token, who, ok, err := authz.RequestReset(ctx, a.DB, login.String())
		if err != nil || !ok {
			return err
		}
		return send(ctx, a, mail.Message{
			To: string(who.Email), Name: who.Name, Subject: "Đặt lại mật khẩu trên hệ thống truy xuất nguồn gốc",
			Lines: []string{"Kính gửi " + who.Name + ",", "Có yêu cầu đặt lại mật khẩu cho tài khoản " + string(who.Email) + ". Bấm vào đường dẫn dưới đây để đặt mật khẩu mới."},
			Link:  mail.Link{Label: "Đặt mật khẩu mới", URL: a.Base.JoinPath("dat-lai", string(token)).String()},
			After: []string{"Đường dẫn có hiệu lực 1 giờ và dùng được một lần.", "Nếu không phải bạn yêu cầu, hãy bỏ qua thư này; mật khẩu hiện tại không thay đổi."},
		})
	}), nil
}

func showReset(q *web.Request) (web.Answer, error) {
	err := authz.CheckReset(q.Context(), q.App().DB, authz.ResetToken(q.Path("token")))
	if errors.Is(err, fault.Conflict) {
		answer := web.Page(deadLinkPage("Đường dẫn không còn dùng được", fault.Message(err), ui.Link{Label: "Yêu cầu đường dẫn mới", Href: "/quen-mat-khau"}))
		answer.Status = http.StatusNotFound
		return answer, nil
	}
	if err != nil {
		return web.Answer{}, err
	}
	return secret(web.Page(resetPage(q.URL.Path, q.Field(newPasswordField("Mật khẩu mới")), q.Wrong.Of("")))), nil
}

// secret keeps the address of a page, which is a secret, from other sites.
func secret(a web.Answer) web.Answer { return a.With("Referrer-Policy", "same-origin") }

func newPasswordField(label string) ui.Field {
	return ui.Field{Name: "password", Label: label, Type: "password", Autocomplete: "new-password", Hint: "Ít nhất 10 ký tự; một câu ngắn dễ nhớ là tốt nhất"}
}

func reset(q *web.Request) (web.Answer, error) {
	ctx, db, token := q.Context(), q.App().DB, authz.ResetToken(q.Path("token"))
	prepared, err := authz.PrepareReset(ctx, db, token, q.Posted.Get("password"))
	if err == nil {
		err = db.Platform(ctx, func(tx tenant.Platform) error {
			account, err := authz.Reset(ctx, tx, token, prepared)
			if err != nil {
				return err
			}
			return auditAccount(ctx, tx, account, "account.reset", "Đặt lại mật khẩu bằng đường dẫn gửi qua thư")
		})
	}
	if errors.Is(err, fault.Conflict) {
		return showReset(q) // which says that the link is dead
	}
	if err != nil {
		return web.Answer{}, err
	}
	answer := web.Page(donePage("Đã đặt mật khẩu mới", "Mọi thiết bị đang đăng nhập bằng tài khoản này đã bị đăng xuất. Hãy đăng nhập bằng mật khẩu mới.", ui.Link{Label: "Đăng nhập", Href: "/dang-nhap"}))
	q.App().SetSession(answer.Header, "")
	return answer, nil
}

// auditAccount notes what happened to an account in every tenant and organization that it works in, and above them.
func auditAccount(ctx context.Context, tx tenant.Platform, account authz.Account, action, what string) error {
	roles, err := authz.Memberships(ctx, tx, account.ID)
	if err != nil {
		return err
	}
	type place struct {
		tenant tenant.ID
		org    tenant.OrgID
	}
	noted := map[place]bool{}
	above, err := authz.PlatformRole(ctx, tx, account.ID)
	if err != nil {
		return err
	}
	if above != "" {
		roles = append(roles, authz.Membership{TenantID: audit.Platform, Role: above})
	}
	for _, m := range roles {
		at := place{m.TenantID, m.OrgID}
		if noted[at] {
			continue
		}
		noted[at] = true
		who := authz.Identity{Account: account.ID, Name: account.Name, Role: m.Role}
		if err := audit.WriteAsPlatform(ctx, tx, who, m.TenantID, action, audit.Record{Subject: "account", ID: int64(account.ID), Org: m.OrgID}, what); err != nil {
			return err
		}
	}
	return nil
}

func showChange(q *web.Request) (web.Answer, error) {
	shell := q.Shell("Đổi mật khẩu", "Các thiết bị khác đang đăng nhập bằng tài khoản này sẽ bị đăng xuất.")
	shell.Crumbs = []ui.Link{{Label: "Tài khoản của tôi", Href: "/tai-khoan"}}
	return q.Show(shell, changePage(string(q.Who.Email), q.Fields(
		ui.Field{Name: "old_password", Label: "Mật khẩu hiện tại", Type: "password", Autocomplete: "current-password"},
		newPasswordField("Mật khẩu mới"),
	))), nil
}

func submitChange(q *web.Request) (web.Answer, error) {
	ctx, db := q.Context(), q.App().DB
	change, err := authz.PrepareChange(ctx, db, q.Who, q.Posted.Get("old_password"), q.Posted.Get("password"), q.Device())
	if err != nil {
		return web.Answer{}, err
	}
	if err := db.Platform(ctx, func(tx tenant.Platform) error {
		if err := authz.ChangePassword(ctx, tx, change, q.Session()); err != nil {
			return err
		}
		return auditAccount(ctx, tx, authz.Account{ID: q.Who.Account, Name: q.Who.Name}, "account.password", "Đổi mật khẩu")
	}); err != nil {
		return web.Answer{}, err
	}
	a, who := q.App(), q.Who
	return web.See("/tai-khoan").Say("Đã đổi mật khẩu. Các thiết bị khác đã bị đăng xuất.").Later(func(ctx context.Context) error {
		return send(ctx, a, mail.Message{
			To: string(who.Email), Name: who.Name, Subject: "Mật khẩu vừa được đổi",
			Lines: []string{"Kính gửi " + who.Name + ",", "Mật khẩu của tài khoản " + string(who.Email) + " vừa được đổi. Nếu không phải bạn đổi, hãy đặt lại mật khẩu ngay và báo cho quản trị của đơn vị."},
			Link:  mail.Link{Label: "Đặt lại mật khẩu", URL: a.Base.JoinPath("quen-mat-khau").String()},
		})
	}), nil
}
