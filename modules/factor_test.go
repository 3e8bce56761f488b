package modules_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules"
	"txng/modules/demo"
	"txng/modules/internal/web"
	"txng/modules/stamps"
	"txng/tenant"
)

// whilePending are the routes that a session may use that lacks something, written by hand: the second step and the way
// out for both; for who has to set a factor up also the pages for that.
var whilePending = map[authz.Pending][]string{
	authz.ShowFactor: {
		"GET /dang-nhap/buoc-hai", "POST /dang-nhap/buoc-hai", "POST /dang-nhap/buoc-hai/khoa-truy-cap", "POST /dang-xuat",
	},
	authz.SetUpFactor: {
		"GET /dang-nhap/buoc-hai", "POST /dang-nhap/buoc-hai", "POST /dang-xuat",
		"GET /tai-khoan/bao-mat", "GET /tai-khoan/bao-mat/ung-dung", "POST /tai-khoan/bao-mat/ung-dung",
		"GET /tai-khoan/bao-mat/khoa-truy-cap", "POST /tai-khoan/bao-mat/khoa-truy-cap", "POST /tai-khoan/bao-mat/khoa-truy-cap/bat-dau",
	},
}

// TestPendingSessionUsesNoRoute walks all routes with sessions that have shown the password only.
func TestPendingSessionUsesNoRoute(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	asked := 0
	for _, role := range []authz.Role{authz.Operator, authz.Ministry, authz.DOSTAdmin} {
		email := "cho-" + string(role) + "@example.vn"
		w.account(t, email, role)
		password := func() authz.Token {
			token, _, err := authz.SignIn(t.Context(), w.db, email, demo.Password, authz.Device{Address: "198.51.100.44"})
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		for _, lacks := range []authz.Pending{authz.SetUpFactor, authz.ShowFactor} {
			session := password()
			if lacks == authz.ShowFactor {
				authztest.Complete(t, w.db, session, authz.SetUpFactor, email, nil)
				session = password()
			}
			for _, r := range w.app.Routes() {
				key := r.Method + " " + r.Path
				if r.Door == web.DoorOpen || strings.HasPrefix(r.Path, "/api/") || key == "POST /dang-xuat" {
					continue
				}
				value := "1"
				if sql, named := subject(r.Path); named {
					if found, ok := look(t, conn, sql, "nghe-an", 0); ok {
						value = found
					}
				}
				asked++
				answer := w.ask(r.Method, fill(r.Path, value), session, form(r))
				if slices.Contains(whilePending[lacks], key) {
					if answer.Code == http.StatusForbidden || answer.Code == http.StatusUnauthorized || answer.Code >= 500 || answer.Code == http.StatusSeeOther {
						t.Errorf("%s, pending %q, as %s: %d %s, want it let through", key, lacks, role, answer.Code, answer.Header().Get("Location"))
					}
					continue
				}
				to := map[authz.Pending]string{authz.ShowFactor: "/dang-nhap/buoc-hai", authz.SetUpFactor: "/tai-khoan/bao-mat"}[lacks]
				sentOn := answer.Code == http.StatusSeeOther && strings.HasPrefix(answer.Header().Get("Location"), to)
				if r.Method == http.MethodPost {
					sentOn = answer.Code == http.StatusUnauthorized
				}
				if !sentOn {
					t.Errorf("%s, pending %q, as %s: %d %s, want it led to %s", key, lacks, role, answer.Code, answer.Header().Get("Location"), to)
				}
			}
		}
	}
	for lacks, routes := range whilePending {
		for _, key := range routes {
			if !slices.ContainsFunc(w.app.Routes(), func(r web.Route) bool { return r.Method+" "+r.Path == key }) {
				t.Errorf("%s of pending %q is no route", key, lacks)
			}
		}
	}
	t.Logf("%d requests", asked)
}

// account makes a person with a role in Nghệ An, or above the tenants.
func (w *world) account(t *testing.T, email string, role authz.Role) authz.AccountID {
	t.Helper()
	place, err := w.db.TenantBySlug(t.Context(), "nghe-an")
	if err != nil {
		t.Fatal(err)
	}
	var id authz.AccountID
	if err := w.db.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		if id, err = authz.CreateAccount(t.Context(), tx, email, "Người chờ bước hai", demo.Password); err != nil {
			return err
		}
		if role.AboveTenants() {
			return authz.GrantPlatformRole(t.Context(), tx, id, role)
		}
		_, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: place.ID, Account: id, Role: role})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return id
}

