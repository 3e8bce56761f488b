package modules_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules/demo"
	"txng/tenant"
)

// call asks the API, as the bearer of a token ("" for none), and reads the answer into out.
func (w *world) call(t *testing.T, method, target, token, body string, out any) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if !strings.HasPrefix(target, "http") {
		r.Host = "txng.test"
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer := serveTo(w, r)
	if out != nil {
		if err := json.Unmarshal(answer.Body.Bytes(), out); err != nil {
			t.Fatalf("%s %s: %d %.300s: %v", method, target, answer.Code, answer.Body, err)
		}
	}
	return answer
}

type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func (w *world) tokens(t *testing.T, body map[string]string) (got tokens) {
	t.Helper()
	b, _ := json.Marshal(body)
	if answer := w.call(t, http.MethodPost, "/api/v1/token", "", string(b), &got); answer.Code != http.StatusOK || got.Access == "" || answer.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("token: %d %v %s", answer.Code, answer.Header(), answer.Body)
	}
	return got
}

func (w *world) tokensOf(t *testing.T, role authz.Role, tenant string) tokens {
	t.Helper()
	return w.tokens(t, map[string]string{"email": w.email(t, role, tenant), "password": demo.Password, "tenant": tenant})
}

type productList struct {
	Total    int `json:"total"`
	Products []struct {
		ID           string `json:"id"`
		Organization string `json:"organization_id"`
		Name         string `json:"name"`
	} `json:"products"`
}

func (w *world) products(t *testing.T, token, query string) (list productList) {
	t.Helper()
	if answer := w.call(t, http.MethodGet, "/api/v1/products"+query, token, "", &list); answer.Code != http.StatusOK {
		t.Fatalf("products%s: %d %s", query, answer.Code, answer.Body)
	}
	return list
}

func TestAPIShowsEachTenantItsOwnProductsOnly(t *testing.T) {
	t.Parallel()
	w := site(t)
	conn := owner(t, w)
	tenantOf := func(id string) (slug string) {
		if err := conn.QueryRow(t.Context(), "select t.slug from catalog.product p join tenant.tenant t on t.id = p.tenant_id where p.id = $1::text::bigint", id).Scan(&slug); err != nil {
			t.Fatal(err)
		}
		return slug
	}
	for _, place := range []string{"nghe-an", "ho-chi-minh"} {
		token := w.tokensOf(t, authz.DOSTOfficer, place).Access
		seen := 0
		for page := 1; ; page++ {
			list := w.products(t, token, "?limit=100&page="+string(rune('0'+page)))
			for _, p := range list.Products {
				seen++
				if got := tenantOf(p.ID); got != place {
					t.Errorf("the officer of %s sees %s of %s", place, p.Name, got)
				}
			}
			if seen >= list.Total || len(list.Products) == 0 || page == 9 {
				if seen != list.Total || seen == 0 {
					t.Errorf("%s: %d products on the pages, the total says %d", place, seen, list.Total)
				}
				break
			}
		}
	}
	// The same token at the subdomain of another tenant is refused there, and serves at its own.
	token := w.tokensOf(t, authz.DOSTOfficer, "nghe-an").Access
	if answer := w.call(t, http.MethodGet, "http://ho-chi-minh.txng.test/api/v1/products", token, "", nil); answer.Code != http.StatusUnauthorized {
		t.Errorf("at another tenant's subdomain: %d, want 401", answer.Code)
	}
	if answer := w.call(t, http.MethodGet, "http://nghe-an.txng.test/api/v1/products", token, "", nil); answer.Code != http.StatusOK {
		t.Errorf("at its own subdomain: %d, want 200", answer.Code)
	}
}

