package scan

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/fault"
)

func TestConcurrentScansShareCommitsAndCountExactly(t *testing.T) {
	t.Parallel()
	s := open(t)
	r := NewRecorder(s.DB, quiet)
	const scans = 200
	counts := make([]int64, scans)
	var group sync.WaitGroup
	for i := range scans {
		group.Go(func() {
			seen, err := r.Record(t.Context(), Hit{Stamp: stamps.Stamp{Tenant: int(s.Tenant.ID), Order: s.order.Number, Index: 42}, Org: s.Org, Verdict: Genuine, At: time.Now()})
			if err != nil {
				t.Error(err)
			}
			counts[i] = seen.Count
		})
		if i == 0 {
			r.Start(t.Context())
		}
	}
	group.Wait()
	r.Close()
	slices.Sort(counts)
	for i, n := range counts {
		if n != int64(i)+1 {
			t.Fatalf("the counts are %v, want 1 to %d", counts, scans)
		}
	}
	if r.commits > scans/4 {
		t.Errorf("%d commits for %d scans, want far fewer", r.commits, scans)
	}
	t.Logf("%d scans in %d commits", scans, r.commits)
	logged, err := tenant.Fetch[struct{ N int }](t.Context(), s.DB, s.Scope, `select count(*)::int as n from scan.scan where tenant_id = any ($1)`)
	if err != nil || logged[0].N != scans {
		t.Errorf("%d scans are logged (%v), want %d", logged[0].N, err, scans)
	}
}

func TestScansOfOneBatchAreNumberedInTheirOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	r := NewRecorder(s.DB, quiet)
	hit := func(index int) *waiting {
		return &waiting{Hit: Hit{Stamp: stamps.Stamp{Tenant: int(s.Tenant.ID), Order: s.order.Number, Index: index}, Org: s.Org, Verdict: Genuine, At: time.Now()}}
	}
	for _, c := range []struct{ indexes, want []int }{{[]int{1, 2, 1, 1, 3}, []int{1, 1, 2, 3, 1}}, {[]int{1, 3, 3}, []int{4, 2, 3}}} {
		var batch []*waiting
		for _, i := range c.indexes {
			batch = append(batch, hit(i))
		}
		seen, err := r.write(t.Context(), s.Tenant.ID, batch)
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range c.want {
			if seen[i].Count != int64(n) {
				t.Errorf("scan %d of stamps %v has number %d, want %d", i, c.indexes, seen[i].Count, n)
			}
		}
	}
}

func TestOneWrongScanDoesNotSpoilTheOthers(t *testing.T) {
	t.Parallel()
	s := open(t)
	r := NewRecorder(s.DB, quiet)
	var group sync.WaitGroup
	results := make([]error, 6)
	for i := range results {
		order := s.order.Number
		if i == 3 {
			order = 999 // there is no such order: a foreign key fails
		}
		group.Go(func() {
			_, results[i] = r.Record(t.Context(), Hit{Stamp: stamps.Stamp{Tenant: int(s.Tenant.ID), Order: order, Index: i}, Org: s.Org, Verdict: Genuine, At: time.Now()})
		})
	}
	for r.queued(s.Tenant.ID) < len(results) {
		time.Sleep(time.Millisecond)
	}
	r.Start(t.Context())
	group.Wait()
	r.Close()
	for i, err := range results {
		if (err != nil) != (i == 3) {
			t.Errorf("scan %d: err = %v", i, err)
		}
	}
}

// queued returns how many scans of a tenant wait.
func (r *Recorder) queued(of tenant.ID) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lines[of] == nil {
		return 0
	}
	return len(r.lines[of].waiting)
}

func TestFullQueueRefusesAtOnce(t *testing.T) {
	t.Parallel()
	r := NewRecorder(nil, quiet)
	ended, stop := context.WithCancel(context.Background())
	stop()
	for range queueLength {
		if _, err := r.Record(ended, Hit{}); !errors.Is(err, context.Canceled) {
			t.Fatalf("err = %v, want the context's", err)
		}
	}
	if _, err := r.Record(t.Context(), Hit{}); !errors.Is(err, fault.Unavailable) {
		t.Errorf("one more: err = %v, want fault.Unavailable", err)
	}
	if _, err := r.Record(ended, Hit{Stamp: stamps.Stamp{Tenant: 2}}); !errors.Is(err, context.Canceled) {
		t.Errorf("one of another tenant: err = %v, want that it waits", err)
	}
	r.Close()
	if _, err := r.Record(t.Context(), Hit{}); !errors.Is(err, fault.Unavailable) {
		t.Errorf("after Close: err = %v, want fault.Unavailable", err)
	}
}
