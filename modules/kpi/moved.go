package kpi

import (
	"context"
	"fmt"
	"slices"
	"time"

	"txng/modules/internal/vi"
	"txng/modules/plan"
	"txng/tenant"
)

// Communes that went to another province (tenant.Part) take their figures along from the day of effect on: the province
// that gave them leaves the rows of their organizations out, the one that took them adds them, and a province as it was
// (a narrowed scope) knows nothing of it. Three figures stand behind that:
//
//   - kpi.rollup of a province holds all rows that its tenants own, those of ceded communes too;
//   - kpi.part of the origin holds, beside it, the rows of one part: whoever adds up roll-ups takes it off here and adds
//     it there, so that each row counts once however old the roll-ups are;
//   - kpi.part of the successor is its copy of that, because a province reads rows of its own only.

// stands says that a row r belongs to an organization in communes, which are pairs of tenant and unit: $4 and $5. The
// organization is looked up by key, whatever the plan: how many rows a part has is nothing that a planner could know, and
// the join that it chose took seconds.
const stands = `coalesce((
			select (g.tenant_id, g.unit) in (
				select c.tenant, c.unit
				from unnest($4::int[], $5::text[]) as c (tenant, unit))
			from organization.organization g
			where g.tenant_id = any ($1) and g.tenant_id = r.tenant_id and g.id = r.org_id), false)`

// Moves reports whether a commune takes its figures of the measure along to another province: those whose rows belong to
// organizations. What the province itself plans, lists and reports has no commune.
func (m Measure) Moves() bool { return listOf[m.Key] != "" }

// Staying are the measures whose figures stay with the province that gives communes away.
func Staying() []Measure {
	return slices.DeleteFunc(Measures(), func(m Measure) bool { return m.Moves() })
}

// Stays says in a sentence why the figures of ceded communes are not taken off; "" for a measure that moves.
func (m Measure) Stays() string {
	switch {
	case m.Moves():
		return ""
	case m.Manual:
		return "Báo cáo thủ công theo tỉnh, thành phố nên không tách được theo xã, phường, đặc khu."
	case m.Key == TargetsMet:
		return "Chỉ tiêu là của kế hoạch từng tỉnh, thành phố nên không tách theo xã, phường, đặc khu; đạt hay chưa được xét trên số liệu sau khi chuyển."
	case m.OfTasks || m.Key == StagePlan:
		return "Kế hoạch, nhiệm vụ là của tỉnh, thành phố giao nên không tách được theo xã, phường, đặc khu; vẫn tính cho nơi giao."
	}
	return "Danh mục là của tỉnh, thành phố ban hành nên không tách được theo xã, phường, đặc khu; vẫn tính cho nơi ban hành, kể cả sản phẩm của xã đã chuyển."
}

// communesOf are the pairs of stands.
func communesOf(parts ...tenant.Part) (tenants []tenant.ID, units []string) {
	for _, p := range parts {
		of, in := p.Standing()
		for _, id := range of {
			for _, u := range in {
				tenants, units = append(tenants, id), append(units, u)
			}
		}
	}
	return tenants, units
}

// staying returns the condition on rows r of a measure that are not those of ceded communes, and its arguments.
func (m Measure) staying(gave []tenant.Moved) (condition string, args []any) {
	if len(gave) == 0 || !m.Moves() {
		return "", nil
	}
	var parts []tenant.Part
	for _, g := range gave {
		parts = append(parts, g.Part)
	}
	tenants, units := communesOf(parts...)
	return " and not " + stands, []any{tenants, units}
}

// RefreshPart computes the measures over the rows of a part that the tenant gave, and keeps them as today's.
func RefreshPart(ctx context.Context, tx tenant.Tx, p tenant.Part) error {
	tenants, units := communesOf(p)
	var rows []partRollup
	for _, m := range measures {
		if !m.Moves() {
			continue
		}
		v, err := m.sum(ctx, tx, 0, " and "+stands, tenants, units)
		if err != nil {
			return err
		}
		rows = append(rows, partRollup{m.Key, Rollup{Today(tx.Now()), v.Numerator, v.Denominator, tx.Now()}})
	}
	return keepPart(ctx, tx, p.ID, rows)
}

// partRollup is the value of a measure over a part.
type partRollup struct {
	Measure string
	Rollup
}

// newestOfPart returns what the origin keeps of a part: in a scope of the origin.
func newestOfPart(ctx context.Context, tx tenant.Tx, part int64) ([]partRollup, error) {
	return tenant.List[partRollup](ctx, tx, `
		select measure, day, numerator, denominator, computed_at
		from kpi.part
		where tenant_id = any ($1) and part = $2 and day = (
			select max(day)
			from kpi.part
			where tenant_id = any ($1) and part = $2)`, part)
}

