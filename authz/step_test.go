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
	cache := instance(t, still(e.DB))
	if who, err := cache.Resume(t.Context(), session); err != nil || who.Pending != "" {
		t.Fatalf("before: %q, %v", who.Pending, err)
	}
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error { return authz.NeedOfficersFactor(t.Context(), tx, true) }); err != nil {
		t.Fatal(err)
	}
	told := func(who authz.Identity, err error) bool { return err != nil || who.Pending == authz.SetUpFactor }
	if who, err := heard(t, cache, session, told); err != nil || who.Pending != authz.SetUpFactor {
		t.Errorf("after: %q, %v; want %q", who.Pending, err, authz.SetUpFactor)
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
