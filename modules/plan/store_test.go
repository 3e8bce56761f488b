package plan

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

var admin = authz.Identity{Account: 1, Name: "Trần Thị Hoa", Role: authz.DOSTAdmin}

func officer(department string) authz.Identity {
	return authz.Identity{Account: 2, Name: "Lê Văn Bình", Role: authz.DepartmentOfficer, Department: department}
}

// programme reads one of the five real plans.
func programme(t *testing.T, name string) File {
	t.Helper()
	r, err := os.Open(filepath.Join("programmes", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := ReadFile(name+".yaml", r)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func in(t *testing.T, e *tenanttest.Env, s tenant.Scope, f func(ctx context.Context, tx tenant.Tx) error) error {
	t.Helper()
	return e.DB.In(t.Context(), s, func(tx tenant.Tx) error { return f(t.Context(), tx) })
}

func imported(t *testing.T, e *tenanttest.Env, name string) (id PlanID) {
	t.Helper()
	if err := in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) (err error) {
		id, err = Import(ctx, tx, admin, programme(t, name))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestEveryProgrammeIsStoredAsItsFileSays(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"nghe-an", "quang-nam", "bac-giang", "da-nang", "ho-chi-minh"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := tenanttest.New(t)
			f := programme(t, name)
			id := imported(t, e, name)
			if err := in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
				p, err := FindPlan(ctx, tx, id)
				if err != nil {
					return err
				}
				if p.Number != f.Number || p.Issued != f.Issued || p.FromYear != f.From || p.ToYear != f.To || !slices.Equal(p.Basis, f.Basis) || !slices.Equal(p.Notes, f.Notes) || !slices.Equal(p.Funding, f.Funding) {
					t.Errorf("plan: got %+v", p)
				}
				targets, err := Targets(ctx, tx, id)
				if err != nil {
					return err
				}
				if len(targets) != len(f.Targets) {
					t.Fatalf("targets: got %d, want %d", len(targets), len(f.Targets))
				}
				for i, got := range targets {
					want := f.Targets[i]
					if got.Code != want.Code || got.Text != want.Text || got.Measure != want.Measure || !slices.Equal(got.With, want.With) {
						t.Errorf("target %d: got %+v, want %+v", i, got, want)
					}
					if number, ok := want.Value.Number(); ok && (got.Value == nil || *got.Value != int64(number*1000)) {
						t.Errorf("target %s: got value %v, want %v thousandths", got.Code, got.Value, number*1000)
					}
				}
				tasks, err := Tasks(ctx, tx, TaskFilter{Plan: id})
				if err != nil {
					return err
				}
				if len(tasks) != len(f.Tasks) {
					t.Fatalf("tasks: got %d, want %d", len(tasks), len(f.Tasks))
				}
				for i, got := range tasks {
					want := f.Tasks[i]
					if got.Code != want.Code || got.Group != want.Group || got.Planned != want.Count || got.Unit != want.Unit || got.State != Assigned || got.Deadline() != f.Deadline(want) {
						t.Errorf("task %d: got %+v, want %+v", i, got, want)
					}
				}
				official, err := tenant.Value[int](ctx, tx, `
					select count(*)::int
					from catalog.list_item
					where tenant_id = any ($1) and official`)
				want := 0
				for _, p := range f.Products {
					if p.List != Named && p.List != Voluntary {
						want++
					}
				}
				if official != want {
					t.Errorf("official products: got %d, want %d", official, want)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestPlanIsPutInOnce(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"da-nang": "Kế hoạch số 146/KH-UBND ban hành ngày 01/08/2022 đã được nhập.",
		"nghe-an": "đã được nhập.", // its number is not known
	} {
		e := tenanttest.New(t)
		imported(t, e, name)
		err := in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
			f := programme(t, name)
			f.Targets = f.Targets[:1] // another content is no other plan
			_, err := Import(ctx, tx, admin, f)
			return err
		})
		if !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), want) {
			t.Errorf("%s: got %v, want a conflict that says %q", name, err, want)
		}
		if err := in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
			plans, err := Plans(ctx, tx)
			if len(plans) != 1 {
				t.Errorf("%s: got %d plans, want 1", name, len(plans))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWrongFileStoresNothing(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	f := programme(t, "da-nang")
	f.Tasks[3].Lead = "KHONGCO"
	f.Products[0].Name = strings.Repeat("ă", 201)
	err := in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
		_, err := Import(ctx, tx, admin, f)
		return err
	})
	var wrong Errors
	if !errors.As(err, &wrong) || len(wrong) != 2 {
		t.Fatalf("got %v, want two errors by place", err)
	}
	if err := in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
		tasks, err := Tasks(ctx, tx, TaskFilter{})
		if len(tasks) != 0 {
			t.Errorf("got %d tasks, want none", len(tasks))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestLargePlanHasNumbersOfItsOwnForEveryTask(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	f := programme(t, "da-nang")
	f.Targets, f.Products = nil, nil
	first := f.Tasks[0]
	f.Tasks = nil
	for i := range 2000 {
		task := first
		task.Code = "N" + strings.Repeat("I", i%10) + string(rune('A'+i/10%20)) + string(rune('A'+i/200))
		f.Tasks = append(f.Tasks, task)
	}
	if err := in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
		_, err := Import(ctx, tx, admin, f)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestSeveralPlansGoInWithOneTransaction(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	if err := in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
		for _, p := range Programmes() {
			if _, err := Import(ctx, tx, admin, p.File); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestTaskGoesForwardStepByStepAndBack(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	imported(t, e, "da-nang")
	report := func(done int, to TaskState, evidence string) error {
		return in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
			task, err := taskByCode(ctx, tx, "NV2")
			if err != nil {
				return err
			}
			return ReportTask(ctx, tx, admin, task.ID, done, to, evidence)
		})
	}
	for _, step := range []struct {
		done     int
		to       TaskState
		evidence string
		wrong    string // field; "" when it is accepted
	}{
		{5, Done, "Báo cáo số 12/BC-SKHCN", "state"}, // a step left out
		{2, Doing, "", ""},
		{100_001, Doing, "", "done"},
		{-1, Doing, "", "done"},
		{3, "lost", "", "state"},
		{5, Done, "", "evidence"},
		{5, Done, "  có ", "evidence"},
		{5, Done, strings.Repeat("a", 1001), "evidence"},
		{5, Done, "Báo cáo số 12/BC-SKHCN", ""},
		{4, Assigned, "Giao lại", ""}, // any way back
	} {
		err := report(step.done, step.to, step.evidence)
		var wrong fault.Invalid
		errors.As(err, &wrong)
		if step.wrong == "" && err != nil || step.wrong != "" && wrong.Of(step.wrong) == "" {
			t.Errorf("%d %s %q: got %v, want wrong field %q", step.done, step.to, step.evidence, err, step.wrong)
		}
	}
	if err := in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
		what, err := tenant.Column[string](ctx, tx, `
			select what
			from audit.entry
			where tenant_id = any ($1) and action = 'task.report'
			order by at`)
		want := []string{
			"Báo cáo nhiệm vụ NV2: chuyển từ “Đã giao” sang “Đang thực hiện”; kết quả 2/5 khóa",
			"Báo cáo nhiệm vụ NV2: chuyển từ “Đang thực hiện” sang “Hoàn thành”; kết quả 5/5 khóa. Căn cứ: Báo cáo số 12/BC-SKHCN",
			"Báo cáo nhiệm vụ NV2: chuyển lại từ “Hoàn thành” về “Đã giao”; kết quả 4/5 khóa. Căn cứ: Giao lại",
		}
		if !slices.Equal(what, want) {
			t.Errorf("history: got %q, want %q", what, want)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func taskByCode(ctx context.Context, tx tenant.Tx, code string) (Task, error) {
	tasks, err := Tasks(ctx, tx, TaskFilter{})
	for _, task := range tasks {
		if task.Code == code {
			return task, err
		}
	}
	return Task{}, errors.Join(err, fault.NotFound)
}

func TestDepartmentReportsOnlyTasksThatItTakesPartIn(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	imported(t, e, "da-nang") // every task: lead SKHCN, with SBN and UBNDQH
	for _, c := range []struct {
		who  authz.Identity
		want error
	}{
		{officer("SBN"), nil},
		{officer("STC"), fault.Forbidden},
		{officer(""), fault.Forbidden},
		{authz.Identity{Account: 3, Name: "Xã", Role: authz.UnitOfficer, Unit: "16690@2025-07-01"}, fault.Forbidden},
		{authz.Identity{Account: 4, Name: "Lãnh đạo", Role: authz.Leader}, fault.Forbidden},
		{authz.Identity{Account: 5, Name: "Sở", Role: authz.DOSTOfficer}, nil},
	} {
		err := in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
			task, err := taskByCode(ctx, tx, "NV4")
			if err != nil {
				return err
			}
			return ReportTask(ctx, tx, c.who, task.ID, 1, Doing, c.who.Name)
		})
		if !errors.Is(err, c.want) {
			t.Errorf("%s of %q: got %v, want %v", c.who.Role, c.who.Department, err, c.want)
		}
	}
}

func TestSuccessorReadsButDoesNotReportTasksOfItsPredecessor(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	imported(t, e, "quang-nam")
	successor, _ := e.NewTenant(t)
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return tenant.Succeed(t.Context(), tx, tenant.Lineage{Successor: successor.ID, Origin: e.Tenant.ID, Effective: tx.Now(), Basis: "Nghị quyết 202/2025/QH15"})
	}); err != nil {
		t.Fatal(err)
	}
	e.DB.Forget()
	scope, err := e.DB.Scope(t.Context(), successor.ID)
	if err != nil {
		t.Fatal(err)
	}
	err = in(t, e, scope, func(ctx context.Context, tx tenant.Tx) error {
		tasks, err := Tasks(ctx, tx, TaskFilter{})
		if err != nil || len(tasks) == 0 {
			t.Fatalf("got %d tasks and %v, want those of the predecessor", len(tasks), err)
		}
		return ReportTask(ctx, tx, admin, tasks[0].ID, 0, Doing, "")
	})
	if !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}

func TestOtherTenantSeesNoPlan(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	id := imported(t, e, "da-nang")
	_, other := e.NewTenant(t)
	err := in(t, e, other, func(ctx context.Context, tx tenant.Tx) error {
		_, err := FindPlan(ctx, tx, id)
		return err
	})
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v, want not found", err)
	}
}

func TestGoalIsWrittenAsOfficersWriteIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  Kind
		op    Op
		value Value
		want  string
	}{
		{Percent, AtLeast, "30", "≥ 30 %"},
		{Percent, AtLeast, "33.3", "≥ 33,3 %"},
		{Percent, AtMost, "0.125", "≤ 0,125 %"},
		{Count, AtLeast, "20000", "≥ 20.000"},
		{Area, AtLeast, "162267", "≥ 162.267 ha"},
		{Money, Exactly, "300000000", "= 300.000.000 đ"},
		{Milestone, "", "2025-06-01", "01/06/2025"},
		{Milestone, AtMost, "2025-06", "≤ 06/2025"},
		{Milestone, "", "2025", "2025"},
		{Text, "", "", ""},
	} {
		value, err := FileTarget{Kind: c.kind, Value: c.value}.stored()
		if err != nil {
			t.Fatal(err)
		}
		if got := (Target{Kind: c.kind, Op: c.op, Value: value}).Goal(); got != c.want {
			t.Errorf("%s %s %s: got %q, want %q", c.kind, c.op, c.value, got, c.want)
		}
	}
}
