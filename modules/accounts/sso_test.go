package accounts

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/authz/authztest"
	"txng/tenant"
)

func TestOfficerLinksOnceAndThenSignsInThroughTheProvince(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	officer := s.place.person(s.Tenant.ID, authz.DOSTOfficer, 0)
	s.idp.person("can-bo-1", strings.ToUpper(officer), true)
	v := s.nobody()
	page := v.at("http://" + s.Tenant.Slug + ".txng.test/dang-nhap?tiep=/tai-khoan")
	s.expect(page, http.StatusOK, "Đăng nhập bằng SSO tỉnh", s.start+"?tiep=%2Ftai-khoan")
	s.start += "?tiep=%2Ftai-khoan"

	back := s.through(v, "can-bo-1")
	s.expect(back, http.StatusSeeOther)
	if v.cookies["txng_session"] != "" {
		t.Fatal("a session before anything is linked")
	}
	s.expect(v.get(back.Header().Get("Location")), http.StatusOK, "Liên kết tài khoản", officer, "SSO tỉnh")
	s.expect(v.post(linkPath, "password", "sai mật khẩu rồi"), http.StatusUnprocessableEntity, "chưa đúng")
	s.expect(s.nobody().post(linkPath, "password", password), http.StatusConflict, "Hãy đăng nhập lại từ đầu")
	done := v.post(linkPath, "password", password)
	s.expect(done, http.StatusSeeOther)
	if to := done.Header().Get("Location"); to != "/tai-khoan" {
		t.Errorf("sent to %q, want where the person wanted to go", to)
	}
	s.expect(v.get("/tai-khoan"), http.StatusOK, "Chuyên viên Sở KH&amp;CN", "SSO tỉnh · "+s.Tenant.Name, "Bỏ liên kết")
	if l := s.letter("SSO tỉnh"); !strings.Contains(l.To, officer) {
		t.Errorf("letter to %s: %s", l.To, l.Text)
	}
	s.expect(v.post(linkPath, "password", password), http.StatusConflict) // used up

	again := s.nobody()
	back = s.through(again, "can-bo-1")
	s.expect(back, http.StatusSeeOther)
	if to := back.Header().Get("Location"); to != "/tai-khoan" {
		t.Errorf("the second time: sent to %q, want in", to)
	}
	s.expect(again.get("/tai-khoan"), http.StatusOK, "Nguyễn Văn An")
	for action, want := range map[string]int{"sso.link": 1, "account.sso": 1, "sso.create": 1, "sso.update": 1, "sso.open": 1} {
		if n := s.audited(action); n != want {
			t.Errorf("%d lines %s, want %d", n, action, want)
		}
	}

	// Parting ends what the provider has opened, also here.
	id := one[int64](s.place, "select i.id from authz.oidc_identity i join authz.account a on a.id = i.account_id where a.email = $1", officer)
	s.expect(again.post("/tai-khoan/lien-ket/go", "id", itoa(id)), http.StatusSeeOther)
	for _, session := range []*visitor{v, again} {
		if w := session.get("/tai-khoan"); w.Code != http.StatusSeeOther {
			t.Errorf("after parting: %d, want the sign-in page", w.Code)
		}
	}
	if n := s.audited("sso.unlink"); n != 1 {
		t.Errorf("%d lines sso.unlink, want 1", n)
	}
	s.expect(s.through(s.nobody(), "can-bo-1"), http.StatusSeeOther)
	if n := one[int](s.place, "select count(*) from authz.oidc_identity where id = $1", id); n != 0 {
		t.Error("still linked")
	}
}

