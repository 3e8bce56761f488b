package authz_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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
		{email, "sai"}, {"khong.co@example.vn", password}, {"không phải thư", password}, {"0999 999 998", password}, {"0123", password},
		{strings.Repeat("a@", 5<<20), password}, {"аdmin@example.vn", password}, // with a Cyrillic а
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

func TestSignInNamesWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	for _, c := range []struct{ login, password, fields string }{
		{"", "", "email password"}, {" \t", password, "email"}, {email, "", "password"}, {email, strings.Repeat("x", 10<<20), "password"},
		{"khong.co@example.vn", "", "password"}, {"", strings.Repeat("x", 257), "email password"},
	} {
		_, _, err := authz.SignIn(t.Context(), e.DB, c.login, c.password, authz.Device{})
		var wrong fault.Invalid
		errors.As(err, &wrong)
		var fields []string
		for _, f := range wrong {
			fields = append(fields, f.Name)
		}
		if got := strings.Join(fields, " "); got != c.fields || authz.IsWrongTry(err) {
			t.Errorf("%.20q, %.20q: %v about %q, want %q and no wrong try", c.login, c.password, err, got, c.fields)
		}
	}
	for range 30 { // none of them was a try
		if _, _, err := authz.SignIn(t.Context(), e.DB, email, "", authz.Device{}); errors.Is(err, fault.TooMany) {
			t.Fatal("empty forms slow the account down")
		}
	}
}

