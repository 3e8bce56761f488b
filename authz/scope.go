package authz

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"txng/tenant/fault"
)

// Scopes limits what an identity may do to some of its role's permissions, as a program's key does. The zero value
// limits nothing.
type Scopes struct {
	limited bool
	of      Set
}

// limit returns the scopes of the named permissions. A name that no program may get grants nothing.
func limit(names []string) Scopes {
	s := Scopes{limited: true}
	for _, n := range names {
		if bit, ok := DefaultPolicy.bit[Permission(n)]; ok && slices.Contains(programs, Permission(n)) {
			s.of.add(bit)
		}
	}
	return s
}

// allow reports whether the scopes leave a permission.
func (s Scopes) allow(p Permission) bool {
	if !s.limited {
		return true
	}
	bit, ok := DefaultPolicy.bit[p]
	return ok && s.of.has(bit)
}

// and returns what both scopes leave.
func (s Scopes) and(o Scopes) Scopes {
	switch {
	case !s.limited:
		return o
	case !o.limited:
		return s
	}
	for i := range s.of.bits {
		s.of.bits[i] &= o.of.bits[i]
	}
	return s
}

// programs are the permissions that a program may get: those over records. What gives away rights or belongs to the
// person is not among them; a new permission is not, until it is put here.
var programs = []Permission{
	OrganizationView, OrganizationOwn, CatalogView, CatalogList, ProductEdit, LotView, LotEdit, StampView, StampOrder,
	StampActivate, StampPrint, ScanView, PlanView, KPIView, QuotaView,
}

// Grantable returns the permissions that a person may give to a program: those of their own that a program may get.
func Grantable(who Identity) []Permission {
	var list []Permission
	for _, p := range Permissions() {
		if who.Can(p) && slices.Contains(programs, p) {
			list = append(list, p)
		}
	}
	return list
}

// maxPrograms is how many machines an organization, and how many keys a person, may have at a time.
const maxPrograms = 20

// Lifetimes are the days that a machine's secret or a personal key may be valid.
var Lifetimes = []int{30, 90, 180, 365}

// NewProgram is what a person decides of a program that gets rights of theirs.
type NewProgram struct {
	Name   string
	Scopes []string // names of permissions
	Days   int      // one of Lifetimes
}

// check returns the program's name and scopes as they are stored, and when it ends. Errors: fault.Invalid for name,
// scopes and days.
func (n NewProgram) check(who Identity, now time.Time) (name string, scopes []string, ends time.Time, err error) {
	var wrong fault.Invalid
	name = strings.TrimSpace(n.Name)
	if c := utf8.RuneCountInString(name); c < 1 || c > 120 {
		wrong.Add("name", "Tên có từ 1 đến 120 ký tự.")
	}
	may := Grantable(who)
	for _, s := range n.Scopes {
		if !slices.Contains(may, Permission(s)) {
			wrong.Add("scopes", "Chỉ cấp được những quyền mà chính bạn đang có.")
			break
		}
		scopes = append(scopes, s)
	}
	slices.Sort(scopes)
	scopes = slices.Compact(scopes)
	if len(n.Scopes) == 0 {
		wrong.Add("scopes", "Chọn ít nhất một quyền.")
	}
	if !slices.Contains(Lifetimes, n.Days) {
		wrong.Add("days", "Chọn thời hạn trong danh sách.")
	}
	return name, scopes, now.AddDate(0, 0, n.Days), wrong.Err()
}