// operatorToken returns an access token of a new operator, whose role needs the code of an app.
func (w *world) operatorToken(t *testing.T) string {
	t.Helper()
	const email = "van-hanh-api@example.vn"
	if err := w.db.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, email, "Người vận hành", demo.Password)
		if err != nil {
			return err
		}
		return authz.GrantPlatformRole(t.Context(), tx, id, authz.Operator)
	}); err != nil {
		t.Fatal(err)
	}
	authztest.SignIn(t, w.db, email, demo.Password, nil) // sets the app up
	tokens, err := w.app.Signer.Grant(t.Context(), w.db, email, demo.Password, authztest.Code(t, w.db.Now(), email, nil), 0, authz.Device{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tokens.Access
}

func TestAPIRefusesWhoHasNoRight(t *testing.T) {
	t.Parallel()
	w := site(t)
	answer := w.call(t, http.MethodGet, "/api/v1/products", "", "", nil)
	if answer.Code != http.StatusUnauthorized || answer.Header().Get("WWW-Authenticate") != "Bearer" || answer.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("without a token: %d %v", answer.Code, answer.Header())
	}
	if answer := w.call(t, http.MethodGet, "/api/v1/products", w.operatorToken(t), "", nil); answer.Code != http.StatusForbidden {
		t.Errorf("the operator, who sees no province's records: %d, want 403", answer.Code)
	}
	// A key without the scope, of a person who has the permission.
	made := w.ask(http.MethodPost, "/tai-khoan/khoa-api", w.signIn(t, authz.Leader, "nghe-an"), url.Values{"name": {"Chỉ kế hoạch"}, "days": {"30"}, "scopes": {"plan.view"}})
	for _, c := range shown.FindAllStringSubmatch(made.Body.String(), -1) {
		if answer := w.call(t, http.MethodGet, "/api/v1/products", c[1], "", nil); answer.Code != http.StatusForbidden {
			t.Errorf("a key for plan.view only: %d, want 403", answer.Code)
		}
	}
	token := w.tokensOf(t, authz.Leader, "nghe-an").Access
	for query, want := range map[string]int{
		"?page=0": 422, "?limit=101": 422, "?limit=-1": 422, "?page=x": 422, "?page=99999999999999999999": 422, "?state=gone": 422,
		"?q=" + strings.Repeat("a", 201): 422, "?q=%00": 422, "?q=%ff": 422, "?q='%20or%201=1": 200, "?page=100000": 200,
	} {
		if answer := w.call(t, http.MethodGet, "/api/v1/products"+query, token, "", nil); answer.Code != want {
			t.Errorf("%.40s: %d %.200s, want %d", query, answer.Code, answer.Body, want)
		}
	}
	// A session's cookie opens no API: no other site can make a browser ask it.
	r := httptest.NewRequest(http.MethodGet, "/api/v1/products", nil)
	r.AddCookie(&http.Cookie{Name: "txng_session", Value: string(w.signIn(t, authz.Leader, "nghe-an"))})
	if answer := serveTo(w, r); answer.Code != http.StatusUnauthorized {
		t.Errorf("with a session's cookie: %d, want 401", answer.Code)
	}
}

func TestRefreshThroughTheAPIAndItsAudit(t *testing.T) {
	t.Parallel()
	w := site(t)
	first := w.tokensOf(t, authz.Leader, "nghe-an")
	second := w.tokens(t, map[string]string{"grant_type": "refresh_token", "refresh_token": first.Refresh})
	for name, token := range map[string]string{"used": first.Refresh, "of the revoked family": second.Refresh, "empty": "", "an access token": second.Access[:100]} {
		b, _ := json.Marshal(map[string]string{"grant_type": "refresh_token", "refresh_token": token})
		if answer := w.call(t, http.MethodPost, "/api/v1/token", "", string(b), nil); name != "of the revoked family" && answer.Code != http.StatusUnauthorized {
			t.Errorf("refresh token %s: %d, want 401", name, answer.Code)
		}
	}
	b, _ := json.Marshal(map[string]string{"grant_type": "refresh_token", "refresh_token": second.Refresh})
	if answer := w.call(t, http.MethodPost, "/api/v1/token", "", string(b), nil); answer.Code != http.StatusUnauthorized {
		t.Errorf("refresh token of the revoked family: %d, want 401", answer.Code)
	}
	var granted, reused int
	if err := owner(t, w).QueryRow(t.Context(), `
		select count(*) filter (where action = 'token.grant'), count(*) filter (where action = 'token.reuse')
		from audit.entry
		where who = (select name from authz.account where email = $1)`, w.email(t, authz.Leader, "nghe-an")).Scan(&granted, &reused); err != nil {
		t.Fatal(err)
	}
	if granted < 1 || reused != 1 {
		t.Errorf("audit: %d grants, %d reuses; want some and one", granted, reused)
	}
	if answer := w.call(t, http.MethodPost, "/api/v1/token", "", `{"grant_type":"authorization_code"}`, nil); answer.Code != http.StatusUnprocessableEntity {
		t.Errorf("unknown grant type: %d, want 422", answer.Code)
	}
}

