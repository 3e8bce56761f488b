package journal

import (
	"context"
	"errors"
	"fmt"

	"txng/modules/internal/audit"
	"txng/tenant"
)

// SealAll seals what is new in the platform's own audit and in those of all tenants that may be written. It goes on
// past a tenant that fails, and fails at the end. A suspended tenant's entries (sign-ins, exports) are sealed when it
// works again.
func SealAll(ctx context.Context, db *tenant.DB) error {
	tenants, err := db.Tenants(ctx)
	if err != nil {
		return err
	}
	failed := sealPlatform(ctx, db)
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

// Report is what a check of an audit found.
type Report = audit.Report

func sealPlatform(ctx context.Context, db *tenant.DB) error {
	for {
		var n int
		if err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
			n, err = audit.SealPlatform(ctx, tx)
			return err
		}); err != nil {
			return fmt.Errorf("seal the platform's audit: %w", err)
		}
		if n < audit.Batch {
			return nil
		}
	}
}

// VerifyPlatform checks the platform's own audit against its seals.
func VerifyPlatform(ctx context.Context, db *tenant.DB) (r audit.Report, err error) {
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		r, err = audit.VerifyPlatform(ctx, tx)
		return err
	})
	return r, err
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
