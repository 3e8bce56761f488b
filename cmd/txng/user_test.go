package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"txng/tenant"
	"txng/tenant/tenanttest"
)

// TestRolesAboveTheTenantsEndByCommand: the role is gone, the platform's audit says so, and the only operator stays.
func TestRolesAboveTheTenantsEndByCommand(t *testing.T) {
	c := tenanttest.Empty(t)
	if err := tenant.Migrate(t.Context(), c, -1); err != nil {
		t.Fatal(err)
	}
	at := []string{"--database-url", c.URL, "--secret", base64.StdEncoding.EncodeToString(tenanttest.Secret)}
	user := func(args ...string) (int, string) {
		t.Helper()
		return command(t, append(append([]string{"user"}, args...), at...)...)
	}
	for email, role := range map[string]string{"mot@thu.example.vn": "operator", "hai@thu.example.vn": "operator", "bo@thu.example.vn": "ministry"} {
		if code, text := user("create", "--email", email, "--name", "Người thử", "--password", "mot mat khau dai 2026", "--role", role); code != 0 {
			t.Fatalf("create %s: %d\n%s", email, code, text)
		}
	}
	for _, try := range []struct {
		email string
		code  int
		says  string
	}{
		{"khong-phai-thu-dien-tu", 1, "thư điện tử"},
		{"la@thu.example.vn", 1, "không có tài khoản la@thu.example.vn"},
		{"mot@thu.example.vn", 0, "mọi phiên đã bị đăng xuất"},
		{"mot@thu.example.vn", 1, "không có tài khoản mot@thu.example.vn với vai trò toàn quốc"},
		{"hai@thu.example.vn", 1, "người vận hành duy nhất"},
		{"bo@thu.example.vn", 0, "mọi phiên đã bị đăng xuất"},
	} {
		if code, text := user("end-role", "--email", try.email); code != try.code || !strings.Contains(strings.ToLower(text), strings.ToLower(try.says)) {
			t.Errorf("end-role %s: %d, want %d and %q\n%s", try.email, code, try.code, try.says, text)
		}
	}
	var left, noted string
	if err := (&tenanttest.Env{Config: c}).Owner(t).QueryRow(t.Context(), `
		select
			(select string_agg(a.email, ' ') from authz.platform_role r join authz.account a on a.id = r.account_id),
			(select string_agg(what, '; ' order by id) from audit.entry where tenant_id = 0 and action = 'role.end' and before is not null)`).Scan(&left, &noted); err != nil {
		t.Fatal(err)
	}
	if left != "hai@thu.example.vn" || strings.Count(noted, "Kết thúc vai trò") != 2 || !strings.Contains(noted, "mot@thu.example.vn") {
		t.Errorf("roles left: %s; the audit: %s", left, noted)
	}
}

func TestNumberIsTakenOffAnAccountByCommandAndNoted(t *testing.T) {
	c := tenanttest.Empty(t)
	if err := tenant.Migrate(t.Context(), c, -1); err != nil {
		t.Fatal(err)
	}
	at := []string{"--database-url", c.URL, "--secret", base64.StdEncoding.EncodeToString(tenanttest.Secret)}
	user := func(args ...string) (int, string) {
		t.Helper()
		return command(t, append(append([]string{"user"}, args...), at...)...)
	}
	if code, text := user("create", "--email", "bo@thu.example.vn", "--name", "Người thử", "--password", "mot mat khau dai 2026", "--role", "ministry"); code != 0 {
		t.Fatalf("create: %d\n%s", code, text)
	}
	owner := (&tenanttest.Env{Config: c}).Owner(t)
	if _, err := owner.Exec(t.Context(), "update authz.account set phone = '+84912345678'"); err != nil {
		t.Fatal(err)
	}
	if code, text := user("phone", "--number", "0912 345 678"); code != 0 || !strings.Contains(text, "bo@thu.example.vn") {
		t.Errorf("whose is it: %d %s", code, text)
	}
	if code, text := user("phone", "--number", "0912 345 678", "--clear"); code != 0 || !strings.Contains(text, "Đã gỡ") {
		t.Errorf("taken off: %d %s", code, text)
	}
	if code, text := user("phone", "--number", "0912 345 678", "--clear"); code != 1 {
		t.Errorf("once more: %d %s", code, text)
	}
	var noted []string
	if err := owner.QueryRow(t.Context(), "select array_agg(what) from audit.entry where tenant_id = 0 and action = 'account.phone'").Scan(&noted); err != nil {
		t.Fatal(err)
	}
	if len(noted) != 1 || !strings.Contains(noted[0], "bo@thu.example.vn") {
		t.Errorf("the platform's audit says %q, want one line", noted)
	}
}
