package ministry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"txng/modules/kpi"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

// country is some provinces with organizations in their communes.
type country struct {
	*tenanttest.Env
	t    *testing.T
	ids  []tenant.ID
	at   map[tenant.ID][]string // communes
	made int64
}

func newCountry(t *testing.T, provinces int) *country {
	c := &country{Env: tenanttest.New(t), t: t, at: map[tenant.ID][]string{}}
	for i := range provinces {
		p := c.Tenant
		if i > 0 {
			p, _ = c.NewTenant(t)
		}
		ref, err := unit.ParseRef(p.Unit)
		if err != nil {
			t.Fatal(err)
		}
		on := c.DB.Now()
		if u, ok := unit.ByRef(ref); ok && !u.To.IsZero() {
			on = u.To.AddDate(0, 0, -1)
		}
		communes := unit.Communes(ref, on)
		if len(communes) < 3 {
			t.Fatalf("%s has %d communes", p.Name, len(communes))
		}
		c.ids = append(c.ids, p.ID)
		for _, u := range communes[:3] {
			c.at[p.ID] = append(c.at[p.ID], u.Ref.String())
		}
	}
	return c
}

func (c *country) in(id tenant.ID, f func(ctx context.Context, tx tenant.Tx) error) {
	c.t.Helper()
	scope, err := c.DB.Scope(c.t.Context(), id)
	if err == nil {
		err = c.DB.In(c.t.Context(), scope, func(tx tenant.Tx) error { return f(c.t.Context(), tx) })
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// business puts an organization into a commune, with a product, 500 stamps, 100 of them activated, and so many scans.
func (c *country) business(id tenant.ID, commune string, scans int) {
	c.t.Helper()
	c.made++
	n := c.made
	c.in(id, func(ctx context.Context, tx tenant.Tx) error {
		for _, sql := range []string{
			`insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
			values ($1, $2, 'cooperative', 'HTX', lpad($2::bigint::text, 10, '0'), 'Xóm 1', $3, $4::int <> 99, 'approved', now())`,
			`insert into catalog.product (tenant_id, id, org_id, gtin, name, origin, exported, state, created_at)
			values ($1, $2::bigint, $2::bigint, lpad($2::bigint::text, 14, '0'), 'Cam', $3, $4::int <> 99, 'published', now())`,
			`insert into trace.lot (tenant_id, id, org_id, product_id, code, place, produced_on, created_at)
			values ($1, $2::bigint, $2::bigint, $2::bigint, 'L1', $3, '2026-11-01'::date + $4::int - $4::int, now())`,
			`insert into stamps.stamp_order (tenant_id, number, org_id, product_id, gtin, quantity, request, created_at)
			values ($1, $2::bigint::int, $2::bigint, $2::bigint, lpad($2::bigint::text, 14, '0'), 500 + $4::int - $4::int, $3, now())`,
			`insert into stamps.stamp_range (tenant_id, id, org_id, order_number, first, last, state, lot_id, at)
			select $1, $2::bigint, $2::bigint, $2::bigint::int, 0, 99, 'activated', $2::bigint, now() where $3 <> '' and $4::int >= 0`,
			`insert into scan.scan (tenant_id, id, org_id, order_number, index, verdict, at)
			select $1, $2::bigint * 1000 + i, $2::bigint, $2::bigint::int, i, 'genuine', now() from generate_series(1, $4::int) i where $3 <> ''`,
		} {
			if _, err := tx.Exec(ctx, sql, n, commune, scans); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
}

func (c *country) platform(f func(tx tenant.Platform) error) {
	c.t.Helper()
	if err := c.DB.Platform(c.t.Context(), f); err != nil {
		c.t.Fatal(err)
	}
	c.DB.Forget()
}

func (c *country) cede(from, to tenant.ID, effective time.Time, communes ...string) (p tenant.Part) {
	c.t.Helper()
	c.platform(func(tx tenant.Platform) (err error) {
		p, err = tenant.Cede(c.t.Context(), tx, tenant.NewPart{Origin: from, Successor: to, Units: communes, Effective: effective, Basis: "Nghị quyết thử"})
		return err
	})
	return p
}

func (c *country) reclaim(p tenant.Part) {
	c.t.Helper()
	c.platform(func(tx tenant.Platform) error {
		_, err := tenant.Reclaim(c.t.Context(), tx, tenant.By{}, p.Origin, p.ID, "Nghị quyết bị thu hồi")
		return err
	})
}

func (c *country) merge(from, into tenant.ID) (m tenant.Merger) {
	c.t.Helper()
	c.platform(func(tx tenant.Platform) (err error) {
		m, err = tenant.Merge(c.t.Context(), tx, tenant.NewMerger{Origin: from, Successor: into, Effective: c.DB.Now(), Basis: "Nghị quyết thử", By: tenant.By{Name: "Người thử"}})
		return err
	})
	return m
}

func (c *country) refresh(ids ...tenant.ID) {
	c.t.Helper()
	for _, id := range ids {
		if err := kpi.RefreshTenant(c.t.Context(), c.DB, id); err != nil {
			c.t.Fatal(err)
		}
	}
}

func (c *country) seen(m Map) (list []Province) {
	c.t.Helper()
	if err := c.DB.Nation(c.t.Context(), func(tx tenant.Nation) (err error) {
		list, err = Provinces(c.t.Context(), tx, m)
		return err
	}); err != nil {
		c.t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(p Province) bool { return !slices.Contains(c.ids, p.ID) })
}

// moving are the measures whose rows belong to organizations.
func moving() []kpi.Measure {
	return slices.DeleteFunc(kpi.Measures(), func(m kpi.Measure) bool { return !m.Moves() })
}

// agrees checks that the sums over the country are equal on both maps and those of all rows, and that each province's own
// page says of each measure what the ministry's does.
func (c *country) agrees(when string) {
	c.t.Helper()
	now, before := c.seen(Present), c.seen(Before)
	sum := func(list []Province, key string) (v kpi.Value) {
		for _, p := range list {
			v = v.Add(p.values[key], 1)
		}
		return v
	}
	for _, m := range moving() {
		is, was := sum(now, m.Key), sum(before, m.Key)
		if is != was || is.Numerator == 0 {
			c.t.Errorf("%s: %s over the country is %v as it is, %v as it was", when, m.Key, is, was)
		}
		if n := map[string]int64{kpi.Organizations: c.made, kpi.Products: c.made, kpi.StampsOrdered: 500 * c.made, kpi.StampsActivated: 100 * c.made}[m.Key]; n != 0 && is.Numerator != n {
			c.t.Errorf("%s: %s over the country is %d, there are %d", when, m.Key, is.Numerator, n)
		}
	}
	for _, p := range now {
		c.in(p.ID, func(ctx context.Context, tx tenant.Tx) error {
			for _, m := range kpi.Measures() {
				own, err := kpi.ValueOf(ctx, tx, m, 0)
				if err != nil {
					return err
				}
				if own != p.values[m.Key] {
					c.t.Errorf("%s: %s of %s is %v on its own page, %v on the ministry's", when, m.Key, p.Name, own, p.values[m.Key])
				}
				rows, err := kpi.Rows(ctx, tx, m, 0)
				if err != nil {
					return err
				}
				var listed kpi.Value
				for _, r := range rows {
					listed = listed.Add(kpi.Value{Numerator: r.Numerator, Denominator: r.Denominator}, 1)
				}
				if listed != own {
					c.t.Errorf("%s: rows of %s of %s add up to %v, want %v", when, m.Key, p.Name, listed, own)
				}
			}
			return nil
		})
	}
}

// count says how many organizations each province has on a map, -1 for one that it has not.
func (c *country) count(m Map) (n []int64) {
	c.t.Helper()
	list := c.seen(m)
	for _, id := range c.ids {
		i := slices.IndexFunc(list, func(p Province) bool { return p.ID == id })
		if i < 0 {
			n = append(n, -1)
			continue
		}
		n = append(n, list[i].values[kpi.Organizations].Numerator)
	}
	return n
}

func (c *country) expect(when string, now, before []int64) {
	c.t.Helper()
	if got := c.count(Present); !slices.Equal(got, now) {
		c.t.Errorf("%s: as it is %v organizations, want %v", when, got, now)
	}
	if got := c.count(Before); !slices.Equal(got, before) {
		c.t.Errorf("%s: as it was %v organizations, want %v", when, got, before)
	}
	c.agrees(when)
}

func TestFiguresOfCededCommunesCountOnceWhereTheyWent(t *testing.T) {
	t.Parallel()
	c := newCountry(t, 4)
	giver, taker, third, last := c.ids[0], c.ids[1], c.ids[2], c.ids[3]
	for i, id := range c.ids {
		c.business(id, c.at[id][0], i+1)
		c.business(id, c.at[id][0], 0)
		c.business(id, c.at[id][1], 10*i)
		c.business(id, c.at[id][2], 3)
	}
	was := []int64{4, 4, 4, 4}
	c.refresh(c.ids...)
	c.expect("at first", was, was)

	p := c.cede(giver, taker, c.DB.Now(), c.at[giver][0])
	c.refresh(c.ids...)
	c.expect("ceded", []int64{2, 6, 4, 4}, was)

	c.business(giver, c.at[giver][0], 7)
	was = []int64{5, 4, 4, 4}
	c.refresh(giver, taker)
	c.expect("a new organization in the ceded commune", []int64{2, 7, 4, 4}, was)

	back := c.cede(taker, giver, c.DB.Now(), c.at[taker][1])
	c.refresh(c.ids...)
	c.refresh(c.ids...) // the first of two that exchange copies what the second has not yet kept
	c.expect("exchanged", []int64{3, 6, 4, 4}, was)

	merged := c.merge(taker, third)
	c.refresh(c.ids...)
	c.expect("the taker merged", []int64{3, -1, 10, 4}, was)

	again := c.merge(giver, last)
	c.refresh(c.ids...)
	c.refresh(c.ids...)
	c.expect("the giver merged, too", []int64{-1, -1, 10, 7}, was)

	c.business(last, c.at[giver][0], 1) // the successor's own row, which was never given away
	was[3]++
	c.refresh(last)
	c.expect("the giver's successor admits one in the ceded commune", []int64{-1, -1, 10, 8}, was)

	c.platform(func(tx tenant.Platform) error {
		return tenant.Undo(t.Context(), tx, again, tenant.By{}, "Cuộc thử kết thúc")
	})
	within := c.merge(giver, third)
	c.refresh(c.ids...)
	c.expect("both merged into one", []int64{-1, -1, 13, 5}, was)

	for _, m := range []tenant.Merger{within, merged} {
		c.platform(func(tx tenant.Platform) error {
			return tenant.Undo(t.Context(), tx, m, tenant.By{}, "Cuộc thử kết thúc")
		})
	}
	c.refresh(c.ids...)
	c.expect("mergers undone", []int64{3, 6, 4, 5}, was)

	c.reclaim(back)
	c.refresh(c.ids...)
	c.expect("one taken back", []int64{2, 7, 4, 5}, was)
	c.reclaim(p)
	c.expect("taken back, before any refresh", was, was)
	c.refresh(c.ids...)
	c.expect("taken back", was, was)
}

// TestCededCommuneTakesAlongWhatStoodThereBeforeTheMerger merges Quảng Nam into Đà Nẵng, which then gives a commune that was
// made from Quảng Nam's to another province. Organizations with an address of before go along, those of Quảng Nam too.
func TestCededCommuneTakesAlongWhatStoodThereBeforeTheMerger(t *testing.T) {
	t.Parallel()
	old, now := ref(t, "49@0001-01-01"), ref(t, "48@2025-07-01")
	c := &country{Env: tenanttest.Alone(t), t: t, at: map[tenant.ID][]string{}}
	a, _ := c.NewProvince(t, old)
	b, _ := c.NewProvince(t, now)
	var given, former, elsewhere string // a commune of Đà Nẵng, one of Quảng Nam that went to it, and one that did not
	for _, u := range unit.Communes(now, c.DB.Now()) {
		for _, ref := range unit.Core(u.Ref, c.DB.Now()) {
			of, _ := unit.ByRef(ref)
			switch {
			case of.ProvinceRef != old:
			case given == "":
				given, former = u.Ref.String(), ref.String()
			case u.Ref.String() != given:
				elsewhere = ref.String()
			}
		}
	}
	c.ids = []tenant.ID{a.ID, b.ID, c.Tenant.ID}
	c.business(a.ID, former, 2)
	c.business(a.ID, former, 0)
	c.business(a.ID, elsewhere, 1)
	c.business(b.ID, former, 3) // typed its old address after the merger
	c.business(b.ID, given, 1)
	c.business(c.Tenant.ID, given, 1) // another province's own
	c.refresh(c.ids...)
	c.expect("at first", []int64{3, 2, 1}, []int64{3, 2, 1})
	c.merge(a.ID, b.ID)
	c.refresh(c.ids...)
	c.expect("merged", []int64{-1, 5, 1}, []int64{3, 2, 1})
	p := c.cede(b.ID, c.Tenant.ID, c.DB.Now(), given)
	c.refresh(c.ids...)
	c.expect("ceded", []int64{-1, 1, 5}, []int64{3, 2, 1})

	parts, err := c.DB.Ceded(t.Context(), c.Tenant.ID)
	if err != nil || len(parts) != 2 {
		t.Fatalf("%d parts to look after, %v; want one of each province", len(parts), err)
	}
	for _, p := range parts {
		area, err := c.DB.Area(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		var n int64
		if err := c.DB.View(t.Context(), area, func(tx tenant.Tx) (err error) {
			n, err = tenant.Value[int64](t.Context(), tx, "select count(*) from organization.organization where tenant_id = any ($1)")
			return err
		}); err != nil || n != 2 {
			t.Errorf("of %d: %d organizations in the part, %v; want 2", p.Origin, n, err)
		}
	}
	var twice fault.Invalid
	err = c.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		_, err := tenant.Cede(t.Context(), tx, tenant.NewPart{Origin: b.ID, Successor: c.Tenant.ID, Units: []string{given}, Effective: c.DB.Now(), Basis: "Nghị quyết thử"})
		return err
	})
	if !errors.As(err, &twice) {
		t.Errorf("ceding it twice: %v, want that it went before", err)
	}

	setState(t, c.Env, a.ID, tenant.Archived)
	c.expect("with the origin archived", []int64{-1, 1, 5}, []int64{3, 2, 1})
	c.reclaim(p)
	c.refresh(c.ids[1:]...)
	c.expect("taken back", []int64{-1, 5, 1}, []int64{3, 2, 1})
}

func TestSumOverTheCountryHoldsWhileRollupsAreOld(t *testing.T) {
	t.Parallel()
	c := newCountry(t, 2)
	giver, taker := c.ids[0], c.ids[1]
	c.business(giver, c.at[giver][0], 2)
	c.business(giver, c.at[giver][1], 2)
	c.business(taker, c.at[taker][0], 2)
	c.refresh(c.ids...)
	c.cede(giver, taker, c.DB.Now(), c.at[giver][0])
	total := func(when string, want []int64) {
		t.Helper()
		if got := c.count(Present); !slices.Equal(got, want) {
			t.Errorf("%s: %v organizations, want %v", when, got, want)
		}
	}
	total("nothing refreshed", []int64{2, 1})
	c.refresh(giver)
	total("the giver refreshed", []int64{1, 2})
	setState(t, c.Env, giver, tenant.Suspended)
	c.refresh(taker)
	total("the giver suspended", []int64{1, 2})
	setState(t, c.Env, taker, tenant.Archived)
	total("the taker archived", []int64{2, -1})
}

func TestCessionOfTomorrowCountsTomorrow(t *testing.T) {
	t.Parallel()
	c := newCountry(t, 2)
	giver, taker := c.ids[0], c.ids[1]
	c.business(giver, c.at[giver][0], 2)
	c.business(giver, c.at[giver][1], 2)
	c.business(taker, c.at[taker][0], 2)
	c.cede(giver, taker, c.DB.Now().AddDate(0, 0, 1), c.at[giver][0])
	c.refresh(c.ids...)
	c.expect("today", []int64{2, 1}, []int64{2, 1})
	day := kpi.Today(c.DB.Now()).AddDate(0, 0, 1)
	midnight := day.Add(-7 * time.Hour) // in Việt Nam
	c.DB = c.DB.WithClock(func() time.Time { return midnight.Add(-time.Second) })
	c.refresh(c.ids...)
	c.expect("a second before", []int64{2, 1}, []int64{2, 1})
	c.DB = c.DB.WithClock(func() time.Time { return midnight })
	c.refresh(c.ids...)
	c.expect("tomorrow", []int64{1, 2}, []int64{2, 1})
	// The days before stay as they were.
	for i, want := range [][]int64{{2, 1}, {1, 2}} {
		var got []int64
		c.in(c.ids[i], func(ctx context.Context, tx tenant.Tx) error {
			days, err := kpi.History(ctx, tx, kpi.Organizations)
			for _, d := range days {
				got = append(got, d.Numerator)
			}
			return err
		})
		if !slices.Equal(got, want) {
			t.Errorf("days of province %d on its page: %v, want %v", i, got, want)
		}
		p := of(t, c.seen(Present), c.ids[i])
		if err := c.DB.Nation(t.Context(), func(tx tenant.Nation) error {
			days, err := history(t.Context(), tx, Present, p)
			if got := []int64{days[kpi.Organizations][0].Numerator, days[kpi.Organizations][1].Numerator}; !slices.Equal(got, want) {
				t.Errorf("days of province %d on the ministry's page: %v, want %v", i, got, want)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTargetsAreJudgedByWhatCounts(t *testing.T) {
	t.Parallel()
	c := newCountry(t, 2)
	giver, taker := c.ids[0], c.ids[1]
	// Bắc Giang wants 30 % of those with barcodes to trace: the giver's one in ten is in the commune that goes.
	programme(t, c.Env, c.Scope, "bac-giang")
	c.business(giver, c.at[giver][0], 1)
	c.in(giver, func(ctx context.Context, tx tenant.Tx) error {
		_, err := tx.Exec(ctx, `
			insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, uses_barcode, state, created_at)
			select $1, 100 + i, 'cooperative', 'HTX', lpad((100 + i)::text, 10, '0'), '', $2, true, 'approved', now()
			from generate_series(1, 2) i`, c.at[giver][1])
		return err
	})
	share := func(m Map) (met kpi.Value) {
		c.refresh(c.ids...)
		return of(t, c.seen(m), giver).values[kpi.TargetsMet]
	}
	whole := share(Present)
	p := c.cede(giver, taker, c.DB.Now(), c.at[giver][0])
	// With it go its exports, too, which leave a target without a number.
	if got, want := share(Present), (kpi.Value{Numerator: whole.Numerator - 2, Denominator: whole.Denominator - 1}); got != want {
		t.Errorf("with the commune gone %v targets are met, want %v", got, want)
	}
	if got := share(Before); got != whole {
		t.Errorf("as it was %v targets are met, want %v", got, whole)
	}
	c.reclaim(p)
	if got := share(Present); got != whole {
		t.Errorf("taken back %v targets are met, want %v", got, whole)
	}
	if m, _ := kpi.MeasureOf(string(plan.PriorityProductsTracedPercent)); m.Moves() || m.Stays() == "" {
		t.Error("a list of the province is said to move with a commune")
	}
}

func ref(t *testing.T, text string) unit.Ref {
	t.Helper()
	r, err := unit.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
