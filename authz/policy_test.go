package authz

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"
)

// TestCompiledPolicyAnswersLikeCasbin compares the bit sets with casbin's own enforcer, for every role and permission
// and for names that do not exist.
func TestCompiledPolicyAnswersLikeCasbin(t *testing.T) {
	t.Parallel()
	compare(t, policyCSV, DefaultPolicy)
}

func compare(t *testing.T, csv string, p *Policy) {
	t.Helper()
	e, err := NewEnforcer(csv)
	if err != nil {
		t.Fatal(err)
	}
	roles := []Role{"", "nobody", "dost_admin ", "DOST_ADMIN", "plan.view"}
	for _, r := range Roles {
		roles = append(roles, r.Role)
	}
	perms := append(Permissions(), "", "plan.import ", "dost_admin", "nothing")
	differences := 0
	for _, r := range roles {
		for _, perm := range perms {
			want, err := e.Enforce(string(r), string(perm))
			if err != nil {
				t.Fatal(err)
			}
			if _, known := Sentences[perm]; !known {
				want = false // casbin follows links to roles; a role is no permission
			}
			if got := p.Allows(r, perm); got != want {
				differences++
				t.Errorf("%q %q: compiled %v, casbin %v", r, perm, got, want)
			}
		}
	}
	t.Logf("%d comparisons, %d differences", len(roles)*len(perms), differences)
}

// randomPolicy makes a policy of links between roles, without a circle, and to permissions.
func randomPolicy(r *rand.Rand) string {
	perms := Permissions()
	var b strings.Builder
	for range 40 {
		i := r.IntN(len(Roles))
		from, to := string(Roles[i].Role), string(perms[r.IntN(len(perms))])
		if r.IntN(4) == 0 && i+1 < len(Roles) {
			to = string(Roles[i+1+r.IntN(len(Roles)-i-1)].Role)
		}
		b.WriteString("g, " + from + ", " + to + "\n")
	}
	return b.String()
}

// differences compares allows with casbin's own answer for n random pairs of the policy, and returns how often they
// differ. Names that do not exist are among the pairs.
func differences(t *testing.T, r *rand.Rand, csv string, allows func(Role, Permission) bool, n int) int {
	t.Helper()
	e, err := NewEnforcer(csv)
	if err != nil {
		t.Fatal(err)
	}
	roles := []Role{"", "nobody", "dost_admin ", "u:dost_admin"}
	for _, known := range Roles {
		roles = append(roles, known.Role)
	}
	perms := append(Permissions(), "", "plan.import ", "nothing")
	different := 0
	for range n {
		role, perm := roles[r.IntN(len(roles))], perms[r.IntN(len(perms))]
		want, err := e.Enforce(string(role), string(perm))
		if err != nil {
			t.Fatal(err)
		}
		if allows(role, perm) != want {
			different++
		}
	}
	return different
}

// TestAMillionRandomChecksAgreeWithCasbin compares the bit sets of random policies with casbin, a million times.
func TestAMillionRandomChecksAgreeWithCasbin(t *testing.T) {
	t.Parallel()
	const policies, each = 100, 10_000
	r := rand.New(rand.NewPCG(20260123, 37))
	total := 0
	for range policies {
		csv := randomPolicy(r)
		p, err := Compile(csv)
		if err != nil {
			t.Fatal(err)
		}
		if n := differences(t, r, csv, p.Allows, each); n > 0 {
			t.Errorf("%d of %d checks differ; policy:\n%s", n, each, csv)
		}
		total += each
	}
	t.Logf("%d comparisons", total)
}

// TestPlantedFaultsOfAuthorizationAreSeen plants the known faults and has the comparison find each.
func TestPlantedFaultsOfAuthorizationAreSeen(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	csv := policyCSV
	for name, faulty := range map[string]func(Role, Permission) bool{
		"answers of before a right was taken away (a cached enforcer)": func() func(Role, Permission) bool {
			old, err := Compile(csv + "g, leader, plan.import\n")
			if err != nil {
				t.Fatal(err)
			}
			return old.Allows
		}(),
		"a name that equals a role's is that role (no prefix for users)": func(role Role, p Permission) bool {
			return DefaultPolicy.Allows(Role(strings.TrimPrefix(strings.TrimSpace(string(role)), "u:")), p)
		},
		"inheritance is not followed": func(role Role, p Permission) bool {
			return strings.Contains(csv, "g, "+string(role)+", "+string(p)+"\n")
		},
		"unknown permissions are allowed": func(role Role, p Permission) bool {
			_, known := Sentences[p]
			return !known || DefaultPolicy.Allows(role, p)
		},
	} {
		if n := differences(t, r, csv, faulty, 20_000); n == 0 {
			t.Errorf("%s: no difference was found", name)
		}
	}
}

