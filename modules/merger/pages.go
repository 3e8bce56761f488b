package merger

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// roleField begins the names of the fields of the officers' roles; the number of the role in the origin follows.
const roleField = "role-"

// review is the page on which a merger is decided.
type review struct {
	origin   tenant.Tenant
	expected string // province that the atlas says it went to
	fields   []ui.Field
	officers []reviewed
}

type reviewed struct {
	Officer
	area  string // commune or department, in words
	field ui.Field
}

func showMerge(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	origin, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Sáp nhập "+origin.Name, "Tỉnh kế thừa đọc và xử lý tiếp hồ sơ; không dữ liệu nào bị chuyển, tên miền, mã QR và đăng nhập cũ vẫn dùng được.")
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}, {Label: origin.Name, Href: "/tinh/" + origin.Slug}}
	if origin.State != tenant.Active {
		return q.Show(shell, cannotMerge(origin)), nil
	}
	others, err := othersThan(q, origin)
	if err != nil {
		return web.Answer{}, err
	}
	v := review{origin: origin, expected: origin.Expected()}
	chosen := ""
	for _, t := range others {
		if t.Name == v.expected {
			chosen = t.Slug
		}
	}
	v.fields = q.Fields(
		ui.Field{Name: "into", Label: "Sáp nhập vào", Type: "select", Options: choices(others), Value: chosen},
		ui.Field{Name: "effective", Label: "Ngày hiệu lực", Type: "date", Value: effectiveOf(origin), InputMode: "numeric", MaxLength: 10},
		ui.Field{Name: "basis", Label: "Căn cứ", Hint: "Số nghị quyết, ví dụ Nghị quyết 202/2025/QH15", MaxLength: 200},
	)
	officers, err := Propose(q.Context(), tx, origin.ID)
	if err != nil {
		return web.Answer{}, err
	}
	for _, o := range officers {
		v.officers = append(v.officers, reviewed{o, areaOf(o, q.Now()), q.Field(ui.Field{
			Name: roleField + strconv.FormatInt(o.ID, 10), Label: "Vai trò tại tỉnh kế thừa của " + o.Name, Type: "select",
			Options: rolesFor(o), Value: string(o.Proposed),
		})})
	}
	return q.Show(shell, reviewPage(v, q.Wrong.Of("roles"))), nil
}

// othersThan returns the active provinces that a province, or communes of it, may go to.
func othersThan(q *web.Request, origin tenant.Tenant) ([]tenant.Tenant, error) {
	all, err := q.App().DB.Tenants(q.Context())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(all), func(t tenant.Tenant) bool { return t.State != tenant.Active || t.ID == origin.ID }), nil
}

// choices are provinces as a form offers them.
func choices(list []tenant.Tenant) []ui.Option {
	options := []ui.Option{{Label: "Chọn tỉnh, thành phố"}}
	for _, t := range list {
		options = append(options, ui.Option{Value: t.Slug, Label: t.Name + " (" + t.Slug + ")"})
	}
	return options
}

// effectiveOf proposes the day after the last of a province that has ended.
func effectiveOf(t tenant.Tenant) string {
	ref, err := unit.ParseRef(t.Unit)
	if err != nil {
		return ""
	}
	if u, ok := unit.ByRef(ref); ok && !u.To.IsZero() {
		return vi.Date(u.To)
	}
	return ""
}

func areaOf(o Officer, now time.Time) string {
	if o.Department != "" {
		return authz.DepartmentName(o.Department, "")
	}
	name := func(ref string) string {
		r, err := unit.ParseRef(ref)
		if err != nil {
			return ""
		}
		if u, ok := unit.ByRef(r); ok {
			return u.On(now).FullName
		}
		return ""
	}
	before, after := name(o.Membership.Unit), name(o.Unit)
	if after != "" && after != before {
		return before + ", nay là " + after
	}
	return before
}

// rolesFor are the roles that an officer may get in the successor.
func rolesFor(o Officer) []ui.Option {
	options := []ui.Option{{Label: "Không chuyển"}}
	for _, r := range authz.DOSTAdmin.MayInvite() {
		if r == authz.UnitOfficer && o.Unit == "" || r == authz.DepartmentOfficer && o.Department == "" {
			continue
		}
		options = append(options, ui.Option{Value: string(r), Label: r.Name()})
	}
	return options
}

