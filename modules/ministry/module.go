package ministry

import (
	"txng/authz"
	"txng/modules/internal/web"
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.Nation("/bo", authz.NationView, showNation)
	a.Nation("/bo/{slug}", authz.NationView, showProvince)
	a.Menu("Toàn quốc", "Các tỉnh, thành phố", "/bo", "map", authz.NationView)
}
