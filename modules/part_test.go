package modules_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/merger"
	"txng/tenant"
)

// TestOfficersOfTheSuccessorWorkOnWhatACededCommuneHas gives the commune of an organization of Nghệ An to Đà Nẵng for a
// while.
func TestOfficersOfTheSuccessorWorkOnWhatACededCommuneHas(t *testing.T) {
	w := site(t)
	conn := owner(t, w)
	var org, other int64
	var number int
	var name, commune string
	if err := conn.QueryRow(t.Context(), `
		select o.id, s.number, o.name, o.unit, (
			select x.id from organization.organization x
			where x.tenant_id = o.tenant_id and x.unit <> o.unit limit 1)
		from organization.organization o
		join tenant.tenant t on t.id = o.tenant_id
		join stamps.stamp_order s on s.tenant_id = o.tenant_id and s.org_id = o.id
		where t.slug = 'nghe-an' and o.state = 'approved'
		order by o.id
		limit 1`).Scan(&org, &number, &name, &commune, &other); err != nil {
		t.Fatal(err)
	}
	from, err := w.db.TenantBySlug(t.Context(), "nghe-an")
	if err != nil {
		t.Fatal(err)
	}
	into, err := w.db.TenantBySlug(t.Context(), "da-nang")
	if err != nil {
		t.Fatal(err)
	}
	session := w.signIn(t, authz.DOSTOfficer, "da-nang")
	department := w.signIn(t, authz.DepartmentOfficer, "da-nang")
	code := func(path string) int { return w.ask(http.MethodGet, path, session, nil).Code }
	record := fmt.Sprintf("/to-chuc/%d", org)
	if got := code(record); got != http.StatusNotFound {
		t.Fatalf("before: %s is %d, want 404", record, got)
	}
	operator := authz.Identity{Name: "Người vận hành", Role: authz.Operator}
	p, err := merger.Cede(t.Context(), w.db, operator, tenant.NewPart{Origin: from.ID, Successor: into.ID, Units: []string{commune}, Effective: w.db.Now(), Basis: "Nghị quyết thử"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = merger.Reclaim(t.Context(), w.db, operator, from.ID, p.ID, "dọn sau cuộc thử") })

	list := w.ask(http.MethodGet, "/to-chuc?goc=nghe-an", session, nil)
	if list.Code != http.StatusOK || !strings.Contains(list.Body.String(), name) || strings.Contains(list.Body.String(), fmt.Sprintf("/to-chuc/%d\"", other)) {
		t.Errorf("the list of the part: %d, or not exactly the commune's organizations", list.Code)
	}
	if page := w.ask(http.MethodGet, "/to-chuc", session, nil).Body.String(); !strings.Contains(page, "phần nhận về") {
		t.Error("the list does not offer the part")
	}
	for path, want := range map[string]int{
		record:                                     http.StatusOK,
		fmt.Sprintf("/to-chuc/%d", other):          http.StatusNotFound,
		"/ke-hoach?goc=nghe-an":                    http.StatusNotFound, // the plan stays the other province's own
		"/nhat-ky?goc=nghe-an":                     http.StatusNotFound,
		"/chi-tieu?goc=nghe-an":                    http.StatusNotFound,
		"/danh-muc?goc=nghe-an":                    http.StatusNotFound,
		"/san-pham?goc=nghe-an":                    http.StatusOK,
		fmt.Sprintf("/tem/%d-%d", from.ID, number): http.StatusOK,
		fmt.Sprintf("/tem/%d-999", from.ID):        http.StatusNotFound,
		"/tem/999":                                 http.StatusNotFound,
	} {
		if got := code(path); got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	if page := w.ask(http.MethodGet, record, session, nil).Body.String(); strings.Contains(page, "Vũ Đức Anh") {
		t.Error("the page of the record names an inspector of the other province")
	}
	if got := w.ask(http.MethodGet, record, department, nil).Code; got != http.StatusNotFound {
		t.Errorf("for an officer who is confined: %d, want 404", got)
	}
	if err := merger.Reclaim(t.Context(), w.db, operator, from.ID, p.ID, "Nghị quyết bị thu hồi"); err != nil {
		t.Fatal(err)
	}
	if got := code(record); got != http.StatusNotFound {
		t.Errorf("after it was taken back: %s is %d, want 404", record, got)
	}
}
