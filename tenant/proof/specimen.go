package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"txng/tenant"
)

// specimen is a row with which a table is attacked, as literals in the order of the table's columns.
type specimen struct {
	own   []string  // a row that the victim has, keys included: an insert of it meets its unique keys
	fresh []string  // the same row with keys that nobody has: nothing but the tenant stands against an insert of it
	into  tenant.ID // whose fresh becomes: the victim, or another tenant where the victim can have no other row
}

// unique is a unique key of a table: its columns without the tenant.
type unique struct{ Columns []string }

// reference is a foreign key: columns without the tenant, and those of the parent in their order.
type reference struct {
	Columns, Parents []string
	Parent           string
	Within           bool // the tenant is a part of it
}

// keysOf reads a table's unique keys and references from the catalog.
func keysOf(ctx context.Context, conn *pgx.Conn, t Table) (keys []unique, references []reference, err error) {
	rows, err := conn.Query(ctx, `
		select array(
			select quote_ident(a.attname)
			from unnest(i.indkey::int2[]) with ordinality k (attnum, place)
			join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
			where k.place <= i.indnkeyatts and a.attname <> 'tenant_id' and a.attgenerated = ''
			order by k.place) as columns
		from pg_index i
		where i.indrelid = $1::regclass and i.indisunique
		order by i.indisprimary desc, i.indexrelid`, t.Name)
	if err != nil {
		return nil, nil, fmt.Errorf("read the keys of %s: %w", t.Name, err)
	}
	if keys, err = pgx.CollectRows(rows, pgx.RowToStructByName[unique]); err != nil {
		return nil, nil, fmt.Errorf("read the keys of %s: %w", t.Name, err)
	}
	rows, err = conn.Query(ctx, `
		select n.nspname || '.' || p.relname as parent,
			exists (
				select
				from pg_attribute a
				where a.attrelid = c.conrelid and a.attnum = any (c.conkey) and a.attname = 'tenant_id') as within,
			array(
				select quote_ident(a.attname)
				from unnest(c.conkey) with ordinality k (attnum, place)
				join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
				where a.attname <> 'tenant_id'
				order by k.place) as columns,
			array(
				select quote_ident(a.attname)
				from unnest(c.confkey) with ordinality k (attnum, place)
				join pg_attribute a on a.attrelid = c.confrelid and a.attnum = k.attnum
				where a.attname <> 'tenant_id'
				order by k.place) as parents
		from pg_constraint c
		join pg_class p on p.oid = c.confrelid
		join pg_namespace n on n.oid = p.relnamespace
		where c.conrelid = $1::regclass and c.contype = 'f' and c.conparentid = 0 and c.conkey <> array[(
			select a.attnum
			from pg_attribute a
			where a.attrelid = c.conrelid and a.attname = 'tenant_id')]
		order by c.oid`, t.Name)
	if err != nil {
		return nil, nil, fmt.Errorf("read the references of %s: %w", t.Name, err)
	}
	if references, err = pgx.CollectRows(rows, pgx.RowToStructByName[reference]); err != nil {
		return nil, nil, fmt.Errorf("read the references of %s: %w", t.Name, err)
	}
	return keys, references, nil
}

// specimenOf finds a row of the victim and fresh keys for it, by trying them as the owner, past row security and rights,
// and taking each back. A table without a row has none; where no fresh keys are found, they are the row's own.
func specimenOf(ctx context.Context, conn *pgx.Conn, t Table, p Places) (specimen, error) {
	s := specimen{into: p.Victim}
	rows, err := conn.Query(ctx, fmt.Sprintf("select %s from %s where tenant_id = %d order by %s limit 6", literals("", t.Columns), t.Name, p.Victim, orderOf(t)))
	if err != nil {
		return s, fmt.Errorf("read a row of %s: %w", t.Name, err)
	}
	candidates, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
	if err != nil {
		return s, fmt.Errorf("read a row of %s: %w", t.Name, err)
	}
	if len(candidates) == 0 {
		return s, nil
	}
	s.own, s.fresh = candidates[0], candidates[0]
	keys, references, err := keysOf(ctx, conn, t)
	if err != nil {
		return s, err
	}
	rows, err = conn.Query(ctx, "select id from tenant.tenant where id <> $1 order by id <> $2, id limit 10", p.Attacker, p.Victim)
	if err != nil {
		return s, fmt.Errorf("read the other tenants: %w", err)
	}
	others, err := pgx.CollectRows(rows, pgx.RowTo[tenant.ID])
	if err != nil {
		return s, fmt.Errorf("read the other tenants: %w", err)
	}
	for _, into := range others {
		for way := range ways {
			for _, row := range candidates {
				fresh, err := freshen(ctx, conn, t, into, row, keys, references, way)
				if err != nil {
					return s, err
				}
				fits, err := insertable(ctx, conn, t, into, fresh)
				if err != nil {
					return s, err
				}
				if fits {
					return specimen{own: row, fresh: fresh, into: into}, nil
				}
			}
		}
	}
	return s, nil
}

