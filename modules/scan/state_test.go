package scan

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/fault"
)

func (s *shop) hit(index int) Hit {
	return Hit{Stamp: stamps.Stamp{Tenant: int(s.Tenant.ID), Order: s.order.Number, Index: index}, Org: s.Org, Verdict: Genuine, At: time.Now()}
}

func TestNoScanIsLostWhileTheProvinceIsPausedClosedAndOpened(t *testing.T) {
	t.Parallel()
	s := open(t)
	const people, each = 6, 25
	moved := make(chan struct{})
	go func() {
		defer close(moved)
		for range 4 {
			for _, to := range []tenant.State{tenant.Suspended, tenant.Archived, tenant.Suspended, tenant.Active} {
				if err := s.DB.Platform(t.Context(), func(tx tenant.Platform) error {
					_, err := tenant.Move(t.Context(), tx, tenant.By{Name: "Vận hành"}, s.Tenant.ID, to, "tạm dừng để thử")
					return err
				}); err != nil {
					t.Error(err)
				}
				s.DB.Forget()
			}
		}
	}()
	var group sync.WaitGroup
	for range people {
		group.Go(func() {
			for range each {
				if _, err := s.recorder.Record(t.Context(), s.hit(7)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	<-moved
	seen, err := s.recorder.Record(t.Context(), s.hit(7))
	if err != nil || seen.Count != people*each+1 {
		t.Errorf("the next scan is number %d, %v; want %d", seen.Count, err, people*each+1)
	}
}

// TestOneTenantsTroubleIsNobodyElses records scans of a tenant that works beside those of one whose rows somebody holds,
// and of one that is gone.
func TestOneTenantsTroubleIsNobodyElses(t *testing.T) {
	t.Parallel()
	s, stuck := open(t), open(t)
	held, err := stuck.World.Env.Owner(t).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Rollback(context.WithoutCancel(t.Context()))
	if _, err := held.Exec(t.Context(), "select from stamps.stamp_order where tenant_id = $1 for update", stuck.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	s.DB.Forget() // which has not heard of the other
	r := NewRecorder(s.DB, quiet)
	gone := s.hit(0)
	gone.Stamp.Tenant = stamps.MaxTenant
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if _, err := r.Record(t.Context(), gone); !errors.Is(err, fault.Unavailable) {
				t.Errorf("a scan of no tenant: %v, want fault.Unavailable", err)
			}
		})
		group.Go(func() {
			if _, err := r.Record(t.Context(), stuck.hit(i)); !errors.Is(err, fault.Unavailable) {
				t.Errorf("a scan that waits for a lock: %v, want fault.Unavailable", err)
			}
		})
	}
	for r.queued(stuck.Tenant.ID) < 20 || r.queued(stamps.MaxTenant) < 20 {
		time.Sleep(time.Millisecond)
	}
	r.Start(t.Context())
	start := time.Now()
	for i := range 50 {
		if seen, err := r.Record(t.Context(), s.hit(9)); err != nil || seen.Count != int64(i)+1 {
			t.Fatalf("scan %d beside tenants in trouble: number %d, %v", i+1, seen.Count, err)
		}
	}
	if took := time.Since(start); took > commitTime-time.Second {
		t.Errorf("50 scans took %s: they waited for those of another tenant", took)
	}
	group.Wait()
	if err := held.Rollback(t.Context()); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		t.Fatal(err)
	}
	if seen, err := r.Record(t.Context(), stuck.hit(0)); err != nil || seen.Count != 1 {
		t.Errorf("once the rows are free: number %d, %v; want 1", seen.Count, err)
	}
	r.Close()
}
