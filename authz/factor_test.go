package authz_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"txng/authz"
	"txng/authz/authztest"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// owned is an account with an app, and the session that it was set up in.
type owned struct {
	*tenanttest.Env
	factors *authz.Factors
	email   string
	secret  authz.TOTPSecret
	account authz.AccountID
	session authz.Token
	codes   []string // for recovery
	device  authz.Device
}

var networks atomic.Int64

// ownNetwork is a device in a network that nobody else signs in from, so that moved clocks disturb no other test.
func ownNetwork() authz.Device {
	n := networks.Add(1)
	return authz.Device{Address: fmt.Sprintf("10.77.%d.%d", n/250, n%250+1)}
}

func withApp(t *testing.T, e *tenanttest.Env, role authz.Role) *owned {
	t.Helper()
	o := &owned{Env: e, factors: authztest.Factors(t), device: ownNetwork()}
	o.email, _ = person(t, e, role)
	o.session = o.signIn(t)
	o.platform(t, func(tx tenant.Platform) error {
		s, err := authz.StandingOf(t.Context(), tx, o.session)
		if err != nil {
			return err
		}
		o.account = s.Account
		secret, offer := o.factors.Offer(s.Account, tx.Now())
		o.secret = secret
		added, err := o.factors.AddTOTP(t.Context(), tx, o.session, offer, secret.Code(authz.StepAt(tx.Now())-1), "Điện thoại")
		o.session, o.codes = added.Token, added.Codes
		return err
	})
	return o
}

