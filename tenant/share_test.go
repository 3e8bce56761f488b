package tenant

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"txng/tenant/fault"
)

func TestNewcomerIsServedBeforeAHundredThatWaitForAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShares(4)
		var order []ID
		var held []func()
		ask := func(id ID) {
			go func() {
				release, err := s.take(t.Context(), id)
				if err != nil {
					t.Error(err)
					return
				}
				s.mu.Lock()
				order, held = append(order, id), append(held, release)
				s.mu.Unlock()
			}()
			synctest.Wait()
		}
		next := func() { // who has waited longest gives back
			s.mu.Lock()
			release := held[0]
			held = held[1:]
			s.mu.Unlock()
			release()
			synctest.Wait()
		}
		for range 103 {
			ask(1)
		}
		if len(order) != 3 {
			t.Fatalf("the greedy tenant holds %d of 4 connections, want 3", len(order))
		}
		ask(2)
		if !slices.Equal(order, []ID{1, 1, 1, 2}) {
			t.Fatalf("served %v, want the newcomer at once", order)
		}
		ask(2) // waits behind a hundred, but has fewer
		ask(3)
		for range 3 {
			next()
		}
		if got := order[4:]; !slices.Equal(got, []ID{3, 1, 2}) {
			t.Errorf("then served %v, want 3, who holds none, and then in turn", got)
		}
		for len(held) > 0 {
			next()
		}
		if len(order) != 106 || s.inUse != 0 || len(s.tenants) != 0 {
			t.Errorf("%d served, %d in use, %d remembered; want 106, 0, 0", len(order), s.inUse, len(s.tenants))
		}
	})
}

func TestWhoGivesUpLeavesTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShares(1)
		release, err := s.take(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := s.take(ctx, 2)
			failed <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v, want cancelled", err)
		}
		release()
		release() // twice is once
		if s.inUse != 0 || len(s.tenants) != 0 {
			t.Errorf("%d in use, %d remembered; want none", s.inUse, len(s.tenants))
		}
	})
}

func TestTooManyThatWaitAreTurnedAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShares(1)
		ctx, cancel := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer cancel()
		if _, err := s.take(ctx, 1); err != nil {
			t.Fatal(err)
		}
		for range patience {
			go s.take(ctx, 1)
		}
		synctest.Wait()
		if _, err := s.take(ctx, 1); !errors.Is(err, fault.TooMany) || fault.Message(err) == "" {
			t.Errorf("err = %v, want too many with a sentence", err)
		}
		soon, stop := context.WithCancel(ctx)
		stop()
		if _, err := s.take(soon, 2); errors.Is(err, fault.TooMany) {
			t.Error("another tenant is turned away too")
		}
	})
}
