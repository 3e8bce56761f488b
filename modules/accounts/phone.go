package accounts

import (
	"context"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/mail"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// loginField asks for an address or a number. Its name is that of the address alone, from before there were numbers.
func loginField(hint string) ui.Field {
	return ui.Field{Name: "email", Label: "Thư điện tử hoặc số điện thoại", InputMode: "email", Autocomplete: "username", Hint: hint}
}

// showPhone asks for the number that the person wants to sign in with, and for the password.
func showPhone(q *web.Request) (web.Answer, error) {
	if err := q.Who.Owner(); err != nil {
		return web.Answer{}, err
	}
	number, err := phoneOf(q, q.Who.Account)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Số điện thoại đăng nhập", "Dùng số này thay thư điện tử khi đăng nhập; mật khẩu vẫn như cũ.")
	shell.Crumbs = []ui.Link{{Label: "Tài khoản của tôi", Href: "/tai-khoan"}}
	return q.Show(shell, phonePage(string(q.Who.Email), number != "", q.Fields(
		ui.Field{Name: "phone", Label: "Số di động của chính bạn", Type: "tel", InputMode: "tel", Autocomplete: "tel", Optional: true, Value: number.Home(), Hint: "Ví dụ 0912 345 678. Để trống rồi lưu là gỡ số khỏi tài khoản."},
		ui.Field{Name: "password", Label: "Mật khẩu hiện tại", Type: "password", Autocomplete: "current-password", Hint: "Nhập lại để xác nhận"},
	))), nil
}

// ownPhone returns the person's own number, "" in a session that an identity provider opened.
func ownPhone(q *web.Request) (authz.Phone, error) {
	if q.Who.Owner() != nil {
		return "", nil
	}
	return phoneOf(q, q.Who.Account)
}

func phoneOf(q *web.Request, id authz.AccountID) (number authz.Phone, err error) {
	err = q.App().DB.Platform(q.Context(), func(tx tenant.Platform) error {
		number, err = authz.PhoneOf(q.Context(), tx, id)
		return err
	})
	return number, err
}

func submitPhone(q *web.Request) (web.Answer, error) {
	ctx, db := q.Context(), q.App().DB
	change, err := authz.PreparePhone(ctx, db, q.Who, q.Value("phone"), q.Posted.Get("password"), q.Device())
	if err == nil {
		// In a transaction of its own: the try counts, whatever comes of it.
		err = db.Platform(ctx, func(tx tenant.Platform) error { return authz.CountPhoneTry(ctx, tx, q.Who) })
	}
	if err == nil {
		err = db.Platform(ctx, func(tx tenant.Platform) error {
			if err := authz.SetPhone(ctx, tx, change); err != nil {
				return err
			}
			return auditAccount(ctx, tx, authz.Account{ID: q.Who.Account, Name: q.Who.Name}, "account.phone", "Đổi số điện thoại đăng nhập")
		})
	}
	if authz.IsWrongTry(err) { // the password has been changed meanwhile
		err = fault.Say(fault.Conflict, "Mật khẩu vừa được đổi ở nơi khác. Hãy tải lại trang.")
	}
	if err != nil {
		return web.Answer{}, err
	}
	a, letter := q.App(), phoneLetter(q.App(), q.Who.Email, q.Who.Name, "vừa được đổi. Nếu không phải bạn đổi, hãy đổi mật khẩu ngay và báo cho quản trị của đơn vị.")
	return web.See("/tai-khoan").Say("Đã lưu số điện thoại đăng nhập.").Later(func(ctx context.Context) error { return send(ctx, a, letter) }), nil
}

func phoneLetter(a *web.App, to authz.Email, name, what string) mail.Message {
	return mail.Message{
		To: string(to), Name: name, Subject: "Số điện thoại đăng nhập vừa thay đổi",
		Lines: []string{"Kính gửi " + name + ",", "Số điện thoại đăng nhập của tài khoản " + string(to) + " " + what},
		Link:  mail.Link{Label: "Xem tài khoản", URL: a.Base.JoinPath("tai-khoan").String()},
	}
}

// clearPhone takes the number away from a member's account: somebody else may need it, or the person has lost it.
func clearPhone(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	m, err := member(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	switch {
	case m.TenantID != tx.Tenant():
		return web.Answer{}, fault.Say(fault.Conflict, "Vai trò này thuộc tỉnh trước sáp nhập; hãy xử lý bằng vai trò của tỉnh đó.")
	case !inForce(m, q.Now()):
		return web.Answer{}, fault.Say(fault.Conflict, "Vai trò này đã chấm dứt nên bạn không còn quản lý tài khoản của người này.")
	}
	ctx := q.Context()
	if err := q.App().DB.Platform(ctx, func(p tenant.Platform) error {
		was, err := authz.ClearPhone(ctx, p, m.AccountID)
		if err != nil {
			return err
		}
		return audit.WriteChangeAsPlatform(ctx, p, q.Who, m.TenantID, "member.phone", audit.Record{Subject: "membership", ID: m.ID, Org: m.OrgID}, "Gỡ số điện thoại đăng nhập của "+m.Name,
			audit.Of("Số điện thoại đăng nhập", was.Masked()), audit.Of("Số điện thoại đăng nhập", ""))
	}); err != nil {
		return web.Answer{}, err
	}
	a, letter := q.App(), phoneLetter(q.App(), m.Email, m.Name, "vừa được quản trị của đơn vị gỡ ra. Bạn vẫn đăng nhập được bằng thư điện tử.")
	return web.See(memberPath(m.ID)).Say("Đã gỡ số điện thoại đăng nhập của " + m.Name + ".").Later(func(ctx context.Context) error { return send(ctx, a, letter) }), nil
}

// ClearPhone is authz.ClearPhone on behalf of somebody above the tenants, noted in the platform's audit: an account may
// belong to several provinces, or to none.
func ClearPhone(ctx context.Context, tx tenant.Platform, who authz.Identity, of authz.Account) (authz.Phone, error) {
	number, err := authz.ClearPhone(ctx, tx, of.ID)
	if err != nil {
		return "", err
	}
	person := of.Name + " <" + string(of.Email) + ">"
	return number, audit.WriteChangeAsPlatform(ctx, tx, who, audit.Platform, "account.phone", audit.Record{Subject: "account", ID: int64(of.ID)},
		"Gỡ số điện thoại đăng nhập của "+person, audit.Of("Người", person, "Số điện thoại đăng nhập", number.Masked()), nil)
}
