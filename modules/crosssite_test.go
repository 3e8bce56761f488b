package modules_test

import (
	"net/http"
	"net/url"
	"testing"

	"txng/authz"
)

// TestEveryFormFromAnotherSiteIsRefused sends what a browser sends for another site's page, to every route that changes
// something, as people who may use most of them.
func TestEveryFormFromAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	w := site(t)
	sessions := []authz.Token{w.signIn(t, authz.Operator, ""), w.signIn(t, authz.DOSTAdmin, "nghe-an"), w.signIn(t, authz.OrgOwner, "nghe-an")}
	origins := []map[string]string{
		{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		{"Sec-Fetch-Site": "same-site", "Origin": "http://da-nang.txng.test"}, // another province's subdomain
		{"Origin": "https://evil.example"},                                    // an old browser
		{"Origin": "null"},                                                    // a frame without an origin
	}
	asked := 0
	for _, route := range w.app.Routes() {
		if route.Method == http.MethodGet || route.Method == http.MethodHead {
			continue
		}
		for i, session := range sessions {
			for j, headers := range origins {
				if i > 0 && j > 0 { // who asks makes no difference to the origin
					continue
				}
				r := request(route.Method, fill(route.Path, "1"), session, url.Values{"name": {"Từ trang khác"}})
				for key, value := range headers {
					r.Header.Set(key, value)
				}
				asked++
				if code := serveTo(w, r).Code; code != http.StatusForbidden {
					t.Errorf("%s %s from %v: %d, want 403", route.Method, route.Path, headers, code)
				}
			}
		}
	}
	if asked < 300 {
		t.Errorf("only %d requests", asked)
	}
	t.Logf("%d requests", asked)
}
