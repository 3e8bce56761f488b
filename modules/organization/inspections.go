package organization

import (
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

const inspectionsPath = "/phan-cong"

func inspectionPath(membership int64) string {
	return inspectionsPath + "/" + strconv.FormatInt(membership, 10)
}

// inspections registers the pages of who inspects what: an inspector sees what is assigned, and nothing else.
func inspections(a *web.App) {
	a.Get(inspectionsPath, authz.InspectionAssign, listInspectors)
	a.Form(inspectionsPath+"/{id}", authz.InspectionAssign, showInspector, assign)
	a.Submit(inspectionsPath+"/{id}/ket-thuc", authz.InspectionAssign, showInspector, endAssignments)
	a.Submit("/to-chuc/{id}/phan-cong", authz.InspectionAssign, show, assignOne)
	a.Menu("Chủ thể và sản phẩm", "Phân công kiểm tra", inspectionsPath, "inspect", authz.InspectionAssign)
}

func listInspectors(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	all, err := authz.Inspectors(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	return web.Listing[authz.Membership]{
		Title: "Phân công kiểm tra", Purpose: "Kiểm tra viên chỉ thấy những chủ thể được phân công, trong thời hạn phân công.",
		File: "phan-cong-kiem-tra", Order: "", HomeOnly: true,
		Columns: []web.Column[authz.Membership]{
			{Key: "name", Label: "Kiểm tra viên", Value: func(m authz.Membership) any { return m.Name }, Cell: func(m authz.Membership) templ.Component {
				return ui.AnchorTwo(inspectionPath(m.ID), m.Name, string(m.Email))
			}},
			{Key: "count", Label: "Chủ thể đang phân công", Numeric: true, Value: func(m authz.Membership) any { return len(m.Assigned) }},
		},
		Filters: []ui.Field{{Name: ui.QuerySearch, Label: "Họ tên hoặc thư điện tử", Type: "search"}},
		Empty:   noInspectors(q),
		Load: func(_ tenant.Tx, l web.Query) ([]authz.Membership, int, error) {
			rows, total := web.InMemory(all, l, func(m authz.Membership) string { return m.Name + " " + string(m.Email) }, map[string]func(a, b authz.Membership) int{
				"name":  func(a, b authz.Membership) int { return vi.ByGivenName(a.Name, b.Name) },
				"count": func(a, b authz.Membership) int { return len(a.Assigned) - len(b.Assigned) },
			})
			return rows, total, nil
		},
	}.Answer(q, tx)
}

// offered is how many organizations the page of an inspector offers at a time.
const offered = 50

func inspector(q *web.Request, tx tenant.Tx) (authz.Membership, error) {
	id, err := q.Number("id")
	if err != nil {
		return authz.Membership{}, err
	}
	m, err := authz.Member(q.Context(), tx, id)
	if err == nil && m.Role != authz.Inspector {
		err = fault.NotFound
	}
	return m, err
}

func showInspector(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	ctx := q.Context()
	m, err := inspector(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	list, err := authz.AssignmentsOf(ctx, tx, m)
	if err != nil {
		return web.Answer{}, err
	}
	words := strings.TrimSpace(q.URL.Query().Get("tim"))
	free, total, err := unassigned(q, tx, m, words)
	if err != nil {
		return web.Answer{}, err
	}
	history, err := audit.History(ctx, tx, m.TenantID, "membership", m.ID)
	if err != nil {
		return web.Answer{}, err
	}
	may := m.TenantID == tx.Tenant() && (m.ValidTo == nil || m.ValidTo.After(q.Now()))
	shell := q.Shell(m.Name, "Kiểm tra viên · đang được phân công "+vi.Int(int64(len(m.Assigned)))+" chủ thể")
	shell.Crumbs = []ui.Link{{Label: "Phân công kiểm tra", Href: inspectionsPath}}
	return q.Show(shell, inspectorPage(q, m, may, words, free, total, list, audit.Lines(history))), nil
}

// unassigned returns approved organizations with the words that the inspector has no open assignment of, in the order of
// their names, and how many there are.
func unassigned(q *web.Request, tx tenant.Tx, m authz.Membership, words string) ([]Organization, int, error) {
	type row struct {
		Organization
		Total int
	}
	rows, err := tenant.List[row](q.Context(), tx, `
		select `+columns+`, count(*) over () as total
		from organization.organization o
		where tenant_id = any ($1) and state = 'approved'
		and not exists (
			select from authz.assignment a
			where a.tenant_id = $2 and a.membership_id = $3 and a.org_id = o.id and a.ended_at is null and (a.valid_to is null or a.valid_to > $4))
		and not exists (
			select from unnest($5::text[]) w
			where not exists (
				select from organization.token t
				where t.tenant_id = any ($1) and t.tenant_id = o.tenant_id and t.org_id = o.id and t.token ^@ w))
		order by name collate "vi-x-icu", id
		limit $6`, m.TenantID, m.ID, q.Now(), vi.Tokens(words), offered)
	if err != nil {
		return nil, 0, err
	}
	var list []Organization
	total := 0
	for _, r := range rows {
		list, total = append(list, r.Organization), r.Total
	}
	return list, total, nil
}

// assignmentFields are the questions about an assignment beside who and whom.
func assignmentFields(q *web.Request) []ui.Field {
	return q.Fields(
		ui.Field{Name: "basis", Label: "Văn bản phân công", Hint: "Số, ngày văn bản. Ví dụ: Quyết định 12/QĐ-SKHCN ngày 05/11/2026", MaxLength: 200},
		ui.Field{Name: "from", Label: "Từ ngày", Type: "date", Value: vi.Date(q.Now())},
		ui.Field{Name: "to", Label: "Đến hết ngày", Type: "date", Optional: true, Hint: "Để trống nếu chưa định ngày kết thúc"},
	)
}

// period reads the days of an assignment: from the beginning of the first to the end of the last, in Việt Nam. One that
// begins today begins now.
func period(q *web.Request) (from, to time.Time, err error) {
	var wrong fault.Invalid
	now := q.Now()
	day, err := vi.ParseDate(q.Value("from"))
	switch {
	case err != nil:
		wrong.Add("from", "Ngày bắt đầu viết như 22/11/2026.")
	case vi.Date(day) == vi.Date(now):
		from = now
	default:
		from = day
	}
	if v := q.Value("to"); v != "" {
		day, err := vi.ParseDate(v)
		if err != nil {
			wrong.Add("to", "Ngày kết thúc viết như 22/11/2026.")
		} else {
			to = day.AddDate(0, 0, 1)
		}
	}
	return from, to, wrong.Err()
}

func assign(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	m, err := inspector(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	var orgs []tenant.OrgID
	for _, v := range q.Posted["orgs"] {
		id, err := strconv.ParseInt(v, 10, 64)
		if err != nil || id <= 0 {
			return web.Answer{}, fault.NotFound
		}
		orgs = append(orgs, tenant.OrgID(id))
	}
	n, err := assigned(q, tx, m.ID, orgs)
	if err != nil {
		return web.Answer{}, err
	}
	return web.See(inspectionPath(m.ID)).Say("Đã phân công " + vi.Int(int64(n)) + " chủ thể cho " + m.Name + "."), nil
}

// assignOne assigns the organization of a page to the inspector that is chosen there.
func assignOne(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	o, err := Find(q.Context(), tx, tenant.OrgID(id))
	if err != nil {
		return web.Answer{}, err
	}
	membership, _ := strconv.ParseInt(q.Value("membership"), 10, 64) // 0 is nobody
	if _, err := assigned(q, tx, membership, []tenant.OrgID{o.ID}); err != nil {
		return web.Answer{}, err
	}
	return web.See(path(o.ID)).Say("Đã phân công kiểm tra."), nil
}

// assigned assigns organizations and notes each in the history of the inspector: that of the organization is read by the
// organization itself, which does not learn of an inspection that way.
func assigned(q *web.Request, tx tenant.Tx, membership int64, orgs []tenant.OrgID) (int, error) {
	from, to, err := period(q)
	wrong, _ := err.(fault.Invalid)
	if len(wrong) > 0 {
		return 0, wrong
	}
	made, err := authz.Assign(q.Context(), tx, q.Who, authz.NewAssignment{Membership: membership, Orgs: orgs, Basis: q.Value("basis"), From: from, To: to})
	if err != nil {
		return 0, err
	}
	for _, a := range made {
		o, err := Find(q.Context(), tx, a.OrgID)
		if err != nil {
			return 0, err
		}
		what := "Phân công " + a.Inspector + " kiểm tra " + o.Name + ", " + validity(a) + ". Căn cứ: " + a.Basis
		if err := audit.WriteChange(q.Context(), tx, q.Who, "inspection.assign", audit.Record{Subject: "membership", ID: a.Membership}, what,
			nil, audit.Of("Kiểm tra viên", a.Inspector, "Chủ thể", o.Name, "Thời hạn", validity(a), "Căn cứ", a.Basis)); err != nil {
			return 0, err
		}
	}
	return len(made), nil
}

// validity says from when to when an assignment is in force.
func validity(a authz.Assignment) string {
	said := "từ " + vi.Date(a.ValidFrom)
	if a.ValidTo != nil {
		said += " đến hết " + vi.Date(a.ValidTo.Add(-time.Second))
	}
	return said
}

func endAssignments(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	m, err := inspector(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	ids := q.Posted["assignments"]
	if len(ids) == 0 {
		return web.Answer{}, fault.Invalid{{Name: "assignments", Message: "Chọn ít nhất một phân công để kết thúc."}}
	}
	for _, v := range ids {
		id, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return web.Answer{}, fault.NotFound
		}
		a, err := authz.EndAssignment(q.Context(), tx, q.Who, id)
		if err != nil {
			return web.Answer{}, err
		}
		if a.Membership != m.ID {
			return web.Answer{}, fault.NotFound
		}
		if err := audit.WriteChange(q.Context(), tx, q.Who, "inspection.end", audit.Record{Subject: "membership", ID: m.ID}, "Kết thúc phân công "+m.Name+" kiểm tra "+a.Org,
			audit.Of("Kiểm tra viên", m.Name, "Chủ thể", a.Org, "Căn cứ", a.Basis), nil); err != nil {
			return web.Answer{}, err
		}
	}
	return web.See(inspectionPath(m.ID)).Say("Đã kết thúc " + vi.Int(int64(len(ids))) + " phân công; kiểm tra viên không thấy chủ thể ấy nữa."), nil
}

// inspectedBy is the part of an organization's page about its inspectors, nil for those who do not assign.
func inspectedBy(q *web.Request, tx tenant.Tx, o Organization) (templ.Component, error) {
	if !q.Who.Can(authz.InspectionAssign) || o.State != Approved || tx.Tenant() != q.Who.Tenant { // inspectors of another province are its own
		return nil, nil
	}
	list, err := authz.AssignmentsTo(q.Context(), tx, o.ID)
	if err != nil {
		return nil, err
	}
	all, err := authz.Inspectors(q.Context(), tx)
	if err != nil {
		return nil, err
	}
	options := []ui.Option{{Value: "", Label: "Chọn…"}}
	for _, m := range all {
		options = append(options, ui.Option{Value: strconv.FormatInt(m.ID, 10), Label: m.Name})
	}
	who := q.Field(ui.Field{Name: "membership", Label: "Kiểm tra viên", Type: "select", Options: options})
	fields := append([]ui.Field{who}, assignmentFields(q)...)
	for i := range fields {
		if fields[i].Error != "" && q.URL.Path != path(o.ID)+"/phan-cong" {
			fields[i].Error = "" // it is about another form of the page
		}
	}
	return inspectedCard(q, o, list, fields), nil
}

func assignmentStatus(a authz.Assignment, now time.Time) ui.Status {
	switch {
	case a.InForce(now):
		return ui.Status{Kind: ui.Success, Word: "Đang hiệu lực"}
	case a.Open(now):
		return ui.Status{Kind: ui.Info, Word: "Chưa đến ngày"}
	case a.EndedAt != nil && (a.ValidTo == nil || a.EndedAt.Before(*a.ValidTo)):
		return ui.Status{Kind: ui.Neutral, Word: "Đã kết thúc"}
	}
	return ui.Status{Kind: ui.Neutral, Word: "Hết hạn"}
}

// noInspectors says what to do where nobody can be given anything to inspect.
func noInspectors(q *web.Request) ui.Empty {
	empty := ui.Empty{Icon: "users", Why: "Tỉnh chưa có kiểm tra viên nào.", Next: "Quản trị Sở Khoa học và Công nghệ mời kiểm tra viên ở trang Thành viên."}
	if q.Who.Can(authz.MemberInvite) {
		empty.Next = "Mời kiểm tra viên rồi phân công chủ thể cho họ."
		empty.Action = ui.Link{Label: "Mời thành viên", Href: "/thanh-vien/moi", Icon: "plus"}
	}
	return empty
}
