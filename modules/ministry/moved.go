package ministry

import (
	"context"
	"slices"
	"time"

	"txng/modules/internal/vi"
	"txng/modules/kpi"
	"txng/tenant"
)

// part is some communes that went to another province, between two provinces of today's map.
type part struct {
	ID                int64
	Origin, Successor tenant.ID
	Units             []string
	Effective         time.Time
}

// between is a part with the provinces of the map that hold its origin and its successor, which may have been merged
// since.
type between struct {
	part
	from, to tenant.ID
}

// moved is a part as one of its two provinces has it.
type moved struct {
	part
	gave  bool
	other string // the other province's name
}

// sign is what the part's figures are multiplied by before they are added to the province's.
func (m moved) sign() int64 {
	if m.gave {
		return -1
	}
	return 1
}

// parts returns the parts in effect that count for another province of the list than their origin's: those within one
// province, or with a province that the list has not, change no figure.
func parts(ctx context.Context, tx tenant.Nation, list []Province) ([]between, error) {
	all, err := tenant.List[part](ctx, tx, `
		select id, origin, successor, units, effective
		from tenant.part
		where undone_at is null and effective <= $1
		order by effective, id`, today(tx))
	if err != nil || len(all) == 0 {
		return nil, err
	}
	lineage, err := tenant.List[struct{ Successor, Origin tenant.ID }](ctx, tx, `
		select successor, origin
		from tenant.lineage
		where effective <= $1`, today(tx))
	if err != nil {
		return nil, err
	}
	into := map[tenant.ID]tenant.ID{}
	for _, l := range lineage {
		into[l.Origin] = l.Successor
	}
	holder := func(id tenant.ID) tenant.ID {
		for range len(into) { // a circle ends
			next, merged := into[id]
			if !merged {
				break
			}
			id = next
		}
		return id
	}
	shown := func(id tenant.ID) bool { return slices.ContainsFunc(list, func(p Province) bool { return p.ID == id }) }
	var found []between
	for _, p := range all {
		b := between{p, holder(p.Origin), holder(p.Successor)}
		if b.from != b.to && shown(b.from) && shown(b.to) {
			found = append(found, b)
		}
	}
	return found, nil
}

// move takes the newest figures of parts off the provinces that gave them and adds them to those that took them.
func move(ctx context.Context, tx tenant.Nation, list []Province) error {
	all, err := parts(ctx, tx, list)
	if err != nil {
		return err
	}
	at := func(id tenant.ID) *Province {
		return &list[slices.IndexFunc(list, func(p Province) bool { return p.ID == id })]
	}
	for _, p := range all {
		from, to := at(p.from), at(p.to)
		from.moved = append(from.moved, moved{p.part, true, to.Name})
		to.moved = append(to.moved, moved{p.part, false, from.Name})
		newest, err := tenant.List[rollup](ctx, tx, `
			select tenant_id, measure, day, numerator, denominator, computed_at
			from kpi.part
			where tenant_id = $1 and part = $2 and day = (
				select max(day)
				from kpi.part
				where tenant_id = $1 and part = $2)`, p.Origin, p.ID)
		if err != nil {
			return err
		}
		for _, r := range newest {
			from.values[r.Measure] = from.values[r.Measure].Add(r.Value(), -1)
			to.values[r.Measure] = to.values[r.Measure].Add(r.Value(), 1)
		}
	}
	return nil
}

// moveDays does the same to a province's days.
func moveDays(ctx context.Context, tx tenant.Nation, p Province, days map[string][]kpi.Rollup) error {
	for _, m := range p.moved {
		rows, err := tenant.List[rollup](ctx, tx, `
			select tenant_id, measure, day, numerator, denominator, computed_at
			from kpi.part
			where tenant_id = $1 and part = $2 and day > $3
			order by measure, day`, m.Origin, m.ID, today(tx).AddDate(0, 0, -historyDays))
		if err != nil {
			return err
		}
		of := map[string][]kpi.Rollup{}
		for _, r := range rows {
			of[r.Measure] = append(of[r.Measure], r.Rollup)
		}
		for measure := range of {
			kpi.Shift(days[measure], of[measure], m.sign())
		}
	}
	return nil
}

// movedLines says in words which communes the province gave and took.
func (p Province) movedLines() (lines []string) {
	for _, m := range p.moved {
		lines = append(lines, kpi.MovedWords(m.gave, m.other, m.Units, m.Effective))
	}
	return lines
}

// nationLines says it of the whole country.
func nationLines(list []Province) (lines []string) {
	for _, p := range list {
		for _, m := range p.moved {
			if m.gave {
				lines = append(lines, p.Name+" → "+m.other+", từ "+vi.Date(m.Effective)+": "+kpi.Communes(m.Units)+".")
			}
		}
	}
	return lines
}
