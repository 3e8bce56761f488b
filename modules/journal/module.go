package journal

import (
	"context"
	"time"

	"txng/authz"
	"txng/modules/internal/job"
	"txng/modules/internal/web"
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.Get("/nhat-ky", authz.AuditView, list)
	a.Platform("/nhat-ky-he-thong", authz.PlatformAudit, platformList)
	a.Menu("Vận hành", "Nhật ký hệ thống", "/nhat-ky-he-thong", "history", authz.PlatformAudit)
	a.Menu("Quản trị", "Nhật ký", "/nhat-ky", "history", authz.AuditView)
}

// Jobs registers what seals the audits of the tenants and of the platform, every minute.
func Jobs(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, _ sealAll) error { return SealAll(ctx, w.DB) })
	w.Every(time.Minute, sealAll{})
}

// sealAll is the job that seals every audit.
type sealAll struct{}

// Kind names the job.
func (sealAll) Kind() string { return "audit_seal_all" }
