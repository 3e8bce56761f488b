package archive

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/tenant/tenanttest"
)

// connection is one of the schema's owner.
func connection(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), tenanttest.Database(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func TestEveryColumnThatSoundsLikeASecretIsKnown(t *testing.T) {
	t.Parallel()
	conn := connection(t)
	all, err := tablesOf(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	carried, err := parts(t.Context(), conn, true)
	if err != nil {
		t.Fatal(err)
	}
	exists := map[string]bool{}
	for _, table := range all {
		exists[table.Name] = true
		for _, c := range table.Columns {
			name := table.Name + "." + c
			exists[name] = true
			known := credentials[name] != nil || slices.Contains(harmless, name) || notCarried[name] != ""
			if slices.ContainsFunc(carried, func(p part) bool { return p.Name == table.Name }) && sounds.MatchString(c) && !known {
				t.Errorf("%s sounds like a credential: say in credentials, harmless or notCarried what it is", name)
			}
		}
	}
	for name := range credentials {
		if !exists[name] {
			t.Errorf("credentials has %s, which is no column", name)
		}
	}
	for _, name := range harmless {
		if !exists[name] {
			t.Errorf("harmless has %s, which is no column", name)
		}
	}
	for _, list := range []map[string]string{leftOut, notCarried, remembers} {
		for name, reason := range list {
			if !exists[name] || reason == "" {
				t.Errorf("%s is on a list and does not exist, or has no reason", name)
			}
		}
	}
}

func TestEveryTableOfATenantIsInTheArchiveOrOnTheList(t *testing.T) {
	t.Parallel()
	conn := connection(t)
	list, err := parts(t.Context(), conn, false)
	if err != nil {
		t.Fatal(err)
	}
	place := map[string]int{}
	for i, p := range list {
		place[p.Name] = i + 1
		if len(p.Key) == 0 {
			t.Errorf("%s has no primary key: its rows have no order", p.Name)
		}
		for i, typ := range p.Types {
			if strings.HasSuffix(typ, "[]") && typ != "text[]" && typ != "integer[]" && typ != "bigint[]" {
				t.Errorf("%s.%s: nobody has tried whether %s comes back exactly", p.Name, p.Columns[i], typ)
			}
		}
	}
	rows, err := conn.Query(t.Context(), `
		select n.nspname || '.' || c.relname
		from pg_attribute a
		join pg_class c on c.oid = a.attrelid
		join pg_namespace n on n.oid = c.relnamespace
		where a.attname = 'tenant_id' and not a.attisdropped and c.relkind in ('r', 'p') and not c.relispartition`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := 0
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		found++
		if place[name] == 0 && leftOut[name] == "" {
			t.Errorf("%s is neither in the archive nor on the list", name)
		}
	}
	if found < 25 {
		t.Errorf("only %d tables found", found)
	}
	for _, p := range list {
		for _, parent := range p.Parents {
			if place[parent] > place[p.Name] {
				t.Errorf("%s comes before its parent %s", p.Name, parent)
			}
		}
	}
}

func TestValuesComeBackExactly(t *testing.T) {
	t.Parallel()
	conn := connection(t)
	for _, c := range []struct{ typ, literal string }{
		{"bigint", "9223372036854775807"}, {"bigint", "-9223372036854775808"}, {"integer", "-2147483648"}, {"smallint", "7"},
		{"numeric", "123456789012345678901234567890.000100"}, {"numeric", "'NaN'"}, {"double precision", "0.1::float8 + 0.2::float8"}, {"double precision", "'-Infinity'"}, {"real", "1.1"},
		{"boolean", "true"}, {"boolean", "false"}, {"boolean", "null"},
		{"text", "''"}, {"text", "'null'"}, {"text", `E'\\N'`}, {"text", `E'a\\tb\tc\nd\re\\\\.\n\\.'`}, {"text", `'Đặc sản “Nghệ An” <&> ` + "\u2028" + ` 😀'`}, {"text", `E'\x01\x7f'`},
		{"date", "'0044-03-15 BC'"}, {"date", "'infinity'"}, {"date", "'2026-02-28'"},
		{"timestamp with time zone", "'2026-11-22 16:59:50.123456+07'"}, {"timestamp with time zone", "'2026-11-22 00:00:00+00'"}, {"timestamp with time zone", "'-infinity'"}, {"timestamp with time zone", "'0001-01-01 00:00:00+00 BC'"}, {"timestamp with time zone", "'294276-12-31 23:59:59.999999+00'"},
		{"timestamp without time zone", "'2026-11-22 16:59:50.1'"}, {"interval", "'1 year 2 mons -3 days 04:05:06.7'"},
		{"bytea", "''"}, {"bytea", `'\x00ff5c0a'`},
		{"text[]", "'{}'"}, {"text[]", `array['a', null, '', 'NULL', '{"x"}', E'\\ "\n', ',']`}, {"bigint[]", "array[9223372036854775807, null]"}, {"integer[]", "array[1, -2]"},
		{"jsonb", `'{"b": 1.0e2, "a": [null, "x\\u0001", 12345678901234567890.1234567890]}'`}, {"jsonb", "'null'"}, {"jsonb", `'"null"'`}, {"jsonb", "null"}, {"json", `E'{ "a":1,\n "a": 2 }'`},
		{"uuid", "'0190a5f0-0000-7000-8000-000000000000'"}, {"xid8", "'18446744073709551615'"}, {"inet", "'2001:db8::/32'"},
	} {
		if _, err := conn.Exec(t.Context(), "set timezone = 'UTC'; create temp table v (before "+c.typ+", after "+c.typ+"); insert into v (before) values ("+c.literal+")"); err != nil {
			t.Fatalf("%s %s: %v", c.typ, c.literal, err)
		}
		k := kindOf(c.typ)
		var raw []byte
		rows, err := conn.Query(t.Context(), "select "+expression("before", c.typ)+" from v where $1", true)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			raw = slices.Clone(rows.RawValues()[0])
		}
		rows.Close()
		var line []byte
		line = (&export{}).value(line, k, raw)
		value, err := parseValue(k, line)
		if err != nil {
			t.Errorf("%s %s: %s: %v", c.typ, c.literal, line, err)
			continue
		}
		text := string(append(appendCopy(nil, value), '\n'))
		if _, err := conn.PgConn().CopyFrom(t.Context(), strings.NewReader(text), "copy v (after) from stdin"); err != nil {
			t.Errorf("%s %s: %s: %v", c.typ, c.literal, line, err)
		}
		var same bool
		if err := conn.QueryRow(t.Context(), "select (select before::text from v where before is not null) is not distinct from (select after::text from v where after is not null) and (select count(*) = 2 from v)").Scan(&same); err != nil || !same {
			t.Errorf("%s %s: %s does not come back as it was (%v)", c.typ, c.literal, line, err)
		}
		if _, err := conn.Exec(t.Context(), "drop table v"); err != nil {
			t.Fatal(err)
		}
	}
}
