package authz_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// owner makes an organization with its owner.
func owner(t *testing.T, e *tenanttest.Env) (who authz.Identity, scope tenant.Scope) {
	t.Helper()
	n := people.Add(1)
	email := fmt.Sprintf("chu%d@example.vn", n)
	org := tenant.OrgID(1000 + n)
	if _, err := e.Owner(t).Exec(t.Context(), `
		insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
		values ($1, $2, 'cooperative', 'Hợp tác xã', $3, '', '1@2025-07-01', false, 'approved', now())`, e.Tenant.ID, org, fmt.Sprintf("%010d", n)); err != nil {
		t.Fatal(err)
	}
	before := at(e, -time.Hour)
	if err := before.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, email, "Chủ đơn vị", password)
		if err != nil {
			return err
		}
		_, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: e.Tenant.ID, Account: id, Role: authz.OrgOwner, Org: org})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	_, who, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	return who, e.Scope.Of(org)
}

func newClient(t *testing.T, e *tenanttest.Env, who authz.Identity, scope tenant.Scope, scopes ...string) (c authz.Client, secret authz.Token) {
	t.Helper()
	if err := e.DB.In(t.Context(), scope, func(tx tenant.Tx) (err error) {
		c, secret, err = authz.CreateClient(t.Context(), tx, who, authz.NewProgram{Name: fmt.Sprint("ERP ", people.Add(1)), Scopes: scopes, Days: 30})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return c, secret
}

func TestMachineIsConfinedToItsOrganizationAndScopes(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	boss, scope := owner(t, e)
	signer := newSigner(t)
	c, secret := newClient(t, e, boss, scope, "catalog.view", "lot.edit")
	token, _, err := signer.GrantClient(t.Context(), e.DB, c.ClientID().String(), string(secret), "")
	if err != nil {
		t.Fatal(err)
	}
	who, err := signer.Read(t.Context(), e.DB, token)
	if err != nil || who.Org != boss.Org || who.Tenant != e.Tenant.ID || !who.Role.OfOrganization() {
		t.Fatalf("read as %+v, %v", who, err)
	}
	for _, p := range authz.Permissions() {
		if want := p == authz.CatalogView || p == authz.LotEdit; who.Can(p) != want {
			t.Errorf("may %s: %v, want %v", p, who.Can(p), want)
		}
	}
	token, _, err = signer.GrantClient(t.Context(), e.DB, c.ClientID().String(), string(secret), "catalog.view")
	if err != nil {
		t.Fatal(err)
	}
	if who, err = signer.Read(t.Context(), e.DB, token); err != nil || !who.Can(authz.CatalogView) || who.Can(authz.LotEdit) {
		t.Errorf("narrowed: %+v, %v", who, err)
	}
	var wrong fault.Invalid
	if _, _, err := signer.GrantClient(t.Context(), e.DB, c.ClientID().String(), string(secret), "stamp.order"); !errors.As(err, &wrong) || wrong.Of("scope") == "" {
		t.Errorf("a scope that it does not have: %v, want fault.Invalid", err)
	}
	// A scope that got into the row by another way grants nothing that the role or programs may not have.
	if _, err := e.Owner(t).Exec(t.Context(), "update authz.api_client set scopes = '{catalog.view,client.manage,organization.admit,account.self,made.up}' where id = $1", c.ID); err != nil {
		t.Fatal(err)
	}
	if who, err = signer.Read(t.Context(), e.DB, token); err != nil || who.Can(authz.ClientManage) || who.Can(authz.OrganizationAdmit) || who.Can(authz.AccountSelf) {
		t.Errorf("scopes in the row: %+v, %v", who, err)
	}
}

func TestMachineIsRefusedWithAWrongSecretAfterRevocationAndAfterItsTime(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	boss, scope := owner(t, e)
	stranger, strange := owner(t, e)
	other, _ := e.NewTenant(t)
	signer := newSigner(t)
	c, secret := newClient(t, e, boss, scope, "catalog.view")
	name := c.ClientID().String()
	for _, try := range [][2]string{
		{name, ""}, {name, "x"}, {name, string(secret) + "x"}, {"", string(secret)}, {"1", string(secret)}, {name + " ", string(secret)}, {"+" + name, string(secret)},
		{authz.ClientID{Tenant: other.ID, ID: c.ID}.String(), string(secret)}, {authz.ClientID{Tenant: c.TenantID, ID: c.ID + 1}.String(), string(secret)},
		{name, strings.Repeat("x", 10<<20)}, {"\x00", "\x00"},
	} {
		if _, _, err := signer.GrantClient(t.Context(), e.DB, try[0], try[1], ""); !errors.Is(err, fault.SignIn) {
			t.Errorf("%.30q: %v, want fault.SignIn", try, err)
		}
	}
	token, _, err := signer.GrantClient(t.Context(), e.DB, name, string(secret), "")
	if err != nil {
		t.Fatal(err)
	}
	late := at(e, 31*24*time.Hour)
	if _, _, err := signer.GrantClient(t.Context(), late, name, string(secret), ""); !errors.Is(err, fault.SignIn) {
		t.Errorf("after its time: %v, want fault.SignIn", err)
	}
	if err := e.DB.In(t.Context(), strange, func(tx tenant.Tx) error {
		_, err := authz.RevokeClient(t.Context(), tx, c.ID)
		return err
	}); !errors.Is(err, fault.NotFound) {
		t.Errorf("%s revokes another organization's: %v, want fault.NotFound", stranger.Name, err)
	}
	if !opens(t, signer, e.DB, token) {
		t.Fatal("the token does not open before the revocation")
	}
	if err := e.DB.In(t.Context(), scope, func(tx tenant.Tx) error {
		_, err := authz.RevokeClient(t.Context(), tx, c.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if opens(t, signer, e.DB, token) {
		t.Error("its token opens after the revocation")
	}
	if _, _, err := signer.GrantClient(t.Context(), e.DB, name, string(secret), ""); !errors.Is(err, fault.SignIn) {
		t.Errorf("after the revocation: %v, want fault.SignIn", err)
	}
}

func TestProgramsGetOnlyWhatTheirMakerMayGive(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	boss, scope := owner(t, e)
	for _, c := range []struct {
		n     authz.NewProgram
		field string
	}{
		{authz.NewProgram{Name: "", Scopes: []string{"catalog.view"}, Days: 30}, "name"},
		{authz.NewProgram{Name: strings.Repeat("ạ", 121), Scopes: []string{"catalog.view"}, Days: 30}, "name"},
		{authz.NewProgram{Name: "A", Days: 30}, "scopes"},
		{authz.NewProgram{Name: "A", Scopes: []string{"client.manage"}, Days: 30}, "scopes"},
		{authz.NewProgram{Name: "A", Scopes: []string{"account.self"}, Days: 30}, "scopes"},
		{authz.NewProgram{Name: "A", Scopes: []string{"organization.admit"}, Days: 30}, "scopes"},
		{authz.NewProgram{Name: "A", Scopes: []string{"made.up"}, Days: 30}, "scopes"},
		{authz.NewProgram{Name: "A", Scopes: []string{"catalog.view"}, Days: 0}, "days"},
		{authz.NewProgram{Name: "A", Scopes: []string{"catalog.view"}, Days: 36500}, "days"},
	} {
		for what, err := range map[string]error{
			"client": e.DB.In(t.Context(), scope, func(tx tenant.Tx) error {
				_, _, err := authz.CreateClient(t.Context(), tx, boss, c.n)
				return err
			}),
			"key": e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
				_, _, err := authz.CreateAPIKey(t.Context(), tx, boss, c.n)
				return err
			}),
		} {
			var wrong fault.Invalid
			if !errors.As(err, &wrong) || wrong.Of(c.field) == "" {
				t.Errorf("%s %.20q %v %d: %v, want a message for %s", what, c.n.Name, c.n.Scopes, c.n.Days, err, c.field)
			}
		}
	}
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		_, _, err := authz.CreateClient(t.Context(), tx, boss, authz.NewProgram{Name: "A", Scopes: []string{"catalog.view"}, Days: 30})
		return err
	}); !errors.Is(err, fault.Forbidden) {
		t.Errorf("a client of no organization: %v, want fault.Forbidden", err)
	}
}

func TestPersonalKeyOpensUntilItIsTakenAway(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	signer := newSigner(t)
	make := func(who authz.Identity) (k authz.APIKey, secret string) {
		t.Helper()
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
			k, secret, err = authz.CreateAPIKey(t.Context(), tx, who, authz.NewProgram{Name: fmt.Sprint(people.Add(1)), Scopes: []string{"catalog.view"}, Days: 30})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return k, secret
	}
	boss, _ := owner(t, e)
	other, _ := owner(t, e)
	k, secret := make(boss)
	who, err := signer.Read(t.Context(), e.DB, secret)
	if err != nil || who.Account != boss.Account || who.Org != boss.Org || !who.Can(authz.CatalogView) || who.Can(authz.LotEdit) || who.Can(authz.AccountSelf) {
		t.Fatalf("read as %+v, %v", who, err)
	}
	var stored string
	if err := e.Owner(t).QueryRow(t.Context(), "select row_to_json(k)::text from authz.api_key k where id = $1", k.ID).Scan(&stored); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(stored, secret) || !strings.Contains(stored, k.Prefix) || !strings.Contains(stored, `"last_used_at":"`) {
		t.Errorf("stored as %s", stored)
	}
	another, _ := e.NewTenant(t)
	for name, wrong := range map[string]string{
		"cut": secret[:len(secret)-1], "longer": secret + "x", "other tenant": strings.Replace(secret, fmt.Sprintf("_%d_", e.Tenant.ID), fmt.Sprintf("_%d_", another.ID), 1),
		"prefix": k.Prefix, "empty": "txng_", "no tenant": "txng__" + strings.Repeat("x", 43), "zero before": strings.Replace(secret, "txng_", "txng_0", 1), "NUL": "txng_1_\x00",
	} {
		if opens(t, signer, e.DB, wrong) {
			t.Errorf("%s opens", name)
		}
	}
	if opens(t, signer, at(e, 31*24*time.Hour), secret) {
		t.Error("opens after its time")
	}
	revoke := func(who authz.Identity) error {
		return e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := authz.RevokeAPIKey(t.Context(), tx, who, k.ID)
			return err
		})
	}
	if err := revoke(other); !errors.Is(err, fault.NotFound) {
		t.Errorf("somebody else revokes it: %v, want fault.NotFound", err)
	}
	if err := revoke(boss); err != nil {
		t.Fatal(err)
	}
	if opens(t, signer, e.DB, secret) {
		t.Error("opens after its revocation")
	}
	_, secret = make(boss)
	end(t, e, boss.Membership)
	if opens(t, signer, e.DB, secret) {
		t.Error("opens after its maker's membership")
	}
}
