package accounts

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"txng/authz"
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
