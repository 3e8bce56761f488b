package plan

import (
	"txng/authz"
	"txng/modules/internal/web"
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.Get("/ke-hoach", authz.PlanView, listPlans)
	a.Get("/ke-hoach/{id}", authz.PlanView, showPlan)
	a.Form("/ke-hoach/nhap", authz.PlanImport, showUpload, preview)
	a.Submit("/ke-hoach/nhap/ghi", authz.PlanImport, showPreview, confirm)
	a.Get("/ke-hoach/mau.xlsx", authz.PlanImport, template)
	a.Get("/ke-hoach/dinh-dang", authz.PlanImport, showFormat)
	a.Get("/nhiem-vu", authz.PlanView, listTasks)
	a.Get("/nhiem-vu/{id}", authz.PlanView, showTask)
	a.Submit("/nhiem-vu/{id}/bao-cao", authz.TaskReport, showTask, report)
	a.Menu("Chương trình", "Kế hoạch", "/ke-hoach", "plan", authz.PlanView)
	a.Menu("Chương trình", "Nhiệm vụ", "/nhiem-vu", "task", authz.PlanView)
}
