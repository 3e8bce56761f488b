package scan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"txng/modules/internal/measure"
	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/fault"
)

// Hit is one scan of a genuine serial.
type Hit struct {
	Stamp   stamps.Stamp
	Org     tenant.OrgID // of the stamp's order
	Verdict Verdict      // one of those that are recorded: Genuine, Inactive, Void, Recalled, Expired
	At      time.Time
}

// Seen says how often a stamp was scanned.
type Seen struct {
	Count int64     // this scan is the Count-th, from 1
	First time.Time // of the first
}

// Limits of the recorder.
const (
	queueLength = 2048 // scans that wait; one more is refused
	batchLength = 500  // scans of one commit
	commitTime  = 5 * time.Second
)

// Recorder writes scans to the database. Scans that come while a commit is under way share the next one.
type Recorder struct {
	db    *tenant.DB
	log   *slog.Logger
	queue chan *waiting

	mu      sync.RWMutex // held for writing while the queue is closed
	closed  bool
	started bool
	done    chan struct{}
	changed map[tenant.ID]time.Time // when the KPIs were last told
	commits int                     // transactions that were tried; read after Close
}

// waiting is a hit on its way; its answer is sent exactly once.
type waiting struct {
	Hit
	ctx    context.Context
	answer chan outcome
}

type outcome struct {
	Seen
	err error
}

// NewRecorder returns a recorder that is not started yet.
func NewRecorder(db *tenant.DB, log *slog.Logger) *Recorder {
	return &Recorder{
		db: db, log: log, queue: make(chan *waiting, queueLength), done: make(chan struct{}),
		changed: map[tenant.ID]time.Time{},
	}
}

// Start begins to record. Scans that were asked for before wait in the queue. The recorder works until Close; the end of
// ctx only cuts short what the database is doing.
func (r *Recorder) Start(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.started || r.closed {
		return
	}
	r.started = true
	go r.work(ctx)
}

// Close records what waits, refuses what comes later, and returns when all is done.
func (r *Recorder) Close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.queue)
		if !r.started {
			for w := range r.queue {
				w.answer <- outcome{err: errNotRecorded}
			}
			close(r.done)
		}
	}
	r.mu.Unlock()
	<-r.done
}

// errNotRecorded says that a scan was not recorded; the same request may succeed later.
var errNotRecorded = fmt.Errorf("record scan: %w", fault.Unavailable)

// Record writes a scan and returns how often the stamp was scanned, itself included. It returns after the commit. Errors:
// fault.Unavailable when too many scans wait, the recorder is closed or the database does not answer; the context's.
func (r *Recorder) Record(ctx context.Context, h Hit) (Seen, error) {
	w := &waiting{Hit: h, ctx: ctx, answer: make(chan outcome, 1)}
	if !r.enqueue(w) {
		return Seen{}, errNotRecorded
	}
	select {
	case o := <-w.answer:
		return o.Seen, o.err
	case <-ctx.Done():
		return Seen{}, ctx.Err()
	}
}

func (r *Recorder) enqueue(w *waiting) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return false
	}
	select {
	case r.queue <- w:
		return true
	default:
		return false
	}
}

// work commits batch after batch until the queue is closed and empty.
func (r *Recorder) work(ctx context.Context) {
	defer close(r.done)
	for first := range r.queue {
		batch := map[tenant.ID][]*waiting{}
		take := func(w *waiting) {
			if w.ctx.Err() == nil { // nobody waits for it any more otherwise
				of := tenant.ID(w.Stamp.Tenant)
				batch[of] = append(batch[of], w)
			}
		}
		take(first)
	drain:
		for range batchLength - 1 {
			select {
			case w, ok := <-r.queue:
				if !ok {
					break drain
				}
				take(w)
			default:
				break drain
			}
		}
		for of, hits := range batch {
			r.commit(ctx, of, hits)
		}
	}
}

