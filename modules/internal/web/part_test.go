package web

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/authz/authztest"
	"txng/tenant"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

// TestAreaOfTooManyOrganizationsSaysThatItIsCut gives a commune with three organizations more than a scope can hold to
// another province, whose officer looks at them.
func TestAreaOfTooManyOrganizationsSaysThatItIsCut(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	into, _ := e.NewTenant(t)
	ref, err := unit.ParseRef(e.Tenant.Unit)
	if err != nil {
		t.Fatal(err)
	}
	communes := unit.Communes(ref, e.DB.Now())
	if len(communes) < 2 {
		t.Fatalf("%s has %d communes", e.Tenant.Name, len(communes))
	}
	owner := e.Owner(t)
	put := func(commune unit.Unit, from, to int) {
		t.Helper()
		if _, err := owner.Exec(t.Context(), `
			insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
			select $1, n * 1000003, 'household', 'Hộ ' || n, lpad(n::text, 10, '0'), '', $2, false, 'approved', now()
			from generate_series($3::bigint, $4::bigint) n`, e.Tenant.ID, commune.Ref.String(), from, to); err != nil {
			t.Fatal(err)
		}
	}
	put(communes[0], 1, 6000)
	put(communes[1], 6001, tenant.MaxOrgs+3)
	email := "nhan@" + into.Slug + ".example.vn"
	cede := func(c unit.Unit) {
		t.Helper()
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tenant.Cede(t.Context(), tx, tenant.NewPart{Origin: e.Tenant.ID, Successor: into.ID, Units: []string{c.Ref.String()}, Effective: e.DB.Now(), Basis: "Nghị quyết thử"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		e.DB.Forget()
	}
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, email, "Trần Thị Bích", "mat khau rat dai")
		if err != nil {
			return err
		}
		_, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: into.ID, Account: id, Role: authz.DOSTOfficer})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	a := New(Config{DB: e.DB, Signer: signer, Base: &url.URL{Scheme: "http", Host: "example.test"}, Log: slog.New(slog.DiscardHandler)})
	a.Get("/ds", authz.OrganizationView, func(q *Request, tx tenant.Tx) (Answer, error) {
		return Listing[int64]{Title: "Chủ thể", Columns: []Column[int64]{{Key: "n", Label: "Số", Value: func(n int64) any { return n }}}, Load: func(tx tenant.Tx, l Query) ([]int64, int, error) {
			n, err := tenant.Value[int64](q.Context(), tx, "select count(*) from organization.organization where tenant_id = any ($1)")
			return []int64{n}, int(n), err
		}}.Answer(q, tx)
	})
	a.Get("/ds/{id}", authz.OrganizationView, func(q *Request, tx tenant.Tx) (Answer, error) {
		id, err := q.Number("id")
		if err != nil {
			return Answer{}, err
		}
		_, err = tenant.Value[int64](q.Context(), tx, "select id from organization.organization where tenant_id = any ($1) and id = $2", id)
		return JSON(id), err
	})
	token := authztest.SignIn(t, e.DB, email, "mat khau rat dai", nil)
	ask := func(path string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.AddCookie(&http.Cookie{Name: sessionName, Value: string(token)})
		w := httptest.NewRecorder()
		start := time.Now()
		a.Handler().ServeHTTP(w, r)
		t.Logf("%s: %d after %v", path, w.Code, time.Since(start))
		return w
	}
	expect := func(path string, code int, words ...string) {
		t.Helper()
		w := ask(path)
		if w.Code != code {
			t.Errorf("%s: %d, want %d", path, w.Code, code)
		}
		for _, word := range words {
			absent := strings.HasPrefix(word, "!")
			if strings.Contains(w.Body.String(), strings.TrimPrefix(word, "!")) == absent {
				t.Errorf("%s: not with %q", path, word)
			}
		}
	}
	record := func(n int) string { return "/ds/" + strconv.Itoa(n*1_000_003) }
	list := "/ds?goc=" + e.Tenant.Slug
	cede(communes[0])
	expect(list, http.StatusOK, "6.000", "!Chưa hiện hết")
	expect(record(6000), http.StatusOK)
	expect(record(6001), http.StatusNotFound, "!quá nhiều chủ thể")
	cede(communes[1])
	expect(list, http.StatusOK, "100.000", "Chưa hiện hết", "3 chủ thể đăng ký sau")
	expect(record(tenant.MaxOrgs), http.StatusOK)
	expect(record(tenant.MaxOrgs+1), http.StatusNotFound, "3 chủ thể đăng ký sau chưa mở được")
}
