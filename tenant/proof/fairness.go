package proof

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"txng/tenant"
)

// Fairness is what a tenant that asks for ten times its share costs its neighbour: latencies of the neighbour's reads,
// beside the greedy one over alone. All are measured in one run.
type Fairness struct {
	Alone          float64 // median, in nanoseconds: the baseline
	Median, P99    float64 // ratios to alone, each to its own kind
	Shareless      float64 // the ratio of medians with a plain pool of the same size, for comparison
	Connections    int     // of the pool
	Greedy, Served int     // how many statements the greedy tenant had under way, and how many it got
}

// greed is how many statements the greedy tenant has under way for each connection of the pool.
const greed = 10

// warming is how many reads come before those that are measured: connections are made and statements prepared.
const warming = 10

// MeasureFairness reads reads times as the victim, alone and beside greed. The greedy statements hold a connection for
// some milliseconds each without using the processor, so that the pool is what is fought for.
func MeasureFairness(ctx context.Context, c tenant.Config, victim, greedy tenant.ID, reads int, progress func(done, total int)) (Fairness, error) {
	const size = 4
	c.MaxConns = size
	f := Fairness{Connections: size, Greedy: size * greed}
	db, err := tenant.Open(ctx, c)
	if err != nil {
		return f, err
	}
	defer db.Close()
	scopes := map[tenant.ID]tenant.Scope{}
	for _, id := range []tenant.ID{victim, greedy} {
		if scopes[id], err = db.Scope(ctx, id); err != nil {
			return f, err
		}
	}
	u, err := tenant.RoleURL(c.URL, c.Secret, "txng_app")
	if err != nil {
		return f, err
	}
	pc, err := pgxpool.ParseConfig(u)
	if err != nil {
		return f, err
	}
	pc.MaxConns = size
	plain, err := pgxpool.NewWithConfig(ctx, pc)
	if err != nil {
		return f, err
	}
	defer plain.Close()

	const (
		quick = "select 'x' as name where $1::int[] is not null"
		slow  = "select pg_sleep(0.01)::text as name where $1::int[] is not null"
	)
	shared := func(ctx context.Context, id tenant.ID, sql string) error {
		_, err := tenant.Fetch[named](ctx, db, scopes[id], sql)
		return err
	}
	shareless := func(ctx context.Context, id tenant.ID, sql string) error {
		var b pgx.Batch
		b.Queue("begin read only")
		b.Queue("set local app.tenant = '" + strconv.Itoa(int(id)) + "'")
		b.Queue(sql, []int32{int32(id)})
		b.Queue("commit")
		return plain.SendBatch(ctx, &b).Close()
	}
	done := 0
	measure := func(run func(context.Context, tenant.ID, string) error, besides bool) ([]float64, error) {
		busy, stop := context.WithCancel(ctx)
		var group sync.WaitGroup
		defer group.Wait()
		defer stop()
		var served atomic.Int64
		if besides {
			for range size * greed {
				group.Go(func() {
					for busy.Err() == nil {
						if run(busy, greedy, slow) == nil {
							served.Add(1)
						}
					}
				})
			}
			time.Sleep(100 * time.Millisecond) // until the queue has formed
		}
		var times []float64
		for i := range warming + reads {
			start := time.Now()
			if err := run(ctx, victim, quick); err != nil {
				return nil, fmt.Errorf("read as the victim: %w", err)
			}
			if i < warming {
				continue
			}
			times = append(times, float64(time.Since(start)))
			done++
			progress(done, 4*reads)
		}
		f.Served += int(served.Load())
		return slices.Sorted(slices.Values(times)), nil
	}
	alone, err := measure(shared, false)
	if err != nil {
		return f, err
	}
	besides, err := measure(shared, true)
	if err != nil {
		return f, err
	}
	plainAlone, err := measure(shareless, false)
	if err != nil {
		return f, err
	}
	plainBesides, err := measure(shareless, true)
	if err != nil {
		return f, err
	}
	f.Alone = median(alone)
	f.Median = median(besides) / f.Alone
	f.P99 = besides[len(besides)*99/100] / alone[len(alone)*99/100]
	f.Shareless = median(plainBesides) / median(plainAlone)
	return f, nil
}
