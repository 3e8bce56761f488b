package accounts

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"txng/authz"
	"txng/authz/authztest"
	"txng/tenant"
)

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
