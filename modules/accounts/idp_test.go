package accounts

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"txng/authz"
	"txng/tenant"
)

// idp is an OpenID provider that runs in the test: zitadel's server with its in-memory store, behind a proxy that a test
// may have change what it says.
type idp struct {
	t       *testing.T
	server  *httptest.Server
	store   *storage.Storage
	clients map[string]*storage.Client

	mu     sync.Mutex
	users  map[string]*storage.User
	tamper func(path string, status int, body []byte) (int, []byte)
}

func (i *idp) GetUserByID(id string) *storage.User {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.users[id]
}

func (i *idp) GetUserByUsername(name string) *storage.User { return i.GetUserByID(name) }

func (i *idp) ExampleClientID() string { return "service" }

// making keeps the making of a provider apart from the work of others: zitadel writes its package's list of endpoints
// when it makes one, and reads it in all.
var making sync.RWMutex

func newIDP(t *testing.T) *idp {
	t.Helper()
	i := &idp{t: t, clients: map[string]*storage.Client{}, users: map[string]*storage.User{}}
	var handler http.Handler
	i.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		making.RLock()
		handler.ServeHTTP(answer, r)
		making.RUnlock()
		status, body := answer.Code, answer.Body.Bytes()
		i.mu.Lock()
		tamper := i.tamper
		i.mu.Unlock()
		if tamper != nil {
			status, body = tamper(r.URL.Path, status, body)
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		w.WriteHeader(status)
		w.Write(body)
	}))
	t.Cleanup(i.server.Close)
	i.store = storage.NewStorageWithClients(i, i.clients)
	making.Lock()
	defer making.Unlock()
	handler = exampleop.SetupServer(i.server.URL, i.store, slog.New(slog.DiscardHandler), false)
	return i
}

// person adds somebody who signs in at the provider.
func (i *idp) person(id, email string, verified bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.users[id] = &storage.User{ID: id, Username: id, Password: "ở nhà cung cấp", Email: email, EmailVerified: verified}
}

func (i *idp) set(f func(path string, status int, body []byte) (int, []byte)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tamper = f
}

// claims has the id tokens changed before they are signed again with the provider's own key.
func (i *idp) claims(change func(claims map[string]any)) {
	key, err := i.store.SigningKey(i.t.Context())
	if err != nil {
		i.t.Fatal(err)
	}
	i.tokens(func(payload []byte) string {
		claims := map[string]any{}
		json.Unmarshal(payload, &claims)
		change(claims)
		payload, _ = json.Marshal(claims)
		return signed(i.t, key.Key(), key.ID(), payload)
	})
}

// tokens has the id tokens replaced by what f makes of their payload.
func (i *idp) tokens(f func(payload []byte) string) {
	i.set(func(path string, status int, body []byte) (int, []byte) {
		if path != "/oauth/token" {
			return status, body
		}
		answer := map[string]any{}
		json.Unmarshal(body, &answer)
		raw, _ := answer["id_token"].(string)
		payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(raw+"..", ".")[1])
		answer["id_token"] = f(payload)
		body, _ = json.Marshal(answer)
		return status, body
	})
}

func signed(t *testing.T, key any, id string, payload []byte) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, err := object.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func strangerKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signIn goes through the provider's own pages as its user, from where our site sends the browser to, and returns where
// the provider sends it back to.
func (i *idp) signIn(from, user string) string {
	i.t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(r *http.Response, err error) *url.URL {
		i.t.Helper()
		if err != nil {
			i.t.Fatal(err)
		}
		defer r.Body.Close()
		body, _ := io.ReadAll(r.Body)
		u, err := r.Location()
		if err != nil {
			i.t.Fatalf("the provider answered %d, no redirect: %.500s", r.StatusCode, body)
		}
		return u
	}
	at := ask(browser.Get(from))
	if !strings.HasPrefix(at.String(), i.server.URL) {
		return at.String() // an error that the provider tells at once
	}
	at = ask(browser.PostForm(i.server.URL+"/login/username", url.Values{
		"id": {at.Query().Get("authRequestID")}, "username": {user}, "password": {"ở nhà cung cấp"},
	}))
	for strings.HasPrefix(at.String(), i.server.URL) {
		at = ask(browser.Get(at.String()))
	}
	return at.String()
}

