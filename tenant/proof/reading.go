package proof

import (
	"context"
	"errors"

	"txng/tenant"
	"txng/tenant/fault"
)

// read sends one statement that reads and compares its answer.
func (m *model) read(ctx context.Context, tx tenant.Tx, p *place, s confined, draft state) error {
	switch p.rng.IntN(8) {
	case 0, 1:
		id := p.any(&draft)
		got, err := tenant.One[item](ctx, tx, listItems+" and id = $2", id)
		if err != nil {
			return err
		}
		m.check(p, got.TenantID, got.Name)
		if got.Rev != draft.items[id] || got.Name != p.name(id) {
			m.wrong(p, "item %d is %q at %d, want %d", id, got.Name, got.Rev, draft.items[id])
		}
	case 2:
		o := m.stranger(p)
		if _, err := tenant.One[item](ctx, tx, listItems+" and id = $2", o.anchor); !errors.Is(err, fault.NotFound) {
			if err == nil {
				m.note(func(s *Modelled) { s.Foreign++ })
				m.wrong(p, "found an item of tenant %d", o.id)
			}
			return err
		}
	case 3:
		list, err := tenant.List[item](ctx, tx, listItems)
		if err != nil {
			return err
		}
		m.items(p, list, draft)
	case 4: // row security alone: the statement names no tenant
		list, err := tenant.List[item](ctx, tx, `
			select tenant_id, id, name, split_part(source, ' ', 2)::int as rev
			from catalog.list_item
			where $1::int[] is not null`)
		if err != nil {
			return err
		}
		m.items(p, list, draft)
	case 5:
		list, err := tenant.List[row](ctx, tx, listProducts)
		if err != nil {
			return err
		}
		m.products(p, list, draft, s)
	case 6:
		list, err := tenant.List[row](ctx, tx, `
			select tenant_id, id, org_id, name, state = 'published' as published
			from catalog.product
			where $1::int[] is not null`)
		if err != nil {
			return err
		}
		m.products(p, list, draft, s)
	case 7:
		list, err := tenant.List[struct {
			TenantID tenant.ID
			ID       tenant.OrgID
			Name     string
			Unit     string
		}](ctx, tx, `
			select tenant_id, id, name, unit
			from organization.organization
			where tenant_id = any ($1)`)
		if err != nil {
			return err
		}
		want := 2 * (1 + len(p.origins))
		switch {
		case s.org >= 0:
			want = 1
		case s.unit >= 0:
			want = 1 + len(p.origins)
		}
		if len(list) != want {
			m.wrong(p, "%d organizations, want %d", len(list), want)
		}
		for _, o := range list {
			m.check(p, o.TenantID, o.Name)
			if s.org >= 0 && o.ID != p.orgs[s.org] || s.unit >= 0 && o.Unit != p.units[s.unit] {
				m.wrong(p, "organization %d in %s seen in a scope that is confined to another", o.ID, o.Unit)
			}
		}
	}
	return nil
}

// items compares a list of all items that p reads.
func (m *model) items(p *place, list []item, draft state) {
	want := len(draft.items)
	for _, o := range p.origins {
		want += len(o.items)
	}
	if len(list) != want {
		m.wrong(p, "%d items, want %d", len(list), want)
	}
	for _, i := range list {
		m.check(p, i.TenantID, i.Name)
		if rev, ok := draft.items[i.ID]; i.TenantID == p.id && (!ok || rev != i.Rev) {
			m.wrong(p, "item %d is at %d, want %d", i.ID, i.Rev, rev)
		}
	}
}

// products compares a list of all products that p reads in the scope.
func (m *model) products(p *place, list []row, draft state, s confined) {
	want := 0
	for _, of := range append([]*place{{id: p.id, state: draft}}, p.origins...) {
		for _, x := range of.state.products {
			if s.org < 0 || x.org == p.orgs[s.org] {
				want++
			}
		}
	}
	if len(list) != want {
		m.wrong(p, "%d products, want %d", len(list), want)
	}
	for _, x := range list {
		m.check(p, x.TenantID, x.Name)
		if s.org >= 0 && x.OrgID != p.orgs[s.org] {
			m.wrong(p, "product of organization %d seen by %d", x.OrgID, p.orgs[s.org])
		}
		if own, ok := draft.products[x.ID]; x.TenantID == p.id && (!ok || own != productOf{x.OrgID, x.Published}) {
			m.wrong(p, "product %d is %v, want %v", x.ID, x, own)
		}
	}
}

