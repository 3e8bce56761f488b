package accounts

import (
	"context"
	"errors"
	"time"

	"txng/authz"
	"txng/modules/internal/job"
	"txng/modules/internal/web"
)

// Sweep is the job that removes what signing in leaves behind.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "accounts_sweep" }

// CloseInPlace is the job that notes the end of work in another's place.
type CloseInPlace struct{}

// Kind names the job.
func (CloseInPlace) Kind() string { return "accounts_close_in_place" }

// Jobs registers the module's jobs.
func Jobs(w *job.Workers, a *web.App) {
	job.Handle(w, func(ctx context.Context, _ Sweep) error {
		return errors.Join(authz.SweepThrottles(ctx, w.DB), authz.SweepRefusals(ctx, w.DB), authz.SweepFlows(ctx, w.DB), authz.SweepChallenges(ctx, w.DB))
	})
	job.Handle(w, func(ctx context.Context, j Letter) error { return sendLetter(ctx, a, j) })
	w.Every(time.Hour, Sweep{})
	job.Handle(w, func(ctx context.Context, _ CloseInPlace) error { return closeImpersonations(ctx, w.DB) })
	w.Every(time.Minute, CloseInPlace{})
}
