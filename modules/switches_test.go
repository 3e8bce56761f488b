package modules_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/demo"
	"txng/modules/internal/web"
	"txng/tenant"
)

// TestAPIIsClosedByTheProvinceOrTheOperator closes the API of Bắc Ninh, and opens it again.
func TestAPIIsClosedByTheProvinceOrTheOperator(t *testing.T) {
	w := site(t)
	token := w.tokensOf(t, authz.DOSTOfficer, "bac-ninh").Access
	bacNinh, err := w.db.TenantBySlug(t.Context(), "bac-ninh")
	if err != nil {
		t.Fatal(err)
	}
	scope, err := w.db.Scope(t.Context(), bacNinh.ID)
	if err != nil {
		t.Fatal(err)
	}
	decide := func(value string) {
		t.Helper()
		if err := w.db.In(t.Context(), scope, func(tx tenant.Tx) error { return tenant.Decide(t.Context(), tx, tenant.APIAccess, value) }); err != nil {
			t.Fatal(err)
		}
		w.db.Forget()
	}
	feature := func(value string) {
		t.Helper()
		form := url.Values{"label-pdf": {"on"}, "api": {value}, "scan-statistics": {"on"}, "member-import": {"on"}}
		if got := w.ask(http.MethodPost, "/tinh/bac-ninh/tinh-nang", w.signIn(t, authz.Operator, ""), form); got.Code != http.StatusSeeOther {
			t.Fatalf("switch the API %s: %d", value, got.Code)
		}
	}
	defer func() { decide(tenant.On); feature(tenant.On) }()
	expect := func(when string, code int, says string) {
		t.Helper()
		got := w.call(t, http.MethodGet, "/api/v1/products", token, "", nil)
		if got.Code != code || !strings.Contains(got.Body.String(), says) {
			t.Errorf("%s: %d %.200s, want %d with %q", when, got.Code, got.Body, code, says)
		}
		if code == http.StatusForbidden && got.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s, want a problem document", when, got.Header().Get("Content-Type"))
		}
	}
	expect("open", http.StatusOK, "")
	decide(tenant.Off)
	expect("closed by the province", http.StatusForbidden, "đang tắt truy cập qua API")
	decide(tenant.On)
	feature(tenant.Off)
	expect("switched off by the operator", http.StatusForbidden, "Kết nối phần mềm (API)")
	feature(tenant.On)
	expect("open again", http.StatusOK, "")
	var n int
	if err := owner(t, w).QueryRow(t.Context(), "select count(*) from audit.entry where tenant_id = $1 and action = 'tenant.feature'", int(bacNinh.ID)).Scan(&n); err != nil || n < 2 {
		t.Errorf("%d switches in the audit, want 2 or more (%v)", n, err)
	}
}

