package scan

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"txng/tenant"
)

func TestCrowdOfScansIsToldWhenToComeAgainAndIsNoForgery(t *testing.T) {
	t.Parallel()
	s := open(t)
	const least = 600
	if err := s.World.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return tenant.Allow(t.Context(), tx, s.Tenant.ID, tenant.PublicRate, least)
	}); err != nil {
		t.Fatal(err)
	}
	s.World.DB.Forget()
	start := time.Now()
	n := 1
	for s.Do(t, nil, http.MethodHead, s.path(0), nil).Status == 200 && n < 5000 {
		n++
	}
	if most := least + 2 + int(time.Since(start).Seconds()*least/60); n <= least || n > most {
		t.Fatalf("the first refused scan is the %d., want %d. to %d.", n, least+1, most)
	}
	drain := func(path string) (got struct {
		Status int
		Body   string
		Header http.Header
	}) {
		for range 100 { // some come back with the time
			a := s.Get(t, nil, path)
			got.Status, got.Body, got.Header = a.Status, a.Body, a.Header
			if a.Status == http.StatusTooManyRequests {
				break
			}
		}
		return got
	}
	for lang, says := range map[string]string{"vi": "Hãy quét lại sau 1 giây", "en": "Please scan again in 1 s"} {
		got := drain(s.path(499) + "?lang=" + lang)
		if got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") != "1" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v, want 429, Retry-After 1", lang, got.Status, got.Header)
		}
		for _, no := range []string{"is-bad", "is-genuine", "/bao-loi"} {
			if strings.Contains(got.Body, no) {
				t.Errorf("%s: the page of a scan that was not looked up has %q", lang, no)
			}
		}
		if !strings.Contains(got.Body, says) {
			t.Errorf("%s: the page does not say %q: %s", lang, says, got.Body)
		}
	}
	if got := drain("/anh/" + strconv.Itoa(int(s.Tenant.ID)) + "/" + strconv.FormatInt(s.Product, 10)); got.Status != http.StatusTooManyRequests {
		t.Errorf("a photo: %d, want 429", got.Status)
	}
	forged := s.Get(t, nil, "/01/"+string(s.GTIN)+"/21/"+strings.Repeat("0", 20))
	if forged.Status != http.StatusNotFound {
		t.Errorf("a forged stamp: %d, want 404: it is no request of the tenant", forged.Status)
	}
	if got := s.Get(t, nil, "/anh/1023/1"); got.Status != http.StatusNotFound {
		t.Errorf("a photo of no tenant: %d, want 404", got.Status)
	}
}
