package tenant_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"txng/tenant"
	"txng/tenant/tenanttest"
)

// TestScopeOfOrganizationsShowsExactlyThose compares what a scope of so many organizations shows with the list, for sets
// that lie in one setting and in many, and for numbers that share beginnings and ends.
func TestScopeOfOrganizationsShowsExactlyThose(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	r := rand.New(rand.NewPCG(19, 7))
	all := []tenant.OrgID{1, 2, 12, 21, 112, 121, 211, 1121}
	for len(all) < 12_000 {
		all = append(all, tenant.OrgID(r.Int64N(1<<62)+2000))
	}
	if _, err := e.Owner(t).Exec(t.Context(), `
		insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
		select $1, id, 'household', 'Hộ ' || n, lpad(n::text, 10, '0'), '', '1@2025-07-01', false, 'approved', now()
		from unnest($2::bigint[]) with ordinality o (id, n)`, e.Tenant.ID, all); err != nil {
		t.Fatal(err)
	}
	see := func(s tenant.Scope) []tenant.OrgID {
		t.Helper()
		var list []tenant.OrgID
		if err := e.DB.View(t.Context(), s, func(tx tenant.Tx) (err error) {
			list, err = tenant.Column[tenant.OrgID](t.Context(), tx, "select id from organization.organization where tenant_id = any ($1) order by id")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return list
	}
	for _, n := range []int{0, 1, 2, 32, 33, 100, 1000, 5001, len(all)} {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		want := slices.Sorted(slices.Values(all[:n]))
		set := tenant.OrgsOf(slices.Clone(all[:n]))
		if got := see(e.Scope.Only(set)); !slices.Equal(got, want) {
			t.Errorf("of %d organizations %d are seen", n, len(got))
		}
		if set.Len() != len(want) {
			t.Errorf("a set of %d says it has %d", len(want), set.Len())
		}
	}
	if got := see(e.Scope.Only(tenant.OrgsOf([]tenant.OrgID{0, -5}))); len(got) != 0 {
		t.Errorf("a set of no organization shows %d", len(got))
	}
	if got := see(e.Scope.Only(tenant.Orgs{})); len(got) != 0 {
		t.Errorf("the zero set shows %d", len(got))
	}
	if got := see(e.Scope); len(got) != len(all) {
		t.Errorf("everybody else sees %d of %d", len(got), len(all))
	}
}

// TestLargestScopeOfOrganizationsHoldsWhatItSays shows the first MaxOrgs of more, and says how many it left out.
func TestLargestScopeOfOrganizationsHoldsWhatItSays(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	all := make([]tenant.OrgID, tenant.MaxOrgs+3)
	for i := range all {
		all[i] = tenant.OrgID(i+1) * 1_000_003
	}
	if _, err := e.Owner(t).Exec(t.Context(), `
		insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
		select $1, id, 'household', 'Hộ ' || n, lpad(n::text, 10, '0'), '', '1@2025-07-01', false, 'approved', now()
		from unnest($2::bigint[]) with ordinality o (id, n)`, e.Tenant.ID, all); err != nil {
		t.Fatal(err)
	}
	set := tenant.OrgsOf(all)
	if set.Len() != tenant.MaxOrgs || set.Cut() != 3 {
		t.Errorf("of %d the set holds %d and has left out %d", len(all), set.Len(), set.Cut())
	}
	if cut := tenant.OrgsOf(all[:tenant.MaxOrgs]).Cut(); cut != 0 {
		t.Errorf("of as many as fit %d are left out", cut)
	}
	for round := range 2 { // the first makes the connection's settings
		start := time.Now()
		if err := e.DB.View(t.Context(), e.Scope.Only(set), func(tx tenant.Tx) error {
			begun := time.Since(start)
			seen, err := tenant.One[struct {
				N       int
				Largest tenant.OrgID
			}](t.Context(), tx, "select count(*) as n, max(id) as largest from organization.organization where tenant_id = any ($1)")
			if seen.N != tenant.MaxOrgs || seen.Largest != all[tenant.MaxOrgs-1] {
				t.Errorf("%d are seen, the last is %d; want %d, %d", seen.N, seen.Largest, tenant.MaxOrgs, all[tenant.MaxOrgs-1])
			}
			t.Logf("round %d: begun after %v, all of %d rows asked in %v", round, begun, len(all), time.Since(start)-begun)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestScopeOfFieldsShowsWhatBelongsToOne compares a department's view with the groups of each organization.
func TestScopeOfFieldsShowsWhatBelongsToOne(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	if _, err := e.Owner(t).Exec(t.Context(), `
		insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at, fields)
		select $1, n, 'household', 'Hộ ' || n, lpad(n::text, 10, '0'), '', '1@2025-07-01', false, 'approved', now(), n
		from generate_series(1, 63) n`, e.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	for _, fields := range []tenant.Fields{-9, -1, 0, 1, 2, 3, 32, 63, 64} {
		var seen []int64
		if err := e.DB.View(t.Context(), e.Scope.InFields(fields), func(tx tenant.Tx) (err error) {
			seen, err = tenant.Column[int64](t.Context(), tx, "select fields from organization.organization where tenant_id = any ($1)")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		want := 0
		for n := range tenant.Fields(64) {
			if fields > 0 && n&fields != 0 {
				want++
			}
		}
		if len(seen) != want {
			t.Errorf("fields %d: %d organizations, want %d", fields, len(seen), want)
		}
	}
	for _, s := range []tenant.Scope{e.Scope.InFields(0), e.Scope.InFields(2)} {
		if err := e.DB.In(t.Context(), s, func(tx tenant.Tx) error {
			_, err := tx.Exec(t.Context(), `
				insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at, fields)
				values ($1, 99, 'household', 'Hộ', '0000000099', '', '1@2025-07-01', false, 'pending', now(), 4)`)
			return err
		}); err == nil {
			t.Error("a department wrote a row of another field")
		}
	}
}
