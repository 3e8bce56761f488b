package proof

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
)

// ModelOptions say how much the model test does.
type ModelOptions struct {
	Operations int    // statements whose answers are compared with the model
	Tenants    int    // 0 means 34
	Pool       int32  // connections of each door; 0 means 6
	Workers    int    // 0 means 16; more than the pool, so that connections go from hand to hand
	Seed       uint64 // of every choice; the same seed makes the same choices in every tenant
	Progress   func(done, total int)
}

// Modelled is what the model test came to. An operation is one statement sent through a door and its answer compared
// with the model; opening and ending transactions is counted apart.
type Modelled struct {
	Operations, Transactions            int
	Cancelled, Killed, Panicked, Failed int // transactions that ended so
	Mergers                             int
	Foreign                             int      // rows seen that bear another tenant's canary
	Lost, Doubled                       int      // rows at the end that the model has and the database has not, and the other way round
	Wrong                               []string // the first answers that differ from the model, in words
	Residue                             []string // what idle connections of the pool still held of a scope
	Differences                         int      // answers that differ
}

// place is one tenant of the model: what its rows must be. One transaction of a tenant runs at a time; origins that were
// merged do not change any more.
type place struct {
	id      tenant.ID
	canary  string
	scope   tenant.Scope
	units   [2]string
	orgs    [2]tenant.OrgID
	rng     *rand.Rand
	quota   int // operations left
	merged  bool
	origins []*place
	// refusals counts the times that it went through doors that must stay shut
	refusals int
	anchor   int64 // a row of list_item that is never removed
	state
}

// state is what a transaction changes.
type state struct {
	items    map[int64]int       // revision by id
	order    []int64             // ids of items, in order of making
	products map[int64]productOf // by id
	rollups  map[int]int64       // numerator by day
}

type productOf struct {
	org       tenant.OrgID
	published bool
}

func (s state) clone() state {
	c := state{items: make(map[int64]int, len(s.items)), order: slices.Clone(s.order), products: make(map[int64]productOf, len(s.products)), rollups: make(map[int]int64, len(s.rollups))}
	for k, v := range s.items {
		c.items[k] = v
	}
	for k, v := range s.products {
		c.products[k] = v
	}
	for k, v := range s.rollups {
		c.rollups[k] = v
	}
	return c
}

// model is a run.
type model struct {
	db     *tenant.DB
	places []*place
	o      ModelOptions

	mu   sync.Mutex
	sum  Modelled
	done atomic.Int64
}

