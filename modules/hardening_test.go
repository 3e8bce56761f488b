package modules_test

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/internal/web"
)

// TestOddBytesAreNeverAnInternalError sends what PostgreSQL cannot store, and what is too long, to every route.
func TestOddBytesAreNeverAnInternalError(t *testing.T) {
	t.Parallel()
	w := site(t)
	sessions := []authz.Token{
		"", w.signIn(t, authz.DOSTAdmin, "nghe-an"), w.signIn(t, authz.OrgOwner, "nghe-an"), w.signIn(t, authz.Operator, ""), w.signIn(t, authz.Ministry, ""),
	}
	names := strings.Fields(`q state kind list verdict order from to nhom chu-tri trang-thai ke-hoach dat chi-so sap trang xuat tu den kho tiep tinh ma lang product
		name mst address unit phone person email password gtin brand description origin standard shelf_life list_item code place note clock produced
		request quantity reason to_list source done evidence slug colour contact admin_name admin_email admin_password lot at date expires`)
	values := []string{"\x00", "\xff\xfe", strings.Repeat("a", 700), "'\"><script>", "-1", "99999999999999999999", strings.Repeat("ﷺ", 150)}
	requests := 0
	for _, r := range w.app.Routes() {
		if strings.HasPrefix(r.Path, "/api/") || slices.Contains(ends, r.Method+" "+r.Path) || r.Path == "/dang-ky" && r.Method == http.MethodPost || r.Path == "/dang-nhap" && r.Method == http.MethodPost {
			continue // the API has its own tests; these two are limited
		}
		for _, session := range sessions {
			for _, v := range values {
				form := url.Values{}
				for _, n := range names {
					form.Set(n, v)
				}
				path, body := fill(r.Path, "1"), form
				if r.Method != http.MethodPost {
					path, body = path+"?"+form.Encode(), nil
				}
				requests++
				if answer := w.ask(r.Method, path, session, body); answer.Code >= 500 {
					t.Errorf("%s %s with %.10q: %d", r.Method, r.Path, v, answer.Code)
				}
			}
		}
	}
	t.Logf("%d requests", requests)
}

func TestSearchLeadsToStampsOnly(t *testing.T) {
	t.Parallel()
	w := site(t)
	session := w.signIn(t, authz.DOSTOfficer, "nghe-an")
	for q, want := range map[string]string{
		"HTTPS://TXNG.VN/01/09520000000011/21/2AF0BE8HYH3Y17HQC3DV": "/01/09520000000011/21/2AF0BE8HYH3Y17HQC3DV",
		"KKKKK//evil.com/01/": "", "ȺȺȺȺȺ/01/": "", "//evil.com/01/09520000000011": "/01/09520000000011", "/01/x\r\nSet-Cookie: a=b": "",
	} {
		answer := w.ask(http.MethodGet, "/tim?q="+url.QueryEscape(q), session, nil)
		if got := answer.Header().Get("Location"); got != want || want == "" && answer.Code != http.StatusOK {
			t.Errorf("%q: %d to %q, want %q", q, answer.Code, got, want)
		}
	}
}

func TestHugeFormIsRefusedAndNotEchoed(t *testing.T) {
	t.Parallel()
	w := site(t)
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("name", strings.Repeat(`"`, 11<<20))
	m.Close()
	for _, session := range []authz.Token{"", w.signIn(t, authz.OrgOwner, "nghe-an")} {
		r := httptest.NewRequest(http.MethodPost, "/san-pham/moi", bytes.NewReader(b.Bytes()))
		r.Header.Set("Content-Type", m.FormDataContentType())
		if session != "" {
			r.AddCookie(&http.Cookie{Name: "txng_session", Value: string(session)})
		}
		answer := serveTo(w, r)
		if (answer.Code != http.StatusRequestEntityTooLarge && answer.Code != http.StatusUnauthorized) || answer.Body.Len() > 100<<10 {
			t.Errorf("11 MB of form text: %d with %d bytes", answer.Code, answer.Body.Len())
		}
	}
	r := request(http.MethodPost, "/san-pham/moi", "", url.Values{"name": {strings.Repeat(`"`, 1<<20)}})
	if answer := serveTo(w, r); answer.Body.Len() > 100<<10 {
		t.Errorf("a form of 1 MB from nobody is echoed: %d bytes", answer.Body.Len())
	}
}

