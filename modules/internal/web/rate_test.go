package web

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

// least is the smallest allowance of pages that the operator can set.
const least = 300

// metered is a site whose clock of allowances stands still until the test moves it, with a page, a form, a public page
// and a call of the API.
type metered struct {
	*tenanttest.Env
	app *App
	now time.Time
}

func newMetered(t testing.TB) *metered {
	t.Helper()
	e := tenanttest.New(t)
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	m := &metered{Env: e, now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
	m.app = New(Config{DB: e.DB, Signer: signer, Base: &url.URL{Scheme: "http", Host: "example.test"}, Log: slog.New(slog.DiscardHandler)})
	m.app.rates.now = func() time.Time { return m.now }
	read := func(q *Request, tx tenant.Tx) (Answer, error) {
		_, err := tenant.Value[int](q.Context(), tx, "select count(*)::int from tenant.setting where tenant_id = any ($1)")
		return Bytes("text/plain", []byte("đã trả lời")), err
	}
	m.app.Get("/trang", authz.OrganizationView, read)
	m.app.Form("/to-khai", authz.OrganizationView, read, read)
	m.app.Open(http.MethodGet, "/tem", "a test", func(q *Request) (Answer, error) {
		t, _ := q.TenantOfHost()
		return Bytes("text/plain", nil), q.CountPublic(t)
	})
	Ask(m.app, huma.Operation{OperationID: "one", Method: http.MethodGet, Path: "/api/v1/one"}, authz.OrganizationView,
		func(_ context.Context, q *Request, _ tenant.Tx, _ *struct{}) (*struct{ Body string }, error) {
			return &struct{ Body string }{"một"}, nil
		})
	return m
}

// allow sets an allowance as the operator's page does.
func (m *metered) allow(t testing.TB, of tenant.Tenant, a tenant.Allowance, amount int64) {
	t.Helper()
	if err := m.DB.Platform(t.Context(), func(tx tenant.Platform) error { return tenant.Allow(t.Context(), tx, of.ID, a, amount) }); err != nil {
		t.Fatal(err)
	}
	m.DB.Forget()
}

var people atomic.Int64

// person makes somebody of a tenant who needs no second factor, and returns their session and a token of the API.
func (m *metered) person(t testing.TB, of tenant.Tenant) (session, token string) {
	t.Helper()
	email := fmt.Sprintf("rate%d@example.vn", people.Add(1))
	if err := m.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, email, "Trần Thị Bích", "mat khau rat dai")
		if err != nil {
			return err
		}
		_, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: of.ID, Account: id, Role: authz.DOSTOfficer})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	s, _, err := authz.SignIn(t.Context(), m.DB, email, "mat khau rat dai", authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	granted, err := m.app.Signer.Grant(t.Context(), m.DB, email, "mat khau rat dai", "", of.ID, authz.Device{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(s), granted.Access
}

func (m *metered) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	m.app.Handler().ServeHTTP(w, r)
	return w
}

func (m *metered) page(session string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/trang", nil)
	r.AddCookie(&http.Cookie{Name: sessionName, Value: session})
	return m.do(r)
}

func (m *metered) call(token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/api/v1/one", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return m.do(r)
}

func (m *metered) scan(of tenant.Tenant) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/tem", nil)
	r.Host = of.Slug + ".example.test"
	return m.do(r)
}

// exhaust asks for pages until the allowance is used up.
func (m *metered) exhaust(t testing.TB, session string) {
	t.Helper()
	for i := range least {
		if got := m.page(session); got.Code != http.StatusOK {
			t.Fatalf("request %d of %d: %d, want 200", i+1, least, got.Code)
		}
	}
}