var shown = regexp.MustCompile(`<code>([^<]{20,})</code>`)

func TestOwnerConnectsAnERPAndTakesItAway(t *testing.T) {
	t.Parallel()
	w := site(t)
	session := w.signIn(t, authz.OrgOwner, "nghe-an")
	answer := w.ask(http.MethodPost, "/ket-noi", session, url.Values{"name": {"ERP <kế toán>"}, "days": {"30"}})
	page := html.UnescapeString(answer.Body.String())
	if answer.Code != http.StatusUnprocessableEntity || !strings.Contains(page, "Chọn ít nhất một quyền") || !strings.Contains(page, `value="ERP <kế toán>"`) {
		t.Fatalf("without scopes: %d\n%.400s", answer.Code, page)
	}
	form := url.Values{"name": {"ERP <kế toán>"}, "days": {"30"}, "scopes": {"catalog.view", "lot.view"}}
	answer = w.ask(http.MethodPost, "/ket-noi", session, form)
	codes := shown.FindAllStringSubmatch(answer.Body.String(), -1)
	if answer.Code != http.StatusOK || answer.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("made: %d %v", answer.Code, answer.Header())
	}
	id, secret := "", ""
	for _, c := range codes {
		if strings.Contains(c[1], "-") && len(c[1]) < 30 {
			id = c[1]
		} else {
			secret = c[1]
		}
	}
	if again := w.ask(http.MethodPost, "/ket-noi", session, form); again.Code != http.StatusConflict {
		t.Errorf("sent twice: %d, want 409: one connection of a name", again.Code)
	}
	if list := w.ask(http.MethodGet, "/ket-noi", session, nil); strings.Contains(list.Body.String(), secret) || !strings.Contains(list.Body.String(), id) {
		t.Error("the list shows the secret, or not the connection")
	}
	token := w.tokens(t, map[string]string{"grant_type": "client_credentials", "client_id": id, "client_secret": secret, "scope": "catalog.view"})
	if token.Refresh != "" {
		t.Error("a machine got a refresh token")
	}
	list := w.products(t, token.Access, "")
	own := map[string]bool{}
	for _, p := range list.Products {
		own[p.Organization] = true
	}
	if len(own) != 1 {
		t.Errorf("the machine sees products of %d organizations, want its own only", len(own))
	}
	var me struct {
		Name        string   `json:"name"`
		Permissions []string `json:"permissions"`
	}
	w.call(t, http.MethodGet, "/api/v1/me", token.Access, "", &me)
	if len(me.Permissions) != 1 || me.Permissions[0] != "catalog.view" || me.Name != "Kết nối ERP <kế toán>" {
		t.Errorf("me: %+v", me)
	}
	number := id[strings.Index(id, "-")+1:]
	if answer := w.ask(http.MethodPost, "/ket-noi/"+number+"/thu-hoi", w.signIn(t, authz.OrgStaff, "nghe-an"), url.Values{"x": {"1"}}); answer.Code != http.StatusForbidden {
		t.Errorf("staff revokes it: %d, want 403", answer.Code)
	}
	if answer := w.ask(http.MethodPost, "/ket-noi/"+number+"/thu-hoi", session, url.Values{"x": {"1"}}); answer.Code != http.StatusSeeOther {
		t.Fatalf("revoke: %d", answer.Code)
	}
	if answer := w.call(t, http.MethodGet, "/api/v1/products", token.Access, "", nil); answer.Code != http.StatusUnauthorized {
		t.Errorf("its token after the revocation: %d, want 401", answer.Code)
	}
	var lines int
	if err := owner(t, w).QueryRow(t.Context(), "select count(*) from audit.entry where subject = 'client' and subject_id = $1::text::bigint and action in ('client.create', 'client.revoke')", number).Scan(&lines); err != nil || lines != 2 {
		t.Errorf("%d lines in the audit, %v; want two", lines, err)
	}
}

