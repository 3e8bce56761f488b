package proof

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"txng/tenant"
)

// Endings of a transaction.
const (
	commits = iota
	fails
	panics
	cancelledMidway // in the middle of a statement
	cancelledAnyway // whenever the time is up: perhaps after the commit
	killed
)

func ending(rng *rand.Rand) int {
	switch n := rng.IntN(1000); {
	case n < 30:
		return fails
	case n < 50:
		return panics
	case n < 60:
		return cancelledMidway
	case n < 70:
		return cancelledAnyway
	case n < 75:
		return killed
	}
	return commits
}

// turn runs one transaction of a tenant, or one statement through another door.
func (m *model) turn(ctx context.Context, p *place) {
	m.note(func(s *Modelled) { s.Transactions++ })
	switch n := p.rng.IntN(100); {
	case n < 72:
		m.write(ctx, p)
	case n < 86:
		m.view(ctx, p)
	case n < 92:
		m.fetch(ctx, p)
	case n < 95:
		m.public(ctx, p)
	case n < 97:
		m.nation(ctx, p)
	default:
		m.refused(ctx, p)
	}
}

// confined returns a scope of the tenant: whole, of one organization, or of one unit.
type confined struct {
	tenant.Scope
	org  int // index of the organization, -1 for all
	unit int // index of the unit, -1 for all
}

func (p *place) confine() confined {
	i := p.rng.IntN(2)
	switch p.rng.IntN(6) {
	case 0:
		return confined{p.scope.Of(p.orgs[i]), i, -1}
	case 1:
		return confined{p.scope.Within(p.units[i : i+1]), -1, i}
	case 2: // assigned, and nothing else
		return confined{p.scope.Only(tenant.OrgsOf([]tenant.OrgID{p.orgs[i]})), i, -1}
	}
	return confined{p.scope, -1, -1}
}

func (m *model) write(ctx context.Context, p *place) {
	s := p.confine()
	draft := p.clone()
	operations := min(1+p.rng.IntN(14), p.quota)
	end := ending(p.rng)
	pause := time.Duration(p.rng.IntN(3000)) * time.Microsecond
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	if end == cancelledAnyway {
		defer time.AfterFunc(pause, cancel).Stop()
	}
	var panicked any
	err := func() (err error) {
		defer func() { panicked = recover() }()
		return m.db.In(inner, s.Scope, func(tx tenant.Tx) error {
			if err := alone(inner, tx); err != nil {
				return err
			}
			for range operations {
				if err := m.operate(inner, tx, p, s, &draft); err != nil {
					return err
				}
			}
			switch end {
			case fails:
				return errWanted
			case panics:
				panic(errWanted)
			case cancelledMidway:
				time.AfterFunc(pause, cancel)
				_, err := tenant.Column[string](inner, tx, "select pg_sleep(0.2)::text where $1::int[] is not null")
				return err
			case killed:
				_, err := tenant.Column[bool](inner, tx, "select pg_terminate_backend(pg_backend_pid()) where $1::int[] is not null")
				return err
			}
			return nil
		})
	}()
	m.note(func(sum *Modelled) {
		switch {
		case panicked != nil:
			sum.Panicked++
		case end == killed && err != nil:
			sum.Killed++
		case inner.Err() != nil:
			sum.Cancelled++
		case err != nil:
			sum.Failed++
		}
	})
	switch {
	case panicked != nil:
		if panicked != any(errWanted) {
			m.wrong(p, "panic: %v", panicked)
		}
	case inner.Err() != nil: // its outcome is one of two
		m.resolve(ctx, p, draft)
	case err == nil && (end == commits || end == cancelledAnyway): // or it was quicker than its cancellation
		p.state = draft
	case err == nil:
		m.wrong(p, "a transaction that was to end in another way (%d) has committed", end)
	case (end == commits || end == cancelledAnyway) && !errors.Is(err, errWanted):
		m.wrong(p, "a transaction that was to commit: %v", err)
	}
}

// alone waits until no other transaction of the tenant writes: one whose answer was not heard may still be at work.
func alone(ctx context.Context, tx tenant.Tx) error {
	_, err := tenant.Column[string](ctx, tx, "select pg_advisory_xact_lock($2)::text where $1::int[] is not null", int64(tx.Tenant()))
	return err
}

