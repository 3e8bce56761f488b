package kpi

import (
	"context"
	"testing"
	"time"

	"txng/tenant"
	"txng/tenant/tenanttest"
)

// rollups returns the kept values of a measure by day.
func rollups(t *testing.T, e *tenanttest.Env, s tenant.Scope, key string) map[time.Time]Value {
	t.Helper()
	kept := map[time.Time]Value{}
	in(t, e, s, func(ctx context.Context, tx tenant.Tx) error {
		list, err := History(ctx, tx, key)
		for _, r := range list {
			kept[r.Day] = r.Value()
		}
		return err
	})
	return kept
}

func TestBackfilledDaysFollowTheTimesOfRows(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	business(t, e, e.Scope, 1)
	activate(t, e, e.Scope, 1)
	business(t, e, e.Scope, 2) // all of it today
	for _, sql := range []string{
		`update organization.organization set created_at = now() - interval '20 days', decided_at = now() - interval '10 days' where tenant_id = $1 and id = 1`,
		`update catalog.product set created_at = now() - interval '9 days' where tenant_id = $1 and id = 1`,
		`insert into audit.entry (tenant_id, id, at, account_id, who, role, action, subject, subject_id, what)
			values ($1, 1, now() - interval '8 days', 1, 'Sở', 'org_owner', 'product.publish', 'product', 1, 'Công bố')`,
		`update stamps.stamp_order set created_at = now() - interval '6 days' where tenant_id = $1 and number = 1`,
		`insert into scan.scan (tenant_id, id, org_id, order_number, index, verdict, at)
			select $1, i, 1, 1, 0, 'genuine', now() - i * interval '1 day' from generate_series(0, 3) i`,
	} {
		exec(t, e, e.Scope, sql)
	}
	in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error { return Backfill(ctx, tx, 30) })
	for key, want := range map[string]map[int]Value{ // by days before today
		Organizations:   {21: {0, 0}, 20: {0, 1}, 11: {0, 1}, 10: {1, 1}, 1: {1, 1}},
		Products:        {10: {0, 0}, 9: {0, 1}, 8: {1, 1}, 1: {1, 1}},
		StampsOrdered:   {7: {0, 0}, 6: {500, 0}, 1: {500, 0}},
		StampsActivated: {7: {0, 0}, 6: {0, 500}, 1: {0, 500}},
		Scans:           {4: {0, 0}, 3: {1, 0}, 2: {2, 0}, 1: {3, 0}},
	} {
		kept := rollups(t, e, e.Scope, key)
		if len(kept) != 30 {
			t.Errorf("%s: got %d days, want 30 before today", key, len(kept))
		}
		for ago, value := range want {
			if got := kept[Today(e.DB.Now()).AddDate(0, 0, -ago)]; got != value {
				t.Errorf("%s %d days ago: got %v, want %v", key, ago, got, value)
			}
		}
	}
	if kept := rollups(t, e, e.Scope, TasksDone); len(kept) != 0 {
		t.Errorf("%s has days whose rows are not known: %v", TasksDone, kept)
	}
}

func TestDaysOfRowsEndInTodaysValue(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for n := range int64(3) {
		business(t, e, e.Scope, n+1)
	}
	activate(t, e, e.Scope, 2)
	exec(t, e, e.Scope, `update organization.organization set state = 'pending' where tenant_id = $1 and id = 1`)
	exec(t, e, e.Scope, `update catalog.product set state = 'draft' where tenant_id = $1 and id = 3`)
	exec(t, e, e.Scope, `
		insert into stamps.stamp_range (tenant_id, id, org_id, order_number, first, last, state, at)
		values ($1, 9, 2, 2, 0, 9, 'void', now())`)
	exec(t, e, e.Scope, `
		insert into scan.scan (tenant_id, id, org_id, order_number, index, verdict, at)
		select $1, i, 2, 2, i, 'genuine', now() - i * interval '1 day' from generate_series(0, 6) i`)
	_, other := e.NewTenant(t)
	business(t, e, other, 1) // counts nothing here
	for key := range changes {
		in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error {
			today := Today(tx.Now())
			days, err := valuesSince(ctx, tx, key, today, today)
			if err != nil {
				return err
			}
			if got, want := days[0].Value(), value(t, e, e.Scope, key); got != want || want.Numerator == 0 {
				t.Errorf("%s: rows by day end in %v, the value is %v", key, got, want)
			}
			return nil
		})
	}
}

func TestBackfillLeavesWhatWasTakenOnItsDay(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	day := Today(e.DB.Now()).AddDate(0, 0, -2)
	exec(t, e, e.Scope, `
		insert into kpi.rollup (tenant_id, measure, day, numerator, denominator, computed_at)
		values ($1, 'scans', $2, 77, 0, now())`, day)
	in(t, e, e.Scope, Refresh)
	in(t, e, e.Scope, func(ctx context.Context, tx tenant.Tx) error { return Backfill(ctx, tx, 5) })
	if got, want := rollups(t, e, e.Scope, Scans)[day], (Value{77, 0}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
