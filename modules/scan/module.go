package scan

import (
	"net/http"

	"txng/authz"
	"txng/modules/internal/web"
	"txng/modules/stamps"
)

// Routes registers the module's pages. r must be started before the site serves.
func Routes(a *web.App, keys *stamps.Keys, r *Recorder) {
	p := public{keys: keys, recorder: r, refused: web.NewLimit(guesses)}
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		a.Open(method, "/01/{gtin}/21/{serial}", "whoever holds a product may ask whether its stamp is genuine", p.stamp)
		a.Open(method, "/01/{gtin}", "published products are for everybody", p.product)
		a.Open(method, "/anh/{tenant}/{product}", "photos of published products are for everybody", p.photo)
	}
	a.Get("/luot-quet", authz.ScanView, list)
	a.Menu("Truy xuất", "Lượt quét", "/luot-quet", "scan", authz.ScanView)
}
