package authz_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

const fresh = "một mật khẩu mới tinh"

// identity signs in and returns who it is.
func identity(t *testing.T, e *tenanttest.Env, email string) authz.Identity {
	t.Helper()
	_, who, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func invite(t *testing.T, db *tenant.DB, scope tenant.Scope, who authz.Identity, n authz.NewInvitation) (i authz.Invitation, token authz.InvitationToken, err error) {
	t.Helper()
	err = db.In(t.Context(), scope, func(tx tenant.Tx) error {
		i, token, err = authz.Invite(t.Context(), tx, who, unit.Ref{}, n)
		return err
	})
	return i, token, err
}

func accept(ctx context.Context, db *tenant.DB, t tenant.ID, token authz.InvitationToken, name, password string) (m authz.Membership, err error) {
	a, err := authz.PrepareAcceptance(ctx, db, t, token, name, password, authz.Device{Address: "203.0.113.9"})
	if err != nil {
		return m, err
	}
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		m, err = authz.AcceptInvitation(ctx, tx, a)
		return err
	})
	return m, err
}

func newcomer() string { return fmt.Sprintf("moi%d@example.vn", people.Add(1)) }

func TestInvitationMakesAnAccountOnce(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.DOSTAdmin)
	admin := identity(t, e, email)
	to := newcomer()
	i, token, err := invite(t, e.DB, e.Scope, admin, authz.NewInvitation{Email: " " + strings.ToUpper(to), Name: "Trần Thị B", Role: authz.DepartmentOfficer, Department: "sct"})
	if err != nil {
		t.Fatal(err)
	}
	if i.Department != "SCT" || string(i.Email) != to || i.ExpiresAt.Sub(i.CreatedAt) != authz.InvitationAge {
		t.Errorf("invited %+v", i)
	}
	m, err := accept(t.Context(), e.DB, e.Tenant.ID, token, "Trần Thị Bé", fresh)
	if err != nil {
		t.Fatal(err)
	}
	_, who, err := authz.SignIn(t.Context(), e.DB, to, fresh, authz.Device{})
	if err != nil || who.Role != authz.DepartmentOfficer || who.Department != "SCT" || who.Tenant != e.Tenant.ID || who.Name != "Trần Thị Bé" || who.Membership != m.ID {
		t.Errorf("signed in as %+v, %v", who, err)
	}
	if _, err := accept(t.Context(), e.DB, e.Tenant.ID, token, "Kẻ khác", fresh); !errors.Is(err, fault.NotFound) {
		t.Errorf("second use: %v, want fault.NotFound", err)
	}
}

func TestAccountAcceptsWithItsOwnPasswordOnly(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.DOSTAdmin)
	admin := identity(t, e, email)
	to, _ := person(t, e, authz.Leader)
	_, token, err := invite(t, e.DB, e.Scope, admin, authz.NewInvitation{Email: to, Name: "Nguyễn Văn A", Role: authz.Inspector})
	if err != nil {
		t.Fatal(err)
	}
	var wrong fault.Invalid
	if _, err := accept(t.Context(), e.DB, e.Tenant.ID, token, "Kẻ nhặt được thư", fresh); !errors.As(err, &wrong) || wrong.Of("password") == "" {
		t.Errorf("with a password of one's choice: %v, want it refused", err)
	}
	if _, err := accept(t.Context(), e.DB, e.Tenant.ID, token, "", password); err != nil {
		t.Fatalf("with the account's password: %v", err)
	}
	choices, err := authz.Choices(t.Context(), e.DB, identity(t, e, to))
	if err != nil || len(choices) != 2 {
		t.Errorf("choices %+v, %v; want two roles", choices, err)
	}
	_, _, err = invite(t, e.DB, e.Scope, admin, authz.NewInvitation{Email: to, Name: "Nguyễn Văn A", Role: authz.Inspector})
	if !errors.As(err, &wrong) || wrong.Of("email") == "" {
		t.Errorf("invited to the role that one has: %v", err)
	}
}

func TestDeadInvitationsAreRefused(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	other, _ := e.NewTenant(t)
	email, _ := person(t, e, authz.DOSTAdmin)
	admin := identity(t, e, email)
	n := authz.NewInvitation{Email: newcomer(), Name: "B", Role: authz.Leader}
	_, first, err := invite(t, e.DB, e.Scope, admin, n)
	if err != nil {
		t.Fatal(err)
	}
	i, second, err := invite(t, e.DB, e.Scope, admin, n)
	if err != nil {
		t.Fatalf("inviting again: %v", err)
	}
	late := e.DB.WithClock(func() time.Time { return time.Now().Add(authz.InvitationAge + time.Second) })
	for name, try := range map[string]struct {
		db    *tenant.DB
		t     tenant.ID
		token authz.InvitationToken
	}{
		"replaced":       {e.DB, e.Tenant.ID, first},
		"expired":        {late, e.Tenant.ID, second},
		"another tenant": {e.DB, other.ID, second},
		"made up":        {e.DB, e.Tenant.ID, "x"},
		"empty":          {e.DB, e.Tenant.ID, ""},
	} {
		if _, err := accept(t.Context(), try.db, try.t, try.token, "B", fresh); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: %v, want fault.NotFound", name, err)
		}
	}
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		open, err := authz.OpenInvitations(t.Context(), tx)
		if err != nil || len(open) != 1 || open[0].ID != i.ID {
			t.Errorf("open: %+v, %v; want the second only", open, err)
		}
		_, err = authz.RevokeInvitation(t.Context(), tx, i.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := accept(t.Context(), e.DB, e.Tenant.ID, second, "B", fresh); !errors.Is(err, fault.NotFound) {
		t.Errorf("revoked: %v, want fault.NotFound", err)
	}
}

