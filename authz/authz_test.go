package authz_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

const password = "đúng mật khẩu rồi"

var people atomic.Int64

// person makes an account with a role in the environment's tenant.
func person(t *testing.T, e *tenanttest.Env, role authz.Role) (email string, membership int64) {
	t.Helper()
	email = fmt.Sprintf("p%d@example.vn", people.Add(1))
	before := e.DB.WithClock(func() time.Time { return time.Now().Add(-time.Hour) })
	if err := before.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, email, "Nguyễn Văn A", password)
		if err != nil {
			return err
		}
		membership, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: e.Tenant.ID, Account: id, Role: role})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return email, membership
}

func end(t *testing.T, e *tenanttest.Env, membership int64) {
	t.Helper()
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return authz.EndMembership(t.Context(), tx, e.Tenant.ID, membership)
	}); err != nil {
		t.Fatal(err)
	}
}

func TestSignInOpensASessionThatSignOutEnds(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.DOSTOfficer)
	token, who, err := authz.SignIn(t.Context(), e.DB, " "+strings.ToUpper(email), password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if who.Role != authz.DOSTOfficer || who.Tenant != e.Tenant.ID {
		t.Errorf("signed in as %+v", who)
	}
	got, err := authz.Resume(t.Context(), e.DB, token)
	if err != nil || got != who {
		t.Errorf("resumed as %+v, %v; want %+v", got, err, who)
	}
	if err := authz.SignOut(t.Context(), e.DB, token); err != nil {
		t.Fatal(err)
	}
	if _, err := authz.Resume(t.Context(), e.DB, token); !errors.Is(err, fault.SignIn) {
		t.Errorf("after signing out: err = %v, want fault.SignIn", err)
	}
}

func TestWrongAddressAndWrongPasswordGetTheSameAnswer(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	var answers []string
	for _, try := range [][2]string{
		{email, "sai"}, {"khong.co@example.vn", password}, {"không phải thư", password}, {email, ""}, {email, strings.Repeat("x", 10<<20)}, {"", ""},
	} {
		_, _, err := authz.SignIn(t.Context(), e.DB, try[0], try[1], authz.Device{})
		if err == nil {
			t.Fatalf("%.30q signed in", try)
		}
		answers = append(answers, err.Error())
	}
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("answers differ: %q and %q", answers[0], a)
		}
	}
}

func TestEndedMembershipRefusesSessionAndToken(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, membership := person(t, e, authz.DOSTAdmin)
	session, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signer.Grant(t.Context(), e.DB, email, password, e.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := signer.Read(t.Context(), e.DB, token); err != nil || who.Role != authz.DOSTAdmin {
		t.Fatalf("token reads as %+v, %v", who, err)
	}
	end(t, e, membership)
	if _, err := authz.Resume(t.Context(), e.DB, session); !errors.Is(err, fault.SignIn) {
		t.Errorf("session: err = %v, want fault.SignIn", err)
	}
	if _, err := signer.Read(t.Context(), e.DB, token); !errors.Is(err, fault.SignIn) {
		t.Errorf("token: err = %v, want fault.SignIn", err)
	}
}

func TestForeignTokensAreRefused(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	signer, _ := authz.NewSigner(tenanttest.Secret)
	good, err := signer.Grant(t.Context(), e.DB, email, password, e.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(good, claims); err != nil {
		t.Fatal(err)
	}
	_, foreign, _ := ed25519.GenerateKey(nil)
	sign := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		c := jwt.MapClaims{}
		for k, v := range claims {
			c[k] = v
		}
		if change != nil {
			change(c)
		}
		tok := jwt.NewWithClaims(method, c)
		tok.Header["kid"] = "1"
		s, err := tok.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	part := strings.Split(good, ".")
	for name, token := range map[string]string{
		"another key":   sign(jwt.SigningMethodEdDSA, foreign, nil),
		"no algorithm":  sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil),
		"HMAC":          sign(jwt.SigningMethodHS256, []byte("secret"), nil),
		"cut":           part[0] + "." + part[1] + ".",
		"other payload": part[0] + "." + strings.Split(sign(jwt.SigningMethodEdDSA, foreign, func(c jwt.MapClaims) { c["tid"] = 1 }), ".")[1] + "." + part[2],
		"garbage":       "xx",
		"empty":         "",
	} {
		if who, err := signer.Read(t.Context(), e.DB, token); !errors.Is(err, fault.SignIn) {
			t.Errorf("%s: %+v, %v; want fault.SignIn", name, who, err)
		}
	}
	later := func(d time.Duration) *tenant.DB {
		return e.DB.WithClock(func() time.Time { return time.Now().Add(d) })
	}
	if _, err := signer.Read(t.Context(), later(authz.AccessAge+2*time.Minute), good); !errors.Is(err, fault.SignIn) {
		t.Errorf("expired: err = %v, want fault.SignIn", err)
	}
	if _, err := signer.Read(t.Context(), later(-2*time.Minute), good); !errors.Is(err, fault.SignIn) {
		t.Errorf("from the future: err = %v, want fault.SignIn", err)
	}
	if _, err := signer.Read(t.Context(), later(-30*time.Second), good); err != nil {
		t.Errorf("30 s of skew: %v", err)
	}
}

func TestExpiredSessionIsRefused(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	token, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	late := e.DB.WithClock(func() time.Time { return time.Now().Add(authz.SessionAge + time.Second) })
	if _, err := authz.Resume(t.Context(), late, token); !errors.Is(err, fault.SignIn) {
		t.Errorf("err = %v, want fault.SignIn", err)
	}
}

func TestSwitchNeedsAMembershipOfOnesOwn(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	_, foreign := person(t, e, authz.DOSTAdmin)
	token, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authz.Switch(t.Context(), e.DB, token, foreign, authz.Device{}); !errors.Is(err, fault.Forbidden) {
		t.Errorf("switch to a stranger's membership: err = %v, want fault.Forbidden", err)
	}
	if _, err := authz.Switch(t.Context(), e.DB, token, 0, authz.Device{}); !errors.Is(err, fault.Forbidden) {
		t.Errorf("switch to a role above the tenants: err = %v, want fault.Forbidden", err)
	}
	if _, err := authz.Resume(t.Context(), e.DB, token); err != nil {
		t.Errorf("the session was lost: %v", err)
	}
}

func TestBadAccountsAreRefusedFieldByField(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for _, c := range []struct{ email, name, password, field string }{
		{"a", "A", password, "email"},
		{"a@b", "A", password, "email"},
		{"ａ@example.vn\x00", "A", password, "email"},
		{"аdmin@example.vn", "A", password, "email"}, // Cyrillic а
		{"a@example.vn", "", password, "name"},
		{"a@example.vn", strings.Repeat("ạ", 121), password, "name"},
		{"a@example.vn", "A", "ngắn", "password"},
		{"a@example.vn", "A", strings.Repeat("x", 10<<20), "password"},
	} {
		err := e.DB.Platform(context.Background(), func(tx tenant.Platform) error {
			_, err := authz.CreateAccount(t.Context(), tx, c.email, c.name, c.password)
			return err
		})
		var wrong fault.Invalid
		if !errors.As(err, &wrong) || wrong.Of(c.field) == "" {
			t.Errorf("%.20q %.10q: err = %v, want a message for %s", c.email, c.name, err, c.field)
		}
	}
}
