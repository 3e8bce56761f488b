package accounts

import (
	"context"
	"fmt"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/mail"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// officersPath is the page where a tenant says what its officers need to sign in.
const officersPath = membersPath + "/hai-lop"

// factorAdmin registers what an administrator does about others' second factors.
func factorAdmin(a *web.App) {
	a.Form(officersPath, authz.TenantSettings, showOfficers, submitOfficers)
	a.Submit(membersPath+"/{id}/dat-lai-hai-lop", authz.MemberInvite, showMember, resetMember)
}

func showOfficers(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	on, err := authz.OfficersNeedFactor(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	var without []authz.Membership
	var total int
	if err := q.App().DB.Platform(q.Context(), func(p tenant.Platform) (err error) {
		without, total, err = authz.OfficersWithoutFactor(q.Context(), p, tx.Tenant())
		return err
	}); err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Xác thực hai lớp của cán bộ", "Quản trị Sở KH&CN luôn phải có; tỉnh, thành phố có thể yêu cầu với mọi cán bộ.")
	shell.Crumbs = []ui.Link{{Label: "Thành viên", Href: membersPath}}
	return q.Show(shell, officersPage(on, without, total)), nil
}

func submitOfficers(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	on := q.Value("bat-buoc") == "1"
	was, err := authz.OfficersNeedFactor(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	said := "Đã bỏ yêu cầu xác thực hai lớp với mọi cán bộ."
	what := "Bỏ yêu cầu xác thực hai lớp với mọi cán bộ"
	if on {
		said = "Từ bây giờ mọi cán bộ phải xác thực hai lớp. Phiên đang mở của người chưa có sẽ được đưa đến trang thiết lập."
		what = "Yêu cầu xác thực hai lớp với mọi cán bộ"
	}
	if on == was {
		return web.See(officersPath).Say(said), nil
	}
	if err := authz.NeedOfficersFactor(q.Context(), tx, on); err != nil {
		return web.Answer{}, err
	}
	words := map[bool]string{true: "Bắt buộc", false: "Không bắt buộc"}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "tenant.factor", audit.Record{Subject: "tenant", ID: int64(tx.Tenant())}, what,
		audit.Of("Xác thực hai lớp của cán bộ", words[was]), audit.Of("Xác thực hai lớp của cán bộ", words[on])); err != nil {
		return web.Answer{}, err
	}
	return web.See(officersPath).Say(said), nil
}

// memberFactors returns how many second factors a member has.
func memberFactors(q *web.Request, m authz.Membership) (n int, err error) {
	err = q.App().DB.Platform(q.Context(), func(tx tenant.Platform) error {
		list, err := authz.FactorsOf(q.Context(), tx, m.AccountID)
		n = len(list)
		return err
	})
	return n, err
}

// resetMember takes a member's second factors away, who has lost the device and the recovery codes.
func resetMember(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	m, err := member(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	if err := mayDecide(q, tx, m, "Phương thức của chính mình được gỡ ở trang Bảo mật."); err != nil {
		return web.Answer{}, err
	}
	reason, err := reasonOf(q, "reset_reason", "Nêu lý do đặt lại")
	if err != nil {
		return web.Answer{}, err
	}
	ctx, a := q.Context(), q.App()
	if err := a.DB.Platform(ctx, func(p tenant.Platform) error {
		may, err := authz.MayResetFactors(ctx, p, m.AccountID, m.TenantID, m.OrgID)
		if err != nil {
			return err
		}
		if !may {
			return fault.Say(fault.Conflict, "Xác thực hai lớp của tài khoản này chỉ đơn vị vận hành hệ thống đặt lại được.")
		}
		n, err := authz.ResetFactors(ctx, p, m.AccountID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Say(fault.Conflict, "Người này chưa bật xác thực hai lớp.")
		}
		return audit.WriteAsPlatform(ctx, p, q.Who, m.TenantID, "member.factor", audit.Record{Subject: "membership", ID: m.ID, Org: m.OrgID},
			"Đặt lại xác thực hai lớp của "+m.Name+": "+reason)
	}); err != nil {
		return web.Answer{}, err
	}
	return web.See(memberPath(m.ID)).Say("Đã đặt lại xác thực hai lớp. Mọi phiên của người này đã bị đăng xuất.").Later(func(ctx context.Context) error {
		return send(ctx, a, resetLetter(a, m.Email, m.Name, q.Who.Name))
	}), nil
}

func resetLetter(a *web.App, email authz.Email, name, by string) mail.Message {
	return factorLetter(a, email, name, "Xác thực hai lớp đã được đặt lại",
		fmt.Sprintf("%s đã đặt lại xác thực hai lớp của tài khoản %s: mọi phương thức và mã dự phòng đã bị gỡ, mọi phiên đã bị đăng xuất. Hãy đăng nhập bằng mật khẩu và thiết lập lại.", by, email))
}

// ResetFactors takes all second factors of the account of an address away, on behalf of the operator at the machine. It
// tells the person by a letter, and every tenant that they work in by its audit. fault.NotFound without such an account.
func ResetFactors(ctx context.Context, a *web.App, email string) (removed int64, err error) {
	address, err := authz.ParseEmail(email)
	if err != nil {
		return 0, err
	}
	var account authz.Account
	if err := a.DB.Platform(ctx, func(tx tenant.Platform) error {
		if account, err = authz.AccountByEmail(ctx, tx, address); err != nil {
			return err
		}
		if removed, err = authz.ResetFactors(ctx, tx, account.ID); err != nil {
			return err
		}
		return auditAccount(ctx, tx, authz.Account{ID: account.ID, Name: "Đơn vị vận hành"}, "member.factor", "Đơn vị vận hành đặt lại xác thực hai lớp của "+account.Name)
	}); err != nil {
		return 0, err
	}
	return removed, send(ctx, a, resetLetter(a, account.Email, account.Name, "Đơn vị vận hành hệ thống"))
}