func (o *owned) platform(t *testing.T, f func(tx tenant.Platform) error) {
	t.Helper()
	if err := o.DB.Platform(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// signIn opens a session by the password alone.
func (o *owned) signIn(t *testing.T) authz.Token { return o.signInAt(t, o.DB) }

func (o *owned) signInAt(t *testing.T, db *tenant.DB) authz.Token {
	t.Helper()
	token, _, err := authz.SignIn(t.Context(), db, o.email, password, o.device)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (o *owned) pass(ctx context.Context, db *tenant.DB, session authz.Token, p authz.Proof) (authz.Passed, error) {
	return o.factors.Pass(ctx, db, session, p, o.device)
}

// at is the database with a clock that stands still.
func (o *owned) at(when time.Time) *tenant.DB {
	return o.DB.WithClock(func() time.Time { return when })
}

func pendingOf(t *testing.T, db *tenant.DB, session authz.Token) authz.Pending {
	t.Helper()
	who, err := authz.Resume(t.Context(), db, session)
	if err != nil {
		t.Fatal(err)
	}
	if who.Pending != "" && who.Can(authz.AccountSelf) {
		t.Errorf("a session that lacks %q may do something", who.Pending)
	}
	return who.Pending
}

func invalid(err error, field string) bool {
	var wrong fault.Invalid
	return errors.As(err, &wrong) && wrong[0].Name == field
}

func TestWhatCouldLockOutAsksAgainWhoItIs(t *testing.T) {
	t.Parallel()
	o := withApp(t, tenanttest.New(t), authz.DOSTAdmin)
	who, err := authz.Resume(t.Context(), o.DB, o.session)
	if err != nil {
		t.Fatal(err)
	}
	var list []authz.Factor
	o.platform(t, func(tx tenant.Platform) error {
		list, err = authz.FactorsOf(t.Context(), tx, o.account)
		return err
	})
	remove := func(db *tenant.DB, session authz.Token, id int64) error {
		return db.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := o.factors.RemoveFactor(t.Context(), tx, session, who, id)
			return err
		})
	}
	late := time.Now().Add(authz.ProvedAge + time.Second)
	if err := remove(o.at(late), o.session, list[0].ID); !errors.Is(err, fault.Forbidden) {
		t.Errorf("removing after ten minutes: %v", err)
	}
	passed, err := o.pass(t.Context(), o.at(late), o.session, authz.Proof{Code: o.secret.Code(authz.StepAt(late))})
	if err != nil {
		t.Fatal(err)
	}
	if err := remove(o.at(late), passed.Token, list[0].ID); !errors.Is(err, fault.Conflict) {
		t.Errorf("removing the last one in a role that needs one: %v", err)
	}
	if err := remove(o.at(late), passed.Token, 4711); !errors.Is(err, fault.NotFound) {
		t.Errorf("removing none: %v", err)
	}
	other := withApp(t, o.Env, authz.DOSTAdmin)
	if err := remove(o.DB, other.session, list[0].ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("removing somebody else's: %v", err)
	}
	optional := withApp(t, o.Env, authz.Leader)
	who.Role = authz.Leader
	optional.platform(t, func(tx tenant.Platform) error {
		list, err = authz.FactorsOf(t.Context(), tx, optional.account)
		return err
	})
	if err := remove(o.DB, optional.session, list[0].ID); err != nil {
		t.Errorf("removing where it is optional: %v", err)
	}
	if got := pendingOf(t, o.DB, optional.signIn(t)); got != "" {
		t.Errorf("after removing the last one: pending %q", got)
	}
	if _, err := optional.pass(t.Context(), o.DB, optional.session, authz.Proof{Recovery: optional.codes[0]}); err == nil {
		t.Error("a recovery code outlived the last factor")
	}
}

func TestOfferBelongsToItsAccountAndGetsOld(t *testing.T) {
	t.Parallel()
	f := authztest.Factors(t)
	now := time.Now()
	secret, offer := f.Offer(1, now)
	other := "A"
	if offer[0] == 'A' {
		other = "B"
	}
	for name, c := range map[string]struct {
		account authz.AccountID
		offer   string
		at      time.Time
		ok      bool
	}{
		"its own":         {1, offer, now.Add(29 * time.Minute), true},
		"another account": {2, offer, now, false},
		"too old":         {1, offer, now.Add(31 * time.Minute), false},
		"from later":      {1, offer, now.Add(-2 * time.Minute), false},
		"changed":         {1, other + offer[1:], now, false},
		"empty":           {1, "", now, false},
		"very long":       {1, strings.Repeat("A", 1<<20), now, false},
	} {
		got, err := f.Offered(c.account, c.offer, c.at)
		if (err == nil) != c.ok || err == nil && string(got) != string(secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFactorOpensForItsAccountOnly moves a factor's row to another account, as somebody with the database might.
func TestFactorOpensForItsAccountOnly(t *testing.T) {
	t.Parallel()
	victim := withApp(t, tenanttest.New(t), authz.DOSTOfficer)
	thief := withApp(t, victim.Env, authz.DOSTOfficer)
	conn := victim.Owner(t)
	var sealed []byte
	if err := conn.QueryRow(t.Context(), "select sealed from authz.factor where account_id = $1", thief.account).Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sealed), string(thief.secret)) {
		t.Error("the secret stands in the database as it is")
	}
	if _, err := conn.Exec(t.Context(), "update authz.factor set sealed = $2 where account_id = $1", victim.account, sealed); err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(time.Minute)
	if _, err := victim.pass(t.Context(), victim.at(now), victim.signIn(t), authz.Proof{Code: thief.secret.Code(authz.StepAt(now))}); err == nil {
		t.Error("a factor of another account opened")
	}
}

func TestResetOfFactorsStaysWithinWhoAsks(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	other, _ := e.NewTenant(t)
	may := func(account authz.AccountID, org tenant.OrgID) (ok bool) {
		t.Helper()
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
			ok, err = authz.MayResetFactors(t.Context(), tx, account, e.Tenant.ID, org)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return ok
	}
	for name, n := range map[string]authz.NewMembership{
		"nowhere else":                      {},
		"another tenant":                    {Tenant: other.ID, Role: authz.Leader},
		"an organization of the tenant":     {Tenant: e.Tenant.ID, Role: authz.OrgStaff, Org: 9},
		"another role in the same place":    {Tenant: e.Tenant.ID, Role: authz.Leader},
		"a role above the tenants":          {Role: authz.Ministry},
		"an organization of another tenant": {Tenant: other.ID, Role: authz.OrgOwner, Org: 9},
	} {
		o := withApp(t, e, authz.DOSTOfficer)
		o.platform(t, func(tx tenant.Platform) (err error) {
			n.Account = o.account
			switch {
			case n.Role.AboveTenants():
				err = authz.GrantPlatformRole(t.Context(), tx, o.account, n.Role)
			case n.Role != "":
				_, err = authz.GrantMembership(t.Context(), tx, n)
			}
			return err
		})
		if want := n.Role == "" || n.Tenant == e.Tenant.ID && n.Org == 0; may(o.account, 0) != want {
			t.Errorf("the tenant's administrator, account with a role in %s: %v, want %v", name, !want, want)
		}
		if may(o.account, 9) {
			t.Errorf("an organization's owner may reset an officer with a role in %s", name)
		}
	}
	o := withApp(t, e, authz.DOSTOfficer)
	o.platform(t, func(tx tenant.Platform) error {
		n, err := authz.ResetFactors(t.Context(), tx, o.account)
		if n != 1 {
			t.Errorf("%d factors were reset, want 1", n)
		}
		return err
	})
	if _, err := authz.Resume(t.Context(), e.DB, o.session); !errors.Is(err, fault.SignIn) {
		t.Errorf("a session from before the reset: %v", err)
	}
	if got := pendingOf(t, e.DB, o.signIn(t)); got != "" {
		t.Errorf("after the reset: pending %q", got)
	}
}
