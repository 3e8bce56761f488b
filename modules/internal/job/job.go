// Package job runs work in the background: a job is enqueued in the transaction that makes it necessary, and worked on
// by this or another instance soon after the commit.
//
// It is river with the tenant's rules: a job's arguments carry the tenant, and its worker opens the scope itself.
package job

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"txng/tenant"
)

// Args are a job's arguments: a struct with JSON fields, and a Kind that names its worker.
type Args = river.JobArgs

// Options say when and how often a job is inserted; see river.InsertOpts.
type Options = river.InsertOpts

// Workers is where modules register what works on their jobs.
type Workers struct {
	DB       *tenant.DB
	workers  *river.Workers
	periodic []*river.PeriodicJob
}

// NewWorkers returns an empty set.
func NewWorkers(db *tenant.DB) *Workers { return &Workers{DB: db, workers: river.NewWorkers()} }

// Handle registers the worker of jobs with arguments A. It may be called twice for one job, so it must be idempotent.
func Handle[A Args](w *Workers, f func(context.Context, A) error) {
	river.AddWorker(w.workers, river.WorkFunc(func(ctx context.Context, j *river.Job[A]) error { return f(ctx, j.Args) }))
}

// Long is the queue of jobs that take longer than a minute, so that nobody's letter waits behind them.
const Long = "long"

// LongArgs are the arguments of a job that takes long; their InsertOpts name the queue Long.
type LongArgs interface {
	Args
	river.JobArgsWithInsertOpts
}

// HandleLong is Handle for jobs that take longer than the minute that others may: up to most. After a crash such a job
// may start again while nobody works on it any more, or while somebody still does.
func HandleLong[A LongArgs](w *Workers, most time.Duration, f func(context.Context, A) error) {
	river.AddWorker(w.workers, &long[A]{work: f, most: most})
}

// long is the worker of HandleLong.
type long[A Args] struct {
	river.WorkerDefaults[A]
	work func(context.Context, A) error
	most time.Duration
}

func (l *long[A]) Work(ctx context.Context, j *river.Job[A]) error { return l.work(ctx, j.Args) }
func (l *long[A]) Timeout(*river.Job[A]) time.Duration             { return l.most }

// Every has one instance of the deployment insert the job at its start and then every so often.
func (w *Workers) Every(d time.Duration, args Args) {
	w.periodic = append(w.periodic, river.NewPeriodicJob(river.PeriodicInterval(d),
		func() (Args, *Options) { return args, nil }, &river.PeriodicJobOpts{RunOnStart: true}))
}

// insertOnly enqueues; it never works.
var insertOnly = func() *river.Client[pgxTx] {
	c, err := river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: tenant.JobSchema})
	if err != nil {
		panic(err)
	}
	return c
}()

// Enqueue inserts a job in the transaction; it exists when and only when the transaction commits.
func Enqueue(ctx context.Context, tx tenant.Tx, args Args, o *Options) error {
	if _, err := insertOnly.InsertTx(ctx, tenant.ForJobs(tx), args, o); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}

// EnqueueAsPlatform is Enqueue in a transaction of the platform's door.
func EnqueueAsPlatform(ctx context.Context, tx tenant.Platform, args Args, o *Options) error {
	if _, err := insertOnly.InsertTx(ctx, tenant.PlatformForJobs(tx), args, o); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}

// Run works on jobs until the context ends, then waits for those under way.
func Run(ctx context.Context, w *Workers, log *slog.Logger) error {
	client, err := river.NewClient(riverpgxv5.New(w.DB.JobPool()), &river.Config{
		Schema:       tenant.JobSchema,
		Queues:       map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}, Long: {MaxWorkers: 2}},
		Workers:      w.workers,
		PeriodicJobs: w.periodic,
		Logger:       log,
	})
	if err != nil {
		return fmt.Errorf("start the job queue: %w", err)
	}
	// A database that is away at this moment is no reason to end the site.
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 10*time.Second) {
		err := client.Start(context.WithoutCancel(ctx))
		if err == nil {
			break
		}
		log.Error("the job queue does not start yet", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
	<-ctx.Done()
	return client.Stop(context.WithoutCancel(ctx))
}