func TestEndedMembershipRefusesSessionAndToken(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, membership := person(t, e, authz.DOSTOfficer)
	session, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	granted, err := signer.Grant(t.Context(), e.DB, email, password, "", e.Tenant.ID, authz.Device{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token := granted.Access
	if who, err := signer.Read(t.Context(), e.DB, token); err != nil || who.Role != authz.DOSTOfficer {
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

func TestGuessingAPasswordIsSlowedDown(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	from := authz.Device{Address: "203.0.113.7"}
	tries := 0
	for ; tries < 30; tries++ {
		_, _, err := authz.SignIn(t.Context(), e.DB, email, "sai mật khẩu", from)
		if errors.Is(err, fault.TooMany) {
			break
		}
	}
	if tries != 10 {
		t.Errorf("slowed down after %d wrong tries, want 10", tries)
	}
	if _, _, err := authz.SignIn(t.Context(), e.DB, email, password, from); !errors.Is(err, fault.TooMany) {
		t.Errorf("the right password while slowed down: %v, want fault.TooMany", err)
	}
	later := e.DB.WithClock(func() time.Time { return time.Now().Add(time.Minute) })
	if _, _, err := authz.SignIn(t.Context(), later, email, password, from); err != nil {
		t.Errorf("a minute later: %v", err)
	}
	// From another network the owner is not locked out by a stranger's guesses.
	if _, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{Address: "203.0.113.77"}); err != nil {
		t.Errorf("the owner from another network: %v", err)
	}
	// A name that has no account is slowed down alike.
	for tries = 0; tries < 30; tries++ {
		if _, _, err := authz.SignIn(t.Context(), e.DB, "khong.co.ai@example.vn", "x", authz.Device{Address: "203.0.113.8"}); errors.Is(err, fault.TooMany) {
			break
		}
	}
	if tries != 10 {
		t.Errorf("a name without an account was slowed down after %d tries, want 10", tries)
	}
}

func TestGuessingFromOneAddressIsSlowedDown(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	still := time.Now() // a slow machine refills nothing
	db := e.DB.WithClock(func() time.Time { return still })
	from := authz.Device{Address: "203.0.113.9"}
	tries := 0
	for ; tries < 200; tries++ {
		if _, _, err := authz.SignIn(t.Context(), db, fmt.Sprintf("nguoi%d@example.vn", tries), "x", from); errors.Is(err, fault.TooMany) {
			break
		}
	}
	if tries < 55 || tries > 70 {
		t.Errorf("slowed down after %d names, want about 60", tries)
	}
}

// TestRevocationReachesEveryInstance takes a role away through one instance and measures when another one, which has
// the session in its cache, refuses it.
func TestRevocationReachesEveryInstance(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, membership := person(t, e, authz.DOSTAdmin)
	token, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	other, err := tenant.Open(t.Context(), e.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	sessions := instance(t, still(other))
	for range 3 {
		if _, err := sessions.Resume(t.Context(), token); err != nil {
			t.Fatal(err)
		}
	}
	if n := sessions.Cached(); n != 1 {
		t.Errorf("%d sessions in the cache, want 1", n)
	}
	start := time.Now()
	end(t, e, membership)
	if _, err := heard(t, sessions, token, func(_ authz.Identity, err error) bool { return err != nil }); !errors.Is(err, fault.SignIn) {
		t.Fatalf("the other instance answers %v, want SignIn", err)
	}
	t.Logf("refused by the other instance %s after the revocation began", time.Since(start).Round(time.Millisecond))
}

func TestSignOutEverywhereKeepsOnlyTheSessionThatAsked(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	var tokens []authz.Token
	var who authz.Identity
	for range 3 {
		token, w, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{Address: "203.0.113.1", Agent: "Firefox"})
		if err != nil {
			t.Fatal(err)
		}
		tokens, who = append(tokens, token), w
	}
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return authz.SignOutEverywhere(t.Context(), tx, who.Account, tokens[1])
	}); err != nil {
		t.Fatal(err)
	}
	for i, token := range tokens {
		_, err := authz.Resume(t.Context(), e.DB, token)
		if (err == nil) != (i == 1) {
			t.Errorf("session %d after signing out everywhere but 1: %v", i, err)
		}
	}
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		list, err := authz.SessionsOf(t.Context(), tx, who.Account, tokens[1])
		if len(list) != 3 {
			t.Errorf("%d sessions listed, want 3", len(list))
		}
		for _, s := range list {
			if s.Current == (s.EndedAt != nil) {
				t.Errorf("session %+v: only the current one goes on", s)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestGuessesAtTheSameTimeAreAllCounted tries many passwords at once: none may slip through between look and count, and
// none may end in a deadlock.
func TestGuessesAtTheSameTimeAreAllCounted(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	var wrong, slowed atomic.Int64
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			_, _, err := authz.SignIn(t.Context(), e.DB, email, "sai mật khẩu", authz.Device{Address: "203.0.113.20"})
			var invalid fault.Invalid
			switch {
			case errors.Is(err, fault.TooMany):
				slowed.Add(1)
			case errors.As(err, &invalid):
				wrong.Add(1)
			default:
				t.Errorf("err = %v", err)
			}
		})
	}
	group.Wait()
	if wrong.Load() != 10 || slowed.Load() != 30 {
		t.Errorf("of 40 guesses at once %d were answered and %d slowed down, want 10 and 30", wrong.Load(), slowed.Load())
	}
}

// TestSigningOutEverywhereMissesNothingThatIsBeingMade refreshes in a loop while the account is signed out everywhere.
func TestSigningOutEverywhereMissesNothingThatIsBeingMade(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	signer := newSigner(t)
	for range 8 {
		email, _ := person(t, e, authz.Leader)
		tokens := grant(t, signer, e, e.DB, email)
		last := tokens.Refresh
		started, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for i := range 50 {
				next, err := signer.Refresh(t.Context(), e.DB, last, nil)
				if err != nil {
					return
				}
				last = next.Refresh
				if i == 1 {
					close(started)
				}
			}
		}()
		<-started
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			account, err := authz.AccountByEmail(t.Context(), tx, authz.Email(email))
			if err != nil {
				return err
			}
			return authz.SignOutEverywhere(t.Context(), tx, account.ID, "")
		}); err != nil {
			t.Fatal(err)
		}
		<-done
		if _, err := signer.Refresh(t.Context(), e.DB, last, nil); !errors.Is(err, fault.SignIn) {
			t.Errorf("a token that was made meanwhile goes on: %v", err)
		}
	}
}

func TestNetworkOfAnAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "x": "x", "": "",
	} {
		if got := authz.NetworkOf(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
