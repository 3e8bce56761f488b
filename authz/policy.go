package authz

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	stringadapter "github.com/casbin/casbin/v2/persist/string-adapter"
)

//go:embed policy.csv
var policyCSV string

// policyModel holds permissions as role links: a role has a permission when a chain of links leads there. No users, no
// tenants: who has which role is a row, not a rule.
const policyModel = `
[request_definition]
r = role, permission

[policy_definition]
p = role, permission

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = g(r.role, r.permission) && r.role != r.permission
`

// Policy says which role may do what, compiled from the casbin policy into one bit set a role.
type Policy struct {
	bit  map[Permission]uint
	sets map[Role]Set
}

// Set is a set of permissions.
type Set struct{ bits [2]uint64 }

func (s *Set) add(bit uint)     { s.bits[bit/64] |= 1 << (bit % 64) }
func (s Set) has(bit uint) bool { return s.bits[bit/64]&(1<<(bit%64)) != 0 }

// DefaultPolicy is the policy of authz/policy.csv. It panics when the file is wrong, which a test finds first.
var DefaultPolicy = func() *Policy {
	p, err := Compile(policyCSV)
	if err != nil {
		panic(err)
	}
	return p
}()

// NewEnforcer returns casbin's own enforcer over a policy text: the oracle of what Compile makes of it.
func NewEnforcer(csv string) (*casbin.Enforcer, error) {
	m, err := model.NewModelFromString(policyModel)
	if err != nil {
		return nil, err
	}
	return casbin.NewEnforcer(m, stringadapter.NewAdapter(csv))
}

// Compile asks casbin once for every role and permission and keeps the answers.
func Compile(csv string) (*Policy, error) {
	e, err := NewEnforcer(csv)
	if err != nil {
		return nil, fmt.Errorf("read the policy: %w", err)
	}
	if err := known(csv); err != nil {
		return nil, err
	}
	p := &Policy{bit: map[Permission]uint{}, sets: map[Role]Set{}}
	for _, perm := range Permissions() {
		p.bit[perm] = uint(len(p.bit))
	}
	if len(p.bit) > 128 {
		return nil, fmt.Errorf("read the policy: %d permissions do not fit into the bit set", len(p.bit))
	}
	for _, r := range Roles {
		var set Set
		for perm, bit := range p.bit {
			ok, err := e.Enforce(string(r.Role), string(perm))
			if err != nil {
				return nil, fmt.Errorf("ask the policy for %s, %s: %w", r.Role, perm, err)
			}
			if ok {
				set.add(bit)
			}
		}
		p.sets[r.Role] = set
	}
	return p, nil
}

// known refuses a policy line that names neither a role nor a permission: a slip of the pen would grant nothing,
// silently.
func known(csv string) error {
	for n, line := range strings.Split(strings.TrimSpace(csv), "\n") {
		part := strings.Split(line, ", ")
		if len(part) != 3 || part[0] != "g" {
			return fmt.Errorf("policy line %d: want “g, role, permission or role”, got %q", n+1, line)
		}
		isRole := func(s string) bool {
			return slices.ContainsFunc(Roles, func(r struct {
				Role Role
				Name string
			}) bool {
				return string(r.Role) == s
			})
		}
		if _, isPermission := Sentences[Permission(part[2])]; !isRole(part[1]) || !isRole(part[2]) && !isPermission {
			return fmt.Errorf("policy line %d: unknown name in %q", n+1, line)
		}
	}
	return nil
}

// Permissions returns all permissions in a fixed order.
func Permissions() []Permission {
	all := make([]Permission, 0, len(Sentences))
	for p := range Sentences {
		all = append(all, p)
	}
	slices.Sort(all)
	return all
}

// Allows reports whether the role has the permission. An unknown role or permission is refused.
func (p *Policy) Allows(r Role, perm Permission) bool {
	bit, ok := p.bit[perm]
	return ok && p.sets[r].has(bit)
}