func TestWhoHasNoRoleInTheTenantIsToldNothing(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	other, _ := s.NewTenant(t)
	s.idp.person("nobody", "khong-ai-"+s.Tenant.Slug+"@example.vn", true)
	s.idp.person("elsewhere", s.place.person(other.ID, authz.DOSTOfficer, 0), true)
	shut := s.place.person(s.Tenant.ID, authz.Leader, 0)
	s.do("update authz.account set disabled_at = now() where email = $1", shut)
	s.idp.person("shut", shut, true)
	var pages []string
	for _, user := range []string{"nobody", "elsewhere", "shut"} {
		v := s.nobody()
		w := s.through(v, user)
		s.expect(w, http.StatusForbidden, "Tài khoản chỉ được mở theo lời mời")
		pages = append(pages, variable.ReplaceAllString(w.Body.String(), ""))
		s.expect(v.get(linkPath), http.StatusConflict)
		s.expect(v.post(linkPath, "password", password), http.StatusConflict)
	}
	if pages[0] != pages[1] || pages[0] != pages[2] {
		t.Error("the pages differ")
	}
	s.idp.person("unverified", s.place.person(s.Tenant.ID, authz.Leader, 0), false)
	s.expect(s.through(s.nobody(), "unverified"), http.StatusForbidden, "chưa xác thực thư điện tử")
	if n := s.audited("sso.refused"); n != 4 {
		t.Errorf("%d refusals noted, want 4", n)
	}
	if n := one[int](s.place, "select count(*) from authz.oidc_identity where provider_tenant = $1", s.Tenant.ID); n != 0 {
		t.Errorf("%d identities were linked", n)
	}
}

func TestAnswerOfAProviderIsTakenOnceByTheBrowserThatAsked(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	s.linked("can-bo")
	refuse := func(name string, v *visitor, address string) {
		t.Helper()
		v.cookies["txng_session"] = ""
		s.expect(v.at(address), http.StatusConflict, "Hãy đăng nhập lại từ đầu")
		if v.cookies["txng_session"] != "" {
			t.Errorf("%s: a session", name)
		}
	}
	v := s.nobody()
	address := s.answer(v, "can-bo")
	refuse("another browser", s.nobody(), address)
	stranger := s.nobody()
	s.answer(stranger, "can-bo")
	refuse("a browser that has asked for itself", stranger, address)
	u, _ := url.Parse(address)
	query := u.Query()
	query.Set("state", strings.Repeat("A", 43))
	refuse("another state", v, s.start+"/tro-ve?"+query.Encode())
	refuse("no state", v, s.start+"/tro-ve?code="+query.Get("code"))
	replay := &visitor{s.place, map[string]string{"txng_sso": v.cookies["txng_sso"]}}
	s.expect(v.at(address), http.StatusSeeOther)
	if v.cookies["txng_session"] == "" {
		t.Fatal("no session")
	}
	refuse("a replay", replay, address)

	v = s.nobody()
	address = s.answer(v, "can-bo")
	s.do("update authz.oidc_flow set expires_at = now() - interval '1 second' where provider_tenant = $1", s.Tenant.ID)
	refuse("after ten minutes", v, address)

	v = s.nobody()
	address = s.answer(v, "can-bo")
	s.expect(v.at(address+"&iss=https%3A%2F%2Fevil.example"), http.StatusForbidden, "Không xác nhận được")

	v = s.nobody()
	s.idp.set(func(path string, status int, body []byte) (int, []byte) { return status, body })
	away := v.at(s.start).Header().Get("Location")
	asked, _ := url.Parse(away)
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(asked.Query().Get(name)) != 43 {
			t.Errorf("%s = %q", name, asked.Query().Get(name))
		}
	}
	if m := asked.Query().Get("code_challenge_method"); m != "S256" {
		t.Errorf("code_challenge_method = %q", m)
	}
	s.expect(v.at(s.start+"/tro-ve?error=access_denied&state="+asked.Query().Get("state")), http.StatusConflict, "chưa hoàn tất")
}

func TestOfTwoWhoLinkAtTheSameTimeOneGetsIn(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	email := s.place.person(s.Tenant.ID, authz.Leader, 0)
	s.idp.person("can-bo", email, true)
	v := s.nobody()
	s.expect(s.through(v, "can-bo"), http.StatusSeeOther)
	codes := make(chan int)
	for range 4 {
		again := &visitor{s.place, maps.Clone(v.cookies)}
		go func() { codes <- again.post(linkPath, "password", password).Code }()
	}
	count := map[int]int{}
	for range 4 {
		count[<-codes]++
	}
	if count[http.StatusSeeOther] != 1 || count[http.StatusConflict] != 3 {
		t.Errorf("answers %v, want one 303 and three 409", count)
	}
	if n := one[int](s.place, "select count(*) from authz.session where provider_id is not null and tenant_id = $1", s.Tenant.ID); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}

