package kpi

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

var admin = authz.Identity{Account: 1, Name: "Trần Thị Hoa", Role: authz.DOSTAdmin}

func in(t *testing.T, e *tenanttest.Env, s tenant.Scope, f func(ctx context.Context, tx tenant.Tx) error) {
	t.Helper()
	if err := e.DB.In(t.Context(), s, func(tx tenant.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func exec(t *testing.T, e *tenanttest.Env, s tenant.Scope, sql string, args ...any) {
	t.Helper()
	in(t, e, s, func(ctx context.Context, tx tenant.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}

// business gives a province an approved organization that uses barcodes, with an exported product of the priority
// list, a lot, and an order of 500 stamps.
func business(t *testing.T, e *tenanttest.Env, s tenant.Scope, n int64) {
	t.Helper()
	exec(t, e, s, `
		insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
		values ($1, $2::bigint, 'cooperative', 'HTX Cam Vinh', lpad(($2::bigint + 1000000000)::text, 10, '0'), 'Nghi Lộc', '16690@2025-07-01', true, 'approved', now())`, n)
	exec(t, e, s, `
		insert into catalog.list_item (tenant_id, id, list, name, official, created_at)
		values ($1, $2::bigint, 'uu-tien', 'Cam ' || $2::bigint::text, true, now())`, n)
	exec(t, e, s, `
		insert into catalog.product (tenant_id, id, org_id, gtin, name, origin, list_item_id, exported, state, created_at)
		values ($1, $2::bigint, $2::bigint, lpad($2::bigint::text, 14, '0'), 'Cam Vinh', 'Nghệ An', $2::bigint, true, 'published', now())`, n)
	exec(t, e, s, `
		insert into trace.lot (tenant_id, id, org_id, product_id, code, place, produced_on, created_at)
		values ($1, $2::bigint, $2::bigint, $2::bigint, 'L1', 'Nghi Lộc', '2026-11-01', now())`, n)
	exec(t, e, s, `
		insert into stamps.stamp_order (tenant_id, number, org_id, product_id, gtin, quantity, request, created_at)
		values ($1, $2::bigint::int, $2::bigint, $2::bigint, lpad($2::bigint::text, 14, '0'), 500, 'r', now())`, n)
}

// activate activates the first hundred stamps of a business's order.
func activate(t *testing.T, e *tenanttest.Env, s tenant.Scope, n int64) {
	t.Helper()
	exec(t, e, s, `
		insert into stamps.stamp_range (tenant_id, id, org_id, order_number, first, last, state, lot_id, at)
		values ($1, $2::bigint, $2::bigint, $2::bigint::int, 0, 99, 'activated', $2::bigint, now())`, n)
}

func value(t *testing.T, e *tenanttest.Env, s tenant.Scope, key string) (v Value) {
	t.Helper()
	m, ok := MeasureOf(key)
	if !ok {
		t.Fatalf("no measure %q", key)
	}
	in(t, e, s, func(ctx context.Context, tx tenant.Tx) (err error) {
		v, err = ValueOf(ctx, tx, m, 0)
		return err
	})
	return v
}

func TestSharesMoveWhenStampsAreActivated(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	business(t, e, e.Scope, 1)
	_, other := e.NewTenant(t)
	business(t, e, other, 2)
	activate(t, e, other, 2) // what another province does counts nothing here
	keys := []string{string(plan.OrgsWithBarcodeTracedPercent), string(plan.PriorityProductsTracedPercent), string(plan.ExportProductsTracedPercent)}
	for _, key := range keys {
		if got, want := value(t, e, e.Scope, key), (Value{0, 1}); got != want {
			t.Errorf("%s before: got %v, want %v", key, got, want)
		}
	}
	activate(t, e, e.Scope, 1)
	for _, key := range keys {
		if got, want := value(t, e, e.Scope, key), (Value{1, 1}); got != want {
			t.Errorf("%s after: got %v, want %v", key, got, want)
		}
	}
	for key, want := range map[string]Value{
		StampsOrdered: {500, 0}, StampsActivated: {100, 500}, StageDeployed: {1, 0}, StageList: {1, 1}, Organizations: {1, 1}, Products: {1, 1},
		string(plan.MandatoryProductsTracedPercent): {0, 0},
	} {
		if got := value(t, e, e.Scope, key); got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
}

func TestOnlyWhatTheDefinitionSaysCounts(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for n := range int64(4) {
		business(t, e, e.Scope, n+1)
		activate(t, e, e.Scope, n+1)
	}
	business(t, e, e.Scope, 5)
	exec(t, e, e.Scope, `
		insert into stamps.stamp_range (tenant_id, id, org_id, order_number, first, last, state, at)
		values ($1, 5, 5, 5, 0, 99, 'void', now())`)
	exec(t, e, e.Scope, `update organization.organization set uses_barcode = false where tenant_id = $1 and id = 1`)
	exec(t, e, e.Scope, `update organization.organization set state = 'pending' where tenant_id = $1 and id = 2`)
	exec(t, e, e.Scope, `update catalog.product set state = 'draft' where tenant_id = $1 and id = 3`)
	exec(t, e, e.Scope, `update catalog.list_item set official = false where tenant_id = $1 and id = 4`)
	for key, want := range map[string]Value{
		string(plan.OrgsWithBarcodeTracedPercent):  {2, 3},
		string(plan.PriorityProductsTracedPercent): {3, 5}, // a draft is no traced product
		string(plan.ExportProductsTracedPercent):   {3, 4},
		StageList:                                  {4, 5},
		Organizations:                              {4, 5},
		Products:                                   {4, 5},
	} {
		if got := value(t, e, e.Scope, key); got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
}

func TestRowsBehindEveryMeasureAddUpToIt(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for n := range int64(3) {
		business(t, e, e.Scope, n+1)
	}
	activate(t, e, e.Scope, 2)
	exec(t, e, e.Scope, `
		insert into scan.scan (tenant_id, id, org_id, order_number, index, verdict, at)
		select $1, i, 2, 2, i, 'genuine', now()
		from generate_series(1, 7) i`)
	importProgrammes(t, e, e.Scope, "da-nang", "bac-giang")
	for _, m := range Measures() {
		in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
			rows, err := Rows(ctx, tx, m, 0)
			if err != nil {
				return err
			}
			var sum Value
			for _, r := range rows {
				sum.Numerator += r.Numerator
				sum.Denominator += r.Denominator
				if r.Name == "" || r.Link == "" || r.Link[0] != '/' {
					t.Errorf("%s: row %+v has no name or link", m.Key, r)
				}
			}
			v, err := ValueOf(ctx, tx, m, 0)
			if sum != v {
				t.Errorf("%s: rows add up to %v, value is %v", m.Key, sum, v)
			}
			if m.Manual != (m.rows == "" && m.Key != TargetsMet) || !m.Manual && len(rows) == 0 && m.Key != string(plan.MandatoryProductsTracedPercent) && m.Key != string(plan.ModelsCount) {
				t.Errorf("%s: %d rows, manual is %v", m.Key, len(rows), m.Manual)
			}
			return err
		})
	}
	if got, want := value(t, e, e.Scope, Scans), (Value{7, 0}); got != want {
		t.Errorf("scans: got %v, want %v", got, want)
	}
}

func importProgrammes(t *testing.T, e *tenanttest.Env, s tenant.Scope, slugs ...string) {
	t.Helper()
	for _, p := range plan.Programmes() {
		if slices.Contains(slugs, p.Slug) {
			in(t, e, s, func(ctx context.Context, tx tenant.Tx) error {
				_, err := plan.Import(ctx, tx, admin, p.File)
				return err
			})
		}
	}
}

// reportTask reports a task by its code.
func reportTask(t *testing.T, e *tenanttest.Env, s tenant.Scope, code string, done int, states ...plan.TaskState) {
	t.Helper()
	in(t, e, s, func(ctx context.Context, tx tenant.Tx) error {
		tasks, err := plan.Tasks(ctx, tx, plan.TaskFilter{})
		for _, task := range tasks {
			if task.Code == code {
				for _, state := range states {
					if err := plan.ReportTask(ctx, tx, admin, task.ID, done, state, "Báo cáo số 12/BC-SKHCN"); err != nil {
						return err
					}
				}
			}
		}
		return err
	})
}

func TestTargetsOfDaNangFollowReportsOfTasks(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	importProgrammes(t, e, e.Scope, "da-nang")
	reportTask(t, e, e.Scope, "NV2", 5, plan.Doing, plan.Done)
	reportTask(t, e, e.Scope, "NV4", 3, plan.Doing)
	in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
		targets, err := Targets(ctx, tx)
		want := map[string]string{"CT1": unknown, "CT2": unknown, "CT3": unknown, "CT4": met, "CT5": notMet, "CT6": notMet}
		for _, p := range targets {
			if got := p.standing(); got != want[p.Code] {
				t.Errorf("%s %s: got %s, want %s (%v)", p.Code, p.Text, got, want[p.Code], p.Value)
			}
		}
		if len(targets) != len(want) {
			t.Errorf("got %d targets, want %d", len(targets), len(want))
		}
		return err
	})
	for key, want := range map[string]Value{
		TargetsMet: {1, 3}, TasksDone: {1, 10}, StageTraining: {1, 4}, StageInfrastructure: {0, 1}, StagePlan: {1, 0}, StageList: {0, 8},
		string(plan.CoursesAwarenessCount): {5, 5}, string(plan.CoursesGuidanceCount): {3, 5}, string(plan.WorkshopsCount): {0, 1},
	} {
		if got := value(t, e, e.Scope, key); got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
}

func TestTargetOfBacGiangIsMetAtThirtyPercentAndNotBelow(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	importProgrammes(t, e, e.Scope, "bac-giang")
	for n := range int64(10) {
		business(t, e, e.Scope, n+1)
	}
	standing := func() (s string) {
		in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
			targets, err := Targets(ctx, tx)
			for _, p := range targets {
				if p.Target.Measure == plan.OrgsWithBarcodeTracedPercent {
					s = p.standing()
				}
			}
			return err
		})
		return s
	}
	activate(t, e, e.Scope, 1)
	activate(t, e, e.Scope, 2)
	if got := standing(); got != notMet {
		t.Errorf("at 2/10: got %s, want %s", got, notMet)
	}
	activate(t, e, e.Scope, 3)
	if got := standing(); got != met {
		t.Errorf("at 3/10: got %s, want %s", got, met)
	}
}

func TestRefreshKeepsOneRollupAMeasureAndDay(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	business(t, e, e.Scope, 1)
	kept := func() map[string]Value {
		type row struct {
			Measure                string
			Day                    time.Time
			Numerator, Denominator int64
		}
		values := map[string]Value{}
		in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
			rows, err := tenant.List[row](ctx, tx, `select measure, day, numerator, denominator from kpi.rollup where tenant_id = any ($1)`)
			for _, r := range rows {
				if _, twice := values[r.Measure]; twice {
					t.Errorf("%s is kept twice", r.Measure)
				}
				if want := Today(tx.Now()); !r.Day.Equal(want) {
					t.Errorf("%s: got day %v, want %v", r.Measure, r.Day, want)
				}
				values[r.Measure] = Value{r.Numerator, r.Denominator}
			}
			return err
		})
		return values
	}
	refresh := func() { in(t, e, e.Scope, Refresh) }
	refresh()
	first := kept()
	refresh()
	if second := kept(); len(second) != len(first) || len(first) < 15 {
		t.Errorf("got %d roll-ups, then %d", len(first), len(second))
	}
	key := string(plan.OrgsWithBarcodeTracedPercent)
	if got, want := first[key], (Value{0, 1}); got != want {
		t.Errorf("before: got %v, want %v", got, want)
	}
	activate(t, e, e.Scope, 1)
	refresh()
	if got, want := kept()[key], (Value{1, 1}); got != want {
		t.Errorf("after: got %v, want %v", got, want)
	}
	for _, m := range Measures() {
		if _, is := first[m.Key]; is == m.Manual {
			t.Errorf("%s: kept is %v, manual is %v", m.Key, is, m.Manual)
		}
	}
}

