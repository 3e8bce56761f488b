package organization_test

import (
	"strings"
	"testing"

	"txng/modules/organization"
	"txng/modules/trace/tracetest"
)

func TestUnknownProvinceIsNamedAboveTheChooser(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, organization.Routes)
	const said = "hiện không nhận đăng ký trên hệ thống"
	for path, want := range map[string]bool{"/dang-ky?tinh=khong-co": true, "/dang-ky": false} {
		got := site.Get(t, nil, path)
		if got.Status != 200 || strings.Contains(got.Body, said) != want || !strings.Contains(got.Body, "/dang-ky?tinh="+w.Tenant.Slug) {
			t.Errorf("%s: status %d, says that the province is absent: %v, want %v", path, got.Status, !want, want)
		}
	}
}
