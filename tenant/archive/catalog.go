package archive

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"

	"github.com/jackc/pgx/v5"
)

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// table is a table of the database as its catalog has it.
type table struct {
	Name    string   // schema.table
	Columns []string // in their order, without those that are computed
	Types   []string // as format_type writes them
	Key     []string // of the primary key
	Parents []string // tables that its foreign keys lead to, without itself
	Tenants []string // columns that refer to the registry of tenants
}

// Tables beside those with a tenant_id.
const (
	tenants  = "tenant.tenant"
	accounts = "authz.account"
)

// leftOut are the tables with a tenant_id that are no part of an archive, each with its reason.
var leftOut = map[string]string{
	"authz.session":  "who is signed in at the moment is no record",
	"archive.export": "the list of archives is about them, their files are not in them",
}

// notCarried are columns that mean nothing elsewhere.
var notCarried = map[string]string{
	"audit.entry.tx": "number of a transaction of this server; the importing one notes its own",
}

// credentials are the columns that sign somebody in. Where they do not travel, the import fills in what opens nothing.
var credentials = map[string]func() string{
	"authz.account.password_hash":  func() string { return "!" }, // no hash: no password fits
	"authz.invitation.token_hash":  random32,
	"authz.api_client.secret_hash": random32,
	"authz.api_key.hash":           random32,
	"authz.oidc_provider.sealed":   random32, // opens with no master secret: the administrator enters the provider's secret again
}

// harmless are columns that sound like a credential and are none.
var harmless = []string{"audit.seal.hash", "authz.account.token_epoch", "catalog.token.token", "organization.token.token"}

// sounds is what the name of a credential sounds like. A column that stands in neither list does not travel.
var sounds = regexp.MustCompile(`hash|secret|token|passw|seed|sealed|private|recovery|otp|cipher`)

// withheld reports whether a column stays behind.
func withheld(table, column string, withCredentials bool) bool {
	name := table + "." + column
	if _, ok := notCarried[name]; ok {
		return true
	}
	if _, ok := credentials[name]; ok {
		return !withCredentials
	}
	return sounds.MatchString(column) && !slices.Contains(harmless, name)
}

// part is a table with what of it belongs into an archive.
type part struct {
	table
	owner string // the column that names the tenant; "" for accounts and relations
	// relation is a table between two tenants, of which this is one; the other stands there by its unit
	relation bool
	// places of the columns that travel, in table.Columns
	carried []int
}

func (p part) names() []string {
	list := make([]string, len(p.carried))
	for i, at := range p.carried {
		list[i] = p.Columns[at]
	}
	return list
}

// typeOf returns the type of the i-th carried column as it travels.
func (p part) typeOf(i int) string {
	at := p.carried[i]
	if p.relation && slices.Contains(p.Tenants, p.Columns[at]) {
		return "text" // the province's unit stands for its number
	}
	return p.Types[at]
}

// accountColumns are what an archive has of a person. The accounts belong to nobody's tenant, so what is added to them
// does not travel by itself.
var accountColumns = []string{"id", "email", "name", "password_hash", "disabled_at", "created_at"}

// parts returns the tables of an archive, each after those that its foreign keys lead to.
func parts(ctx context.Context, q querier, withCredentials bool) ([]part, error) {
	all, err := tablesOf(ctx, q)
	if err != nil {
		return nil, err
	}
	var list []part
	for _, t := range all {
		p := part{table: t}
		_, out := leftOut[t.Name]
		switch {
		case out:
			continue
		case t.Name == tenants:
			p.owner = "id"
		case t.Name == accounts:
		case slices.Contains(t.Columns, "tenant_id"):
			p.owner = "tenant_id"
		case len(t.Tenants) == 1: // of the registry: what was done to the tenant
			p.owner = t.Tenants[0]
		case len(t.Tenants) > 1:
			p.relation = true
		default:
			continue
		}
		for i, c := range t.Columns {
			if !withheld(t.Name, c, withCredentials) && (t.Name != accounts || slices.Contains(accountColumns, c)) {
				p.carried = append(p.carried, i)
			}
		}
		list = append(list, p)
	}
	return list, nil
}

// tablesOf returns the tables of the database but the job queue's, each after those that its foreign keys lead to, and
// otherwise by name. A circle of foreign keys is an error.
func tablesOf(ctx context.Context, q querier) ([]table, error) {
	rows, err := q.Query(ctx, `
		select n.nspname || '.' || c.relname as name,
			array(
				select attname::text
				from pg_attribute
				where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = ''
				order by attnum) as columns,
			array(
				select format_type(atttypid, null)
				from pg_attribute
				where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = ''
				order by attnum) as types,
			array(
				select a.attname::text
				from pg_index i
				cross join unnest(i.indkey::int2[]) with ordinality k (num, place)
				join pg_attribute a on a.attrelid = c.oid and a.attnum = k.num
				where i.indrelid = c.oid and i.indisprimary
				order by k.place) as key,
			array(
				select distinct pn.nspname || '.' || pc.relname
				from pg_constraint f
				join pg_class pc on pc.oid = f.confrelid
				join pg_namespace pn on pn.oid = pc.relnamespace
				where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid
				order by 1) as parents,
			array(
				select a.attname::text
				from pg_constraint f
				join pg_attribute a on a.attrelid = c.oid and a.attnum = any (f.conkey)
				where f.conrelid = c.oid and f.contype = 'f' and f.confrelid = 'tenant.tenant'::regclass
				order by a.attnum) as tenants
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and not c.relispartition
		and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'river')
		order by 1`)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[table])
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	return inOrder(all)
}

// inOrder sorts tables so that each comes after its parents, and registry and accounts first.
func inOrder(all []table) ([]table, error) {
	first := []string{tenants, accounts}
	slices.SortStableFunc(all, func(a, b table) int {
		place := func(t table) int {
			if i := slices.Index(first, t.Name); i >= 0 {
				return i - len(first)
			}
			return 0
		}
		return cmp.Or(place(a)-place(b), cmp.Compare(a.Name, b.Name))
	})
	var sorted []table
	done := map[string]bool{}
	for len(sorted) < len(all) {
		before := len(sorted)
		for _, t := range all {
			if !done[t.Name] && !slices.ContainsFunc(t.Parents, func(p string) bool { return !done[p] }) {
				done[t.Name] = true
				sorted = append(sorted, t)
			}
		}
		if len(sorted) == before {
			return nil, fmt.Errorf("foreign keys of %d tables run in a circle", len(all)-len(sorted))
		}
	}
	return sorted, nil
}

// quote returns a table's or column's name for SQL; a table's is schema.table.
func quote(name string) string {
	return pgx.Identifier(regexp.MustCompile(`\.`).Split(name, 2)).Sanitize()
}
