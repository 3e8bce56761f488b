package web

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

// refuser is a site with one page that its one person may not see.
func refuser(t *testing.T, every time.Duration) (a *App, ask func(path string) int, lines func() []string) {
	t.Helper()
	e := tenanttest.New(t)
	a = New(Config{DB: e.DB, Base: &url.URL{Scheme: "http", Host: "example.test"}, Log: slog.New(slog.DiscardHandler)})
	a.refusals.every = every
	never := func(*Request, tenant.Tx) (Answer, error) {
		t.Error("the page was reached")
		return Answer{}, nil
	}
	a.Get("/kin", authz.AuditView, never)
	a.Get("/kin/{id}", authz.AuditView, never)
	email := "refused@" + e.Tenant.Slug + ".example.vn"
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, email, "Trần Thị Bích", "mat khau rat dai")
		if err != nil {
			return err
		}
		_, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: e.Tenant.ID, Account: id, Role: authz.Inspector})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	token, _, err := authz.SignIn(t.Context(), e.DB, email, "mat khau rat dai", authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	ask = func(path string) int {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.AddCookie(&http.Cookie{Name: sessionName, Value: string(token)})
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		return w.Code
	}
	lines = func() []string {
		type line struct{ What string }
		list, err := tenant.Fetch[line](t.Context(), e.DB, e.Scope, "select what from audit.entry where tenant_id = any ($1) and action = 'access.refused' order by id")
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, l := range list {
			all = append(all, l.What)
		}
		return all
	}
	return a, ask, lines
}

func TestALoopOfRefusalsMakesOneLineAtOnceAndOneWithTheirNumber(t *testing.T) {
	t.Parallel()
	a, ask, lines := refuser(t, time.Hour)
	passes := func() { // what the timer of each pair does
		t.Helper()
		for key := range maps.Clone(a.refusals.open) {
			a.refusals.next(a, key)
		}
	}
	for i := range 200 {
		path := "/kin"
		if i%2 > 0 {
			path = "/kin/" + strings.Repeat("9", 1+i%15) // one route, whatever the record
		}
		if code := ask(path); code != http.StatusForbidden {
			t.Fatalf("%d, want 403", code)
		}
	}
	passes()
	var got []string
	for range 600 {
		if got = lines(); len(got) >= 4 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	counted := 0
	for _, l := range got {
		if strings.Contains(l, "99 lần từ ") {
			counted++
		}
	}
	if len(got) != 4 || counted != 2 {
		t.Errorf("%q, want for each of two routes the first, and one line of 99", got)
	}
	passes()
	if n := len(a.refusals.open); n != 0 {
		t.Errorf("%d pairs are still counted after a quiet time, want none", n)
	}
	if ask("/kin"); len(a.refusals.open) != 1 {
		t.Errorf("%d pairs are counted after one more, want 1", len(a.refusals.open))
	}
}

func TestCountedRefusalsAreNotLostWhenTheProcessCloses(t *testing.T) {
	t.Parallel()
	a, ask, lines := refuser(t, time.Hour)
	for range 3 {
		ask("/kin")
	}
	a.Wait()
	if got := lines(); len(got) != 2 || !strings.Contains(strings.Join(got, "\n"), "2 lần từ ") {
		t.Errorf("%q, want the first and a line of two", got)
	}
}