// TestNoTokenIsGivenOutWhileTheAPIIsClosed asks in all ways that there are, in Bắc Ninh, and again when it is open.
func TestNoTokenIsGivenOutWhileTheAPIIsClosed(t *testing.T) {
	w := site(t)
	bacNinh, err := w.db.TenantBySlug(t.Context(), "bac-ninh")
	if err != nil {
		t.Fatal(err)
	}
	scope, err := w.db.Scope(t.Context(), bacNinh.ID)
	if err != nil {
		t.Fatal(err)
	}
	refresh := w.tokensOf(t, authz.DOSTOfficer, "bac-ninh").Refresh
	_, owner, err := authz.SignIn(t.Context(), w.db, w.email(t, authz.OrgOwner, "bac-ninh"), demo.Password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	n := authz.NewProgram{Name: "Phần mềm bán hàng", Scopes: []string{"catalog.view"}, Days: 30}
	var client authz.Client
	var secret authz.Token
	var key string
	if err := w.db.In(t.Context(), scope.Of(owner.Org), func(tx tenant.Tx) (err error) {
		client, secret, err = authz.CreateClient(t.Context(), tx, owner, n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := w.db.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		_, key, err = authz.CreateAPIKey(t.Context(), tx, owner, n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	set := func(setting, feature string) {
		t.Helper()
		if err := w.db.In(t.Context(), scope, func(tx tenant.Tx) error { return tenant.Decide(t.Context(), tx, tenant.APIAccess, setting) }); err != nil {
			t.Fatal(err)
		}
		if err := w.db.Platform(t.Context(), func(tx tenant.Platform) error {
			return tenant.Switch(t.Context(), tx, bacNinh.ID, tenant.API, feature == tenant.On)
		}); err != nil {
			t.Fatal(err)
		}
		w.db.Forget()
	}
	defer set(tenant.On, tenant.On)
	ways := []struct {
		name string
		ask  func() *httptest.ResponseRecorder
	}{
		{"a password", func() *httptest.ResponseRecorder {
			return w.post(t, map[string]string{"email": w.email(t, authz.DOSTOfficer, "bac-ninh"), "password": demo.Password, "tenant": "bac-ninh"})
		}},
		{"a wrong password", func() *httptest.ResponseRecorder {
			return w.post(t, map[string]string{"email": w.email(t, authz.DOSTOfficer, "bac-ninh"), "password": "không phải mật khẩu", "tenant": "bac-ninh"})
		}},
		{"a refresh token", func() *httptest.ResponseRecorder {
			return w.post(t, map[string]string{"grant_type": "refresh_token", "refresh_token": refresh})
		}},
		{"a machine's secret", func() *httptest.ResponseRecorder {
			return w.post(t, map[string]string{"grant_type": "client_credentials", "client_id": client.ClientID().String(), "client_secret": string(secret)})
		}},
		{"a personal key", func() *httptest.ResponseRecorder { return w.call(t, http.MethodGet, "/api/v1/me", key, "", nil) }},
	}
	for _, by := range []struct{ name, setting, feature, says string }{
		{"the province", tenant.Off, tenant.On, "đang tắt truy cập qua API"}, {"the operator", tenant.On, tenant.Off, "Kết nối phần mềm (API)"},
	} {
		set(by.setting, by.feature)
		for _, way := range ways {
			got := way.ask()
			var p web.Problem
			if err := json.Unmarshal(got.Body.Bytes(), &p); err != nil || got.Code != http.StatusForbidden || p.Type != web.APIOffProblem || !strings.Contains(p.Detail, by.says) ||
				got.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("closed by %s, %s: %d %.300s, want 403, a problem %s and %q", by.name, way.name, got.Code, got.Body, web.APIOffProblem, by.says)
			}
		}
	}
	set(tenant.On, tenant.On)
	for _, way := range ways {
		want := http.StatusOK
		if way.name == "a wrong password" {
			want = http.StatusUnprocessableEntity
		}
		if got := way.ask(); got.Code != want {
			t.Errorf("open again, %s: %d %.300s, want %d", way.name, got.Code, got.Body, want)
		}
	}
}

// post asks for a token.
func (w *world) post(t *testing.T, body map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	b, _ := json.Marshal(body)
	return w.call(t, http.MethodPost, "/api/v1/token", "", string(b), nil)
}

// TestOwnDomainAnswersForItsProvince gives Đà Nẵng a domain of its own.
func TestOwnDomainAnswersForItsProvince(t *testing.T) {
	w := site(t)
	conn := owner(t, w)
	set := func(domain string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), "update tenant.tenant set domain = $1 where slug = 'da-nang'", domain); err != nil {
			t.Fatal(err)
		}
		w.db.Forget()
	}
	set("txng.danang.gov.vn")
	defer set("")
	for host, want := range map[string]bool{"txng.danang.gov.vn": true, "TXNG.danang.gov.vn:443": true, "da-nang.txng.test": true, "evil.txng.danang.gov.vn": false, "danang.gov.vn": false} {
		r := request(http.MethodGet, "/dang-ky", "", nil)
		r.Host = host
		page := serveTo(w, r).Body.String()
		if got := strings.Contains(page, "Đăng ký chủ thể – Đà Nẵng"); got != want {
			t.Errorf("host %s is Đà Nẵng's: %v, want %v", host, got, want)
		}
	}
	// Whoever writes the row past our checks still meets the table's.
	for _, domain := range []string{"xn--80ak6aa92e.com", "Danang.vn", "đànẵng.vn", "danang"} {
		if _, err := conn.Exec(t.Context(), "update tenant.tenant set domain = $1 where slug = 'da-nang'", domain); err == nil {
			t.Errorf("the table takes the domain %q", domain)
		}
	}
}