func TestAnswerOfOneProviderIsNotTakenForAnothers(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	s.linked("can-bo")
	_, second := s.provider(s.admin, newIDP(t), "VNeID")
	v := s.nobody()
	address := s.answer(v, "can-bo")
	s.expect(v.at(strings.Replace(address, s.start, second, 1)), http.StatusConflict)
	other := newSSO(t)
	s.DB.Forget() // the new tenant is known at once
	v = s.nobody()
	address = s.answer(v, "can-bo")
	s.expect(v.at(strings.Replace(address, s.start, other.start, 1)), http.StatusConflict)
	mine, theirs := strings.Split(s.start, "/"), strings.Split(other.start, "/")
	theirs[len(theirs)-1] = mine[len(mine)-1]
	s.expect(s.nobody().at(strings.Join(theirs, "/")), http.StatusNotFound, "không còn dùng được")
	// The same subject at another tenant's provider is somebody else.
	other.idp.person("can-bo", "khac@example.vn", true)
	s.expect(other.through(other.nobody(), "can-bo"), http.StatusForbidden)
}

func TestTamperedTokensOpenNothing(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	email, _ := s.linked("can-bo")
	key, err := s.idp.store.SigningKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stranger := strangerKey(t)
	change := func(f func(map[string]any)) func() { return func() { s.idp.claims(f) } }
	for name, tamper := range map[string]func(){
		"algorithm none": func() {
			s.idp.tokens(func(payload []byte) string {
				return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
			})
		},
		"a stranger's key":     func() { s.idp.tokens(func(payload []byte) string { return signed(t, stranger, key.ID(), payload) }) },
		"a key of no known id": func() { s.idp.tokens(func(payload []byte) string { return signed(t, stranger, "other", payload) }) },
		"no token":             func() { s.idp.tokens(func([]byte) string { return "" }) },
		"garbage":              func() { s.idp.tokens(func([]byte) string { return "a.b.c" }) },
		"another audience":     change(func(c map[string]any) { c["aud"] = "another" }),
		"several without azp":  change(func(c map[string]any) { c["aud"] = []any{clientIDOf("SSO tỉnh"), "another"}; delete(c, "azp") }),
		"another party":        change(func(c map[string]any) { c["azp"] = "another" }),
		"another issuer":       change(func(c map[string]any) { c["iss"] = "https://evil.example" }),
		"expired":              change(func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() }),
		"no expiry":            change(func(c map[string]any) { delete(c, "exp") }),
		"another nonce":        change(func(c map[string]any) { c["nonce"] = strings.Repeat("n", 43) }),
		"no nonce":             change(func(c map[string]any) { delete(c, "nonce") }),
		"another access token": change(func(c map[string]any) { c["at_hash"] = "AAAAAAAAAAAAAAAAAAAAAA" }),
		"no subject":           change(func(c map[string]any) { c["sub"] = "" }),
		"subject with NUL":     change(func(c map[string]any) { c["sub"] = "a\x00b" }),
		"not yet valid":        change(func(c map[string]any) { c["nbf"] = time.Now().Add(time.Hour).Unix() }),
		"answer that is endless": func() {
			s.idp.set(func(path string, status int, body []byte) (int, []byte) {
				if path == "/oauth/token" {
					return status, append([]byte(`{"x":"`), append(make([]byte, 2<<20), body...)...)
				}
				return status, body
			})
		},
		"user info of another": func() {
			s.idp.person("other", email, true)
			s.idp.set(func(path string, status int, body []byte) (int, []byte) {
				if path == "/userinfo" {
					return status, []byte(`{"sub":"other","email":"` + email + `","email_verified":true}`)
				}
				return status, body
			})
		},
	} {
		v := s.nobody()
		away := v.at(s.start)
		s.expect(away, http.StatusSeeOther)
		tamper()
		w := v.at(s.idp.signIn(away.Header().Get("Location"), "can-bo"))
		s.idp.set(nil)
		if w.Code != http.StatusForbidden || v.cookies["txng_session"] != "" || !contains(w, "Không xác nhận được") {
			t.Errorf("%s: %d to %q, want 403", name, w.Code, w.Header().Get("Location"))
		}
	}
	// The same way without tampering leads in: the cases above fail for their own reason.
	s.expect(s.through(s.nobody(), "can-bo"), http.StatusSeeOther)
	s.idp.claims(func(c map[string]any) { c["email"], c["email_verified"] = email, "true" })
	s.expect(s.through(s.nobody(), "can-bo"), http.StatusSeeOther)
	s.idp.set(nil)
}

