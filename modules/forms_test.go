package modules_test

import (
	"bytes"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/demo"
)

// email returns the address of the first demonstration account with the role in the tenant.
func (w *world) email(t *testing.T, role authz.Role, tenant string) string {
	t.Helper()
	for _, a := range w.demo.Accounts {
		if a.Role == string(role) && a.Tenant == tenant {
			return a.Email
		}
	}
	t.Fatalf("no demonstration account %s in %q", role, tenant)
	return ""
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)

// hidden returns the hidden fields of an answer's page.
func hidden(answer *httptest.ResponseRecorder) url.Values {
	v := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(answer.Body.String(), -1) {
		v.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	return v
}

func TestFormSurvivesTheEndOfItsSession(t *testing.T) {
	t.Parallel()
	w := site(t)
	email := w.email(t, authz.OrgOwner, "nghe-an")
	session := w.session(t, email)
	if err := authz.SignOut(t.Context(), w.db, session); err != nil {
		t.Fatal(err)
	}
	form := url.Values{
		"gtin": {"9520009999996"}, "name": {`Mật ong “rừng” <b>Pù Mát</b>`}, "origin": {"Con Cuông, Nghệ An"}, "description": {"dòng một\ndòng hai"},
	}
	answer := w.ask(http.MethodPost, "/san-pham/moi", session, form)
	if answer.Code != http.StatusUnauthorized || !strings.Contains(answer.Body.String(), "nội dung vừa nhập được giữ nguyên") {
		t.Fatalf("after the session's end: %d\n%.500s", answer.Code, answer.Body)
	}
	if strings.Contains(answer.Body.String(), "<b>Pù Mát</b>") {
		t.Error("what was typed stands in the page unescaped")
	}

	// A wrong password keeps it too.
	fields := hidden(answer)
	fields.Set("email", email)
	fields.Set("password", "sai mật khẩu")
	answer = w.ask(http.MethodPost, "/dang-nhap", "", fields)
	if answer.Code != http.StatusUnprocessableEntity {
		t.Fatalf("wrong password: %d, want 422", answer.Code)
	}
	fields = hidden(answer)
	fields.Set("email", email)
	fields.Set("password", demo.Password)
	answer = w.ask(http.MethodPost, "/dang-nhap", "", fields)
	cookie := sessionCookie(answer)
	if answer.Code != http.StatusOK || cookie == "" || !strings.Contains(answer.Body.String(), `action="/san-pham/moi"`) {
		t.Fatalf("signed in again: %d, cookie %q\n%.800s", answer.Code, cookie, answer.Body)
	}
	resumed := hidden(answer)
	for name, want := range form {
		if got := resumed.Get(name); got != want[0] {
			t.Errorf("%s = %q after signing in, want %q", name, got, want[0])
		}
	}
	if resumed.Has("password") || resumed.Has("email") {
		t.Error("the credentials are among the resumed fields")
	}
	answer = w.ask(http.MethodPost, "/san-pham/moi", authz.Token(cookie), resumed)
	if answer.Code != http.StatusSeeOther || !strings.HasPrefix(answer.Header().Get("Location"), "/san-pham/") {
		t.Errorf("sending it again: %d to %q", answer.Code, answer.Header().Get("Location"))
	}
}

func TestTextOfAFormWithFilesSurvivesTheEndOfItsSession(t *testing.T) {
	t.Parallel()
	w := site(t)
	session := w.signIn(t, authz.Operator, "")
	if err := authz.SignOut(t.Context(), w.db, session); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("admin_name", "Nguyễn Thị Giữ Lại")
	_ = m.WriteField("admin_password", "không được giữ")
	part, _ := m.CreateFormFile("plan", "ke-hoach.xlsx")
	_, _ = part.Write(make([]byte, 300<<10))
	m.Close()
	r := request(http.MethodPost, "/tinh/ca-mau/van-hanh?buoc=4", session, nil)
	r.Body, r.ContentLength = io.NopCloser(&b), int64(b.Len())
	r.Header.Set("Content-Type", m.FormDataContentType())
	answer := serveTo(w, r)
	page := html.UnescapeString(answer.Body.String())
	if answer.Code != http.StatusUnauthorized || !strings.Contains(page, "Nguyễn Thị Giữ Lại") || !strings.Contains(page, "Tệp đính kèm không giữ được") {
		t.Errorf("%d, or the text of the form is lost\n%.600s", answer.Code, page)
	}
	if strings.Contains(page, "không được giữ<") || strings.Contains(page, `value="không được giữ"`) {
		t.Error("the password stands in the page")
	}
}

func sessionCookie(answer *httptest.ResponseRecorder) string {
	for _, c := range answer.Result().Cookies() {
		if c.Name == "txng_session" {
			return c.Value
		}
	}
	return ""
}

func TestSignInLeadsOnlyToPagesOfOurs(t *testing.T) {
	t.Parallel()
	w := site(t)
	for _, next := range []string{"https://evil.example/", "//evil.example/", `/\evil.example`, "javascript:alert(1)", "/\t/evil.example", ""} {
		answer := w.ask(http.MethodPost, "/dang-nhap", "", url.Values{"email": {w.email(t, authz.Leader, "nghe-an")}, "password": {demo.Password}, "_tiep": {next}})
		if got := answer.Header().Get("Location"); answer.Code != http.StatusSeeOther || got != "/" {
			t.Errorf("after signing in from %q: %d to %q, want /", next, answer.Code, got)
		}
	}
}

func TestWrongFormComesBackWithWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := site(t)
	session := w.signIn(t, authz.OrgOwner, "nghe-an")
	for _, c := range []struct {
		path, field, value, says string
		rest                     url.Values
	}{
		{"/san-pham/moi", "gtin", "9520000000012", "số kiểm tra", url.Values{"name": {"Giữ lại tên này"}}},
		{"/san-pham/moi", "gtin", "không phải số", "GTIN", url.Values{"name": {"Giữ lại tên này"}}},
		{"/san-pham/moi", "name", strings.Repeat("ạ", 201), "dài quá", url.Values{"origin": {"Giữ lại"}}},
		{"/tem/dat", "quantity", "0", "từ 1 trở lên", url.Values{"request": {"a"}}},
		{"/tem/dat", "quantity", "-1", "từ 1 trở lên", url.Values{"request": {"a"}}},
		{"/tem/dat", "quantity", "1000000000", "tối đa", url.Values{"request": {"a"}}},
		{"/tem/dat", "quantity", "một trăm", "số nguyên", url.Values{"request": {"a"}}},
	} {
		form := url.Values{c.field: {c.value}}
		for name, v := range c.rest {
			form[name] = v
		}
		answer := w.ask(http.MethodPost, c.path, session, form)
		page := html.UnescapeString(answer.Body.String())
		if answer.Code != http.StatusUnprocessableEntity || !strings.Contains(page, c.says) {
			t.Errorf("%s with %s %.20q: %d, no %q", c.path, c.field, c.value, answer.Code, c.says)
		}
		for name, v := range form {
			if !strings.Contains(page, v[0]) {
				t.Errorf("%s lost %s %.20q", c.path, name, v[0])
			}
		}
	}
}

