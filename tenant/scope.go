package tenant

import (
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

// set returns the statements that put the scope into a transaction, as one text.
func (s Scope) set() string { return strings.Join(s.each(), "; ") }

// each returns the same, one by one. Numbers come from int types only; `set local` and not set_config, because Citus
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
	}
}
