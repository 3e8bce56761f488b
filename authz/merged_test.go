package authz_test

import (
	"errors"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
)

func TestSwitchingRolesDoesNotMakeASessionLastLonger(t *testing.T) {
	t.Parallel()
	e := deployment(t)
	email, membership := person(t, e, authz.Leader)
	session, _, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	later := e.DB.WithClock(func() time.Time { return time.Now().Add(authz.SessionAge - time.Minute) })
	next, err := authz.Switch(t.Context(), later, session, membership, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := authz.Resume(t.Context(), later, next); err != nil {
		t.Errorf("within the session's time: %v", err)
	}
	end := e.DB.WithClock(func() time.Time { return time.Now().Add(authz.SessionAge + time.Minute) })
	if _, err := authz.Resume(t.Context(), end, next); !errors.Is(err, fault.SignIn) {
		t.Errorf("after the end of the first session: %v, want fault.SignIn", err)
	}
}

func TestKeysAndTokensWaitForASecondFactorThatTheProvinceAsksFor(t *testing.T) {
	t.Parallel()
	e := deployment(t)
	signer := newSigner(t)
	email, _ := person(t, e, authz.DOSTOfficer)
	_, who, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	access := grant(t, signer, e, e.DB, email).Access
	var key string
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		_, key, err = authz.CreateAPIKey(t.Context(), tx, who, authz.NewProgram{Name: "Khóa", Scopes: []string{"catalog.view"}, Days: 365})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	ask := func(on bool) {
		if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error { return authz.NeedOfficersFactor(t.Context(), tx, on) }); err != nil {
			t.Fatal(err)
		}
	}
	for _, on := range []bool{false, true, false} {
		ask(on)
		for name, token := range map[string]string{"key": key, "access token": access} {
			if _, err := signer.Read(t.Context(), e.DB, token); on != errors.Is(err, fault.SignIn) {
				t.Errorf("the province asks for a second factor %t, the person has none: the %s gives %v", on, name, err)
			}
		}
	}
}