// TestCachedEnforcerWouldBeSeen shows why there is none: casbin's own goes on allowing what was taken away, and the
// comparison notices.
func TestCachedEnforcerWouldBeSeen(t *testing.T) {
	t.Parallel()
	const taken = "g, dost_admin, plan.import\n"
	m, err := model.NewModelFromString(policyModel)
	if err != nil {
		t.Fatal(err)
	}
	cached, err := casbin.NewCachedEnforcer(m, stringadapter.NewAdapter(policyCSV))
	if err != nil {
		t.Fatal(err)
	}
	allows := func(role Role, p Permission) bool {
		ok, err := cached.Enforce(string(role), string(p))
		return err == nil && ok
	}
	if !allows(DOSTAdmin, PlanImport) {
		t.Fatal("the policy does not let the administrator import plans: the test has lost its subject")
	}
	if ok, err := cached.RemoveGroupingPolicy("dost_admin", "plan.import"); err != nil || !ok {
		t.Fatalf("take the right away: %v, %v", ok, err)
	}
	r := rand.New(rand.NewPCG(8, 8))
	if n := differences(t, r, strings.Replace(policyCSV, taken, "", 1), allows, 20_000); n == 0 {
		t.Error("no difference was found to an enforcer that caches")
	}
}

func TestPolicyWithAnUnknownNameIsRefused(t *testing.T) {
	t.Parallel()
	for _, csv := range []string{
		"g, dost_admin, plan.imprt\n", "g, dost_admn, plan.import\n", "p, dost_admin, plan.import\n", "g,dost_admin,plan.import\n", "g, plan.view, dost_admin\n",
	} {
		if _, err := Compile(csv); err == nil {
			t.Errorf("%q was accepted", csv)
		}
	}
}

func TestEveryPermissionIsHeldByARole(t *testing.T) {
	t.Parallel()
	for _, p := range Permissions() {
		held := false
		for _, r := range Roles {
			held = held || DefaultPolicy.Allows(r.Role, p)
		}
		if !held {
			t.Errorf("no role has %s", p)
		}
	}
}

func BenchmarkAllows(b *testing.B) {
	for b.Loop() {
		DefaultPolicy.Allows(DOSTAdmin, PlanImport)
	}
}

func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"a@b.vn", " A@B.VN ", "ａ@example.vn", "a@b", "a b@c.vn", "\x00@x.vn", "a@@b.vn", "\"a b\"@c.vn"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseEmail(s)
		if err != nil {
			return
		}
		again, err := ParseEmail(string(e))
		if err != nil || again != e {
			t.Errorf("%q gives %q, which gives %q, %v", s, e, again, err)
		}
		if strings.ContainsAny(string(e), " \r\n\t\x00") || strings.ToLower(string(e)) != string(e) {
			t.Errorf("%q gives %q", s, e)
		}
	})
}

func TestRightsSayTheSameAsThePolicyAndWhy(t *testing.T) {
	t.Parallel()
	for _, r := range Roles {
		has := map[Permission][]Role{}
		for _, right := range Rights(r.Role) {
			has[right.Permission] = right.Through
		}
		for _, p := range Permissions() {
			if (has[p] != nil) != DefaultPolicy.Allows(r.Role, p) {
				t.Errorf("%s %s: Rights says %v, Allows %v", r.Role, p, has[p] != nil, DefaultPolicy.Allows(r.Role, p))
			}
		}
	}
	for _, right := range Rights(DOSTAdmin) {
		if right.Permission == PlanView {
			if got, want := fmt.Sprint(right.Through), "[dost_admin dost_officer leader]"; got != want {
				t.Errorf("the administrator sees plans through %s, want %s", got, want)
			}
		}
	}
}
