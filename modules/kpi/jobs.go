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

// Jobs registers what refreshes the roll-ups: of one tenant after a change, of all active tenants every minute.
func Jobs(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, j measure.Refresh) error { return refreshTenant(ctx, w.DB, j.Tenant) })
	job.Handle(w, func(ctx context.Context, _ measure.RefreshAll) error { return refreshAll(ctx, w.DB) })
	w.Every(time.Minute, measure.RefreshAll{})
}

func refreshTenant(ctx context.Context, db *tenant.DB, id tenant.ID) error {
	scope, err := db.Scope(ctx, id)
	if err != nil {
		return err
	}
	return db.In(ctx, scope, func(tx tenant.Tx) error { return Refresh(ctx, tx) })
}

// refreshAll goes on past a tenant that fails, and fails at the end.
func refreshAll(ctx context.Context, db *tenant.DB) error {
	tenants, err := db.Tenants(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, t := range tenants {
		if t.State != tenant.Active {
			continue
		}
		if err := refreshTenant(ctx, db, t.ID); err != nil {
			failed = errors.Join(failed, fmt.Errorf("refresh %s: %w", t.Slug, err))
		}
	}
	return failed
}
