package proof_test

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"txng/tenant/proof"
	"txng/tenant/tenanttest"
)

var (
	operations = flag.Int("operations", 200_000, "operations of the model test")
	seed       = flag.Uint64("seed", 0, "seed of the model test; 0 means one of the time")
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(m.Run())
}

func TestEveryAnswerIsAsTheModelSays(t *testing.T) {
	e := tenanttest.New(t)
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (repeat with -args -seed %[1]d)", *seed)
	start := time.Now()
	m, err := proof.Model(t.Context(), e.Config, proof.ModelOptions{Operations: *operations, Seed: *seed})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d operations in %d transactions (%d cancelled, %d killed, %d panicked, %d failed), %d mergers, %s", m.Operations, m.Transactions, m.Cancelled, m.Killed, m.Panicked, m.Failed, m.Mergers, time.Since(start).Round(time.Millisecond))
	if m.Operations < *operations {
		t.Errorf("%d operations, want %d", m.Operations, *operations)
	}
	if m.Foreign+m.Lost+m.Doubled > 0 {
		t.Errorf("%d foreign rows, %d lost, %d doubled", m.Foreign, m.Lost, m.Doubled)
	}
	for _, w := range append(m.Wrong, m.Residue...) {
		t.Error(w)
	}
}

// TestEveryPlantedFaultIsFound plants the faults that need no site: those of statements and of access are planted by
// package main's test. None of the lists may shrink.
func TestEveryPlantedFaultIsFound(t *testing.T) {
	e := tenanttest.New(t)
	lists := map[string][]proof.Mutation{"catalog": proof.CatalogMutations(), "door": proof.DoorMutations(), "right": proof.RightMutations()}
	var all []proof.Mutation
	for kind, least := range map[string]int{"catalog": 75, "door": 25, "right": 16} {
		if n := len(lists[kind]); n < least {
			t.Errorf("%d faults of the %s, want %d or more", n, kind, least)
		}
		all = append(all, lists[kind]...)
	}
	m, err := proof.Mutate(t.Context(), e.Config, all, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, missed := range m.Missed {
		t.Errorf("not found: %s", missed)
	}
	if m.Planted < 40 || m.Planted != len(all) || m.Found != m.Planted {
		t.Errorf("%d of %d planted faults found, want all of %d", m.Found, m.Planted, len(all))
	}
	t.Logf("%d of %d planted faults found (%d of the catalog, %d of the doors, %d of rights)", m.Found, m.Planted, len(lists["catalog"]), len(lists["door"]), len(lists["right"]))
}

// TestTablesWithoutARowAreNamed: an attack on a tenant that has one row says of every other table that it was empty.
func TestTablesWithoutARowAreNamed(t *testing.T) {
	e := tenanttest.New(t)
	attacker, _ := e.NewTenant(t)
	origin, _ := e.NewTenant(t)
	const table = "stamps.counter"
	if err := proof.AsOwner(t.Context(), e.Config, "insert into stamps.counter (tenant_id, last) values ($1, 1)", e.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	a, err := proof.Attack(t.Context(), e.Config, proof.Places{Victim: e.Tenant.ID, Attacker: attacker.ID, Origin: origin.ID}, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Empty) < 35 || slices.Contains(a.Empty, table) {
		t.Errorf("without a row: %v, want all but %s", a.Empty, table)
	}
	for _, name := range a.Empty {
		if !slices.ContainsFunc(a.Blind, func(cell string) bool { return strings.HasPrefix(cell, "select on "+name+":") }) {
			t.Errorf("%s is empty, and select on it is not named blind", name)
		}
	}
	for _, leak := range a.Leaks {
		t.Error(leak)
	}
}