func TestExpiryBetweenPreparationAndAcceptanceIsSeen(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.DOSTAdmin)
	_, token, err := invite(t, e.DB, e.Scope, identity(t, e, email), authz.NewInvitation{Email: newcomer(), Name: "B", Role: authz.Leader})
	if err != nil {
		t.Fatal(err)
	}
	a, err := authz.PrepareAcceptance(t.Context(), e.DB, e.Tenant.ID, token, "B", fresh, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	late := e.DB.WithClock(func() time.Time { return time.Now().Add(authz.InvitationAge + time.Second) })
	err = late.Platform(t.Context(), func(tx tenant.Platform) error {
		_, err := authz.AcceptInvitation(t.Context(), tx, a)
		return err
	})
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("err = %v, want fault.NotFound", err)
	}
}

func TestOfManyAcceptancesAtOnceOneCounts(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.DOSTAdmin)
	to := newcomer()
	_, token, err := invite(t, e.DB, e.Scope, identity(t, e, email), authz.NewInvitation{Email: to, Name: "B", Role: authz.Leader})
	if err != nil {
		t.Fatal(err)
	}
	const n = 8
	results := make([]error, n)
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	for k := range n {
		ready.Add(1)
		done.Go(func() {
			a, err := authz.PrepareAcceptance(t.Context(), e.DB, e.Tenant.ID, token, "B", fresh, authz.Device{})
			ready.Done()
			<-start
			if err == nil {
				err = e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
					_, err := authz.AcceptInvitation(t.Context(), tx, a)
					return err
				})
			}
			results[k] = err
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	accepted := 0
	for _, err := range results {
		if err == nil {
			accepted++
		} else if !errors.Is(err, fault.NotFound) {
			t.Errorf("err = %v, want fault.NotFound", err)
		}
	}
	if accepted != 1 {
		t.Errorf("%d acceptances counted, want 1", accepted)
	}
	if choices, err := authz.Choices(t.Context(), e.DB, signedIn(t, e, to, fresh)); err != nil || len(choices) != 1 {
		t.Errorf("roles %+v, %v; want one", choices, err)
	}
}

func signedIn(t *testing.T, e *tenanttest.Env, email, password string) authz.Identity {
	t.Helper()
	_, who, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	return who
}

