package authz_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// migrating serializes what sets the passwords of login roles, which belong to the server.
var migrating sync.Mutex

// deployment is a migrated database of its own: signing keys belong to the whole of one.
func deployment(t *testing.T) *tenanttest.Env {
	t.Helper()
	tenanttest.Database(t) // which migrates, too
	c := tenanttest.Empty(t)
	migrating.Lock()
	err := tenant.Migrate(t.Context(), c, -1)
	migrating.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	e := &tenanttest.Env{DB: db, Config: c}
	e.Tenant, e.Scope = e.NewTenant(t)
	return e
}

func newSigner(t *testing.T) *authz.Signer {
	t.Helper()
	s, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func grant(t *testing.T, s *authz.Signer, e *tenanttest.Env, db *tenant.DB, email string) authz.Tokens {
	t.Helper()
	tokens, err := s.Grant(t.Context(), db, email, password, "", e.Tenant.ID, authz.Device{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func at(e *tenanttest.Env, d time.Duration) *tenant.DB {
	return e.DB.WithClock(func() time.Time { return time.Now().Add(d) })
}

// opens reports whether a token opens something; an error other than fault.SignIn fails the test.
func opens(t *testing.T, s *authz.Signer, db *tenant.DB, token string) bool {
	t.Helper()
	_, err := s.Read(t.Context(), db, token)
	if err != nil && !errors.Is(err, fault.SignIn) {
		t.Errorf("err = %v, want fault.SignIn", err)
	}
	return err == nil
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	signer := newSigner(t)
	good := grant(t, signer, e, e.DB, email).Access
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(good, claims)
	if err != nil {
		t.Fatal(err)
	}
	kid := parsed.Header["kid"].(string)
	keys, err := signer.Keys(t.Context(), e.DB)
	if err != nil || len(keys) == 0 {
		t.Fatal(err)
	}
	public := ed25519.PublicKey(keys[0].PublicKey)
	_, foreign, _ := ed25519.GenerateKey(nil)
	sign := func(method jwt.SigningMethod, key any, kid any) string {
		tok := jwt.NewWithClaims(method, claims)
		tok.Header["kid"] = kid
		if kid == nil {
			delete(tok.Header, "kid")
		}
		s, err := tok.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	part := strings.Split(good, ".")
	forged := map[string]string{
		"another key":                  sign(jwt.SigningMethodEdDSA, foreign, kid),
		"another key of an unknown id": sign(jwt.SigningMethodEdDSA, foreign, "1"),
		"no key id":                    sign(jwt.SigningMethodEdDSA, foreign, nil),
		"a key id that is a number":    sign(jwt.SigningMethodEdDSA, foreign, 1),
		"no algorithm":                 sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, kid),
		"HMAC":                         sign(jwt.SigningMethodHS256, []byte("secret"), kid),
		"HMAC with the public key":     sign(jwt.SigningMethodHS256, []byte(public), kid),
		"cut":                          part[0] + "." + part[1] + ".",
		"two parts":                    part[0] + "." + part[1],
		"other header":                 base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"`+kid+`"}`)) + "." + part[1] + "." + part[2],
		"other payload":                part[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"1"}`)) + "." + part[2],
		"garbage":                      "xx",
		"empty":                        "",
		"ten megabytes":                strings.Repeat("a.", 5<<20),
		"space after it":               good + " ",
	}
	for name, token := range forged {
		if opens(t, signer, e.DB, token) {
			t.Errorf("%s opens", name)
		}
	}
	if !opens(t, signer, e.DB, good) {
		t.Error("the good one does not open: the test proves nothing")
	}
}

func TestTimesOfATokenAreHeldWithAMinuteOfSkew(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	signer := newSigner(t)
	made := time.Now()
	good := grant(t, signer, e, e.DB.WithClock(func() time.Time { return made }), email).Access
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{
		{0, true},
		{-55 * time.Second, true}, {-65 * time.Second, false}, {-time.Hour, false},
		{authz.AccessAge - time.Second, true}, {authz.AccessAge + 55*time.Second, true}, {authz.AccessAge + 65*time.Second, false},
		{24 * time.Hour, false},
	} {
		db := e.DB.WithClock(func() time.Time { return made.Add(c.after) })
		if got := opens(t, signer, db, good); got != c.want {
			t.Errorf("read %s after it was made: %v, want %v", c.after, got, c.want)
		}
	}
}

func TestTwoInstancesMakeOneFirstKey(t *testing.T) {
	t.Parallel()
	e := deployment(t)
	var wait sync.WaitGroup
	for range 8 {
		signer := newSigner(t)
		wait.Go(func() {
			if _, err := signer.JWKS(t.Context(), e.DB); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	keys, err := newSigner(t).Keys(t.Context(), e.DB)
	if err != nil || len(keys) != 1 {
		t.Errorf("%d keys, %v; want one", len(keys), err)
	}
}

func TestRotatedKeyVerifiesUntilItsLastTokenHasExpired(t *testing.T) {
	t.Parallel()
	e := deployment(t)
	email, _ := person(t, e, authz.Leader)
	one, other := newSigner(t), newSigner(t)
	kidOf := func(token string) string {
		parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
		if err != nil {
			t.Fatal(err)
		}
		return parsed.Header["kid"].(string)
	}
	first := kidOf(grant(t, one, e, e.DB, email).Access)
	if _, err := other.JWKS(t.Context(), e.DB); err != nil { // the other instance knows the first key only
		t.Fatal(err)
	}
	rotated := time.Now()
	k, err := one.Rotate(t.Context(), e.DB.WithClock(func() time.Time { return rotated }), nil)
	if err != nil || k.KID == first {
		t.Fatal(k, err)
	}
	after := func(d time.Duration) *tenant.DB {
		return e.DB.WithClock(func() time.Time { return rotated.Add(d) })
	}
	during := grant(t, one, e, after(authz.KeyOverlap-time.Second), email).Access
	if got := kidOf(during); got != first {
		t.Errorf("during the overlap %s signs, want the old key", got)
	}
	now := grant(t, one, e, after(authz.KeyOverlap), email).Access
	if got := kidOf(now); got != k.KID {
		t.Errorf("after the overlap %s signs, want the new key", got)
	}
	end := authz.KeyOverlap + authz.AccessAge + time.Minute
	if !opens(t, one, after(authz.KeyOverlap+authz.AccessAge), during) {
		t.Error("a token of the old key is refused while it is valid")
	}
	// The other instance has not heard yet and signs with the old key, as who has stolen it would.
	stale := grant(t, other, e, after(end), email).Access
	if got := kidOf(stale); got != first {
		t.Fatalf("the other instance signs with %s, want the old key: the test proves nothing", got)
	}
	if opens(t, one, after(end), stale) {
		t.Error("a fresh token of the old key opens after the grace")
	}
	if before := after(end - 2*time.Second); !opens(t, one, before, grant(t, other, e, before, email).Access) {
		t.Error("a fresh token of the old key is refused within the grace")
	}
	keys, err := one.JWKS(t.Context(), after(0))
	if err != nil || len(keys.Keys) != 2 {
		t.Errorf("%d public keys during the overlap, %v; want both", len(keys.Keys), err)
	}
	keys, err = one.JWKS(t.Context(), after(end))
	if err != nil || len(keys.Keys) != 1 || keys.Keys[0].KID != k.KID {
		t.Errorf("public keys after the grace: %+v, %v; want the new one", keys, err)
	}
	time.Sleep(5100 * time.Millisecond) // the other instance asks again for an unknown key, but not more often than this
	if !opens(t, other, after(authz.KeyOverlap), now) {
		t.Error("the other instance does not know the new key")
	}
}

func TestPublicKeysVerifyTokens(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	signer := newSigner(t)
	token := grant(t, signer, e, e.DB, email).Access
	set, err := signer.JWKS(t.Context(), e.DB)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(set)
	var read struct{ Keys []map[string]string }
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	part := strings.Split(token, ".")
	var header map[string]string
	raw, _ := base64.RawURLEncoding.DecodeString(part[0])
	if err := json.Unmarshal(raw, &header); err != nil {
		t.Fatal(err)
	}
	signature, _ := base64.RawURLEncoding.DecodeString(part[2])
	verified := false
	for _, k := range read.Keys {
		if k["kty"] != "OKP" || k["crv"] != "Ed25519" || k["use"] != "sig" || k["alg"] != "EdDSA" {
			t.Errorf("key %v", k)
		}
		if len(k) != 6 {
			t.Errorf("key with %d members, want 6: nothing secret", len(k))
		}
		public, err := base64.RawURLEncoding.DecodeString(k["x"])
		if err != nil || len(public) != ed25519.PublicKeySize {
			t.Fatalf("x = %q", k["x"])
		}
		if k["kid"] == header["kid"] {
			verified = ed25519.Verify(public, []byte(part[0]+"."+part[1]), signature)
		}
	}
	if !verified {
		t.Errorf("no key of %s verifies a token with the header %v", b, header)
	}
}

func TestKeySlippedIntoTheTableSignsNothing(t *testing.T) {
	t.Parallel()
	e := deployment(t)
	email, _ := person(t, e, authz.Leader)
	signer := newSigner(t)
	good := grant(t, signer, e, e.DB, email).Access
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(good, claims); err != nil {
		t.Fatal(err)
	}
	public, private, _ := ed25519.GenerateKey(nil)
	conn := e.Owner(t)
	if _, err := conn.Exec(t.Context(), `
		insert into authz.signing_key (kid, public_key, sealed, created_at, active_from)
		select 'slipped', $1, sealed, created_at, active_from + interval '1 second'
		from authz.signing_key`, []byte(public)); err != nil {
		t.Fatal(err)
	}
	tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
	tok.Header["kid"] = "slipped"
	forged, err := tok.SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	fresh := newSigner(t)
	if opens(t, fresh, e.DB, forged) {
		t.Error("a token of a key that was slipped into the table opens")
	}
	if !opens(t, fresh, e.DB, good) {
		t.Error("the real key was lost")
	}
	foreign, _ := authz.NewSigner([]byte("another master secret, 32 bytes or more"))
	keys, err := foreign.Keys(t.Context(), e.DB)
	if err != nil || slices.ContainsFunc(keys, func(k authz.Key) bool { return k.Usable }) {
		t.Errorf("keys under another master secret: %+v, %v; want none usable", keys, err)
	}
	// The public half of the real key, exchanged in its row.
	keys, err = fresh.Keys(t.Context(), e.DB)
	if err != nil {
		t.Fatal(err)
	}
	real := keys[slices.IndexFunc(keys, func(k authz.Key) bool { return k.Usable })].KID
	if _, err := conn.Exec(t.Context(), "update authz.signing_key set public_key = $1 where kid = $2", []byte(public), real); err != nil {
		t.Fatal(err)
	}
	tok.Header["kid"] = real
	if forged, err = tok.SignedString(private); err != nil {
		t.Fatal(err)
	}
	if opens(t, newSigner(t), e.DB, forged) {
		t.Error("a token of a public key that was exchanged opens")
	}
}

func TestRefreshTokenWorksOnceAndReuseRevokesItsFamily(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	signer := newSigner(t)
	var events []authz.Event
	note := func(_ context.Context, _ tenant.Platform, who authz.Identity, ev authz.Event) error {
		events = append(events, ev)
		return nil
	}
	first := grant(t, signer, e, e.DB, email)
	bystander := grant(t, signer, e, e.DB, email)
	second, err := signer.Refresh(t.Context(), e.DB, first.Refresh, note)
	if err != nil || !opens(t, signer, e.DB, second.Access) {
		t.Fatalf("refresh: %v", err)
	}
	third, err := signer.Refresh(t.Context(), e.DB, second.Refresh, note)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signer.Refresh(t.Context(), e.DB, first.Refresh, note); !errors.Is(err, fault.SignIn) {
		t.Errorf("a used token: %v, want fault.SignIn", err)
	}
	for name, token := range map[string]authz.Token{"the newest of the family": third.Refresh, "one before": second.Refresh, "the first": first.Refresh} {
		if _, err := signer.Refresh(t.Context(), e.DB, token, note); !errors.Is(err, fault.SignIn) {
			t.Errorf("%s after the reuse: %v, want fault.SignIn", name, err)
		}
	}
	if _, err := signer.Refresh(t.Context(), e.DB, bystander.Refresh, note); err != nil {
		t.Errorf("another family of the same person: %v", err)
	}
	if !slices.Equal(events, []authz.Event{authz.TokenReused}) {
		t.Errorf("events %v, want one reuse", events)
	}
}

func TestOfRefreshesAtTheSameTimeOneWinsAndTheFamilyIsRevoked(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	signer := newSigner(t)
	first := grant(t, signer, e, e.DB, email)
	var mu sync.Mutex
	var won []authz.Tokens
	var wait sync.WaitGroup
	for range 6 {
		wait.Go(func() {
			tokens, err := signer.Refresh(t.Context(), e.DB, first.Refresh, nil)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, tokens)
			} else if !errors.Is(err, fault.SignIn) {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if len(won) != 1 {
		t.Fatalf("%d refreshes won, want one", len(won))
	}
	if _, err := signer.Refresh(t.Context(), e.DB, won[0].Refresh, nil); !errors.Is(err, fault.SignIn) {
		t.Errorf("the winner's token after the reuse: %v, want fault.SignIn", err)
	}
}

func TestRefreshIsRefusedAfterItsTimeAndItsMembership(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, membership := person(t, e, authz.Leader)
	signer := newSigner(t)
	tokens := grant(t, signer, e, e.DB, email)
	if _, err := signer.Refresh(t.Context(), at(e, authz.RefreshAge+time.Second), tokens.Refresh, nil); !errors.Is(err, fault.SignIn) {
		t.Errorf("after its time: %v, want fault.SignIn", err)
	}
	for _, wrong := range []authz.Token{"", "x", authz.Token(strings.Repeat("x", 43)), authz.Token(tokens.Access), tokens.Refresh + "x"} {
		if _, err := signer.Refresh(t.Context(), e.DB, wrong, nil); !errors.Is(err, fault.SignIn) {
			t.Errorf("%.20q: %v, want fault.SignIn", wrong, err)
		}
	}
	if opens(t, signer, e.DB, string(tokens.Refresh)) {
		t.Error("a refresh token opens like an access token")
	}
	end(t, e, membership)
	if _, err := signer.Refresh(t.Context(), e.DB, tokens.Refresh, nil); !errors.Is(err, fault.SignIn) {
		t.Errorf("after the membership: %v, want fault.SignIn", err)
	}
	email, _ = person(t, e, authz.Leader)
	tokens = grant(t, signer, e, e.DB, email)
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		account, err := authz.AccountByEmail(t.Context(), tx, authz.Email(email))
		if err != nil {
			return err
		}
		return authz.RevokeRefreshTokens(t.Context(), tx, account.ID)
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := signer.Refresh(t.Context(), e.DB, tokens.Refresh, nil); !errors.Is(err, fault.SignIn) {
		t.Errorf("after all tokens of the account were revoked: %v, want fault.SignIn", err)
	}
}

func TestSigningOutEverywhereEndsTheRefreshTokens(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	signer := newSigner(t)
	tokens := grant(t, signer, e, e.DB, email)
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		account, err := authz.AccountByEmail(t.Context(), tx, authz.Email(email))
		if err != nil {
			return err
		}
		return authz.SignOutEverywhere(t.Context(), tx, account.ID, "")
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := signer.Refresh(t.Context(), e.DB, tokens.Refresh, nil); !errors.Is(err, fault.SignIn) {
		t.Errorf("refresh after signing out everywhere: %v, want fault.SignIn", err)
	}
}
