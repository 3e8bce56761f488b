package proof

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
)

// heaviest is how many bytes of one table Inflate makes at most, so that photos do not fill the disk.
const heaviest = 64 << 20

// Inflate multiplies a tenant's rows in every tenant table until each has about rows of them: copies of its own rows
// with other keys, so that a number in one table still leads to the copy in another. It returns the tables that have
// fewer than half of that, with the reason, and refreshes the planner's statistics.
//
// Foreign keys are not checked, checks of a column are.
func Inflate(ctx context.Context, conn *pgx.Conn, list []Table, of tenant.ID, rows int, progress func(done, total int)) (short []string, err error) {
	if _, err := conn.Exec(ctx, "set session_replication_role = replica; set statement_timeout = 0; set synchronous_commit = off"); err != nil {
		return nil, fmt.Errorf("switch foreign keys off: %w", err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), "reset session_replication_role; reset statement_timeout; reset synchronous_commit")
	for i, t := range list {
		if reason, err := inflate(ctx, conn, t, of, rows); err != nil {
			return nil, err
		} else if reason != "" {
			short = append(short, t.Name+": "+reason)
		}
		progress(i+1, len(list))
	}
	if _, err := conn.Exec(ctx, "vacuum analyze"); err != nil {
		return nil, fmt.Errorf("vacuum: %w", err)
	}
	return short, nil
}

// templates is the number of rows of a table that are copied; numbers of copies are that far apart, so that copies of
// rows that are numbered one by one do not meet.
const templates = 32

func inflate(ctx context.Context, conn *pgx.Conn, t Table, of tenant.ID, rows int) (reason string, err error) {
	// Columns of unique keys, other than the tenant, and whether their index has a number among them, which is enough.
	// A column whose values a check restrains stays as it is, where another of its key tells the copies apart.
	type column struct {
		Name, Type string
		Number     bool
	}
	found, err := conn.Query(ctx, `
		with column_of_key as (
			select i.indexrelid, i.indexprs is null as plain, a.attname, a.atttypid, a.attname = 'fields' or exists (
					select from pg_constraint k
					where k.conrelid = i.indrelid and k.contype = 'c' and a.attnum = any (k.conkey)
					and pg_get_constraintdef(k.oid) !~ '^CHECK \(\(\(?length\(|^CHECK \(\(\w+ > 0') as restrained
			from pg_index i
			join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
			where i.indrelid = $1::regclass and i.indisunique and a.attname <> 'tenant_id'), key as (
			select *, bool_and(restrained) over (partition by indexrelid) as stuck,
				bool_or(atttypid in ('int8'::regtype, 'int4'::regtype) and not restrained) over (partition by indexrelid) as number
			from column_of_key)
		select quote_ident(attname) as name, atttypid::regtype::text as type, bool_and(number) as number
		from key
		where not restrained or stuck and plain
		group by attname, atttypid`, t.Name)
	if err != nil {
		return "", fmt.Errorf("read the keys of %s: %w", t.Name, err)
	}
	keys, err := pgx.CollectRows(found, pgx.RowToStructByName[column])
	if err != nil {
		return "", fmt.Errorf("read the keys of %s: %w", t.Name, err)
	}
	var have, weight int
	if err := conn.QueryRow(ctx, fmt.Sprintf("select count(*), coalesce(avg(pg_column_size(t.*)), 0)::int from %s t where tenant_id = %d", t.Name, of)).Scan(&have, &weight); err != nil {
		return "", err
	}
	if have == 0 {
		return "no row to copy", nil
	}
	var later []string
	if err := conn.QueryRow(ctx, "select array(select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and atttypid = 'xid8'::regtype)", t.Name).Scan(&later); err != nil {
		return "", err
	}
	rows = min(rows, heaviest/max(weight, 1))
	var numbers []string
	if err := conn.QueryRow(ctx, "select array(select quote_ident(attname) from pg_attribute where attrelid = $1::regclass and atttypid in ('int8'::regtype, 'int4'::regtype))", t.Name).Scan(&numbers); err != nil {
		return "", err
	}
	values := make([]string, len(t.Columns))
	for i, name := range t.Columns {
		values[i] = "t." + name
		for _, k := range keys {
			if k.Name != name {
				continue
			}
			switch {
			case k.Type == "bigint" || k.Type == "integer":
				values[i] = fmt.Sprintf("t.%s + g * %d", name, templates)
			case k.Number: // the number beside it tells the copies apart
			case k.Type == "text":
				values[i] = fmt.Sprintf("overlay(t.%[1]s placing lpad((g * %[2]d + t.template)::text, 7, '0') from greatest(length(t.%[1]s) - 6, 1))", name, templates)
			case k.Type == "bytea":
				values[i] = fmt.Sprintf("sha256(t.%s || g::text::bytea)", name)
			case k.Type == "date":
				values[i] = fmt.Sprintf("t.%s - g", name)
			case strings.HasPrefix(k.Type, "timestamp"):
				values[i] = fmt.Sprintf("t.%s - g * interval '1 second'", name)
			}
		}
		if slices.Contains(later, name) { // copies are of later transactions, as rows that arrive one after the other are
			values[i] = "(4000000000 + g)::text::xid8"
		}
		// Numbers of other records follow their records' copies.
		if values[i] == "t."+name && strings.HasSuffix(name, "_id") && slices.Contains(numbers, name) && name != "org_id" && name != "account_id" && name != "tenant_id" {
			values[i] = fmt.Sprintf("case t.%[1]s when 0 then 0 else t.%[1]s + g * %[2]d end", name, templates)
		}
	}
	sql := fmt.Sprintf(`
		insert into %[1]s (tenant_id, %[2]s) overriding system value
		select t.tenant_id, %[3]s
		from (select *, row_number() over (order by %[7]s) as template from %[1]s where tenant_id = %[4]d limit %[5]d) t, generate_series(1, %[6]d) g
		order by g, template
		on conflict do nothing`, t.Name, strings.Join(t.Columns, ", "), strings.Join(values, ", "), of, templates, rows/min(have, templates), strings.Join(append([]string{"tenant_id"}, t.Key...), ", "))
	tag, err := conn.Exec(ctx, sql)
	if err != nil {
		return err.Error(), nil
	}
	if n := int(tag.RowsAffected()); n < rows/2 {
		return fmt.Sprintf("%d rows", n), nil
	}
	return "", nil
}

// Skew makes two tenants of very different sizes: small gets a copy of each of large's rows, which then become about
// rows in each table. See Inflate for the answer.
func Skew(ctx context.Context, c tenant.Config, small, large tenant.ID, rows int, progress func(done, total int)) (short []string, err error) {
	owner, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return nil, fmt.Errorf("connect as the owner: %w", err)
	}
	defer owner.Close(context.WithoutCancel(ctx))
	list, err := Tables(ctx, owner)
	if err != nil {
		return nil, err
	}
	if _, err := CopyTenant(ctx, owner, list, large, small); err != nil {
		return nil, err
	}
	return Inflate(ctx, owner, list, large, rows, progress)
}

// AsOwner runs a statement behind the doors.
func AsOwner(ctx context.Context, c tenant.Config, sql string, args ...any) error {
	owner, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return fmt.Errorf("connect as the owner: %w", err)
	}
	defer owner.Close(context.WithoutCancel(ctx))
	_, err = owner.Exec(ctx, sql, args...)
	return err
}
