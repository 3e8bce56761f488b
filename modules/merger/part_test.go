package merger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

// communes returns two communes of a tenant's province.
func communes(t *testing.T, of tenant.Tenant) (a, b string) {
	t.Helper()
	list, err := CommunesOf(of, time.Now())
	if err != nil || len(list) < 2 {
		t.Fatalf("%s has %d communes, %v", of.Name, len(list), err)
	}
	return list[0].Ref.String(), list[1].Ref.String()
}

// organizations puts an organization into each commune and returns their numbers.
func organizations(t *testing.T, e *tenanttest.Env, of tenant.ID, in ...string) []tenant.OrgID {
	t.Helper()
	scope, err := e.DB.Scope(t.Context(), of)
	if err != nil {
		t.Fatal(err)
	}
	var ids []tenant.OrgID
	if err := e.DB.In(t.Context(), scope, func(tx tenant.Tx) error {
		for _, commune := range in {
			id := tenant.OrgID(tx.NewID())
			if _, err := tx.Exec(t.Context(), `
				insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, phone, email, uses_barcode, state, created_at)
				values ($1, $2, 'household', 'Hộ trong xã', $5, 'Xóm 1', $3, '0912345678', 'ho@example.vn', false, 'approved', $4)`, id, commune, tx.Now(), fmt.Sprintf("%012d", int64(id)%1_000_000_000_000)); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestSuccessorSeesOrganizationsOfCededCommunesAndNoOthers(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	into, _ := e.NewTenant(t)
	a, b := communes(t, e.Tenant)
	orgs := organizations(t, e, e.Tenant.ID, a, b)
	p, err := Cede(t.Context(), e.DB, operator, tenant.NewPart{Origin: e.Tenant.ID, Successor: into.ID, Units: []string{a}, Effective: e.DB.Now(), Basis: "Nghị quyết thử"})
	if err != nil {
		t.Fatal(err)
	}
	seen := func() (ids []tenant.OrgID) {
		parts, err := e.DB.Ceded(t.Context(), into.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			area, err := e.DB.Area(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.DB.View(t.Context(), area, func(tx tenant.Tx) error {
				ids, err = tenant.Column[tenant.OrgID](t.Context(), tx, "select id from organization.organization where tenant_id = any ($1)")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			scope, err := e.DB.ScopeOfPart(t.Context(), into.ID, p, tenant.OrgsOf(ids))
			if err != nil {
				t.Fatal(err)
			}
			if err := e.DB.View(t.Context(), scope, func(tx tenant.Tx) error {
				ids, err = tenant.Column[tenant.OrgID](t.Context(), tx, "select id from organization.organization where tenant_id = any ($1)")
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		return ids
	}
	if got := seen(); len(got) != 1 || got[0] != orgs[0] {
		t.Errorf("the successor sees %v, want only %d of the ceded commune", got, orgs[0])
	}
	if err := Reclaim(t.Context(), e.DB, operator, e.Tenant.ID, p.ID, "Nghị quyết bị thu hồi"); err != nil {
		t.Fatal(err)
	}
	if got := seen(); len(got) != 0 {
		t.Errorf("after it was taken back the successor sees %v", got)
	}
	if err := Reclaim(t.Context(), e.DB, operator, e.Tenant.ID, p.ID, "Nghị quyết bị thu hồi"); !errors.Is(err, fault.NotFound) {
		t.Errorf("taking it back twice: %v, want fault.NotFound", err)
	}
}

func TestPartThatCannotGoIsRefused(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	into, _ := e.NewTenant(t)
	a, b := communes(t, e.Tenant)
	foreign, _ := communes(t, into)
	today := e.DB.Now()
	good := tenant.NewPart{Origin: e.Tenant.ID, Successor: into.ID, Units: []string{a}, Effective: today, Basis: "Nghị quyết thử"}
	if _, err := Cede(t.Context(), e.DB, operator, good); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*tenant.NewPart)
		says   string
	}{
		"twice":                 {func(*tenant.NewPart) {}, "trước đó"},
		"no commune":            {func(n *tenant.NewPart) { n.Units = nil }, "Chọn từ 1"},
		"another province's":    {func(n *tenant.NewPart) { n.Units = []string{foreign} }, "của " + e.Tenant.Name},
		"no unit at all":        {func(n *tenant.NewPart) { n.Units = []string{"'; drop table"} }, "của " + e.Tenant.Name},
		"the province itself":   {func(n *tenant.NewPart) { n.Units = []string{e.Tenant.Unit} }, "của " + e.Tenant.Name},
		"to itself":             {func(n *tenant.NewPart) { n.Successor = n.Origin }, "chính tỉnh"},
		"before it existed":     {func(n *tenant.NewPart) { n.Units, n.Effective = []string{b}, today.AddDate(-40, 0, 0) }, "chỉ ghi nhận"},
		"in two years":          {func(n *tenant.NewPart) { n.Units, n.Effective = []string{b}, today.AddDate(2, 0, 0) }, "quá một năm"},
		"without a resolution":  {func(n *tenant.NewPart) { n.Units, n.Basis = []string{b}, "  " }, "căn cứ"},
		"to a tenant that none": {func(n *tenant.NewPart) { n.Units, n.Successor = []string{b}, 1023 }, "Không có tỉnh"},
	} {
		n := good
		c.change(&n)
		_, err := Cede(t.Context(), e.DB, operator, n)
		text := fault.Message(err)
		var wrong fault.Invalid
		if errors.As(err, &wrong) {
			text = wrong[0].Message
		}
		if !strings.Contains(text, c.says) {
			t.Errorf("%s: got %v, want a sentence with %q", name, err, c.says)
		}
	}
}

func TestPartOfTomorrowIsSeenTomorrow(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	into, _ := e.NewTenant(t)
	a, _ := communes(t, e.Tenant)
	if _, err := Cede(t.Context(), e.DB, operator, tenant.NewPart{Origin: e.Tenant.ID, Successor: into.ID, Units: []string{a}, Effective: e.DB.Now().AddDate(0, 0, 1), Basis: "Nghị quyết thử"}); err != nil {
		t.Fatal(err)
	}
	if parts, err := e.DB.Ceded(t.Context(), into.ID); err != nil || len(parts) != 0 {
		t.Errorf("today: %d parts, %v", len(parts), err)
	}
	tomorrow := e.DB.WithClock(func() time.Time { return time.Now().AddDate(0, 0, 1) })
	if parts, err := tomorrow.Ceded(t.Context(), into.ID); err != nil || len(parts) != 1 {
		t.Errorf("tomorrow: %d parts, %v, want one", len(parts), err)
	}
}

// TestPartGoesOnWithTheMergerOfItsSuccessor: a part of a went to b, and b was merged into c.
func TestPartGoesOnWithTheMergerOfItsSuccessor(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	b, _ := e.NewTenant(t)
	c, _ := e.NewTenant(t)
	commune, _ := communes(t, e.Tenant)
	orgs := tenant.OrgsOf(organizations(t, e, e.Tenant.ID, commune))
	if _, err := Cede(t.Context(), e.DB, operator, tenant.NewPart{Origin: e.Tenant.ID, Successor: b.ID, Units: []string{commune}, Effective: e.DB.Now(), Basis: "Nghị quyết thử"}); err != nil {
		t.Fatal(err)
	}
	seen := func(by tenant.ID) int {
		t.Helper()
		parts, err := e.DB.Ceded(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			scope, err := e.DB.ScopeOfPart(t.Context(), by, p, orgs)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.DB.In(t.Context(), scope, func(tenant.Tx) error { return nil }); err != nil {
				t.Errorf("%d writes in the part: %v", by, err)
			}
		}
		return len(parts)
	}
	part, err := e.DB.Ceded(t.Context(), b.ID)
	if err != nil || len(part) != 1 {
		t.Fatalf("b looks after %d parts, %v", len(part), err)
	}
	if _, err := e.DB.ScopeOfPart(t.Context(), c.ID, part[0], orgs); !errors.Is(err, fault.NotFound) {
		t.Errorf("c before its merger: %v, want fault.NotFound", err)
	}
	into := func(origin, successor tenant.ID) {
		t.Helper()
		if _, err := Merge(t.Context(), e.DB, operator, Order{Origin: origin, Successor: successor, Effective: e.DB.Now(), Basis: "Nghị quyết thử"}); err != nil {
			t.Fatal(err)
		}
	}
	into(b.ID, c.ID)
	if got := seen(c.ID); got != 1 {
		t.Errorf("c looks after %d parts, want the one of b", got)
	}
	if _, err := e.Owner(t).Exec(t.Context(), "update tenant.tenant set state = 'archived' where id = $1", b.ID); err != nil {
		t.Fatal(err)
	}
	e.DB.Forget()
	if got := seen(c.ID); got != 1 {
		t.Errorf("with b archived c looks after %d parts, want 1", got)
	}
	into(e.Tenant.ID, c.ID)
	if got := seen(c.ID); got != 0 {
		t.Errorf("c reads all of a, and %d parts of it beside", got)
	}
}

// TestOrganizationsWithTheAddressOfBeforeAReformGoWithTheirCommune: also those that have not typed it anew.
func TestOrganizationsWithTheAddressOfBeforeAReformGoWithTheirCommune(t *testing.T) {
	t.Parallel()
	e := tenanttest.Alone(t)
	ref, _ := unit.ParseRef("48@2025-07-01")
	from, _ := e.NewProvince(t, ref)
	var given unit.Unit
	var former []string
	for _, u := range unit.Communes(ref, e.DB.Now()) {
		if core := unit.Core(u.Ref, e.DB.Now()); len(core) > 2 {
			given, former = u, []string{core[1].String(), core[2].String()}
		}
	}
	list := unit.Communes(ref, e.DB.Now())
	stays := list[0]
	if stays.Ref == given.Ref {
		stays = list[1]
	}
	want := organizations(t, e, from.ID, append(former, given.Ref.String())...)
	organizations(t, e, from.ID, stays.Ref.String())
	if _, err := Cede(t.Context(), e.DB, operator, tenant.NewPart{Origin: from.ID, Successor: e.Tenant.ID, Units: []string{given.Ref.String()}, Effective: e.DB.Now(), Basis: "Nghị quyết thử"}); err != nil {
		t.Fatal(err)
	}
	parts, err := e.DB.Ceded(t.Context(), e.Tenant.ID)
	if err != nil || len(parts) != 1 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	area, err := e.DB.Area(t.Context(), parts[0])
	if err != nil {
		t.Fatal(err)
	}
	var got []tenant.OrgID
	if err := e.DB.View(t.Context(), area, func(tx tenant.Tx) (err error) {
		got, err = tenant.Column[tenant.OrgID](t.Context(), tx, "select id from organization.organization where tenant_id = any ($1) order by id")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the successor sees %v, want %v of %v and %s", got, want, former, given.FullName)
	}
}
