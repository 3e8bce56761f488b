package journal

import (
	"context"
	"errors"
	"fmt"

	"txng/modules/internal/audit"
	"txng/tenant"
)

// SealAll seals what is new in the audits of all tenants that may be written. It goes on past a tenant that fails, and
// fails at the end. A suspended tenant's entries (sign-ins, exports) are sealed when it works again.
func SealAll(ctx context.Context, db *tenant.DB) error {
	tenants, err := db.Tenants(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, t := range tenants {
		if t.State != tenant.Active && t.State != tenant.Merged {
			continue
		}
		if err := sealTenant(ctx, db, t.ID); err != nil {
			failed = errors.Join(failed, fmt.Errorf("seal %s: %w", t.Slug, err))
		}
	}
	return failed
}

func sealTenant(ctx context.Context, db *tenant.DB, id tenant.ID) error {
	scope, err := db.Scope(ctx, id)
	if err != nil {
		return err
	}
	for {
		var n int
		if err := db.In(ctx, scope, func(tx tenant.Tx) (err error) {
			n, err = audit.Seal(ctx, tx)
			return err
		}); err != nil || n < audit.Batch {
			return err
		}
	}
}

// Verify checks a tenant's audit against its seals. Where nothing is written, because the tenant is suspended or
// archived, nothing is sealed either: entries that wait there longer than usual are no finding.
func Verify(ctx context.Context, db *tenant.DB, t tenant.Tenant) (audit.Report, error) {
	scope, err := db.Scope(ctx, t.ID)
	if err != nil {
		return audit.Report{}, err
	}
	var r audit.Report
	if err := db.View(ctx, scope, func(tx tenant.Tx) (err error) {
		r, err = audit.Verify(ctx, tx)
		return err
	}); err != nil {
		return audit.Report{}, fmt.Errorf("verify %s: %w", t.Slug, err)
	}
	if t.State == tenant.Suspended || t.State == tenant.Archived {
		r.Forgive(audit.Late)
	}
	return r, nil
}