// TestProviderRulesItsOwnTenantOnly is the attack of somebody who rules the provider of one province and knows a person
// with roles in two and one above them.
func TestProviderRulesItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	other, _ := s.NewTenant(t)
	var elsewhere int64
	email, v := s.linked("nan-nhan", func(id authz.AccountID, tx tenant.Platform) (err error) {
		if elsewhere, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: other.ID, Account: id, Role: authz.DOSTAdmin}); err != nil {
			return err
		}
		if _, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: s.Tenant.ID, Account: id, Role: authz.Inspector}); err != nil {
			return err
		}
		return authz.GrantPlatformRole(t.Context(), tx, id, authz.Operator)
	})
	owner := s.place.signIn(email, password)
	// The operator's role had a second factor set up, which the account's other sessions must show.
	v.cookies["txng_session"] = string(authztest.Complete(t, s.DB, authz.Token(v.cookies["txng_session"]), authz.ShowFactor, email, nil))
	who, err := authz.Resume(t.Context(), s.DB, authz.Token(v.cookies["txng_session"]))
	if err != nil || who.Tenant != s.Tenant.ID || who.Provider == 0 {
		t.Fatalf("signed in as %+v, %v", who, err)
	}
	account := v.get("/tai-khoan")
	s.expect(account, http.StatusOK, s.Tenant.Name, "Kiểm tra viên")
	for _, secret := range []string{">" + other.Name + "<", "Vận hành hệ thống", "Toàn quốc", "/tai-khoan/mat-khau", "/tai-khoan/khoa-api"} {
		if contains(account, secret) {
			t.Errorf("the account's page shows %q", secret)
		}
	}
	for _, to := range []string{itoa(elsewhere), "0"} {
		if w := v.post("/tai-khoan/vai-tro", "vai-tro", to); w.Code != http.StatusForbidden {
			t.Errorf("switch to role %s: %d, want 403", to, w.Code)
		}
	}
	for _, r := range s.app.Routes() {
		if !strings.HasPrefix(r.Path, "/tai-khoan/") || strings.HasSuffix(r.Path, "/vai-tro") || strings.HasSuffix(r.Path, "/thiet-bi") || r.Path == "/tai-khoan/lien-ket/go" {
			continue
		}
		w := v.get(r.Path)
		if r.Method == http.MethodPost {
			w = v.post(r.Path, "old_password", password, "password", fresh, "name", "k", "scopes", "catalog.view", "days", "90")
		}
		if w.Code != http.StatusForbidden || !contains(w, "đăng nhập bằng mật khẩu") {
			t.Errorf("%s %s: %d, want 403 with the reason", r.Method, r.Path, w.Code)
		}
	}
	if _, err := authz.PrepareChange(t.Context(), s.DB, who, password, fresh, authz.Device{}); err == nil {
		t.Error("the password can be changed")
	}
	// It neither sees nor ends the sessions that the owner has opened by password.
	if devices := v.get("/tai-khoan/thiet-bi"); strings.Count(devices.Body.String(), "Đang dùng") != 1 || contains(devices, "Còn đăng nhập") {
		t.Errorf("devices: %.2000s", devices.Body)
	}
	s.expect(v.post("/tai-khoan/thiet-bi"), http.StatusSeeOther)
	s.expect(owner.get("/tai-khoan"), http.StatusOK, "Vận hành hệ thống", other.Name)
	// Within the tenant it goes on, confined all the same.
	inspector := one[int64](s.place, "select m.id from authz.membership m join authz.account a on a.id = m.account_id where a.email = $1 and m.tenant_id = $2 and m.role = 'inspector'", email, s.Tenant.ID)
	s.expect(v.post("/tai-khoan/vai-tro", "vai-tro", itoa(inspector)), http.StatusSeeOther)
	if who, err = authz.Resume(t.Context(), s.DB, authz.Token(v.cookies["txng_session"])); err != nil || who.Role != authz.Inspector || who.Provider == 0 {
		t.Errorf("after switching: %+v, %v", who, err)
	}
	if w := v.post("/tai-khoan/vai-tro", "vai-tro", itoa(elsewhere)); w.Code != http.StatusForbidden {
		t.Errorf("switch from there: %d, want 403", w.Code)
	}
	// The schema itself holds a provider's session to its tenant.
	if _, err := s.Owner(t).Exec(t.Context(), "update authz.session set tenant_id = $1, membership_id = $2 where provider_id is not null and account_id = $3", other.ID, elsewhere, who.Account); err == nil {
		t.Error("a provider's session moves to another tenant")
	}
	if _, err := s.Owner(t).Exec(t.Context(), "update authz.session set tenant_id = null, membership_id = null where provider_id is not null and account_id = $1", who.Account); err == nil {
		t.Error("a provider's session moves above the tenants")
	}
	// Another account's identity is not to be parted.
	id := one[int64](s.place, "select id from authz.oidc_identity where account_id = $1", who.Account)
	s.expect(s.admin.post("/tai-khoan/lien-ket/go", "id", itoa(id)), http.StatusNotFound)
}

