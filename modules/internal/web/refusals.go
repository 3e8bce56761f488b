package web

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/vi"
	"txng/tenant"
	"txng/tenant/fault"
)

// refusalsEvery is how often the same person's refusals at the same route make a line: the first at once, those after
// it within so long one together, which says how many they were.
const refusalsEvery = time.Minute

// refusalsMost is how many pairs of person and route are counted at once. Past it a refusal is logged, not noted.
const refusalsMost = 20_000

// refusals are what was refused to signed-in people and not written yet. A line is written beside the answer, which
// never waits for it.
type refusals struct {
	every time.Duration // 0: refusalsEvery

	mu   sync.Mutex
	open map[refusalKey]*counted
}

type refusalKey struct {
	account    authz.AccountID
	membership int64
	acting     authz.AccountID
	route      string
}

// counted are the refusals of a person at a route since the last line.
type counted struct {
	n           int
	first, last time.Time
	write       func(what string) error
	what        string
	timer       *time.Timer
}

// refused notes that a person was refused, when err says so.
func (a *App) refused(q *Request, route Route, err error) {
	if !errors.Is(err, fault.Forbidden) || q.Who.Nobody() {
		return
	}
	what := "Bị từ chối " + q.Method + " " + q.URL.Path
	switch sentence := authz.Sentences[route.Permission]; {
	case errors.Is(err, authz.ErrPersonal) && q.Who.Impersonated():
		what += ": là của riêng người được làm thay"
	case !q.Who.Can(route.Permission) && sentence != "":
		what += ": không có quyền “" + sentence + "”"
	case fault.Message(err) != "":
		what += ": " + fault.Message(err)
	}
	a.noteRefusal(q, q.Who, route.Method+" "+route.Path, what)
}

// refusedElsewhere notes that a token of one tenant was shown at the address of another, in the audit of its own.
func (a *App) refusedElsewhere(q *Request, who authz.Identity, place string) {
	a.noteRefusal(q, who, "elsewhere "+place, "Token bị từ chối "+q.Method+" "+q.URL.Path+": đưa tại địa chỉ của "+place)
}

func (a *App) noteRefusal(q *Request, who authz.Identity, route, what string) {
	db, now, from := a.DB, a.DB.Now(), context.WithoutCancel(q.Context())
	write := func(what string) error {
		ctx, stop := context.WithTimeout(from, laterTime)
		defer stop()
		return db.Platform(ctx, func(tx tenant.Platform) error {
			return audit.WriteAsPlatform(ctx, tx, who, who.Tenant, "access.refused", audit.Record{Subject: "route", Org: who.Org}, what+".")
		})
	}
	key := refusalKey{who.Account, who.Membership, who.Acting.Account, route}
	r := &a.refusals
	r.mu.Lock()
	defer r.mu.Unlock()
	c, counting := r.open[key]
	switch {
	case counting:
		if c.n == 0 {
			c.first = now
		}
		c.n, c.last, c.write, c.what = c.n+1, now, write, what
		return
	case len(r.open) >= refusalsMost:
		a.Log.Error("a refusal was not noted: too many", "request", q.ID, "account", who.Account, "route", route)
		return
	}
	if r.open == nil {
		r.open = map[refusalKey]*counted{}
	}
	c = &counted{}
	c.timer = time.AfterFunc(r.interval(), func() { r.next(a, key) })
	r.open[key] = c
	a.start(q, []func(context.Context) error{func(context.Context) error { return write(what) }})
}

func (r *refusals) interval() time.Duration {
	if r.every > 0 {
		return r.every
	}
	return refusalsEvery
}

// next writes what was counted since the last line, and goes on counting; after a time without any it forgets the pair.
func (r *refusals) next(a *App, key refusalKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.open[key]
	if c == nil {
		return
	}
	if c.n == 0 {
		delete(r.open, key)
		return
	}
	r.take(a, c)
	c.timer.Reset(r.interval())
}

// take writes the line of what was counted, beside everything else.
func (r *refusals) take(a *App, c *counted) {
	what, write := c.sentence(), c.write
	c.n = 0
	a.later.running.Add(1)
	go func() {
		defer a.later.running.Done()
		a.later.slots <- struct{}{}
		defer func() { <-a.later.slots }()
		if err := write(what); err != nil {
			a.Log.Error("refusals were not noted", "what", what, "error", err)
		}
	}()
}

// sentence says how often and when.
func (c *counted) sentence() string {
	if c.n == 1 {
		return c.what
	}
	return fmt.Sprintf("%s; %s lần từ %s đến %s", c.what, vi.Int(int64(c.n)), c.first.In(vi.Zone).Format("15:04:05"), c.last.In(vi.Zone).Format("15:04:05"))
}

// end writes what is counted, and forgets it.
func (r *refusals) end(a *App) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.open {
		c.timer.Stop()
		if c.n > 0 {
			r.take(a, c)
		}
	}
	clear(r.open)
}
