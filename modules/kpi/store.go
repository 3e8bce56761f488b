package kpi

import (
	"context"
	"fmt"
	"time"

	"txng/modules/internal/vi"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/fault"
)

// Row is one of the rows behind a measure: what it is, and what it adds to numerator and denominator.
type Row struct {
	Name, Detail, Link     string
	Numerator, Denominator int64
}

// Rows returns the rows behind a measure; those of one plan when the measure is one of tasks and plan is not 0. Rows of
// communes that went to another province are not among them; communes that came are one row a part. They add up to
// ValueOf.
func Rows(ctx context.Context, tx tenant.Tx, m Measure, of plan.PlanID) ([]Row, error) {
	switch {
	case m.Manual:
		return nil, nil
	case m.Key == TargetsMet:
		return targetRows(ctx, tx)
	}
	took, err := takenOf(ctx, tx, m)
	if err != nil {
		return nil, err
	}
	staying, args := m.staying(tx.Gave())
	rows, err := tenant.List[Row](ctx, tx, `
		select name, detail, link, numerator, denominator
		from (`+m.rows+`) r
		where tenant_id = any ($1) and $3::int is not null`+staying+`
		order by name, link`, append([]any{of, tx.Tenant()}, args...)...)
	for _, t := range took {
		rows = append(rows, t.row(m))
	}
	return rows, err
}

// ValueOf returns a measure's value as it is now; of one plan when the measure is one of tasks and plan is not 0.
func ValueOf(ctx context.Context, tx tenant.Tx, m Measure, of plan.PlanID) (Value, error) {
	switch {
	case m.Manual:
		return Value{}, nil
	case m.Key == TargetsMet:
		rows, err := targetRows(ctx, tx)
		var v Value
		for _, r := range rows {
			v.Numerator += r.Numerator
			v.Denominator += r.Denominator
		}
		return v, err
	}
	took, err := takenOf(ctx, tx, m)
	if err != nil {
		return Value{}, err
	}
	staying, args := m.staying(tx.Gave())
	v, err := m.sum(ctx, tx, of, staying, args...)
	for _, t := range took {
		v = v.Add(t.Value(), 1)
	}
	return v, err
}

// sum adds up the rows r behind a measure under a further condition, whose parameters begin at $4.
func (m Measure) sum(ctx context.Context, tx tenant.Tx, of plan.PlanID, condition string, args ...any) (Value, error) {
	v, err := tenant.One[Value](ctx, tx, `
		select coalesce(sum(numerator), 0)::bigint as numerator, coalesce(sum(denominator), 0)::bigint as denominator
		from (`+m.rows+`) r
		where tenant_id = any ($1) and $3::int is not null`+condition, append([]any{of, tx.Tenant()}, args...)...)
	if err != nil {
		return Value{}, fmt.Errorf("compute %s: %w", m.Key, err)
	}
	return v, nil
}

// Progress is a target with what its measure says now.
type Progress struct {
	plan.Target
	Plan    plan.Plan
	Measure Measure // zero for a target without a measure
	Value   Value
}

// Known reports whether the platform has a number for the target.
func (p Progress) Known() bool {
	// A measure of tasks says nothing about a plan in which no task is counted so.
	return p.Measure.Key != "" && p.Measure.Known(p.Value) && p.Target.Value != nil && (!p.Measure.OfTasks || p.Value.Denominator > 0)
}

// Met reports whether the target is reached. Shares are compared by cross-multiplication, without rounding.
func (p Progress) Met() bool {
	if !p.Known() {
		return false
	}
	have, want := p.Value.Numerator*1000, *p.Target.Value
	if p.Measure.Kind == plan.Percent {
		have, want = p.Value.Numerator*100_000, want*p.Value.Denominator
	}
	switch p.Op {
	case plan.AtMost:
		return have <= want
	case plan.Exactly:
		return have == want
	}
	return have >= want
}

// Targets returns the targets of all plans, the newest plan first, with their values.
func Targets(ctx context.Context, tx tenant.Tx) ([]Progress, error) {
	plans, err := plan.Plans(ctx, tx)
	if err != nil {
		return nil, err
	}
	targets, err := plan.Targets(ctx, tx, 0)
	if err != nil {
		return nil, err
	}
	type asked struct {
		key  string
		plan plan.PlanID
	}
	values := map[asked]Value{}
	var list []Progress
	for _, p := range plans {
		for _, t := range targets {
			if t.PlanID != p.ID {
				continue
			}
			progress := Progress{Target: t, Plan: p}
			if m, ok := MeasureOf(string(t.Measure)); ok {
				ask := asked{key: m.Key}
				if m.OfTasks {
					ask.plan = p.ID
				}
				v, known := values[ask]
				if !known {
					if v, err = ValueOf(ctx, tx, m, ask.plan); err != nil {
						return nil, err
					}
					values[ask] = v
				}
				progress.Measure, progress.Value = m, v
			}
			list = append(list, progress)
		}
	}
	return list, nil
}

