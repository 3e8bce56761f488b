package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

func planPath(id PlanID) string { return "/ke-hoach/" + strconv.FormatInt(int64(id), 10) }

func taskPath(id TaskID) string { return "/nhiem-vu/" + strconv.FormatInt(int64(id), 10) }

// status returns a state as pages show it.
func (s TaskState) status() ui.Status {
	switch s {
	case Done:
		return ui.Status{Kind: ui.Success, Word: s.Name()}
	case Doing:
		return ui.Status{Kind: ui.Info, Word: s.Name()}
	}
	return ui.Status{Kind: ui.Neutral, Word: s.Name()}
}

// planRow is a line of the list of plans.
type planRow struct {
	Plan
	targets, tasks, done int
}

func listPlans(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	empty := ui.Empty{Icon: "plan", Why: "Chưa có kế hoạch nào được nhập.", Next: "Quản trị Sở Khoa học và Công nghệ nhập kế hoạch của tỉnh từ tệp mẫu."}
	var primary ui.Link
	if q.Who.Can(authz.PlanImport) {
		primary = ui.Link{Label: "Nhập kế hoạch", Href: "/ke-hoach/nhap", Icon: "upload"}
		empty.Next = "Bấm “Nhập kế hoạch” để nhập kế hoạch của tỉnh từ tệp mẫu."
	}
	return web.Listing[planRow]{
		Origin: func(row planRow) tenant.ID { return row.TenantID },
		Title:  "Kế hoạch", Purpose: "Kế hoạch truy xuất nguồn gốc của tỉnh: chỉ tiêu, nhiệm vụ, đơn vị thực hiện.",
		File: "ke-hoach", Order: "-issued", Primary: primary, Empty: empty,
		Columns: []web.Column[planRow]{
			{Key: "title", Label: "Kế hoạch", Value: func(p planRow) any { return p.Title }, Cell: func(p planRow) templ.Component {
				return ui.AnchorTwo(planPath(p.ID), p.Title, p.Name())
			}},
			{Label: "Số, ký hiệu", HidePhone: true, Value: func(p planRow) any { return p.Number }},
			{Key: "issued", Label: "Ban hành", Value: func(p planRow) any { return p.Issued.Show() }},
			{Label: "Kỳ", Value: func(p planRow) any { return p.Period() }},
			{Label: "Chỉ tiêu", Numeric: true, Value: func(p planRow) any { return p.targets }},
			{Label: "Nhiệm vụ hoàn thành", Numeric: true, Value: func(p planRow) any { return fmt.Sprintf("%d/%d", p.done, p.tasks) }},
		},
		Filters: []ui.Field{{Name: ui.QuerySearch, Label: "Tên hoặc số kế hoạch", Type: "search"}},
		Load: func(tx tenant.Tx, l web.Query) ([]planRow, int, error) {
			rows, err := planRows(q, tx)
			if err != nil {
				return nil, 0, err
			}
			text := func(p planRow) string { return p.Number + " " + p.Title + " " + p.Issuer }
			found, total := web.InMemory(rows, l, text, map[string]func(a, b planRow) int{
				"title":  func(a, b planRow) int { return vi.Compare(a.Title, b.Title) },
				"issued": func(a, b planRow) int { return cmp.Compare(a.Issued, b.Issued) },
			})
			return found, total, nil
		},
	}.Answer(q, tx)
}

func planRows(q *web.Request, tx tenant.Tx) ([]planRow, error) {
	plans, err := Plans(q.Context(), tx)
	if err != nil {
		return nil, err
	}
	targets, err := Targets(q.Context(), tx, 0)
	if err != nil {
		return nil, err
	}
	tasks, err := Tasks(q.Context(), tx, TaskFilter{})
	if err != nil {
		return nil, err
	}
	rows := make([]planRow, len(plans))
	for i, p := range plans {
		rows[i].Plan = p
		for _, t := range targets {
			if t.PlanID == p.ID {
				rows[i].targets++
			}
		}
		for _, t := range tasks {
			if t.PlanID == p.ID {
				rows[i].tasks++
				if t.State == Done {
					rows[i].done++
				}
			}
		}
	}
	return rows, nil
}

