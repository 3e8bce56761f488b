package catalog_test

import (
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/catalog"
	"txng/modules/trace/tracetest"
	"txng/tenant"
)

func TestSourceOnTheWebIsALink(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	w.In(t, w.Scope, func(tx tenant.Tx) error {
		_, err := catalog.AddListItems(t.Context(), tx, w.Officer, []catalog.NewListItem{
			{List: catalog.Lists[0].List, Name: "Cam", Source: "https://www.nghean.gov.vn/van-ban?id=1"},
			{List: catalog.Lists[0].List, Name: "Gạo", Source: "javascript:alert(1)"},
			{List: catalog.Lists[0].List, Name: "Chè", Source: "Kế hoạch 100/KH-UBND"},
		})
		return err
	})
	site := w.Serve(t, catalog.Routes)
	page := site.Get(t, site.SignIn(t, authz.DOSTAdmin), "/danh-muc").Body
	for _, want := range []string{`<a href="https://www.nghean.gov.vn/van-ban?id=1" rel="noopener">nghean.gov.vn</a>`, "Kế hoạch 100/KH-UBND", "javascript:alert(1)"} {
		if !strings.Contains(page, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	if strings.Contains(page, `href="javascript`) {
		t.Error("a source that is no web address is a link")
	}
}

func TestOrganizationIsNotToldItsOwnNameInEveryRow(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, catalog.Routes)
	for role, want := range map[authz.Role]bool{authz.OrgOwner: false, authz.DOSTOfficer: true} {
		if got := strings.Contains(site.Get(t, site.SignIn(t, role), "/san-pham").Body, "HTX Nông nghiệp Nghi Diên"); got != want {
			t.Errorf("%s: the list names the organization: %v, want %v", role, got, want)
		}
	}
}