// insertable reports whether a row meets all constraints of the table. It is taken back.
func insertable(ctx context.Context, conn *pgx.Conn, t Table, into tenant.ID, row []string) (bool, error) {
	_, err := try(ctx, conn.PgConn(), "begin", assault{sql: insertValues(t, into, row)})
	if _, back := conn.Exec(ctx, "rollback"); back != nil {
		return false, fmt.Errorf("take a row of %s back: %w", t.Name, back)
	}
	var pg *pgconn.PgError
	if err != nil && !errors.As(err, &pg) {
		return false, fmt.Errorf("try a row of %s: %w", t.Name, err)
	}
	return err == nil, nil
}

// literals is an expression for columns of a row as an array of literals.
func literals(of string, columns []string) string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = "quote_nullable(" + of + c + "::text)"
	}
	return "array[" + strings.Join(list, ", ") + "]"
}

// ways is how many ways there are to make keys fresh: checks of a table refuse some.
const ways = 12

// freshen changes a row in each unique key: a column that refers to nothing gets a value that nobody has; where there is
// none, a reference is turned to a parent that the key does not name yet.
func freshen(ctx context.Context, conn *pgx.Conn, t Table, into tenant.ID, row []string, keys []unique, references []reference, way int) ([]string, error) {
	fresh := slices.Clone(row)
	changed := map[string]bool{}
	refers := func(column string) bool {
		return slices.ContainsFunc(references, func(r reference) bool { return slices.Contains(r.Columns, column) })
	}
	for _, key := range keys {
		if len(key.Columns) == 0 || slices.ContainsFunc(key.Columns, func(c string) bool { return changed[c] }) {
			continue // one row a tenant, or fresh already
		}
		var free []string
		for _, c := range key.Columns {
			if !refers(c) {
				free = append(free, c)
			}
		}
		if len(free) > 0 {
			// From the last column on: keys begin with what a row belongs to.
			c := free[len(free)-1-way%len(free)]
			value, err := freshValue(ctx, conn, t, c, row[slices.Index(t.Columns, c)], way/len(free))
			if err != nil {
				return nil, err
			}
			fresh[slices.Index(t.Columns, c)], changed[c] = value, true
			continue
		}
		r := references[slices.IndexFunc(references, func(r reference) bool {
			return slices.ContainsFunc(r.Columns, func(c string) bool { return slices.Contains(key.Columns, c) })
		})]
		parent, err := otherParent(ctx, conn, t, into, fresh, key, r)
		if err != nil {
			return nil, err
		}
		for i, value := range parent {
			fresh[slices.Index(t.Columns, r.Columns[i])], changed[r.Columns[i]] = value, true
		}
	}
	return fresh, nil
}

// otherParent returns the key, as literals, of a parent with which no row has this unique key; nothing if there is none.
func otherParent(ctx context.Context, conn *pgx.Conn, t Table, into tenant.ID, row []string, key unique, r reference) ([]string, error) {
	same, of := []string{"t.tenant_id = " + strconv.Itoa(int(into))}, "true"
	if r.Within {
		of = "p.tenant_id = " + strconv.Itoa(int(into))
	}
	for _, c := range key.Columns {
		if i := slices.Index(r.Columns, c); i >= 0 {
			same = append(same, "t."+c+" = p."+r.Parents[i])
		} else {
			same = append(same, "t."+c+" = "+row[slices.Index(t.Columns, c)])
		}
	}
	var found []string
	err := conn.QueryRow(ctx, fmt.Sprintf("select %s from %s p where %s and not exists (select from %s t where %s) limit 1",
		literals("p.", r.Parents), r.Parent, of, t.Name, strings.Join(same, " and "))).Scan(&found)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find another parent of %s in %s: %w", t.Name, r.Parent, err)
	}
	return found, nil
}

