package authz_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// newRole makes a role of the environment's tenant.
func newRole(t *testing.T, e *tenanttest.Env, permissions ...authz.Permission) (r authz.CustomRole) {
	t.Helper()
	n := authz.NewRole{Name: fmt.Sprint("Vai trò thử ", people.Add(1))}
	for _, p := range permissions {
		n.Permissions = append(n.Permissions, string(p))
	}
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) (err error) {
		r, err = authz.CreateRole(t.Context(), tx, boss(e), n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return r
}

func boss(e *tenanttest.Env) authz.Identity {
	return authz.Identity{Account: 1, Name: "Quản trị", Role: authz.DOSTAdmin, Tenant: e.Tenant.ID}
}

// holder makes an account that holds a custom role.
func holder(t *testing.T, e *tenanttest.Env, r authz.CustomRole) (email string, membership int64) {
	t.Helper()
	email = fmt.Sprintf("rieng%d@example.vn", people.Add(1))
	if err := at(e, -time.Hour).Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, email, "Người giữ vai trò", password)
		if err != nil {
			return err
		}
		membership, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: e.Tenant.ID, Account: id, Role: authz.Custom, RoleID: r.ID})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return email, membership
}

func change(t *testing.T, e *tenanttest.Env, r authz.CustomRole, permissions ...string) {
	t.Helper()
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		_, _, err := authz.ChangeRole(t.Context(), tx, boss(e), r.ID, authz.NewRole{Name: r.Name, Permissions: permissions})
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestChangedRoleCountsAtTheNextRequest changes a role under an open session on two instances, an access token, a refresh
// token and a personal key.
func TestChangedRoleCountsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	e := deployment(t)
	signer := newSigner(t)
	r := newRole(t, e, authz.PlanView, authz.CatalogView)
	email, _ := holder(t, e, r)
	session, who, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if who.Title() != r.Name || !who.Can(authz.PlanView) || who.Can(authz.KPIView) || !who.Can(authz.AccountSelf) {
		t.Fatalf("signed in as %+v", who)
	}
	tokens := grant(t, signer, e, e.DB, email)
	var key string
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		_, key, err = authz.CreateAPIKey(t.Context(), tx, who, authz.NewProgram{Name: "Khóa", Scopes: []string{"plan.view", "catalog.view"}, Days: 30})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	instances := map[string]*authz.Sessions{"one": instance(t, still(e.DB)), "two": instance(t, still(e.DB))}
	for _, s := range instances {
		if who, err := s.Resume(t.Context(), session); err != nil || !who.Can(authz.PlanView) {
			t.Fatalf("resumed as %+v, %v", who, err)
		}
	}
	change(t, e, r, "catalog.view", "kpi.view")
	check := func(name string, who authz.Identity, err error, kpi bool) {
		t.Helper()
		if err != nil || who.Can(authz.PlanView) || !who.Can(authz.CatalogView) || who.Can(authz.KPIView) != kpi {
			t.Errorf("%s after the change: plan %v, catalog %v, KPI %v; %v", name, who.Can(authz.PlanView), who.Can(authz.CatalogView), who.Can(authz.KPIView), err)
		}
	}
	for name, s := range instances {
		who, err := heard(t, s, session, func(who authz.Identity, err error) bool { return err != nil || !who.Can(authz.PlanView) })
		check("instance "+name, who, err, true)
	}
	who, err = signer.Read(t.Context(), e.DB, tokens.Access)
	check("access token", who, err, true)
	who, err = signer.Read(t.Context(), e.DB, key)
	check("personal key", who, err, false) // what the key was not given it does not get
	again, err := signer.Refresh(t.Context(), e.DB, tokens.Refresh, nil)
	if err != nil {
		t.Fatal(err)
	}
	who, err = signer.Read(t.Context(), e.DB, again.Access)
	check("refreshed token", who, err, true)
}

func TestRoleIsMadeOfWhatItsMakerHoldsAndMayGive(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	limited := boss(e)
	made := func(who authz.Identity, name string, permissions ...string) error {
		return e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
			_, err := authz.CreateRole(t.Context(), tx, who, authz.NewRole{Name: name, Permissions: permissions})
			return err
		})
	}
	may := authz.Customizable(limited)
	for _, p := range append(authz.Permissions(), "", "khong-co", "dost_admin") {
		err := made(limited, fmt.Sprintf("Thử quyền %q", p), string(p))
		if ok := slices.Contains(may, p); ok != (err == nil) {
			t.Errorf("a role with %q: %v", p, err)
		}
	}
	for _, p := range []authz.Permission{authz.MemberInvite, authz.MemberImport, authz.RoleManage, authz.FieldManage, authz.InspectionAssign, authz.AccountSelf, authz.ProductEdit, authz.TenantCreate} {
		if slices.Contains(may, p) {
			t.Errorf("%s may be in a custom role", p)
		}
	}
	var forbidden []string
	for _, r := range authz.Roles {
		who := limited
		who.Role = r.Role
		err := made(who, "Vai trò của "+string(r.Role), "plan.view")
		if r.Role != authz.DOSTAdmin && !errors.Is(err, fault.Forbidden) {
			forbidden = append(forbidden, string(r.Role))
		}
	}
	if len(forbidden) > 0 {
		t.Errorf("made roles: %v", forbidden)
	}
	elsewhere := limited
	elsewhere.Tenant++
	if err := made(elsewhere, "Vai trò nơi khác", "plan.view"); !errors.Is(err, fault.Forbidden) {
		t.Errorf("in another tenant: %v", err)
	}
	for name, bad := range map[string]string{
		"empty": "", "blank": " \t ", "too long": strings.Repeat("ă", 61), "built in": "Lãnh đạo tỉnh", "built in, folded": " lanh  DAO tinh", "an identifier": "dost_admin",
		"line break": "Cán bộ\u0000", "address": "http://x", "invisible": "\u200b", "the kind's own": "Vai trò riêng của tỉnh", "twice": "thu QUYEN \"plan.view\"",
	} {
		var wrong fault.Invalid
		if err := made(limited, bad, "plan.view"); !errors.As(err, &wrong) || wrong.Of("name") == "" {
			t.Errorf("%s name %q: %v", name, bad, err)
		}
	}
	if err := made(limited, strings.Repeat("ă", 60), "plan.view"); err != nil {
		t.Errorf("a name of 60 characters: %v", err)
	}
	var wrong fault.Invalid
	if err := made(limited, "Không quyền nào"); !errors.As(err, &wrong) || wrong.Of("permissions") == "" {
		t.Errorf("no permission: %v", err)
	}
}

