package scan

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"
	"strconv"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"bytes"
	"net/http/httptest"

	"github.com/chromedp/chromedp"

	"txng/authz"
	"txng/modules/stamps"
	"txng/modules/trace"
	"txng/tenant"
	"txng/modules/internal/web"
	"txng/modules/trace/tracetest"
	"io"
)

func TestScratch(t *testing.T) {
	s := open(t)
	site := s.World.Serve(t, func(a *web.App) { trace.Routes(a); stamps.Routes(a, s.keys); Routes(a, s.keys, s.recorder) })
	img := image.NewRGBA(image.Rect(0, 0, 800, 600))
	for y := range 600 { for x := range 800 { img.Set(x, y, color.RGBA{uint8(200 + x/20), uint8(120 + y/10), 40, 255}) } }
	var b bytes.Buffer
	png.Encode(&b, img)
	ref := stamps.Ref{Number: s.order.Number}
	s.In(t, s.Scope, func(tx tenant.Tx) error {
		tx.Exec(t.Context(), `update catalog.photo set bytes = $2 where tenant_id = $1`, b.Bytes())
		_, err := tx.Exec(t.Context(), `update catalog.product set illustrative = true, description = 'Cam Xã Đoài trồng tại xã Nghi Lộc, thu hoạch khi vỏ chuyển vàng.', shelf_life = '20 ngày kể từ ngày thu hoạch' where tenant_id = $1`)
		if err != nil { return err }
		stamps.SetVoid(t.Context(), tx, s.World.Owner, ref, 600, 609, "Tem in hỏng ở tờ thứ ba")
		return stamps.Recall(t.Context(), tx, s.Officer, ref, 100, 199, "Mẫu kiểm nghiệm có dư lượng thuốc bảo vệ thực vật vượt mức cho phép")
	})
	for i := range 40 {
		ctx := context.Background()
		s.recorder.Record(ctx, Hit{Stamp: stamps.Stamp{Tenant: int(s.Tenant.ID), Order: s.order.Number, Index: i % 7}, Org: s.Org, Verdict: []Verdict{Genuine, Genuine, Inactive}[i%3], At: time.Now().Add(-time.Duration(i*9) * time.Hour)})
	}
	owner, officer := site.SignIn(t, authz.OrgOwner), site.SignIn(t, authz.DOSTAdmin)
	lots, _ := tenant.Fetch[struct{ ID int64 }](t.Context(), s.DB, s.Scope, `select id from trace.lot where tenant_id = any ($1)`)
	lot := "/lo-hang/" + strconv.FormatInt(lots[0].ID, 10)
	// a proxy that adds cookie and posts
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("_to") == "" {
			r2, _ := http.NewRequest("GET", site.URL+r.URL.RequestURI(), nil)
			if c, err := r.Cookie("who"); err == nil { if c.Value == "owner" { r2.AddCookie(owner) } else if c.Value == "officer" { r2.AddCookie(officer) } }
			a, err := http.DefaultTransport.RoundTrip(r2)
			if err != nil { return }
			for k, v := range a.Header { w.Header()[k] = v }
			w.WriteHeader(a.StatusCode); io.Copy(w, a.Body); return
		}
		var a tracetest.Answer
		form, _ := url.ParseQuery(q.Get("_form"))
		a = site.Post(t, owner, q.Get("_to"), form)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(a.Body))
	}))
	defer proxy.Close()
	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	if err := chromedp.Do(ctx); err != nil { t.Fatal(err) }
	ctx, stop = context.WithTimeout(ctx, 4*time.Minute)
	defer stop()
	os.MkdirAll("/tmp/shots", 0o755)
	for _, p := range []struct{ name, who, path string }{
		{"lo", "owner", "/lo-hang"}, {"lo-moi", "owner", "/lo-hang/moi"}, {"lo-1", "owner", lot},
		{"lo-moi-sai", "", "/?_to=/lo-hang/moi&_form=" + url.QueryEscape("product="+strconv.FormatInt(s.Product,10)+"&code=lô 1&kind=harvest&produced=31/02/2026&clock=25&place=")},
		{"tem", "officer", "/tem"}, {"tem-dat", "owner", "/tem/dat"}, {"tem-1", "owner", ref.Path()}, {"tem-1-cb", "officer", ref.Path()},
		{"tem-1-sai", "", "/?_to=" + ref.Path() + "/kich-hoat&_form=" + url.QueryEscape("from=1&to=20&lot="+strconv.FormatInt(lots[0].ID,10))},
		{"quet", "officer", "/luot-quet"},
		{"q-dau", "", s.path(20)}, {"q-nhieu", "", s.path(0)}, {"q-chua", "", s.path(900)}, {"q-huy", "", s.path(601)}, {"q-thuhoi", "", s.path(150)},
		{"q-gia", "", "/01/" + string(s.GTIN) + "/21/1ABCDEFGHJKMNPQRSTVW"}, {"q-gtin", "", "/01/123/21/abc"}, {"q-en", "", s.path(30) + "?lang=en"}, {"sp", "", "/01/" + string(s.GTIN)},
	} {
		for _, width := range []int64{360, 1280} {
			var mode []chromedp.EmulateViewportOption
			if width < 600 { mode = append(mode, chromedp.EmulateMobile) }
			err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 800, mode...), chromedp.Navigate(proxy.URL+"/static/favicon.svg"))
			if err != nil { t.Fatal(err) }
			chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`document.cookie = "who=%s;path=/"`, p.who)))
			if err := chromedp.Do(ctx, chromedp.Navigate(proxy.URL+p.path)); err != nil { t.Fatal(err) }
			chromedp.Run(ctx, chromedp.Evaluate[bool](`document.fonts.ready.then(() => true)`, chromedp.EvalAwaitPromise))
			sw, _ := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
			if sw > width { t.Errorf("%s-%d: scrollWidth %d", p.name, width, sw) }
			picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil { t.Fatal(err) }
			os.WriteFile(fmt.Sprintf("/tmp/shots/%s-%d.png", p.name, width), picture, 0o644)
		}
	}
	a := site.Get(t, nil, s.path(21))
	t.Logf("public page %d bytes", len(a.Body))
}