// resolve finds out how a transaction ended whose answer was not heard: all of it is there, or nothing.
func (m *model) resolve(ctx context.Context, p *place, draft state) {
	now := state{items: map[int64]int{}, products: map[int64]productOf{}, rollups: map[int]int64{}}
	err := m.db.View(ctx, p.scope, func(tx tenant.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		items, err := tenant.List[item](ctx, tx, listItems)
		if err != nil {
			return err
		}
		for _, i := range items {
			if i.TenantID == p.id {
				now.items[i.ID] = i.Rev
			}
		}
		products, err := tenant.List[row](ctx, tx, listProducts)
		if err != nil {
			return err
		}
		for _, x := range products {
			if x.TenantID == p.id {
				now.products[x.ID] = productOf{x.OrgID, x.Published}
			}
		}
		days, err := tenant.List[day](ctx, tx, listDays)
		if err != nil {
			return err
		}
		for _, d := range days {
			if d.TenantID == p.id {
				now.rollups[d.Day] = d.Numerator
			}
		}
		return nil
	})
	same := func(a, b state) bool {
		return maps.Equal(a.items, b.items) && maps.Equal(a.products, b.products) && maps.Equal(a.rollups, b.rollups)
	}
	switch {
	case err != nil:
		m.wrong(p, "look how a cancelled transaction ended: %v", err)
	case same(now, draft):
		p.state = draft
	case !same(now, p.state):
		m.wrong(p, "a cancelled transaction is there in part")
	}
}

// item, row and day are rows as they are read.
type (
	item struct {
		TenantID tenant.ID
		ID       int64
		Name     string
		Rev      int
	}
	row struct {
		TenantID  tenant.ID
		ID        int64
		OrgID     tenant.OrgID
		Name      string
		Published bool
	}
	day struct {
		TenantID  tenant.ID
		Day       int
		Numerator int64
	}
)

const (
	listItems = `
		select tenant_id, id, name, split_part(source, ' ', 2)::int as rev
		from catalog.list_item
		where tenant_id = any ($1)`
	listProducts = `
		select tenant_id, id, org_id, name, state = 'published' as published
		from catalog.product
		where tenant_id = any ($1)`
	listDays = `
		select tenant_id, day - date '2026-01-01' as day, numerator
		from kpi.rollup
		where tenant_id = any ($1) and measure = 'txng_proof'`
)

// stranger returns a tenant that p does not read.
func (m *model) stranger(p *place) *place {
	for {
		o := m.places[p.rng.IntN(len(m.places))]
		known := o == p
		for _, origin := range p.origins {
			known = known || o == origin
		}
		if !known {
			return o
		}
	}
}

// any returns a random item of the draft, the anchor when there is no other.
func (p *place) any(s *state) int64 {
	if len(s.order) == 0 {
		return p.anchor
	}
	return s.order[p.rng.IntN(len(s.order))]
}

// operate sends one statement that writes or reads and compares its answer. An error ends the transaction.
func (m *model) operate(ctx context.Context, tx tenant.Tx, p *place, s confined, draft *state) error {
	m.count(p)
	expect := func(err error, got, want int64, what string) error {
		if err == nil && got != want {
			m.wrong(p, "%s: %d rows, want %d", what, got, want)
		}
		return err
	}
	switch n := p.rng.IntN(100); {
	case n < 22 && len(draft.items) < 24:
		id := tx.NewID()
		if _, err := tx.Exec(ctx, insertItem, id, p.name(id), p.canary+" 0", tx.Now()); err != nil {
			return err
		}
		draft.items[id] = 0
		draft.order = append(draft.order, id)
		return nil
	case n < 40:
		id := p.any(draft)
		rev := draft.items[id] + 1
		got, err := tx.Exec(ctx, `
			update catalog.list_item
			set source = $3
			where tenant_id = $1 and id = $2`, id, fmt.Sprintf("%s %d", p.canary, rev))
		draft.items[id] = rev
		return expect(err, got, 1, "change an item")
	case n < 52 && len(draft.order) > 0:
		i := p.rng.IntN(len(draft.order))
		id := draft.order[i]
		got, err := tx.Exec(ctx, `
			delete from catalog.list_item
			where tenant_id = $1 and id = $2`, id)
		delete(draft.items, id)
		draft.order = append(draft.order[:i:i], draft.order[i+1:]...)
		return expect(err, got, 1, "remove an item")
	case n < 58 && len(draft.products) < 12 && s.unit < 0:
		id, i := tx.NewID(), p.rng.IntN(2)
		if s.org >= 0 {
			i = s.org
		}
		if _, err := tx.Exec(ctx, `
			insert into catalog.product (tenant_id, id, org_id, gtin, name, origin, state, created_at)
			values ($1, $2, $3, $4, $5, 'x', 'draft', $6)`,
			id, p.orgs[i], fmt.Sprintf("%014d", id%1e14), p.canary, tx.Now()); err != nil {
			return err
		}
		draft.products[id] = productOf{org: p.orgs[i]}
		return nil
	case n < 62:
		return m.publish(ctx, tx, p, s, draft)
	case n < 66:
		d, v := p.rng.IntN(5), int64(p.rng.IntN(1000))
		draft.rollups[d] = v
		got, err := tx.Exec(ctx, `
			insert into kpi.rollup (tenant_id, measure, day, numerator, denominator, computed_at)
			values ($1, 'txng_proof', $2, $3, 1, $4)
			on conflict (tenant_id, measure, day, alone) do update
			set numerator = excluded.numerator`, firstDay.AddDate(0, 0, d), v, tx.Now())
		return expect(err, got, 1, "roll up")
	case n < 69: // another tenant's row, by its number and its tenant's
		o := m.stranger(p)
		got, err := tx.Exec(ctx, `
			update catalog.list_item
			set source = source
			where tenant_id <> $1 and tenant_id = $2 and id = $3`, o.id, o.anchor)
		return expect(err, got, 0, "change another tenant's item")
	case n < 72:
		o := m.stranger(p)
		got, err := tx.Exec(ctx, `
			delete from catalog.list_item
			where tenant_id <> $1 and tenant_id = $2 and id = $3`, o.id, o.anchor)
		return expect(err, got, 0, "remove another tenant's item")
	case n < 76 && len(p.origins) > 0:
		return m.inherit(ctx, tx, p)
	case n < 75:
		return m.forbidden(ctx, tx, p)
	}
	return m.read(ctx, tx, p, s, *draft)
}

