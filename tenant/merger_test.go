package tenant_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// dayAt reads a day such as 2025-07-01.
func dayAt(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func merge(t *testing.T, e *tenanttest.Env, origin, successor tenant.ID, on time.Time) (tenant.Merger, error) {
	t.Helper()
	var m tenant.Merger
	err := e.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		m, err = tenant.Merge(t.Context(), tx, tenant.NewMerger{Origin: origin, Successor: successor, Effective: on, Basis: "Nghị quyết thử", By: tenant.By{Name: "Người thử"}})
		return err
	})
	e.DB.Forget()
	return m, err
}

func stateOf(t *testing.T, e *tenanttest.Env, id tenant.ID) tenant.State {
	t.Helper()
	e.DB.Forget()
	got, err := e.DB.Tenant(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return got.State
}

func reads(t *testing.T, e *tenanttest.Env, id tenant.ID) []tenant.ID {
	t.Helper()
	origins, err := e.DB.Origins(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	list := []tenant.ID{id}
	for _, o := range origins {
		list = append(list, o.Origin)
	}
	return list
}

func setState(t *testing.T, e *tenanttest.Env, id tenant.ID, s tenant.State) {
	t.Helper()
	if _, err := e.Owner(t).Exec(t.Context(), "update tenant.tenant set state = $2 where id = $1", id, s); err != nil {
		t.Fatal(err)
	}
}

func TestMergerThatCannotBeIsRefusedWithASentence(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	other, _ := e.NewTenant(t)
	today := e.DB.Now()
	for name, try := range map[string]struct {
		from, into tenant.State
		self       bool
		on         time.Time
		says       string
	}{
		"into itself":         {self: true, on: today, says: "chính nó"},
		"of an archived one":  {from: tenant.Archived, into: tenant.Active, on: today, says: "đã lưu trữ"},
		"into an archived":    {from: tenant.Active, into: tenant.Archived, on: today, says: "đã lưu trữ"},
		"of a draft":          {from: tenant.Draft, into: tenant.Active, on: today, says: "chưa vận hành"},
		"into a suspended":    {from: tenant.Active, into: tenant.Suspended, on: today, says: "đang tạm dừng"},
		"before it existed":   {from: tenant.Active, into: tenant.Active, on: dayAt("1990-01-01"), says: "chỉ ghi nhận"},
		"two years from now":  {from: tenant.Active, into: tenant.Active, on: today.AddDate(2, 0, 0), says: "quá một năm"},
		"of an unknown one":   {from: "", into: tenant.Active, on: today, says: "Không có tỉnh"},
		"before the atlas is": {from: tenant.Active, into: tenant.Active, on: dayAt("2025-02-28"), says: "danh mục đơn vị hành chính của hệ thống chỉ ghi nhận"},
	} {
		from := e.Tenant.ID
		switch {
		case try.self:
			other.ID, from = e.Tenant.ID, e.Tenant.ID
		case try.from == "":
			from = 1023
		default:
			setState(t, e, e.Tenant.ID, try.from)
		}
		into := other
		if try.into != "" {
			into, _ = e.NewTenant(t)
			setState(t, e, into.ID, try.into)
		}
		_, err := merge(t, e, from, into.ID, try.on)
		text := fault.Message(err)
		var wrong fault.Invalid
		if errors.As(err, &wrong) {
			text = wrong.Of("effective")
		}
		if !strings.Contains(text, try.says) {
			t.Errorf("%s: got %v, want a sentence with %q", name, err, try.says)
		}
		setState(t, e, e.Tenant.ID, tenant.Active)
	}
}

func TestMergersMakeNoCircle(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	b, _ := e.NewTenant(t)
	c, _ := e.NewTenant(t)
	today := e.DB.Now()
	if _, err := merge(t, e, e.Tenant.ID, b.ID, today.AddDate(0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := merge(t, e, b.ID, c.ID, today.AddDate(0, 2, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := merge(t, e, c.ID, e.Tenant.ID, today.AddDate(0, 3, 0)); !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "ngược lại") {
		t.Errorf("closing the circle: got %v, want a conflict", err)
	}
	if _, err := merge(t, e, e.Tenant.ID, c.ID, today); !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "trước đó") {
		t.Errorf("merging twice: got %v, want a conflict", err)
	}
}

func TestOfManyMergersAtOnceOneIsMade(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	var successors []tenant.ID
	for range 6 {
		s, _ := e.NewTenant(t)
		successors = append(successors, s.ID)
	}
	var made, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, s := range successors {
		all.Go(func() {
			origin, successor := e.Tenant.ID, s
			if i%2 == 1 { // half of them the other way round
				origin, successor = s, e.Tenant.ID
			}
			err := e.DB.Platform(context.Background(), func(tx tenant.Platform) error {
				_, err := tenant.Merge(context.Background(), tx, tenant.NewMerger{Origin: origin, Successor: successor, Effective: tx.Now(), Basis: "Nghị quyết thử", By: tenant.By{Name: "Người thử"}})
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && i%2 == 0:
				made++
			case err != nil && !errors.Is(err, fault.Conflict):
				t.Errorf("got %v, want it made or a conflict", err)
			case err != nil:
				refused++
			}
		})
	}
	all.Wait()
	if made != 1 {
		t.Errorf("the province was merged %d times, want once (%d refused)", made, refused)
	}
}

func TestUndoneMergerLeavesBothProvincesAsTheyWere(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	successor, _ := e.NewTenant(t)
	m, err := merge(t, e, e.Tenant.ID, successor.ID, e.DB.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got := stateOf(t, e, e.Tenant.ID); got != tenant.Merged {
		t.Errorf("state %s, want merged", got)
	}
	if got, want := reads(t, e, successor.ID), []tenant.ID{successor.ID, e.Tenant.ID}; !slices.Equal(got, want) {
		t.Errorf("the successor reads %v, want %v", got, want)
	}
	undo := func(reason string) error {
		return e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			return tenant.Undo(t.Context(), tx, m, tenant.By{Name: "Người thử"}, reason)
		})
	}
	var wrong fault.Invalid
	if err := undo("ngắn"); !errors.As(err, &wrong) {
		t.Errorf("without a reason: got %v, want an invalid reason", err)
	}
	if err := undo("Nghị quyết bị thu hồi"); err != nil {
		t.Fatal(err)
	}
	if got := stateOf(t, e, e.Tenant.ID); got != tenant.Active {
		t.Errorf("after undoing: state %s, want active", got)
	}
	if got, want := reads(t, e, successor.ID), []tenant.ID{successor.ID}; !slices.Equal(got, want) {
		t.Errorf("after undoing the successor reads %v, want %v", got, want)
	}
	if err := undo("Nghị quyết bị thu hồi"); !errors.Is(err, fault.Conflict) {
		t.Errorf("undoing twice: got %v, want a conflict", err)
	}
	if _, err := merge(t, e, e.Tenant.ID, successor.ID, e.DB.Now()); err != nil {
		t.Errorf("merging again after undoing: %v", err)
	}
}

// TestUndoingWaitsForWhoWritesAsTheOriginAndStopsTheNext: what somebody of the successor has begun ends before the merger
// does, and nothing of theirs begins after.
func TestUndoingWaitsForWhoWritesAsTheOriginAndStopsTheNext(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	middle, _ := e.NewTenant(t)
	last, _ := e.NewTenant(t)
	if _, err := merge(t, e, e.Tenant.ID, middle.ID, e.DB.Now()); err != nil {
		t.Fatal(err)
	}
	m, err := merge(t, e, middle.ID, last.ID, e.DB.Now())
	if err != nil {
		t.Fatal(err)
	}
	scope, err := e.DB.ScopeAs(t.Context(), last.ID, e.Tenant.ID) // over two mergers
	if err != nil {
		t.Fatal(err)
	}
	nothing := func(tenant.Tx) error { return nil }
	undone := make(chan error, 1)
	owner := e.Owner(t)
	if err := e.DB.In(t.Context(), scope, func(tenant.Tx) error {
		go func() {
			undone <- e.DB.Platform(context.Background(), func(tx tenant.Platform) error {
				return tenant.Undo(context.Background(), tx, m, tenant.By{Name: "Người thử"}, "Nghị quyết bị thu hồi")
			})
		}()
		for waits := false; !waits; time.Sleep(5 * time.Millisecond) {
			if err := owner.QueryRow(t.Context(), `
				select exists (
					select from pg_locks
					where locktype = 'advisory' and classid = hashtext('tenant.lineage')::oid and objid = $1::int::oid and not granted)`, e.Tenant.ID).Scan(&waits); err != nil {
				return err
			}
			select {
			case err := <-undone:
				t.Fatalf("undone (%v) while somebody of the successor writes", err)
			default:
			}
		}
		if err := e.DB.In(t.Context(), scope, nothing); !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "đang được hủy") {
			t.Errorf("beginning meanwhile: %v, want a conflict", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := <-undone; err != nil {
		t.Fatal(err)
	}
	if err := e.DB.In(t.Context(), scope, nothing); !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "vừa được hủy") {
		t.Errorf("with the scope of before: %v, want a conflict", err)
	}
	e.DB.Forget()
	if scope, err = e.DB.ScopeAs(t.Context(), middle.ID, e.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	if err := e.DB.In(t.Context(), scope, nothing); err != nil {
		t.Errorf("the merger that stays: %v", err)
	}
}

func TestMergerIsNotUndoneBeforeTheOneAfterIt(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	b, _ := e.NewTenant(t)
	c, _ := e.NewTenant(t)
	m, err := merge(t, e, e.Tenant.ID, b.ID, e.DB.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := merge(t, e, b.ID, c.ID, e.DB.Now()); err != nil {
		t.Fatal(err)
	}
	err = e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return tenant.Undo(t.Context(), tx, m, tenant.By{Name: "Người thử"}, "Nghị quyết bị thu hồi")
	})
	if !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), c.Name) {
		t.Errorf("got %v, want a conflict that names %s", err, c.Name)
	}
}

func TestMergerOfTomorrowTakesEffectTomorrow(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	successor, _ := e.NewTenant(t)
	if _, err := merge(t, e, e.Tenant.ID, successor.ID, e.DB.Now().AddDate(0, 0, 1)); err != nil {
		t.Fatal(err)
	}
	if got, want := reads(t, e, successor.ID), []tenant.ID{successor.ID}; !slices.Equal(got, want) {
		t.Errorf("today the successor reads %v, want %v", got, want)
	}
	if _, err := e.DB.ScopeAs(t.Context(), successor.ID, e.Tenant.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("working as the origin today: got %v, want fault.NotFound", err)
	}
	if _, err := tenant.SettleMergers(t.Context(), e.DB); err != nil {
		t.Fatal(err)
	}
	if got := stateOf(t, e, e.Tenant.ID); got != tenant.Active {
		t.Errorf("today the origin is %s, want active", got)
	}
	tomorrow := e.DB.WithClock(func() time.Time { return time.Now().AddDate(0, 0, 1) })
	if _, err := tenant.SettleMergers(t.Context(), tomorrow); err != nil {
		t.Fatal(err)
	}
	if got := stateOf(t, e, e.Tenant.ID); got != tenant.Merged {
		t.Errorf("tomorrow the origin is %s, want merged", got)
	}
	if got, want := reads(t, &tenanttest.Env{DB: tomorrow}, successor.ID), []tenant.ID{successor.ID, e.Tenant.ID}; !slices.Equal(got, want) {
		t.Errorf("tomorrow the successor reads %v, want %v", got, want)
	}
}

func TestScopeAsAnOriginIsThatProvincesAlone(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	successor, _ := e.NewTenant(t)
	stranger, _ := e.NewTenant(t)
	if _, err := merge(t, e, e.Tenant.ID, successor.ID, e.DB.Now()); err != nil {
		t.Fatal(err)
	}
	scope, err := e.DB.ScopeAs(t.Context(), successor.ID, e.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	if scope.Home() != e.Tenant.ID {
		t.Errorf("writes as %d, want %d", scope.Home(), e.Tenant.ID)
	}
	for name, pair := range map[string][2]tenant.ID{
		"origin as the successor": {e.Tenant.ID, successor.ID}, "a stranger": {stranger.ID, e.Tenant.ID}, "oneself": {successor.ID, successor.ID},
	} {
		if _, err := e.DB.ScopeAs(t.Context(), pair[0], pair[1]); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: got %v, want fault.NotFound", name, err)
		}
	}
	setState(t, e, successor.ID, tenant.Suspended)
	e.DB.Forget()
	if scope, err = e.DB.ScopeAs(t.Context(), successor.ID, e.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	if err := e.DB.In(t.Context(), scope, func(tenant.Tx) error { return nil }); !errors.Is(err, fault.Conflict) && !errors.Is(err, fault.Forbidden) {
		t.Errorf("a suspended successor writes as its origin: %v", err)
	}
}

func TestStateChangesByItsStepsOnly(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	move := func(to tenant.State, reason string) error {
		return e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tenant.Move(t.Context(), tx, tenant.By{Name: "Người thử", Account: 7}, e.Tenant.ID, to, reason)
			return err
		})
	}
	var wrong fault.Invalid
	if err := move(tenant.Suspended, "  ngắn   "); !errors.As(err, &wrong) {
		t.Errorf("without a reason: got %v, want it refused", err)
	}
	for _, step := range []struct {
		to tenant.State
		ok bool
	}{
		{tenant.Archived, false}, {tenant.Merged, false}, {tenant.Draft, false}, {tenant.Active, false}, {tenant.Suspended, true}, {tenant.Suspended, false},
		{tenant.Active, true}, {tenant.Suspended, true}, {tenant.Archived, true}, {tenant.Active, false}, {tenant.Suspended, true}, {tenant.Active, true},
	} {
		was := stateOf(t, e, e.Tenant.ID)
		err := move(step.to, "Theo quyết định của tỉnh")
		if step.ok && err != nil || !step.ok && !errors.Is(err, fault.Conflict) {
			t.Errorf("%s to %s: got %v, want allowed %v", was, step.to, err, step.ok)
		}
	}
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		changes, err := tenant.Changes(t.Context(), tx, e.Tenant.ID)
		if len(changes) != 6 || changes[0].Became != tenant.Active || changes[0].Was != tenant.Suspended || changes[0].MadeBy != "Người thử" || changes[0].MadeByAccount != 7 {
			t.Errorf("changes %+v, want the six that were made, with who", changes)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestArchivedOriginIsReadByItsSuccessorAndComesBackMerged(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	successor, _ := e.NewTenant(t)
	if _, err := merge(t, e, e.Tenant.ID, successor.ID, e.DB.Now()); err != nil {
		t.Fatal(err)
	}
	move := func(to tenant.State) {
		if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := tenant.Move(t.Context(), tx, tenant.By{Name: "Người thử"}, e.Tenant.ID, to, "Theo quyết định của tỉnh")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		e.DB.Forget()
	}
	move(tenant.Archived)
	if got, want := reads(t, e, successor.ID), []tenant.ID{successor.ID, e.Tenant.ID}; !slices.Equal(got, want) {
		t.Errorf("the successor reads %v, want %v", got, want)
	}
	scope, err := e.DB.ScopeAs(t.Context(), successor.ID, e.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.DB.In(t.Context(), scope, func(tenant.Tx) error { return nil }); !errors.Is(err, fault.Conflict) {
		t.Errorf("writing to an archived origin: got %v, want a conflict", err)
	}
	move(tenant.Suspended)
	if got := stateOf(t, e, e.Tenant.ID); got != tenant.Merged {
		t.Errorf("back from the archive it is %s, want merged", got)
	}
}
