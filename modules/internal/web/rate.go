package web

import (
	"errors"
	"math"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/tenant"
	"txng/tenant/fault"
)

// rates hold the tenants to their allowances of requests. They count in this process: of several behind one address each
// gives a tenant its whole allowance. Only a tenant of the registry has a meter, so that there are as many as tenants,
// whatever is asked for; what cannot be told to belong to one (a wrong token, a forged stamp) is not counted against any.
//
// A bucket holds the allowance of a minute, and fills up evenly: who was quiet may ask so much at once, and in any longer
// time no more than the allowance and one bucket.
type rates struct {
	now     func() time.Time
	allowed func(tenant.Tenant, tenant.Allowance) int64
	tenants sync.Map // tenant.ID to *meters
}

func newRates() *rates { return &rates{now: time.Now, allowed: tenant.Tenant.Allowed} }

// meters are what one tenant has asked for. No tenant waits for a lock of another.
type meters struct{ pages, api, public meter }

func (m *meters) of(a tenant.Allowance) *meter {
	switch a {
	case tenant.APIRate:
		return &m.api
	case tenant.PublicRate:
		return &m.public
	}
	return &m.pages
}

// meter is what is left of one allowance, and what was refused for want of it.
type meter struct {
	mu      sync.Mutex
	bucket  *rate.Limiter // nil before the first request
	refused [60]refusedMinute
}

// refusedMinute is how many requests were refused within a minute since 1970.
type refusedMinute struct{ minute, n int64 }

// standing is how a tenant stands with an allowance after a request: in the time of window it may ask for no more than left.
// Who keeps to that is never refused, and asks no faster than the allowance fills up.
type standing struct {
	allowed, left int64
	window        time.Duration
}

// tooFast is the refusal of a request beyond the tenant's allowance: a fault.TooMany that knows when to come again.
type tooFast struct {
	error
	wait time.Duration
}

func (e tooFast) Unwrap() error { return e.error }

// RetryAfter returns the seconds after which what was refused may be asked for again: exact for a tenant beyond its
// allowance, a guess for all else.
func RetryAfter(err error) int {
	var fast tooFast
	if errors.As(err, &fast) {
		return wholeSeconds(fast.wait)
	}
	return 30
}

// wholeSeconds rounds up, to at least one: whoever waits so long has waited long enough.
func wholeSeconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }

// take counts a request of a tenant. One beyond the allowance is tooFast; first says that it is the first such within its
// minute.
func (r *rates) take(t tenant.Tenant, a tenant.Allowance) (s standing, first bool, err error) {
	of, _ := r.tenants.Load(t.ID)
	if of == nil {
		of, _ = r.tenants.LoadOrStore(t.ID, new(meters))
	}
	m, now := of.(*meters).of(a), r.now()
	s.allowed = r.allowed(t, a)
	perSecond := float64(s.allowed) / 60
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.bucket == nil:
		m.bucket = rate.NewLimiter(rate.Limit(perSecond), int(s.allowed))
	case int64(m.bucket.Burst()) != s.allowed: // the operator has changed it
		m.bucket.SetLimitAt(now, rate.Limit(perSecond))
		m.bucket.SetBurstAt(now, int(s.allowed))
	}
	ok := m.bucket.AllowN(now, 1)
	tokens := m.bucket.TokensAt(now)
	s.left = int64(tokens)
	if s.left > 0 {
		s.window = seconds(float64(s.left) / perSecond)
	} else {
		s.window = seconds((1 - tokens) / perSecond)
	}
	if ok {
		return s, false, nil
	}
	wait := tooFast{wait: s.window}
	spec, _ := tenant.SpecOfAllowance(a)
	wait.error = fault.Say(fault.TooMany, "%s đã dùng hết mức %s %s dành cho %s. Hãy thử lại sau %d giây.",
		t.Name, vi.Int(s.allowed), spec.Unit, lowerFirst(spec.Name), RetryAfter(wait))
	return s, m.refuse(now), wait
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func lowerFirst(s string) string {
	first := []rune(s)[:1]
	return strings.ToLower(string(first)) + strings.TrimPrefix(s, string(first))
}