func TestTheLastAllowedPageIsAnsweredAndTheNextSaysWhenToComeAgain(t *testing.T) {
	t.Parallel()
	m := newMetered(t)
	other, _ := m.NewTenant(t)
	m.allow(t, m.Tenant, tenant.PageRate, least)
	session, token := m.person(t, m.Tenant)
	neighbour, _ := m.person(t, other)
	m.exhaust(t, session)
	got := m.page(session)
	if got.Code != http.StatusTooManyRequests || got.Header().Get("Retry-After") != "1" {
		t.Errorf("the next: %d, Retry-After %q, want 429 and 1", got.Code, got.Header().Get("Retry-After"))
	}
	for _, says := range []string{m.Tenant.Name + " đã dùng hết mức 300 yêu cầu mỗi phút dành cho trang làm việc", "thử lại sau 1 giây", `href="/trang"`} {
		if !strings.Contains(got.Body.String(), says) {
			t.Errorf("the page does not say %q: %s", says, got.Body)
		}
	}
	if got := m.call(token); got.Code != http.StatusOK {
		t.Errorf("the API of the tenant: %d, want 200: pages are counted apart", got.Code)
	}
	if got := m.scan(m.Tenant); got.Code != http.StatusOK {
		t.Errorf("a scan of the tenant: %d, want 200: pages are counted apart", got.Code)
	}
	if got := m.page(neighbour); got.Code != http.StatusOK {
		t.Errorf("another tenant: %d, want 200", got.Code)
	}
	m.now = m.now.Add(time.Second) // as Retry-After says; in it come back 300/60
	for i := range 6 {
		want := http.StatusOK
		if i == 5 {
			want = http.StatusTooManyRequests
		}
		if got := m.page(session); got.Code != want {
			t.Errorf("request %d after a second: %d, want %d", i+1, got.Code, want)
		}
	}
	m.now = m.now.Add(time.Hour) // the bucket holds a minute's, however long nobody asks
	m.exhaust(t, session)
	if got := m.page(session); got.Code != http.StatusTooManyRequests {
		t.Errorf("one more than the bucket holds: %d, want 429", got.Code)
	}
}

func TestChangedAllowanceHoldsFromTheNextRequest(t *testing.T) {
	t.Parallel()
	m := newMetered(t)
	m.allow(t, m.Tenant, tenant.PageRate, least)
	session, _ := m.person(t, m.Tenant)
	m.exhaust(t, session)
	m.allow(t, m.Tenant, tenant.PageRate, 60_000)
	if got := m.page(session); got.Code != http.StatusTooManyRequests {
		t.Errorf("the bucket is still empty: %d, want 429", got.Code)
	}
	m.now = m.now.Add(time.Second)
	for i := range 1000 { // of a second at 60,000 a minute
		if got := m.page(session); got.Code != http.StatusOK {
			t.Fatalf("request %d after the change: %d, want 200", i+1, got.Code)
		}
	}
	if got := m.page(session); got.Code != http.StatusTooManyRequests {
		t.Errorf("the next: %d, want 429", got.Code)
	}
	m.now = m.now.Add(time.Hour)
	m.allow(t, m.Tenant, tenant.PageRate, least)
	m.exhaust(t, session)
	if got := m.page(session); got.Code != http.StatusTooManyRequests {
		t.Errorf("one more than the smaller allowance: %d, want 429", got.Code)
	}
}