// TestManyOperatorsDoNotWaitForEachOther has more requests than connections ask for the registry at once, when its
// snapshot is old.
func TestManyOperatorsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	w := site(t)
	session := w.signIn(t, authz.Operator, "")
	w.db.Forget()
	done := make(chan struct{})
	go func() {
		var group sync.WaitGroup
		for range 40 {
			group.Go(func() {
				if answer := w.ask(http.MethodGet, "/tinh", session, nil); answer.Code != http.StatusOK {
					t.Errorf("/tinh: %d", answer.Code)
				}
			})
		}
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("40 requests for /tinh have not ended after 30 s")
	}
}

func TestRefusedRegistrationLeavesTheTaxCodeToItsOwner(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	register := func(email string) int {
		var commune string
		if err := conn.QueryRow(t.Context(), "select o.unit from organization.organization o join tenant.tenant t on t.id = o.tenant_id where t.slug = 'da-nang' limit 1").Scan(&commune); err != nil {
			t.Fatal(err)
		}
		return w.ask(http.MethodPost, "/dang-ky", "", url.Values{
			"tinh": {"da-nang"}, "kind": {"enterprise"}, "name": {"Công ty thử mã số thuế"}, "mst": {"0314409058"}, "unit": {commune},
			"person": {"Người thử"}, "email": {email}, "password": {"mật khẩu đủ dài"},
		}).Code
	}
	if code := register("a@mst.test"); code != http.StatusSeeOther {
		t.Fatalf("first registration: %d", code)
	}
	if code := register("b@mst.test"); code != http.StatusConflict {
		t.Errorf("the same tax code while the first one waits: %d, want 409", code)
	}
	var id string
	if err := conn.QueryRow(t.Context(), "select id::text from organization.organization where mst = '0314409058'").Scan(&id); err != nil {
		t.Fatal(err)
	}
	session := w.signIn(t, authz.DOSTOfficer, "da-nang")
	if answer := w.ask(http.MethodPost, "/to-chuc/"+id+"/tra-lai", session, url.Values{"reason": {"ngắn"}}); answer.Code != http.StatusUnprocessableEntity {
		t.Errorf("a refusal without a reason: %d, want 422", answer.Code)
	}
	if answer := w.ask(http.MethodPost, "/to-chuc/"+id+"/tra-lai", session, url.Values{"reason": {"Mã số thuế không phải của đơn vị"}}); answer.Code != http.StatusSeeOther {
		t.Fatalf("refuse: %d", answer.Code)
	}
	if answer := w.ask(http.MethodPost, "/to-chuc/"+id+"/duyet", session, url.Values{"x": {"1"}}); answer.Code != http.StatusConflict {
		t.Errorf("approve after refusing: %d, want 409", answer.Code)
	}
	if code := register("c@mst.test"); code != http.StatusSeeOther {
		t.Errorf("the owner after the refusal: %d, want 303", code)
	}
}

func TestHistoryOfAnOrderIsItsOwnTenants(t *testing.T) {
	t.Parallel()
	w := site(t)
	answer := w.ask(http.MethodGet, "/tem/1", w.signIn(t, authz.DOSTAdmin, "da-nang"), nil)
	if page := answer.Body.String(); answer.Code != http.StatusOK || !strings.Contains(page, "Thịt heo mát") || strings.Contains(page, "Rau ăn lá") {
		t.Errorf("Đà Nẵng's order 1: %d, or it shows the history of Quảng Nam's order 1", answer.Code)
	}
}

