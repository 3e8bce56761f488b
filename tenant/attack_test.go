package tenant_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

// between runs something once, when the statement that it waits for has been answered.
type between struct {
	wanted string
	do     func()
	once   sync.Once
}

type startedKey struct{}

func (b *between) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, startedKey{}, d.SQL)
}

func (b *between) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	if sql, _ := ctx.Value(startedKey{}).(string); strings.Contains(sql, b.wanted) {
		b.once.Do(b.do)
	}
}

// TestChangeDuringAReadOfTheRegistryIsSeenAtOnce suspends a province just after somebody else has read its state for the
// next snapshot: that snapshot is not kept.
func TestChangeDuringAReadOfTheRegistryIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	config := e.Config
	b := &between{wanted: "from tenant.lineage"}
	config.Tracer = b
	db, err := tenant.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	b.do = func() {
		err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tenant.Move(t.Context(), tx, tenant.By{Name: "Người thử"}, e.Tenant.ID, tenant.Suspended, "tạm dừng để thử")
			return err
		})
		if err != nil {
			t.Error(err)
		}
		db.Forget()
	}
	if _, err := db.Tenant(t.Context(), e.Tenant.ID); err != nil { // reads while the change is made
		t.Fatal(err)
	}
	got, err := db.Tenant(t.Context(), e.Tenant.ID)
	if err != nil || got.State != tenant.Suspended {
		t.Errorf("after the change: %s, %v, want suspended", got.State, err)
	}
	scope, err := db.Scope(t.Context(), e.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.In(t.Context(), scope, func(tenant.Tx) error { return nil }); !errors.Is(err, fault.Conflict) {
		t.Errorf("writing: %v, want a conflict", err)
	}
}

// TestMergersCessionsAndStepsAtOnceDoNotMeetInADeadlock changes two provinces in every way and both directions at the same
// time. Each change is made or refused with a sentence, and what is left of it fits together.
func TestMergersCessionsAndStepsAtOnceDoNotMeetInADeadlock(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	a, _ := e.NewToday(t)
	b, _ := e.NewToday(t)
	by := tenant.By{Name: "Người thử"}
	today := e.DB.Now()
	ctx := context.Background()
	var changed atomic.Int64
	change := func(name string, f func(tx tenant.Platform) error) {
		err := e.DB.Platform(ctx, f)
		var wrong fault.Invalid
		switch {
		case err == nil:
			changed.Add(1)
		case errors.As(err, &wrong), errors.Is(err, fault.Conflict) && fault.Message(err) != "", errors.Is(err, fault.NotFound):
		default:
			t.Errorf("%s: %v, want it made or refused with a sentence", name, err)
		}
	}
	for round := range 6 {
		start := make(chan struct{})
		var all sync.WaitGroup
		at := func(name string, f func(tx tenant.Platform) error) {
			all.Go(func() {
				<-start
				change(name, f)
			})
		}
		for range 3 {
			for _, pair := range [][2]tenant.Tenant{{a, b}, {b, a}} {
				from, into := pair[0], pair[1]
				units := communesOf(t, from)
				at("cede", func(tx tenant.Platform) error {
					_, err := tenant.Cede(ctx, tx, tenant.NewPart{Origin: from.ID, Successor: into.ID, Units: units[round : round+1], Effective: today, Basis: "Nghị quyết thử", By: by})
					return err
				})
				at("merge", func(tx tenant.Platform) error {
					_, err := tenant.Merge(ctx, tx, tenant.NewMerger{Origin: from.ID, Successor: into.ID, Effective: today, Basis: "Nghị quyết thử", By: by})
					return err
				})
				at("suspend", func(tx tenant.Platform) error {
					_, err := tenant.Move(ctx, tx, by, from.ID, tenant.Suspended, "tạm dừng để thử")
					return err
				})
				at("undo", func(tx tenant.Platform) error {
					m, err := tenant.MergerOf(ctx, tx, from.ID)
					if err != nil {
						return err
					}
					return tenant.Undo(ctx, tx, m, by, "hủy để thử lại")
				})
			}
		}
		close(start)
		all.Wait()
		for _, p := range []tenant.Tenant{a, b} {
			change("undo", func(tx tenant.Platform) error {
				m, err := tenant.MergerOf(ctx, tx, p.ID)
				if err != nil {
					return err
				}
				return tenant.Undo(ctx, tx, m, by, "hủy để thử lại")
			})
		}
		for _, p := range []tenant.Tenant{a, b} {
			change("run again", func(tx tenant.Platform) error {
				_, err := tenant.Move(ctx, tx, by, p.ID, tenant.Active, "vận hành lại sau cuộc thử")
				return err
			})
			if got := stateOf(t, e, p.ID); got != tenant.Active {
				t.Errorf("round %d: %s is %s after everything was taken back", round, p.Slug, got)
			}
			if got := reads(t, e, p.ID); len(got) != 1 {
				t.Errorf("round %d: %s still reads %v", round, p.Slug, got)
			}
		}
	}
	conn := e.Owner(t)
	var twice int
	if err := conn.QueryRow(ctx, `
		select count(*)
		from (
			select from tenant.part p cross join unnest(p.units) u
			where p.undone_at is null
			group by p.origin, u
			having count(*) > 1) x`).Scan(&twice); err != nil || twice != 0 {
		t.Errorf("%d communes went twice, %v", twice, err)
	}
	t.Logf("%d changes were made", changed.Load())
}

