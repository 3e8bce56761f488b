// Package modules is the list of the platform's modules.
package modules

import (
	"context"

	"golang.org/x/sync/errgroup"

	"txng/authz"
	"txng/modules/accounts"
	"txng/modules/archive"
	"txng/modules/catalog"
	"txng/modules/home"
	"txng/modules/internal/audit"
	"txng/modules/internal/job"
	"txng/modules/internal/mail"
	"txng/modules/internal/web"
	"txng/modules/journal"
	"txng/modules/kpi"
	"txng/modules/merger"
	"txng/modules/ministry"
	"txng/modules/onboarding"
	"txng/modules/organization"
	"txng/modules/plan"
	"txng/modules/scan"
	"txng/modules/stamps"
	"txng/modules/trace"
	"txng/modules/units"
)

// Config is what a site is made of.
type Config = web.Config

// Outbox is where a site's letters go.
type Outbox = mail.Outbox

// OpenOutbox returns the outbox of a configuration; see the mail kit's Open.
func OpenOutbox(smtp, from, folder string) (*Outbox, error) { return mail.Open(smtp, from, folder) }

// App is the site with all modules' routes.
type App struct {
	*web.App
	Recorder *scan.Recorder // records scans; ended by Close
	jobs     *job.Workers
}

// New returns the site with all modules, ready to serve once Start has run.
func New(c Config, keys *stamps.Keys) *App {
	if c.Sessions == nil {
		c.Sessions = authz.NewSessions(c.DB)
	}
	a := web.New(c)
	recorder := scan.NewRecorder(c.DB, c.Log)
	recorder.Start(context.Background()) // until Close
	jobs := job.NewWorkers(c.DB)

	home.Routes(a)
	units.Routes(a)
	onboarding.Routes(a)
	onboarding.Jobs(jobs, a)
	merger.Routes(a)
	merger.Jobs(jobs)
	organization.Routes(a)
	catalog.Routes(a)
	trace.Routes(a)
	stamps.Routes(a, keys)
	scan.Routes(a, keys, recorder)
	plan.Routes(a)
	kpi.Routes(a)
	kpi.Jobs(jobs)
	accounts.Jobs(jobs, a)
	ministry.Routes(a)
	accounts.Routes(a)
	journal.Routes(a)
	journal.Jobs(jobs)
	archive.Routes(a)
	archive.Jobs(jobs, a.Archives, keys.Check())

	return &App{App: a, Recorder: recorder, jobs: jobs}
}

// Work runs the modules' jobs, and listens for what is taken away from people, until the context ends.
func (a *App) Work(ctx context.Context) error {
	group, ctx := errgroup.WithContext(audit.From(ctx, audit.ByJob))
	group.Go(func() error {
		a.Sessions.Run(ctx)
		return nil
	})
	group.Go(func() error { return job.Run(ctx, a.jobs, a.Log) })
	return group.Wait()
}

// Close ends what the modules keep running beside jobs and requests. Call it when no request is under way any more.
func (a *App) Close() {
	a.Wait()
	a.Recorder.Close()
}

// ByCommand returns a context in which the audit says that an operator's command did it, not a request.
func ByCommand(ctx context.Context) context.Context { return audit.From(ctx, audit.ByCommand) }

// MeasureSignedIn is what signing in costs a request; see the web kit's.
func MeasureSignedIn(ctx context.Context, c Config, session authz.Token, rounds int) (web.SignedInTimes, error) {
	return web.MeasureSignedIn(ctx, c, session, rounds)
}

// ResetFactors takes the second factors of an account away; see the accounts module's.
func ResetFactors(ctx context.Context, c Config, email string) (int64, error) {
	return accounts.ResetFactors(ctx, web.New(c), email)
}
