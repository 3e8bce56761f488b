package authz

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// holders gives n new accounts a role of a tenant, or of an organization, and returns the memberships.
func holders(t *testing.T, e *tenanttest.Env, role Role, org tenant.OrgID, n int) []Membership {
	t.Helper()
	list := make([]Membership, n)
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		for i := range list {
			id, err := CreateAccount(t.Context(), tx, "giu."+itoa(int64(tx.NewID()))+"@example.vn", "Người giữ "+itoa(int64(i)), "mat khau rat dai")
			if err != nil {
				return err
			}
			m, err := GrantMembership(t.Context(), tx, NewMembership{Tenant: e.Tenant.ID, Account: id, Role: role, Org: org})
			if err != nil {
				return err
			}
			list[i] = Membership{TenantID: e.Tenant.ID, ID: m, AccountID: id, Role: role, OrgID: org}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

func dismiss(t *testing.T, e *tenanttest.Env, m Membership, clients bool) (gone Gone, err error) {
	t.Helper()
	err = e.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		gone, err = Dismiss(t.Context(), tx, m, clients)
		return err
	})
	return gone, err
}

func TestThoseWhoEndEachOtherAtTheSameMomentLeaveOne(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for role, org := range map[Role]tenant.OrgID{DOSTAdmin: 0, OrgOwner: 77} {
		for round := range 5 {
			of := org
			if role == OrgOwner {
				of += tenant.OrgID(round)
			}
			holders(t, e, role, of, 2)
			all := left(t, e, role, of) // of a tenant, with the one who stayed before
			begin := make(chan struct{})
			failed := make([]error, len(all))
			var wg sync.WaitGroup
			for i, m := range all {
				wg.Go(func() {
					<-begin
					_, failed[i] = dismiss(t, e, m, false)
				})
			}
			close(begin)
			wg.Wait()
			conflicts := 0
			for _, err := range failed {
				switch {
				case errors.Is(err, fault.Conflict):
					conflicts++
				case err != nil:
					t.Error(err)
				}
			}
			if n := len(left(t, e, role, of)); n != 1 || conflicts != 1 {
				t.Errorf("%s: %d left and %d refused, want one of each", role, n, conflicts)
			}
		}
	}
}

// left returns who holds a role now.
func left(t *testing.T, e *tenanttest.Env, role Role, org tenant.OrgID) (list []Membership) {
	t.Helper()
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		all, err := MembersOf(t.Context(), tx, e.Tenant.ID)
		for _, m := range all {
			if m.Role == role && m.OrgID == org {
				list = append(list, m)
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// The second began a moment before the first ended the other one: it has waited for the lock.
func TestWhoWasEndedWhileOneWaitedDoesNotCount(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	all := holders(t, e, DOSTAdmin, 0, 2)
	now := time.Now()
	for i, at := range []time.Time{now.Add(2 * time.Second), now.Add(time.Second)} {
		err := e.DB.WithClock(func() time.Time { return at }).Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := Dismiss(t.Context(), tx, all[i], false)
			return err
		})
		if want := []error{nil, fault.Conflict}[i]; !errors.Is(err, want) {
			t.Errorf("dismissal %d: %v, want %v", i, err, want)
		}
	}
}

func TestADisabledAdministratorIsNobodyWhoStays(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	all := holders(t, e, DOSTAdmin, 0, 2)
	if _, err := e.Owner(t).Exec(t.Context(), "update authz.account set disabled_at = now() where id = $1", all[1].AccountID); err != nil {
		t.Fatal(err)
	}
	if _, err := dismiss(t, e, all[0], false); !errors.Is(err, fault.Conflict) {
		t.Errorf("%v, want Conflict", err)
	}
	for _, m := range holders(t, e, Leader, 0, 1) { // of which none need stay
		if _, err := dismiss(t, e, m, false); err != nil {
			t.Error(err)
		}
	}
}

func TestMachinesOfADismissedOwnerStayUnlessAskedForAndTheirKeysEnd(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for _, revoke := range []bool{false, true} {
		org := tenant.OrgID(500)
		if revoke {
			org = 501
		}
		if _, err := e.Owner(t).Exec(t.Context(), `
			insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
			values ($1, $2, 'cooperative', 'Hợp tác xã', $3, '', '1@2025-07-01', false, 'approved', now())`, e.Tenant.ID, org, "0100000"+itoa(int64(org))); err != nil {
			t.Fatal(err)
		}
		owners := holders(t, e, OrgOwner, org, 2)
		var mine, theirs Client
		make := func(m Membership) (c Client) {
			if err := e.DB.In(t.Context(), e.Scope.Of(org), func(tx tenant.Tx) (err error) {
				who := Identity{Account: m.AccountID, Name: "Chủ", Role: OrgOwner, Tenant: e.Tenant.ID, Org: org, Membership: m.ID}
				c, _, err = CreateClient(t.Context(), tx, who, NewProgram{Name: "ERP " + itoa(m.ID), Scopes: []string{string(LotView)}, Days: Lifetimes[0]})
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return c
		}
		mine, theirs = make(owners[0]), make(owners[1])
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			who := Identity{Account: owners[0].AccountID, Role: OrgOwner, Tenant: e.Tenant.ID, Org: org, Membership: owners[0].ID}
			_, _, err := CreateAPIKey(t.Context(), tx, who, NewProgram{Name: "Khóa", Scopes: []string{string(LotView)}, Days: Lifetimes[0]})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		gone, err := dismiss(t, e, owners[0], revoke)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]int{true: 1}[revoke]; len(gone.Clients) != want || gone.Keys != 1 {
			t.Errorf("revoke %t: %d machines and %d keys ended, want %d and 1", revoke, len(gone.Clients), gone.Keys, want)
		}
		if err := e.DB.View(t.Context(), e.Scope.Of(org), func(tx tenant.Tx) error {
			all, err := Clients(t.Context(), tx)
			for _, c := range all {
				if want := c.ID == theirs.ID || c.ID == mine.ID && !revoke; c.Live(tx.Now()) != want {
					t.Errorf("revoke %t: machine %s lives %t, want %t", revoke, c.Name, c.Live(tx.Now()), want)
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}
