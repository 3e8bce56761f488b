package plan

import (
	"context"
	"fmt"
	"strings"

	"txng/authz"
	"txng/modules/catalog"
	"txng/modules/internal/audit"
	"txng/modules/internal/measure"
	"txng/tenant"
	"txng/tenant/fault"
)

// Import puts a plan in: the plan with its departments, targets and tasks, and the products that it names, which go to
// the province's lists. It is all or nothing. Errors: an Errors when the file is wrong; fault.Conflict when the plan,
// by number and day of issue (by title where it has no number), was put in before.
func Import(ctx context.Context, tx tenant.Tx, who authz.Identity, f File) (PlanID, error) {
	if wrong := f.check(); len(wrong) > 0 {
		return 0, wrong
	}
	id := PlanID(tx.NewID())
	_, err := tx.Exec(ctx, `
		insert into plan.plan (tenant_id, id, number, title, issuer, issued, from_year, to_year, orientation, basis, funding,
			notes, source, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		id, f.Number, f.Title, f.Issuer, f.Issued, f.From, f.To, f.Orientation, list(f.Basis), list(f.Funding),
		list(f.Notes), f.Source, tx.Now())
	switch {
	case tenant.Violates(err, "plan_number"):
		return 0, fault.Say(fault.Conflict, "Kế hoạch số %s ban hành ngày %s đã được nhập.", f.Number, f.Issued.Show())
	case tenant.Violates(err, "plan_title"):
		return 0, fault.Say(fault.Conflict, "Kế hoạch “%s” ban hành %s đã được nhập.", f.Title, f.Issued.Show())
	case err != nil:
		return 0, fmt.Errorf("insert plan: %w", err)
	}
	for _, insert := range []func(context.Context, tenant.Tx, PlanID, File) error{insertDepartments, insertTargets, insertTasks} {
		if err := insert(ctx, tx, id, f); err != nil {
			return 0, err
		}
	}
	if _, err := catalog.AddListItems(ctx, tx, who, f.listItems()); err != nil {
		return 0, fmt.Errorf("put the plan's products on their lists: %w", err)
	}
	what := fmt.Sprintf("Nhập %s: %d chỉ tiêu, %d nhiệm vụ, %d đơn vị, %d sản phẩm", nameOf(f.Number, f.Issued), len(f.Targets), len(f.Tasks), len(f.Departments), len(f.Products))
	if err := audit.WriteChange(ctx, tx, who, "plan.import", audit.Record{Subject: "plan", ID: int64(id)}, what, nil, f.fields()); err != nil {
		return 0, err
	}
	return id, measure.Changed(ctx, tx)
}

// list is never nil, so that it is stored as an empty array.
func list(items []string) []string { return append([]string{}, items...) }

func insertDepartments(ctx context.Context, tx tenant.Tx, id PlanID, f File) error {
	type row struct {
		Code string `json:"code"`
		Name string `json:"name"`
		Role string `json:"role"`
	}
	rows := make([]row, len(f.Departments))
	for i, d := range f.Departments {
		rows[i] = row(d)
	}
	_, err := tx.Exec(ctx, `
		insert into plan.department (tenant_id, plan_id, code, name, role)
		select $1, $2, code, name, role
		from jsonb_to_recordset($3::jsonb) as x (code text, name text, role text)`, id, rows)
	if err != nil {
		return fmt.Errorf("insert departments: %w", err)
	}
	return nil
}

func insertTargets(ctx context.Context, tx tenant.Tx, id PlanID, f File) error {
	type row struct {
		ID          int64      `json:"id"`
		Position    int        `json:"position"`
		Code        string     `json:"code"`
		Text        string     `json:"text"`
		Kind        Kind       `json:"kind"`
		Op          Op         `json:"op"`
		Value       *int64     `json:"value"`
		Due         int        `json:"due"`
		Measure     MeasureKey `json:"measure"`
		Numerator   string     `json:"numerator"`
		Denominator string     `json:"denominator"`
		Lead        string     `json:"lead"`
		With        []string   `json:"with_departments"`
	}
	rows := make([]row, len(f.Targets))
	for i, t := range f.Targets {
		value, err := t.stored()
		if err != nil {
			return err
		}
		rows[i] = row{
			ID: tx.NewID(), Position: i + 1, Code: t.Code, Text: t.Text, Kind: t.Kind, Op: t.Op, Value: value, Due: t.Due,
			Measure: t.Measure, Numerator: t.Numerator, Denominator: t.Denominator, Lead: t.Lead, With: list(t.With),
		}
	}
	_, err := tx.Exec(ctx, `
		insert into plan.target (tenant_id, plan_id, id, position, code, text, kind, op, value, due, measure, numerator,
			denominator, lead, with_departments)
		select $1, $2, id, position, code, text, kind, op, value, due, measure, numerator, denominator, lead, with_departments
		from jsonb_to_recordset($3::jsonb) as x (id bigint, position int, code text, text text, kind text, op text,
			value bigint, due int, measure text, numerator text, denominator text, lead text, with_departments text[])`, id, rows)
	if err != nil {
		return fmt.Errorf("insert targets: %w", err)
	}
	return nil
}

func insertTasks(ctx context.Context, tx tenant.Tx, id PlanID, f File) error {
	type row struct {
		ID       int64    `json:"id"`
		Position int      `json:"position"`
		Code     string   `json:"code"`
		Text     string   `json:"text"`
		Group    Group    `json:"task_group"`
		Lead     string   `json:"lead"`
		With     []string `json:"with_departments"`
		Due      Date     `json:"due"`
		Planned  int      `json:"planned"`
		Unit     string   `json:"unit"`
		Output   string   `json:"output"`
		Funding  string   `json:"funding"`
	}
	rows := make([]row, len(f.Tasks))
	for i, t := range f.Tasks {
		rows[i] = row{
			ID: tx.NewID(), Position: i + 1, Code: t.Code, Text: t.Text, Group: t.Group, Lead: t.Lead, With: list(t.With),
			Due: t.Due, Planned: t.Count, Unit: t.Unit, Output: t.Output, Funding: t.Funding,
		}
	}
	_, err := tx.Exec(ctx, `
		insert into plan.task (tenant_id, plan_id, id, position, code, text, task_group, lead, with_departments, due, planned,
			unit, output, funding, changed_at)
		select $1, $2, id, position, code, text, task_group, lead, with_departments, due, planned, unit, output, funding, $4
		from jsonb_to_recordset($3::jsonb) as x (id bigint, position int, code text, text text, task_group text, lead text,
			with_departments text[], due text, planned int, unit text, output text, funding text)`, id, rows, tx.Now())
	if err != nil {
		return fmt.Errorf("insert tasks: %w", err)
	}
	return nil
}

const planColumns = `tenant_id, id, number, title, issuer, issued, from_year, to_year, orientation, basis, funding, notes,
	source, created_at`

// Plans returns the plans that the province reads, the newest first.
func Plans(ctx context.Context, tx tenant.Tx) ([]Plan, error) {
	return tenant.List[Plan](ctx, tx, `
		select `+planColumns+`
		from plan.plan
		where tenant_id = any ($1)
		order by issued desc, id desc`)
}

// FindPlan returns a plan.
func FindPlan(ctx context.Context, tx tenant.Tx, id PlanID) (Plan, error) {
	return tenant.One[Plan](ctx, tx, `
		select `+planColumns+`
		from plan.plan
		where tenant_id = any ($1) and id = $2`, id)
}

// ofPlan is the condition that a column is the plan $2, 0 for all: two statements, each with a plan of its own, because
// one for both would read every plan's rows.
func ofPlan(column string, id PlanID) string {
	if id == 0 {
		return "$2::bigint = 0"
	}
	return column + " = $2"
}

// Departments returns the bodies that take part in a plan (0 for all plans), in the order of their codes.
func Departments(ctx context.Context, tx tenant.Tx, id PlanID) ([]Department, error) {
	return tenant.List[Department](ctx, tx, `
		select plan_id, code, name, role
		from plan.department
		where tenant_id = any ($1) and `+ofPlan("plan_id", id)+`
		order by code, plan_id`, id)
}

// Targets returns the targets of a plan (0 for all plans), in the order of the plan.
func Targets(ctx context.Context, tx tenant.Tx, id PlanID) ([]Target, error) {
	return tenant.List[Target](ctx, tx, `
		select tenant_id, id, plan_id, code, text, kind, op, value, due, measure, numerator, denominator, lead, with_departments
		from plan.target
		where tenant_id = any ($1) and `+ofPlan("plan_id", id)+`
		order by plan_id, position`, id)
}

// TaskFilter narrows tasks; zero values leave them all.
type TaskFilter struct {
	Plan  PlanID
	Group Group
	Lead  string
	State TaskState
}

const taskColumns = `t.tenant_id, t.id, t.plan_id, p.number as plan_number, p.issued as plan_issued, p.to_year, t.code, t.text,
	t.task_group, t.lead, coalesce((
		select d.name
		from plan.department d
		where d.tenant_id = any ($1) and d.tenant_id = t.tenant_id and d.plan_id = t.plan_id and d.code = t.lead), t.lead) as lead_name,
	t.with_departments, t.due, t.planned, t.unit, t.output,
	t.funding, t.state, t.done, t.evidence, t.changed_at`

const taskTables = `plan.task t
		join plan.plan p on p.tenant_id = any ($1) and p.tenant_id = t.tenant_id and p.id = t.plan_id`

// Tasks returns the tasks of plans, in the order of the plans, the newest first.
func Tasks(ctx context.Context, tx tenant.Tx, f TaskFilter) ([]Task, error) {
	inGroup := "$3 = ''"
	if f.Group != "" {
		inGroup = "t.task_group = $3"
	}
	return tenant.List[Task](ctx, tx, `
		select `+taskColumns+`
		from `+taskTables+`
		where t.tenant_id = any ($1)
		and `+ofPlan("t.plan_id", f.Plan)+`
		and `+inGroup+`
		and ($4 = '' or t.lead = $4)
		and ($5 = '' or t.state = $5)
		order by p.issued desc, t.plan_id desc, t.position`, f.Plan, f.Group, f.Lead, f.State)
}

// FindTask returns a task.
func FindTask(ctx context.Context, tx tenant.Tx, id TaskID) (Task, error) {
	return tenant.One[Task](ctx, tx, `
		select `+taskColumns+`
		from `+taskTables+`
		where t.tenant_id = any ($1) and t.id = $2`, id)
}

// ReportTask notes how far a task has come: how much of its unit is done, its state, and by what that is proven. The
// state goes one step on or any number back. Errors: fault.Forbidden when the person's department takes no part in the
// task; fault.Invalid by the form's fields done, state and evidence; fault.Conflict for a task of a province that was
// merged, or one that somebody else reports at the same time.
func ReportTask(ctx context.Context, tx tenant.Tx, who authz.Identity, id TaskID, done int, to TaskState, evidence string) error {
	t, err := FindTask(ctx, tx, id)
	if err != nil {
		return err
	}
	if !MayReport(who, t) {
		return fault.Say(fault.Forbidden, "Đơn vị của bạn không chủ trì, không phối hợp nhiệm vụ %s nên không báo cáo được.", t.Code)
	}
	if err := tx.Owns(t.TenantID); err != nil {
		return err
	}
	evidence = strings.TrimSpace(evidence)
	if err := checkReport(t, done, to, evidence); err != nil {
		return err
	}
	if done == t.Done && to == t.State && evidence == t.Evidence {
		return nil
	}
	n, err := tx.Exec(ctx, `
		update plan.task
		set done = $3, state = $4, evidence = $5, changed_at = $6
		where tenant_id = $1 and id = $2 and state = $7 and done = $8`, id, done, to, evidence, tx.Now(), t.State, t.Done)
	if err != nil {
		return fmt.Errorf("report task: %w", err)
	}
	if n == 0 {
		return fault.Say(fault.Conflict, "Nhiệm vụ này vừa được người khác báo cáo. Hãy xem lại rồi gửi.")
	}
	now := t
	now.Done, now.State, now.Evidence = done, to, evidence
	if err := audit.WriteChange(ctx, tx, who, "task.report", audit.Record{Subject: "task", ID: int64(id)}, reportSentence(t, done, to, evidence), t.fields(), now.fields()); err != nil {
		return err
	}
	return measure.Changed(ctx, tx)
}

// reportSentence says what a report changed.
func reportSentence(t Task, done int, to TaskState, evidence string) string {
	what := "Báo cáo nhiệm vụ " + t.Code
	switch {
	case to.rank() < t.State.rank():
		what += ": chuyển lại từ “" + t.State.Name() + "” về “" + to.Name() + "”"
	case to != t.State:
		what += ": chuyển từ “" + t.State.Name() + "” sang “" + to.Name() + "”"
	}
	if before, after := t.Result(), (Task{Planned: t.Planned, Unit: t.Unit, Done: done}).Result(); before != after {
		what += "; kết quả " + after
	}
	if evidence != "" && evidence != t.Evidence {
		what += ". Căn cứ: " + evidence
	}
	return what
}

// Known reports whether the transaction's own tenant has the plan of a file already.
func Known(ctx context.Context, tx tenant.Tx, f File) (bool, error) {
	return tenant.Value[bool](ctx, tx, `
		select exists (
			select from plan.plan
			where tenant_id = any ($1) and tenant_id = $2 and issued = $3 and number = $4 and (number <> '' or title = $5))`,
		tx.Tenant(), f.Issued, f.Number, f.Title)
}
