package tenant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// ScopeCost is what opening a scope costs, in nanoseconds a read of one row by its key (medians), each way measured in
// turn within one run.
type ScopeCost struct {
	Plain     float64 // autocommit, no tenant, as the owner: the baseline
	OneFlush  float64 // Fetch: begin, scope, read, commit in one flush
	Open      float64 // a further read in a scope that is open
	FourTrips float64 // begin, set, read, commit one by one
}

// MeasureScope measures ScopeCost on the registry's database with rounds of each way.
func MeasureScope(ctx context.Context, c Config, id ID, rounds int) (ScopeCost, error) {
	db, err := Open(ctx, c)
	if err != nil {
		return ScopeCost{}, err
	}
	defer db.Close()
	s, err := db.Scope(ctx, id)
	if err != nil {
		return ScopeCost{}, err
	}
	owner, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return ScopeCost{}, err
	}
	defer owner.Close(ctx)
	const read = `
		select last
		from stamps.counter
		where tenant_id = any ($1)`
	type row struct{ Last int }
	plain := func() error {
		rows, err := owner.Query(ctx, read, s.reads)
		if err != nil {
			return err
		}
		_, err = pgx.CollectRows(rows, pgx.RowToStructByName[row])
		return err
	}
	oneFlush := func() error {
		_, err := Fetch[row](ctx, db, s, read)
		return err
	}
	fourTrips := func() error {
		conn, err := db.poolOf(s).Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		for _, sql := range []string{"begin", s.set()} {
			if _, err := conn.Exec(ctx, sql); err != nil {
				return err
			}
		}
		rows, err := conn.Query(ctx, read, s.reads)
		if err != nil {
			return err
		}
		if _, err := pgx.CollectRows(rows, pgx.RowToStructByName[row]); err != nil {
			return err
		}
		_, err = conn.Exec(ctx, "commit")
		return err
	}
	var times [4][]float64
	err = db.View(ctx, s, func(tx Tx) error {
		again := func() error {
			_, err := List[row](ctx, tx, read)
			return err
		}
		for round := range rounds + 20 {
			for way, f := range []func() error{plain, oneFlush, again, fourTrips} {
				start := time.Now()
				if err := f(); err != nil {
					return fmt.Errorf("way %d: %w", way, err)
				}
				if round >= 20 { // the first ones prepare statements
					times[way] = append(times[way], float64(time.Since(start).Nanoseconds()))
				}
			}
		}
		return nil
	})
	if err != nil {
		return ScopeCost{}, err
	}
	median := func(v []float64) float64 {
		slices.Sort(v)
		return v[len(v)/2]
	}
	return ScopeCost{Plain: median(times[0]), OneFlush: median(times[1]), Open: median(times[2]), FourTrips: median(times[3])}, nil
}
