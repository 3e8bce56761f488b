package authz_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// sees returns how many organizations an identity's assignments show.
func sees(t *testing.T, e *tenanttest.Env, who authz.Identity) int {
	t.Helper()
	var n int
	if err := e.DB.View(t.Context(), e.Scope.Only(who.Assigned), func(tx tenant.Tx) (err error) {
		n, err = tenant.Value[int](t.Context(), tx, "select count(*)::int from organization.organization where tenant_id = any ($1)")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func assign(t *testing.T, db *tenant.DB, e *tenanttest.Env, n authz.NewAssignment) (made []authz.Assignment, err error) {
	t.Helper()
	err = db.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		made, err = authz.Assign(t.Context(), tx, boss(e), n)
		return err
	})
	return made, err
}

// TestAssignmentOpensAndItsEndShutsAtTheNextRequest follows an open session on two instances, an access token and a
// personal key through an assignment, its end, and one that runs out by itself.
func TestAssignmentOpensAndItsEndShutsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	e := deployment(t)
	// The clock stands still but for what the test turns it on by.
	begin := time.Now().Truncate(time.Microsecond)
	var turned atomic.Int64
	clock := func() time.Time { return begin.Add(time.Duration(turned.Load())) }
	e.DB = e.DB.WithClock(clock)
	signer := newSigner(t)
	one, _ := owner(t, e)
	two, _ := owner(t, e)
	email, membership := person(t, e, authz.Inspector)
	session, who, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil {
		t.Fatal(err)
	}
	if n := sees(t, e, who); n != 0 || who.Assigned.Len() != 0 {
		t.Fatalf("an inspector without an assignment sees %d organizations", n)
	}
	access := grant(t, signer, e, e.DB, email).Access
	var key string
	if err := e.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
		_, key, err = authz.CreateAPIKey(t.Context(), tx, who, authz.NewProgram{Name: "Khóa", Scopes: []string{"organization.view"}, Days: 30})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	instances := []*authz.Sessions{instance(t, e.DB), instance(t, e.DB)}
	expect := func(when string, want int) {
		t.Helper()
		for i, s := range instances {
			who, err := heard(t, s, session, func(who authz.Identity, err error) bool { return err != nil || who.Assigned.Len() == want })
			if got := sees(t, e, who); err != nil || got != want {
				t.Errorf("%s, instance %d: %d organizations, %v, want %d", when, i, got, err, want)
			}
		}
		for name, token := range map[string]string{"access token": access, "personal key": key} {
			who, err := signer.Read(t.Context(), e.DB, token)
			if got := sees(t, e, who); err != nil || got != want {
				t.Errorf("%s, %s: %d organizations, %v, want %d", when, name, got, err, want)
			}
		}
	}
	expect("before", 0)
	made, err := assign(t, e.DB, e, authz.NewAssignment{Membership: membership, Orgs: []tenant.OrgID{one.Org, two.Org, one.Org}, Basis: "Quyết định 12", From: clock().Add(-time.Minute)})
	if err != nil || len(made) != 2 {
		t.Fatalf("%d assignments, %v", len(made), err)
	}
	expect("assigned", 2)
	if again, err := assign(t, e.DB, e, authz.NewAssignment{Membership: membership, Orgs: []tenant.OrgID{one.Org}, Basis: "Quyết định 13", From: clock()}); err != nil || len(again) != 0 {
		t.Errorf("assigned twice: %d, %v", len(again), err)
	}
	for _, a := range made {
		if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
			_, err := authz.EndAssignment(t.Context(), tx, boss(e), a.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	expect("ended", 0)
	if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
		_, err := authz.EndAssignment(t.Context(), tx, boss(e), made[0].ID)
		return err
	}); !errors.Is(err, fault.NotFound) {
		t.Errorf("ended twice: %v", err)
	}
	// One begins and one runs out by itself, while the answer about the session is still trusted.
	soon := clock().Add(400 * time.Millisecond)
	if _, err := assign(t, e.DB, e, authz.NewAssignment{Membership: membership, Orgs: []tenant.OrgID{one.Org}, Basis: "Quyết định 14", From: clock().Add(-time.Minute), To: soon}); err != nil {
		t.Fatal(err)
	}
	if _, err := assign(t, e.DB, e, authz.NewAssignment{Membership: membership, Orgs: []tenant.OrgID{two.Org}, Basis: "Quyết định 15", From: soon.Add(400 * time.Millisecond)}); err != nil {
		t.Fatal(err)
	}
	expect("until the first runs out", 1)
	turned.Store(int64(410 * time.Millisecond))
	expect("after the first has run out", 0)
	turned.Store(int64(810 * time.Millisecond))
	expect("since the second has begun", 1)
	// What has run out does not keep a new one away.
	if made, err := assign(t, e.DB, e, authz.NewAssignment{Membership: membership, Orgs: []tenant.OrgID{one.Org}, Basis: "Quyết định 16", From: clock().Add(-time.Second)}); err != nil || len(made) != 1 {
		t.Errorf("assigned anew: %d, %v", len(made), err)
	}
	expect("assigned anew", 2)
}

