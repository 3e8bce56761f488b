package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"txng/authz"
)

// MeasureSignedIn returns the nanoseconds of a request to a page that does nothing, by nobody and by the session's
// person (medians, in turn within one run). The session cache must listen, as it does while the site serves.
func MeasureSignedIn(ctx context.Context, c Config, session authz.Token, rounds int) (nobody, signedIn float64, err error) {
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
			return 0, 0, ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	a := New(c)
	nothing := func(*Request) (Answer, error) { return Bytes("text/plain", nil), nil }
	a.Open(http.MethodGet, "/open", "a measurement", nothing)
	a.Self(http.MethodGet, "/self", nothing)
	ask := func(path string) float64 {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.AddCookie(&http.Cookie{Name: a.cookieName(sessionName), Value: string(session)})
		start := time.Now()
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			err = errNoPage
		}
		return float64(time.Since(start).Nanoseconds())
	}
	var times [2][]float64
	for range rounds {
		times[0] = append(times[0], ask("/open"))
		times[1] = append(times[1], ask("/self"))
	}
	for i := range times {
		slices.Sort(times[i])
	}
	return times[0][rounds/2], times[1][rounds/2], err
}
