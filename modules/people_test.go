package modules_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules/demo"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// place returns a province of the world and its scope.
func (w *world) place(t *testing.T, slug string) (tenant.Tenant, tenant.Scope) {
	t.Helper()
	of, err := w.db.TenantBySlug(t.Context(), slug)
	if err != nil {
		t.Fatal(err)
	}
	scope, err := w.db.Scope(t.Context(), of.ID)
	if err != nil {
		t.Fatal(err)
	}
	return of, scope
}

func (w *world) in(t *testing.T, s tenant.Scope, f func(tx tenant.Tx) error) {
	t.Helper()
	if err := w.db.In(t.Context(), s, f); err != nil {
		t.Fatal(err)
	}
}

func (w *world) platform(t *testing.T, f func(tx tenant.Platform) error) {
	t.Helper()
	if err := w.db.Platform(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// who returns a demonstration account as what it may do in a province.
func (w *world) who(t *testing.T, role authz.Role, slug string) (who authz.Identity) {
	t.Helper()
	who, err := authz.Resume(t.Context(), w.db, w.signIn(t, role, slug))
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// TestPeopleOfALargeProvinceComeAndGo has people of Nghệ An invited by a list, accept, forget their password, lose their
// telephone, and leave: what they and those who answer for them do by forms, in the province in which all else happens.
func TestPeopleOfALargeProvinceComeAndGo(t *testing.T) {
	w := site(t)
	of, scope := w.place(t, "nghe-an")
	province, err := unit.ParseRef(of.Unit)
	if err != nil {
		t.Fatal(err)
	}
	admin, owner := w.who(t, authz.DOSTAdmin, of.Slug), w.who(t, authz.OrgOwner, of.Slug)
	const officer, second = "den.roi.di@example.vn", "chu.thu.hai@example.vn"

	// A list of invitations, whose letters are sent: the first not, but again.
	var batch int64
	var first authz.InvitationToken
	w.in(t, scope, func(tx tenant.Tx) error {
		var made []authz.Invitation
		if batch, made, err = authz.InviteAll(t.Context(), tx, admin, province, []authz.NewInvitation{{Email: officer, Name: "Người đến rồi đi", Role: authz.Leader}}); err != nil {
			return err
		}
		if err := authz.LetterDone(t.Context(), tx, made[0].ID, errors.New("không gửi được")); err != nil {
			return err
		}
		again, err := authz.AgainLetters(t.Context(), tx, batch)
		if err == nil && !slices.Equal(again, []int64{made[0].ID}) {
			t.Errorf("to be sent again: %v, want %d", again, made[0].ID)
		}
		_, first, _, err = authz.Letter(t.Context(), tx, made[0].ID)
		return err
	})
	accept := func(token authz.InvitationToken, name string) (m authz.Membership) {
		t.Helper()
		a, err := authz.PrepareAcceptance(t.Context(), w.db, of.ID, token, name, demo.Password, authz.Device{})
		if err != nil {
			t.Fatal(err)
		}
		w.platform(t, func(tx tenant.Platform) (err error) {
			m, err = authz.AcceptInvitation(t.Context(), tx, a)
			return err
		})
		return m
	}
	member := accept(first, "Người đến rồi đi")

	// An owner beside the one there is, with an invitation, a key and a machine of their own; all goes with them.
	var link authz.InvitationToken
	w.in(t, scope.Of(owner.Org), func(tx tenant.Tx) error {
		_, link, err = authz.Invite(t.Context(), tx, owner, province, authz.NewInvitation{Email: second, Name: "Chủ thứ hai", Role: authz.OrgOwner})
		return err
	})
	partner := accept(link, "Chủ thứ hai")
	them, err := authz.Resume(t.Context(), w.db, authztest.SignIn(t, w.db, second, demo.Password, nil))
	if err != nil {
		t.Fatal(err)
	}
	w.in(t, scope.Of(owner.Org), func(tx tenant.Tx) error {
		if _, _, err := authz.Invite(t.Context(), tx, them, province, authz.NewInvitation{Email: "thu.ba@example.vn", Name: "Người thứ ba", Role: authz.OrgStaff}); err != nil {
			return err
		}
		_, _, err := authz.CreateClient(t.Context(), tx, them, authz.NewProgram{Name: "Máy của chủ thứ hai", Scopes: []string{string(authz.CatalogView)}, Days: 30})
		return err
	})
	w.platform(t, func(tx tenant.Platform) error {
		gone, err := authz.Dismiss(t.Context(), tx, partner, true)
		if err == nil && (gone.Invitations != 1 || len(gone.Clients) != 1) {
			t.Errorf("with the owner went %+v", gone)
		}
		return err
	})

	// The password is forgotten, a second factor set up, taken off, set up again and reset.
	reset, _, ok, err := authz.RequestReset(t.Context(), w.db, officer)
	if err != nil || !ok {
		t.Fatalf("reset: %v, %v", ok, err)
	}
	fresh, err := authz.PrepareReset(t.Context(), w.db, reset, demo.Password+" mới")
	if err != nil {
		t.Fatal(err)
	}
	w.platform(t, func(tx tenant.Platform) error {
		_, err := authz.Reset(t.Context(), tx, reset, fresh)
		return err
	})
	session, who, err := authz.SignIn(t.Context(), w.db, officer, demo.Password+" mới", authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	session = authztest.Complete(t, w.db, session, authz.SetUpFactor, officer, nil)
	factors := authztest.Factors(t)
	w.platform(t, func(tx tenant.Platform) error {
		list, err := authz.FactorsOf(t.Context(), tx, who.Account)
		if err != nil || len(list) != 1 {
			t.Fatalf("factors: %v, %v", list, err)
		}
		_, err = factors.RemoveFactor(t.Context(), tx, session, who, list[0].ID)
		return err
	})
	w.passkey(t, session)
	w.platform(t, func(tx tenant.Platform) error {
		if may, err := authz.MayResetFactors(t.Context(), tx, who.Account, of.ID, 0); err != nil || !may {
			t.Errorf("factors may be reset: %v, %v", may, err)
		}
		if n, err := authz.ResetFactors(t.Context(), tx, who.Account); err != nil || n != 1 {
			t.Errorf("%d factors reset, %v", n, err)
		}
		_, err := authz.Dismiss(t.Context(), tx, member, false)
		return err
	})
}

// passkey gives a session's person a passkey and signs in with nothing else.
func (w *world) passkey(t *testing.T, session authz.Token) {
	t.Helper()
	at := authz.RelyingParty{ID: "txng.test", Origin: "https://txng.test"}
	device, credential := virtualwebauthn.NewAuthenticator(), virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	party := virtualwebauthn.RelyingParty{ID: at.ID, Origin: at.Origin}
	factors := authztest.Factors(t)
	begin := func(f func(tx tenant.Platform) (authz.Options, error)) string {
		t.Helper()
		var options authz.Options
		w.platform(t, func(tx tenant.Platform) (err error) {
			options, err = f(tx)
			return err
		})
		return `{"publicKey":` + string(options) + `}`
	}
	made, err := virtualwebauthn.ParseAttestationOptions(begin(func(tx tenant.Platform) (authz.Options, error) {
		return factors.BeginPasskey(t.Context(), tx, session, at)
	}))
	if err != nil {
		t.Fatal(err)
	}
	device.Options.UserHandle = []byte(made.UserID)
	response := virtualwebauthn.CreateAttestationResponse(party, device, credential, *made)
	if _, err := factors.AddPasskey(t.Context(), w.db, session, at, "Máy tính", []byte(response), func(tenant.Platform, string) error { return nil }); err != nil {
		t.Fatal(err)
	}
	device.AddCredential(credential)
	asked, err := virtualwebauthn.ParseAssertionOptions(begin(func(tx tenant.Platform) (authz.Options, error) {
		return factors.BeginSignIn(t.Context(), tx, at)
	}))
	if err != nil {
		t.Fatal(err)
	}
	credential.Counter = 1
	answer := virtualwebauthn.CreateAssertionResponse(party, device, credential, *asked)
	if _, _, err := factors.SignInByPasskey(t.Context(), w.db, at, []byte(answer), authz.Device{}); err != nil {
		t.Fatal(err)
	}
}

// TestProviderOfALargeProvinceIsOpenedAndShut opens a provider that does not answer, and shuts it.
func TestProviderOfALargeProvinceIsOpenedAndShut(t *testing.T) {
	w := site(t)
	of, scope := w.place(t, "nghe-an")
	sso, err := authz.NewSSO(w.config.Secret, authz.SSOOptions{Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	admin := w.who(t, authz.DOSTAdmin, of.Slug)
	var p authz.Provider
	w.in(t, scope, func(tx tenant.Tx) (err error) {
		if p, err = sso.AddProvider(t.Context(), tx, admin, "Không trả lời", "http://127.0.0.1:1/im-lang"); err != nil {
			return err
		}
		if _, err = sso.ChangeProvider(t.Context(), tx, admin, p.ID, authz.ProviderChange{Name: p.Name, ClientID: "txng", Secret: "mot-khoa-bi-mat", Scopes: "email"}); err != nil {
			return err
		}
		_, err = authz.OpenProvider(t.Context(), tx, admin, p.ID, true)
		return err
	})
	if _, _, err := sso.Start(t.Context(), w.db, p.Ref(), "http://txng.test/sso", "/"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a provider that does not answer: %v, want fault.Unavailable", err)
	}
	w.platform(t, func(tx tenant.Platform) error {
		through := admin
		through.Provider = p.ID
		return authz.SignOutThrough(t.Context(), tx, through, "")
	})
	w.in(t, scope, func(tx tenant.Tx) error {
		_, err := authz.OpenProvider(t.Context(), tx, admin, p.ID, false)
		return err
	})
	if _, _, err := sso.Start(t.Context(), w.db, p.Ref(), "http://txng.test/sso", "/"); !errors.Is(err, fault.NotFound) {
		t.Errorf("a provider that is shut: %v, want fault.NotFound", err)
	}
}

// TestProductIsFoundByItsNumberInAllProvinces asks for a product as who scans its barcode.
func TestProductIsFoundByItsNumberInAllProvinces(t *testing.T) {
	w := site(t)
	of, _ := w.place(t, "nghe-an")
	var gtin, name string
	if err := owner(t, w).QueryRow(t.Context(), "select gtin, name from catalog.product where tenant_id = $1 and state = 'published' and gtin <> '' order by id limit 1", of.ID).Scan(&gtin, &name); err != nil {
		t.Fatal(err)
	}
	answer := w.ask(http.MethodGet, "/01/"+gtin, "", nil)
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), name) {
		t.Errorf("/01/%s: %d, or without %q", gtin, answer.Code, name)
	}
}
