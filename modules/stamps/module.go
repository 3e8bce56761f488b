package stamps

import (
	"txng/authz"
	"txng/modules/internal/web"
)

// Routes registers the module's pages. keys mint the serials on labels.
func Routes(a *web.App, keys *Keys) {
	a.Get("/tem", authz.StampView, list)
	a.Form("/tem/dat", authz.StampOrder, showNew, submitNew)
	a.Get("/tem/{number}", authz.StampView, show)
	a.Submit("/tem/{number}/kich-hoat", authz.StampActivate, show, submitActivate)
	a.Submit("/tem/{number}/huy", authz.StampActivate, show, submitVoid)
	a.Submit("/tem/{number}/thu-hoi", authz.StampRecall, show, submitRecall)
	a.Download("/tem/{number}/nhan.pdf", authz.StampPrint, keys.download)
	a.Menu("Truy xuất", "Tem truy xuất", "/tem", "stamp", authz.StampView)
}
