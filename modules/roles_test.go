package modules_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/demo"
	"txng/tenant"
)

var rolePage = regexp.MustCompile(`href="/vai-tro/([0-9]+)"`)

// TestRoleOfOnesOwnFromItsMakingToItsEnd makes, gives, changes and retires a role through the pages.
func TestRoleOfOnesOwnFromItsMakingToItsEnd(t *testing.T) {
	w := site(t)
	admin := w.signIn(t, authz.DOSTAdmin, "ho-chi-minh")
	send := func(path string, want int, form url.Values) string {
		t.Helper()
		answer := w.ask(http.MethodPost, path, admin, form)
		if answer.Code != want {
			t.Fatalf("%s %v: %d, want %d: %s", path, form, answer.Code, want, answer.Body)
		}
		return answer.Body.String()
	}
	const name = "Cán bộ <b>kiểm kê</b>"
	page := send("/vai-tro/moi", http.StatusUnprocessableEntity, url.Values{"name": {name}, "permissions": {"plan.view", "member.invite"}})
	if !strings.Contains(page, "Cán bộ &lt;b&gt;") || !strings.Contains(page, `value="plan.view" checked`) {
		t.Error("what was typed is lost")
	}
	send("/vai-tro/moi", http.StatusUnprocessableEntity, url.Values{"name": {"lanh dao tinh"}, "permissions": {"plan.view"}})
	send("/vai-tro/moi", http.StatusSeeOther, url.Values{"name": {name}, "permissions": {"plan.view"}})
	list := w.ask(http.MethodGet, "/vai-tro", admin, nil).Body.String()
	number := rolePage.FindStringSubmatch(list)
	if number == nil || !strings.Contains(list, "Cán bộ &lt;b&gt;kiểm kê&lt;/b&gt;") || !strings.Contains(list, "Vai trò riêng của tỉnh") {
		t.Fatalf("the role is not on the page of roles: %s", list)
	}
	path := "/vai-tro/" + number[1]
	send("/thanh-vien/moi", http.StatusUnprocessableEntity, url.Values{"name": {"Người mới"}, "email": {"kiem-ke@example.vn"}, "role": {"custom.1"}})
	send("/thanh-vien/moi", http.StatusUnprocessableEntity, url.Values{"name": {"Người mới"}, "email": {"kiem-ke@example.vn"}, "role": {"custom"}})
	send("/thanh-vien/moi", http.StatusSeeOther, url.Values{"name": {"Người mới"}, "email": {"kiem-ke@example.vn"}, "role": {"custom." + number[1]}})
	if members := w.ask(http.MethodGet, "/thanh-vien", admin, nil).Body.String(); strings.Count(members, "Cán bộ &lt;b&gt;kiểm kê&lt;/b&gt;") < 2 {
		t.Error("the invitation does not name the role, or the filter does not offer it")
	}
	send(path+"/bo", http.StatusConflict, url.Values{"x": {"1"}})
	conn := owner(t, w)
	of := tenantID(t, conn, "ho-chi-minh")
	var invitation string
	if err := conn.QueryRow(t.Context(), "select id::text from authz.invitation where tenant_id = $1 and email = 'kiem-ke@example.vn'", of).Scan(&invitation); err != nil {
		t.Fatal(err)
	}
	send("/thanh-vien/loi-moi/gui-lai", http.StatusSeeOther, url.Values{"id": {invitation}})
	if err := conn.QueryRow(t.Context(), "select id::text from authz.invitation where tenant_id = $1 and email = 'kiem-ke@example.vn' and revoked_at is null and role_id = $2::bigint", of, number[1]).Scan(&invitation); err != nil {
		t.Fatalf("sent again, the invitation has lost its role: %v", err)
	}
	send("/thanh-vien/loi-moi/thu-hoi", http.StatusSeeOther, url.Values{"id": {invitation}})
	send(path, http.StatusUnprocessableEntity, url.Values{"name": {name}})
	send(path, http.StatusSeeOther, url.Values{"name": {"Cán bộ kiểm kê"}, "permissions": {"catalog.view"}})
	if page := w.ask(http.MethodGet, path, admin, nil).Body.String(); !strings.Contains(page, "thêm quyền: Xem sản phẩm") || !strings.Contains(page, "bớt quyền: Xem kế hoạch") {
		t.Error("the history does not say what has changed")
	}
	send(path+"/bo", http.StatusSeeOther, url.Values{"x": {"1"}})
	send(path, http.StatusNotFound, url.Values{"name": {"Cán bộ kiểm kê"}, "permissions": {"catalog.view"}})
	var changes int
	if err := conn.QueryRow(t.Context(), "select count(*) from audit.entry where tenant_id = $1 and subject = 'role' and (before is not null or after is not null)", of).Scan(&changes); err != nil || changes != 3 {
		t.Errorf("%d entries with before or after, want 3, %v", changes, err)
	}
}

