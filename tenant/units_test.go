package tenant_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

var today = time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)

// dissolution is an invented reform that ends one commune of a province; its resolution has the name.
func dissolution(name string, province unit.Code, nth int, day string) (unit.Reform, unit.Unit) {
	p, err := unit.Embedded().Lookup(unit.Province, province, today)
	if err != nil {
		panic(err)
	}
	c := unit.Communes(p.Ref, today)
	return unit.Reform{
		Format: unit.ReformFormat, Resolution: name, Effective: day,
		Ended: []unit.Ended{{Code: c[nth].Ref.Code}}, Links: []unit.Passing{{From: c[nth].Ref.Code, To: c[nth+1].Ref.Code}},
	}, c[nth]
}

func importUnits(t *testing.T, db *tenant.DB, r unit.Reform) (known bool, err error) {
	t.Helper()
	err = db.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		_, known, err = tenant.ImportUnits(t.Context(), tx, r)
		return err
	})
	return known, err
}

func TestAReformIsImportedOnceAndNotContradicted(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	r, ended := dissolution("Nghị quyết giả định A", "40", 0, "2027-01-01")
	for n, want := range []bool{false, true} {
		if known, err := importUnits(t, e.DB, r); err != nil || known != want {
			t.Fatalf("import %d: known %v, %v; want %v", n, known, err, want)
		}
	}
	spaced := r
	spaced.Resolution = " Nghị quyết  giả định A"
	if known, err := importUnits(t, e.DB, spaced); err != nil || !known {
		t.Errorf("the same with other spaces: known %v, %v", known, err)
	}
	other, _ := dissolution(r.Resolution, "40", 4, "2027-01-01")
	if _, err := importUnits(t, e.DB, other); !errors.Is(err, fault.Conflict) {
		t.Errorf("the same resolution with another content: %v, want a conflict", err)
	}
	again := r
	again.Resolution = "Nghị quyết giả định B"
	var wrong fault.Invalid
	if _, err := importUnits(t, e.DB, again); !errors.As(err, &wrong) {
		t.Errorf("a commune that has ended ends by another resolution: %v", err)
	}
	again.Effective = "2026-12-01" // before the reform that is known, which would then end nothing
	if _, err := importUnits(t, e.DB, again); !errors.As(err, &wrong) {
		t.Errorf("a reform that makes a later one impossible: %v", err)
	}
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		a, err := tenant.Units(t.Context(), tx)
		if err != nil {
			return err
		}
		for on, lives := range map[time.Time]bool{today: true, time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC): false} {
			if _, err := a.Lookup(unit.Commune, ended.Ref.Code, on); (err == nil) != lives {
				t.Errorf("%s on %s: %v", ended.FullName, on, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyThePlatformTouchesReforms(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	for _, role := range tenant.Roles {
		_, err := e.As(t, role).Exec(t.Context(), "select from tenant.unit_reform")
		if (err == nil) != (role == "txng_platform") {
			t.Errorf("%s reads the reforms: %v", role, err)
		}
	}
	for _, sql := range []string{"delete from tenant.unit_reform", "update tenant.unit_reform set content = ''"} {
		if _, err := e.As(t, "txng_platform").Exec(t.Context(), sql); err == nil {
			t.Errorf("%s is allowed", sql)
		}
	}
}

func TestContradictoryImportsAtOnceDoNotBothPass(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	passed := 0
	for _, name := range []string{"Nghị quyết cùng lúc 1", "Nghị quyết cùng lúc 2", "Nghị quyết cùng lúc 3"} {
		r, _ := dissolution(name, "01", 0, "2027-06-01")
		group.Go(func() {
			err := e.DB.Platform(context.WithoutCancel(t.Context()), func(tx tenant.Platform) error {
				_, _, err := tenant.ImportUnits(t.Context(), tx, r)
				return err
			})
			if err == nil {
				mu.Lock()
				passed++
				mu.Unlock()
			}
		})
	}
	group.Wait()
	if passed != 1 {
		t.Errorf("%d of 3 contradictory reforms were imported, want 1", passed)
	}
}

func TestEveryInstanceHearsOfAReform(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	heard := make(chan *unit.Atlas, 100)
	watch := e.DB.WatchUnitsInto(t, func(a *unit.Atlas) { heard <- a })
	if err := watch.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { watch.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	r, ended := dissolution("Nghị quyết được nghe thấy", "48", 0, "2027-01-01")
	if _, err := importUnits(t, e.DB, r); err != nil {
		t.Fatal(err)
	}
	for deadline := time.After(15 * time.Second); ; {
		select {
		case a := <-heard:
			if _, err := a.Lookup(unit.Commune, ended.Ref.Code, time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)); err != nil {
				return
			}
		case <-deadline:
			t.Fatal("the reform was not heard of within 15 seconds")
		}
	}
}
