package proof

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
)

// matrix is what an attack tries: tables by verbs, each with a statement that nothing but the tenant stands against.
type matrix struct {
	tables    []Table
	places    Places
	specimens map[string]specimen // by table
	updates   map[[2]string]string
}

// newMatrix reads what the statements are made of from the catalog and the victim's rows.
func newMatrix(ctx context.Context, owner *pgx.Conn, list []Table, p Places) (*matrix, error) {
	m := &matrix{tables: list, places: p, specimens: map[string]specimen{}, updates: map[[2]string]string{}}
	for _, t := range list {
		s, err := specimenOf(ctx, owner, t, p)
		if err != nil {
			return nil, err
		}
		m.specimens[t.Name] = s
	}
	rows, err := owner.Query(ctx, `
		select distinct on (1, 2) n.nspname || '.' || c.relname, r.role, quote_ident(a.attname)
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname <> 'tenant_id' and a.attgenerated = ''
		cross join unnest($1::text[]) r (role)
		where c.relkind in ('r', 'p') and has_column_privilege(r.role, c.oid, a.attnum, 'update')
		order by 1, 2, a.attnum desc`, tenant.Roles)
	if err != nil {
		return nil, fmt.Errorf("read the rights to update: %w", err)
	}
	var table, role, column string
	_, err = pgx.ForEachRow(rows, []any{&table, &role, &column}, func() error {
		m.updates[[2]string{table, role}] = column
		return nil
	})
	return m, err
}

// assault is one statement that would read or change the victim's rows.
type assault struct {
	verb, sql string
	copyOut   bool
	reads     bool // it only reads (or locks)
}

// assaults are the cells of a table for a role: updates are of a column that it may update, if there is one.
func (m *matrix) assaults(t Table, role string) []assault {
	p, s := m.places, m.specimens[t.Name]
	some, ok := m.updates[[2]string{t.Name, role}]
	if !ok {
		some = t.Columns[len(t.Columns)-1]
	}
	fresh := insertValues(t, s.into, s.fresh)
	list := []assault{
		{verb: "select", sql: fmt.Sprintf("select 1 from %s where tenant_id = %d", t.Name, p.Victim), reads: true},
		{verb: "select everything", sql: fmt.Sprintf("select 1 from %s where tenant_id not in (%d, %d)", t.Name, p.Attacker, p.Origin), reads: true},
		{verb: "for update", sql: fmt.Sprintf("select 1 from %s where tenant_id = %d for update", t.Name, p.Victim), reads: true},
		{verb: "copy to", sql: fmt.Sprintf("copy (select 1 from %s where tenant_id = %d) to stdout", t.Name, p.Victim), copyOut: true, reads: true},
		{verb: "insert copy", sql: insertCopy(t, p, s)},
		{verb: "insert values", sql: fresh},
		{verb: "insert taken", sql: insertValues(t, p.Victim, s.own)},
		{verb: "insert returning", sql: fresh + " returning 1"},
		{verb: "update", sql: fmt.Sprintf("update %s set %s = %s where tenant_id = %d", t.Name, some, some, p.Victim)},
		{verb: "update everything", sql: fmt.Sprintf("update %s set %s = %s where tenant_id <> %d", t.Name, some, some, p.Attacker)},
		{verb: "update returning", sql: fmt.Sprintf("update %s set %s = %s where tenant_id = %d returning 1", t.Name, some, some, p.Victim)},
		{verb: "give", sql: fmt.Sprintf("update %s set tenant_id = %d where tenant_id = %d", t.Name, p.Victim, p.Attacker)},
		{verb: "take", sql: fmt.Sprintf("update %s set tenant_id = %d where tenant_id = %d", t.Name, p.Attacker, p.Victim)},
		{verb: "delete", sql: fmt.Sprintf("delete from %s where tenant_id = %d", t.Name, p.Victim)},
		{verb: "delete everything", sql: fmt.Sprintf("delete from %s where tenant_id <> %d returning 1", t.Name, p.Attacker)},
	}
	if len(t.Key) > 0 {
		key := strings.Join(t.Key, ", ")
		set := fmt.Sprintf(" on conflict (%s) do update set %s = excluded.%s", key, some, some)
		list = append(list,
			assault{verb: "upsert", sql: fresh + set},
			assault{verb: "upsert taken", sql: insertValues(t, p.Victim, s.own) + set},
			assault{verb: "upsert nothing", sql: fresh + fmt.Sprintf(" on conflict (%s) do nothing returning 1", key)})
	}
	return list
}
