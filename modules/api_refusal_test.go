package modules_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/demo"
)

var english = regexp.MustCompile(`(?i)\b(expected|unexpected|invalid|required|failed|unknown|character|length|cannot|request|body|property|too|large|must|the|content type|not|error|value)\b`)

// TestRefusalsOfTheAPIAreInVietnamese sends bodies that the API's framework refuses by itself.
func TestRefusalsOfTheAPIAreInVietnamese(t *testing.T) {
	t.Parallel()
	w := site(t)
	token := w.tokensOf(t, authz.DOSTOfficer, "nghe-an").Access
	for name, c := range map[string]struct {
		method, path, body, kind string
		status                   int
		location, says           string
	}{
		"no JSON":          {"POST", "/api/v1/token", `{"email":`, "", 400, "body", "không phải JSON"},
		"text":             {"POST", "/api/v1/token", `email=a`, "", 400, "body", "không phải JSON"},
		"nothing":          {"POST", "/api/v1/token", ``, "", 400, "", "trống"},
		"a list":           {"POST", "/api/v1/token", `[]`, "", 422, "body", "Cần một đối tượng JSON."},
		"a number":         {"POST", "/api/v1/token", `{"email":5}`, "", 422, "body.email", "Cần một chuỗi ký tự."},
		"too long":         {"POST", "/api/v1/token", `{"email":"` + strings.Repeat("a", 300) + `"}`, "", 422, "body.email", "Dài quá 254 ký tự."},
		"long password":    {"POST", "/api/v1/token", `{"email":"a@b.vn","password":"` + strings.Repeat("a", 300) + `"}`, "", 422, "body.password", "Dài quá 256 ký tự."},
		"unknown field":    {"POST", "/api/v1/token", `{"user":"a"}`, "", 422, "body.user", "Không có trường này."},
		"none of the list": {"POST", "/api/v1/token", `{"grant_type":"magic"}`, "", 422, "body.grant_type", "Chỉ nhận một trong các giá trị"},
		"other type":       {"POST", "/api/v1/token", `a=b`, "application/x-www-form-urlencoded", 415, "body", "application/json"},
		"XML":              {"POST", "/api/v1/token", `<a/>`, "text/xml", 415, "body", "application/json"},
		"too large":        {"POST", "/api/v1/token", `{"email":"` + strings.Repeat("a", 8<<10) + `"}`, "", 413, "", "vượt giới hạn"},
		"10 MB password":   {"POST", "/api/v1/token", `{"password":"` + strings.Repeat("a", 10<<20) + `"}`, "", 413, "", "vượt giới hạn"},
		"empty fields":     {"POST", "/api/v1/token", `{}`, "", 422, "email", "Chưa nhập thư điện tử hoặc số điện thoại."},
		"wrong":            {"POST", "/api/v1/token", `{"email":"a@b.vn","password":"sai"}`, "", 422, "email", "chưa đúng"},
		"page of a word":   {"GET", "/api/v1/products?page=x", ``, "", 422, "query.page", "Cần một số nguyên."},
		"broken UTF-8":     {"POST", "/api/v1/token", "{\"email\":\"\xff\"}", "", 422, "", ""},
		"no such address":  {"GET", "/api/v1/khong-co", ``, "", 404, "", "Không có trang này"},
		"no such method":   {"DELETE", "/api/v1/token", ``, "", 405, "", "không nhận cách gửi"},
	} {
		r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
		r.Host, r.RemoteAddr = "txng.test", "198.51.100.201:1"
		r.Header.Set("Content-Type", "application/json")
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		answer := serveTo(w, r)
		var p struct {
			Title, Detail, Instance string
			Status                  int
			Errors                  []struct{ Location, Message string }
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &p); err != nil || answer.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %q %v: %.200s", name, answer.Header().Get("Content-Type"), err, answer.Body)
			continue
		}
		if answer.Code != c.status || p.Status != c.status {
			t.Errorf("%s: %d, %d in the document; want %d", name, answer.Code, p.Status, c.status)
		}
		if !strings.HasPrefix(p.Instance, "urn:txng:request:") {
			t.Errorf("%s: instance %q", name, p.Instance)
		}
		said, found := p.Title+"\n"+p.Detail, c.location == ""
		for _, e := range p.Errors {
			said += "\n" + e.Message
			found = found || e.Location == c.location
		}
		if !found || !strings.Contains(said, c.says) {
			t.Errorf("%s: says %q at %+v; want %q at %q", name, said, p.Errors, c.says, c.location)
		}
		for _, line := range strings.Split(said, "\n") {
			if line != "" && (english.MatchString(strings.NewReplacer("Content-Type", "", "application/json", "").Replace(line)) || !strings.ContainsFunc(line, func(r rune) bool { return r > '~' })) {
				t.Errorf("%s: %q is not Vietnamese", name, line)
			}
		}
	}
}

func TestAPITakesANumberForAnAddress(t *testing.T) {
	t.Parallel()
	w := site(t)
	for _, a := range w.demo.Accounts {
		if a.Phone == "" {
			continue
		}
		var me struct{ Email string }
		got := w.tokens(t, map[string]string{"email": a.Phone, "password": demo.Password, "tenant": a.Tenant})
		if answer := w.call(t, http.MethodGet, "/api/v1/me", got.Access, "", &me); answer.Code != http.StatusOK || me.Email != a.Email {
			t.Errorf("%s signs in %q, want %q", a.Phone, me.Email, a.Email)
		}
		return
	}
	t.Error("no demonstration account has a number")
}
