package job_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"txng/modules/internal/job"
	"txng/tenant"
	"txng/tenant/tenanttest"
)

type endless struct {
	N int `json:"n"`
}

func (endless) Kind() string            { return "test_endless" }
func (endless) InsertOpts() job.Options { return job.Options{Queue: job.Long} }

type letter struct{}

func (letter) Kind() string { return "test_letter" }

// TestLettersDoNotWaitForJobsThatTakeLong enqueues more long jobs than there are workers of either kind, and a letter
// after them.
func TestLettersDoNotWaitForJobsThatTakeLong(t *testing.T) {
	e := tenanttest.New(t)
	begun, sent, done := make(chan int, 20), make(chan struct{}), make(chan struct{})
	w := job.NewWorkers(e.DB)
	job.HandleLong(w, time.Hour, func(_ context.Context, j endless) error {
		begun <- j.N
		<-done
		return nil
	})
	job.Handle(w, func(context.Context, letter) error {
		close(sent)
		return nil
	})
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		for n := range 10 {
			if err := job.EnqueueAsPlatform(t.Context(), tx, endless{n}, nil); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- job.Run(ctx, w, slog.New(slog.DiscardHandler)) }()
	select {
	case <-begun:
	case <-time.After(30 * time.Second):
		t.Fatal("no long job begins")
	}
	time.Sleep(2 * time.Second) // the others have had their time to begin, too
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return job.EnqueueAsPlatform(t.Context(), tx, letter{}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-sent:
	case <-time.After(20 * time.Second):
		t.Errorf("a letter waits behind jobs that take long; %d of them have begun", 1+len(begun))
	}
	if n := 1 + len(begun); n > 2 {
		t.Errorf("%d long jobs at once, want 2 at most", n)
	}
	close(done)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
