package kpi

import (
	"txng/authz"
	"txng/modules/internal/web"
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.Get("/chi-tieu", authz.KPIView, listTargets)
	a.Get("/chi-tieu/{key}", authz.KPIView, showMeasure)
	a.Menu("Chương trình", "Chỉ tiêu", "/chi-tieu", "target", authz.KPIView)
}