func TestBadAssignmentsAreRefused(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	org, _ := owner(t, e)
	_, inspector := person(t, e, authz.Inspector)
	_, leader := person(t, e, authz.Leader)
	_, gone := person(t, e, authz.Inspector)
	end(t, e, gone)
	now := time.Now()
	good := authz.NewAssignment{Membership: inspector, Orgs: []tenant.OrgID{org.Org}, Basis: "Quyết định 12", From: now}
	for name, c := range map[string]struct {
		field string
		spoil func(*authz.NewAssignment)
	}{
		"nobody":           {"membership", func(n *authz.NewAssignment) { n.Membership = 0 }},
		"no inspector":     {"membership", func(n *authz.NewAssignment) { n.Membership = leader }},
		"ended inspector":  {"membership", func(n *authz.NewAssignment) { n.Membership = gone }},
		"no organization":  {"orgs", func(n *authz.NewAssignment) { n.Orgs = nil }},
		"no basis":         {"basis", func(n *authz.NewAssignment) { n.Basis = " " }},
		"end before begin": {"to", func(n *authz.NewAssignment) { n.To = now.Add(-time.Second) }},
		"end in the past":  {"to", func(n *authz.NewAssignment) { n.From, n.To = now.Add(-48*time.Hour), now.Add(-time.Hour) }},
		"end as it begins": {"to", func(n *authz.NewAssignment) { n.To = n.From }},
		"basis too long":   {"basis", func(n *authz.NewAssignment) { n.Basis = string(make([]rune, 201)) }},
		"":                 {"", func(*authz.NewAssignment) {}},
	} {
		n := good
		c.spoil(&n)
		_, err := assign(t, e.DB, e, n)
		var wrong fault.Invalid
		if c.field == "" && err != nil || c.field != "" && (!errors.As(err, &wrong) || wrong.Of(c.field) == "") {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, unknown := range []tenant.OrgID{1, -1, 0} {
		n := good
		n.Orgs = append([]tenant.OrgID{org.Org}, unknown)
		if _, err := assign(t, e.DB, e, n); !errors.Is(err, fault.NotFound) {
			t.Errorf("organization %d: %v", unknown, err)
		}
	}
	for _, r := range authz.Roles {
		who := authz.Identity{Account: 1, Name: "A", Role: r.Role, Tenant: e.Tenant.ID}
		err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
			_, err := authz.Assign(t.Context(), tx, who, good)
			return err
		})
		if may := r.Role == authz.DOSTAdmin || r.Role == authz.DOSTOfficer; may != (err == nil) {
			t.Errorf("%s assigns: %v", r.Role, err)
		}
	}
}

// TestDepartmentSeesItsFieldsAndTheirChangeAtTheNextRequest goes through the template, a decision of the province, and
// none.
func TestDepartmentSeesItsFieldsAndTheirChangeAtTheNextRequest(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	email := newcomer()
	if err := at(e, -time.Hour).Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, email, "Chuyên viên sở", password)
		if err != nil {
			return err
		}
		_, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: e.Tenant.ID, Account: id, Role: authz.DepartmentOfficer, Department: "SYT"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	session, who, err := authz.SignIn(t.Context(), e.DB, email, password, authz.Device{})
	if err != nil || who.Fields != 1<<9|1<<10 {
		t.Fatalf("the template gives health %b, %v", who.Fields, err)
	}
	s := instance(t, still(e.DB))
	if _, err := s.Resume(t.Context(), session); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		codes []string
		want  tenant.Fields
	}{{[]string{"y-te", "do-uong"}, 1<<10 | 1<<7}, {nil, 0}, {[]string{"khac"}, 1}} {
		if err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
			_, err := authz.SetFields(t.Context(), tx, boss(e), " syt", c.codes)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		who, err := heard(t, s, session, func(who authz.Identity, err error) bool { return err != nil || who.Fields == c.want })
		if err != nil || who.Fields != c.want {
			t.Errorf("after %v: %b, %v, want %b", c.codes, who.Fields, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		code  string
		codes []string
	}{"no code": {"", nil}, "unknown group": {"SCT", []string{"vang"}}, "long code": {string(make([]byte, 41)), nil}} {
		err := e.DB.In(t.Context(), e.Scope, func(tx tenant.Tx) error {
			_, err := authz.SetFields(t.Context(), tx, boss(e), c.code, c.codes)
			return err
		})
		var wrong fault.Invalid
		if !errors.As(err, &wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
