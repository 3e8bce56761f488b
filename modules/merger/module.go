package merger

import (
	"context"
	"time"

	"txng/authz"
	"txng/modules/internal/job"
	"txng/modules/internal/web"
	"txng/tenant"
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.PlatformForm("/tinh/{slug}/sap-nhap", authz.TenantMerge, showMerge, submitMerge)
	a.PlatformForm("/tinh/{slug}/huy-sap-nhap", authz.TenantMerge, showUndo, submitUndo)
	a.PlatformForm("/tinh/{slug}/chuyen-xa", authz.TenantMerge, showCede, submitCede)
}

// settle is the job that gives provinces their state on the day of their merger.
type settle struct{}

// Kind names the job.
func (settle) Kind() string { return "tenant_settle_mergers" }

// Jobs registers the module's job.
func Jobs(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, _ settle) error {
		_, err := tenant.SettleMergers(ctx, w.DB)
		return err
	})
	w.Every(10*time.Minute, settle{})
}
