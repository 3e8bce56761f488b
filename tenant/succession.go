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