func showPlan(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	ctx := q.Context()
	p, err := FindPlan(ctx, tx, PlanID(id))
	if err != nil {
		return web.Answer{}, err
	}
	targets, err := Targets(ctx, tx, p.ID)
	if err != nil {
		return web.Answer{}, err
	}
	tasks, err := Tasks(ctx, tx, TaskFilter{Plan: p.ID})
	if err != nil {
		return web.Answer{}, err
	}
	departments, err := Departments(ctx, tx, p.ID)
	if err != nil {
		return web.Answer{}, err
	}
	history, err := audit.History(ctx, tx, p.TenantID, "plan", id)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell(p.Title, p.Name()+" · "+p.Issuer+q.From(p.TenantID))
	shell.Crumbs = []ui.Link{{Label: "Kế hoạch", Href: "/ke-hoach"}}
	if q.Who.Can(authz.KPIView) {
		shell.Primary = ui.Link{Label: "Xem kết quả chỉ tiêu", Href: "/chi-tieu", Icon: "target"}
	}
	return q.Show(shell, planPage(planView{p, targets, tasks, departments, q.Who.Can(authz.KPIView), q.Now()}, audit.Lines(history))), nil
}

func listTasks(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	departments, err := Departments(q.Context(), tx, 0)
	if err != nil {
		return web.Answer{}, err
	}
	filters := []ui.Field{
		{Name: ui.QuerySearch, Label: "Tên hoặc mã nhiệm vụ", Type: "search"},
		{Name: "nhom", Label: "Nhóm việc", Type: "select", Options: groupOptions()},
		{Name: "chu-tri", Label: "Chủ trì", Type: "select", Options: departmentOptions(departments)},
		{Name: "trang-thai", Label: "Trạng thái", Type: "select", Options: stateOptions("Tất cả", Assigned, Doing, Done)},
	}
	if q.Who.Department != "" {
		filters = append(filters, ui.Field{Name: "cua-toi", Label: "Đơn vị của tôi", Type: "select",
			Options: []ui.Option{{Label: "Mọi nhiệm vụ"}, {Value: "1", Label: "Chủ trì hoặc phối hợp"}}})
	}
	return web.Listing[Task]{
		Origin: func(row Task) tenant.ID { return row.TenantID },
		Title:  "Nhiệm vụ", Purpose: "Việc của từng kế hoạch: ai chủ trì, bao giờ xong, đã làm đến đâu.", File: "nhiem-vu",
		Columns: []web.Column[Task]{
			{Label: "Mã", Value: func(t Task) any { return t.Code }},
			{Key: "text", Label: "Nhiệm vụ", Value: func(t Task) any { return t.Text }, Cell: func(t Task) templ.Component {
				return ui.AnchorTwo(taskPath(t.ID), t.Text, t.PlanName())
			}},
			{Label: "Nhóm việc", HidePhone: true, Value: func(t Task) any { return t.Group.Label() }},
			{Label: "Chủ trì", Value: func(t Task) any { return t.LeadName }, Cell: func(t Task) templ.Component { return lead(t) }},
			{Key: "due", Label: "Thời hạn", Value: func(t Task) any { return t.Deadline().Show() }, Cell: func(t Task) templ.Component {
				return deadline(t, q.Now())
			}},
			{Label: "Kết quả", Numeric: true, Value: func(t Task) any { return t.Result() }},
			{Key: "state", Label: "Trạng thái", Value: func(t Task) any { return t.State.Name() }, Cell: func(t Task) templ.Component { return ui.Badge(t.State.status()) }},
		},
		Filters: filters,
		Empty:   ui.Empty{Icon: "task", Why: "Chưa có nhiệm vụ nào.", Next: "Nhiệm vụ có khi kế hoạch của tỉnh được nhập vào hệ thống.", Action: ui.Link{Label: "Kế hoạch", Href: "/ke-hoach", Icon: "plan"}},
		Load: func(tx tenant.Tx, l web.Query) ([]Task, int, error) {
			rows, err := Tasks(q.Context(), tx, TaskFilter{Group: Group(l.Get("nhom")), Lead: l.Get("chu-tri"), State: TaskState(l.Get("trang-thai"))})
			if err != nil {
				return nil, 0, err
			}
			if l.Get("cua-toi") != "" {
				rows = slices.DeleteFunc(rows, func(t Task) bool { return !t.involves(q.Who.Department) })
			}
			text := func(t Task) string { return t.Code + " " + t.Text }
			found, total := web.InMemory(rows, l, text, map[string]func(a, b Task) int{
				"text":  func(a, b Task) int { return vi.Compare(a.Text, b.Text) },
				"due":   func(a, b Task) int { return a.Deadline().Last().Compare(b.Deadline().Last()) },
				"state": func(a, b Task) int { return cmp.Compare(a.State.rank(), b.State.rank()) },
			})
			return found, total, nil
		},
	}.Answer(q, tx)
}

