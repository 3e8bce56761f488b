package authz

import (
	"math/rand/v2"
	"strings"
	"testing"
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

// TestCompiledPolicyAnswersLikeCasbinOnRandomPolicies does the same for policies made at random.
func TestCompiledPolicyAnswersLikeCasbinOnRandomPolicies(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	perms := Permissions()
	for range 20 {
		var b strings.Builder
		for range 60 {
			from := Roles[r.IntN(len(Roles))].Role
			to := string(perms[r.IntN(len(perms))])
			if r.IntN(5) == 0 {
				// Links lead to later roles only, so that there is no circle.
				i := r.IntN(len(Roles))
				from, to = Roles[i].Role, string(Roles[i+r.IntN(len(Roles)-i)].Role)
				if string(from) == to {
					continue
				}
			}
			b.WriteString("g, " + string(from) + ", " + to + "\n")
		}
		p, err := Compile(b.String())
		if err != nil {
			t.Fatal(err)
		}
		compare(t, b.String(), p)
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
