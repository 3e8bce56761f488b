package tenant

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestSharesAreNeitherLostNorDoubled has three thousand users of a dozen tenants take connections' worths, one tenant a
// hundred times as often as the others. They give back late, twice, by a panic, by ending their goroutine, or never get
// one because they have gone away, also at the very moment at which they are served.
func TestSharesAreNeitherLostNorDoubled(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 3, 8, 16} {
		synctest.Test(t, func(t *testing.T) {
			s := newShares(size)
			var all atomic.Int64
			var of [13]atomic.Int64
			var served, gone, turnedAway atomic.Int64
			use := func(r *rand.Rand, id ID) {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+r.IntN(400))*time.Millisecond)
				defer cancel()
				if r.IntN(20) == 0 {
					cancel()
				}
				release, err := s.take(ctx, id)
				if err != nil {
					if ctx.Err() != nil {
						gone.Add(1)
					} else {
						turnedAway.Add(1)
					}
					return
				}
				served.Add(1)
				defer func() {
					of[id].Add(-1)
					all.Add(-1)
					release()
					if r.IntN(3) == 0 {
						go release() // twice is once
					}
				}()
				if n := all.Add(1); n > int64(size) {
					t.Errorf("%d hold a connection's worth of %d", n, size)
				}
				if n := of[id].Add(1); n > int64(s.most) {
					t.Errorf("tenant %d holds %d, %d at most", id, n, s.most)
				}
				time.Sleep(time.Duration(r.IntN(20)) * time.Millisecond)
				switch r.IntN(10) {
				case 0:
					panic("a handler's")
				case 1:
					runtime.Goexit()
				}
			}
			var users sync.WaitGroup
			for n := range 600 {
				users.Go(func() {
					r := rand.New(rand.NewPCG(uint64(n), uint64(size)))
					for range 5 {
						id := ID(1)
						if r.IntN(2) == 0 {
							id = ID(1 + r.IntN(12))
						}
						var one sync.WaitGroup
						one.Go(func() {
							defer func() { _ = recover() }()
							use(r, id)
						})
						one.Wait()
						time.Sleep(time.Duration(r.IntN(30)) * time.Millisecond)
					}
				})
			}
			users.Wait()
			synctest.Wait()
			if s.inUse != 0 || len(s.tenants) != 0 || all.Load() != 0 {
				t.Errorf("size %d: %d in use, %d tenants remembered after everybody has left", size, s.inUse, len(s.tenants))
			}
			if served.Load()+gone.Load()+turnedAway.Load() != 3000 || served.Load() == 0 || gone.Load() == 0 {
				t.Errorf("size %d: %d served, %d gone, %d turned away of 3000", size, served.Load(), gone.Load(), turnedAway.Load())
			}
			t.Logf("size %d: %d served, %d gone, %d turned away", size, served.Load(), gone.Load(), turnedAway.Load())
		})
	}
}

// TestLeakedShareIsOneConnectionsWorth: a transaction that never ends costs its own, and nobody waits who need not.
func TestLeakedShareIsOneConnectionsWorth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShares(4)
		if _, err := s.take(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			for range 3 {
				release, err := s.take(t.Context(), 2)
				if err != nil {
					t.Fatal(err)
				}
				defer release()
				release()
			}
		}
		if s.inUse != 1 || s.tenants[1].held != 1 || s.tenants[2] != nil {
			t.Errorf("%d in use, want the leaked one", s.inUse)
		}
	})
}
