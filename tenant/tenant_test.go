package tenant_test

import (
	"errors"
	"testing"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

func TestRowsOfAnotherTenantAreNotSeen(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	_, other := e.NewTenant(t)
	ctx := t.Context()
	add := func(s tenant.Scope, name string) {
		t.Helper()
		if err := e.DB.In(ctx, s, func(tx tenant.Tx) error {
			_, err := tx.Exec(ctx, `
				insert into catalog.list_item (tenant_id, id, list, name, official, created_at)
				values ($1, $2, 'uu-tien', $3, false, now())`, tx.NewID(), name)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	add(e.Scope, "Cam Vinh")
	add(other, "Mỳ Chũ")
	var names []string
	if err := e.DB.View(ctx, e.Scope, func(tx tenant.Tx) (err error) {
		names, err = tenant.Column[string](ctx, tx, `
			select name
			from catalog.list_item
			where tenant_id = any ($1)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(names) != 1 || names[0] != "Cam Vinh" {
		t.Errorf("names = %q, want only Cam Vinh", names)
	}
	got, err := tenant.Fetch[struct{ Name string }](ctx, e.DB, other, `
		select name
		from catalog.list_item
		where tenant_id = any ($1)`)
	if err != nil || len(got) != 1 || got[0].Name != "Mỳ Chũ" {
		t.Errorf("in one flush: names = %v, %v, want only Mỳ Chũ", got, err)
	}
}

func TestStatementWithoutItsTenantIsRefused(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	err := e.DB.View(t.Context(), e.Scope, func(tx tenant.Tx) error {
		_, err := tenant.Column[string](t.Context(), tx, `
			select name
			from catalog.list_item`)
		return err
	})
	if err == nil {
		t.Error("a statement that does not use $1 was accepted")
	}
}

func TestZeroTransactionAnswersWithAnError(t *testing.T) {
	t.Parallel()
	if _, err := tenant.Column[string](t.Context(), tenant.Tx{}, "select 'x' where $1::int[] is not null"); err == nil {
		t.Error("the zero Tx ran a statement")
	}
	if _, err := (tenant.Tx{}).Exec(t.Context(), "select $1::int"); err == nil {
		t.Error("the zero Tx ran a write")
	}
	e := tenanttest.New(t)
	if err := e.DB.In(t.Context(), tenant.Scope{}, func(tenant.Tx) error { return nil }); err == nil {
		t.Error("the zero Scope opened a transaction")
	}
	if err := e.DB.In(t.Context(), e.Scope.Of(0), func(tenant.Tx) error { return nil }); err == nil {
		t.Error("a scope of organization 0 opened a transaction of the whole tenant")
	}
}

func TestNothingIsLeftOfAScopeAfterItsTransaction(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	c := e.Config
	c.MaxConns = 1
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	boom := errors.New("boom")
	if err := db.In(t.Context(), e.Scope, func(tenant.Tx) error { return boom }); !errors.Is(err, boom) {
		t.Fatalf("err = %v, want boom", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = db.In(t.Context(), e.Scope, func(tenant.Tx) error { panic("boom") })
	}()
	_, other := e.NewTenant(t)
	if err := db.View(t.Context(), other, func(tx tenant.Tx) error {
		got, err := tenant.Value[string](t.Context(), tx, "select current_setting('app.tenant') where $1::int[] is not null")
		if want := itoa(int(other.Home())); got != want {
			t.Errorf("app.tenant = %q, want %q", got, want)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// TestNumbersOfATransactionFollowEachOther: if they were spread at random over their millisecond, two imports of one
// moment would meet in some row.
func TestNumbersOfATransactionFollowEachOther(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	if err := e.DB.View(t.Context(), e.Scope, func(tx tenant.Tx) error {
		first := tx.NewID()
		for n := range int64(500) {
			if id := tx.NewID(); id != first+n+1 {
				t.Fatalf("number %d of a transaction that began with %d is %d", n+1, first, id)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestSuccessorReadsWhatItsOriginWrote(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	successor, _ := e.NewTenant(t)
	ctx := t.Context()
	if err := e.DB.In(ctx, e.Scope, func(tx tenant.Tx) error {
		_, err := tx.Exec(ctx, `
			insert into catalog.list_item (tenant_id, id, list, name, official, created_at)
			values ($1, $2, 'dac-thu', 'Sâm Ngọc Linh', false, now())`, tx.NewID())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := e.DB.Platform(ctx, func(tx tenant.Platform) error {
		return tenant.Succeed(ctx, tx, tenant.Lineage{Successor: successor.ID, Origin: e.Tenant.ID, Effective: tx.Now(), Basis: "NQ 202/2025/QH15"})
	}); err != nil {
		t.Fatal(err)
	}
	e.DB.Forget()
	scope, err := e.DB.Scope(ctx, successor.ID)
	if err != nil {
		t.Fatal(err)
	}
	got, err := tenant.Fetch[struct {
		TenantID tenant.ID
		Name     string
	}](ctx, e.DB, scope, `
		select tenant_id, name
		from catalog.list_item
		where tenant_id = any ($1)`)
	if err != nil || len(got) != 1 || got[0].TenantID != e.Tenant.ID {
		t.Errorf("successor reads %v, %v, want the origin's row", got, err)
	}
	// It reads the origin's rows; it does not write as the origin.
	err = e.DB.In(ctx, scope, func(tx tenant.Tx) error {
		n, err := tx.Exec(ctx, `
			update catalog.list_item
			set name = 'x'
			where tenant_id = $1`)
		if n != 0 {
			t.Errorf("updated %d rows of the origin, want 0", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestDoorsSeeOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	ctx := t.Context()
	for door, try := range map[string]func() error{
		"public on a draft table": func() error {
			return e.DB.Public(ctx, func(tx tenant.Public) error {
				_, err := tenant.Column[string](ctx, tx, "select number from plan.plan")
				return err
			})
		},
		"nation on products": func() error {
			return e.DB.Nation(ctx, func(tx tenant.Nation) error {
				_, err := tenant.Column[string](ctx, tx, "select name from catalog.product")
				return err
			})
		},
		"platform on products": func() error {
			return e.DB.Platform(ctx, func(tx tenant.Platform) error {
				_, err := tenant.Column[string](ctx, tx, "select name from catalog.product")
				return err
			})
		},
		"tenant on accounts": func() error {
			return e.DB.View(ctx, e.Scope, func(tx tenant.Tx) error {
				_, err := tenant.Column[string](ctx, tx, "select email from authz.account where $1::int[] is not null")
				return err
			})
		},
		"public writing": func() error {
			return e.DB.Public(ctx, func(tx tenant.Public) error {
				_, err := tenant.Value[int](ctx, tx, "insert into stamps.counter (tenant_id, last) values (1, 1) returning last")
				return err
			})
		},
	} {
		if err := try(); err == nil {
			t.Errorf("%s: allowed", door)
		}
	}
}

func TestRegistryRefusesWrongProvinces(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for _, c := range []struct {
		name  string
		new   tenant.New
		field string
	}{
		{"code that ended before the day", tenant.New{Province: "49", On: day(2026, 1, 1)}, "province"},
		{"garbage code", tenant.New{Province: "xx", On: day(2026, 1, 1)}, "province"},
		{"subdomain with capitals", tenant.New{Province: "01", On: day(2026, 1, 1), Slug: "Ha Noi"}, "slug"},
		{"reserved subdomain", tenant.New{Province: "01", On: day(2026, 1, 1), Slug: "api"}, "slug"},
		{"colour", tenant.New{Province: "01", On: day(2026, 1, 1), Colour: "red"}, "colour"},
	} {
		err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tenant.Register(t.Context(), tx, c.new)
			return err
		})
		var wrong fault.Invalid
		if !errors.As(err, &wrong) || wrong.Of(c.field) == "" {
			t.Errorf("%s: err = %v, want a message for %s", c.name, err, c.field)
		}
	}
}

func TestMigrationsGoDownAndUpAgain(t *testing.T) {
	t.Parallel()
	c := tenanttest.Empty(t)
	for _, to := range []int{-1, 5, 0, -1} {
		if err := tenant.Migrate(t.Context(), c, to); err != nil {
			t.Fatalf("to %d: %v", to, err)
		}
		now, newest, err := tenant.SchemaVersion(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if want := to; to < 0 && now != newest || to >= 0 && now != want {
			t.Errorf("schema is at %d after migrating to %d", now, to)
		}
	}
	if found, err := tenant.InspectURL(t.Context(), c.URL); err != nil || len(found) > 0 {
		t.Errorf("after going down and up: %v, %v", found, err)
	}
}

func TestSuspendedTenantIsReadOnly(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	ctx := t.Context()
	if _, err := e.Owner(t).Exec(ctx, "update tenant.tenant set state = 'suspended' where id = $1", e.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	e.DB.Forget()
	scope, err := e.DB.Scope(ctx, e.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.DB.In(ctx, scope, func(tenant.Tx) error { return nil }); !errors.Is(err, fault.Conflict) {
		t.Errorf("writing in a suspended tenant: %v, want fault.Conflict", err)
	}
	if err := e.DB.View(ctx, scope, func(tenant.Tx) error { return nil }); err != nil {
		t.Errorf("reading in a suspended tenant: %v", err)
	}
}

func TestMergerOpensNothingBeforeItsDay(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	successor, _ := e.NewTenant(t)
	ctx := t.Context()
	if err := e.DB.Platform(ctx, func(tx tenant.Platform) error {
		return tenant.Succeed(ctx, tx, tenant.Lineage{Successor: successor.ID, Origin: e.Tenant.ID, Effective: tx.Now().AddDate(1, 0, 0), Basis: "thử"})
	}); err != nil {
		t.Fatal(err)
	}
	e.DB.Forget()
	if origins, err := e.DB.Origins(ctx, successor.ID); err != nil || len(origins) != 0 {
		t.Errorf("a year ahead the successor reads %v, %v; want nothing", origins, err)
	}
	if now, err := e.DB.Tenant(ctx, e.Tenant.ID); err != nil || now.State != tenant.Active {
		t.Errorf("a year ahead the origin is %s, %v; want active", now.State, err)
	}
	later := e.DB.WithClock(func() time.Time { return time.Now().AddDate(2, 0, 0) })
	if origins, err := later.Origins(ctx, successor.ID); err != nil || len(origins) != 1 {
		t.Errorf("two years on the successor reads %v, %v; want one", origins, err)
	}
}