func submitMerge(q *web.Request) (web.Answer, error) {
	o, err := typed(q)
	if err != nil {
		return web.Answer{}, err
	}
	m, err := Merge(q.Context(), q.App().DB, q.Who, o)
	if err != nil {
		return web.Answer{}, err
	}
	into, err := q.App().DB.Tenant(q.Context(), m.Successor)
	if err != nil {
		return web.Answer{}, err
	}
	return web.See("/tinh/" + q.Path("slug")).Say("Đã ghi nhận sáp nhập vào " + into.Name + ", hiệu lực " + vi.Date(m.Effective) + "."), nil
}

// typed reads the form. Errors: fault.Invalid for into, effective and roles.
func typed(q *web.Request) (Order, error) {
	ctx, db := q.Context(), q.App().DB
	origin, err := db.TenantBySlug(ctx, q.Path("slug"))
	if err != nil {
		return Order{}, err
	}
	o := Order{Origin: origin.ID, Basis: q.Value("basis"), Roles: map[int64]authz.Role{}}
	var wrong fault.Invalid
	into, err := db.TenantBySlug(ctx, q.Value("into"))
	switch {
	case errors.Is(err, fault.NotFound):
		wrong.Add("into", "Chọn tỉnh, thành phố kế thừa.")
	case err != nil:
		return Order{}, err
	}
	o.Successor = into.ID
	if o.Effective, err = vi.ParseDate(q.Value("effective")); err != nil {
		wrong.Add("effective", "Nhập ngày, tháng, năm, ví dụ 01/07/2025.")
	}
	for name := range q.Posted {
		id, found := strings.CutPrefix(name, roleField)
		n, err := strconv.ParseInt(id, 10, 64)
		if role := q.Value(name); found && err == nil && role != "" {
			o.Roles[n] = authz.Role(role)
		}
	}
	return o, wrong.Err()
}

func showUndo(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	origin, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	m, err := tenant.MergerOf(q.Context(), tx, origin.ID)
	if err != nil {
		return web.Answer{}, err
	}
	into, err := q.App().DB.Tenant(q.Context(), m.Successor)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Hủy sáp nhập "+origin.Name, origin.Name+" vận hành riêng trở lại; "+into.Name+" không còn đọc hồ sơ của "+origin.Name+".")
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}, {Label: origin.Name, Href: "/tinh/" + origin.Slug}}
	reason := q.Field(ui.Field{Name: "reason", Label: "Lý do hủy", Type: "textarea", Rows: 3, MaxLength: 500, Hint: "Ghi vào nhật ký của cả hai tỉnh, từ 10 ký tự"})
	return q.Show(shell, undoPage(origin, into, m, reason)), nil
}

func submitUndo(q *web.Request) (web.Answer, error) {
	origin, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := Undo(q.Context(), q.App().DB, q.Who, origin.ID, q.Value("reason")); err != nil {
		return web.Answer{}, err
	}
	return web.See("/tinh/" + origin.Slug).Say("Đã hủy sáp nhập; " + origin.Name + " vận hành riêng trở lại."), nil
}

// Standing says, for a province's page, into which province it was or will be merged, and which were merged into it;
// those taken back are among them, marked so. open reports whether a merger into another province is in force or coming.
func Standing(q *web.Request, tx tenant.Platform, of tenant.Tenant) (pairs []ui.Pair, open bool, err error) {
	mergers, err := tenant.Mergers(q.Context(), tx, of.ID)
	if err != nil {
		return nil, false, err
	}
	slices.Reverse(mergers)
	for _, m := range mergers {
		open = open || m.Origin == of.ID && m.UndoneAt == nil
		label, other := "Sáp nhập vào", m.Successor
		if m.UndoneAt != nil {
			label = "Sáp nhập đã hủy"
		}
		if m.Successor == of.ID {
			label, other = "Kế thừa dữ liệu của", m.Origin
			if m.UndoneAt != nil {
				label = "Kế thừa đã hủy"
			}
		}
		t, err := q.App().DB.Tenant(q.Context(), other)
		if err != nil {
			return nil, false, err
		}
		text := t.Name + ", từ " + vi.Date(m.Effective) + " (" + m.Basis + "). " + m.MadeBy + " ghi nhận lúc " + vi.DateTime(m.CreatedAt) + "."
		if m.UndoneAt != nil {
			text += " " + m.UndoneBy + " hủy lúc " + vi.DateTime(*m.UndoneAt) + ": " + m.UndoReason
		}
		pairs = append(pairs, ui.Pair{Label: label, Value: ui.Text(text)})
	}
	return pairs, open, nil
}
