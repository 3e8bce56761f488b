package kpi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"txng/modules/internal/job"
	"txng/modules/internal/measure"
	"txng/tenant"
)

// Jobs registers what refreshes the roll-ups: of one tenant after a change, of all that work every minute.
func Jobs(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, j measure.Refresh) error { return refreshOne(ctx, w.DB, j.Tenant) })
	job.Handle(w, func(ctx context.Context, _ measure.RefreshAll) error { return refreshAll(ctx, w.DB) })
	w.Every(time.Minute, measure.RefreshAll{})
}

// refreshOne refreshes a tenant after a change in it. One that was suspended or archived since keeps its figures: nothing
// is written there, so there is no use in trying again.
func refreshOne(ctx context.Context, db *tenant.DB, id tenant.ID) error {
	t, err := db.Tenant(ctx, id)
	if err != nil || t.State == tenant.Suspended || t.State == tenant.Archived {
		return err
	}
	return RefreshTenant(ctx, db, id)
}

// RefreshTenant computes a tenant's roll-ups: over what it reads, over each part that it gave to another province and,
// when provinces were merged into it or communes moved, also as it was, alone. What origins keep of the parts that it
// took is copied.
func RefreshTenant(ctx context.Context, db *tenant.DB, id tenant.ID) error {
	scope, err := db.Scope(ctx, id)
	if err != nil {
		return err
	}
	gave, err := db.PartsOf(ctx, id)
	if err != nil {
		return err
	}
	copies := map[int64][]partRollup{}
	for _, p := range scope.Took() {
		area, err := db.Area(ctx, p.Part)
		if err != nil {
			return err
		}
		if err := db.View(ctx, area, func(tx tenant.Tx) (err error) {
			copies[p.ID], err = newestOfPart(ctx, tx, p.ID)
			return err
		}); err != nil {
			return err
		}
	}
	if err := db.In(ctx, scope, func(tx tenant.Tx) error {
		for part, rows := range copies {
			if err := keepPart(ctx, tx, part, rows); err != nil {
				return err
			}
		}
		for _, p := range gave {
			if err := RefreshPart(ctx, tx, p); err != nil {
				return err
			}
		}
		return Refresh(ctx, tx)
	}); err != nil {
		return err
	}
	origins, err := db.Origins(ctx, id)
	if err != nil || len(origins)+len(scope.Gave())+len(scope.Took()) == 0 {
		return err
	}
	return db.In(ctx, scope.Alone(), func(tx tenant.Tx) error { return RefreshAlone(ctx, tx) })
}

// refreshAll also refreshes provinces that were merged, whose businesses go on there: the ministry may ask how each of
// them does. It goes on past a tenant that fails, and fails at the end.
func refreshAll(ctx context.Context, db *tenant.DB) error {
	tenants, err := db.Tenants(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, t := range tenants {
		if t.State != tenant.Active && t.State != tenant.Merged {
			continue
		}
		if err := RefreshTenant(ctx, db, t.ID); err != nil {
			failed = errors.Join(failed, fmt.Errorf("refresh %s: %w", t.Slug, err))
		}
	}
	return failed
}
