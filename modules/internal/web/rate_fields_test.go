package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"txng/tenant"
)

// The fields are those of draft-ietf-httpapi-ratelimit-headers-11 (23 May 2026). Its section 3.2 writes
// `"default";q=100;w=10`, its section 4.2 `"default";r=50;t=30`: one Item of a List (RFC 9651, section 3.1), whose value is
// a String (section 3.3.3) and whose parameters are Integers of at most 15 digits (3.3.1).
var (
	limitItem  = regexp.MustCompile(`^"([ !#-\[\]-~]+)"((?:;[a-z*][a-z0-9_.*-]*=[0-9]{1,15})+)$`)
	limitParam = regexp.MustCompile(`;([a-z]+)=([0-9]+)`)
)

// limits reads one of the fields strictly; each parameter stands in it once.
func limits(t *testing.T, h http.Header, name string) (policy string, parameters map[string]int64) {
	t.Helper()
	values := h.Values(name)
	if len(values) != 1 || !limitItem.MatchString(values[0]) {
		t.Fatalf("%s: %q, want one item with integers", name, values)
	}
	m := limitItem.FindStringSubmatch(values[0])
	parameters = map[string]int64{}
	for _, p := range limitParam.FindAllStringSubmatch(m[2], -1) {
		if _, twice := parameters[p[1]]; twice {
			t.Errorf("%s: %q has %q twice", name, values[0], p[1])
		}
		parameters[p[1]], _ = strconv.ParseInt(p[2], 10, 64)
	}
	return m[1], parameters
}

// stands reads both fields of an answer, and holds them to what the draft asks of every answer.
func stands(t *testing.T, got *httptest.ResponseRecorder) (q, w, r, window int64) {
	t.Helper()
	policy, rule := limits(t, got.Header(), "RateLimit-Policy")
	of, state := limits(t, got.Header(), "RateLimit")
	if of != policy { // section 4.1: the item identifies the quota policy
		t.Errorf("RateLimit is of policy %q, want %q", of, policy)
	}
	q, hasQ := rule["q"] // section 3.1: required
	w = rule["w"]        // section 3.1.3: not zero
	r, hasR := state["r"]
	window, hasT := state["t"]
	if !hasQ || w == 0 || len(rule) != 2 || !hasR || !hasT || len(state) != 2 {
		t.Fatalf("policy %v, limit %v, want q and a w above 0, r and t", rule, state)
	}
	if r*w > q*window { // sections 6 and 8.5: r in t seconds is no more than q in w seconds
		t.Errorf("%d within %d seconds is faster than the policy's %d within %d", r, window, q, w)
	}
	if again := got.Header().Get("Retry-After"); again != "" { // section 6: not before the end of the effective window
		if n, err := strconv.ParseInt(again, 10, 64); err != nil || n < window {
			t.Errorf("Retry-After %q, want at least t=%d", again, window)
		}
	}
	return q, w, r, window
}

func TestCallerOfTheAPIKnowsHowTheyStand(t *testing.T) {
	t.Parallel()
	m := newMetered(t)
	other, _ := m.NewTenant(t)
	m.allow(t, m.Tenant, tenant.APIRate, 60)
	session, token := m.person(t, m.Tenant)
	_, neighbour := m.person(t, other)
	for i := range int64(60) {
		got := m.call(token)
		q, w, r, window := stands(t, got)
		if is, want := [4]int64{q, w, r, window}, [4]int64{60, 60, 59 - i, max(59-i, 1)}; got.Code != http.StatusOK || is != want {
			t.Fatalf("call %d: %d, q, w, r, t %d, want 200, %d", i+1, got.Code, is, want)
		}
	}
	got := m.call(token)
	var p Problem
	if err := json.Unmarshal(got.Body.Bytes(), &p); err != nil {
		t.Fatalf("%s: %v", got.Body, err)
	}
	if got.Code != http.StatusTooManyRequests || p.Status != got.Code || got.Header().Get("Content-Type") != "application/problem+json" ||
		got.Header().Get("Retry-After") != "1" || !strings.Contains(p.Detail, "60 yêu cầu mỗi phút") {
		t.Errorf("call 61: %d %v %+v, want 429 as a problem with Retry-After", got.Code, got.Header(), p)
	}
	if _, _, r, window := stands(t, got); r != 0 || window != 1 {
		t.Errorf("call 61: r=%d;t=%d, want 0 within the next second", r, window)
	}
	if got := m.call(neighbour); got.Code != http.StatusOK {
		t.Errorf("another tenant: %d, want 200", got.Code)
	}
	if got := m.page(session); got.Code != http.StatusOK {
		t.Errorf("a page of the tenant: %d, want 200: calls are counted apart", got.Code)
	}
	if got := m.call("wrong"); got.Code != http.StatusUnauthorized || got.Header().Get("RateLimit") != "" {
		t.Errorf("a wrong token: %d %q, want 401 without a standing", got.Code, got.Header().Get("RateLimit"))
	}
}

// TestCallerWhoKeepsToTheLimitIsNeverRefused is the client of the draft's section 7: within t seconds it uses no more than r,
// as fast as it can.
func TestCallerWhoKeepsToTheLimitIsNeverRefused(t *testing.T) {
	t.Parallel()
	m := newMetered(t)
	m.allow(t, m.Tenant, tenant.APIRate, 61) // a call has its fill of time in no whole number of seconds
	_, token := m.person(t, m.Tenant)
	calls := 0
	for _, pause := range []time.Duration{0, 300 * time.Millisecond, 20 * time.Second, time.Hour} {
		m.now = m.now.Add(pause)
		got := m.call(token)
		_, _, r, window := stands(t, got)
		for range r {
			if got.Code != http.StatusOK {
				t.Fatalf("after %d calls: %d, want 200", calls, got.Code)
			}
			got = m.call(token)
			stands(t, got)
			calls++
		}
		if got.Code != http.StatusOK {
			t.Fatalf("after %d calls: %d, want 200", calls, got.Code)
		}
		m.now = m.now.Add(time.Duration(window) * time.Second)
	}
	for range 70 {
		m.call(token)
	}
	got := m.call(token)
	again, _ := strconv.Atoi(got.Header().Get("Retry-After"))
	if stands(t, got); got.Code != http.StatusTooManyRequests {
		t.Fatalf("one who does not keep to it: %d, want 429", got.Code)
	}
	m.now = m.now.Add(time.Duration(again) * time.Second)
	if got := m.call(token); got.Code != http.StatusOK {
		t.Errorf("after Retry-After: %d, want 200", got.Code)
	}
}