// publish turns a product's state over.
func (m *model) publish(ctx context.Context, tx tenant.Tx, p *place, s confined, draft *state) error {
	if len(draft.products) == 0 {
		return m.read(ctx, tx, p, s, *draft)
	}
	id := slices.Sorted(maps.Keys(draft.products))[p.rng.IntN(len(draft.products))]
	x := draft.products[id]
	want := int64(1)
	if s.org >= 0 && x.org != p.orgs[s.org] {
		want = 0 // it belongs to the other organization
	}
	got, err := tx.Exec(ctx, `
		update catalog.product
		set state = case state when 'draft' then 'published' else 'draft' end
		where tenant_id = $1 and id = $2`, id)
	if err == nil && got != want {
		m.wrong(p, "publish: %d rows, want %d", got, want)
	}
	if want == 1 {
		x.published = !x.published
		draft.products[id] = x
	}
	return err
}

// inherit tries to write what the tenant has inherited: it reads that, and does not change it. What is refused ends the
// transaction.
func (m *model) inherit(ctx context.Context, tx tenant.Tx, p *place) error {
	o := p.origins[p.rng.IntN(len(p.origins))]
	var err error
	what := ""
	switch p.rng.IntN(3) {
	case 0:
		got, err := tx.Exec(ctx, `
			delete from catalog.list_item
			where tenant_id <> $1 and tenant_id = $2 and id = $3`, o.id, o.anchor)
		if err == nil && got != 0 {
			m.wrong(p, "remove the origin's item: %d rows, want 0", got)
		}
		return err
	case 1:
		what = "a change of the origin's item"
		_, err = tx.Exec(ctx, `
			update catalog.list_item
			set source = source
			where tenant_id <> $1 and tenant_id = $2 and id = $3`, o.id, o.anchor)
	case 2:
		what = "an item in the origin's name"
		_, err = tx.Exec(ctx, insertForOther, o.id, tx.NewID(), p.canary, tx.Now())
	}
	if err == nil {
		m.wrong(p, "%s: not refused", what)
	} else if ctx.Err() != nil {
		return err
	}
	return errWanted
}

// insertForOther writes an item in the name of the tenant $2.
const insertForOther = `
	insert into catalog.list_item (tenant_id, id, list, name, source, official, created_at)
	select $2, $3, 'uu-tien', $4, '', false, $5
	where $1::int > 0`

// forbidden sends what the database must refuse; the transaction ends with it.
func (m *model) forbidden(ctx context.Context, tx tenant.Tx, p *place) error {
	var err error
	what := ""
	switch p.rng.IntN(4) {
	case 0:
		what = "an item in another tenant's name"
		_, err = tx.Exec(ctx, insertForOther, m.stranger(p).id, tx.NewID(), p.canary, tx.Now())
	case 1:
		what = "an item that is there already"
		_, err = tx.Exec(ctx, insertItem, tx.NewID(), p.name(p.anchor), p.canary+" 0", tx.Now())
	case 2:
		what = "a row given to another tenant"
		_, err = tx.Exec(ctx, `
			update catalog.list_item
			set tenant_id = $2
			where tenant_id = $1 and id = $3`, m.stranger(p).id, p.anchor)
	case 3:
		what = "a statement without its tenant"
		_, err = tenant.List[item](ctx, tx, `
			select tenant_id, id, name, 0 as rev
			from catalog.list_item`)
	}
	if err == nil {
		m.wrong(p, "%s: not refused", what)
	} else if ctx.Err() != nil {
		return err
	}
	return errWanted
}
