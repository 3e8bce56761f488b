package tenant

import (
	"context"
	"slices"
)

// Succession returns the lineage by which a tenant was, or from a coming day is, merged into another; false when it is
// not.
func (db *DB) Succession(ctx context.Context, origin ID) (Lineage, bool, error) {
	r, err := db.snapshot(ctx)
	if err != nil {
		return Lineage{}, false, err
	}
	i := slices.IndexFunc(r.lineage, func(l Lineage) bool { return l.Origin == origin })
	if i < 0 {
		return Lineage{}, false, nil
	}
	return r.lineage[i], true, nil
}

// Heir returns the tenant that people of a province turn to today: the last successor that mergers in effect lead to; the
// tenant itself when it was not merged. What state it is in makes no difference.
func (db *DB) Heir(ctx context.Context, t Tenant) (Tenant, error) {
	r, err := db.snapshot(ctx)
	if err != nil {
		return t, err
	}
	day := dayOf(db.clock())
	for range r.lineage { // no longer than that: a lineage in a circle ends
		i := slices.IndexFunc(r.lineage, func(l Lineage) bool { return l.Origin == t.ID && !l.Effective.After(day) })
		if i < 0 {
			break
		}
		if t, err = db.Tenant(ctx, r.lineage[i].Successor); err != nil {
			return t, err
		}
	}
	return t, nil
}
