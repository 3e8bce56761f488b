package accounts

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"txng/authz"
	"txng/tenant"
)

// choose decides the departments of the test's tenant, as its onboarding does.
func (p *place) choose(codes string) {
	p.t.Helper()
	if err := p.DB.In(p.t.Context(), p.Scope, func(tx tenant.Tx) error {
		return tenant.Decide(p.t.Context(), tx, tenant.Departments, codes)
	}); err != nil {
		p.t.Fatal(err)
	}
}

func TestInvitationOffersTheProvincesOwnDepartments(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	p.expect(admin.get("/thanh-vien/moi"), http.StatusOK, "(SYT)", "(STC)", "(BAO)")
	p.choose("SKHCN,SCT")
	page := admin.get("/thanh-vien/moi")
	p.expect(page, http.StatusOK, "(SKHCN)", "(SCT)")
	for _, other := range []string{"(SYT)", "(STC)", "(BAO)", "(SNNPTNT)"} {
		if strings.Contains(page.Body.String(), other) {
			t.Errorf("the invitation offers %s, which takes no part", other)
		}
	}
	p.expect(admin.post("/thanh-vien/moi", "name", "Người Mới", "email", fmt.Sprintf("syt%d@example.vn", p.Tenant.ID), "role", "department_officer", "department", "SYT"), http.StatusUnprocessableEntity, "Chọn sở, ngành")
	p.expect(admin.upload("a.xlsx", officersFile(t, []any{"Trần Hai", fmt.Sprintf("x%d@example.vn", p.Tenant.ID), "Chuyên viên sở, ngành", "Sở Y tế", ""})), http.StatusUnprocessableEntity, "Không có sở, ngành “Sở Y tế”")
}