func TestOfManyInvitationsAtOnceOneIsOpen(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, _ := person(t, e, authz.DOSTAdmin)
	admin := identity(t, e, email)
	n := authz.NewInvitation{Email: newcomer(), Name: "B", Role: authz.Leader}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, _, err := invite(t, e.DB, e.Scope, admin, n); err != nil && !errors.Is(err, fault.Conflict) {
				t.Errorf("err = %v", err)
			}
		})
	}
	wait.Wait()
	if err := e.DB.View(t.Context(), e.Scope, func(tx tenant.Tx) error {
		open, err := authz.OpenInvitations(t.Context(), tx)
		if len(open) != 1 {
			t.Errorf("%d open invitations, want 1", len(open))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestWhoMayInviteWhom compares every pair of roles with a table of its own.
func TestWhoMayInviteWhom(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	want := map[authz.Role]string{
		authz.DOSTAdmin: "dost_admin dost_officer leader department_officer inspector", // unit_officer: with a commune, below
		authz.OrgOwner:  "org_owner org_staff org_accountant",
	}
	for _, from := range authz.Roles {
		for _, to := range authz.Roles {
			who := authz.Identity{Account: 1, Name: "A", Role: from.Role, Tenant: e.Tenant.ID}
			scope := e.Scope
			if from.Role.OfOrganization() {
				who.Org, scope = 77, e.Scope.Of(77)
			}
			i, _, err := invite(t, e.DB, scope, who, authz.NewInvitation{Email: newcomer(), Name: "B", Role: to.Role, Department: "SCT"})
			may := strings.Contains(" "+want[from.Role]+" ", " "+string(to.Role)+" ")
			var wrong fault.Invalid
			if may && (err != nil || i.OrgID != who.Org) {
				t.Errorf("%s invites %s: %v, organization %d", from.Role, to.Role, err, i.OrgID)
			}
			if !may && !errors.As(err, &wrong) {
				t.Errorf("%s invites %s: %v, want it refused", from.Role, to.Role, err)
			}
		}
	}
}

func TestInvitationStaysInOnesOwnTenantAndOrganization(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	_, foreign := e.NewTenant(t)
	n := authz.NewInvitation{Email: newcomer(), Name: "B", Role: authz.Leader}
	admin := authz.Identity{Account: 1, Name: "A", Role: authz.DOSTAdmin, Tenant: e.Tenant.ID}
	if _, _, err := invite(t, e.DB, foreign, admin, n); !errors.Is(err, fault.Forbidden) {
		t.Errorf("into another tenant: %v, want fault.Forbidden", err)
	}
	staff := authz.NewInvitation{Email: newcomer(), Name: "B", Role: authz.OrgStaff}
	owner := authz.Identity{Account: 2, Name: "C", Role: authz.OrgOwner, Tenant: e.Tenant.ID, Org: 7}
	for name, scope := range map[string]tenant.Scope{"another organization": e.Scope.Of(8), "the whole tenant": e.Scope} {
		if _, _, err := invite(t, e.DB, scope, owner, staff); !errors.Is(err, fault.Forbidden) {
			t.Errorf("into %s: %v, want fault.Forbidden", name, err)
		}
	}
	mine, _, err := invite(t, e.DB, e.Scope.Of(7), owner, staff)
	if err != nil {
		t.Fatal(err)
	}
	for name, scope := range map[string]tenant.Scope{"another tenant": foreign, "another organization": e.Scope.Of(8), "the officers": e.Scope} {
		if err := e.DB.In(t.Context(), scope, func(tx tenant.Tx) error {
			if open, err := authz.OpenInvitations(t.Context(), tx); err != nil || len(open) != 0 {
				t.Errorf("%s see %+v, %v", name, open, err)
			}
			_, err := authz.RevokeInvitation(t.Context(), tx, mine.ID)
			return err
		}); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s revoke: %v, want fault.NotFound", name, err)
		}
	}
}

func TestUnitOfficerNeedsACommuneOfTheProvince(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	all := unit.Provinces(e.DB.Now())
	own, foreign := all[0].Ref, all[1].Ref
	for _, c := range []struct {
		commune string
		ok      bool
	}{
		{unit.Communes(own, e.DB.Now())[0].Ref.String(), true},
		{unit.Communes(foreign, e.DB.Now())[0].Ref.String(), false},
		{own.String(), false}, {"", false}, {"xx", false},
	} {
		err := authz.NewInvitation{Email: "b@example.vn", Name: "B", Role: authz.UnitOfficer, Unit: c.commune}.
			Check(authz.Identity{Role: authz.DOSTAdmin}, own, e.DB.Now())
		if (err == nil) != c.ok {
			t.Errorf("commune %q: %v, want accepted %v", c.commune, err, c.ok)
		}
	}
}

func TestBadInvitationsAreRefusedFieldByField(t *testing.T) {
	t.Parallel()
	good := authz.NewInvitation{Email: "b@example.vn", Name: "B", Role: authz.DepartmentOfficer, Department: "SCT"}
	for field, change := range map[string]func(*authz.NewInvitation){
		"email":      func(n *authz.NewInvitation) { n.Email = "аdmin@example.vn" }, // Cyrillic а
		"name":       func(n *authz.NewInvitation) { n.Name = strings.Repeat("ạ", 121) },
		"role":       func(n *authz.NewInvitation) { n.Role = "admin" },
		"department": func(n *authz.NewInvitation) { n.Department = strings.Repeat("Đ", 41) },
	} {
		n := good
		change(&n)
		err := n.Check(authz.Identity{Role: authz.DOSTAdmin}, unit.Ref{}, time.Now())
		var wrong fault.Invalid
		if !errors.As(err, &wrong) || wrong.Of(field) == "" || len(wrong) != 1 {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := good.Check(authz.Identity{Role: authz.DOSTAdmin}, unit.Ref{}, time.Now()); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestInvitationsOfARemovedMemberEnd(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email, membership := person(t, e, authz.DOSTAdmin)
	admin := identity(t, e, email)
	_, token, err := invite(t, e.DB, e.Scope, admin, authz.NewInvitation{Email: newcomer(), Name: "Tay trong", Role: authz.DOSTAdmin})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		n, err := authz.RevokeInvitationsBy(t.Context(), tx, authz.Membership{TenantID: e.Tenant.ID, ID: membership, AccountID: admin.Account})
		if n != 1 {
			t.Errorf("%d revoked, want 1", n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := accept(t.Context(), e.DB, e.Tenant.ID, token, "B", fresh); !errors.Is(err, fault.NotFound) {
		t.Errorf("err = %v, want fault.NotFound", err)
	}
}
