package tenant_test

import (
	"testing"

	"txng/tenant"
	"txng/tenant/proof"
	"txng/tenant/tenanttest"
)

func TestCatalogKeepsTheRulesOfIsolation(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	found, err := tenant.Inspect(t.Context(), e.Owner(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Errorf("%s: %s", f.Rule, f.Object)
	}
	t.Logf("%d rules, %d findings", tenant.Rules, len(found))
}

func TestEveryPlantedFaultIsFound(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for _, m := range proof.CatalogMutations() {
		found, err := m.Run(t.Context(), e.Config)
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
		} else if found == "" {
			t.Errorf("%s: not found", m.Name)
		}
	}
	t.Logf("%d planted faults", len(proof.CatalogMutations()))
}
