package main

import (
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
	short, err := proof.Skew(t.Context(), own, w.small, w.large, c.Rows, func(int, int) {})
	if err != nil {
		t.Fatal(err)
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
