package home_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"txng/modules/home"
	"txng/modules/trace/tracetest"
	"txng/tenant"
)

// contact names whom people of a province call.
func contact(t *testing.T, w *tracetest.World, of tenant.ID, text string) {
	t.Helper()
	if _, err := w.Env.Owner(t).Exec(t.Context(), `update tenant.tenant set contact = $2 where id = $1`, of, text); err != nil {
		t.Fatal(err)
	}
	w.DB.Forget()
}

func TestReportNamesTheContactOfTheStampsProvince(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, home.Routes)
	contact(t, w, w.Tenant.ID, "Gọi 0238 3844 500")
	for path, want := range map[string][]string{
		"/bao-loi?ma=01/2A&tinh=" + w.Tenant.Slug:         {`lang="vi"`, "01/2A", "Gọi 0238 3844 500", "Sở Khoa học và Công nghệ " + w.Tenant.Name, "Không sử dụng", "lang=en"},
		"/bao-loi?ma=01/2A&lang=en&tinh=" + w.Tenant.Slug: {`lang="en"`, "01/2A", "Gọi 0238 3844 500", "Do not use", "Report a fake", "lang=vi"},
		"/bao-loi?ma=01/2A&tinh=khong-co":                 {"tỉnh, thành phố nơi mua hàng"},
		"/bao-loi?ma=abc":                                 {"Trang bị lỗi", "abc"},
		"/bao-loi?lang=xx":                                {"Báo lỗi, báo hàng giả", "Nghi hàng giả", "Trang bị lỗi"},
	} {
		got := site.Get(t, nil, path)
		for _, text := range want {
			if got.Status != http.StatusOK || !strings.Contains(got.Body, text) {
				t.Errorf("%s: status %d, lacks %q", path, got.Status, text)
			}
		}
	}
	if got := site.Get(t, nil, "/bao-loi?ma="+strings.Repeat("a", 121)).Status; got != http.StatusNotFound {
		t.Errorf("a long code: status %d, want 404", got)
	}
}

func TestReportOfAMergedProvinceGoesToItsSuccessor(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, home.Routes)
	heir, _ := w.NewTenant(t)
	if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		return tenant.Succeed(t.Context(), tx, tenant.Lineage{Successor: heir.ID, Origin: w.Tenant.ID, Effective: time.Now().Add(-time.Hour), Basis: "NQ 202/2025/QH15"})
	}); err != nil {
		t.Fatal(err)
	}
	contact(t, w, w.Tenant.ID, "số cũ")
	contact(t, w, heir.ID, "số mới")
	got := site.Get(t, nil, "/bao-loi?tinh="+w.Tenant.Slug).Body
	if !strings.Contains(got, "số mới") || strings.Contains(got, "số cũ") {
		t.Error("the report goes to the province that was merged")
	}
}
