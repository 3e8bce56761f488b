package tenant

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestNamingChangesListsOfTenantsAndNothingElse: a statement keeps its list wherever $1 stands in another way, also in
// comments and strings.
func TestNamingChangesListsOfTenantsAndNothingElse(t *testing.T) {
	t.Parallel()
	one, origin, several := Scope{home: 7, reads: []ID{7}}, Scope{home: 7, reads: []ID{5}, narrowed: true}, Scope{home: 7, reads: []ID{7, 5}}
	for _, c := range []struct{ sql, becomes string }{ // "" for: stays as it is, with the list
		{"select 1 from t where tenant_id = any ($1)", "select 1 from t where tenant_id = $1"},
		{"select 1 from t where a.tenant_id = any ($1) and b.tenant_id = any ($1)", "select 1 from t where a.tenant_id = $1 and b.tenant_id = $1"},
		{"select 1 from t where tenant_id = any ($1) and x = $10 and y = $11", "select 1 from t where tenant_id = $1 and x = $10 and y = $11"},
		{"select 1 from t where tenant_id = any($1)", ""},
		{"select 1 from t where tenant_id = ANY ($1)", ""},
		{"select 1 from t where tenant_id = any ($1::int[])", ""},
		{"select 1 from t where tenant_id = any ($1) or $1 is null", ""},
		{"select 1 from t where tenant_id = any ($1) and cardinality($1) = 1", ""},
		{"select 1 from t where tenant_id = any ($1) and id in (select unnest($1))", ""},
		{"select 1 from t where tenant_id <> all ($1)", ""},
		{"select 1 from t where tenant_id = any ($1) -- $1 is the list", ""},
		{"select 1 from t where tenant_id = any ($1) and note = '$1'", ""},
		{"select 1 from t where tenant_id = any ($1) /* = any ($1) */", "select 1 from t where tenant_id = $1 /* = $1 */"},
		{"$1", ""},
	} {
		for _, s := range []Scope{one, origin} {
			want, wantArg := c.becomes, any(s.reads[0])
			if want == "" {
				want, wantArg = c.sql, s.reads
			}
			sql, args := s.naming(c.sql, []any{"x"})
			same := len(args) == 2 && args[1] == "x"
			switch list := wantArg.(type) {
			case []ID:
				got, ok := args[0].([]ID)
				same = same && ok && slices.Equal(got, list)
			default:
				same = same && args[0] == wantArg
			}
			if sql != want || !same {
				t.Errorf("%q becomes %q with %v, want %q with %v", c.sql, sql, args, want, wantArg)
			}
		}
		if sql, args := several.naming(c.sql, nil); sql != c.sql || !slices.Equal(args[0].([]ID), several.reads) {
			t.Errorf("in a scope of several %q becomes %q with %v", c.sql, sql, args)
		}
	}
}

// TestNamingKeepsEveryParameter puts statements together at random: what is left of $1 counts one for one, and no other
// parameter is touched.
func TestNamingKeepsEveryParameter(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"tenant_id = any ($1)", "$1", "$10", "$12", "$1::int[]", "'$1'", "any ($1)", "= any ($1)", " and ", " or ", "= any ($10)", "-- $1\n", "$2", "!= any ($1)", "$$1$$"}
	s := Scope{home: 3, reads: []ID{3}}
	for range 20_000 {
		var b strings.Builder
		for range r.IntN(6) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		sql := b.String()
		got, args := s.naming(sql, nil)
		if _, list := args[0].([]ID); list {
			if got != sql {
				t.Fatalf("%q keeps its list and becomes %q", sql, got)
			}
			continue
		}
		if firsts(got) != firsts(sql) || strings.Contains(got, "any ($1)") || strings.Count(got, "$") != strings.Count(sql, "$") {
			t.Fatalf("%q becomes %q", sql, got)
		}
	}
}
