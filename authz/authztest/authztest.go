// Package authztest signs people in for tests, as people do: by password and, where the account or the role wants it, a
// second step with an app that shows codes.
package authztest

import (
	"sync"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

// phone is an app with the secret of an account, and the last step that it was used for: no code opens twice.
type phone struct {
	secret authz.TOTPSecret
	used   int64
}

var phones = struct {
	sync.Mutex
	of map[string]*phone
}{of: map[string]*phone{}}

// SignIn opens a session in an account's first role. An account that has no app, and needs one, sets one up; secret is
// that of an app it has from elsewhere, nil for none. The database must be one of tenanttest's.
//
// Several sessions within the same half minute need a code each, so the clock of the second step goes on by a step where
// it must; nothing else of the session does.
func SignIn(t testing.TB, db *tenant.DB, email, password string, secret authz.TOTPSecret) authz.Token {
	t.Helper()
	token, who, err := authz.SignIn(t.Context(), db, email, password, authz.Device{})
	if err != nil {
		t.Fatalf("sign in %s: %v", email, err)
	}
	return Complete(t, db, token, who.Pending, email, secret)
}

// Complete takes the second step of a session that lacks something, and returns its token from then on.
func Complete(t testing.TB, db *tenant.DB, session authz.Token, lacks authz.Pending, email string, secret authz.TOTPSecret) authz.Token {
	t.Helper()
	if lacks == "" {
		return session
	}
	f := Factors(t)
	phones.Lock()
	defer phones.Unlock()
	p := phones.of[email]
	if p == nil {
		p = &phone{secret: secret}
		phones.of[email] = p
	}
	if lacks == authz.SetUpFactor {
		*p = phone{}
		err := db.Platform(t.Context(), func(tx tenant.Platform) error {
			s, err := authz.StandingOf(t.Context(), tx, session)
			if err != nil {
				return err
			}
			fresh, offer := f.Offer(s.Account, tx.Now())
			p.secret, p.used = fresh, authz.StepAt(tx.Now())
			added, err := f.AddTOTP(t.Context(), tx, session, offer, fresh.Code(p.used), "Điện thoại")
			session = added.Token
			return err
		})
		if err != nil {
			t.Fatalf("set up the second factor of %s: %v", email, err)
		}
		return session
	}
	now := db.Now()
	p.used = max(p.used+1, authz.StepAt(now)-1)
	if late := p.used - authz.StepAt(now); late > 0 {
		now = now.Add(time.Duration(late) * 30 * time.Second)
	}
	later := db.WithClock(func() time.Time { return now })
	// From a network of its own: a clock that goes on and back would disturb the throttle of everybody else's.
	passed, err := f.Pass(t.Context(), later, session, authz.Proof{Code: p.secret.Code(p.used)}, authz.Device{Address: "phone of " + email})
	if err != nil {
		t.Fatalf("second step of %s: %v", email, err)
	}
	return passed.Token
}

// Factors returns what checks second factors in tenanttest's databases.
func Factors(t testing.TB) *authz.Factors {
	t.Helper()
	s, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	return s.Factors()
}

// EarliestStep returns the earliest step whose code is taken now and for five seconds more, for a test that types it: the
// step before this one, but of a step that is about to end that step itself.
func EarliestStep(now time.Time) int64 { return authz.StepAt(now.Add(5*time.Second)) - 1 }

// Code returns the next code of an account's app that SignIn knows, for a test that types it itself.
func Code(t testing.TB, now time.Time, email string, secret authz.TOTPSecret) string {
	t.Helper()
	phones.Lock()
	defer phones.Unlock()
	p := phones.of[email]
	if p == nil {
		p = &phone{secret: secret}
		phones.of[email] = p
	}
	p.used = max(p.used+1, EarliestStep(now))
	if p.used > authz.StepAt(now)+1 {
		t.Fatalf("%s has used up the codes of this minute", email)
	}
	return p.secret.Code(p.used)
}
