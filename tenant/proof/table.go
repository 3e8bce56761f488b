package proof

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
)

// Table is a tenant table as the catalog has it. Names are quoted where SQL needs it.
type Table struct {
	Name    string   // schema.table
	Columns []string // without tenant_id and generated ones
	Key     []string // of the primary key
	Org     string   // the column that names the organization, or ""
	Doors   []string // roles beside the application's that a policy of their own admits

	Policies []string // by name
}

// Tables returns every table with a tenant_id, ordered by name: a new one joins the proofs by itself.
func Tables(ctx context.Context, q tenant.Querier) ([]Table, error) {
	rows, err := q.Query(ctx, `
		select n.nspname || '.' || c.relname as name,
			array(
				select quote_ident(attname)
				from pg_attribute
				where attrelid = c.oid and attnum > 0 and not attisdropped and attname <> 'tenant_id' and attgenerated = ''
				order by attnum) as columns,
			coalesce((
				select array(
					select quote_ident(a.attname)
					from unnest(i.indkey::int2[]) with ordinality k (attnum, place)
					join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
					order by k.place)
				from pg_index i
				where i.indrelid = c.oid and i.indisprimary), '{}') as key,
			coalesce((
				select (regexp_match(pg_get_expr(polqual, polrelid), '= (org_id|id)\)'))[1]
				from pg_policy
				where polrelid = c.oid and polname = 'organization'), '') as org,
			array(
				select distinct r.rolname::text
				from pg_policy p
				join pg_roles r on r.oid = any (p.polroles)
				where p.polrelid = c.oid and p.polpermissive and r.rolname not in ('txng_app', 'txng_merged', 'txng_confined')
				order by 1) as doors,
			array(
				select polname::text
				from pg_policy
				where polrelid = c.oid
				order by 1) as policies
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
		where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_'
		order by 1`)
	if err != nil {
		return nil, fmt.Errorf("read the tenant tables: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[Table])
}

// CopyTenant gives tenant to a copy of each of from's rows, keys included, so that nothing but the tenant differs. It
// returns the tables in which from has no row. Tables whose only key is not the tenant's (sessions) are left out.
func CopyTenant(ctx context.Context, conn *pgx.Conn, list []Table, from, to tenant.ID) (empty []string, err error) {
	if _, err := conn.Exec(ctx, "set session_replication_role = replica"); err != nil {
		return nil, fmt.Errorf("switch foreign keys off for the copy: %w", err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), "reset session_replication_role")
	for _, t := range list {
		if !t.keyedByTenant() {
			continue
		}
		columns := strings.Join(t.Columns, ", ")
		tag, err := conn.Exec(ctx, fmt.Sprintf("insert into %[1]s (tenant_id, %[2]s) overriding system value select %[3]d, %[2]s from %[1]s where tenant_id = %[4]d", t.Name, columns, to, from))
		if err != nil {
			return nil, fmt.Errorf("copy %s: %w", t.Name, err)
		}
		if tag.RowsAffected() == 0 {
			empty = append(empty, t.Name)
		}
	}
	return empty, nil
}

// ClearTenant removes every row of a tenant.
func ClearTenant(ctx context.Context, conn *pgx.Conn, list []Table, of tenant.ID) error {
	if _, err := conn.Exec(ctx, "set session_replication_role = replica"); err != nil {
		return fmt.Errorf("switch foreign keys off: %w", err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), "reset session_replication_role")
	for _, t := range list {
		if _, err := conn.Exec(ctx, fmt.Sprintf("delete from %s where tenant_id = %d", t.Name, of)); err != nil {
			return fmt.Errorf("clear %s: %w", t.Name, err)
		}
	}
	return nil
}

func (t Table) keyedByTenant() bool { return len(t.Key) > 0 && t.Key[0] == "tenant_id" }

// digest sums up a tenant's rows in every table. Tables that are not keyed by the tenant change while people sign in.
func digest(ctx context.Context, conn *pgx.Conn, list []Table, of tenant.ID) (map[string]string, error) {
	sums := map[string]string{}
	for _, t := range list {
		if !t.keyedByTenant() {
			continue
		}
		var sum string
		if err := conn.QueryRow(ctx, fmt.Sprintf("select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) from %s t where tenant_id = %d", t.Name, of)).Scan(&sum); err != nil {
			return nil, fmt.Errorf("sum up %s: %w", t.Name, err)
		}
		sums[t.Name] = sum
	}
	return sums, nil
}
