package accounts

import (
	"context"
	"errors"
	"time"

	"txng/authz"
	"txng/modules/internal/job"
)

// Sweep is the job that removes what signing in leaves behind.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "accounts_sweep" }

// Jobs registers the module's jobs.
func Jobs(w *job.Workers) {
	job.Handle(w, func(ctx context.Context, _ Sweep) error {
		return errors.Join(authz.SweepThrottles(ctx, w.DB), authz.SweepFlows(ctx, w.DB), authz.SweepChallenges(ctx, w.DB))
	})
	w.Every(time.Hour, Sweep{})
}