// targetRows are the targets that the platform has numbers for.
func targetRows(ctx context.Context, tx tenant.Tx) ([]Row, error) {
	targets, err := Targets(ctx, tx)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, t := range targets {
		if !t.Known() {
			continue
		}
		r := Row{
			Name: t.Code + " – " + t.Text, Link: detailPath(t.Measure, t.PlanID), Denominator: 1,
			Detail: "Hiện nay " + t.Measure.Show(t.Value) + ", phải đạt " + t.Goal() + " · " + t.Plan.Name(),
		}
		if t.Met() {
			r.Numerator = 1
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// Today is the day in Việt Nam at which a roll-up taken at t is kept, at 00:00 UTC.
func Today(t time.Time) time.Time {
	y, m, d := t.In(vi.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Refresh computes every measure of the province and keeps the values as today's roll-ups, those of communes that went to
// another province included (RefreshPart keeps these apart): only the share of targets met is of the province as it is.
// Doing it again changes nothing but the values that have changed.
func Refresh(ctx context.Context, tx tenant.Tx) error { return refresh(ctx, tx, false) }

// RefreshAlone is Refresh for the values as they would be without the provinces that were merged into this one: for a
// transaction of Scope.Alone.
func RefreshAlone(ctx context.Context, tx tenant.Tx) error { return refresh(ctx, tx, true) }

func refresh(ctx context.Context, tx tenant.Tx, alone bool) error {
	var keys []string
	var numerators, denominators []int64
	for _, m := range measures {
		if m.Manual {
			continue
		}
		var v Value
		var err error
		if m.Key == TargetsMet {
			v, err = ValueOf(ctx, tx, m, 0)
		} else {
			v, err = m.sum(ctx, tx, 0, "")
		}
		if err != nil {
			return err
		}
		keys = append(keys, m.Key)
		numerators = append(numerators, v.Numerator)
		denominators = append(denominators, v.Denominator)
	}
	_, err := tx.Exec(ctx, `
		insert into kpi.rollup (tenant_id, measure, day, alone, numerator, denominator, computed_at)
		select $1, measure, $5, $7, numerator, denominator, $6
		from unnest($2::text[], $3::bigint[], $4::bigint[]) as x (measure, numerator, denominator)
		on conflict (tenant_id, measure, day, alone) do update
		set numerator = excluded.numerator, denominator = excluded.denominator, computed_at = excluded.computed_at`,
		keys, numerators, denominators, Today(tx.Now()), tx.Now(), alone)
	if err != nil {
		return fmt.Errorf("keep the roll-ups: %w", err)
	}
	return nil
}

// Rollup is a measure's value of one day.
type Rollup struct {
	Day                    time.Time
	Numerator, Denominator int64
	ComputedAt             time.Time
}

// Value is the roll-up's value.
func (r Rollup) Value() Value { return Value{r.Numerator, r.Denominator} }

// historyDays is how far back the charts go.
const historyDays = 90

// History returns a measure's roll-ups of the last 90 days, the oldest first: the province's own, which since a merger
// hold its predecessors' rows too and, from their day on, those of communes that came from another province and none of
// those that went; in a narrowed scope those of the one province by itself, as it was.
func History(ctx context.Context, tx tenant.Tx, key string) ([]Rollup, error) {
	of, narrowed := tx.Reading()
	if !narrowed {
		of = tx.Tenant()
	}
	alone := narrowed && of == tx.Tenant()
	since := Today(tx.Now()).AddDate(0, 0, -historyDays)
	days, err := tenant.List[Rollup](ctx, tx, `
		select day, numerator, denominator, computed_at
		from kpi.rollup
		where tenant_id = any ($1) and tenant_id = $2 and measure = $3 and day > $4 and alone = $5
		order by day`, of, key, since, alone)
	if err != nil {
		return nil, err
	}
	m, err := find(key)
	if err != nil {
		return nil, err
	}
	return days, movedHistory(ctx, tx, m, days, since)
}

// find returns the measure with the key; fault.NotFound when there is none.
func find(key string) (Measure, error) {
	m, ok := MeasureOf(key)
	if !ok {
		return Measure{}, fault.NotFound
	}
	return m, nil
}
