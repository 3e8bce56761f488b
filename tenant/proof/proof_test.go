package proof_test

import (
	"flag"
	"os"
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

func TestEveryPlantedFaultIsFound(t *testing.T) {
	e := tenanttest.New(t)
	list := append(proof.DoorMutations(), proof.RightMutations()...)
	m, err := proof.Mutate(t.Context(), e.Config, list, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, missed := range m.Missed {
		t.Errorf("not found: %s", missed)
	}
	t.Logf("%d of %d planted faults found", m.Found, m.Planted)
}
