package accounts

import (
	"net/url"
	"slices"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// departmentsPath is the list of the bodies that take part. The settings' page leads to it.
const departmentsPath = "/cau-hinh/so-nganh"

// departmentPages registers the pages on which a province keeps its own list.
func departmentPages(a *web.App) {
	a.Get(departmentsPath, authz.TenantSettings, listDepartments)
	a.Form(departmentsPath+"/them", authz.TenantSettings, showNewDepartment, submitNewDepartment)
	a.Form(departmentsPath+"/sua", authz.TenantSettings, showDepartment, submitDepartment)
	a.Submit(departmentsPath+"/bo", authz.TenantSettings, showDepartment, removeDepartment)
}

func editDepartment(code string) string {
	return departmentsPath + "/sua?ma=" + url.QueryEscape(code)
}

var departmentCrumbs = []ui.Link{{Label: "Thiết lập của tỉnh", Href: "/cau-hinh"}, {Label: "Sở, ngành tham gia", Href: departmentsPath}}

// origin says why a body takes part.
func (d department) origin() string {
	switch {
	case d.own && d.planned:
		return "Danh sách của tỉnh, có trong kế hoạch"
	case d.own:
		return "Danh sách của tỉnh"
	}
	return "Có trong kế hoạch"
}

func listDepartments(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	all, err := departments(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	members, err := authz.Members(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	people := map[string]int64{}
	for _, m := range members {
		if inForce(m, q.Now()) && m.TenantID == tx.Tenant() && m.Role == authz.DepartmentOfficer {
			people[m.Department]++
		}
	}
	return web.Listing[department]{
		Title: "Sở, ngành tham gia", Purpose: "Chuyên viên sở, ngành được mời vào các đơn vị này.",
		File: "so-nganh", Order: "", Crumbs: departmentCrumbs[:1],
		Primary: ui.Link{Label: "Thêm sở, ngành", Href: departmentsPath + "/them", Icon: "plus"},
		Columns: []web.Column[department]{
			{Key: "name", Label: "Sở, ngành", Value: func(d department) any { return d.name }, Cell: func(d department) templ.Component {
				return ui.AnchorTwo(editDepartment(d.code), d.name, d.code)
			}},
			{Label: "Chuyên viên", Numeric: true, Value: func(d department) any { return people[d.code] }},
			{Label: "Nguồn", HidePhone: true, Value: func(d department) any { return d.origin() }},
		},
		Filters: []ui.Field{{Name: ui.QuerySearch, Label: "Tên hoặc mã", Type: "search"}},
		Empty:   ui.Empty{Icon: "list", Why: "Không có sở, ngành nào khớp.", Next: "Thêm đơn vị bằng mã trong kế hoạch."},
		Load: func(_ tenant.Tx, l web.Query) ([]department, int, error) {
			rows, total := web.InMemory(all, l, func(d department) string { return d.name + " " + d.code }, map[string]func(a, b department) int{
				"name": func(a, b department) int { return vi.Compare(a.name, b.name) },
			})
			return rows, total, nil
		},
	}.Answer(q, tx)
}

func showNewDepartment(q *web.Request, _ tenant.Tx) (web.Answer, error) {
	shell := q.Shell("Thêm sở, ngành", "Đơn vị mới dùng được ngay khi mời chuyên viên.")
	shell.Crumbs = departmentCrumbs
	return q.Show(shell, newDepartmentPage(q.Fields(
		ui.Field{Name: "code", Label: "Mã", MaxLength: 20, Hint: "Đúng như mã ghi trong kế hoạch, ví dụ BQLATTP; không đổi được về sau"},
		ui.Field{Name: "name", Label: "Tên", MaxLength: 120, Optional: true, Hint: "Ví dụ: Ban Quản lý An toàn thực phẩm; để trống nếu là mã thường dùng như SYT"},
	))), nil
}

func submitNewDepartment(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	d, err := authz.AddDepartment(q.Context(), tx, q.Who, q.Value("code"), q.Value("name"))
	if err != nil {
		return web.Answer{}, err
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "department.add", audit.Record{Subject: "department"},
		"Thêm "+d.Name+" ("+d.Code+") vào danh sách sở, ngành", nil, departmentFields(d)); err != nil {
		return web.Answer{}, err
	}
	return web.See(departmentsPath).Say("Đã thêm " + d.Name + "."), nil
}

// departmentFields are a body's values for the audit.
func departmentFields(d authz.Department) audit.Fields {
	return audit.Of("Mã sở, ngành", d.Code, "Tên", authz.DepartmentName(d.Code, d.Name))
}

// asked returns the body that the address or the form names.
func asked(q *web.Request, tx tenant.Tx) (department, error) {
	code := q.URL.Query().Get("ma")
	if q.Posted != nil {
		code = q.Value("ma")
	}
	all, err := departments(q.Context(), tx)
	if err != nil {
		return department{}, err
	}
	i := slices.IndexFunc(all, func(d department) bool { return d.code == code })
	if i < 0 {
		return department{}, fault.NotFound
	}
	return all[i], nil
}

func showDepartment(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	d, err := asked(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell(d.name, "Mã "+d.code+". "+d.origin()+".")
	shell.Crumbs = departmentCrumbs
	name := ui.Field{Name: "name", Label: "Tên", Value: d.name, MaxLength: 120, Hint: "Thành viên và lời mời đang có mang tên mới ngay; tên trong kế hoạch giữ nguyên"}
	if q.Posted.Has("name") {
		name = q.Field(name)
	}
	return q.Show(shell, departmentPage(d, name)), nil
}

func submitDepartment(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	before, after, err := authz.RenameDepartment(q.Context(), tx, q.Who, q.Value("ma"), q.Value("name"))
	if err != nil {
		return web.Answer{}, err
	}
	if before.Name == after.Name {
		return web.See(departmentsPath).Say("Không có gì thay đổi."), nil
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "department.rename", audit.Record{Subject: "department"},
		"Đổi tên "+before.Code+" thành "+after.Name, departmentFields(before), departmentFields(after)); err != nil {
		return web.Answer{}, err
	}
	return web.See(departmentsPath).Say("Đã đổi tên thành " + after.Name + "."), nil
}

func removeDepartment(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	named, err := asked(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	if named.planned {
		return web.Answer{}, fault.Say(fault.Conflict, "Chưa bỏ được %s: kế hoạch của tỉnh có tên đơn vị này.", named.name)
	}
	d, err := authz.RemoveDepartment(q.Context(), tx, q.Who, named.code)
	if err != nil {
		return web.Answer{}, err
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "department.remove", audit.Record{Subject: "department"},
		"Bỏ "+authz.DepartmentName(d.Code, d.Name)+" ("+d.Code+") khỏi danh sách sở, ngành", departmentFields(d), nil); err != nil {
		return web.Answer{}, err
	}
	return web.See(departmentsPath).Say("Đã bỏ " + authz.DepartmentName(d.Code, d.Name) + " khỏi danh sách."), nil
}