func TestSilentProviderIsNoErrorOfOurs(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	s.linked("can-bo")
	for _, path := range []string{"/oauth/token", "/keys", "/userinfo"} {
		fresh := newSSO(t)
		fresh.idp.person("moi", "moi@example.vn", true)
		v := fresh.nobody()
		away := v.at(fresh.start)
		fresh.expect(away, http.StatusSeeOther)
		address := fresh.idp.signIn(away.Header().Get("Location"), "moi")
		fresh.idp.set(func(p string, status int, body []byte) (int, []byte) {
			if p == path {
				panic(http.ErrAbortHandler)
			}
			return status, body
		})
		w := v.at(address)
		if w.Code != http.StatusServiceUnavailable || !contains(w, "tạm thời không trả lời") {
			t.Errorf("%s does not answer: %d\n%.400s", path, w.Code, w.Body)
		}
	}
	down := newSSO(t)
	down.idp.server.Close()
	w := down.nobody().at(down.start)
	down.expect(w, http.StatusServiceUnavailable, "SSO tỉnh", "tạm thời không trả lời", "đăng nhập bằng mật khẩu")
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	down.expect(down.admin.post(down.page+"/kiem-tra"), http.StatusUnprocessableEntity, "Máy chủ từ chối kết nối")
}

func TestShutProviderEndsItsSessions(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	_, v := s.linked("can-bo")
	under := s.nobody()
	address := s.answer(under, "can-bo")
	s.expect(s.admin.post(s.page+"/trang-thai", "bat", "0"), http.StatusSeeOther)
	if w := v.get("/tai-khoan"); w.Code != http.StatusSeeOther {
		t.Errorf("its session: %d, want the sign-in page", w.Code)
	}
	s.expect(under.at(address), http.StatusNotFound, "không còn dùng được")
	s.expect(s.nobody().at(s.start), http.StatusNotFound, "không còn dùng được")
	if contains(s.nobody().at("http://"+s.Tenant.Slug+".txng.test/dang-nhap"), "SSO tỉnh") {
		t.Error("its button is still there")
	}
	s.expect(s.admin.post(s.page+"/trang-thai", "bat", "1"), http.StatusSeeOther)
	if w := v.get("/tai-khoan"); w.Code != http.StatusSeeOther {
		t.Errorf("its session after it was opened again: %d, want the sign-in page", w.Code)
	}
	s.expect(s.through(s.nobody(), "can-bo"), http.StatusSeeOther)
}

