package accounts

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/mail"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// impersonation registers the pages on which the operator works in another's place.
func impersonation(a *web.App) {
	a.Platform("/tinh/{slug}/thanh-vien", authz.PlatformImpersonate, listReplaceable)
	a.PlatformForm("/tinh/{slug}/thanh-vien/{id}", authz.PlatformImpersonate, showReplaceable, impersonate)
	a.Self(http.MethodPost, web.EndInPlace, stopImpersonating)
}

func replaceablePath(t tenant.Tenant, id int64) string {
	return "/tinh/" + t.Slug + membersPath + "/" + strconv.FormatInt(id, 10)
}

// heldIn says in what a role is held, as far as the operator may know it.
func heldIn(m authz.Membership) string {
	if m.OrgID > 0 {
		return "Một chủ thể của tỉnh"
	}
	return placeOfWork(m.Department, m.DepartmentName, m.Unit)
}

func listReplaceable(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	all, err := authz.MembersOf(q.Context(), tx, t.ID)
	if err != nil {
		return web.Answer{}, err
	}
	roles := []ui.Option{{Value: "", Label: "Tất cả"}}
	for _, r := range authz.Roles {
		if !r.Role.AboveTenants() {
			roles = append(roles, ui.Option{Value: string(r.Role), Label: r.Name})
		}
	}
	return web.Listing[authz.Membership]{
		Title: "Thành viên của " + t.Name, Purpose: "Chọn người để làm việc thay khi họ cần hỗ trợ: có lý do, tối đa 30 phút, quản trị của tỉnh được báo ngay.",
		File: "thanh-vien-" + t.Slug, Order: "name", Crumbs: []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}, {Label: t.Name, Href: "/tinh/" + t.Slug}},
		Columns: []web.Column[authz.Membership]{
			{Key: "name", Label: "Họ tên", Value: func(m authz.Membership) any { return m.Name }, Cell: func(m authz.Membership) templ.Component {
				return ui.AnchorTwo(replaceablePath(t, m.ID), m.Name, string(m.Email))
			}},
			{Key: "role", Label: "Vai trò", Value: func(m authz.Membership) any { return m.Title() }},
			{Label: "Phạm vi", Value: func(m authz.Membership) any { return heldIn(m) }},
			{Key: "since", Label: "Từ ngày", HidePhone: true, Value: func(m authz.Membership) any { return vi.Date(m.ValidFrom) }},
		},
		Filters: []ui.Field{
			{Name: ui.QuerySearch, Label: "Họ tên hoặc thư điện tử", Type: "search"},
			{Name: "role", Label: "Vai trò", Type: "select", Options: roles},
		},
		Empty: ui.Empty{Icon: "users", Why: "Không có thành viên nào.", Next: "Tỉnh có thành viên sau khi được đưa vào vận hành; xóa bộ lọc để xem tất cả."},
	}.AnswerWith(q, func(l web.Query) ([]authz.Membership, int, error) {
		found := slices.DeleteFunc(all, func(m authz.Membership) bool { return l.Get("role") != "" && string(m.Role) != l.Get("role") })
		rows, total := web.InMemory(found, l, func(m authz.Membership) string { return m.Name + " " + string(m.Email) }, map[string]func(a, b authz.Membership) int{
			"name":  func(a, b authz.Membership) int { return vi.ByGivenName(a.Name, b.Name) },
			"role":  func(a, b authz.Membership) int { return vi.Compare(a.Role.Name(), b.Role.Name()) },
			"since": func(a, b authz.Membership) int { return cmp.Compare(a.ValidFrom.Unix(), b.ValidFrom.Unix()) },
		})
		return rows, total, nil
	})
}

// replaceable returns the tenant and the member that a page is about.
func replaceable(q *web.Request, tx tenant.Platform) (t tenant.Tenant, m authz.Membership, err error) {
	if t, err = q.App().DB.TenantBySlug(q.Context(), q.Path("slug")); err != nil {
		return t, m, err
	}
	id, err := q.Number("id")
	if err != nil {
		return t, m, err
	}
	m, err = authz.MemberOf(q.Context(), tx, t.ID, id)
	return t, m, err
}

func showReplaceable(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	t, m, err := replaceable(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Làm việc thay "+m.Name, "Bạn sẽ thấy và làm được gần như mọi việc của người này, dưới tên của cả hai.")
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}, {Label: t.Name, Href: "/tinh/" + t.Slug}, {Label: "Thành viên", Href: "/tinh/" + t.Slug + membersPath}}
	reason := q.Field(ui.Field{Name: "reason", Label: "Lý do làm việc thay", Type: "textarea", Rows: 3, MaxLength: 500, Hint: "Từ 10 đến 500 ký tự. Ví dụ: Hỗ trợ nhập kế hoạch theo đề nghị ngày 20/11/2026"})
	return q.Show(shell, replaceablePage(t, m, reason)), nil
}

