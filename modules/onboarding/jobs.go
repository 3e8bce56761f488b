package onboarding

import (
	"context"
	"errors"
	"fmt"
	"time"

	"txng/modules/internal/job"
	"txng/modules/internal/web"
	"txng/tenant"
)

// FinishStarts is the job that finishes what a machine that stopped has left of a province's start.
type FinishStarts struct{}

// Kind names the job.
func (FinishStarts) Kind() string { return "onboarding_finish" }

// atWork is how long a start may take that nobody needs to finish.
const atWork = time.Minute

// Jobs registers the module's jobs.
func Jobs(w *job.Workers, a *web.App) {
	job.Handle(w, func(ctx context.Context, _ FinishStarts) error { return finishAll(ctx, a) })
	w.Every(time.Minute, FinishStarts{})
}

func finishAll(ctx context.Context, a *web.App) error {
	var left []tenant.ID
	if err := a.DB.Platform(ctx, func(tx tenant.Platform) (err error) {
		left, err = tenant.Unfinished(ctx, tx, tx.Now().Add(-atWork))
		return err
	}); err != nil {
		return err
	}
	var wrong error
	for _, id := range left {
		if err := finish(ctx, a, id); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("finish the start of tenant %d: %w", id, err))
		}
	}
	return wrong
}

// finish finishes the start of a province, if it is to be, and sends its first administrator the invitation.
func finish(ctx context.Context, a *web.App, id tenant.ID) error {
	s, found, err := Finish(ctx, a.DB, id)
	if err != nil || !found {
		return err
	}
	a.Log.Warn("a stopped start of a province was finished", "tenant", s.Tenant.Slug)
	if s.Invitation == nil {
		return nil
	}
	return send(ctx, a, Letter(a.Base, s.Invitation.Inviter, s))
}