func TestLabelsAreForTheOrganizationAndNoted(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	var number, email string
	if err := conn.QueryRow(t.Context(), `
		select o.number::text, m.email
		from stamps.stamp_order o
		join tenant.tenant t on t.id = o.tenant_id
		join authz.membership m on m.tenant_id = o.tenant_id and m.org_id = o.org_id and m.role = 'org_owner'
		where t.slug = 'nghe-an'
		order by o.number
		limit 1`).Scan(&number, &email); err != nil {
		t.Fatal(err)
	}
	path := "/tem/" + number + "/nhan.pdf?tu=1&den=2"
	for _, role := range []authz.Role{authz.DOSTAdmin, authz.DepartmentOfficer, authz.Inspector, authz.Leader} {
		if answer := w.ask(http.MethodGet, path, w.signIn(t, role, "nghe-an"), nil); answer.Code != http.StatusForbidden {
			t.Errorf("labels as %s: %d, want 403", role, answer.Code)
		}
	}
	session := w.session(t, email)
	if answer := w.ask(http.MethodGet, path, session, nil); answer.Code != http.StatusOK || answer.Header().Get("Content-Type") != "application/pdf" {
		t.Fatalf("labels as their owner: %d", answer.Code)
	}
	if answer := w.ask(http.MethodGet, "/tem/"+number, session, nil); !strings.Contains(answer.Body.String(), "Tải nhãn để in, tem 1–2") {
		t.Error("the order's history does not say who took the labels")
	}
}

// TestUploadOf50MegabytesIsRefused sends a photo far above the limit over a real connection.
func TestUploadOf50MegabytesIsRefused(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	server := httptest.NewServer(w.app.Handler())
	defer server.Close()
	var id, email string
	if err := conn.QueryRow(t.Context(), `
		select p.id::text, m.email
		from catalog.product p
		join tenant.tenant t on t.id = p.tenant_id
		join authz.membership m on m.tenant_id = p.tenant_id and m.org_id = p.org_id and m.role = 'org_owner'
		where t.slug = 'nghe-an'
		order by p.id
		limit 1`).Scan(&id, &email); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	part, _ := m.CreateFormFile("photo", "lon.jpg")
	_, _ = part.Write(make([]byte, 50<<20))
	m.Close()
	r, err := http.NewRequest(http.MethodPost, server.URL+"/san-pham/"+id+"/anh", &b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.AddCookie(&http.Cookie{Name: "txng_session", Value: string(w.session(t, email))})
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatalf("the sender does not see the answer: %v", err)
	}
	defer answer.Body.Close()
	page, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(page), "tối đa 12 MB") {
		t.Errorf("50 MB: %d %.200s, want 413 and a sentence", answer.StatusCode, page)
	}
	if got := w.ask(http.MethodGet, "/san-pham/"+id, w.session(t, email), nil).Code; got != http.StatusOK {
		t.Errorf("the product after the upload: %d, want 200", got)
	}
}

func TestMethodsThatAPageDoesNotKnow(t *testing.T) {
	t.Parallel()
	w := site(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{http.MethodHead, "/dang-nhap", http.StatusOK}, {http.MethodPut, "/dang-nhap", http.StatusMethodNotAllowed},
		{http.MethodGet, "/khong-co", http.StatusNotFound}, {http.MethodGet, "/api/v1/token", http.StatusMethodNotAllowed},
	} {
		if answer := w.ask(c.method, c.path, "", nil); answer.Code != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, answer.Code, c.want)
		}
	}
}

func TestForwardedAddressesAreBelievedFromOwnProxiesOnly(t *testing.T) {
	t.Parallel()
	w := site(t)
	var got string
	probe := web.New(web.Config{DB: w.db, Signer: w.app.Signer, Base: w.app.Base, Log: w.app.Log, Proxies: proxies(t, "10.0.0.0/8")})
	probe.Open(http.MethodGet, "/probe", "a test", func(q *web.Request) (web.Answer, error) {
		got = q.Device().Address
		return web.Bytes("text/plain", nil), nil
	})
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.5:1", "9.9.9.9", "203.0.113.5"},
		{"10.1.2.3:1", "9.9.9.9", "9.9.9.9"},
		{"10.1.2.3:1", "6.6.6.6, 9.9.9.9, 10.0.0.7", "9.9.9.9"},
		{"10.1.2.3:1", "garbage", "10.1.2.3"},
		{"10.1.2.3:1", "", "10.1.2.3"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/probe", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		probe.Handler().ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("from %s for %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}