// commit records hits of one tenant in one transaction and answers them. When the transaction fails for a reason of a
// single hit's, each is tried by itself, so that one cannot spoil the others.
func (r *Recorder) commit(ctx context.Context, of tenant.ID, hits []*waiting) {
	seen, err := r.write(ctx, of, hits)
	if err != nil && len(hits) > 1 && !errors.Is(err, fault.Unavailable) && !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		for i := range hits {
			r.commit(ctx, of, hits[i:i+1])
		}
		return
	}
	if err != nil {
		r.log.Error("scans were not recorded", "tenant", of, "scans", len(hits), "error", err)
		err = fmt.Errorf("%w: %w", errNotRecorded, err)
	}
	for i, w := range hits {
		if err != nil {
			w.answer <- outcome{err: err}
			continue
		}
		w.answer <- outcome{Seen: seen[i]}
	}
}

// place is a stamp within its tenant.
type place struct{ order, index int }

// write records hits of one tenant and returns, in their order, how often their stamps were scanned. Several hits of one
// stamp get numbers that follow one another.
func (r *Recorder) write(ctx context.Context, of tenant.ID, hits []*waiting) ([]Seen, error) {
	ctx, stop := context.WithTimeout(ctx, commitTime)
	defer stop()
	r.commits++
	scope, err := r.db.Scope(ctx, of)
	if err != nil {
		return nil, err
	}
	var totals []total
	tell := r.db.Now().Sub(r.changed[of]) >= time.Second
	err = r.db.In(ctx, scope, func(tx tenant.Tx) error {
		if totals, err = put(ctx, tx, hits); err != nil || !tell {
			return err
		}
		return measure.Changed(ctx, tx)
	})
	if err != nil {
		return nil, err
	}
	if tell {
		r.changed[of] = r.db.Now()
	}
	return numbered(hits, totals), nil
}

// total is how often a stamp was scanned.
type total struct {
	OrderNumber, Index int
	Count              int64
	FirstAt            time.Time
}

// put logs hits of one tenant and adds them to their stamps' totals, which it returns.
func put(ctx context.Context, tx tenant.Tx, hits []*waiting) ([]total, error) {
	var (
		ids, orgs       []int64
		orders, indexes []int
		verdicts        []string
		times           []time.Time
	)
	for _, w := range hits {
		ids, orgs = append(ids, tenant.NewID(w.At)), append(orgs, int64(w.Org))
		orders, indexes = append(orders, w.Stamp.Order), append(indexes, w.Stamp.Index)
		verdicts, times = append(verdicts, string(w.Verdict)), append(times, w.At)
	}
	// Stamps are taken in one order, so that two instances cannot wait for each other.
	return tenant.Puts[total](ctx, tx, `
		with hit as (
			select h.*, (
					select o.fields
					from stamps.stamp_order o
					where o.tenant_id = $1 and o.number = h.order_number) as fields
			from unnest($2::bigint[], $3::bigint[], $4::int[], $5::int[], $6::text[], $7::timestamptz[])
				as h (id, org_id, order_number, index, verdict, at)
		), logged as (
			insert into scan.scan (tenant_id, id, org_id, order_number, index, verdict, at, fields)
			select $1::int, id, org_id, order_number, index, verdict, at, fields
			from hit
		)
		insert into scan.serial (tenant_id, order_number, index, org_id, count, first_at, last_at, fields)
		select $1::int, order_number, index, min(org_id), count(*), min(at), max(at), min(fields)
		from hit
		group by order_number, index
		order by order_number, index
		on conflict (tenant_id, order_number, index) do update
		set count = scan.serial.count + excluded.count, last_at = greatest(scan.serial.last_at, excluded.last_at)
		returning order_number, index, count, first_at`, ids, orgs, orders, indexes, verdicts, times)
}

// numbered returns, in the order of the hits, the how many-th scan of its stamp each is, given the totals that count
// them all.
func numbered(hits []*waiting, totals []total) []Seen {
	sums := map[place]total{}
	for _, t := range totals {
		sums[place{t.OrderNumber, t.Index}] = t
	}
	left := map[place]int64{} // hits of a stamp that have no number yet
	for _, w := range hits {
		left[place{w.Stamp.Order, w.Stamp.Index}]++
	}
	seen := make([]Seen, len(hits))
	for i, w := range hits {
		p := place{w.Stamp.Order, w.Stamp.Index}
		seen[i] = Seen{Count: sums[p].Count - left[p] + 1, First: sums[p].FirstAt}
		left[p]--
	}
	return seen
}
