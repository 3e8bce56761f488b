package web

import (
	"net/http"
	"time"

	"github.com/go-chi/httprate"

	"txng/authz"
)

// Limit counts what an address does, for things that a handler limits by itself (wrong serials, sign-ins).
type Limit struct{ limiter *httprate.RateLimiter }

// NewLimit returns a limit of n a minute and address.
func NewLimit(n int) Limit { return Limit{httprate.NewRateLimiter(n, time.Minute)} }

// Exceeded counts one more for the request's address and reports whether it was too many.
func (l Limit) Exceeded(q *Request) bool {
	return l.limiter.OnLimit(nowhere{}, q.Request, authz.NetworkOf(q.Device().Address))
}

// nowhere is where the limiter writes its headers: the handler answers by itself.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}
