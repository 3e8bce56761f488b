package tenant_test

import (
	"fmt"
	"strings"
	"testing"

	"txng/tenant/tenanttest"
)

// TestPlannerDoesNotLookIntoTheScope compares the plans, with their estimates, of scopes with few, many and no rows.
func TestPlannerDoesNotLookIntoTheScope(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	if _, err := e.Owner(t).Exec(t.Context(), `
		insert into catalog.list_item (tenant_id, id, list, name, source, official, created_at)
		select $1, n, 'uu-tien', 'Mặt hàng ' || n, '', false, now()
		from generate_series(1, 5000) n`, e.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Owner(t).Exec(t.Context(), "analyze catalog.list_item"); err != nil {
		t.Fatal(err)
	}
	conn := e.As(t, "txng_app")
	plans := map[string]bool{}
	for _, reads := range []string{fmt.Sprintf("{%d}", e.Tenant.ID), "{1023}", fmt.Sprintf("{%d,1022,1023}", e.Tenant.ID), "{}"} {
		if _, err := conn.Exec(t.Context(), "set app.tenants = '"+reads+"'"); err != nil {
			t.Fatal(err)
		}
		for _, condition := range []string{"", fmt.Sprintf(" where tenant_id = any ('{%d}') and name = 'x'", e.Tenant.ID)} {
			rows, err := conn.Query(t.Context(), "explain select name from catalog.list_item"+condition)
			if err != nil {
				t.Fatal(err)
			}
			var plan []string
			for rows.Next() {
				var line string
				if err := rows.Scan(&line); err != nil {
					t.Fatal(err)
				}
				plan = append(plan, line)
			}
			if err := rows.Err(); err != nil {
				t.Fatal(err)
			}
			plans[strings.Join(plan, "\n")] = true
		}
	}
	if len(plans) != 2 { // one for each of the two statements
		for p := range plans {
			t.Log(p)
		}
		t.Errorf("%d plans of two statements: they depend on the scope", len(plans))
	}
}