// TestStoredPermissionsGiveNoMoreThanACustomRoleMayHave writes what the pages never write: rights to invite, unknown
// names.
func TestStoredPermissionsGiveNoMoreThanACustomRoleMayHave(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	r := newRole(t, e, authz.PlanView)
	email, _ := holder(t, e, r)
	if _, err := e.Owner(t).Exec(t.Context(), `
		update authz.role
		set permissions = '{plan.view,member.invite,role.manage,tenant.create,nothing.at.all,product.edit}'
		where tenant_id = $1 and id = $2`, e.Tenant.ID, r.ID); err != nil {
		t.Fatal(err)
	}
	who := identity(t, e, email)
	for _, p := range authz.Permissions() {
		if want := p == authz.PlanView || p == authz.AccountSelf; who.Can(p) != want {
			t.Errorf("%s: %v, want %v", p, who.Can(p), want)
		}
	}
	if _, _, err := invite(t, e.DB, e.Scope, who, authz.NewInvitation{Email: newcomer(), Name: "B", Role: authz.DOSTAdmin}); err == nil {
		t.Error("the holder of a custom role invited an administrator")
	}
	if _, _, err := invite(t, e.DB, e.Scope, who, authz.NewInvitation{Email: newcomer(), Name: "B", Role: authz.Custom, RoleID: r.ID}); err == nil {
		t.Error("the holder of a custom role invited another")
	}
}

func retire(t *testing.T, e *tenanttest.Env, r authz.CustomRole) error {
	t.Helper()
	return e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		_, err := authz.RetireRole(t.Context(), tx, boss(e), r.ID)
		return err
	})
}

func TestRoleIsRetiredWhenNobodyHoldsIt(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	r := newRole(t, e, authz.PlanView)
	_, membership := holder(t, e, r)
	if err := retire(t, e, r); !errors.Is(err, fault.Conflict) {
		t.Errorf("while somebody holds it: %v", err)
	}
	end(t, e, membership)
	i, token, err := invite(t, e.DB, e.Scope, boss(e), authz.NewInvitation{Email: newcomer(), Name: "B", Role: authz.Custom, RoleID: r.ID})
	if err != nil || i.Title() != r.Name {
		t.Fatalf("invited to %q: %v", i.Title(), err)
	}
	if err := retire(t, e, r); !errors.Is(err, fault.Conflict) {
		t.Errorf("while somebody is invited to it: %v", err)
	}
	m, err := accept(t.Context(), e.DB, e.Tenant.ID, token, "Người mới", password)
	if err != nil || m.Title() != r.Name || m.RoleID != r.ID {
		t.Fatalf("accepted %+v: %v", m, err)
	}
	end(t, e, m.ID)
	if err := retire(t, e, r); err != nil {
		t.Fatal(err)
	}
	if err := retire(t, e, r); !errors.Is(err, fault.NotFound) {
		t.Errorf("retired twice: %v", err)
	}
	if _, _, err := invite(t, e.DB, e.Scope, boss(e), authz.NewInvitation{Email: newcomer(), Name: "B", Role: authz.Custom, RoleID: r.ID}); err == nil {
		t.Error("invited to a retired role")
	}
	_, foreign := e.NewTenant(t)
	other := boss(e)
	other.Tenant = foreign.Home()
	if _, _, err := invite(t, e.DB, foreign, other, authz.NewInvitation{Email: newcomer(), Name: "B", Role: authz.Custom, RoleID: newRole(t, e, authz.PlanView).ID}); err == nil {
		t.Error("invited to another tenant's role")
	}
}

// TestGivingAndRetiringARoleAtOnceLeavesNoHolderOfARetiredRole has many accept and one retire at the same time.
func TestGivingAndRetiringARoleAtOnceLeavesNoHolderOfARetiredRole(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	retired := 0
	for range 20 {
		r := newRole(t, e, authz.PlanView)
		var account authz.AccountID
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
			account, err = authz.CreateAccount(t.Context(), tx, newcomer(), "Người mới", password)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		var given, gone error
		wait.Go(func() {
			given = e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
				_, err := authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: e.Tenant.ID, Account: account, Role: authz.Custom, RoleID: r.ID})
				return err
			})
		})
		wait.Go(func() { gone = retire(t, e, r) })
		wait.Wait()
		if given == nil && gone == nil || given != nil && !errors.Is(given, fault.Conflict) || gone != nil && !errors.Is(gone, fault.Conflict) {
			t.Errorf("given: %v; retired: %v", given, gone)
		}
		if gone == nil {
			retired++
		}
	}
	t.Logf("%d of 20 retired", retired)
}
