package authz

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

var (
	parseNow = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	parseKey = Key{KID: "k", seed: make([]byte, ed25519.SeedSize), Usable: true}
)

func parseOf(kid string) (ed25519.PublicKey, error) {
	if kid != parseKey.KID {
		return nil, errors.New("unknown key")
	}
	return parseKey.private().Public().(ed25519.PublicKey), nil
}

// signed signs claims as they are with the right key, so that nothing but the claims can be wrong.
func signed(t testing.TB, c jwt.MapClaims) string {
	t.Helper()
	tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	tok.Header["kid"] = parseKey.KID
	s, err := tok.SignedString(parseKey.private())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func goodClaims() jwt.MapClaims {
	return jwt.MapClaims{
		"iss": issuer, "aud": audience, "sub": "7", "mid": "8", "tid": 9, "ver": 1,
		"iat": parseNow.Unix(), "nbf": parseNow.Unix(), "exp": parseNow.Add(AccessAge).Unix(),
	}
}

func TestTokensWithWrongClaimsAreRefusedThoughTheSignatureIsRight(t *testing.T) {
	t.Parallel()
	clock := func() time.Time { return parseNow }
	if c, err := parse(signed(t, goodClaims()), clock, parseOf); err != nil || c.Subject != "7" || c.Membership != 8 || c.Tenant != 9 {
		t.Fatalf("the good one: %+v, %v", c, err)
	}
	for name, change := range map[string]func(jwt.MapClaims){
		"other audience":       func(c jwt.MapClaims) { c["aud"] = "txng-mail" },
		"no audience":          func(c jwt.MapClaims) { delete(c, "aud") },
		"other issuer":         func(c jwt.MapClaims) { c["iss"] = "evil" },
		"no issuer":            func(c jwt.MapClaims) { delete(c, "iss") },
		"no expiry":            func(c jwt.MapClaims) { delete(c, "exp") },
		"expiry as text":       func(c jwt.MapClaims) { c["exp"] = "never" },
		"expired":              func(c jwt.MapClaims) { c["exp"] = parseNow.Add(-61 * time.Second).Unix() },
		"no beginning":         func(c jwt.MapClaims) { delete(c, "nbf") },
		"begins later":         func(c jwt.MapClaims) { c["nbf"] = parseNow.Add(61 * time.Second).Unix() },
		"tenant as text":       func(c jwt.MapClaims) { c["tid"] = "9" },
		"machine and person":   func(c jwt.MapClaims) { c["cid"] = "5" },
		"machine of no tenant": func(c jwt.MapClaims) { delete(c, "mid"); delete(c, "tid"); c["cid"] = "5" },
	} {
		c := goodClaims()
		change(c)
		if got, err := parse(signed(t, c), clock, parseOf); err == nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
	for name, change := range map[string]func(jwt.MapClaims){
		"59 s after its end":          func(c jwt.MapClaims) { c["exp"] = parseNow.Add(-59 * time.Second).Unix() },
		"59 s before its begin":       func(c jwt.MapClaims) { c["nbf"] = parseNow.Add(59 * time.Second).Unix() },
		"several audiences, ours too": func(c jwt.MapClaims) { c["aud"] = []string{"x", audience} },
	} {
		c := goodClaims()
		change(c)
		if _, err := parse(signed(t, c), clock, parseOf); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzReadToken gives parse anything. What it accepts must carry a signature of the right key over exactly its first two
// parts, by crypto/ed25519 alone, and be the one spelling of that token.
func FuzzReadToken(f *testing.F) {
	good := signed(f, goodClaims())
	part := strings.Split(good, ".")
	for _, seed := range []string{
		good, "", ".", "..", part[0] + "." + part[1] + ".", part[0] + "." + part[1] + "." + part[2] + "=", good + "A",
		base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + part[1] + ".",
		base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA","kid":["k"]}`)) + "." + part[1] + "." + part[2],
		"txng_1_" + strings.Repeat("x", 43), "txng_-1_", "1-2", "01-2", "9999999999-1",
	} {
		f.Add(seed)
	}
	public, _ := parseOf("k")
	f.Fuzz(func(t *testing.T, token string) {
		if c, err := parse(token, func() time.Time { return parseNow }, parseOf); err == nil {
			p := strings.Split(token, ".")
			if len(p) != 3 {
				t.Fatalf("%d parts are read as %+v", len(p), c)
			}
			signature, err := base64.RawURLEncoding.Strict().DecodeString(p[2])
			if err != nil || !ed25519.Verify(public, []byte(p[0]+"."+p[1]), signature) {
				t.Fatalf("read without a signature: %q as %+v", token, c)
			}
			if token != good {
				t.Fatalf("a second spelling of a token: %q", token)
			}
		}
		if id, err := parseAPIKey(token); err == nil && (id <= 0 || !strings.HasPrefix(token, keyPrefix)) {
			t.Fatalf("key %q of tenant %d", token, id)
		}
		if id, ok := ParseClientID(token); ok && id.String() != token {
			t.Fatalf("client %q is %q", token, id)
		}
	})
}