func TestWhatIsTakenAwayFromThePersonShutsTheWay(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	email, v := s.linked("can-bo")
	membership := one[int64](s.place, "select m.id from authz.membership m join authz.account a on a.id = m.account_id where a.email = $1", email)
	if err := s.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return authz.EndMembership(t.Context(), tx, s.Tenant.ID, membership)
	}); err != nil {
		t.Fatal(err)
	}
	if w := v.get("/tai-khoan"); w.Code != http.StatusSeeOther {
		t.Errorf("its session: %d, want the sign-in page", w.Code)
	}
	s.expect(s.through(s.nobody(), "can-bo"), http.StatusForbidden, "chưa được gán vai trò")

	email, v = s.linked("can-bo-2")
	s.do("update authz.account set disabled_at = now() where email = $1", email)
	if w := v.get("/tai-khoan"); w.Code != http.StatusSeeOther {
		t.Errorf("session of a shut account: %d, want the sign-in page", w.Code)
	}
	s.expect(s.through(s.nobody(), "can-bo-2"), http.StatusForbidden, "Tài khoản đang bị khóa")

	// A new password by a letter parts every identity: whoever had the old one may have linked it.
	email, _ = s.linked("can-bo-3")
	s.expect(s.nobody().post("/quen-mat-khau", "email", email), http.StatusOK)
	s.expect(s.nobody().post(s.link("/dat-lai/"), "password", fresh), http.StatusOK)
	back := s.through(s.nobody(), "can-bo-3")
	if to := back.Header().Get("Location"); to != linkPath {
		t.Errorf("after a new password: sent to %q, want %q", to, linkPath)
	}
}

func TestClientSecretIsSealedAndNeverShown(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	row := one[string](s.place, "select to_jsonb(p)::text || encode(sealed, 'escape') from authz.oidc_provider p where tenant_id = $1", s.Tenant.ID)
	if strings.Contains(row, clientSecret) {
		t.Errorf("the row holds the secret: %s", row)
	}
	for _, path := range []string{s.page, "/cau-hinh/sso"} {
		page := s.admin.get(path)
		s.expect(page, http.StatusOK, "Đang bật", s.idp.server.URL)
		if contains(page, clientSecret) {
			t.Errorf("%s shows the secret", path)
		}
	}
	history := one[string](s.place, "select string_agg(e::text, '') from audit.entry e where tenant_id = $1", s.Tenant.ID)
	if strings.Contains(history, clientSecret) {
		t.Error("the audit holds the secret")
	}
	wrong := s.admin.post(s.page, "name", "", "client_id", "dấu cách", "client_secret", "một bí mật", "scopes", "email \"x\"")
	s.expect(wrong, http.StatusUnprocessableEntity, "Tên có từ 1 đến 60", "Nhập mã ứng dụng", "ký tự không hợp lệ", "Các phạm vi")
	if contains(wrong, "một bí mật") {
		t.Error("the page gives the secret back")
	}
	// Saving without a secret keeps it, and no other provider opens the seal.
	s.expect(s.admin.post(s.page, "name", "Tên khác", "client_id", clientIDOf("SSO tỉnh"), "scopes", "email profile"), http.StatusSeeOther)
	s.linked("can-bo")
	other := newSSO(t)
	s.do("update authz.oidc_provider set sealed = (select sealed from authz.oidc_provider where tenant_id = $1) where tenant_id = $2", s.Tenant.ID, other.Tenant.ID)
	if w := other.nobody().at(other.start); w.Code != http.StatusInternalServerError {
		t.Errorf("with another provider's seal: %d, want 500", w.Code)
	}
	for _, path := range []string{s.page, s.page + "/kiem-tra"} {
		if w := other.admin.get(path); w.Code != http.StatusNotFound {
			t.Errorf("%s as another tenant's administrator: %d, want 404", path, w.Code)
		}
		if w := other.admin.post(path, "name", "x"); w.Code != http.StatusNotFound {
			t.Errorf("POST %s as another tenant's administrator: %d, want 404", path, w.Code)
		}
	}
}

