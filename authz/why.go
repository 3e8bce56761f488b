package authz

import "strings"

// Right is one thing that a role may do, with the chain of roles that it comes through: the role itself first, the one
// that the policy gives the permission to last.
type Right struct {
	Permission Permission
	Sentence   string
	Through    []Role
	Custom     string // the name of the province's own role that gives it, "" for a built-in role
}

// RightsOf returns everything that a member may do and why: Rights, or what their custom role gives.
func RightsOf(m Membership) []Right {
	if m.Role == Custom {
		return customRights(m.RoleName, compileCustom(m.Permissions))
	}
	return Rights(m.Role)
}

func customRights(name string, set Set) []Right {
	var list []Right
	for _, p := range Permissions() {
		if set.has(DefaultPolicy.bit[p]) {
			list = append(list, Right{Permission: p, Sentence: Sentences[p], Custom: name})
		}
	}
	return list
}

// links are the lines of the policy: what each name is linked to.
var links = func() map[string][]string {
	m := map[string][]string{}
	for line := range strings.Lines(policyCSV) {
		if part := strings.Split(strings.TrimSpace(line), ", "); len(part) == 3 {
			m[part[1]] = append(m[part[1]], part[2])
		}
	}
	return m
}()

// Rights returns everything that a role may do and why, in the order of Permissions. It follows the policy's links, and
// so says the same as Allows, which a test holds it to.
func Rights(role Role) []Right {
	var list []Right
	for _, p := range Permissions() {
		if through := chain(string(role), string(p), nil); through != nil {
			list = append(list, Right{Permission: p, Sentence: Sentences[p], Through: through})
		}
	}
	return list
}

// chain returns the shortest way along the links from a role to a permission, nil when there is none.
func chain(from, to string, seen []Role) []Role {
	seen = append(append([]Role{}, seen...), Role(from))
	var best []Role
	for _, next := range links[from] {
		if next == to {
			return seen
		}
		if _, permission := Sentences[Permission(next)]; permission {
			continue
		}
		if way := chain(next, to, seen); way != nil && (best == nil || len(way) < len(best)) {
			best = way
		}
	}
	return best
}
