package scan

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
	queueLength = 2048 // scans of one tenant that wait; one more is refused
	batchLength = 500  // scans of one commit
	commitTime  = 5 * time.Second
)

// Recorder writes scans to the database, each tenant's by themselves: one whose scans fail or wait for a lock keeps
// nobody else's waiting. Scans of a tenant that come while its commit is under way share the next one.
type Recorder struct {
	db  *tenant.DB
	log *slog.Logger

	mu      sync.Mutex
	ctx     context.Context // of Start; nil before
	closed  bool
	lines   map[tenant.ID]*line
	group   sync.WaitGroup // of the lines that are worked on
	commits int            // transactions that were tried; read after Close
}

// line are the hits of one tenant that wait.
type line struct {
	waiting []*waiting
	worked  bool
	told    time.Time // when the KPIs were last told; for who works on the line
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
	return &Recorder{db: db, log: log, lines: map[tenant.ID]*line{}}
}

// Start begins to record. Scans that were asked for before have waited. The recorder works until Close; the end of ctx
// only cuts short what the database is doing.
func (r *Recorder) Start(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx != nil || r.closed {
		return
	}
	r.ctx = ctx
	for of, l := range r.lines {
		r.hurry(of, l)
	}
}

// Close records what waits, refuses what comes later, and returns when all is done.
func (r *Recorder) Close() {
	r.mu.Lock()
	r.closed = true
	if r.ctx == nil {
		for _, l := range r.lines {
			for _, w := range l.waiting {
				w.answer <- outcome{err: errNotRecorded}
			}
			l.waiting = nil
		}
	}
	r.mu.Unlock()
	r.group.Wait()
}

// errNotRecorded says that a scan was not recorded; the same request may succeed later.
var errNotRecorded = fmt.Errorf("record scan: %w", fault.Unavailable)

// Record writes a scan, whatever the state of the stamp's tenant (tenant.DB.Visit), and returns how often the stamp was
// scanned, itself included. It returns after the commit. Errors: fault.Unavailable when too many scans of the tenant
// wait, the recorder is closed or the database does not answer; the context's.
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
	r.mu.Lock()
	defer r.mu.Unlock()
	of := tenant.ID(w.Stamp.Tenant)
	l := r.lines[of]
	if l == nil {
		l = &line{}
		r.lines[of] = l
	}
	if r.closed || len(l.waiting) >= queueLength {
		return false
	}
	l.waiting = append(l.waiting, w)
	r.hurry(of, l)
	return true
}

// hurry has a line worked on, if it is to be and is not. Its caller holds the lock.
func (r *Recorder) hurry(of tenant.ID, l *line) {
	if r.ctx == nil || l.worked || len(l.waiting) == 0 {
		return
	}
	l.worked = true
	r.group.Go(func() { r.work(of, l) })
}

// work commits batch after batch until nobody waits in the line.
func (r *Recorder) work(of tenant.ID, l *line) {
	for {
		hits := r.next(l)
		if len(hits) == 0 {
			return
		}
		hits = slices.DeleteFunc(hits, func(w *waiting) bool { return w.ctx.Err() != nil }) // nobody waits for it any more
		if len(hits) > 0 && r.commit(r.ctx, of, hits) {
			r.tell(r.ctx, of, l)
		}
	}
}

// next takes the hits of the line's next commit; none when its work is done.
func (r *Recorder) next(l *line) []*waiting {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := min(len(l.waiting), batchLength)
	hits := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	l.worked = n > 0
	return hits
}

// commit records hits of one tenant in one transaction and answers them; false when none was recorded. When the
// transaction fails for a reason of a single hit's, each is tried by itself, so that one cannot spoil the others.
func (r *Recorder) commit(ctx context.Context, of tenant.ID, hits []*waiting) (recorded bool) {
	seen, err := r.write(ctx, of, hits)
	if err != nil && len(hits) > 1 && !errors.Is(err, fault.Unavailable) && !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		for i := range hits {
			recorded = r.commit(ctx, of, hits[i:i+1]) || recorded
		}
		return recorded
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
	return err == nil
}

// tell has the KPIs of a tenant computed anew, at most once a second. Nothing is computed for one that is suspended or
// archived, whose figures stay as they were; and a failure takes no scan back, because all are refreshed every minute.
func (r *Recorder) tell(ctx context.Context, of tenant.ID, l *line) {
	if r.db.Now().Sub(l.told) < time.Second {
		return
	}
	ctx, stop := context.WithTimeout(ctx, commitTime)
	defer stop()
	scope, err := r.db.Scope(ctx, of)
	if err == nil {
		err = r.db.In(ctx, scope.Alone(), func(tx tenant.Tx) error { return measure.Changed(ctx, tx) })
	}
	if err != nil && !errors.Is(err, fault.Conflict) {
		r.log.Error("the KPIs were not told of scans", "tenant", of, "error", err)
	}
	l.told = r.db.Now()
}

// place is a stamp within its tenant.
type place struct{ order, index int }

// write records hits of one tenant and returns, in their order, how often their stamps were scanned. Several hits of one
// stamp get numbers that follow one another.
func (r *Recorder) write(ctx context.Context, of tenant.ID, hits []*waiting) ([]Seen, error) {
	ctx, stop := context.WithTimeout(ctx, commitTime)
	defer stop()
	r.mu.Lock()
	r.commits++
	r.mu.Unlock()
	var totals []total
	err := r.db.Visit(ctx, of, func(tx tenant.Visitor) (err error) {
		totals, err = put(ctx, tx, hits)
		return err
	})
	if err != nil {
		return nil, err
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
func put(ctx context.Context, tx tenant.Visitor, hits []*waiting) ([]total, error) {
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
