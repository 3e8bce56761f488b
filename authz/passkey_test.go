package authz_test

import (
	"errors"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"txng/authz"
	"txng/authz/authztest"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

var site = authz.RelyingParty{ID: "txng.test", Origin: "https://txng.test"}

// key is a person's device with a passkey.
type key struct {
	*owned
	device     virtualwebauthn.Authenticator
	credential virtualwebauthn.Credential
	rp         virtualwebauthn.RelyingParty
}

func withKey(t *testing.T, e *tenanttest.Env, role authz.Role) *key {
	t.Helper()
	o := &owned{Env: e, factors: authztest.Factors(t), device: ownNetwork()}
	o.email, _ = person(t, e, role)
	o.session = o.signIn(t)
	k := &key{owned: o, device: virtualwebauthn.NewAuthenticator(), credential: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2), rp: virtualwebauthn.RelyingParty{ID: site.ID, Origin: site.Origin}}
	added, err := k.add(t, site)
	if err != nil {
		t.Fatal(err)
	}
	o.session, o.codes = added.Token, added.Codes
	k.device.AddCredential(k.credential)
	o.platform(t, func(tx tenant.Platform) error {
		s, err := authz.StandingOf(t.Context(), tx, o.session)
		o.account = s.Account
		return err
	})
	return k
}

func (k *key) begin(t *testing.T, f func(tx tenant.Platform) (authz.Options, error)) string {
	t.Helper()
	var options authz.Options
	k.platform(t, func(tx tenant.Platform) (err error) {
		options, err = f(tx)
		return err
	})
	return `{"publicKey":` + string(options) + `}`
}

func (k *key) add(t *testing.T, at authz.RelyingParty) (authz.Added, error) {
	t.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(k.begin(t, func(tx tenant.Platform) (authz.Options, error) {
		return k.factors.BeginPasskey(t.Context(), tx, k.session, site)
	}))
	if err != nil {
		t.Fatal(err)
	}
	k.device.Options.UserHandle = []byte(options.UserID)
	response := virtualwebauthn.CreateAttestationResponse(k.rp, k.device, k.credential, *options)
	return k.factors.AddPasskey(t.Context(), k.DB, k.session, at, "Máy tính", []byte(response), func(tenant.Platform, string) error { return nil })
}

// sign answers a challenge with the device's counter at n.
func (k *key) sign(t *testing.T, options string, n uint32) []byte {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(options)
	if err != nil {
		t.Fatal(err)
	}
	k.credential.Counter = n
	return []byte(virtualwebauthn.CreateAssertionResponse(k.rp, k.device, k.credential, *o))
}

func (k *key) toStep(t *testing.T, session authz.Token) string {
	return k.begin(t, func(tx tenant.Platform) (authz.Options, error) {
		return k.factors.BeginStep(t.Context(), tx, session, site)
	})
}

func (k *key) toSignIn(t *testing.T) string {
	return k.begin(t, func(tx tenant.Platform) (authz.Options, error) { return k.factors.BeginSignIn(t.Context(), tx, site) })
}

func (k *key) step(t *testing.T, session authz.Token, response []byte) error {
	_, err := k.pass(t.Context(), k.DB, session, authz.Proof{Passkey: response, Site: site})
	return err
}

func (k *key) direct(t *testing.T, response []byte) (authz.Identity, error) {
	token, _, err := k.factors.SignInByPasskey(t.Context(), k.DB, site, response, authz.Device{})
	if err != nil {
		return authz.Identity{}, err
	}
	return authz.Resume(t.Context(), k.DB, token)
}

func TestPasskeyIsTheSecondStepOrBoth(t *testing.T) {
	t.Parallel()
	k := withKey(t, tenanttest.New(t), authz.DOSTAdmin)
	if len(k.codes) != authz.RecoveryCodes {
		t.Errorf("%d recovery codes with the first passkey", len(k.codes))
	}
	session := k.signIn(t)
	if err := k.step(t, session, k.sign(t, k.toStep(t, session), 1)); err != nil {
		t.Errorf("as the second step: %v", err)
	}
	who, err := k.direct(t, k.sign(t, k.toSignIn(t), 2))
	if err != nil || who.Pending != "" || string(who.Email) != k.email {
		t.Errorf("alone: %+v, %v", who, err)
	}
}

