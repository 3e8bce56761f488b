package stamps

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/internal/web"
	"txng/modules/trace/tracetest"
)

func routes(k *Keys) func(*web.App) { return func(a *web.App) { Routes(a, k) } }

func TestStampsAreOrderedAndActivatedOnPages(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, routes(keysOf(t, 1, 1)))
	owner := site.SignIn(t, authz.OrgOwner)
	form := url.Values{"product": {strconv.FormatInt(w.Product, 10)}, "quantity": {"một nghìn"}, "request": {"form-1"}}
	wrong := site.Post(t, owner, "/tem/dat", form)
	if wrong.Status != 422 || !strings.Contains(wrong.Body, "một nghìn") || !strings.Contains(wrong.Body, `value="form-1"`) {
		t.Errorf("a wrong number: status %d, want 422 with what was typed and the same request", wrong.Status)
	}
	form.Set("quantity", "1.000")
	made := site.Post(t, owner, "/tem/dat", form)
	again := site.Post(t, owner, "/tem/dat", form)
	page := made.Header.Get("Location")
	if made.Status != 303 || page == "" || again.Header.Get("Location") != page {
		t.Fatalf("order: status %d to %q, again to %q; want one order", made.Status, page, again.Header.Get("Location"))
	}
	if body := site.Get(t, owner, page).Body; !strings.Contains(body, "/lo-hang/moi?san-pham="+form.Get("product")) {
		t.Error("the page of an order without lots does not lead to a new lot of its product")
	}
	lot := strconv.FormatInt(int64(lotOf(t, w, "CXD-1")), 10)
	bad := site.Post(t, owner, page+"/kich-hoat", url.Values{"from": {"1"}, "to": {"1001"}, "lot": {lot}})
	if bad.Status != 422 || !strings.Contains(bad.Body, "từ 1 đến 1.000") || !strings.Contains(bad.Body, `value="1001"`) {
		t.Errorf("too far: status %d, want 422 with what was typed", bad.Status)
	}
	if got := site.Post(t, owner, page+"/kich-hoat", url.Values{"from": {"1"}, "to": {"240"}, "lot": {lot}}); got.Status != 303 {
		t.Errorf("activation: status %d, want 303\n%s", got.Status, got.Body)
	}
	taken := site.Post(t, owner, page+"/kich-hoat", url.Values{"from": {"240"}, "to": {"300"}, "lot": {lot}})
	if taken.Status != 409 || !strings.Contains(taken.Body, "240 (đã kích hoạt)") {
		t.Errorf("activated again: status %d, want 409 that names the stamp", taken.Status)
	}
	if got := site.Post(t, owner, page+"/huy", url.Values{"void_from": {"250"}, "void_to": {"x"}, "reason": {"rách"}}); got.Status != 422 || !strings.Contains(got.Body, `href="#f-void_to"`) {
		t.Errorf("void with a wrong end: status %d, want 422 at void_to", got.Status)
	}
	if got := site.Post(t, owner, page+"/huy", url.Values{"void_from": {"250"}, "void_to": {"251"}, "reason": {"rách"}}); got.Status != 303 {
		t.Errorf("void: status %d, want 303", got.Status)
	}
	if got := site.Post(t, owner, page+"/thu-hoi", url.Values{"from": {"1"}, "to": {"2"}, "reason": {"x"}}); got.Status != 403 {
		t.Errorf("an owner recalls: status %d, want 403", got.Status)
	}
	officer := site.SignIn(t, authz.DOSTOfficer)
	if got := site.Post(t, officer, page+"/thu-hoi", url.Values{"from": {"1"}, "to": {"2"}, "reason": {"Sai nhãn"}}); got.Status != 303 {
		t.Errorf("an officer recalls: status %d, want 303\n%s", got.Status, got.Body)
	}
	shown := site.Get(t, officer, page).Body
	for _, want := range []string{"238 / 1.000", "Sai nhãn", "rách", `href="/lo-hang/` + lot + `">Lô CXD-1</a>`, "Thu hồi tem 1–2: Sai nhãn", "HTX Nông nghiệp Nghi Diên"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the order's page lacks %q", want)
		}
	}
	if body := site.Get(t, officer, "/tem?q=cam").Body; !strings.Contains(body, page+`"`) {
		t.Error("the list does not find the order by its product")
	}
	if got := site.Get(t, officer, "/tem/x"); got.Status != 404 {
		t.Errorf("/tem/x: status %d, want 404", got.Status)
	}
}

func TestLabelsAreRefusedOutsideTheOrder(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, routes(keysOf(t, 1, 1)))
	o := ordered(t, w, 5000, "labels")
	owner := site.SignIn(t, authz.OrgStaff)
	page := Ref{Number: o.Number}.Path() + "/nhan.pdf"
	for query, want := range map[string]string{
		"?tu=0&den=10&kho=24": "Nhập số thứ tự của tem", "?tu=1&den=5001&kho=24": "Tem cuối phải từ 1 đến 5.000",
		"?tu=1&den=2401&kho=24": "Mỗi tệp tối đa 2.400 tem", "?tu=1&den=2&kho=7": "Khổ giấy", "?tu=9&den=2": "Tem cuối phải từ tem đầu trở đi", "": "Nhập số thứ tự",
	} {
		if got := site.Get(t, owner, page+query); got.Status != 422 || !strings.Contains(got.Body, want) {
			t.Errorf("%s: status %d, want 422 with %q", query, got.Status, want)
		}
	}
	for _, sheet := range []string{"24", "65"} {
		got := site.Get(t, owner, page+"?tu=4999&den=5000&kho="+sheet)
		if got.Status != 200 || got.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(got.Body, "%PDF") {
			t.Errorf("sheet %s: status %d %s, want a PDF", sheet, got.Status, got.Header.Get("Content-Type"))
		}
	}
}
