package tenant

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scope says whose rows a transaction works on: the tenant that it writes as, the tenants that it reads (the same and
// those merged into it), and the organization that it is confined to, if any.
//
// Only the registry makes a Scope (DB.Scope). Its zero value opens nothing. One that is narrowed again, in the same way or
// another, shows no more than before.
type Scope struct {
	home  ID
	reads []ID
	org   OrgID
	// units are the administrative units that the scope is confined to; empty for none
	units []string
	// narrowed: reads was cut down to one tenant
	narrowed bool
	// fields are the groups of products that the scope is confined to, when inFields
	fields   Fields
	inFields bool
	// orgs are the statements that confine the scope to organizations beside org; "" for no confinement
	orgs string
	// gave and took are the parts in effect between the tenants that are read and others; none when narrowed
	gave, took []Moved
	// frozen is why nothing is written: Suspended or Archived, of the tenant or of who works in its place; "" for written
	frozen State
	// heir is the successor in whose place the scope works on an origin's records, 0 for none (ScopeAs)
	heir ID
	// timeout of a statement, where the tenant has its own; 0 for the role's
	timeout time.Duration
}

// Home returns the tenant that new rows belong to.
func (s Scope) Home() ID { return s.home }

// Of returns the scope confined to one organization. An organization of 0 or less, and another one than the scope is
// confined to, give the zero Scope, which opens nothing: to see all organizations, do not call Of.
func (s Scope) Of(org OrgID) Scope {
	if org <= 0 || s.org != 0 && s.org != org {
		return Scope{}
	}
	s.org = org
	return s
}

// Within returns the scope confined to administrative units, by their unit.Ref texts: an officer of a commune sees what
// stands in it. An empty list, a text that is no reference, and none of the units that the scope is confined to give the
// zero Scope.
func (s Scope) Within(units []string) Scope {
	if slices.ContainsFunc(units, func(u string) bool { return !unitForm.MatchString(u) }) {
		return Scope{}
	}
	units, before := slices.Clone(units), s.units
	if len(before) > 0 {
		units = slices.DeleteFunc(units, func(u string) bool { return !slices.Contains(before, u) })
	}
	if len(units) == 0 {
		return Scope{}
	}
	s.units = units
	return s
}

// Reading returns the scope with the rows of one of its tenants only: of the province as it was before a merger. One that
// it does not read gives the zero Scope.
func (s Scope) Reading(one ID) Scope {
	if !slices.Contains(s.reads, one) {
		return Scope{}
	}
	s.reads, s.narrowed, s.gave, s.took = []ID{one}, true, nil, nil
	return s
}

// Alone returns the scope without the rows of provinces that were merged into the tenant.
func (s Scope) Alone() Scope { return s.Reading(s.home) }

// Fields is a set of groups of products, one bit a group (authz.Groups pins them). The zero value is no group.
type Fields int64

// Has reports whether the set and another have a group in common.
func (f Fields) Has(o Fields) bool { return f&o != 0 }

// InFields returns the scope confined to groups of products: an officer of a department sees what belongs to one of them.
// Without a group it sees none.
func (s Scope) InFields(f Fields) Scope {
	f = max(f, 0)
	if s.inFields {
		f &= s.fields
	}
	s.fields, s.inFields = f, true
	return s
}

// Orgs is a set of organizations. Its zero value is the empty set. It is comparable: the same list gives the same set.
//
// Policies ask for every row whether its organization is in the set. So that the answer takes the same time for ten and for
// thousands, the set lies in as many settings as keep each short: a row looks into the one that the last bits of its
// organization's number name (app.orgs0, app.orgs1, …); app.orgs holds the mask of those bits.
type Orgs struct {
	n   int
	cut int
	set string // the statements that put it into a transaction, "" for the empty set
}

// MaxOrgs is how many organizations a set may hold: it goes to the database with every transaction, at 20 bytes each. Of
// 50,000 a transaction begins 10 ms later; of 100,000, 20 ms.
const MaxOrgs = 100_000

// orgsPerSetting is how many organizations one setting is to hold, on average, as long as maxSettings is enough for them:
// a connection keeps the names of settings, and making the first of them costs it time that grows with their square.
const (
	orgsPerSetting = 32
	maxSettings    = 1024
)

// OrgsOf returns the set of organizations, without those of 0 or less. Of more than MaxOrgs it keeps the first, which
// shows too little and never too much; Cut says how many are not in it.
func OrgsOf(list []OrgID) Orgs {
	cut := max(0, len(list)-MaxOrgs)
	list = list[:len(list)-cut]
	settings := 1
	for settings*orgsPerSetting < len(list) && settings < maxSettings {
		settings *= 2
	}
	parts := make([]strings.Builder, settings)
	n := 0
	for _, o := range list {
		if o > 0 {
			n++
			parts[int64(o)&int64(settings-1)].WriteString(strconv.FormatInt(int64(o), 10) + ",")
		}
	}
	if n == 0 {
		return Orgs{}
	}
	set := []string{"set local app.orgs = '" + strconv.Itoa(settings-1) + "'"}
	for i := range parts {
		set = append(set, "set local app.orgs"+strconv.Itoa(i)+" = ',"+parts[i].String()+"'")
	}
	return Orgs{n, cut, strings.Join(set, "; ")}
}

// Cut returns the number of organizations that the set was to have beyond MaxOrgs and has not.
func (o Orgs) Cut() int { return o.cut }

// Len returns the number of organizations in the set.
func (o Orgs) Len() int { return o.n }

// noOrgs is the empty set in a transaction.
const noOrgs = "set local app.orgs = '0'; set local app.orgs0 = ','"

// Only returns the scope confined to organizations: an inspector sees those that are assigned. The empty set, and another
// one than the scope is confined to, give a scope that sees none.
func (s Scope) Only(o Orgs) Scope {
	if o.set == "" || s.orgs != "" && s.orgs != o.set {
		o.set = noOrgs
	}
	s.orgs = o.set
	return s
}

var unitForm = regexp.MustCompile(`^[0-9]+@[0-9]{4}-[0-9]{2}-[0-9]{2}$`)

// single reports whether the scope reads the tenant that it writes and no other.
func (s Scope) single() bool { return len(s.reads) == 1 && s.reads[0] == s.home }

// naming returns a statement that reads with its parameters, the tenants as $1. The statement says tenant_id = any ($1); in
// a scope of one tenant that becomes tenant_id = $1, which PostgreSQL knows to be one value: it then reads an index in
// order instead of sorting, and keeps one plan. A statement that uses $1 in another way keeps the list.
func (s Scope) naming(sql string, args []any) (string, []any) {
	const list, one = "= any ($1)", "= $1"
	if len(s.reads) != 1 || strings.Count(sql, list) != firsts(sql) {
		return sql, append([]any{s.reads}, args...)
	}
	return strings.ReplaceAll(sql, list, one), append([]any{s.reads[0]}, args...)
}

// firsts returns how often a statement uses its first parameter.
func firsts(sql string) (n int) {
	for {
		_, rest, found := strings.Cut(sql, "$1")
		if !found {
			return n
		}
		if sql = rest; rest == "" || rest[0] < '0' || '9' < rest[0] {
			n++
		}
	}
}

// confined reports whether the scope shows less than all rows of its tenants.
func (s Scope) confined() bool {
	return s.org != 0 || len(s.units) > 0 || s.inFields || s.orgs != ""
}

// set returns the statements that put the scope into a transaction, as one text.
func (s Scope) set() string { return strings.Join(s.each(), "; ") }

// each returns the same, one by one, as far as the policies of the scope's role read it, and the tenant's own time-out.
// Numbers come from int types only and units were checked; `set local` and not set_config, because Citus hands only the former to its workers.
func (s Scope) each() []string {
	reads := make([]string, 0, len(s.reads)+1)
	for _, id := range s.reads {
		reads = append(reads, strconv.Itoa(int(id)))
	}
	if !slices.Contains(s.reads, s.home) { // what is written is to be seen: `returning`, a row that is updated
		reads = append(reads, strconv.Itoa(int(s.home)))
	}
	list := []string{"set local app.tenant = '" + strconv.Itoa(int(s.home)) + "'"}
	if s.timeout > 0 {
		list = append(list, "set local statement_timeout = "+strconv.FormatInt(s.timeout.Milliseconds(), 10))
	}
	if s.single() && !s.confined() {
		return list
	}
	list = append(list, "set local app.tenants = '{"+strings.Join(reads, ",")+"}'")
	if !s.confined() {
		return list
	}
	fields := Fields(-1)
	if s.inFields {
		fields = s.fields
	}
	orgs := s.orgs
	if orgs == "" {
		orgs = "set local app.orgs = '-1'"
	}
	list = append(list,
		"set local app.org = '"+strconv.FormatInt(int64(s.org), 10)+"'",
		"set local app.units = '"+strings.Join(s.units, ",")+"'",
		"set local app.fields = '"+strconv.FormatInt(int64(fields), 10)+"'")
	return append(list, strings.Split(orgs, "; ")...)
}