func TestPasskeyIsRefused(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	refused := func(name string, err error) {
		t.Helper()
		if !invalid(err, "") {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	k := withKey(t, e, authz.DOSTAdmin)

	first := k.sign(t, k.toSignIn(t), 5)
	if _, err := k.direct(t, first); err != nil {
		t.Fatal(err)
	}
	_, err := k.direct(t, first)
	refused("an answer that was used", err)
	_, err = k.direct(t, k.sign(t, k.toSignIn(t), 4))
	refused("a counter that went back", err)
	_, err = k.direct(t, k.sign(t, k.toSignIn(t), 5))
	refused("a counter that stood still", err)
	if _, err := k.direct(t, k.sign(t, k.toSignIn(t), 6)); err != nil {
		t.Errorf("the right counter after that: %v", err)
	}

	elsewhere := *k
	elsewhere.rp.Origin = "https://txng.test.evil.example"
	_, err = elsewhere.direct(t, elsewhere.sign(t, k.toSignIn(t), 7))
	refused("an answer from another site", err)
	elsewhere.rp.Origin = "https://nghe-an.txng.test"
	_, err = elsewhere.direct(t, elsewhere.sign(t, k.toSignIn(t), 8))
	refused("an answer from another subdomain than was asked", err)
	elsewhere.rp = virtualwebauthn.RelyingParty{ID: "evil.example", Origin: site.Origin}
	_, err = elsewhere.direct(t, elsewhere.sign(t, k.toSignIn(t), 9))
	refused("an answer for another domain", err)

	absent := *k
	absent.device.Options.UserNotVerified = true
	_, err = absent.direct(t, absent.sign(t, k.toSignIn(t), 10))
	refused("a sign-in without fingerprint or PIN", err)

	session := k.signIn(t)
	refused("a sign-in's answer as a second step", k.step(t, session, k.sign(t, k.toSignIn(t), 11)))
	_, err = k.direct(t, k.sign(t, k.toStep(t, session), 12))
	refused("a second step's answer as a sign-in", err)
	stranger := withKey(t, e, authz.DOSTAdmin)
	refused("somebody else's passkey", k.step(t, session, stranger.sign(t, stranger.toStep(t, stranger.signIn(t)), 1)))
	forged := *k
	forged.credential.Key = stranger.credential.Key
	_, err = forged.direct(t, forged.sign(t, k.toSignIn(t), 13))
	refused("another key under its name", err)
	for _, response := range []string{"", "{}", "null", `{"id":"x"}`, string(make([]byte, 1<<20))} {
		_, err = k.direct(t, []byte(response))
		refused("no answer at all", err)
	}
	late := k.sign(t, k.toSignIn(t), 14)
	_, _, err = k.factors.SignInByPasskey(t.Context(), k.at(time.Now().Add(6*time.Minute)), site, late, authz.Device{})
	refused("an answer after six minutes", err)
	if err := authz.SweepChallenges(t.Context(), k.at(time.Now().Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	if _, err := k.direct(t, k.sign(t, k.toSignIn(t), 15)); err != nil {
		t.Errorf("and the right one at last: %v", err)
	}
}

func TestAddingAPasskeyIsRefused(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	k := withKey(t, e, authz.Leader)
	if _, err := k.add(t, site); err == nil {
		t.Error("the same passkey twice")
	}
	k.credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	k.rp.Origin = "https://evil.example"
	if _, err := k.add(t, site); !invalid(err, "") {
		t.Errorf("from another site: %v", err)
	}
	k.rp.Origin = site.Origin
	k.session = k.signIn(t)
	if err := k.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		_, err := k.factors.BeginPasskey(t.Context(), tx, k.session, site)
		return err
	}); !errors.Is(err, fault.Forbidden) {
		t.Errorf("by a session that has not shown the one there is: %v", err)
	}
	if err := k.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		_, err := k.factors.BeginSignIn(t.Context(), tx, authz.RelyingParty{})
		return err
	}); !errors.Is(err, fault.Conflict) {
		t.Errorf("at an address without a name: %v", err)
	}
}
