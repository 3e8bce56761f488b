package tenant_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
	"txng/tenant/tenanttest"
)

// gates are locks of the database that the test holds: who asks for one stays inside the database until it is opened.
type gates struct {
	conn  *pgx.Conn
	class int
}

func (g gates) shut(t *testing.T, n int) {
	t.Helper()
	if _, err := g.conn.Exec(t.Context(), "select pg_advisory_lock($1, i) from generate_series(0, $2) i", g.class, n-1); err != nil {
		t.Fatal(err)
	}
}

func (g gates) open(t *testing.T, gate int) {
	t.Helper()
	if _, err := g.conn.Exec(t.Context(), "select pg_advisory_unlock($1, $2)", g.class, gate); err != nil {
		t.Fatal(err)
	}
}

// inside returns at which gates somebody stands, as the server says.
func (g gates) inside(t *testing.T) []int {
	t.Helper()
	rows, err := g.conn.Query(t.Context(), "select objid::int from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database()) and classid = $1 and not granted order by 1", g.class)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// until waits for what must come to be.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestGreedyTenantLeavesConnectionsToItsNeighbours has one tenant ask for ten times the connections that there are, in
// every way that a transaction of a tenant begins, and keep each that it gets. The server says how many of them it is at
// work on; no more than its share, and its neighbours are answered beside them, whatever the machine's speed.
func TestGreedyTenantLeavesConnectionsToItsNeighbours(t *testing.T) {
	t.Parallel()
	const size, most = 4, 3
	e := tenanttest.New(t)
	second, scopeOfSecond := e.NewTenant(t)
	third, scopeOfThird := e.NewTenant(t)
	config := e.Config
	config.MaxConns = size
	db, err := tenant.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	g := gates{e.Owner(t), int(e.Tenant.ID)}
	const asked = 10 * size
	g.shut(t, asked+1)
	ctx, stop := context.WithCancel(context.Background())
	var group sync.WaitGroup
	defer group.Wait()
	defer stop()

	type row struct{ Name string }
	stand := func(gate int) string {
		return fmt.Sprintf("select pg_advisory_xact_lock_shared(%d, %d)::text as name where $1::int[] is not null", g.class, gate)
	}
	write := func(scope tenant.Scope, gate int) error {
		return db.In(ctx, scope, func(tx tenant.Tx) error {
			_, err := tx.Exec(ctx, fmt.Sprintf("select pg_advisory_xact_lock_shared(%d, %d) where $1::int is not null", g.class, gate))
			return err
		})
	}
	view := func(scope tenant.Scope, sql string) error {
		return db.View(ctx, scope, func(tx tenant.Tx) error {
			_, err := tenant.List[row](ctx, tx, sql)
			return err
		})
	}
	fetch := func(scope tenant.Scope, sql string) error {
		_, err := tenant.Fetch[row](ctx, db, scope, sql)
		return err
	}
	for i := range asked {
		scope := e.Scope
		if i%2 == 1 {
			scope = scope.Of(1) // on the connections of confined scopes
		}
		group.Go(func() {
			switch i / 2 % 3 {
			case 0:
				_ = write(scope, i)
			case 1:
				_ = view(scope, stand(i))
			default:
				_ = fetch(scope, stand(i))
			}
		})
	}
	crowd := 0
	look := func() []int {
		list := g.inside(t)
		crowd = max(crowd, len(list))
		return list
	}
	until(t, "the greedy tenant has its share", func() bool { return len(look()) >= most })
	until(t, "the rest of what it asks for waits", func() bool { look(); return db.Waits(e.Tenant.ID) == asked-most || crowd > most })
	if crowd != most {
		t.Fatalf("the greedy tenant is at work on %d connections at once, want %d of %d", crowd, most, size)
	}

	// A neighbour needs no more than is left, however often it asks.
	const quick = "select 'x' as name where $1::int[] is not null"
	for i := range 30 {
		var err error
		switch i % 3 {
		case 0:
			err = view(scopeOfSecond, quick)
		case 1:
			err = fetch(scopeOfSecond, quick)
		default:
			err = db.In(ctx, scopeOfSecond.Of(1), func(tx tenant.Tx) error { return nil })
		}
		if err != nil {
			t.Fatalf("the neighbour's transaction %d: %v", i, err)
		}
		look()
	}

	// It keeps the last one: a third tenant waits for one connection to become free, and for nobody who asked before it.
	group.Go(func() { _ = view(scopeOfSecond, stand(asked)) })
	until(t, "the neighbour is inside", func() bool { return len(g.inside(t)) == size })
	served := make(chan error, 1)
	group.Go(func() { served <- view(scopeOfThird, quick) })
	until(t, "the third tenant waits", func() bool { return db.Waits(third.ID) == 1 })
	g.open(t, g.inside(t)[0])
	select {
	case err := <-served:
		if err != nil {
			t.Errorf("the third tenant: %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Fatal("one connection became free, and the third tenant is not served")
	}
	until(t, "the greedy tenant has what is left again", func() bool { return len(g.inside(t)) == size })
	if n := db.Waits(e.Tenant.ID); n != asked-most-1 {
		t.Errorf("%d of the greedy tenant's wait, want %d: one went in for the one that went out", n, asked-most-1)
	}
	if crowd != most {
		t.Errorf("the greedy tenant was at work on %d connections at once, want %d", crowd, most)
	}
	t.Logf("%d asked for, %d at work at once, second %d, third %d", asked, crowd, second.ID, third.ID)
}