// TestHolderOfARoleOfOnesOwnGetsItsRoutes opens every page as the demonstration's holder of a custom role.
func TestHolderOfARoleOfOnesOwnGetsItsRoutes(t *testing.T) {
	w := site(t)
	conn := owner(t, w)
	session := w.session(t, "tonghop@nghe-an.demo.txng.vn")
	may := map[authz.Permission]bool{
		authz.AccountSelf: true, authz.OrganizationView: true, authz.CatalogView: true, authz.PlanView: true, authz.KPIView: true, authz.AuditView: true,
	}
	allowed := 0
	for _, r := range w.app.Routes() {
		if r.Permission == "" || strings.HasPrefix(r.Path, "/api/") || r.Method != http.MethodGet {
			continue
		}
		value := shared[r.Path]
		if sql, ok := subject(r.Path); ok {
			value = find(t, conn, sql, "nghe-an", 0)
		}
		code := w.ask(r.Method, fill(r.Path, value), session, nil).Code
		if may[r.Permission] {
			allowed++
		}
		if may[r.Permission] == (code == http.StatusForbidden) || code >= 500 {
			t.Errorf("%s with %s: %d", r.Path, r.Permission, code)
		}
	}
	if allowed < 10 {
		t.Errorf("only %d routes are allowed", allowed)
	}
	if page := w.ask(http.MethodGet, "/tai-khoan", session, nil).Body.String(); !strings.Contains(page, "Cán bộ tổng hợp") {
		t.Error("the person's page does not name the role")
	}
}

// TestInspectionIsAssignedAndEndedOnThePages has an officer assign an organization, its inspector see it and no longer,
// and the organization learn nothing of it.
func TestInspectionIsAssignedAndEndedOnThePages(t *testing.T) {
	w := site(t)
	conn := owner(t, w)
	of := tenantID(t, conn, "da-nang")
	officer, inspector := w.signIn(t, authz.DOSTOfficer, "da-nang"), w.signIn(t, authz.Inspector, "da-nang")
	var org int64
	var mail, membership string
	if err := conn.QueryRow(t.Context(), `
		select o.id, m.email, (select id::text from authz.membership i where i.tenant_id = $1 and i.email ^@ 'kiemtra@da-nang.')
		from organization.organization o
		join authz.membership m on m.tenant_id = o.tenant_id and m.org_id = o.id
		where o.tenant_id = $1 and o.state = 'approved'
		order by o.id
		limit 1`, of).Scan(&org, &mail, &membership); err != nil {
		t.Fatal(err)
	}
	page := fmt.Sprintf("/to-chuc/%d", org)
	sees := func(when string, want int) {
		t.Helper()
		if got := w.ask(http.MethodGet, page, inspector, nil).Code; got != want {
			t.Errorf("%s: %d, want %d", when, got, want)
		}
	}
	sees("assigned by the demonstration", http.StatusOK)
	var assignment string
	if err := conn.QueryRow(t.Context(), "select id::text from authz.assignment where tenant_id = $1 and org_id = $2 and ended_at is null", of, org).Scan(&assignment); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		form url.Values
		want int
	}{
		{"/phan-cong/" + membership + "/ket-thuc", url.Values{"x": {"1"}}, http.StatusUnprocessableEntity},
		{"/phan-cong/" + membership + "/ket-thuc", url.Values{"assignments": {"1"}}, http.StatusNotFound},
		{"/phan-cong/" + membership + "/ket-thuc", url.Values{"assignments": {assignment}}, http.StatusSeeOther},
	} {
		if got := w.ask(http.MethodPost, c.path, officer, c.form).Code; got != c.want {
			t.Errorf("%s %v: %d, want %d", c.path, c.form, got, c.want)
		}
	}
	sees("ended", http.StatusNotFound)
	good := url.Values{"membership": {membership}, "basis": {"Quyết định 45/QĐ-SKHCN"}, "from": {"1/1/2026"}, "to": {""}}
	for field, bad := range map[string]string{"membership": "", "basis": "", "from": "hôm nay", "to": "31/12/2025"} {
		form := url.Values{}
		for k, v := range good {
			form[k] = v
		}
		form.Set(field, bad)
		answer := w.ask(http.MethodPost, page+"/phan-cong", officer, form)
		if answer.Code != http.StatusUnprocessableEntity || field != "basis" && !strings.Contains(answer.Body.String(), "Quyết định 45/QĐ-SKHCN") {
			t.Errorf("%s %q: %d, or what was typed is lost", field, bad, answer.Code)
		}
	}
	sees("refused", http.StatusNotFound)
	if answer := w.ask(http.MethodPost, page+"/phan-cong", officer, good); answer.Code != http.StatusSeeOther {
		t.Fatalf("assign: %d %s", answer.Code, answer.Body)
	}
	sees("assigned", http.StatusOK)
	business := w.session(t, mail)
	if own := w.ask(http.MethodGet, "/don-vi", business, nil); own.Code != http.StatusOK || strings.Contains(own.Body.String(), "Quyết định 45") || strings.Contains(own.Body.String(), "iểm tra viên") {
		t.Errorf("the organization's page: %d, or it tells about the inspection", own.Code)
	}
}

