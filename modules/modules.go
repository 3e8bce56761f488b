// Package modules is the list of the platform's modules.
package modules

import (
	"context"

	"txng/modules/accounts"
	"txng/modules/catalog"
	"txng/modules/home"
	"txng/modules/internal/job"
	"txng/modules/internal/web"
	"txng/modules/kpi"
	"txng/modules/ministry"
	"txng/modules/onboarding"
	"txng/modules/organization"
	"txng/modules/plan"
	"txng/modules/scan"
	"txng/modules/stamps"
	"txng/modules/trace"
)

// Config is what a site is made of.
type Config = web.Config

// App is the site with all modules' routes.
type App struct {
	*web.App
	Recorder *scan.Recorder // records scans; ended by Close
	jobs     *job.Workers
}

// New returns the site with all modules, ready to serve once Start has run.
func New(c Config, keys *stamps.Keys) *App {
	a := web.New(c)
	recorder := scan.NewRecorder(c.DB, c.Log)
	recorder.Start(context.Background()) // until Close
	jobs := job.NewWorkers(c.DB)

	home.Routes(a)
	accounts.Routes(a)
	onboarding.Routes(a)
	organization.Routes(a)
	catalog.Routes(a)
	trace.Routes(a)
	stamps.Routes(a, keys)
	scan.Routes(a, keys, recorder)
	plan.Routes(a)
	kpi.Routes(a)
	kpi.Jobs(jobs)
	ministry.Routes(a)

	return &App{App: a, Recorder: recorder, jobs: jobs}
}

// Work runs the modules' jobs until the context ends.
func (a *App) Work(ctx context.Context) error { return job.Run(ctx, a.jobs, a.Log) }

// Close ends what the modules keep running beside jobs and requests. Call it when no request is under way any more.
func (a *App) Close() { a.Recorder.Close() }