func TestSignUpExplainsWrongTaxCodes(t *testing.T) {
	t.Parallel()
	w := site(t)
	for mst, says := range map[string]string{
		"0100233480": "sai số kiểm tra", "12345": "Mã số thuế", "": "Mã số thuế", "0314409058-000": "chi nhánh", "abc": "Mã số thuế",
	} {
		answer := w.ask(http.MethodPost, "/dang-ky", "", url.Values{"tinh": {"nghe-an"}, "kind": {"cooperative"}, "name": {"Hợp tác xã thử"}, "mst": {mst}, "person": {"Người thử"}})
		page := html.UnescapeString(answer.Body.String())
		if answer.Code != http.StatusUnprocessableEntity || !strings.Contains(page, says) || !strings.Contains(page, "Hợp tác xã thử") {
			t.Errorf("tax code %q: %d, want 422 with %q and the name kept", mst, answer.Code, says)
		}
	}
	if answer := w.ask(http.MethodPost, "/dang-ky", "", url.Values{"tinh": {"ha-noi"}, "name": {"x"}}); answer.Code != http.StatusNotFound {
		t.Errorf("sign-up in a province that does not run: %d, want 404", answer.Code)
	}
}

func TestAPISpeaksProblemJSON(t *testing.T) {
	t.Parallel()
	w := site(t)
	send := func(path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		return serveTo(w, r)
	}
	for body, want := range map[string]int{
		`{"email":"x@example.vn","password":"y"}`: http.StatusUnprocessableEntity,
		`{`: http.StatusBadRequest,
		`{"email":"x@example.vn","password":"` + strings.Repeat("x", 5000) + `"}`: http.StatusRequestEntityTooLarge,
		`{"email":1}`: http.StatusUnprocessableEntity,
	} {
		answer := send("/api/v1/token", body)
		if answer.Code != want || answer.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(answer.Body.String(), `"status":`) {
			t.Errorf("%.40s: %d %s %.200s, want %d", body, answer.Code, answer.Header().Get("Content-Type"), answer.Body, want)
		}
	}
	answer := send("/api/v1/token", `{"email":"`+w.email(t, authz.DOSTOfficer, "nghe-an")+`","password":"`+demo.Password+`","tenant":"nghe-an"}`)
	token := regexp.MustCompile(`"access_token":"([^"]+)"`).FindStringSubmatch(answer.Body.String())
	if token == nil {
		t.Fatalf("no token: %d %s", answer.Code, answer.Body)
	}
	r := httptest.NewRequest(http.MethodGet, "/api/v1/me", nil)
	r.Header.Set("Authorization", "Bearer "+token[1])
	if answer := serveTo(w, r); answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"tenant":"nghe-an"`) {
		t.Errorf("/api/v1/me: %d %s", answer.Code, answer.Body)
	}
	r.Header.Set("Authorization", "Bearer x"+token[1])
	if answer := serveTo(w, r); answer.Code != http.StatusUnauthorized {
		t.Errorf("/api/v1/me with a spoilt token: %d, want 401", answer.Code)
	}
}
