package onboarding

import (
	"context"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/tenant"
)

// Register puts a province into the registry as a draft, on behalf of who, and notes it in the platform's own audit: the
// province has none yet. Errors: those of tenant.Register.
func Register(ctx context.Context, tx tenant.Platform, who authz.Identity, n tenant.New) (tenant.Tenant, error) {
	n.State = tenant.Draft
	t, err := tenant.Register(ctx, tx, n)
	if err != nil {
		return t, err
	}
	return t, noteRegistered(ctx, tx, who, t)
}

// registerUnit is tenant.RegisterUnit, with the line of Register when the province was not there.
func registerUnit(ctx context.Context, tx tenant.Platform, who authz.Identity, ref string) (tenant.Tenant, error) {
	t, made, err := tenant.RegisterUnit(ctx, tx, ref)
	if err != nil || !made {
		return t, err
	}
	return t, noteRegistered(ctx, tx, who, t)
}

func noteRegistered(ctx context.Context, tx tenant.Platform, who authz.Identity, t tenant.Tenant) error {
	return audit.WriteChangeAsPlatform(ctx, tx, who, audit.Platform, "tenant.register", audit.Record{Subject: "tenant", ID: int64(t.ID)},
		"Ghi tên "+t.Name+" vào hệ thống, chưa vận hành", nil, audit.Of("Tên", t.Name, "Đơn vị hành chính", t.Unit).With("Tên miền con", t.Slug))
}
