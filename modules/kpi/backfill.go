package kpi

import (
	"context"
	"fmt"
	"time"

	"txng/tenant"
)

// changes are, of the measures whose rows carry their own time, statements that select what was added and when: at,
// numerator, denominator. All that was added by now is the measure's value. $1 are the tenants that are read.
//
// Other measures have no such statement: a task keeps its last report only, an entry of a list does not say since when
// it has been official.
var changes = map[string]string{
	Organizations: `
			select o.tenant_id, o.created_at as at, 0::bigint as numerator, 1::bigint as denominator
			from organization.organization o
			where o.tenant_id = any ($1)
			union all
			select o.tenant_id, coalesce(o.decided_at, o.created_at), 1, 0
			from organization.organization o
			where o.tenant_id = any ($1) and o.state = 'approved'`,
	Products: `
			select p.tenant_id, p.created_at as at, 0::bigint as numerator, 1::bigint as denominator
			from catalog.product p
			where p.tenant_id = any ($1)
			union all
			select p.tenant_id, coalesce(x.at, p.created_at), 1, 0
			from catalog.product p
			cross join lateral (
				select min(e.at) as at
				from audit.entry e
				where e.tenant_id = any ($1) and e.tenant_id = p.tenant_id and e.subject = 'product' and e.subject_id = p.id
					and e.action = 'product.publish') x
			where p.tenant_id = any ($1) and p.state = 'published'`,
	StampsOrdered: `
			select o.tenant_id, o.created_at as at, o.quantity::bigint as numerator, 0::bigint as denominator
			from stamps.stamp_order o
			where o.tenant_id = any ($1)`,
	StampsActivated: `
			select o.tenant_id, o.created_at as at, 0::bigint as numerator, o.quantity::bigint as denominator
			from stamps.stamp_order o
			where o.tenant_id = any ($1)
			union all
			select r.tenant_id, r.at, (r.last - r.first + 1)::bigint, 0
			from stamps.stamp_range r
			where r.tenant_id = any ($1) and r.state = 'activated'`,
	Scans: `
			select s.tenant_id, s.at, 1::bigint as numerator, 0::bigint as denominator
			from scan.scan s
			where s.tenant_id = any ($1)`,
}

// valuesSince returns a measure's value at the end of each day from first to last, computed from the rows of changes.
// The days are those of Today.
func valuesSince(ctx context.Context, tx tenant.Tx, key string, first, last time.Time) ([]Rollup, error) {
	added, err := tenant.List[Rollup](ctx, tx, `
		select (at at time zone 'Asia/Ho_Chi_Minh')::date as day, sum(numerator)::bigint as numerator,
			sum(denominator)::bigint as denominator, max(at) as computed_at
		from (`+changes[key]+`) r
		where tenant_id = any ($1)
		group by 1
		order by 1`)
	if err != nil {
		return nil, fmt.Errorf("compute the days of %s: %w", key, err)
	}
	var days []Rollup
	var sum Value
	for day := first; !day.After(last); day = day.AddDate(0, 0, 1) {
		for len(added) > 0 && !added[0].Day.After(day) {
			sum.Numerator += added[0].Numerator
			sum.Denominator += added[0].Denominator
			added = added[1:]
		}
		days = append(days, Rollup{Day: day, Numerator: sum.Numerator, Denominator: sum.Denominator, ComputedAt: tx.Now()})
	}
	return days, nil
}

// Backfill keeps roll-ups of the days before today, of the measures whose rows carry their own time, computed from those
// rows: for a province whose records are older than its roll-ups. A roll-up that was taken on its day stays.
func Backfill(ctx context.Context, tx tenant.Tx, days int) error {
	today := Today(tx.Now())
	for key := range changes {
		list, err := valuesSince(ctx, tx, key, today.AddDate(0, 0, -days), today.AddDate(0, 0, -1))
		if err != nil {
			return err
		}
		var on []time.Time
		var numerators, denominators []int64
		for _, d := range list {
			on = append(on, d.Day)
			numerators = append(numerators, d.Numerator)
			denominators = append(denominators, d.Denominator)
		}
		if _, err := tx.Exec(ctx, `
			insert into kpi.rollup (tenant_id, measure, day, numerator, denominator, computed_at)
			select $1, $2, day, numerator, denominator, $6
			from unnest($3::date[], $4::bigint[], $5::bigint[]) as x (day, numerator, denominator)
			on conflict (tenant_id, measure, day, alone) do nothing`,
			key, on, numerators, denominators, tx.Now()); err != nil {
			return fmt.Errorf("keep the days of %s: %w", key, err)
		}
	}
	return nil
}