func TestProviderIsCheckedBeforePeopleUseIt(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	s.expect(s.admin.post(s.page+"/kiem-tra"), http.StatusOK, "Kết nối tốt", "/oauth/token", "S256")
	for issuer, says := range map[string]string{
		"": "Nhập địa chỉ", "ftp://x.vn": "Nhập địa chỉ", "https://a:b@x.vn": "Nhập địa chỉ", "https://x.vn?a=1": "Nhập địa chỉ", "javascript:alert(1)": "Nhập địa chỉ",
	} {
		s.expect(s.admin.post("/cau-hinh/sso/moi", "name", "Khác", "issuer", issuer), http.StatusUnprocessableEntity, says, "Khác")
	}
	s.expect(s.admin.post("/cau-hinh/sso/moi", "name", "SSO tỉnh", "issuer", s.idp.server.URL), http.StatusConflict, "đã có hệ thống đăng nhập mang tên này")
	document := func(change func(map[string]any)) {
		s.idp.set(func(path string, status int, body []byte) (int, []byte) {
			if path == "/.well-known/openid-configuration" {
				var d map[string]any
				json.Unmarshal(body, &d)
				change(d)
				body, _ = json.Marshal(d)
			}
			return status, body
		})
	}
	document(func(d map[string]any) { d["issuer"] = "https://khac.example" })
	s.expect(s.admin.post(s.page+"/kiem-tra"), http.StatusUnprocessableEntity, "tự xưng là “https://khac.example”")
	document(func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" })
	s.expect(s.admin.post(s.page+"/kiem-tra"), http.StatusUnprocessableEntity, "không có https")
	document(func(d map[string]any) { d["response_types_supported"] = []string{"token"} })
	s.expect(s.admin.post(s.page+"/kiem-tra"), http.StatusUnprocessableEntity, "response_type")
	document(func(d map[string]any) { d["jwks_uri"] = s.idp.server.URL + "/nowhere" })
	s.expect(s.admin.post(s.page+"/kiem-tra"), http.StatusUnprocessableEntity, "khóa ký")
	s.idp.set(func(string, int, []byte) (int, []byte) { return http.StatusFound, nil })
	s.expect(s.admin.post(s.page+"/kiem-tra"), http.StatusUnprocessableEntity, "Không đọc được tài liệu cấu hình")
}

func TestProvinceIsFoundOnTheDeploymentsOwnAddress(t *testing.T) {
	t.Parallel()
	s := newSSO(t)
	v := s.nobody()
	s.expect(v.at("http://txng.test/dang-nhap?tiep=/tim"), http.StatusOK, "Đăng nhập bằng tài khoản của tỉnh", "/dang-nhap/sso?tiep=%2Ftim")
	s.expect(v.at("http://txng.test/dang-nhap/sso?tiep=/tim&q="+url.QueryEscape(s.Tenant.Name)), http.StatusOK, s.start+"?tiep=%2Ftim")
	if contains(v.at("http://txng.test/dang-nhap/sso?q=khong+co+noi+nay"), s.start) {
		t.Error("the search finds everything")
	}
	if contains(v.at("http://txng.test/dang-nhap/sso?tiep=https://evil.example"), "evil") {
		t.Error("the page leads elsewhere")
	}
	// The way begins where the browser comes back to.
	path := strings.TrimPrefix(s.start, "http://"+s.Tenant.Slug+".txng.test")
	w := v.at("http://txng.test" + path + "?tiep=//evil.example")
	s.expect(w, http.StatusSeeOther)
	if to := w.Header().Get("Location"); to != s.start {
		t.Errorf("sent to %q, want %q", to, s.start)
	}
}
