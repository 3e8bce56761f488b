package authz_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"txng/authz"
	"txng/authz/authztest"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// TestCodesOfRFC6238 takes the second step with the codes of the standard's appendix B (their last six digits).
func TestCodesOfRFC6238(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for _, vector := range []struct {
		at   int64
		code string
	}{{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}} {
		now := time.Unix(vector.at, 0)
		db := e.DB.WithClock(func() time.Time { return now })
		o := &owned{Env: e, factors: authztest.Factors(t), device: ownNetwork(), email: "rfc" + vector.code + "@example.vn"}
		if err := db.Platform(t.Context(), func(tx tenant.Platform) error {
			id, err := authz.CreateAccount(t.Context(), tx, o.email, "Nguyễn Văn A", password)
			if err != nil {
				return err
			}
			if _, err := authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: e.Tenant.ID, Account: id, Role: authz.DOSTAdmin}); err != nil {
				return err
			}
			_, err = o.factors.Enrol(t.Context(), tx, id, "Máy thử", authz.TOTPSecret("12345678901234567890"))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		session, who, err := authz.SignIn(t.Context(), db, o.email, password, o.device)
		if err != nil || who.Pending != authz.ShowFactor {
			t.Fatalf("at %d: pending %q, %v", vector.at, who.Pending, err)
		}
		passed, err := o.pass(t.Context(), db, session, authz.Proof{Code: vector.code})
		if err != nil || passed.Who.Pending != "" || !passed.Who.Can(authz.AccountSelf) {
			t.Errorf("at %d with %s: %+v, %v", vector.at, vector.code, passed.Who, err)
		}
	}
}

func TestClockMayBeOneStepOff(t *testing.T) {
	t.Parallel()
	o := withApp(t, tenanttest.New(t), authz.DOSTOfficer)
	for i, drift := range []int64{-2, -1, 0, 1, 2} {
		now := time.Now().Add(time.Duration(i+1) * 10 * time.Minute)
		_, err := o.pass(t.Context(), o.at(now), o.signInAt(t, o.at(now)), authz.Proof{Code: o.secret.Code(authz.StepAt(now) + drift)})
		if want := drift >= -1 && drift <= 1; (err == nil) != want || err != nil && !invalid(err, "code") {
			t.Errorf("a code %d steps off: %v, want it accepted: %v", drift, err, want)
		}
	}
}

func TestCodeOpensOnce(t *testing.T) {
	t.Parallel()
	o := withApp(t, tenanttest.New(t), authz.DOSTOfficer)
	now := time.Now().Add(10 * time.Minute)
	db, step := o.at(now), authz.StepAt(now)
	sessions := make([]authz.Token, 5)
	for i := range sessions {
		sessions[i] = o.signIn(t)
	}
	var passed atomic.Int32
	var all sync.WaitGroup
	for _, s := range sessions {
		all.Go(func() {
			switch _, err := o.pass(context.Background(), db, s, authz.Proof{Code: o.secret.Code(step)}); {
			case err == nil:
				passed.Add(1)
			case !invalid(err, "code"):
				t.Errorf("at the same time: %v", err)
			}
		})
	}
	all.Wait()
	if passed.Load() != 1 {
		t.Errorf("one code opened %d of five sessions at the same time, want 1", passed.Load())
	}
	for _, n := range []int64{step, step - 1} {
		if _, err := o.pass(t.Context(), db, o.signInAt(t, db), authz.Proof{Code: o.secret.Code(n)}); !invalid(err, "code") {
			t.Errorf("the code of step %d after that of step %d was used: %v", n, step, err)
		}
	}
}

func TestGuessingCodesIsSlowedDown(t *testing.T) {
	t.Parallel()
	o := withApp(t, tenanttest.New(t), authz.DOSTOfficer)
	now := time.Now().Add(10 * time.Minute)
	db, session, tries := o.at(now), o.signIn(t), 0
	right := o.secret.Code(authz.StepAt(now))
	for ; tries < 30; tries++ {
		// From another network each time: what slows down is the account's own.
		_, err := o.factors.Pass(t.Context(), db, session, authz.Proof{Code: wrongCode(o.secret, now)}, authz.Device{Address: "198.51.100." + string(rune('1'+tries%9))})
		if errors.Is(err, fault.TooMany) {
			break
		}
		if !invalid(err, "code") {
			t.Fatal(err)
		}
	}
	if tries != 10 {
		t.Errorf("slowed down after %d wrong codes, want 10", tries)
	}
	if _, err := o.pass(t.Context(), db, session, authz.Proof{Code: right}); !errors.Is(err, fault.TooMany) {
		t.Errorf("the right code while slowed down: %v", err)
	}
	if _, err := o.pass(t.Context(), db, session, authz.Proof{Recovery: o.codes[0]}); !errors.Is(err, fault.TooMany) {
		t.Errorf("a recovery code while slowed down: %v", err)
	}
	later := now.Add(6 * time.Minute)
	if _, err := o.pass(t.Context(), o.at(later), session, authz.Proof{Code: o.secret.Code(authz.StepAt(later))}); err != nil {
		t.Errorf("six minutes later: %v", err)
	}
}

// wrongCode is a code of no step near a time.
func wrongCode(s authz.TOTPSecret, now time.Time) string {
	for n := range 10 {
		code, right := strings.Repeat(string(rune('0'+n)), 6), false
		for step := authz.StepAt(now) - 3; step <= authz.StepAt(now)+3; step++ {
			right = right || s.Code(step) == code
		}
		if !right {
			return code
		}
	}
	panic("every code is right")
}

func TestWhatIsNoCodeIsRefusedAndCostsNothing(t *testing.T) {
	t.Parallel()
	o := withApp(t, tenanttest.New(t), authz.DOSTOfficer)
	session := o.signIn(t)
	for range 3 { // more than the throttle would let through
		for _, code := range []string{"", " ", "12345", "1234567", "１２３４５６", "١٢٣٤٥٦", "12345a", "-12345", "1e5000", "123456\x00", strings.Repeat("1", 1<<20)} {
			if _, err := o.pass(t.Context(), o.DB, session, authz.Proof{Code: code}); !invalid(err, "code") {
				t.Errorf("code %.20q: %v", code, err)
			}
		}
		for _, code := range []string{"ABCD", strings.Repeat("A", 13), "ABCD-EFGH-IJK!", strings.Repeat("A", 1<<20), "ＡBCDEFGHJKMN"} {
			if _, err := o.pass(t.Context(), o.DB, session, authz.Proof{Recovery: code}); !invalid(err, "recovery") {
				t.Errorf("recovery code %.20q: %v", code, err)
			}
		}
	}
	now := time.Now().Add(time.Minute)
	code := o.secret.Code(authz.StepAt(now))
	if _, err := o.pass(t.Context(), o.at(now), session, authz.Proof{Code: " " + code[:3] + " " + code[3:] + " "}); err != nil {
		t.Errorf("a code as apps show it: %v", err)
	}
}
