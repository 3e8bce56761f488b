package ministry

import (
	"context"
	"time"

	"txng/modules/kpi"
	"txng/tenant"
)

// Map is which provinces the ministry looks at.
type Map string

// The maps.
const (
	Present Map = ""      // as it is: a successor's figures hold those of the provinces that were merged into it, and of communes that came
	Before  Map = "truoc" // as it was: each province by itself, as if nothing had been merged or ceded
)

// standing is what the provinces are that a map, the first parameter, shows. A province that was merged stays on the map of
// before when it is archived.
const standing = `(t.state not in ('archived', 'merged') or $1 = 'truoc' and exists (
			select from tenant.lineage m
			where m.origin = t.id))`

// Provinces returns the provinces of a map with their newest roll-ups, by name in Vietnamese order.
func Provinces(ctx context.Context, tx tenant.Nation, m Map) ([]Province, error) {
	registered, err := tenant.List[registration](ctx, tx, `
		select id, slug, name, unit, state
		from tenant.tenant t
		where `+standing+`
		order by name collate "vi-x-icu"`, m)
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
		cross join unnest($2::text[]) as m (measure)
		cross join lateral (
			select day, numerator, denominator, computed_at
			from kpi.rollup
			where tenant_id = t.id and measure = m.measure and alone = (`+alone("m.measure")+`)
			order by day desc
			limit 1) r
		where `+standing, m, keys, today(tx))
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
	if m == Present {
		err = move(ctx, tx, list)
	}
	return list, err
}

// alone says whether a map, the first parameter, shows a tenant's figures of a measure without its predecessors', which
// only tenants with predecessors have; the third parameter is the day. Roll-ups hold what was ceded, so that they are a
// province's figures as it was, but for the targets met: those are judged by what counts for the province.
func alone(measure string) string {
	return `$1 = 'truoc' and (
				exists (
					select from tenant.lineage l
					where l.successor = t.id and l.effective <= $3)
				or ` + measure + ` = '` + kpi.TargetsMet + `' and exists (
					select from tenant.part c
					where t.id in (c.origin, c.successor) and c.undone_at is null and c.effective <= $3))`
}

// today is the day in Việt Nam.
func today(tx tenant.Nation) time.Time { return kpi.Today(tx.Now()) }

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

// history returns a province's roll-ups of the last 90 days by measure, the oldest first.
func history(ctx context.Context, tx tenant.Nation, m Map, p Province) (map[string][]kpi.Rollup, error) {
	rows, err := tenant.List[rollup](ctx, tx, `
		select r.tenant_id, r.measure, r.day, r.numerator, r.denominator, r.computed_at
		from kpi.rollup r
		join tenant.tenant t on t.id = r.tenant_id
		where r.tenant_id = $2 and r.day > $4 and r.alone = (`+alone("r.measure")+`)
		order by r.measure, r.day`, m, p.ID, today(tx), today(tx).AddDate(0, 0, -historyDays))
	if err != nil {
		return nil, err
	}
	days := map[string][]kpi.Rollup{}
	for _, r := range rows {
		days[r.Measure] = append(days[r.Measure], r.Rollup)
	}
	return days, moveDays(ctx, tx, p, days)
}
