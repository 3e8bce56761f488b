package trace

import (
	"txng/authz"
	"txng/modules/internal/web"
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.Get("/lo-hang", authz.LotView, list)
	a.Form("/lo-hang/moi", authz.LotEdit, showNew, submitNew)
	a.Get("/lo-hang/{id}", authz.LotView, show)
	a.Submit("/lo-hang/{id}/su-kien", authz.LotEdit, show, submitEvent)
	a.Menu("Truy xuất", "Lô hàng", "/lo-hang", "package", authz.LotView)
}
