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

func TestSecondStepRotatesTheToken(t *testing.T) {
	t.Parallel()
	o := withApp(t, tenanttest.New(t), authz.DOSTOfficer)
	session := o.signIn(t)
	if got := pendingOf(t, o.DB, session); got != authz.ShowFactor {
		t.Fatalf("after the password: pending %q", got)
	}
	passed, err := o.pass(t.Context(), o.DB, session, authz.Proof{Code: o.secret.Code(authz.StepAt(time.Now()))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authz.Resume(t.Context(), o.DB, session); !errors.Is(err, fault.SignIn) || passed.Token == session {
		t.Errorf("the token from before the second step: %v", err)
	}
	if got := pendingOf(t, o.DB, passed.Token); got != "" {
		t.Errorf("after the second step: pending %q", got)
	}
}

func TestRecoveryCodeOpensOnce(t *testing.T) {
	t.Parallel()
	o := withApp(t, tenanttest.New(t), authz.DOSTOfficer)
	if len(o.codes) != authz.RecoveryCodes {
		t.Fatalf("%d recovery codes", len(o.codes))
	}
	sessions := make([]authz.Token, 5)
	for i := range sessions {
		sessions[i] = o.signIn(t)
	}
	var passed atomic.Int32
	var all sync.WaitGroup
	for _, s := range sessions {
		all.Go(func() {
			switch p, err := o.pass(context.Background(), o.DB, s, authz.Proof{Recovery: " " + strings.ToLower(o.codes[3])}); {
			case err == nil:
				passed.Add(1)
				if p.Left != authz.RecoveryCodes-1 || p.By != authz.ByRecovery {
					t.Errorf("passed by %s, %d left", p.By, p.Left)
				}
			case !invalid(err, "recovery"):
				t.Errorf("at the same time: %v", err)
			}
		})
	}
	all.Wait()
	if passed.Load() != 1 {
		t.Errorf("one recovery code opened %d of five sessions, want 1", passed.Load())
	}
	other := withApp(t, o.Env, authz.DOSTOfficer)
	if _, err := other.pass(t.Context(), o.DB, other.signIn(t), authz.Proof{Recovery: o.codes[4]}); !invalid(err, "recovery") {
		t.Errorf("somebody else's recovery code: %v", err)
	}
	o.platform(t, func(tx tenant.Platform) error {
		fresh, err := o.factors.NewRecoveryCodes(t.Context(), tx, o.session)
		if len(fresh) != authz.RecoveryCodes || fresh[0] == o.codes[0] {
			t.Errorf("new codes: %v", fresh)
		}
		return err
	})
	if _, err := o.pass(t.Context(), o.DB, o.signIn(t), authz.Proof{Recovery: o.codes[5]}); !invalid(err, "recovery") {
		t.Errorf("a code from before the new ones: %v", err)
	}
}

// TestRolesThatNeedASecondFactor opens a session in every role, with and without the tenant's wish.
func TestRolesThatNeedASecondFactor(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	always := map[authz.Role]bool{authz.Operator: true, authz.Ministry: true, authz.DOSTAdmin: true}
	wished := map[authz.Role]bool{
		authz.DOSTOfficer: true, authz.Leader: true, authz.DepartmentOfficer: true, authz.UnitOfficer: true, authz.Inspector: true,
	}
	sessions := map[authz.Role]authz.Token{}
	for _, r := range authz.Roles {
		email := "can-" + string(r.Role) + "@example.vn"
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			id, err := authz.CreateAccount(t.Context(), tx, email, "Nguyễn Văn A", password)
			if err != nil || r.Role.AboveTenants() {
				return errors.Join(err, authz.GrantPlatformRole(t.Context(), tx, id, r.Role))
			}
			m := authz.NewMembership{Tenant: e.Tenant.ID, Account: id, Role: r.Role}
			if r.Role.OfOrganization() {
				m.Org = 7
			}
			_, err = authz.GrantMembership(t.Context(), tx, m)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var err error
		if sessions[r.Role], _, err = authz.SignIn(t.Context(), e.DB, email, password, authz.Device{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, asked := range []bool{false, true, false} {
		if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error { return authz.NeedOfficersFactor(t.Context(), tx, asked) }); err != nil {
			t.Fatal(err)
		}
		for role, session := range sessions {
			want := authz.Pending("")
			if always[role] || asked && wished[role] {
				want = authz.SetUpFactor
			}
			if got := pendingOf(t, e.DB, session); got != want {
				t.Errorf("%s, the tenant wants it: %v: pending %q, want %q", role, asked, got, want)
			}
		}
	}
}

// TestTenantsWishReachesCachedSessions asks through the cache of another instance, which hears of it.
func TestTenantsWishReachesCachedSessions(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.Leader)
	session, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	cache := authz.NewSessions(e.DB)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { cache.Run(ctx); close(done) }()
	defer func() { stop(); <-done }()
	for !cache.Listening() {
		time.Sleep(time.Millisecond)
	}
	if who, err := cache.Resume(t.Context(), session); err != nil || who.Pending != "" {
		t.Fatalf("before: %q, %v", who.Pending, err)
	}
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error { return authz.NeedOfficersFactor(t.Context(), tx, true) }); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for {
		who, err := cache.Resume(t.Context(), session)
		if err != nil {
			t.Fatal(err)
		}
		if who.Pending == authz.SetUpFactor {
			break
		}
		if time.Since(start) > 4*time.Second { // less than the cache trusts itself
			t.Fatal("the session in the cache was not told")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestFirstFactorBindsOtherSessionsAndTokens(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	email, _ := person(t, e, authz.DOSTOfficer)
	here, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := signer.Grant(t.Context(), e.DB, email, password, "", e.Tenant.ID, authz.Device{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	here = authztest.Complete(t, e.DB, here, authz.SetUpFactor, email, nil)
	if got := pendingOf(t, e.DB, here); got != "" {
		t.Errorf("the session that set it up: pending %q", got)
	}
	if got := pendingOf(t, e.DB, elsewhere); got != authz.ShowFactor {
		t.Errorf("another session: pending %q", got)
	}
	if _, err := signer.Refresh(t.Context(), e.DB, tokens.Refresh, nil); !errors.Is(err, fault.SignIn) {
		t.Errorf("a refresh token from before: %v", err)
	}
}

func TestAPIAsksForTheCode(t *testing.T) {
	t.Parallel()
	o := withApp(t, tenanttest.New(t), authz.DOSTAdmin)
	signer, err := authz.NewSigner(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	grant := func(password, code string) (authz.Tokens, error) {
		return signer.Grant(t.Context(), o.DB, o.email, password, code, o.Tenant.ID, o.device, nil)
	}
	right := o.secret.Code(authz.StepAt(now))
	if _, err := grant(password, ""); !errors.Is(err, authz.ErrFactorNeeded) {
		t.Errorf("without a code: %v", err)
	}
	for _, code := range []string{"", right} {
		if _, err := grant("sai mật khẩu", code); !invalid(err, "email") {
			t.Errorf("a wrong password, code %q: %v; it must not tell that there is a factor", code, err)
		}
	}
	if _, err := grant(password, wrongCode(o.secret, now)); !invalid(err, "code") {
		t.Errorf("a wrong code: %v", err)
	}
	tokens, err := grant(password, right)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := grant(password, right); !invalid(err, "code") {
		t.Errorf("the same code again: %v", err)
	}
	if _, err := signer.Refresh(t.Context(), o.DB, tokens.Refresh, nil); err != nil {
		t.Errorf("its refresh token: %v", err)
	}
	email, _ := person(t, o.Env, authz.DOSTAdmin)
	if _, err := signer.Grant(t.Context(), o.DB, email, password, "", o.Tenant.ID, authz.Device{}, nil); !errors.Is(err, fault.Forbidden) || fault.Message(err) == "" {
		t.Errorf("a role that needs a factor, without one: %v", err)
	}
}

func TestNothingGoesAroundTheSecondStep(t *testing.T) {
	t.Parallel()
	o := withApp(t, tenanttest.New(t), authz.DOSTOfficer)
	var second int64
	o.platform(t, func(tx tenant.Platform) (err error) {
		second, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: o.Tenant.ID, Account: o.account, Role: authz.Leader})
		return err
	})
	// Switching roles.
	switched, err := authz.Switch(t.Context(), o.DB, o.signIn(t), second, authz.Device{})
	if err != nil || pendingOf(t, o.DB, switched) != authz.ShowFactor {
		t.Errorf("a pending session in another role: %v", err)
	}
	switched, err = authz.Switch(t.Context(), o.DB, o.session, second, authz.Device{})
	if err != nil || pendingOf(t, o.DB, switched) != "" {
		t.Errorf("a session that has shown its factor, in another role: %v", err)
	}
	// A pending session adds, removes, makes nothing, however fresh.
	pending := o.signIn(t)
	o.platform(t, func(tx tenant.Platform) error {
		secret, offer := o.factors.Offer(o.account, tx.Now())
		if _, err := o.factors.AddTOTP(t.Context(), tx, pending, offer, secret.Code(authz.StepAt(tx.Now())), "Của kẻ gian"); !errors.Is(err, fault.Forbidden) {
			t.Errorf("a pending session adds an app: %v", err)
		}
		if _, err := o.factors.NewRecoveryCodes(t.Context(), tx, pending); !errors.Is(err, fault.Forbidden) {
			t.Errorf("a pending session makes recovery codes: %v", err)
		}
		return nil
	})
	if _, err := o.pass(t.Context(), o.DB, pending, authz.Proof{Password: password}); !errors.Is(err, fault.Conflict) {
		t.Errorf("the password as the second step: %v", err)
	}
	// A new password by mail.
	token, _, ok, err := authz.RequestReset(t.Context(), o.DB, o.email)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	prepared, err := authz.PrepareReset(t.Context(), o.DB, token, password)
	if err != nil {
		t.Fatal(err)
	}
	o.platform(t, func(tx tenant.Platform) error {
		_, err := authz.Reset(t.Context(), tx, token, prepared)
		return err
	})
	if got := pendingOf(t, o.DB, o.signIn(t)); got != authz.ShowFactor {
		t.Errorf("after a new password by mail: pending %q", got)
	}
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
		"changed":         {1, "A" + offer[1:], now, false},
		"empty":           {1, "", now, false},
		"very long":       {1, strings.Repeat("A", 1<<20), now, false},
	} {
		got, err := f.Offered(c.account, c.offer, c.at)
		if (err == nil) != c.ok && offer[0] != 'A' || err == nil && string(got) != string(secret) {
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