// ssoSite is a place whose tenant signs in through a provider.
type ssoSite struct {
	*place
	idp   *idp
	admin *visitor
	page  string // of the provider, for the administrator
	start string // where signing in with it begins
}

const clientSecret = "khoa-bi-mat-cua-tinh-42"

var redirectURI = regexp.MustCompile(`http://[a-z0-9.-]+/dang-nhap/sso/[^<"]+/tro-ve`)

// newSSO has the tenant's administrator configure a provider, by the pages.
func newSSO(t *testing.T) *ssoSite {
	t.Helper()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	s := &ssoSite{place: p, idp: newIDP(t), admin: admin}
	s.page, s.start = s.provider(admin, s.idp, "SSO tỉnh")
	return s
}

// provider configures a provider as an administrator, and returns its page and where signing in with it begins.
func (p *place) provider(admin *visitor, i *idp, name string) (page, start string) {
	p.t.Helper()
	made := admin.post("/cau-hinh/sso/moi", "name", name, "issuer", i.server.URL)
	p.expect(made, http.StatusSeeOther)
	page = made.Header().Get("Location")
	shown := admin.get(page)
	p.expect(shown, http.StatusOK, "Chưa cấu hình xong")
	callback := redirectURI.FindString(shown.Body.String())
	if callback == "" {
		p.t.Fatalf("no redirect URI on the page: %.3000s", shown.Body)
	}
	i.clients[clientIDOf(name)] = storage.WebClient(clientIDOf(name), clientSecret, callback)
	p.expect(admin.post(page, "name", name, "client_id", clientIDOf(name), "client_secret", clientSecret, "scopes", "email"), http.StatusSeeOther)
	p.expect(admin.post(page+"/trang-thai", "bat", "1"), http.StatusSeeOther)
	return page, strings.TrimSuffix(callback, "/tro-ve")
}

func clientIDOf(name string) string {
	return "client-" + base64.RawURLEncoding.EncodeToString([]byte(name))
}

// at goes to an address of the site.
func (v *visitor) at(address string) *httptest.ResponseRecorder {
	return v.send(httptest.NewRequest(http.MethodGet, address, nil))
}

// through goes to the provider as its user and comes back.
func (s *ssoSite) through(v *visitor, user string) *httptest.ResponseRecorder {
	s.t.Helper()
	return v.at(s.answer(v, user))
}

// answer goes to the provider and returns where it sends the browser.
func (s *ssoSite) answer(v *visitor, user string) string {
	s.t.Helper()
	away := v.at(s.start)
	s.expect(away, http.StatusSeeOther)
	return s.idp.signIn(away.Header().Get("Location"), user)
}

// linked makes an officer who is linked with a user of the provider, and returns their address and browser.
func (s *ssoSite) linked(user string, more ...func(authz.AccountID, tenant.Platform) error) (email string, v *visitor) {
	s.t.Helper()
	email = s.place.person(s.Tenant.ID, authz.DOSTOfficer, 0)
	if err := s.DB.Platform(s.t.Context(), func(tx tenant.Platform) error {
		account, err := authz.AccountByEmail(s.t.Context(), tx, authz.Email(email))
		for _, f := range more {
			if err == nil {
				err = f(account.ID, tx)
			}
		}
		return err
	}); err != nil {
		s.t.Fatal(err)
	}
	s.idp.person(user, email, true)
	v = s.nobody()
	back := s.through(v, user)
	s.expect(back, http.StatusSeeOther)
	if to := back.Header().Get("Location"); to != "/dang-nhap/sso/lien-ket" {
		s.t.Fatalf("sent to %q, want the page that links", to)
	}
	s.expect(v.post("/dang-nhap/sso/lien-ket", "password", password), http.StatusSeeOther)
	return email, v
}

// one returns the value of a query, past row security.
func one[T any](p *place, sql string, args ...any) (v T) {
	p.t.Helper()
	if err := p.Owner(p.t).QueryRow(p.t.Context(), sql, args...).Scan(&v); err != nil {
		p.t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// do runs a statement past row security.
func (p *place) do(sql string, args ...any) {
	p.t.Helper()
	if _, err := p.Owner(p.t).Exec(p.t.Context(), sql, args...); err != nil {
		p.t.Fatalf("%s: %v", sql, err)
	}
}

func contains(w *httptest.ResponseRecorder, text string) bool {
	return bytes.Contains(w.Body.Bytes(), []byte(text))
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
