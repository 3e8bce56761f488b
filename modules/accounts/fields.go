package accounts

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
)

const fieldsPath = "/linh-vuc"

// fields registers the pages of which department answers for which groups of products.
func fields(a *web.App) {
	a.Get(fieldsPath, authz.FieldManage, listFields)
	a.Form(fieldsPath+"/sua", authz.FieldManage, showFields, submitFields)
	a.Menu("Quản trị", "Phân công lĩnh vực", fieldsPath, "list", authz.FieldManage)
}

func editFields(code string) string { return fieldsPath + "/sua?ma=" + url.QueryEscape(code) }

// groupNames are the names of a department's groups.
func groupNames(f tenant.Fields) string {
	var names []string
	for _, g := range authz.GroupsOf(f) {
		names = append(names, g.Name)
	}
	return strings.Join(names, "; ")
}

func listFields(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	all, err := authz.Departments(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	return web.Listing[authz.Department]{
		Title: "Phân công lĩnh vực", Purpose: "Sở, ngành nào phụ trách nhóm sản phẩm nào: chuyên viên sở, ngành chỉ thấy dữ liệu của các nhóm ấy.",
		File: "phan-cong-linh-vuc", Order: "", HomeOnly: true,
		Primary: ui.Link{Label: "Thêm sở, ngành", Href: fieldsPath + "/sua", Icon: "plus"},
		Columns: []web.Column[authz.Department]{
			{Key: "code", Label: "Sở, ngành", Value: func(d authz.Department) any { return d.Code }, Cell: func(d authz.Department) templ.Component {
				if d.Name == "" {
					return ui.Anchor(editFields(d.Code), d.Code)
				}
				return ui.AnchorTwo(editFields(d.Code), d.Name, d.Code)
			}},
			{Label: "Nhóm sản phẩm phụ trách", Value: func(d authz.Department) any { return groupNames(d.Fields) }, Cell: func(d authz.Department) templ.Component {
				if d.Fields == 0 {
					return ui.Badge(ui.Status{Kind: ui.Warning, Word: "Chưa phân công"})
				}
				return ui.Text(groupNames(d.Fields))
			}},
			{Label: "Căn cứ", HidePhone: true, Value: func(d authz.Department) any { return sharedBy(d) }},
		},
		Filters: []ui.Field{{Name: ui.QuerySearch, Label: "Sở, ngành hoặc nhóm sản phẩm", Type: "search"}},
		Empty:   ui.Empty{Icon: "list", Why: "Không có sở, ngành nào.", Next: "Thêm sở, ngành bằng mã trong kế hoạch."},
		Load: func(_ tenant.Tx, l web.Query) ([]authz.Department, int, error) {
			rows, total := web.InMemory(all, l, func(d authz.Department) string { return d.Code + " " + d.Name + " " + groupNames(d.Fields) }, map[string]func(a, b authz.Department) int{
				"code": func(a, b authz.Department) int { return vi.Compare(a.Code, b.Code) },
			})
			return rows, total, nil
		},
	}.Answer(q, tx)
}

// sharedBy says whose decision a department's groups are.
func sharedBy(d authz.Department) string {
	switch {
	case d.ChangedBy != "":
		return d.ChangedBy + ", " + vi.Date(d.ChangedAt)
	case d.Name != "":
		return "Mặc định theo Nghị định 15/2018/NĐ-CP và lĩnh vực của ngành"
	}
	return ""
}

func showFields(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	code := strings.ToUpper(strings.TrimSpace(q.URL.Query().Get("ma")))
	if q.Posted != nil && code == "" {
		code = strings.ToUpper(q.Value("code"))
	}
	all, err := authz.Departments(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	known := authz.Department{Code: code}
	for _, d := range all {
		if d.Code == code {
			known = d
		}
	}
	var ticked []string
	for _, g := range authz.GroupsOf(known.Fields) {
		ticked = append(ticked, g.Code)
	}
	if q.Posted != nil {
		ticked = q.Posted["fields"]
	}
	title, purpose := "Thêm sở, ngành", "Sở, ngành phụ trách nhóm sản phẩm nào thì chuyên viên của sở, ngành thấy dữ liệu của nhóm ấy."
	if code != "" {
		title = cmp.Or(known.Name, code)
		purpose = "Phân công nhóm sản phẩm cho sở, ngành mã " + code + "."
	}
	shell := q.Shell(title, purpose)
	shell.Crumbs = []ui.Link{{Label: "Phân công lĩnh vực", Href: fieldsPath}}
	field := q.Field(ui.Field{Name: "code", Label: "Mã sở, ngành", Value: code, MaxLength: 40, Hint: "Đúng như mã ghi ở thành viên và trong kế hoạch, ví dụ SCT"})
	if q.URL.Query().Get("ma") != "" && field.Error == "" {
		field.Type = "hidden"
	}
	return q.Show(shell, fieldsPage(q, field, ticked)), nil
}

func submitFields(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	ctx := q.Context()
	before, err := authz.SetFields(ctx, tx, q.Who, q.Value("code"), q.Posted["fields"])
	if err != nil {
		return web.Answer{}, err
	}
	after, err := authz.FieldsOf(q.Posted["fields"])
	if err != nil {
		return web.Answer{}, err
	}
	said := "Phân công " + before.Code + " phụ trách: " + groupNames(after)
	if after == 0 {
		said = "Phân công " + before.Code + " không phụ trách nhóm sản phẩm nào"
	}
	kept := func(f tenant.Fields) audit.Fields {
		return audit.Of("Mã sở, ngành", before.Code, "Nhóm sản phẩm", groupNames(f))
	}
	if err := audit.WriteChange(ctx, tx, q.Who, "department.fields", audit.Record{Subject: "department"}, said, kept(before.Fields), kept(after)); err != nil {
		return web.Answer{}, err
	}
	return web.See(fieldsPath).Say("Đã lưu phân công của " + before.Code + "; có hiệu lực ngay với chuyên viên đang làm việc."), nil
}