func keepPart(ctx context.Context, tx tenant.Tx, part int64, rows []partRollup) error {
	var keys []string
	var days, computed []time.Time
	var numerators, denominators []int64
	for _, r := range rows {
		keys, days, computed = append(keys, r.Measure), append(days, r.Day), append(computed, r.ComputedAt)
		numerators, denominators = append(numerators, r.Numerator), append(denominators, r.Denominator)
	}
	if _, err := tx.Exec(ctx, `
		insert into kpi.part (tenant_id, part, measure, day, numerator, denominator, computed_at)
		select $1, $2, measure, day, numerator, denominator, computed_at
		from unnest($3::text[], $4::date[], $5::bigint[], $6::bigint[], $7::timestamptz[]) as x (measure, day, numerator, denominator, computed_at)
		on conflict (tenant_id, part, measure, day) do update
		set numerator = excluded.numerator, denominator = excluded.denominator, computed_at = excluded.computed_at`,
		part, keys, days, numerators, denominators, computed); err != nil {
		return fmt.Errorf("keep the roll-ups of part %d: %w", part, err)
	}
	return nil
}

// taken is what the province counts of a part that it looks after; ComputedAt is zero while nothing has come.
type taken struct {
	tenant.Moved
	Rollup
}

// takenOf returns the newest values of a measure over the parts that the province took.
func takenOf(ctx context.Context, tx tenant.Tx, m Measure) ([]taken, error) {
	took := tx.Took()
	if len(took) == 0 || !m.Moves() {
		return nil, nil
	}
	var list []taken
	for _, p := range took {
		newest, err := tenant.List[Rollup](ctx, tx, `
			select day, numerator, denominator, computed_at
			from kpi.part
			where tenant_id = any ($1) and tenant_id = $2 and part = $3 and measure = $4
			order by day desc
			limit 1`, tx.Tenant(), p.ID, m.Key)
		if err != nil {
			return nil, fmt.Errorf("read %s of part %d: %w", m.Key, p.ID, err)
		}
		t := taken{Moved: p}
		if len(newest) > 0 {
			t.Rollup = newest[0]
		}
		list = append(list, t)
	}
	return list, nil
}

// listOf are the measures whose rows belong to organizations, with the list on which those of a part are looked at.
var listOf = map[string]string{
	Organizations: "/to-chuc", string(plan.OrgsWithBarcodeTracedPercent): "/to-chuc",
	Products: "/san-pham", string(plan.ExportProductsTracedPercent): "/san-pham",
	StampsOrdered: "/tem", StampsActivated: "/tem", StageDeployed: "/tem", Scans: "/tem",
}

// row is the part as one of the rows behind a measure.
func (t taken) row(m Measure) Row {
	r := Row{
		Name: "Phần nhận từ " + t.Other.Name + ": " + Communes(t.Units), Link: listOf[m.Key] + "?goc=" + t.Other.Slug,
		Numerator: t.Numerator, Denominator: t.Denominator, Detail: "Từ " + vi.Date(t.Effective),
	}
	if t.ComputedAt.IsZero() {
		r.Detail += " · chưa tổng hợp"
	} else {
		r.Detail += " · tổng hợp lúc " + vi.DateTime(t.ComputedAt)
	}
	return r
}

// movedHistory adds to a measure's days, which it changes, what came with parts, and takes off what went.
func movedHistory(ctx context.Context, tx tenant.Tx, m Measure, days []Rollup, since time.Time) error {
	if !m.Moves() {
		return nil
	}
	shift := func(of tenant.ID, p tenant.Moved, sign int64) error {
		part, err := tenant.List[Rollup](ctx, tx, `
			select day, numerator, denominator, computed_at
			from kpi.part
			where tenant_id = any ($1) and tenant_id = $2 and part = $3 and measure = $4 and day > $5
			order by day`, of, p.ID, m.Key, since)
		Shift(days, part, sign)
		return err
	}
	for _, p := range tx.Gave() {
		if err := shift(p.Origin, p, -1); err != nil {
			return err
		}
	}
	for _, p := range tx.Took() {
		if err := shift(tx.Tenant(), p, 1); err != nil {
			return err
		}
	}
	return nil
}

// Shift adds, or with sign -1 takes off, a part's newest value as of each day from the days' values. Both are the oldest
// first. A value never falls below 0: right after a merger the province's roll-up may not hold the part's rows yet.
func Shift(days, part []Rollup, sign int64) {
	for i := range days {
		for len(part) > 1 && !part[1].Day.After(days[i].Day) {
			part = part[1:]
		}
		if len(part) > 0 && !part[0].Day.After(days[i].Day) {
			v := days[i].Value().Add(part[0].Value(), sign)
			days[i].Numerator, days[i].Denominator = v.Numerator, v.Denominator
		}
	}
}

// Add returns the value with another's numerator and denominator, times sign, added; at least 0.
func (v Value) Add(o Value, sign int64) Value {
	return Value{max(0, v.Numerator+sign*o.Numerator), max(0, v.Denominator+sign*o.Denominator)}
}
