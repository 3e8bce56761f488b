package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"txng/tenant"
	"txng/tenant/tenanttest"
)

// TestKeysAreListedRotatedAndOpenedByTheirSecretOnly runs `txng keys` and the doctor on a database of its own.
func TestKeysAreListedRotatedAndOpenedByTheirSecretOnly(t *testing.T) {
	c := tenanttest.Empty(t)
	if err := tenant.Migrate(t.Context(), c, -1); err != nil {
		t.Fatal(err)
	}
	secret := base64.StdEncoding.EncodeToString(tenanttest.Secret)
	at := []string{"--database-url", c.URL, "--secret", secret}
	if code, text := command(t, append([]string{"keys", "list"}, at...)...); code != 0 || !strings.Contains(text, "Chưa có khóa nào") {
		t.Errorf("keys list of a new deployment: %d\n%s", code, text)
	}
	for range 2 {
		if code, text := command(t, append([]string{"keys", "rotate"}, at...)...); code != 0 || !strings.Contains(text, "bắt đầu ký từ") {
			t.Fatalf("keys rotate: %d\n%s", code, text)
		}
	}
	code, text := command(t, append([]string{"keys", "list"}, at...)...)
	if code != 0 || strings.Count(text, "\n") != 3 || strings.Count(text, "—") != 1 {
		t.Errorf("keys list: %d, want two keys, one not retired\n%s", code, text)
	}
	if code, text := command(t, append([]string{"doctor"}, at...)...); code != 0 {
		t.Errorf("doctor: %d\n%s", code, text)
	}
	// Both rotations stand in the platform's own audit, the second with what was before; and neither holds a key.
	lines := (&tenanttest.Env{Config: c}).Owner(t)
	var first, second struct{ who, before, after string }
	if err := lines.QueryRow(t.Context(), `
		select min(who), coalesce(min(before::text) filter (where before is null), ''), min(after::text) filter (where before is null)
		from audit.entry
		where tenant_id = 0 and action = 'token.rotate'`).Scan(&first.who, &first.before, &first.after); err != nil {
		t.Fatal(err)
	}
	if err := lines.QueryRow(t.Context(), `
		select count(*)::text, min(before::text), min(after::text)
		from audit.entry
		where tenant_id = 0 and action = 'token.rotate' and before is not null`).Scan(&second.who, &second.before, &second.after); err != nil {
		t.Fatal(err)
	}
	if second.who != "1" || second.before != first.after || second.after == first.after || !strings.Contains(second.after, "Khóa ký") {
		t.Errorf("the audit: first %+v, then %+v", first, second)
	}
	if code, text := command(t, append([]string{"audit", "verify"}, at...)...); code != 0 {
		t.Errorf("audit verify: %d\n%s", code, text)
	}
	// A row that does not open with the secret: the doctor names it.
	if _, err := lines.Exec(t.Context(), "update authz.signing_key set sealed = sha256(sealed) || substr(sealed, 33) where retired_at is null"); err != nil {
		t.Fatal(err)
	}
	if code, text := command(t, append([]string{"doctor"}, at...)...); code != 1 || !strings.Contains(text, "không mở được bằng khóa bí mật chính") {
		t.Errorf("doctor with a spoilt key: %d\n%s", code, text)
	}
}
