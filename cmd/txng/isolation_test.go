package main

import (
	"slices"
	"strings"
	"testing"

	"txng/tenant"
	"txng/tenant/proof"
	"txng/tenant/tenanttest"
)

// TestStatementsOfTheSiteKeepTenantsApart records what the site sends while the demonstration is loaded and every page is
// looked at, plants faults in it, and runs it again on data of very different sizes: the plans of the smallest tenant
// serve the largest.
func TestStatementsOfTheSiteKeepTenantsApart(t *testing.T) {
	c := benchIsolation{Rows: 3_000}
	e := &environment{t.Context(), t.Output(), t.Output()}
	own := tenanttest.Empty(t) // whole: the demonstration registers every province
	if err := tenant.Migrate(t.Context(), own, -1); err != nil {
		t.Fatal(err)
	}
	w, err := c.record(e, own)
	if err != nil {
		t.Fatal(err)
	}
	if said, err := checkAccess(t.Context(), own); err != nil || said != "" {
		t.Errorf("without any fault: %q, %v", said, err)
	}
	for what, of := range map[string]func(proof.Statement) bool{
		"a province that gave communes away": func(s proof.Statement) bool { return strings.Contains(s.SQL, "as c (tenant, unit)") },
		"figures of a part":                  func(s proof.Statement) bool { return strings.Contains(s.SQL, "from kpi.part") },
		"the successor's page of figures": func(s proof.Statement) bool {
			return strings.Contains(s.SQL, "from kpi.part") && s.Role == "txng_merged"
		},
		"records of a province of before": func(s proof.Statement) bool {
			return strings.Contains(s.SQL, "from scan.scan") && s.Role == "txng_merged"
		},
		"the ministry's map": func(s proof.Statement) bool {
			return strings.Contains(s.SQL, "from tenant.part") && s.Role == "txng_ministry"
		},
	} {
		if !slices.ContainsFunc(w.statements, of) {
			t.Errorf("no statement over %s was recorded", what)
		}
	}
	// Faults of the catalog, the doors and the rights are planted by the tests of packages tenant and proof.
	list := append(proof.StatementMutations(w.statements, 10), accessMutations()...)
	m, err := proof.Mutate(t.Context(), own, list, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, missed := range m.Missed {
		t.Errorf("not found: %s", missed)
	}
	if m.Planted < 16 {
		t.Errorf("only %d faults planted", m.Planted)
	}
	emptyTableIsFound(t, own, w)
	short, err := proof.Skew(t.Context(), own, w.small, w.large, c.Rows, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range short {
		if strings.Contains(table, "no row to copy") {
			t.Errorf("statements on %s would be measured without any row", table)
		}
	}
	r, err := proof.Replay(t.Context(), own, w.statements, w.small, w.large, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	isolation{short: short, replayed: r}.details(t.Output())
	if r.Statements < 100 {
		t.Errorf("only %d statements: the test has lost its subject", r.Statements)
	}
	if r.Ratio > goalPlans {
		t.Errorf("the plan of the smallest tenant reads %.2f times the pages: %s", r.Ratio, r.Worst[0].SQL)
	}
	if r.Back.Value > goalPlansBack {
		t.Errorf("the plan of the largest tenant reads %.2f times the smallest's pages: %s", r.Back.Value, r.Back.SQL)
	}
	for _, s := range r.Unnamed {
		t.Errorf("names no tenant: %s", s)
	}
	if len(r.Unmeasured) > 8 {
		t.Errorf("%d statements could not be run again", len(r.Unmeasured))
	}
	t.Logf("%d of %d faults found; %d statements (%d without a scan), %d not repeated; largest ratio %.2f, back %.2f", m.Found, m.Planted, r.Statements, r.Scanless, len(r.Unmeasured), r.Ratio, r.Back.Value)
}

// emptyTableIsFound takes the rows of one table from the tenant that is attacked: the goal is missed by that table, and
// no other is empty.
func emptyTableIsFound(t *testing.T, own tenant.Config, w recorded) {
	t.Helper()
	const table, move = "authz.oidc_provider", "update authz.oidc_provider set tenant_id = $2 where tenant_id = $1 and name like '%Nghệ An'"
	if err := proof.AsOwner(t.Context(), own, move, w.large, w.other); err != nil {
		t.Fatal(err)
	}
	a, err := proof.Attack(t.Context(), own, proof.Places{Victim: w.large, Attacker: w.small, Origin: w.other}, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := proof.AsOwner(t.Context(), own, move, w.other, w.large); err != nil {
		t.Fatal(err)
	}
	if want := []string{table}; !slices.Equal(a.Empty, want) {
		t.Errorf("attacked without any row: %v, want %v", a.Empty, want)
	}
	if err := (isolation{attacked: a}).missed(); err == nil || !strings.Contains(err.Error(), table) {
		t.Errorf("an attack on an empty table misses no goal: %v", err)
	}
}
