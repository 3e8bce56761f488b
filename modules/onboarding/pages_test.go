package onboarding_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"txng/authz"
	"txng/authz/authztest"
	"txng/modules/onboarding"
	"txng/modules/trace/tracetest"
	"txng/tenant"
)

func operator(t *testing.T, w *tracetest.World) *http.Cookie {
	t.Helper()
	const password = "mat khau dai 10"
	email := "van-hanh-" + strings.ToLower(w.Tenant.Slug) + "@example.vn"
	if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		account, err := authz.CreateAccount(t.Context(), tx, email, "Người vận hành", password)
		if err != nil {
			return err
		}
		return authz.GrantPlatformRole(t.Context(), tx, account, authz.Operator)
	}); err != nil {
		t.Fatal(err)
	}
	token := authztest.SignIn(t, w.DB, email, password, nil)
	return &http.Cookie{Name: "txng_session", Value: string(token), Path: "/"}
}

func TestProvincesAreSortedFilteredAndExported(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	other, _ := w.NewTenant(t)
	site := w.Serve(t, onboarding.Routes)
	session := operator(t, w)
	order := func(query string) bool {
		t.Helper()
		got := site.Get(t, session, "/tinh"+query)
		first, second := strings.Index(got.Body, "/tinh/"+w.Tenant.Slug+`"`), strings.Index(got.Body, "/tinh/"+other.Slug+`"`)
		if got.Status != 200 || first < 0 || second < 0 {
			t.Fatalf("/tinh%s: status %d, or a province is missing", query, got.Status)
		}
		return first < second
	}
	if order("?sap=name") == order("?sap=-name") {
		t.Error("the order by name has no effect")
	}
	if order("?sap=since") == order("?sap=-since") {
		t.Error("the order by day has no effect")
	}
	csv := site.Get(t, session, "/tinh?xuat=csv&q="+url.QueryEscape(other.Name))
	if csv.Status != 200 || !strings.Contains(csv.Body, other.Slug) || !strings.Contains(csv.Body, "Đang vận hành") || strings.Contains(csv.Body, w.Tenant.Slug) {
		t.Errorf("csv: status %d\n%s", csv.Status, csv.Body)
	}
	if got := site.Get(t, session, "/tinh?xuat=xlsx"); !strings.HasPrefix(got.Body, "PK") {
		t.Errorf("xlsx: status %d, want a file", got.Status)
	}
	if got := site.Get(t, session, "/tinh?state=merged").Body; strings.Contains(got, other.Slug) {
		t.Error("the filter by state does not hold")
	}
}