func impersonate(q *web.Request) (web.Answer, error) {
	ctx, a := q.Context(), q.App()
	var token authz.Token
	var instead authz.Identity
	var t tenant.Tenant
	var admins []authz.Membership
	err := a.DB.Platform(ctx, func(tx tenant.Platform) error {
		var m authz.Membership
		var err error
		if t, m, err = replaceable(q, tx); err != nil {
			return err
		}
		if token, instead, err = authz.Impersonate(ctx, tx, q.Who, q.Session(), t.ID, m.ID, q.Posted.Get("reason"), q.Device()); err != nil {
			return err
		}
		what := "Bắt đầu làm việc thay, đến " + vi.DateTime(instead.Acting.Until) + ". Lý do: " + instead.Acting.Reason
		if err := auditImpersonation(ctx, tx, instead, t.Name, "impersonation.start", what); err != nil {
			return err
		}
		all, err := authz.MembersOf(ctx, tx, t.ID)
		admins = slices.DeleteFunc(all, func(m authz.Membership) bool { return m.Role != authz.DOSTAdmin })
		return err
	})
	if err != nil {
		return web.Answer{}, err
	}
	answer := web.See("/").Later(func(ctx context.Context) error {
		var failed error
		for _, m := range admins {
			failed = errors.Join(failed, send(ctx, a, impersonationLetter(a, m, instead, t)))
		}
		return failed
	})
	a.SetSession(answer.Header, token)
	return answer, nil
}

// impersonationLetter tells an administrator of the tenant.
func impersonationLetter(a *web.App, to authz.Membership, instead authz.Identity, t tenant.Tenant) mail.Message {
	return mail.Message{
		To: string(to.Email), Name: to.Name, Subject: "Vận hành hệ thống đang làm việc thay " + instead.Name,
		Lines: []string{
			"Kính gửi " + to.Name + ",",
			instead.Acting.Name + " (vận hành hệ thống) bắt đầu làm việc thay " + instead.Name + " (" + instead.Role.Name() + ", " + t.Name + ") đến " + vi.DateTime(instead.Acting.Until) + ".",
			"Lý do: " + instead.Acting.Reason,
			"Mọi việc làm thay được ghi vào nhật ký của tỉnh dưới tên của cả hai người.",
		},
		Link: mail.Link{Label: "Xem nhật ký", URL: a.Base.JoinPath("nhat-ky").String() + "?thay=co"},
	}
}

// auditImpersonation notes the beginning or the end of work in another's place: in the audit of the tenant, and in the
// platform's.
func auditImpersonation(ctx context.Context, tx tenant.Platform, instead authz.Identity, place, action, what string) error {
	if err := audit.WriteAsPlatform(ctx, tx, instead, instead.Tenant, action, subject(instead), what); err != nil {
		return err
	}
	return audit.WriteAsPlatform(ctx, tx, instead, audit.Platform, action, audit.Record{Subject: "account", ID: int64(instead.Account)}, place+": "+what)
}

// stopImpersonating ends the work in another's place and goes back to the operator's own session, when that still is.
func stopImpersonating(q *web.Request) (web.Answer, error) {
	if !q.Who.Impersonated() {
		return web.Answer{}, fault.Say(fault.Conflict, "Bạn không làm việc thay ai.")
	}
	ctx := q.Context()
	var back authz.Token
	if err := q.App().DB.Platform(ctx, func(tx tenant.Platform) (err error) {
		if back, err = authz.StopImpersonating(ctx, tx, q.Session()); err != nil {
			return err
		}
		return auditImpersonation(ctx, tx, q.Who, q.Tenant.Name, "impersonation.end", "Thôi làm việc thay")
	}); err != nil {
		return web.Answer{}, err
	}
	answer := web.See("/dang-nhap")
	if back != "" {
		answer = web.See("/tinh/" + q.Tenant.Slug).Say("Đã thôi làm việc thay " + q.Who.Name + ".")
	}
	q.App().SetSession(answer.Header, back)
	return answer, nil
}

// closeImpersonations notes the end of work in another's place that nobody has ended by hand.
func closeImpersonations(ctx context.Context, db *tenant.DB) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		over, err := authz.CloseImpersonations(ctx, tx)
		if err != nil {
			return err
		}
		for _, o := range over {
			t, err := db.Tenant(ctx, o.Who.Tenant)
			if err != nil {
				return err
			}
			if err := auditImpersonation(ctx, tx, o.Who, t.Name, "impersonation.end", "Hết làm việc thay lúc "+vi.DateTime(o.At)+": hết thời hạn hoặc phiên đã kết thúc"); err != nil {
				return err
			}
		}
		return nil
	})
}
