package archive

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
)

// Traces is what a tenant is known by in rows that have no tenant_id, too.
type Traces struct {
	Tenant   tenant.ID
	Accounts []int64  // of people who have roles nowhere else
	Emails   []string // of the same
}

// Count is how many rows of a table belong to a tenant.
type Count struct {
	Table string
	Rows  int64
}

// remembers are tables that may name a tenant after its end, each with its reason.
var remembers = map[string]string{
	"tenant.spent": "the number stands in printed serials, so nobody else may have it; a province's number and unit are no data of its own",
}

// Leftovers counts, in every table of the database and in the job queue, the rows that a tenant or the people who were in
// no other one can be recognized in. It asks the catalog by the names and types of columns, and not by foreign keys as
// Delete does, so that what the one overlooks the other finds:
//
//   - a whole number in a column with "tenant" in its name, or that refers to the registry
//   - in tables without a tenant: a number of an account in a column with "account" in its name, an e-mail address in any
//     text or JSON, and "tenant" in JSON
//
// Every table is in the answer, also with 0 rows. q must be the owner's.
func Leftovers(ctx context.Context, q querier, t Traces) ([]Count, error) {
	type column struct {
		Table, Name, Type string
		OfTenant, Refers  bool // the table has a tenant_id not null; the column refers to the registry
	}
	rows, err := q.Query(ctx, `
		select n.nspname || '.' || c.relname as table, a.attname::text as name, format_type(a.atttypid, null) as type,
			exists (
				select from pg_attribute o
				where o.attrelid = c.oid and o.attname = 'tenant_id' and o.attnotnull and not o.attisdropped) as of_tenant,
			exists (
				select from pg_constraint f
				where f.conrelid = c.oid and f.contype = 'f' and f.confrelid = 'tenant.tenant'::regclass
				and a.attnum = any (f.conkey)) or c.oid = 'tenant.tenant'::regclass and a.attname = 'id' as refers
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		where c.relkind in ('r', 'p') and not c.relispartition
		and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
		order by 1, a.attnum`)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowToStructByName[column])
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	id := strconv.Itoa(int(t.Tenant))
	people := numbers(t.Accounts)
	var list []Count
	conditions := map[string][]string{}
	for _, c := range columns {
		if remembers[c.Table] != "" {
			continue
		}
		if _, seen := conditions[c.Table]; !seen {
			conditions[c.Table] = []string{"false"}
			list = append(list, Count{Table: c.Table})
		}
		column := "x." + quote(c.Name)
		add := func(condition string) { conditions[c.Table] = append(conditions[c.Table], condition) }
		whole := c.Type == "integer" || c.Type == "bigint" || c.Type == "smallint"
		if whole && (c.Refers || strings.Contains(c.Name, "tenant")) {
			add(column + " = " + id)
		}
		switch {
		case c.OfTenant:
		case c.Type == "bigint" && (strings.Contains(c.Name, "account") || c.Table == accounts && c.Name == "id"):
			add(column + " = any (" + people + ")")
		case c.Type == "jsonb":
			add("jsonb_path_exists(" + column + ", '$.** ? (@.tenant == " + id + " || @.tenant_id == " + id + " || @.Tenant == " + id + " || @.TenantID == " + id + ")')")
			fallthrough
		case c.Type == "text", c.Type == "character varying", c.Type == "json", strings.HasSuffix(c.Type, "[]"):
			add("exists (select from regexp_matches(lower(" + column + "::text), '[a-z0-9._%+-]+@[a-z0-9.-]*[a-z0-9]', 'g') m where m[1] = any ($1))")
		}
	}
	for i, c := range list {
		sql := "select count(*) from " + quote(c.Table) + " x where $1::text[] is not null and (" + strings.Join(conditions[c.Table], " or ") + ")"
		if err := rowOf(ctx, q, sql, &list[i].Rows, t.lower()); err != nil {
			return nil, fmt.Errorf("count what is left in %s: %w", c.Table, err)
		}
	}
	return list, nil
}

func (t Traces) lower() []string {
	list := []string{}
	for _, e := range t.Emails {
		list = append(list, strings.ToLower(e))
	}
	return list
}

// numbers writes numbers as an array for SQL.
func numbers(list []int64) string {
	text := make([]string, len(list))
	for i, n := range list {
		text[i] = strconv.FormatInt(n, 10)
	}
	return "'{" + strings.Join(text, ",") + "}'::bigint[]"
}

// rowOf reads the only column of the only row.
func rowOf(ctx context.Context, q querier, sql string, to any, args ...any) error {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		if err := rows.Scan(to); err != nil {
			return err
		}
	}
	return rows.Err()
}