func TestProvinceAddsRenamesAndRemovesItsDepartments(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.choose("SKHCN,SCT")
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	const list = "/cau-hinh/so-nganh"
	for _, c := range []struct {
		code, name, says string
		status           int
	}{
		{"", "Ban nào đó", "Mã gồm chữ cái", 422}, {"mã có dấu", "Ban nào đó", "Mã gồm chữ cái", 422}, {"A,B", "Ban nào đó", "Mã gồm chữ cái", 422}, {strings.Repeat("A", 21), "Ban nào đó", "Mã gồm chữ cái", 422},
		{"BQLATTP", "", "Tên có từ 3", 422}, {"BQLATTP", strings.Repeat("a", 121), "Tên có từ 3", 422}, {"BQLATTP", "Ban\u202eQuản lý", "Tên có từ 3", 422},
		{"SCT", "Sở khác", "Mã SCT đã có trong danh sách: Sở Công Thương", 409}, {"SCT2", "sở công thương", "mã SCT", 409},
	} {
		p.expect(admin.post(list+"/them", "code", c.code, "name", c.name), c.status, c.says)
	}
	p.expect(admin.post(list+"/them", "code", "bqlattp", "name", "Ban  Quản lý An toàn thực phẩm"), http.StatusSeeOther)
	p.expect(admin.post(list+"/them", "code", "SYT", "name", ""), http.StatusSeeOther)
	p.expect(admin.get(list), http.StatusOK, "Ban Quản lý An toàn thực phẩm", "Sở Y tế", "Sở Công Thương")
	if page := admin.post(list+"/them", "code", "", "name", "").Body.String(); !strings.Contains(page, "Mã gồm chữ cái") || strings.Contains(page, "Tên có từ 3") {
		t.Error("a form without a code is told to give a name, which a known code has")
	}
	p.expect(admin.get("/thanh-vien/moi"), http.StatusOK, "Ban Quản lý An toàn thực phẩm (BQLATTP)", "(SYT)")
	p.expect(admin.get("/linh-vuc"), http.StatusOK, "BQLATTP")

	to := fmt.Sprintf("ban%d@example.vn", p.Tenant.ID)
	p.expect(admin.post("/thanh-vien/moi", "name", "Đỗ Văn Ban", "email", to, "role", "department_officer", "department", "Ban Quản lý An toàn thực phẩm"), http.StatusSeeOther)
	officer := p.person(p.Tenant.ID, authz.DepartmentOfficer, 0)
	if _, err := p.Owner(t).Exec(t.Context(), "update authz.membership set department = 'SYT', name = 'Lý Thị Y' where tenant_id = $1 and email = $2", p.Tenant.ID, officer); err != nil {
		t.Fatal(err)
	}
	p.expect(admin.post(list+"/sua", "ma", "BQLATTP", "name", "Sở An toàn thực phẩm thành phố"), http.StatusSeeOther)
	p.expect(admin.post(list+"/sua", "ma", "BQLATTP", "name", "Sở Y Tế"), http.StatusConflict, "mã SYT", `value="Sở Y Tế"`)
	p.expect(admin.post(list+"/sua", "ma", "KHONGCO", "name", "Sở nào đó"), http.StatusNotFound)
	p.expect(admin.get("/thanh-vien"), http.StatusOK, "Sở An toàn thực phẩm thành phố", "Sở Y tế")

	// Who is in it keeps it on the list, and is named.
	p.expect(admin.post(list+"/bo", "ma", "SYT"), http.StatusConflict, "còn 1 người", "Lý Thị Y")
	p.expect(admin.post(list+"/bo", "ma", "BQLATTP"), http.StatusConflict, "còn 1 người", "Đỗ Văn Ban (được mời)")
	if _, err := p.Owner(t).Exec(t.Context(), "update authz.invitation set revoked_at = now() where tenant_id = $1", p.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	p.expect(admin.post(list+"/bo", "ma", "BQLATTP"), http.StatusSeeOther)
	p.expect(admin.post(list+"/bo", "ma", "BQLATTP"), http.StatusNotFound)
	if page := admin.get("/thanh-vien/moi").Body.String(); strings.Contains(page, "BQLATTP") {
		t.Error("a department that was removed is offered")
	}
	p.expect(admin.post(list+"/them", "code", "BQLATTP", "name", "Sở An toàn thực phẩm thành phố"), http.StatusSeeOther)
	for action, want := range map[string]int{"department.add": 3, "department.rename": 1, "department.remove": 1} {
		var lines int
		if err := p.Owner(t).QueryRow(t.Context(), `
			select count(*)
			from audit.entry
			where tenant_id = $1 and action = $2 and (before is not null) = ($2 <> 'department.add') and (after is not null) = ($2 <> 'department.remove')`, p.Tenant.ID, action).Scan(&lines); err != nil || lines != want {
			t.Errorf("%s: %d lines with before and after, %v; want %d", action, lines, err, want)
		}
	}
	for _, role := range []authz.Role{authz.DOSTOfficer, authz.Leader} {
		p.expect(p.signIn(p.person(p.Tenant.ID, role, 0), password).post(list+"/bo", "ma", "SCT"), http.StatusForbidden)
	}
}

func TestDepartmentOfAPlanIsOfferedAndStays(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.choose("SKHCN")
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	p.expect(admin.post("/cau-hinh/so-nganh/bo", "ma", "SKHCN"), http.StatusConflict, "ít nhất một")
	if _, err := p.Owner(t).Exec(t.Context(), `
		with made as (
			insert into plan.plan (tenant_id, id, number, title, issuer, issued, from_year, to_year, created_at)
			values ($1, 1, '1/KH', 'Kế hoạch', 'UBND', '2026', 2026, 2030, now())
			returning tenant_id, id)
		insert into plan.department (tenant_id, plan_id, code, name)
		select tenant_id, id, 'VPUB', 'Văn phòng UBND tỉnh' from made`, p.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	p.expect(admin.get("/thanh-vien/moi"), http.StatusOK, "Văn phòng UBND tỉnh (VPUB)")
	p.expect(admin.post("/cau-hinh/so-nganh/bo", "ma", "VPUB"), http.StatusConflict, "kế hoạch của tỉnh có tên đơn vị này")
}

func TestTwoDepartmentsAddedAtOnceAreBothThere(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.choose("SKHCN")
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	var all sync.WaitGroup
	for n := range 6 {
		tab := &visitor{p, maps.Clone(admin.cookies)}
		all.Go(func() {
			tab.post("/cau-hinh/so-nganh/them", "code", fmt.Sprintf("BAN%d", n), "name", fmt.Sprintf("Ban số %d", n))
		})
	}
	all.Wait()
	page := admin.get("/cau-hinh/so-nganh?" + url.Values{"q": {"Ban số"}}.Encode()).Body.String()
	for n := range 6 {
		if !strings.Contains(page, fmt.Sprintf("Ban số %d", n)) {
			t.Errorf("Ban số %d is lost", n)
		}
	}
}
