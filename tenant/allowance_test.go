package tenant_test

import (
	"errors"
	"strings"
	"testing"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

func TestStatementEndsAtTheTenantsOwnTimeout(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	other, _ := e.NewTenant(t)
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return tenant.Allow(t.Context(), tx, e.Tenant.ID, tenant.StatementTime, 1)
	}); err != nil {
		t.Fatal(err)
	}
	e.DB.Forget()
	const timeout = "select current_setting('statement_timeout') as name where $1::int[] is not null"
	type named struct{ Name string }
	for id, want := range map[tenant.ID]string{e.Tenant.ID: "1s", other.ID: "20s"} {
		s, err := e.DB.Scope(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []tenant.Scope{s, s.Of(1), s.Alone()} {
			fetched, err := tenant.Fetch[named](t.Context(), e.DB, s, timeout)
			if err != nil || fetched[0].Name != want {
				t.Errorf("fetch as tenant %d: %v, %v, want %s", id, fetched, err, want)
			}
			for name, door := range map[string]func(tenant.Scope, func(tenant.Tx) error) error{
				"view": func(s tenant.Scope, f func(tenant.Tx) error) error { return e.DB.View(t.Context(), s, f) },
				"in":   func(s tenant.Scope, f func(tenant.Tx) error) error { return e.DB.In(t.Context(), s, f) },
			} {
				var got string
				if err := door(s, func(tx tenant.Tx) (err error) {
					got, err = tenant.Value[string](t.Context(), tx, timeout)
					return err
				}); err != nil || got != want {
					t.Errorf("%s as tenant %d: %s, %v, want %s", name, id, got, err, want)
				}
			}
		}
	}
	s, err := e.DB.Scope(t.Context(), e.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	err = e.DB.View(t.Context(), s, func(tx tenant.Tx) error {
		_, err := tenant.Value[string](t.Context(), tx, "select pg_sleep(10)::text where $1::int[] is not null")
		return err
	})
	if !errors.Is(err, fault.Unavailable) {
		t.Errorf("a statement of ten seconds: %v, want that it is ended after one", err)
	}
	if said := fault.Message(err); !strings.Contains(said, "nhiều thời gian hơn mức cho phép") {
		t.Errorf("the person is told %q", said)
	}
}