// freshValue returns a literal for a column that no row of the table has, in one of several ways for texts.
func freshValue(ctx context.Context, conn *pgx.Conn, t Table, column, was string, way int) (string, error) {
	var kind string
	if err := conn.QueryRow(ctx, "select format_type(atttypid, null) from pg_attribute where attrelid = $1::regclass and quote_ident(attname) = $2", t.Name, column).Scan(&kind); err != nil {
		return "", fmt.Errorf("read the type of %s of %s: %w", column, t.Name, err)
	}
	expression := ""
	switch kind {
	case "smallint", "integer", "bigint":
		expression = fmt.Sprintf("max(%s) + 1", column)
	case "date":
		expression = fmt.Sprintf("max(%s) + 1", column)
	case "timestamp with time zone":
		expression = fmt.Sprintf("max(%s) + interval '1 second'", column)
	case "uuid":
		expression = "gen_random_uuid()"
	case "bytea":
		expression = "sha256(uuid_send(gen_random_uuid()))"
	case "text":
		value := was
		if n := len(was); n > 2 && was[0] == '\'' {
			switch last := was[n-2]; way {
			case 0:
				value = was[:n-1] + "x'"
			case 1: // as long as it was
				other := byte('0')
				if last == '0' {
					other = '1'
				}
				value = was[:n-2] + string(other) + "'"
			case 2:
				value = "'x" + was[1:]
			case 3:
				value = "'" + strings.Repeat("ab", 32) + "'"
			default: // a word that the table knows
				return known(ctx, conn, t, column, was, way-4)
			}
		}
		return value, nil
	default:
		return was, nil
	}
	var value string
	if strings.Contains(expression, "max(") {
		expression = "(select " + expression + " from " + t.Name + ")"
	}
	err := conn.QueryRow(ctx, "select quote_nullable(("+expression+")::text)").Scan(&value)
	if err != nil {
		return "", fmt.Errorf("find a fresh %s of %s: %w", column, t.Name, err)
	}
	return value, nil
}

// known returns another value that some tenant has in the column: for columns that have a few words only.
func known(ctx context.Context, conn *pgx.Conn, t Table, column, was string, skip int) (string, error) {
	var value string
	err := conn.QueryRow(ctx, fmt.Sprintf("select quote_nullable(v::text) from (select distinct %[1]s as v from %[2]s where %[1]s <> %[3]s) x order by 1 offset %[4]d limit 1", column, t.Name, was, skip)).Scan(&value)
	if errors.Is(err, pgx.ErrNoRows) {
		return was, nil
	}
	return value, err
}

func orderOf(t Table) string {
	if len(t.Key) == 0 {
		return "1"
	}
	return strings.Join(t.Key, ", ")
}

// insertValues is an insert of a row of literals.
func insertValues(t Table, into tenant.ID, row []string) string {
	if row == nil {
		return fmt.Sprintf("insert into %s (tenant_id) values (%d)", t.Name, into)
	}
	return fmt.Sprintf("insert into %s (tenant_id, %s) overriding system value values (%d, %s)", t.Name, strings.Join(t.Columns, ", "), into, strings.Join(row, ", "))
}

// insertCopy is an insert of a copy of the attacker's own row, whose keys are those of the specimen's own, with what is fresh.
func insertCopy(t Table, p Places, s specimen) string {
	own, row := s.own, s.fresh
	if own == nil {
		return insertValues(t, s.into, nil)
	}
	list := slices.Clone(t.Columns)
	where := []string{"tenant_id = " + strconv.Itoa(int(p.Attacker))}
	for i, c := range t.Columns {
		if row[i] != own[i] {
			list[i] = row[i]
		}
		if slices.Contains(t.Key, c) {
			where = append(where, c+" = "+own[i])
		}
	}
	return fmt.Sprintf("insert into %s (tenant_id, %s) overriding system value select %d, %s from %s where %s", t.Name, strings.Join(t.Columns, ", "), s.into, strings.Join(list, ", "), t.Name, strings.Join(where, " and "))
}
