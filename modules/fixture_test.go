package modules_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules"
	"txng/modules/demo"
	"txng/modules/journal"
	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

// world is the whole site over a database with the demonstration's five programmes.
type world struct {
	config tenant.Config
	db     *tenant.DB
	app    *modules.App
	demo   demo.Result
}

// worlds are one a run of the tests: `go test -count=2` runs them twice in one process, each over a database and limits
// of its own.
var worlds struct {
	sync.Mutex
	now  *oneWorld
	used map[string]*testing.T // who has asked for the one now, by name
}

type oneWorld struct {
	sync.Once
	world
	err error
}

// thisRuns returns the world of the run that a test belongs to: a test that comes a second time begins the next run.
func thisRuns(t *testing.T) (one *oneWorld, first bool) {
	worlds.Lock()
	defer worlds.Unlock()
	first = worlds.used == nil
	if before, ok := worlds.used[t.Name()]; first || ok && before != t {
		worlds.now, worlds.used = &oneWorld{}, map[string]*testing.T{}
	}
	worlds.used[t.Name()] = t
	return worlds.now, first
}

// site returns the world, made once for the package's tests. Tests that change it say what they change.
func site(t *testing.T) *world {
	t.Helper()
	theWorld, first := thisRuns(t)
	theWorld.Do(func() {
		theWorld.err = func() error {
			config := tenanttest.Database(t)
			if !first {
				config = tenanttest.Another(t)
			}
			db, err := tenant.Open(t.Context(), heard.through(t, config))
			if err != nil {
				return err
			}
			keys, err := stamps.KeysOf(config.Secret)
			if err != nil {
				return err
			}
			signer, err := authz.NewSigner(config.Secret)
			if err != nil {
				return err
			}
			base := &url.URL{Scheme: "http", Host: "txng.test"}
			result, err := demo.Load(t.Context(), db, keys, signer.Factors(), base.String(), func(int, int) {})
			if err != nil {
				return err
			}
			if err := moreRoles(t.Context(), db, &result); err != nil {
				return err
			}
			if err := journal.SealAll(t.Context(), db); err != nil {
				return err
			}
			if err := demo.MoreRequests(t.Context(), db); err != nil {
				return err
			}
			sso, err := authz.NewSSO(config.Secret, authz.SSOOptions{Plain: true})
			if err != nil {
				return err
			}
			if err := demo.Rest(t.Context(), db, sso, result); err != nil {
				return err
			}
			app := modules.New(modules.Config{DB: db, Signer: signer, SSO: sso, Base: base, Log: slog.New(slog.DiscardHandler), Archives: archives}, keys)
			theWorld.world = world{config, db, app, result}
			return nil
		}()
	})
	if theWorld.err != nil {
		t.Fatal(theWorld.err)
	}
	return &theWorld.world
}

// signIn returns a session of the first demonstration account with the role in the tenant ("" above the tenants).
func (w *world) signIn(t *testing.T, role authz.Role, tenant string) authz.Token {
	t.Helper()
	for _, a := range w.demo.Accounts {
		if a.Role == string(role) && a.Tenant == tenant {
			return w.session(t, a.Email)
		}
	}
	t.Fatalf("no demonstration account %s in %q", role, tenant)
	return ""
}

func (w *world) session(t *testing.T, email string) authz.Token {
	t.Helper()
	return authztest.SignIn(t, w.db, email, demo.Password, demo.FactorSecret)
}

// ask sends a request as the session ("" for nobody) and returns the answer.
func (w *world) ask(method, path string, session authz.Token, form url.Values) *httptest.ResponseRecorder {
	var r *http.Request
	if form != nil {
		r = httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r = httptest.NewRequest(method, path, nil)
	}
	r.Host = "txng.test"
	if session != "" {
		r.AddCookie(&http.Cookie{Name: "txng_session", Value: string(session)})
	}
	answer := httptest.NewRecorder()
	w.app.Handler().ServeHTTP(answer, r)
	return answer
}

func request(method, path string, session authz.Token, form url.Values) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Host = "txng.test"
	r.AddCookie(&http.Cookie{Name: "txng_session", Value: string(session)})
	return r
}

func serveTo(w *world, r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	w.app.Handler().ServeHTTP(answer, r)
	return answer
}

// moreRoles adds the roles that the demonstration has no account for, in an organization that has one.
func moreRoles(ctx context.Context, db *tenant.DB, r *demo.Result) error {
	t, err := db.TenantBySlug(ctx, "nghe-an")
	if err != nil {
		return err
	}
	scope, err := db.Scope(ctx, t.ID)
	if err != nil {
		return err
	}
	if err := db.In(ctx, scope, func(tx tenant.Tx) error { return authz.NeedOfficersFactor(ctx, tx, false) }); err != nil {
		return err
	}
	return db.Platform(ctx, func(tx tenant.Platform) error {
		var owner string
		for _, a := range r.Accounts {
			if a.Role == string(authz.OrgOwner) && a.Tenant == t.Slug && owner == "" {
				owner = a.Email
			}
		}
		account, err := authz.AccountByEmail(ctx, tx, authz.Email(owner))
		if err != nil {
			return err
		}
		roles, err := authz.Memberships(ctx, tx, account.ID)
		if err != nil {
			return err
		}
		for _, role := range []authz.Role{authz.OrgStaff, authz.OrgAccountant} {
			email := string(role) + "@demo.txng.vn"
			id, err := authz.CreateAccount(ctx, tx, email, "Nhân viên", demo.Password)
			if err != nil {
				return err
			}
			if _, err := authz.GrantMembership(ctx, tx, authz.NewMembership{Tenant: t.ID, Account: id, Role: role, Org: roles[0].OrgID}); err != nil {
				return err
			}
			r.Accounts = append(r.Accounts, demo.Account{Role: string(role), Tenant: t.Slug, Email: email, Password: demo.Password})
		}
		return nil
	})
}

func proxies(t *testing.T, list ...string) (all []netip.Prefix) {
	t.Helper()
	for _, p := range list {
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, prefix)
	}
	return all
}
