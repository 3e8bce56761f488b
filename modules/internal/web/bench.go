package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"txng/authz"
	"txng/tenant"
)

// SignedInTimes are the nanoseconds of a request to a page that does nothing: by nobody, by a signed-in person, and by
// them without the count of their tenant's requests.
type SignedInTimes struct{ Nobody, SignedIn, Uncounted float64 }

// MeasureSignedIn measures SignedInTimes (medians, in turn within one run). The session cache must listen, as it does
// while the site serves. The tenant's allowance is set aside: none of the requests is refused.
func MeasureSignedIn(ctx context.Context, c Config, session authz.Token, rounds int) (SignedInTimes, error) {
	c.Sessions = authz.NewSessions(c.DB)
	ctx, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		c.Sessions.Run(ctx)
		close(done)
	}()
	defer func() { stop(); <-done }()
	for !c.Sessions.Listening() {
		select {
		case <-ctx.Done():
			return SignedInTimes{}, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	nothing := func(*Request) (Answer, error) { return Bytes("text/plain", nil), nil }
	counted := New(c)
	counted.rates.allowed = func(tenant.Tenant, tenant.Allowance) int64 { return 1 << 40 }
	uncounted := New(c)
	uncounted.rates = nil
	for _, a := range []*App{counted, uncounted} {
		a.Open(http.MethodGet, "/open", "a measurement", nothing)
		a.Self(http.MethodGet, "/self", nothing)
	}
	kinds := []struct {
		app  *App
		path string
		took []float64
	}{{counted, "/open", nil}, {counted, "/self", nil}, {uncounted, "/self", nil}}
	for range rounds {
		for i := range kinds {
			r := httptest.NewRequest(http.MethodGet, kinds[i].path, nil)
			r.AddCookie(&http.Cookie{Name: counted.cookieName(sessionName), Value: string(session)})
			w := httptest.NewRecorder()
			start := time.Now()
			kinds[i].app.Handler().ServeHTTP(w, r)
			kinds[i].took = append(kinds[i].took, float64(time.Since(start).Nanoseconds()))
			if w.Code != http.StatusOK {
				return SignedInTimes{}, fmt.Errorf("%s answers %d", kinds[i].path, w.Code)
			}
		}
	}
	median := func(i int) float64 {
		slices.Sort(kinds[i].took)
		return kinds[i].took[rounds/2]
	}
	return SignedInTimes{Nobody: median(0), SignedIn: median(1), Uncounted: median(2)}, nil
}
