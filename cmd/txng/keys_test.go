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
	// A row that does not open with the secret: the doctor names it.
	conn := (&tenanttest.Env{Config: c}).Owner(t)
	if _, err := conn.Exec(t.Context(), "update authz.signing_key set sealed = sha256(sealed) || substr(sealed, 33) where retired_at is null"); err != nil {
		t.Fatal(err)
	}
	if code, text := command(t, append([]string{"doctor"}, at...)...); code != 1 || !strings.Contains(text, "không mở được bằng khóa bí mật chính") {
		t.Errorf("doctor with a spoilt key: %d\n%s", code, text)
	}
}