// TestOnlyADemonstrationShowsCodes asks for the second step of a demonstration's account on three sites.
func TestOnlyADemonstrationShowsCodes(t *testing.T) {
	t.Parallel()
	w := site(t)
	keys, err := stamps.KeysOf(w.config.Secret)
	if err != nil {
		t.Fatal(err)
	}
	const mark = "Mã lúc này là "
	for name, c := range map[string]struct {
		config modules.Config
		email  string
		shows  bool
	}{
		"demonstration":                    {modules.Config{Demo: true, DemoCode: demo.Code}, w.email(t, authz.DOSTAdmin, "bac-ninh"), true},
		"demonstration, another's account": {modules.Config{Demo: true, DemoCode: demo.Code}, "khong-trinh-dien@example.vn", false},
		"production":                       {modules.Config{}, w.email(t, authz.DOSTAdmin, "bac-ninh"), false},
		"production with a mistake in it":  {modules.Config{DemoCode: demo.Code}, w.email(t, authz.DOSTAdmin, "bac-ninh"), false},
	} {
		if strings.HasSuffix(c.email, "@example.vn") {
			w.account(t, c.email, authz.DOSTAdmin)
			authztest.SignIn(t, w.db, c.email, demo.Password, nil)
		}
		session, _, err := authz.SignIn(t.Context(), w.db, c.email, demo.Password, authz.Device{Address: "198.51.100.45"})
		if err != nil {
			t.Fatal(err)
		}
		c.config.DB, c.config.Signer, c.config.Log = w.db, w.app.Signer, slog.New(slog.DiscardHandler)
		c.config.Base = &url.URL{Scheme: "http", Host: "txng.test"}
		app := modules.New(c.config, keys)
		t.Cleanup(app.Close)
		r := httptest.NewRequest(http.MethodGet, "http://txng.test/dang-nhap/buoc-hai", nil)
		r.AddCookie(&http.Cookie{Name: "txng_session", Value: string(session)})
		answer := httptest.NewRecorder()
		app.Handler().ServeHTTP(answer, r)
		body := answer.Body.String()
		if answer.Code != http.StatusOK || strings.Contains(body, mark) != c.shows {
			t.Fatalf("%s: %d, shows a code: %v, want %v", name, answer.Code, !c.shows, c.shows)
		}
		if !c.shows {
			continue
		}
		code := body[strings.Index(body, mark)+len(mark):][:6]
		passed := httptest.NewRecorder()
		app.Handler().ServeHTTP(passed, request(http.MethodPost, "/dang-nhap/buoc-hai", session, url.Values{"code": {code}}))
		if passed.Code != http.StatusSeeOther || passed.Header().Get("Location") != "/" {
			t.Errorf("the code on the page, %q: %d %s", code, passed.Code, passed.Header().Get("Location"))
		}
	}
}

// TestLostFormComesThroughTheSecondStep signs in again in the middle of a form, with a factor.
func TestLostFormComesThroughTheSecondStep(t *testing.T) {
	t.Parallel()
	w := site(t)
	const email = "mat-bieu-mau@example.vn"
	w.account(t, email, authz.DOSTAdmin)
	authztest.SignIn(t, w.db, email, demo.Password, nil)
	lost := url.Values{"email": {email}, "password": {demo.Password}, "_tiep": {"/thanh-vien/moi"}, "_gui.name": {"Lê Thị Hoa"}}
	answer := w.ask(http.MethodPost, "/dang-nhap", "", lost)
	body := answer.Body.String()
	if answer.Code != http.StatusOK || !strings.Contains(body, "Lê Thị Hoa") || !strings.Contains(body, "Xác thực hai lớp") {
		t.Fatalf("after the password: %d %.300s", answer.Code, body)
	}
	session := authz.Token(answer.Result().Cookies()[0].Value)
	step := url.Values{"code": {"000"}, "_tiep": {"/thanh-vien/moi"}, "_gui.name": {"Lê Thị Hoa"}}
	answer = w.ask(http.MethodPost, "/dang-nhap/buoc-hai", session, step)
	if answer.Code != http.StatusUnprocessableEntity || !strings.Contains(answer.Body.String(), "Lê Thị Hoa") {
		t.Errorf("a wrong code lost the form: %d", answer.Code)
	}
	step.Set("code", authztest.Code(t, w.db.Now(), email, nil))
	answer = w.ask(http.MethodPost, "/dang-nhap/buoc-hai", session, step)
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `action="/thanh-vien/moi"`) || !strings.Contains(answer.Body.String(), "Lê Thị Hoa") {
		t.Errorf("after the second step: %d %.500s", answer.Code, answer.Body)
	}
	if answer := w.ask(http.MethodGet, "/tai-khoan", session, nil); answer.Code != http.StatusSeeOther || !strings.HasPrefix(answer.Header().Get("Location"), "/dang-nhap") {
		t.Errorf("the token from before the second step: %d %s", answer.Code, answer.Header().Get("Location"))
	}
	// A form of an open session that the tenant's wish has caught waits for the set-up.
	for _, next := range []string{"//evil.example", "https://evil.example/", `/\evil.example`} {
		session, _, err := authz.SignIn(t.Context(), w.db, w.email(t, authz.Leader, "nghe-an"), demo.Password, authz.Device{Address: "198.51.100.46"})
		if err != nil {
			t.Fatal(err)
		}
		answer := w.ask(http.MethodPost, "/dang-nhap/buoc-hai", session, url.Values{"password": {demo.Password}, "_tiep": {next}})
		if got := answer.Header().Get("Location"); answer.Code != http.StatusSeeOther || got != "/" {
			t.Errorf("next %q: %d %q, want it led to /", next, answer.Code, got)
		}
	}
}
