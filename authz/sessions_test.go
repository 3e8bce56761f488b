package authz_test

import (
	"context"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
)

// still returns the database with a clock that stands still: what an instance remembers it believes for ever, and
// changes its mind by hearing alone, however slow the machine is.
func still(db *tenant.DB) *tenant.DB {
	now := time.Now().Truncate(time.Microsecond)
	return db.WithClock(func() time.Time { return now })
}

// instance returns the sessions of an instance that remembers, and hears what others take away.
func instance(t *testing.T, db *tenant.DB) *authz.Sessions {
	t.Helper()
	s := authz.NewSessions(db)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	t.Cleanup(func() { stop(); <-done })
	for !s.Listening() {
		time.Sleep(time.Millisecond)
	}
	return s
}

// heard resumes a session until an instance says what is expected, and returns what it said last. The instance's clock
// must be still.
func heard(t *testing.T, s *authz.Sessions, session authz.Token, expected func(authz.Identity, error) bool) (authz.Identity, error) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		who, err := s.Resume(t.Context(), session)
		if expected(who, err) || time.Now().After(deadline) {
			return who, err
		}
	}
}