func TestDayOfARollupIsVietnams(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 17, 30, 0, 0, time.UTC) // half past midnight in Hà Nội
	if got, want := Today(at), time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSuccessorCountsTheRowsOfItsPredecessor(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	business(t, e, e.Scope, 1)
	activate(t, e, e.Scope, 1)
	successor, own := e.NewTenant(t)
	business(t, e, own, 1) // the same numbers in another tenant
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return tenant.Succeed(t.Context(), tx, tenant.Lineage{Successor: successor.ID, Origin: e.Tenant.ID, Effective: tx.Now(), Basis: "Nghị quyết 202/2025/QH15"})
	}); err != nil {
		t.Fatal(err)
	}
	e.DB.Forget()
	if err := RefreshTenant(t.Context(), e.DB, successor.ID); err != nil {
		t.Fatal(err)
	}
	scope, err := e.DB.Scope(t.Context(), successor.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{string(plan.OrgsWithBarcodeTracedPercent), string(plan.PriorityProductsTracedPercent), string(plan.ExportProductsTracedPercent)} {
		if got, want := value(t, e, scope, key), (Value{1, 2}); got != want {
			t.Errorf("%s: got %v, want %v", key, got, want)
		}
	}
	in(t, e, scope, func(ctx context.Context, tx tenant.Tx) error {
		days, err := History(ctx, tx, string(plan.OrgsWithBarcodeTracedPercent))
		if len(days) != 1 || days[0].Value() != (Value{1, 2}) {
			t.Errorf("roll-up: got %+v, want one of 1/2", days)
		}
		return err
	})
}