func TestAllowanceOutsideItsBoundsCountsAsTheDefault(t *testing.T) {
	t.Parallel()
	m := newMetered(t)
	for _, amount := range []int64{1, 299, 60_001} {
		m.allow(t, m.Tenant, tenant.PageRate, amount)
		now, err := m.DB.Tenant(t.Context(), m.Tenant.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got := now.Allowed(tenant.PageRate); got != 3000 {
			t.Errorf("stored %d: %d, want the default of 3000", amount, got)
		}
	}
}

func TestRefusedFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	m := newMetered(t)
	m.allow(t, m.Tenant, tenant.PageRate, least)
	session, _ := m.person(t, m.Tenant)
	m.exhaust(t, session)
	post := func(kind string, body *bytes.Buffer) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/to-khai?goc=ha-tinh", body)
		r.Header.Set("Content-Type", kind)
		r.AddCookie(&http.Cookie{Name: sessionName, Value: session})
		return m.do(r)
	}
	long := strings.Repeat("Cam Xã Đoài <b>\"ngon\"</b>\r\n", 5000) // more than a form keeps that waits for a sign-in
	form := url.Values{"name": {long}, "group": {"1", "2"}, "old_password": {"mat khau cu"}, "client_secret": {"bi mat"}}
	got := post("application/x-www-form-urlencoded", bytes.NewBufferString(form.Encode()))
	page := got.Body.String()
	if got.Code != http.StatusTooManyRequests || got.Header().Get("Retry-After") != "1" || got.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v, want 429, Retry-After 1, no-store", got.Code, got.Header())
	}
	for _, part := range []string{
		`action="/to-khai?goc=ha-tinh"`, `name="group" value="1"`, `name="group" value="2"`, "Gửi lại", "được giữ nguyên", "Mật khẩu, khóa bí mật cần nhập lại",
		strings.Repeat("Cam Xã Đoài &lt;b&gt;&#34;ngon&#34;&lt;/b&gt;\r\n", 5000),
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page is without %.80q: %.3000s", part, page)
		}
	}
	if strings.Contains(page, "mat khau cu") || strings.Contains(page, "bi mat") || strings.Contains(page, "Tệp đính kèm") {
		t.Error("the page gives a password back, or speaks of a file that there was not")
	}
	var b bytes.Buffer
	files := multipart.NewWriter(&b)
	files.WriteField("name", "Bưởi Phúc Trạch")
	f, _ := files.CreateFormFile("photo", "buoi.jpg")
	f.Write([]byte("a picture"))
	files.Close()
	if page := post(files.FormDataContentType(), &b).Body.String(); !strings.Contains(page, "Bưởi Phúc Trạch") || !strings.Contains(page, "Tệp đính kèm không giữ được") || strings.Contains(page, "Mật khẩu") {
		t.Errorf("a form with a file: %.3000s", page)
	}
	for name, body := range map[string]string{"too large": "name=" + strings.Repeat("x", maxForm+1), "unreadable": "name=%zz"} {
		if got := post("application/x-www-form-urlencoded", bytes.NewBufferString(body)); got.Code != http.StatusTooManyRequests || strings.Contains(got.Body.String(), "Gửi lại") {
			t.Errorf("a form that is %s: %d, want 429 without a button", name, got.Code)
		}
	}
	m.now = m.now.Add(time.Second)
	if got := post("application/x-www-form-urlencoded", bytes.NewBufferString(form.Encode())); got.Code != http.StatusOK {
		t.Errorf("sent again: %d, want 200", got.Code)
	}
}

func TestOnlyTenantsHaveMeters(t *testing.T) {
	t.Parallel()
	m := newMetered(t)
	for i := range 50 {
		for _, host := range []string{fmt.Sprintf("tinh-%d.example.test", i), fmt.Sprintf("%d.example.org", i), "a.b.example.test", ""} {
			r := httptest.NewRequest(http.MethodGet, "/trang", nil)
			r.Host = host
			r.AddCookie(&http.Cookie{Name: sessionName, Value: fmt.Sprintf("wrong-%d", i)})
			m.do(r)
			m.call(fmt.Sprintf("txng_%d", i))
		}
	}
	meters := 0
	m.app.rates.tenants.Range(func(any, any) bool { meters++; return true })
	if meters != 0 {
		t.Errorf("%d meters for hosts and tokens that nobody has, want none", meters)
	}
	m.scan(m.Tenant)
	m.app.rates.tenants.Range(func(id, _ any) bool {
		if id != m.Tenant.ID {
			t.Errorf("a meter of %v", id)
		}
		meters++
		return true
	})
	if meters != 1 {
		t.Errorf("%d meters, want that of the tenant", meters)
	}
}

