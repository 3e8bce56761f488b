package web

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// What runs beside the answers: so many at once, each for so long, and so many that wait for their turn.
const (
	laterMost    = 32
	laterTime    = 10 * time.Minute
	laterWaiting = 1000
)

// background is what runs after the answer of its request.
type background struct {
	running sync.WaitGroup
	slots   chan struct{}
	waiting atomic.Int64
}

// Later runs f beside the answer, once the handler's transaction has committed: for what nobody should wait for, or
// whose time would tell something (letters). Its error is logged. A handler that fails starts nothing.
func (a Answer) Later(f func(ctx context.Context) error) Answer {
	a.later = append(a.later[:len(a.later):len(a.later)], f)
	return a
}

// start starts what an answer left for later. The answer never waits for it; what finds too much waiting is given up,
// and logged.
func (a *App) start(q *Request, list []func(ctx context.Context) error) {
	for _, f := range list {
		if a.later.waiting.Add(1) > laterWaiting {
			a.later.waiting.Add(-1)
			a.Log.Error("after the answer: too much is waiting", "request", q.ID)
			continue
		}
		a.later.running.Add(1)
		ctx := context.WithoutCancel(q.Context())
		go func() {
			defer a.later.running.Done()
			a.later.slots <- struct{}{}
			a.later.waiting.Add(-1)
			defer func() { <-a.later.slots }()
			ctx, stop := context.WithTimeout(ctx, laterTime)
			defer stop()
			if err := guarded(ctx, f); err != nil {
				a.Log.Error("after the answer", "request", q.ID, "err", err)
			}
		}()
	}
}

// guarded runs f; a panic becomes an error.
func guarded(ctx context.Context, f func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f(ctx)
}

// Wait returns when what answers left for later is done, and what was counted of refusals is written. Call it when no
// request is under way any more.
func (a *App) Wait() {
	a.refusals.end(a)
	a.later.running.Wait()
}