func showTask(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	ctx := q.Context()
	t, err := FindTask(ctx, tx, TaskID(id))
	if err != nil {
		return web.Answer{}, err
	}
	departments, err := Departments(ctx, tx, t.PlanID)
	if err != nil {
		return web.Answer{}, err
	}
	history, err := audit.History(ctx, tx, t.TenantID, "task", id)
	if err != nil {
		return web.Answer{}, err
	}
	v := taskView{Task: t, with: names(departments, t.With), now: q.Now()}
	switch {
	case !q.Who.Can(authz.TaskReport):
	case !MayReport(q.Who, t):
		v.refusal = "Chỉ đơn vị chủ trì hoặc phối hợp báo cáo được nhiệm vụ này."
	default:
		v.fields = reportFields(q, t)
	}
	shell := q.Shell("Nhiệm vụ "+t.Code, t.Text+q.From(t.TenantID))
	shell.Crumbs = []ui.Link{{Label: "Nhiệm vụ", Href: "/nhiem-vu"}}
	return q.Show(shell, taskPage(v, audit.Lines(history))), nil
}

func reportFields(q *web.Request, t Task) []ui.Field {
	fields := []ui.Field{{Name: "state", Label: "Trạng thái", Type: "select", Value: string(t.State), Options: stateOptions("", t.State.Reachable()...)}}
	if t.Planned > 0 {
		fields = append(fields, ui.Field{
			Name: "done", Label: "Đã thực hiện (" + t.Unit + ")", Hint: "Tổng số từ đầu đến nay; kế hoạch giao " + vi.Int(int64(t.Planned)) + " " + t.Unit,
			InputMode: "numeric", Value: strconv.Itoa(t.Done),
		})
	}
	return q.Fields(append(fields, ui.Field{
		Name: "evidence", Label: "Căn cứ", Hint: "Số văn bản, biên bản, danh sách học viên, đường dẫn tài liệu. Bắt buộc khi hoàn thành.",
		Type: "textarea", Rows: 3, MaxLength: maxEvidence, Value: t.Evidence, Optional: true,
	})...)
}

func report(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	done := 0
	if text := strings.ReplaceAll(q.Value("done"), ".", ""); text != "" {
		if done, err = strconv.Atoi(text); err != nil {
			return web.Answer{}, fault.Invalid{{Name: "done", Message: "Số đã thực hiện là một số nguyên, ví dụ 3."}}
		}
	}
	if err := ReportTask(q.Context(), tx, q.Who, TaskID(id), done, TaskState(q.Value("state")), q.Value("evidence")); err != nil {
		return web.Answer{}, err
	}
	return web.See(taskPath(TaskID(id))).Say("Đã ghi báo cáo. Chỉ tiêu liên quan được tính lại trong ít giây."), nil
}

func groupOptions() []ui.Option {
	options := []ui.Option{{Label: "Tất cả"}}
	for _, g := range Groups() {
		options = append(options, ui.Option{Value: string(g), Label: g.Label()})
	}
	return options
}

func departmentOptions(departments []Department) []ui.Option {
	options := []ui.Option{{Label: "Tất cả"}}
	for _, d := range departments {
		if !slices.ContainsFunc(options, func(o ui.Option) bool { return o.Value == d.Code }) {
			options = append(options, ui.Option{Value: d.Code, Label: d.Name})
		}
	}
	return options
}

// stateOptions are choices of states, with one for any state before them unless it is "".
func stateOptions(any string, states ...TaskState) []ui.Option {
	var options []ui.Option
	if any != "" {
		options = append(options, ui.Option{Label: any})
	}
	for _, s := range states {
		options = append(options, ui.Option{Value: string(s), Label: s.Name()})
	}
	return options
}

// names are the names of departments by their codes.
func names(departments []Department, codes []string) string {
	var found []string
	for _, code := range codes {
		name := code
		for _, d := range departments {
			if d.Code == code {
				name = d.Name
			}
		}
		found = append(found, name)
	}
	return strings.Join(found, "; ")
}
