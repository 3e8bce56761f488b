package catalog

import (
	"txng/authz"
	"txng/modules/internal/web"
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.Get("/san-pham", authz.CatalogView, list)
	a.Form("/san-pham/moi", authz.ProductEdit, showNew, submitNew)
	a.Get("/san-pham/{id}", authz.CatalogView, show)
	a.Get("/san-pham/{id}/anh", authz.CatalogView, photo)
	a.Submit("/san-pham/{id}/anh", authz.ProductEdit, show, submitPhoto)
	a.Submit("/san-pham/{id}/cong-bo", authz.ProductEdit, show, submitPublish)
	a.Submit("/san-pham/{id}/nhom", authz.CatalogList, show, submitGroup)
	a.Get("/danh-muc", authz.CatalogView, showLists)
	a.Submit("/danh-muc", authz.CatalogList, showLists, submitListItem)
	api(a)
	a.Menu("Chủ thể và sản phẩm", "Sản phẩm", "/san-pham", "package", authz.CatalogView)
	a.Menu("Chủ thể và sản phẩm", "Danh mục sản phẩm", "/danh-muc", "list", authz.CatalogView)
}