// refuse notes a refusal, and reports whether it is the first within its minute.
func (m *meter) refuse(now time.Time) bool {
	minute := now.Unix() / 60
	slot := &m.refused[minute%int64(len(m.refused))]
	if slot.minute != minute {
		*slot = refusedMinute{minute: minute}
	}
	slot.n++
	return slot.n == 1
}

// refusedOf returns how many requests of a tenant were refused for want of an allowance within the last hour.
func (r *rates) refusedOf(id tenant.ID, a tenant.Allowance) (n int64) {
	of, _ := r.tenants.Load(id)
	if of == nil {
		return 0
	}
	m, now := of.(*meters).of(a), r.now().Unix()/60
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, slot := range m.refused {
		if now-slot.minute < int64(len(m.refused)) {
			n += slot.n
		}
	}
	return n
}

// RefusedOf returns how many requests of a tenant this process has refused within the last hour because they were beyond
// the allowance.
func (a *App) RefusedOf(id tenant.ID, of tenant.Allowance) int64 { return a.rates.refusedOf(id, of) }

// count counts a request of a tenant against an allowance. Errors: tooFast.
func (a *App) count(q *Request, t tenant.Tenant, of tenant.Allowance) (standing, error) {
	if a.rates == nil { // a measurement without
		return standing{}, nil
	}
	s, first, err := a.rates.take(t, of)
	if first {
		a.Log.Warn("a tenant asks for more than it is allowed", "request", q.ID, "tenant", t.ID, "allowance", of, "per_minute", s.allowed)
	}
	return s, err
}

// CountPublic counts a request of anybody for what a tenant has published. Beyond the tenant's allowance it is
// fault.TooMany; RetryAfter says when to come again.
func (q *Request) CountPublic(t tenant.Tenant) error {
	_, err := q.app.count(q, t, tenant.PublicRate)
	return err
}

// countCall counts a call of the API, and tells the caller how they stand: the fields of
// draft-ietf-httpapi-ratelimit-headers-11 (23 May 2026), with the tenant's allowance as the only policy. That is q
// requests in w seconds (section 3.1), of which r may be used within the next t seconds (section 4.1).
func (a *App) countCall(q *Request, t tenant.Tenant) error {
	s, err := a.count(q, t, tenant.APIRate)
	if q.header != nil {
		q.header("RateLimit-Policy", `"tenant";q=`+strconv.FormatInt(s.allowed, 10)+`;w=60`)
		q.header("RateLimit", `"tenant";r=`+strconv.FormatInt(s.left, 10)+`;t=`+strconv.Itoa(wholeSeconds(s.window)))
	}
	return err
}

// sendAgain offers what was refused once more: a link to a page, and for a form a button that sends all that was typed.
// The form itself is not shown again, as it is when its input is wrong: to show it costs as much as to take it.
func (q *Request) sendAgain(p *ui.Problem) {
	to := q.URL.RequestURI()
	if q.Method != http.MethodPost {
		p.Actions = append([]ui.Link{{Label: "Thử lại", Href: to}}, p.Actions...)
		return
	}
	kind, _, _ := mime.ParseMediaType(q.Header.Get("Content-Type"))
	if kind != "multipart/form-data" && kind != "application/x-www-form-urlencoded" || q.parse() != nil {
		return
	}
	p.Again, p.Kept = to, url.Values{}
	for name, values := range q.Posted {
		if !strings.Contains(name, "password") && !strings.Contains(name, "secret") { // these are never given back
			p.Kept[name] = values
		}
	}
	p.Text += " Nội dung vừa nhập được giữ nguyên; bấm để gửi lại."
	if len(p.Kept) < len(q.Posted) {
		p.Text += " Mật khẩu, khóa bí mật cần nhập lại sau khi gửi."
	}
	if q.MultipartForm != nil && len(q.MultipartForm.File) > 0 {
		p.Text += " Tệp đính kèm không giữ được, hãy chọn lại sau khi gửi."
	}
}
