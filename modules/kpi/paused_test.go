package kpi

import (
	"errors"
	"testing"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// TestRefreshOfAProvinceThatWasPausedSinceEnds: a job that cannot succeed is not tried again and again.
func TestRefreshOfAProvinceThatWasPausedSinceEnds(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for _, state := range []tenant.State{tenant.Suspended, tenant.Archived} {
		if _, err := e.Owner(t).Exec(t.Context(), "update tenant.tenant set state = $2 where id = $1", e.Tenant.ID, state); err != nil {
			t.Fatal(err)
		}
		e.DB.Forget()
		if err := RefreshTenant(t.Context(), e.DB, e.Tenant.ID); !errors.Is(err, fault.Conflict) {
			t.Errorf("writing figures in a province that is %s: %v, want fault.Conflict", state, err)
		}
		if err := refreshOne(t.Context(), e.DB, e.Tenant.ID); err != nil {
			t.Errorf("its job: %v", err)
		}
	}
}
