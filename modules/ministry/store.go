package ministry

import (
	"context"
	"time"

	"txng/modules/kpi"
	"txng/tenant"
)

// standing is what the provinces are that the ministry sees: those of today. One that was merged is in its successor's
// roll-ups.
const standing = `t.state not in ('merged', 'archived')`

// Provinces returns the provinces of today with their newest roll-ups, by name in Vietnamese order.
func Provinces(ctx context.Context, tx tenant.Nation) ([]Province, error) {
	registered, err := tenant.List[registration](ctx, tx, `
		select id, slug, name, unit, state
		from tenant.tenant t
		where `+standing+`
		order by name collate "vi-x-icu"`)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, m := range kpi.Measures() {
		keys = append(keys, m.Key)
	}
	newest, err := tenant.List[rollup](ctx, tx, `
		select t.id as tenant_id, m.measure, r.day, r.numerator, r.denominator, r.computed_at
		from tenant.tenant t
		cross join unnest($1::text[]) as m (measure)
		cross join lateral (
			select day, numerator, denominator, computed_at
			from kpi.rollup
			where tenant_id = t.id and measure = m.measure
			order by day desc
			limit 1) r
		where `+standing, keys)
	if err != nil {
		return nil, err
	}
	list := make([]Province, len(registered))
	at := map[tenant.ID]int{}
	for i, r := range registered {
		list[i] = Province{registration: r, values: map[string]kpi.Value{}}
		at[r.ID] = i
	}
	for _, r := range newest {
		p := &list[at[r.TenantID]]
		p.values[r.Measure] = kpi.Value{Numerator: r.Numerator, Denominator: r.Denominator}
		if r.ComputedAt.After(p.ComputedAt) {
			p.ComputedAt = r.ComputedAt
		}
	}
	return list, nil
}

// registration is what the registry says of a province.
type registration struct {
	ID         tenant.ID
	Slug, Name string
	Unit       string
	State      tenant.State
}

// rollup is a value of one measure, day and tenant.
type rollup struct {
	TenantID tenant.ID
	Measure  string
	kpi.Rollup
}

// historyDays is how far back the charts go.
const historyDays = 90

// history returns a tenant's roll-ups of the last 90 days by measure, the oldest first.
func history(ctx context.Context, tx tenant.Nation, id tenant.ID, today time.Time) (map[string][]kpi.Rollup, error) {
	rows, err := tenant.List[rollup](ctx, tx, `
		select tenant_id, measure, day, numerator, denominator, computed_at
		from kpi.rollup
		where tenant_id = $1 and day > $2
		order by measure, day`, id, today.AddDate(0, 0, -historyDays))
	if err != nil {
		return nil, err
	}
	days := map[string][]kpi.Rollup{}
	for _, r := range rows {
		days[r.Measure] = append(days[r.Measure], r.Rollup)
	}
	return days, nil
}
