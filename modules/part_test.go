package modules_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/kpi"
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
	for _, path := range []string{"/tem", "/luot-quet"} { // an order's number alone is one of Đà Nẵng's own
		page := w.ask(http.MethodGet, path+"?goc=nghe-an", session, nil).Body.String()
		if link := fmt.Sprintf(`href="/tem/%d-%d"`, from.ID, number); !strings.Contains(page, link) {
			t.Errorf("%s of the part does not lead to its order: want %s", path, link)
		}
		if regexp.MustCompile(`href="/tem/[0-9]+"`).MatchString(page) {
			t.Errorf("%s of the part leads to an order of the successor", path)
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

// TestPagesOfFiguresFollowACededCommune gives the communes of two organizations of Nghệ An to Đà Nẵng for a while.
func TestPagesOfFiguresFollowACededCommune(t *testing.T) {
	w := site(t)
	conn := owner(t, w)
	from, err := w.db.TenantBySlug(t.Context(), "nghe-an")
	if err != nil {
		t.Fatal(err)
	}
	into, err := w.db.TenantBySlug(t.Context(), "da-nang")
	if err != nil {
		t.Fatal(err)
	}
	var communes []string
	var gone int64
	if err := conn.QueryRow(t.Context(), `
		select array_agg(unit), sum(n)
		from (
			select unit, count(*) as n
			from organization.organization
			where tenant_id = $1 and state = 'approved'
			group by unit
			order by unit
			limit 2) x`, from.ID).Scan(&communes, &gone); err != nil {
		t.Fatal(err)
	}
	people := map[string]authz.Token{
		"nghe-an": w.signIn(t, authz.DOSTAdmin, "nghe-an"), "da-nang": w.signIn(t, authz.DOSTAdmin, "da-nang"), "bo": w.signIn(t, authz.Ministry, ""),
	}
	page := func(who, path string) string {
		t.Helper()
		p := w.ask(http.MethodGet, path, people[who], nil)
		if p.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, p.Code)
		}
		return p.Body.String()
	}
	approved := regexp.MustCompile(`Chủ thể đã duyệt: ([0-9.]+)`)
	count := func(who, path string) (n int64) {
		t.Helper()
		found := approved.FindStringSubmatch(page(who, path))
		if found == nil {
			t.Fatalf("%s does not say how many organizations there are", path)
		}
		n, _ = strconv.ParseInt(strings.ReplaceAll(found[1], ".", ""), 10, 64)
		return n
	}
	const measure = "/chi-tieu/organizations"
	gave, took := count("nghe-an", measure), count("da-nang", measure)
	operator := authz.Identity{Name: "Người vận hành", Role: authz.Operator}
	p, err := merger.Cede(t.Context(), w.db, operator, tenant.NewPart{Origin: from.ID, Successor: into.ID, Units: communes, Effective: w.db.Now(), Basis: "Nghị quyết thử"})
	if err != nil {
		t.Fatal(err)
	}
	refresh := func() {
		t.Helper()
		for _, id := range []tenant.ID{from.ID, into.ID} {
			if err := kpi.RefreshTenant(t.Context(), w.db, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Cleanup(func() { _ = merger.Reclaim(t.Context(), w.db, operator, from.ID, p.ID, "dọn sau cuộc thử") })
	refresh()
	for who, want := range map[string]int64{"nghe-an": gave - gone, "da-nang": took + gone} {
		if got := count(who, measure); got != want {
			t.Errorf("%s has %d organizations on its page, want %d", who, got, want)
		}
	}
	if got := count("nghe-an", measure+"?goc=nghe-an"); got != gave {
		t.Errorf("as it was nghe-an has %d organizations, want %d", got, gave)
	}
	for _, c := range []struct{ who, path, words string }{
		{"nghe-an", "/chi-tieu", "chuyển sang Đà Nẵng"},
		{"nghe-an", "/chi-tieu", "Các chỉ số không tách được theo xã"},
		{"nghe-an", "/chi-tieu", "Báo cáo thủ công theo tỉnh"},
		{"nghe-an", measure, "không còn tính ở đây"},
		{"nghe-an", measure + "?goc=nghe-an", "Số liệu như trước khi chuyển"},
		{"nghe-an", "/chi-tieu/stage_list", "kể cả sản phẩm của xã đã chuyển"},
		{"nghe-an", "/chi-tieu/tasks_done", "vẫn tính cho nơi giao"},
		{"da-nang", measure, "Phần nhận từ Nghệ An"},
		{"da-nang", measure, "/to-chuc?goc=nghe-an"},
		{"bo", "/bo", "Nghệ An → Đà Nẵng"},
		{"bo", "/bo/nghe-an", "chuyển sang Đà Nẵng"},
		{"bo", "/bo/da-nang", "từ Nghệ An"},
		{"bo", "/bo/da-nang", "Các chỉ số không tách được theo xã"},
	} {
		if !strings.Contains(page(c.who, c.path), c.words) {
			t.Errorf("%s for %s is without %q", c.path, c.who, c.words)
		}
	}
	if page := page("bo", "/bo?dia-ban=truoc"); strings.Contains(page, "Nghệ An → Đà Nẵng") {
		t.Error("the map of before speaks of what was ceded")
	}
	for _, link := range []string{"/to-chuc", "/san-pham", "/tem"} { // what the rows of the part lead to
		page("da-nang", link+"?goc=nghe-an")
	}
	if err := merger.Reclaim(t.Context(), w.db, operator, from.ID, p.ID, "Nghị quyết bị thu hồi"); err != nil {
		t.Fatal(err)
	}
	refresh()
	for who, want := range map[string]int64{"nghe-an": gave, "da-nang": took} {
		if got := count(who, measure); got != want {
			t.Errorf("taken back, %s has %d organizations on its page, want %d", who, got, want)
		}
	}
	if strings.Contains(page("nghe-an", "/chi-tieu"), "chuyển tỉnh") {
		t.Error("taken back, the page still speaks of it")
	}
}
