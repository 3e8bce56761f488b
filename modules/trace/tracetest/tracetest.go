// Package tracetest makes what tests of lots, stamps and scans begin with: a tenant with an approved organization that
// has a published, complete product, and a site to drive pages of.
package tracetest

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"txng/authz"
	"txng/authz/authztest"
	"txng/billing"
	"txng/modules/internal/gs1"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

// World is a tenant with one organization and one product.
type World struct {
	*tenanttest.Env
	Org      tenant.OrgID
	Product  int64
	GTIN     gs1.GTIN
	Owner    authz.Identity
	Officer  authz.Identity
	Business tenant.Scope // of the organization
}

var made atomic.Int64

// pixel is the smallest PNG there is.
const pixel = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"

// New makes a world of its own.
func New(t testing.TB) *World {
	t.Helper()
	return in(t, tenanttest.New(t))
}

// Alone is New in a database beside the package's, for a test that counts on which provinces are registered.
func Alone(t testing.TB) *World {
	t.Helper()
	return in(t, tenanttest.Alone(t))
}

func in(t testing.TB, e *tenanttest.Env) *World {
	t.Helper()
	w := &World{Env: e}
	w.Org, w.Product, w.GTIN = w.AddProduct(t, w.Scope, "HTX Nông nghiệp Nghi Diên", "Cam Vinh Xã Đoài")
	w.Business = w.Scope.Of(w.Org)
	w.Owner = authz.Identity{Account: 1, Name: "Nguyễn Văn Bình", Role: authz.OrgOwner, Tenant: w.Tenant.ID, Org: w.Org}
	w.Officer = authz.Identity{Account: 2, Name: "Trần Thị Hoa", Role: authz.DOSTOfficer, Tenant: w.Tenant.ID}
	return w
}

// AddProduct makes another approved organization with a quota of 100,000 stamps and a published product.
func (w *World) AddProduct(t testing.TB, s tenant.Scope, org, product string) (tenant.OrgID, int64, gs1.GTIN) {
	t.Helper()
	n := made.Add(1)
	body := fmt.Sprintf("0893601%06d", n)
	check, err := gs1.CheckDigit(body)
	if err != nil {
		t.Fatal(err)
	}
	gtin := gs1.GTIN(body + string(check))
	var orgID tenant.OrgID
	var productID int64
	w.In(t, s, func(tx tenant.Tx) error {
		orgID, productID = tenant.OrgID(tx.NewID()), tx.NewID()
		for _, insert := range []struct {
			sql  string
			args []any
		}{
			{`insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
				values ($1, $2, 'cooperative', $3, $4, 'Xóm 5', '16690@2025-07-01', true, 'approved', $5)`,
				[]any{orgID, org, fmt.Sprintf("%010d", n), tx.Now()}},
			{`insert into catalog.product (tenant_id, id, org_id, gtin, name, brand, origin, standard, state, created_at)
				values ($1, $2, $3, $4, $5, 'Cam Vinh', 'Nghệ An, Việt Nam', 'TCVN 1873:2014', 'published', $6)`,
				[]any{productID, orgID, gtin, product, tx.Now()}},
			{`insert into catalog.photo (tenant_id, product_id, org_id, type, bytes, published, created_at)
				values ($1, $2, $3, 'image/png', $4, true, $5)`,
				[]any{productID, orgID, []byte(pixel), tx.Now()}},
			{`insert into catalog.token (tenant_id, token, product_id, org_id) values ($1, 'cam', $2, $3), ($1, 'vinh', $2, $3)`,
				[]any{productID, orgID}},
		} {
			if _, err := tx.Exec(t.Context(), insert.sql, insert.args...); err != nil {
				return fmt.Errorf("%s: %w", insert.sql, err)
			}
		}
		return billing.Grant(t.Context(), tx, billing.NewGrant{Org: orgID, Source: billing.Free, Key: "free", Amount: 100_000})
	})
	return orgID, productID, gtin
}

// In runs f in a transaction of the scope; its error ends the test.
func (w *World) In(t testing.TB, s tenant.Scope, f func(tenant.Tx) error) {
	t.Helper()
	if err := w.DB.In(t.Context(), s, f); err != nil {
		t.Fatal(err)
	}
}

// Try is In for what may fail.
func (w *World) Try(t testing.TB, s tenant.Scope, f func(tenant.Tx) error) error {
	t.Helper()
	return w.DB.In(t.Context(), s, f)
}

// Site is a running site with some modules.
type Site struct {
	*httptest.Server
	World *World
}

// Serve starts a site with the routes.
func (w *World) Serve(t testing.TB, routes ...func(*web.App)) *Site {
	t.Helper()
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	a := web.New(web.Config{DB: w.DB, Signer: signer, Base: &url.URL{Scheme: "http", Host: "txng.test"}, Log: slog.New(slog.DiscardHandler)})
	for _, r := range routes {
		r(a)
	}
	s := httptest.NewServer(a.Handler())
	t.Cleanup(s.Close)
	return &Site{Server: s, World: w}
}

// SignIn opens a session in a role and returns its cookie. A role of an organization is one of the world's.
func (s *Site) SignIn(t testing.TB, r authz.Role) *http.Cookie {
	t.Helper()
	email := fmt.Sprintf("p%d@example.vn", made.Add(1))
	err := s.World.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		account, err := authz.CreateAccount(t.Context(), tx, email, "Nguyễn Văn Bình", "mat khau dai 10")
		if err != nil {
			return err
		}
		m := authz.NewMembership{Tenant: s.World.Tenant.ID, Account: account, Role: r}
		if r.OfOrganization() {
			m.Org = s.World.Org
		}
		_, err = authz.GrantMembership(t.Context(), tx, m)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	token := authztest.SignIn(t, s.World.DB, email, "mat khau dai 10", nil)
	return &http.Cookie{Name: "txng_session", Value: string(token), Path: "/"}
}

// Answer is what the site answered.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

// Get asks for a page, signed in when there is a cookie. It does not follow redirects.
func (s *Site) Get(t testing.TB, cookie *http.Cookie, path string) Answer {
	t.Helper()
	return s.Do(t, cookie, http.MethodGet, path, nil)
}

// Post sends a form.
func (s *Site) Post(t testing.TB, cookie *http.Cookie, path string, form url.Values) Answer {
	t.Helper()
	return s.Do(t, cookie, http.MethodPost, path, form)
}

// Do sends a request.
func (s *Site) Do(t testing.TB, cookie *http.Cookie, method, path string, form url.Values) Answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if cookie != nil {
		r.AddCookie(cookie)
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{Status: answer.StatusCode, Header: answer.Header, Body: string(body)}
}