func TestOrdersOfAPredecessorAreNotTakenForTheSuccessorsOwn(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	business(t, e, e.Scope, 1)
	activate(t, e, e.Scope, 1)
	exec(t, e, e.Scope, `update stamps.stamp_order set quantity = 1234567 where tenant_id = $1`)
	successor, own := e.NewTenant(t)
	business(t, e, own, 1) // an order of the same number
	activate(t, e, own, 1)
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
	theirs := strconv.Itoa(int(e.Tenant.ID)) + "-1"
	for key, want := range map[string][]string{ // detail and link, the predecessor's first
		StampsOrdered:   {"Đợt tem " + theirs + " · 1.234.567 tem", "/tem/" + theirs, "Đợt tem 1 · 500 tem", "/tem/1"},
		StampsActivated: {"Đợt tem " + theirs + " · 1.234.567 tem", "/tem/" + theirs, "Đợt tem 1 · 500 tem", "/tem/1"},
		StageDeployed:   {"Đợt tem " + theirs + ", lô L1, 100 tem", "/tem/" + theirs, "Đợt tem 1, lô L1, 100 tem", "/tem/1"},
	} {
		m, _ := MeasureOf(key)
		in(t, e, scope, func(ctx context.Context, tx tenant.Tx) error {
			rows, err := Rows(ctx, tx, m, 0)
			slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(len(b.Link), len(a.Link)) })
			var got []string
			for _, r := range rows {
				got = append(got, r.Detail, r.Link)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", key, got, want)
			}
			return err
		})
	}
}

