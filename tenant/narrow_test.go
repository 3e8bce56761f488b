package tenant_test

import (
	"fmt"
	"slices"
	"testing"

	"txng/tenant"
	"txng/tenant/tenanttest"
)

// TestScopeThatIsNarrowedAgainShowsNoMore makes every pair and every third of the ways to narrow a scope, one after the
// other, of a province, of a successor and of the scope that works as an origin. Each step shows no row that the one
// before it did not, and runs as the role that holds its policies.
func TestScopeThatIsNarrowedAgainShowsNoMore(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	successor, _ := e.NewTenant(t)
	alone, aloneScope := e.NewTenant(t)
	if _, err := merge(t, e, e.Tenant.ID, successor.ID, e.DB.Now()); err != nil {
		t.Fatal(err)
	}
	conn := e.Owner(t)
	for _, id := range []tenant.ID{e.Tenant.ID, successor.ID, alone.ID} {
		for n := range 8 {
			if _, err := conn.Exec(t.Context(), `
				insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at, fields)
				values ($1, $2, 'household', 'Hộ', lpad(($2::bigint % 10000000000)::text, 10, '0'), '', $3, false, 'approved', now(), $4)`,
				id, int64(id)*1000+int64(n), fmt.Sprintf("%d@2025-07-01", 1+n%2), 1+n%4); err != nil {
				t.Fatal(err)
			}
		}
	}
	org := func(id tenant.ID, n int) tenant.OrgID { return tenant.OrgID(int64(id)*1000 + int64(n)) }
	type step struct {
		name     string
		narrow   func(tenant.Scope) tenant.Scope
		confines bool
	}
	only := func(list ...tenant.OrgID) func(tenant.Scope) tenant.Scope {
		return func(s tenant.Scope) tenant.Scope { return s.Only(tenant.OrgsOf(list)) }
	}
	steps := []step{
		{"alone", tenant.Scope.Alone, false},
		{"as the origin was", func(s tenant.Scope) tenant.Scope { return s.Reading(e.Tenant.ID) }, false},
		{"as the successor was", func(s tenant.Scope) tenant.Scope { return s.Reading(successor.ID) }, false},
		{"of one organization", func(s tenant.Scope) tenant.Scope { return s.Of(org(e.Tenant.ID, 1)) }, true},
		{"of another organization", func(s tenant.Scope) tenant.Scope { return s.Of(org(successor.ID, 2)) }, true},
		{"within a commune", func(s tenant.Scope) tenant.Scope { return s.Within([]string{"1@2025-07-01"}) }, true},
		{"within another commune", func(s tenant.Scope) tenant.Scope { return s.Within([]string{"2@2025-07-01"}) }, true},
		{"in fields", func(s tenant.Scope) tenant.Scope { return s.InFields(1) }, true},
		{"in other fields", func(s tenant.Scope) tenant.Scope { return s.InFields(2) }, true},
		{"of assigned ones", only(org(e.Tenant.ID, 0), org(e.Tenant.ID, 1), org(successor.ID, 1), org(alone.ID, 1)), true},
		{"of other assigned ones", only(org(e.Tenant.ID, 2), org(successor.ID, 2)), true},
		{"of nobody assigned", only(), true},
	}
	type sight struct {
		rows []int64
		role string
	}
	see := func(s tenant.Scope) (v sight) {
		t.Helper()
		if s.Home() == 0 { // opens nothing
			return v
		}
		type row struct {
			ID   int64
			Role string
		}
		list, err := tenant.Fetch[row](t.Context(), e.DB, s, `
			select id, current_user::text as role
			from organization.organization
			where tenant_id = any ($1)
			union all
			select 0, current_user::text`)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			v.role = r.Role
			if r.ID != 0 {
				v.rows = append(v.rows, r.ID)
			}
		}
		slices.Sort(v.rows)
		return v
	}
	asOrigin, err := e.DB.ScopeAs(t.Context(), successor.ID, e.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := e.DB.Scope(t.Context(), successor.ID)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	var try func(name string, s tenant.Scope, before sight, confined bool, depth int)
	try = func(name string, s tenant.Scope, before sight, confined bool, depth int) {
		for _, st := range steps {
			name, s, confined := name+", "+st.name, st.narrow(s), confined || st.confines
			v := see(s)
			seen++
			for _, id := range v.rows {
				if !slices.Contains(before.rows, id) {
					t.Errorf("%s: shows %d, which was not to be seen before", name, id)
				}
			}
			if s.Home() != 0 && confined != (v.role == "txng_confined") {
				t.Errorf("%s: runs as %s", name, v.role)
			}
			if depth > 1 && s.Home() != 0 && len(v.rows) > 0 {
				try(name, s, v, confined, depth-1)
			}
		}
	}
	for name, s := range map[string]tenant.Scope{"a successor": whole, "a successor as the origin": asOrigin, "a province": aloneScope} {
		v := see(s)
		if len(v.rows) == 0 {
			t.Fatalf("%s: sees nothing", name)
		}
		try(name, s, v, false, 2)
	}
	t.Logf("%d scopes looked through", seen)
}
