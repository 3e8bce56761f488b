package tenant

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Scope says whose rows a transaction works on: the tenant that it writes as, the tenants that it reads (the same and
// those merged into it), and the organization that it is confined to, if any.
//
// Only the registry makes a Scope (DB.Scope). Its zero value opens nothing.
type Scope struct {
	home  ID
	reads []ID
	org   OrgID
	// units are the administrative units that the scope is confined to; empty for none
	units []string
	// narrowed: reads was cut down to one tenant
	narrowed bool
	// frozen: the tenant is suspended or archived, nothing is written
	frozen bool
}

// Home returns the tenant that new rows belong to.
func (s Scope) Home() ID { return s.home }

// Of returns the scope confined to one organization. An organization of 0 or less gives the zero Scope, which opens
// nothing: to see all organizations, do not call Of.
func (s Scope) Of(org OrgID) Scope {
	if org <= 0 {
		return Scope{}
	}
	s.org = org
	return s
}

// Within returns the scope confined to administrative units, by their unit.Ref texts: an officer of a commune sees what
// stands in it. An empty list, or a text that is no reference, gives the zero Scope.
func (s Scope) Within(units []string) Scope {
	if len(units) == 0 || slices.ContainsFunc(units, func(u string) bool { return !unitForm.MatchString(u) }) {
		return Scope{}
	}
	s.units = slices.Clone(units)
	return s
}

// Reading returns the scope with the rows of one of its tenants only: of the province as it was before a merger. One that
// it does not read gives the zero Scope.
func (s Scope) Reading(one ID) Scope {
	if !slices.Contains(s.reads, one) {
		return Scope{}
	}
	s.reads, s.narrowed = []ID{one}, true
	return s
}

// Alone returns the scope without the rows of provinces that were merged into the tenant.
func (s Scope) Alone() Scope { return s.Reading(s.home) }

var unitForm = regexp.MustCompile(`^[0-9]+@[0-9]{4}-[0-9]{2}-[0-9]{2}$`)

// set returns the statements that put the scope into a transaction, as one text.
func (s Scope) set() string { return strings.Join(s.each(), "; ") }

// each returns the same, one by one. Numbers come from int types only and units were checked; `set local` and not set_config, because Citus
// hands only the former to its workers.
func (s Scope) each() []string {
	reads := make([]string, len(s.reads))
	for i, id := range s.reads {
		reads[i] = strconv.Itoa(int(id))
	}
	return []string{
		"set local app.tenant = '" + strconv.Itoa(int(s.home)) + "'",
		"set local app.tenants = '{" + strings.Join(reads, ",") + "}'",
		"set local app.org = '" + strconv.FormatInt(int64(s.org), 10) + "'",
		"set local app.units = '" + strings.Join(s.units, ",") + "'",
	}
}