func TestNumbersInRowsAreGroupedAsEverywhere(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
		for _, n := range []int64{0, 7, 999, 1000, 3000, 10_000_000, 1_234_567_890} {
			got, err := tenant.Value[string](ctx, tx, `select `+grouped(`$2::bigint`)+` where $1::int[] is not null`, n)
			if want := vi.Int(n); err != nil || got != want {
				t.Errorf("got %q %v, want %q", got, err, want)
			}
		}
		return nil
	})
}

func TestShareOfTargetsSaysHowManyHaveNoNumber(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	importProgrammes(t, e, e.Scope, "da-nang")
	reportTask(t, e, e.Scope, "NV2", 5, plan.Doing, plan.Done)
	in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
		stats, err := Summary(ctx, tx)
		i := slices.IndexFunc(stats, func(s ui.Stat) bool { return s.Label == "Chỉ tiêu đạt" })
		if i < 0 {
			t.Fatal("the summary has no targets")
		}
		if got, want := stats[i].Hint, "1/3 chỉ tiêu có số liệu, trong 6 chỉ tiêu"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		return err
	})
}

func TestShareOfNothingIsNoNumber(t *testing.T) {
	t.Parallel()
	m, _ := MeasureOf(string(plan.OrgsWithBarcodeTracedPercent))
	for v, want := range map[Value]string{{0, 0}: "Chưa có số liệu", {0, 3}: "0,0 %", {1, 3}: "33,3 %", {3, 3}: "100,0 %"} {
		if got := m.Show(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
}