// TestMergerTakesEffectWithItsDayInVietnam: the day begins at midnight in Vietnam, which is 17:00 of the day before in UTC.
func TestMergerTakesEffectWithItsDayInVietnam(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	successor, _ := e.NewTenant(t)
	early := time.Date(2026, 6, 30, 18, 0, 0, 0, time.UTC) // 01:00 on 1 July
	db := e.DB.WithClock(func() time.Time { return early })
	if err := db.Platform(t.Context(), func(tx tenant.Platform) error {
		_, err := tenant.Merge(t.Context(), tx, tenant.NewMerger{Origin: e.Tenant.ID, Successor: successor.ID, Effective: dayAt("2026-07-01"), Basis: "Nghị quyết thử", By: tenant.By{Name: "Người thử"}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	db.Forget()
	if got, err := db.Tenant(t.Context(), e.Tenant.ID); err != nil || got.State != tenant.Merged {
		t.Errorf("on its day: %s, %v, want merged", got.State, err)
	}
	if origins, err := db.Origins(t.Context(), successor.ID); err != nil || len(origins) != 1 {
		t.Errorf("on its day the successor reads %v, %v", origins, err)
	}
	l, ok, err := db.Succession(t.Context(), e.Tenant.ID)
	if err != nil || !ok || !l.InEffect(early) || l.InEffect(early.Add(-2*time.Hour)) {
		t.Errorf("succession %+v, %v, %v: want it in effect at 01:00 and not at 23:00 the day before", l, ok, err)
	}
}

// communesOf returns the communes of a tenant's province.
func communesOf(t *testing.T, of tenant.Tenant) []string {
	t.Helper()
	ref, err := unit.ParseRef(of.Unit)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, u := range unit.Communes(ref, time.Now()) {
		list = append(list, u.Ref.String())
	}
	return list
}

// TestRequestsThatNameOneAddressAreLimited: nobody's letter box is filled by what strangers ask in their name, each from a
// network of its own and for another province.
func TestRequestsThatNameOneAddressAreLimited(t *testing.T) {
	t.Parallel()
	e := tenanttest.Alone(t)
	known, err := e.DB.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	taken := map[string]bool{}
	for _, k := range known {
		taken[k.Unit] = true
	}
	asked, last := 0, error(nil)
	all := unit.Provinces(e.DB.Now())
	for i := range all {
		of := all[len(all)-1-i].Ref.String()
		if taken[of] || asked == 4 {
			continue
		}
		asked++
		last = e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tenant.Ask(t.Context(), tx, tenant.Request{
				Unit: of, Person: "Lê Thị Hạnh", Title: "Chuyên viên", Email: "victim@limit.example.vn", Phone: "+84912345678", Network: "network " + of,
			})
			return err
		})
		if asked < 4 && last != nil {
			t.Fatalf("request %d: %v", asked, last)
		}
	}
	if asked != 4 || !errors.Is(last, fault.TooMany) || !strings.Contains(fault.Message(last), "victim@") {
		t.Errorf("request %d that names one address: %v", asked, last)
	}
}