// view reads, and now and then tries to write, which must be refused.
func (m *model) view(ctx context.Context, p *place) {
	s := p.confine()
	operations := min(1+p.rng.IntN(8), p.quota)
	writes := p.rng.IntN(20) == 0
	err := m.db.View(ctx, s.Scope, func(tx tenant.Tx) error {
		for range operations {
			m.count(p)
			if err := m.read(ctx, tx, p, s, p.state); err != nil {
				return err
			}
		}
		if !writes {
			return nil
		}
		m.count(p)
		if _, err := tx.Exec(ctx, insertItem, tx.NewID(), p.canary+" view", p.canary+" 0", tx.Now()); err == nil {
			m.wrong(p, "a view has written")
		}
		return errWanted
	})
	if err != nil && !(writes && errors.Is(err, errWanted)) {
		m.wrong(p, "view: %v", err)
	}
}

func (m *model) fetch(ctx context.Context, p *place) {
	m.count(p)
	s := p.confine()
	if p.rng.IntN(2) == 0 {
		list, err := tenant.Fetch[item](ctx, m.db, s.Scope, listItems)
		if err != nil {
			m.wrong(p, "fetch: %v", err)
			return
		}
		m.items(p, list, p.state)
		return
	}
	list, err := tenant.Fetch[row](ctx, m.db, s.Scope, listProducts)
	if err != nil {
		m.wrong(p, "fetch: %v", err)
		return
	}
	m.products(p, list, p.state, s)
}

// public reads the tenant's products as anybody, who sees the published ones.
func (m *model) public(ctx context.Context, p *place) {
	m.count(p)
	err := m.db.Public(ctx, func(tx tenant.Public) error {
		list, err := tenant.List[row](ctx, tx, `
			select tenant_id, id, org_id, name, state = 'published' as published
			from catalog.product
			where tenant_id = $1`, p.id)
		if err != nil {
			return err
		}
		want := 0
		for _, x := range p.state.products {
			if x.published {
				want++
			}
		}
		if len(list) != want {
			m.wrong(p, "the public door sees %d products, %d are published", len(list), want)
		}
		for _, x := range list {
			m.check(p, x.TenantID, x.Name)
			if !p.state.products[x.ID].published {
				m.wrong(p, "the public door sees product %d, which is a draft", x.ID)
			}
		}
		return nil
	})
	if err != nil {
		m.wrong(p, "public: %v", err)
	}
}

// nation reads the tenant's roll-ups as the ministry.
func (m *model) nation(ctx context.Context, p *place) {
	m.count(p)
	err := m.db.Nation(ctx, func(tx tenant.Nation) error {
		list, err := tenant.List[day](ctx, tx, `
			select tenant_id, day - date '2026-01-01' as day, numerator
			from kpi.rollup
			where tenant_id = $1 and measure = 'txng_proof'`, p.id)
		if len(list) != len(p.rollups) {
			m.wrong(p, "the ministry sees %d roll-ups, want %d", len(list), len(p.rollups))
		}
		for _, d := range list {
			if p.rollups[d.Day] != d.Numerator {
				m.wrong(p, "the ministry sees %d on day %d, want %d", d.Numerator, d.Day, p.rollups[d.Day])
			}
		}
		return err
	})
	if err != nil {
		m.wrong(p, "nation: %v", err)
	}
}

// refused goes through doors that must stay shut.
func (m *model) refused(ctx context.Context, p *place) {
	m.count(p)
	var err error
	what := ""
	p.refusals++
	switch p.refusals % 4 {
	case 0:
		what = "the zero scope"
		_, err = tenant.Fetch[item](ctx, m.db, tenant.Scope{}, listItems)
	case 1:
		what = "the ministry on products"
		err = m.db.Nation(ctx, func(tx tenant.Nation) error {
			_, err := tenant.Column[string](ctx, tx, "select name from catalog.product")
			return err
		})
	case 2:
		what = "the public on items"
		err = m.db.Public(ctx, func(tx tenant.Public) error {
			_, err := tenant.Column[string](ctx, tx, "select name from catalog.list_item")
			return err
		})
	case 3:
		what = "the platform on products"
		err = m.db.Platform(ctx, func(tx tenant.Platform) error {
			_, err := tenant.Column[string](ctx, tx, "select name from catalog.product")
			return err
		})
	}
	if err == nil {
		m.wrong(p, "%s: not refused", what)
	}
}