func TestPersonalKeyIsShownOnceAndOpensTheAPI(t *testing.T) {
	t.Parallel()
	w := site(t)
	session := w.signIn(t, authz.DOSTOfficer, "nghe-an")
	answer := w.ask(http.MethodPost, "/tai-khoan/khoa-api", session, url.Values{"name": {"Báo cáo"}, "days": {"x"}, "scopes": {"catalog.view"}})
	page := html.UnescapeString(answer.Body.String())
	if answer.Code != http.StatusUnprocessableEntity || !strings.Contains(page, `value="Báo cáo"`) || !regexp.MustCompile(`value="catalog.view" checked`).MatchString(page) {
		t.Fatalf("wrong lifetime: %d, what was typed is lost", answer.Code)
	}
	answer = w.ask(http.MethodPost, "/tai-khoan/khoa-api", session, url.Values{"name": {"Báo cáo"}, "days": {"30"}, "scopes": {"catalog.view"}})
	key := ""
	for _, c := range shown.FindAllStringSubmatch(answer.Body.String(), -1) {
		key = c[1]
	}
	if answer.Code != http.StatusOK || !strings.HasPrefix(key, "txng_") {
		t.Fatalf("made: %d, key %q", answer.Code, key)
	}
	if len(w.products(t, key, "").Products) == 0 {
		t.Error("the key shows no products")
	}
	list := w.ask(http.MethodGet, "/tai-khoan/khoa-api", session, nil).Body.String()
	if strings.Contains(list, key) || !strings.Contains(list, key[:12]) {
		t.Error("the list shows the key, or not its beginning")
	}
	revoke := url.Values{"khoa": {regexp.MustCompile(`name="khoa" value="(\d+)"`).FindStringSubmatch(list)[1]}}
	if answer := w.ask(http.MethodPost, "/tai-khoan/khoa-api/thu-hoi", w.signIn(t, authz.DOSTAdmin, "nghe-an"), revoke); answer.Code != http.StatusNotFound {
		t.Errorf("somebody else revokes it: %d, want 404", answer.Code)
	}
	if answer := w.ask(http.MethodPost, "/tai-khoan/khoa-api/thu-hoi", session, revoke); answer.Code != http.StatusSeeOther {
		t.Fatalf("revoke: %d", answer.Code)
	}
	if answer := w.call(t, http.MethodGet, "/api/v1/products", key, "", nil); answer.Code != http.StatusUnauthorized {
		t.Errorf("after its revocation: %d, want 401", answer.Code)
	}
	if answer := w.ask(http.MethodPost, "/tai-khoan/khoa-api", w.signIn(t, authz.Ministry, ""), url.Values{"name": {"A"}, "days": {"30"}, "scopes": {"nation.view"}}); answer.Code != http.StatusConflict {
		t.Errorf("a key above the tenants: %d, want 409", answer.Code)
	}
}

func TestPublicKeysAreServed(t *testing.T) {
	t.Parallel()
	w := site(t)
	token := w.tokensOf(t, authz.Leader, "nghe-an").Access
	var set struct {
		Keys []struct{ Kty, Crv, X, Kid, Use, Alg string }
	}
	answer := w.call(t, http.MethodGet, "/.well-known/jwks.json", "", "", &set)
	if answer.Code != http.StatusOK || answer.Header().Get("Cache-Control") != "public, max-age=60" || len(set.Keys) == 0 {
		t.Fatalf("%d %v %s", answer.Code, answer.Header(), answer.Body)
	}
	part := strings.Split(token, ".")
	signature, _ := base64.RawURLEncoding.DecodeString(part[2])
	verified := false
	for _, k := range set.Keys {
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if err != nil || len(x) != ed25519.PublicKeySize || k.Kty != "OKP" || k.Crv != "Ed25519" || k.Use != "sig" || k.Alg != "EdDSA" || k.Kid == "" {
			t.Errorf("key %+v", k)
			continue
		}
		verified = verified || ed25519.Verify(x, []byte(part[0]+"."+part[1]), signature)
	}
	if !verified {
		t.Error("no public key verifies a token")
	}
}