// firstDay is the day of the first roll-up; each tenant has a few.
var firstDay = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Model makes tenants of its own on the database and runs random operations in them.
func Model(ctx context.Context, c tenant.Config, o ModelOptions) (Modelled, error) {
	o.Tenants, o.Workers = or(o.Tenants, 34), or(o.Workers, 16)
	c.MaxConns = int32(or(int(o.Pool), 6))
	if o.Progress == nil {
		o.Progress = func(int, int) {}
	}
	db, err := tenant.Open(ctx, c)
	if err != nil {
		return Modelled{}, err
	}
	defer db.Close()
	owner, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return Modelled{}, fmt.Errorf("connect as the owner: %w", err)
	}
	defer owner.Close(context.WithoutCancel(ctx))
	m := &model{db: db, o: o}
	if err := m.settle(ctx, owner); err != nil {
		return m.sum, fmt.Errorf("make the model's tenants: %w", err)
	}
	// Three phases with a round of mergers between them, while nobody is at work.
	share := o.Operations / 3
	for phase := range 3 {
		if phase > 0 {
			if err := m.merge(ctx, phase); err != nil {
				return m.sum, err
			}
		}
		if phase == 2 {
			share = o.Operations - 2*share
		}
		if err := m.phase(ctx, share); err != nil {
			return m.sum, err
		}
	}
	// The last thing that the connections are used for is a read in one flush, so that it cannot leave anything unseen.
	for _, p := range m.places[:min(len(m.places), 4)] {
		m.fetch(ctx, p)
	}
	if m.sum.Residue, err = tenant.Residue(ctx, db); err != nil {
		return m.sum, err
	}
	return m.sum, m.compare(ctx, owner)
}

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// settle registers the tenants with two organizations each, in two units, and a first row.
func (m *model) settle(ctx context.Context, owner *pgx.Conn) error {
	now := time.Now()
	run := fmt.Sprintf("%x", now.UnixNano())
	for n := range m.o.Tenants {
		rng := rand.New(rand.NewPCG(m.o.Seed, uint64(n)))
		p := &place{rng: rng, refusals: n, units: [2]string{"1@2025-07-01", "2@2025-07-01"}, state: state{items: map[int64]int{}, products: map[int64]productOf{}, rollups: map[int]int64{}}}
		var b [8]byte
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		p.canary = fmt.Sprintf("c%02d%s", n, hex.EncodeToString(b[:]))
		if err := owner.QueryRow(ctx, `
			insert into tenant.tenant (slug, name, unit, state, active_at, created_at)
			values ($1, $2, $1, 'active', $3, $3)
			returning id`, fmt.Sprintf("proof-%s-%d", run, n), "Proof "+p.canary, now).Scan(&p.id); err != nil {
			return err
		}
		m.places = append(m.places, p)
	}
	m.db.Forget()
	for _, p := range m.places {
		var err error
		if p.scope, err = m.db.Scope(ctx, p.id); err != nil {
			return err
		}
		if err := m.db.In(ctx, p.scope, func(tx tenant.Tx) error {
			for i := range p.orgs {
				p.orgs[i] = tenant.OrgID(tx.NewID())
				if _, err := tx.Exec(ctx, `
					insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
					values ($1, $2, 'enterprise', $3, $4, $3, $5, true, 'approved', $6)`,
					p.orgs[i], p.canary, fmt.Sprintf("%010d", i), p.units[i], tx.Now()); err != nil {
					return err
				}
			}
			p.anchor = tx.NewID()
			p.items[p.anchor] = 0
			_, err := tx.Exec(ctx, insertItem, p.anchor, p.name(p.anchor), p.canary+" 0", tx.Now())
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// name is an item's name: it bears the canary.
func (p *place) name(id int64) string { return fmt.Sprintf("%s %d", p.canary, id) }

const insertItem = `
	insert into catalog.list_item (tenant_id, id, list, name, source, official, created_at)
	values ($1, $2, 'uu-tien', $3, $4, false, $5)`

// merge has two tenants of those that are left succeed two others each; what successors have inherited goes along.
func (m *model) merge(ctx context.Context, phase int) error {
	free := slices.DeleteFunc(slices.Clone(m.places), func(p *place) bool { return p.merged })
	for n := 0; n < 2 && len(free) >= 4; n++ {
		successor, a, b := free[0], free[len(free)-1], free[len(free)-2]
		free = free[1 : len(free)-2]
		for _, origin := range []*place{a, b} {
			if err := m.db.Platform(ctx, func(tx tenant.Platform) error {
				return tenant.Succeed(ctx, tx, tenant.Lineage{Successor: successor.id, Origin: origin.id, Effective: tx.Now().AddDate(0, 0, -1), Basis: fmt.Sprintf("proof, round %d", phase)})
			}); err != nil {
				return err
			}
			origin.merged = true
			successor.origins = append(append(successor.origins, origin), origin.origins...)
			m.sum.Mergers++
		}
		m.db.Forget()
		var err error
		if successor.scope, err = m.db.Scope(ctx, successor.id); err != nil {
			return err
		}
	}
	return nil
}

// phase shares operations between the tenants that are at work; workers take whichever tenant is next.
func (m *model) phase(ctx context.Context, operations int) error {
	var at []*place
	for _, p := range m.places {
		if !p.merged {
			at = append(at, p)
		}
	}
	for i, p := range at {
		p.quota = operations / len(at)
		if i < operations%len(at) {
			p.quota++
		}
	}
	next := make(chan *place, len(at))
	left := atomic.Int64{}
	left.Store(int64(len(at)))
	for _, p := range at {
		next <- p
	}
	var group sync.WaitGroup
	var first atomic.Pointer[error]
	for range m.o.Workers {
		group.Go(func() {
			for p := range next {
				if err := ctx.Err(); err != nil {
					first.CompareAndSwap(nil, &err)
					p.quota = 0
				} else {
					m.turn(ctx, p)
				}
				if p.quota > 0 {
					next <- p
				} else if left.Add(-1) == 0 {
					close(next)
				}
			}
		})
	}
	group.Wait()
	if err := first.Load(); err != nil {
		return *err
	}
	return nil
}

func (m *model) note(f func(*Modelled)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.sum)
}

func (m *model) wrong(p *place, format string, args ...any) {
	m.note(func(s *Modelled) {
		s.Differences++
		if len(s.Wrong) < 20 {
			s.Wrong = append(s.Wrong, fmt.Sprintf("tenant %d: ", p.id)+fmt.Sprintf(format, args...))
		}
	})
}

// count notes one operation of a place.
func (m *model) count(p *place) {
	p.quota--
	if n := m.done.Add(1); n%1000 == 0 {
		m.o.Progress(int(n), m.o.Operations)
	}
	m.note(func(s *Modelled) { s.Operations++ })
}

// check looks at the canary of a row that was read through scope of p.
func (m *model) check(p *place, of tenant.ID, text string) {
	own := of == p.id && strings.HasPrefix(text, p.canary)
	for _, o := range p.origins {
		own = own || of == o.id && strings.HasPrefix(text, o.canary)
	}
	if !own {
		m.note(func(s *Modelled) { s.Foreign++ })
		m.wrong(p, "read a row of tenant %d: %q", of, text)
	}
}

// compare looks at all rows behind the doors.
func (m *model) compare(ctx context.Context, owner *pgx.Conn) error {
	for _, p := range m.places {
		items, products, rollups := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for id, rev := range p.items {
			items[fmt.Sprintf("%s %d", p.name(id), rev)] = true
		}
		for id, x := range p.products {
			products[fmt.Sprintf("%d %d %v %s", id, x.org, x.published, p.canary)] = true
		}
		for day, n := range p.rollups {
			rollups[fmt.Sprintf("%d %d", day, n)] = true
		}
		for _, t := range []struct {
			what, sql string
			want      map[string]bool
		}{
			{"items", "select name || ' ' || split_part(source, ' ', 2) from catalog.list_item where tenant_id = $1", items},
			{"products", "select id || ' ' || org_id || ' ' || (state = 'published') || ' ' || name from catalog.product where tenant_id = $1", products},
			{"roll-ups", "select day - date '2026-01-01' || ' ' || numerator from kpi.rollup where tenant_id = $1", rollups},
		} {
			rows, err := owner.Query(ctx, t.sql, p.id)
			if err != nil {
				return err
			}
			got, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return err
			}
			seen := map[string]bool{}
			for _, g := range got {
				if seen[g] || !t.want[g] {
					m.sum.Doubled++
					m.wrong(p, "%s at the end: %q is not in the model", t.what, g)
				}
				seen[g] = true
			}
			for w := range t.want {
				if !seen[w] {
					m.sum.Lost++
					m.wrong(p, "%s at the end: %q is lost", t.what, w)
				}
			}
		}
	}
	return nil
}

// errWanted ends a transaction that the model wants to fail.
var errWanted = errors.New("the model wants this to fail")
