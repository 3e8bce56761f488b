package authz

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestCustomRolesAnswerLikeCasbin compares random custom roles, with unknown names and rights that such a role may not
// have among what is stored, with casbin: the role written as links into the policy, cut down by casbin's own answers
// about the administrator. What a custom role may have at all is written here by hand.
func TestCustomRolesAnswerLikeCasbin(t *testing.T) {
	t.Parallel()
	ordinary := []string{
		"organization.view", "organization.admit", "catalog.view", "catalog.list", "lot.view", "stamp.view", "stamp.recall",
		"scan.view", "plan.view", "plan.import", "task.report", "kpi.view", "quota.view", "quota.grant", "audit.view", "member.view",
	}
	all := Permissions()
	r := rand.New(rand.NewPCG(18, 1))
	comparisons, different, planted := 0, 0, 0
	for range 400 {
		stored := []string{"nothing", "dost_admin", ""}
		for _, p := range all {
			if r.IntN(3) == 0 {
				stored = append(stored, string(p))
			}
		}
		r.Shuffle(len(stored), func(i, j int) { stored[i], stored[j] = stored[j], stored[i] })
		const custom = "leader_x"
		csv := policyCSV + "g, " + custom + ", account.self\n"
		for _, s := range stored {
			if slices.Contains(ordinary, s) {
				csv += "g, " + custom + ", " + s + "\n"
			}
		}
		e, err := NewEnforcer(strings.TrimSpace(csv))
		if err != nil {
			t.Fatal(err)
		}
		who := Identity{Account: 1, Role: Custom, custom: compileCustom(stored)}
		for _, p := range append(slices.Clone(all), "nothing", "dost_admin", "") {
			want, err := e.Enforce(custom, string(p))
			if err != nil {
				t.Fatal(err)
			}
			if p != AccountSelf && want {
				if want, err = e.Enforce(string(DOSTAdmin), string(p)); err != nil {
					t.Fatal(err)
				}
			}
			comparisons++
			if who.Can(p) != want {
				different++
				t.Errorf("%v, %s: got %v, casbin %v", stored, p, !want, want)
			}
			if slices.Contains(stored, string(p)) != want { // a role that gives whatever is stored
				planted++
			}
		}
	}
	if planted == 0 {
		t.Error("a role that gives whatever is stored would not be seen")
	}
	t.Logf("%d comparisons, %d differences; %d of a role that gives whatever is stored", comparisons, different, planted)
}

func TestRightsOfACustomRoleSayWhatItCanDo(t *testing.T) {
	t.Parallel()
	stored := []string{"plan.view", "member.invite", "product.edit", "gone.away"}
	m := Membership{Role: Custom, limits: limits{RoleName: "Cán bộ tổng hợp", Permissions: stored}}
	who := m.identity()
	var said []Permission
	for _, right := range RightsOf(m) {
		said = append(said, right.Permission)
		if right.Custom != "Cán bộ tổng hợp" || right.Sentence == "" {
			t.Errorf("%s: %+v", right.Permission, right)
		}
	}
	for _, p := range Permissions() {
		if who.Can(p) != slices.Contains(said, p) {
			t.Errorf("%s: can %v, said %v", p, who.Can(p), !who.Can(p))
		}
	}
	if len(said) != 2 { // and the own account
		t.Errorf("said %v", said)
	}
}

// TestNobodyWithoutACompiledSetCanDoAnything: the role's name alone gives nothing, as with an identity that something
// else has put together.
func TestNobodyWithoutACompiledSetCanDoAnything(t *testing.T) {
	t.Parallel()
	for _, p := range Permissions() {
		if (Identity{Account: 1, Role: Custom}).Can(p) || DefaultPolicy.Allows(Custom, p) {
			t.Errorf("a custom role without its set may %s", p)
		}
	}
}

func TestACheckOfACustomRoleAllocatesNothing(t *testing.T) {
	who := Identity{Account: 1, Role: Custom, custom: compileCustom([]string{"plan.view"})}
	allowed := false
	if n := testing.AllocsPerRun(100, func() { allowed = who.Can(PlanView) && !who.Can(KPIView) }); n != 0 || !allowed {
		t.Errorf("%v allocations, allowed %v", n, allowed)
	}
}

func TestGroupsAreSingleBitsThatNeverMove(t *testing.T) {
	t.Parallel()
	// Written out, because rows keep the bits: a group may be added at the end, and none may move.
	want := []string{"khac", "trong-trot", "chan-nuoi", "thuy-san", "lam-san", "vat-tu", "thuc-pham", "do-uong", "cong-nghiep", "thuc-pham-y-te", "y-te", "du-lich", "khoa-hoc"}
	if len(Groups) < len(want) {
		t.Fatalf("%d groups, want at least %d", len(Groups), len(want))
	}
	var all int64
	for i, g := range Groups {
		if g.Fields != 1<<i || i < len(want) && g.Code != want[i] {
			t.Errorf("group %d is %s, bit %b", i, g.Code, g.Fields)
		}
		if f, err := FieldsOf([]string{g.Code}); err != nil || f != g.Fields {
			t.Errorf("%s: %b, %v", g.Code, f, err)
		}
		all |= int64(g.Fields)
	}
	var answered int64
	for _, d := range template {
		answered |= int64(d.Fields)
	}
	if answered != all {
		t.Errorf("the template's departments answer for %b, want all groups %b and no other", answered, all)
	}
	if _, err := FieldsOf([]string{"khac", "khong-co"}); err == nil {
		t.Error("an unknown group is accepted")
	}
}