func TestRefusalsOfTheLastHourAreCounted(t *testing.T) {
	t.Parallel()
	r := newRates()
	now := time.Date(2026, 11, 22, 8, 0, 30, 0, time.UTC)
	r.now = func() time.Time { return now }
	r.allowed = func(tenant.Tenant, tenant.Allowance) int64 { return 60 }
	of := tenant.Tenant{ID: 7, Name: "Nghệ An"}
	refuse := func(n int) (firsts int) {
		for refused := 0; refused < n; {
			_, first, err := r.take(of, tenant.PublicRate)
			if err != nil {
				refused++
			}
			if first {
				firsts++
			}
		}
		return firsts
	}
	if got := refuse(10); got != 1 {
		t.Errorf("%d of ten refusals within a minute are the first, want 1", got)
	}
	now = now.Add(40 * time.Minute)
	if got := refuse(5); got != 1 {
		t.Errorf("%d of five refusals of another minute are the first, want 1", got)
	}
	for after, want := range map[time.Duration]int64{0: 15, 19 * time.Minute: 15, 20 * time.Minute: 5, 59 * time.Minute: 5, time.Hour: 0, 24 * time.Hour: 0} {
		at := now
		now = now.Add(after)
		if got := r.refusedOf(of.ID, tenant.PublicRate); got != want {
			t.Errorf("%s later: %d, want %d", after, got, want)
		}
		now = at
	}
	if got := r.refusedOf(of.ID, tenant.PageRate) + r.refusedOf(8, tenant.PublicRate); got != 0 {
		t.Errorf("%d refused of another allowance or tenant, want none", got)
	}
}

func TestRequestsAtOnceTakeNoMoreThanTheAllowance(t *testing.T) {
	t.Parallel()
	r := newRates()
	now := time.Now()
	r.now = func() time.Time { return now }
	r.allowed = func(t tenant.Tenant, _ tenant.Allowance) int64 { return 100 * int64(t.ID) }
	var answered [4]atomic.Int64
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for i := range 400 {
				id := tenant.ID(1 + i%3)
				if _, _, err := r.take(tenant.Tenant{ID: id, Name: "x"}, tenant.APIRate); err == nil {
					answered[id].Add(1)
				}
				r.refusedOf(id, tenant.APIRate)
			}
		})
	}
	group.Wait()
	for id := tenant.ID(1); id <= 3; id++ {
		if got, want := answered[id].Load(), 100*int64(id); got != want {
			t.Errorf("tenant %d: %d answered, want %d", id, got, want)
		}
	}
}

// BenchmarkTake is the cost of counting a request, of one tenant by all processors and of a tenant for each.
func BenchmarkTake(b *testing.B) {
	for name, tenants := range map[string]int64{"one tenant": 1, "64 tenants": 64} {
		b.Run(name, func(b *testing.B) {
			r := newRates()
			r.allowed = func(tenant.Tenant, tenant.Allowance) int64 { return 1 << 40 } // never refused
			var n atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				of := tenant.Tenant{ID: tenant.ID(1 + n.Add(1)%tenants), Name: "x"}
				for pb.Next() {
					_, _, _ = r.take(of, tenant.PageRate)
				}
			})
		})
	}
}

func TestWaitIsLongEnoughAndNoLonger(t *testing.T) {
	t.Parallel()
	r := newRates()
	start := time.Now()
	now := start
	r.now = func() time.Time { return now }
	r.allowed = func(tenant.Tenant, tenant.Allowance) int64 { return 7 } // one comes back in 8.57 s
	of := tenant.Tenant{ID: 1, Name: "Nghệ An"}
	for range 7 {
		if _, _, err := r.take(of, tenant.APIRate); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := r.take(of, tenant.APIRate)
	if got := RetryAfter(err); got != 9 {
		t.Errorf("wait %d s, want 9", got)
	}
	now = start.Add(8 * time.Second)
	if _, _, err := r.take(of, tenant.APIRate); err == nil {
		t.Error("answered a second too early")
	}
	now = start.Add(9 * time.Second)
	if _, _, err := r.take(of, tenant.APIRate); err != nil {
		t.Errorf("refused at the time that was told: %v", err)
	}
}
