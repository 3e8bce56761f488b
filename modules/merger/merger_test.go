package merger

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

var operator = authz.Identity{Account: 7, Name: "Người vận hành", Role: authz.Operator}

// officer gives a new account a role in a tenant.
func officer(t *testing.T, e *tenanttest.Env, n authz.NewMembership, name string) (authz.AccountID, int64) {
	t.Helper()
	var account authz.AccountID
	var id int64
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		if account, err = authz.CreateAccount(t.Context(), tx, fmt.Sprintf("%s-%d@example.vn", name, n.Tenant), "Cán bộ "+name, "mật khẩu của cuộc thử"); err != nil {
			return err
		}
		n.Account = account
		id, err = authz.GrantMembership(t.Context(), tx, n)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return account, id
}

func roles(t *testing.T, e *tenanttest.Env, account authz.AccountID) map[tenant.ID]authz.Role {
	t.Helper()
	all := map[tenant.ID]authz.Role{}
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		list, err := authz.Memberships(t.Context(), tx, account)
		for _, m := range list {
			all[m.TenantID] = m.Role
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestReviewedOfficersGetRolesAndLoseThemWhenTheMergerIsUndone(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	into, _ := e.NewTenant(t)
	admin, adminRole := officer(t, e, authz.NewMembership{Tenant: e.Tenant.ID, Role: authz.DOSTAdmin}, "quan-tri")
	left, _ := officer(t, e, authz.NewMembership{Tenant: e.Tenant.ID, Role: authz.Inspector}, "o-lai")
	department, departmentRole := officer(t, e, authz.NewMembership{Tenant: e.Tenant.ID, Role: authz.DepartmentOfficer, Department: "SCT"}, "so-nganh")

	var proposed []Officer
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		proposed, err = Propose(t.Context(), tx, e.Tenant.ID)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	got := map[int64]authz.Role{}
	for _, o := range proposed {
		got[o.ID] = o.Proposed
	}
	if len(proposed) != 3 || got[adminRole] != authz.DOSTOfficer || got[departmentRole] != authz.DepartmentOfficer {
		t.Errorf("proposed %v, want an officer's role for the administrator and the department's own", got)
	}

	order := Order{
		Origin: e.Tenant.ID, Successor: into.ID, Effective: e.DB.Now(), Basis: "Nghị quyết thử",
		Roles: map[int64]authz.Role{adminRole: authz.DOSTOfficer, departmentRole: authz.DepartmentOfficer},
	}
	m, err := Merge(t.Context(), e.DB, operator, order)
	if err != nil {
		t.Fatal(err)
	}
	for who, want := range map[authz.AccountID]map[tenant.ID]authz.Role{
		admin:      {e.Tenant.ID: authz.DOSTAdmin, into.ID: authz.DOSTOfficer},
		department: {e.Tenant.ID: authz.DepartmentOfficer, into.ID: authz.DepartmentOfficer},
		left:       {e.Tenant.ID: authz.Inspector},
	} {
		if got := roles(t, e, who); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("account %d: roles %v, want %v", who, got, want)
		}
	}
	if m, err = Undo(t.Context(), e.DB, operator, e.Tenant.ID, "Nghị quyết bị thu hồi"); err != nil {
		t.Fatal(err)
	}
	if got, want := roles(t, e, admin), (map[tenant.ID]authz.Role{e.Tenant.ID: authz.DOSTAdmin}); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after undoing: roles %v, want %v", got, want)
	}
	for _, id := range []tenant.ID{m.Origin, m.Successor} {
		scope, err := e.DB.Scope(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.DB.View(t.Context(), scope, func(tx tenant.Tx) error {
			lines, err := audit.History(t.Context(), tx, id, "tenant", int64(m.Origin))
			if len(lines) != 2 || !strings.Contains(lines[0].What, "Hủy sáp nhập") || !strings.Contains(lines[1].What, "Nghị quyết thử") {
				t.Errorf("audit of %d: %+v, want the merger and its undoing", id, lines)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestListThatChangedMeanwhileIsReviewedAgain(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	into, _ := e.NewTenant(t)
	_, unitRole := officer(t, e, authz.NewMembership{Tenant: e.Tenant.ID, Role: authz.UnitOfficer, Unit: "99999@2020-01-01"}, "xa")
	for name, list := range map[string]map[int64]authz.Role{
		"somebody who is none of theirs": {12345: authz.Leader},
		"a role above the tenants":       {unitRole: authz.Operator},
		"a commune that is unknown":      {unitRole: authz.UnitOfficer},
		"a role of an organization":      {unitRole: authz.OrgOwner},
	} {
		_, err := Merge(t.Context(), e.DB, operator, Order{Origin: e.Tenant.ID, Successor: into.ID, Effective: e.DB.Now(), Basis: "Nghị quyết thử", Roles: list})
		var wrong fault.Invalid
		if !errors.As(err, &wrong) && !errors.Is(err, fault.Conflict) {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
		if _, err := Undo(t.Context(), e.DB, operator, e.Tenant.ID, "Nghị quyết bị thu hồi"); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: the merger was made all the same (%v)", name, err)
		}
	}
}

func TestMergerIsNotUndoneOnceTheSuccessorHasWorkedOnTheOriginsRecords(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	into, _ := e.NewTenant(t)
	own, _ := officer(t, e, authz.NewMembership{Tenant: e.Tenant.ID, Role: authz.DOSTOfficer}, "cu")
	theirs, _ := officer(t, e, authz.NewMembership{Tenant: into.ID, Role: authz.DOSTOfficer}, "moi")
	if _, err := Merge(t.Context(), e.DB, operator, Order{Origin: e.Tenant.ID, Successor: into.ID, Effective: e.DB.Now(), Basis: "Nghị quyết thử"}); err != nil {
		t.Fatal(err)
	}
	work := func(account authz.AccountID, what string) {
		scope, err := e.DB.ScopeAs(t.Context(), into.ID, e.Tenant.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.DB.In(t.Context(), scope, func(tx tenant.Tx) error {
			return audit.Write(t.Context(), tx, authz.Identity{Account: account, Role: authz.DOSTOfficer}, "organization.approved", audit.Record{Subject: "organization", ID: 1}, what)
		}); err != nil {
			t.Fatal(err)
		}
	}
	work(own, "Duyệt hồ sơ của tỉnh cũ")
	work(theirs, "Duyệt hồ sơ HTX Trà My")
	_, err := Undo(t.Context(), e.DB, operator, e.Tenant.ID, "Nghị quyết bị thu hồi")
	if !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "1 việc") || !strings.Contains(fault.Message(err), "HTX Trà My") {
		t.Errorf("got %v, want a conflict that tells the one thing done", err)
	}
}

// TestMergerIsNotUndoneOnceTheSuccessorHasWorkedOnWhatTheOriginTookOver: a was merged into b, and b into c.
func TestMergerIsNotUndoneOnceTheSuccessorHasWorkedOnWhatTheOriginTookOver(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	b, _ := e.NewTenant(t)
	c, _ := e.NewTenant(t)
	theirs, _ := officer(t, e, authz.NewMembership{Tenant: c.ID, Role: authz.DOSTOfficer}, "ba")
	for _, m := range [][2]tenant.ID{{e.Tenant.ID, b.ID}, {b.ID, c.ID}} {
		if _, err := Merge(t.Context(), e.DB, operator, Order{Origin: m[0], Successor: m[1], Effective: e.DB.Now(), Basis: "Nghị quyết thử"}); err != nil {
			t.Fatal(err)
		}
	}
	scope, err := e.DB.ScopeAs(t.Context(), c.ID, e.Tenant.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.DB.In(t.Context(), scope, func(tx tenant.Tx) error {
		return audit.Write(t.Context(), tx, authz.Identity{Account: theirs, Role: authz.DOSTOfficer}, "organization.approved", audit.Record{Subject: "organization", ID: 1}, "Duyệt hồ sơ HTX Trà My")
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := Undo(t.Context(), e.DB, operator, b.ID, "Nghị quyết bị thu hồi"); !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "HTX Trà My") {
		t.Errorf("got %v, want a conflict that tells what was done on a's record", err)
	}
}

// TestMergerIsNotUndoneWhileTheSuccessorHasGivenItsCommunesAway: Quảng Nam was merged into Đà Nẵng, which gave a commune of
// Quảng Nam's to another province.
func TestMergerIsNotUndoneWhileTheSuccessorHasGivenItsCommunesAway(t *testing.T) {
	t.Parallel()
	e := tenanttest.Alone(t)
	old, _ := unit.ParseRef("49@0001-01-01")
	now, _ := unit.ParseRef("48@2025-07-01")
	a, _ := e.NewProvince(t, old)
	b, _ := e.NewProvince(t, now)
	if _, err := Merge(t.Context(), e.DB, operator, Order{Origin: a.ID, Successor: b.ID, Effective: e.DB.Now(), Basis: "Nghị quyết thử"}); err != nil {
		t.Fatal(err)
	}
	var theirs, own string // communes of Đà Nẵng: one of Quảng Nam's before, one that never was
	for _, u := range unit.Communes(now, e.DB.Now()) {
		core := unit.Core(u.Ref, e.DB.Now())
		of, _ := unit.ByRef(core[len(core)-1])
		if of.ProvinceRef == old {
			theirs = u.Ref.String()
		} else if len(core) > 1 {
			own = u.Ref.String()
		}
	}
	var last tenant.Part
	for _, commune := range []string{own, theirs} {
		var err error
		if last, err = Cede(t.Context(), e.DB, operator, tenant.NewPart{Origin: b.ID, Successor: e.Tenant.ID, Units: []string{commune}, Effective: e.DB.Now(), Basis: "Nghị quyết thử"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Undo(t.Context(), e.DB, operator, a.ID, "Nghị quyết bị thu hồi"); !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "tỉnh Quảng Nam đã chuyển sang "+e.Tenant.Name) {
		t.Errorf("got %v, want a conflict that names the commune and where it went", err)
	}
	if err := Reclaim(t.Context(), e.DB, operator, b.ID, last.ID, "Nghị quyết bị thu hồi"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Owner(t).Exec(t.Context(), "update tenant.tenant set state = 'archived' where id = $1", a.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := Undo(t.Context(), e.DB, operator, a.ID, "Nghị quyết bị thu hồi"); !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), "lưu trữ") {
		t.Errorf("of an archived province: %v, want a conflict", err)
	}
	if _, err := e.Owner(t).Exec(t.Context(), "update tenant.tenant set state = 'merged' where id = $1", a.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := Undo(t.Context(), e.DB, operator, a.ID, "Nghị quyết bị thu hồi"); err != nil {
		t.Errorf("with only a commune of Đà Nẵng's own given away: %v", err)
	}
}
