package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
)

// TestNeighbourOfATenantAtTenTimesItsAllowanceIsAnswered has one tenant ask, over the network, for ten times what it may
// within a minute, as fast as it gets answers, on pages that each hold a connection of the database for a while.
func TestNeighbourOfATenantAtTenTimesItsAllowanceIsAnswered(t *testing.T) {
	m := newMetered(t)
	m.app.rates.now = time.Now
	m.app.Sessions = authz.NewSessions(m.DB)
	listening, stop := context.WithCancel(t.Context())
	var sessions sync.WaitGroup
	sessions.Go(func() { m.app.Sessions.Run(listening) })
	defer sessions.Wait()
	defer stop()
	m.app.Get("/nang", authz.OrganizationView, func(q *Request, tx tenant.Tx) (Answer, error) {
		_, err := tenant.Value[string](q.Context(), tx, "select pg_sleep(0.02)::text where $1::int[] is not null")
		return Bytes("text/plain", nil), err
	})
	other, _ := m.NewTenant(t)
	m.allow(t, m.Tenant, tenant.PageRate, least)
	m.allow(t, other, tenant.PageRate, 60_000) // it asks as fast as it can, too
	greedy, _ := m.person(t, m.Tenant)
	victim, _ := m.person(t, other)
	server := httptest.NewServer(m.app.Handler())
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	defer client.CloseIdleConnections()
	ask := func(session, path string) int {
		r, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Error(err)
			return 0
		}
		r.AddCookie(&http.Cookie{Name: sessionName, Value: session})
		answer, err := client.Do(r)
		if err != nil {
			t.Error(err)
			return 0
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode
	}
	asVictim := func(enough func(reads int) bool) (reads int, median, p99 time.Duration) {
		var took []time.Duration
		for !enough(len(took)) {
			start := time.Now()
			if code := ask(victim, "/trang"); code != http.StatusOK {
				t.Errorf("the neighbour: %d, want 200", code)
			}
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		return len(took), took[len(took)/2], took[len(took)*99/100]
	}
	_, alone, aloneP99 := asVictim(func(reads int) bool { return reads == 300 })

	var sent, answered, refused atomic.Int64
	start := time.Now()
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for sent.Add(1) <= 10*least {
				switch code := ask(greedy, "/nang"); code {
				case http.StatusOK:
					answered.Add(1)
				case http.StatusTooManyRequests:
					refused.Add(1)
				default:
					t.Errorf("the greedy one: %d, want 200 or 429", code)
				}
			}
		})
	}
	reads, beside, besideP99 := asVictim(func(reads int) bool { return sent.Load() > 10*least && reads > 0 })
	group.Wait()
	most := least + int64(time.Since(start).Seconds()*least/60) + 1
	if n := answered.Load(); n < least || n > most {
		t.Errorf("%d of %d answered to the greedy one in %s, want %d to %d", n, 10*least, time.Since(start).Round(time.Millisecond), least, most)
	}
	if got := m.app.RefusedOf(m.Tenant.ID, tenant.PageRate); got != refused.Load() || got == 0 {
		t.Errorf("%d refusals counted, want the %d that there were", got, refused.Load())
	}
	if got := m.app.RefusedOf(other.ID, tenant.PageRate); got != 0 {
		t.Errorf("%d refusals of the neighbour, want none", got)
	}
	t.Logf("%d pages of the neighbour beside %d requests (%d answered, in %s) over alone: median %.2f, 99th percentile %.2f (alone %s, %s)",
		reads, 10*least, answered.Load(), time.Since(start).Round(time.Millisecond), float64(beside)/float64(alone), float64(besideP99)/float64(aloneP99), alone, aloneP99)
}