// TestFieldsAreDecidedOnThePage takes a group from a department, which then sees nothing of it, and gives it back.
func TestFieldsAreDecidedOnThePage(t *testing.T) {
	w := site(t)
	admin := w.signIn(t, authz.DOSTAdmin, "ho-chi-minh")
	officer := newPersonIn(t, w, "ho-chi-minh", "linh-vuc", authz.NewMembership{Role: authz.DepartmentOfficer, Department: "SNNMT"})
	sees := func(when string, want bool) {
		t.Helper()
		if got := strings.Contains(w.ask(http.MethodGet, "/san-pham", officer, nil).Body.String(), "Tổ yến tinh chế"); got != want {
			t.Errorf("%s: %v", when, got)
		}
	}
	decide := func(want int, code string, groups ...string) {
		t.Helper()
		if got := w.ask(http.MethodPost, "/linh-vuc/sua", admin, url.Values{"code": {code}, "fields": groups}).Code; got != want {
			t.Errorf("%s %v: %d, want %d", code, groups, got, want)
		}
	}
	sees("by the template", true)
	decide(http.StatusUnprocessableEntity, "SNNMT", "khong-co")
	decide(http.StatusUnprocessableEntity, "", "chan-nuoi")
	decide(http.StatusSeeOther, "SNNMT", "trong-trot")
	sees("without the group", false)
	decide(http.StatusSeeOther, "SNNMT")
	sees("without any group", false)
	decide(http.StatusSeeOther, "snnmt", "chan-nuoi")
	sees("with it again", true)
	if page := w.ask(http.MethodGet, "/linh-vuc", admin, nil).Body.String(); !strings.Contains(page, "Chăn nuôi") {
		t.Error("the page does not list the department's groups")
	}
}

// newPersonIn makes an account with a role in a province and returns a session of it.
func newPersonIn(t *testing.T, w *world, slug, name string, n authz.NewMembership) authz.Token {
	t.Helper()
	n.Tenant = tenant.ID(tenantID(t, owner(t, w), slug))
	email := name + "@example.vn"
	if err := w.db.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		if n.Account, err = authz.CreateAccount(t.Context(), tx, email, "Người của "+name, demo.Password); err != nil {
			return err
		}
		_, err = authz.GrantMembership(t.Context(), tx, n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return w.session(t, email)
}
