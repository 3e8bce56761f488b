package modules_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
)

// table is a tenant table as the catalog has it.
type table struct {
	Name    string   // schema.table
	Columns []string // without tenant_id
	Key     []string // of the primary key
	Org     string   // the column that names the organization, or ""
}

// tables returns every table with a tenant_id: a new one joins the attack by itself.
func tables(t *testing.T, conn *pgx.Conn) []table {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		select n.nspname || '.' || c.relname as name,
			array(
				select quote_ident(attname)
				from pg_attribute
				where attrelid = c.oid and attnum > 0 and not attisdropped and attname <> 'tenant_id'
				order by attnum) as columns,
			coalesce((
				select array(select quote_ident(a.attname) from unnest(i.indkey::int2[]) k join pg_attribute a on a.attrelid = c.oid and a.attnum = k)
				from pg_index i
				where i.indrelid = c.oid and i.indisprimary), '{}') as key,
			coalesce((
				select (regexp_match(pg_get_expr(polqual, polrelid), '= (org_id|id)\)'))[1]
				from pg_policy
				where polrelid = c.oid and polname = 'organization'), '') as org
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
		where c.relkind in ('r', 'p') and n.nspname !~ '^pg_'
		order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[table])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestAttackOnEveryTable tries, on every tenant table, every kind of statement under every wrong scope, against a tenant
// whose rows are copies of the attacker's own, so that nothing but the tenant differs.
func TestAttackOnEveryTable(t *testing.T) {
	w := site(t)
	ctx := context.Background()
	conn := owner(t, w)
	var victim, attacker int
	if err := conn.QueryRow(ctx, "select id from tenant.tenant where slug = 'nghe-an'").Scan(&victim); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(ctx, "select id from tenant.tenant where slug = 'ha-noi'").Scan(&attacker); err != nil {
		t.Fatal(err)
	}
	list := tables(t, conn)
	if len(list) < 20 {
		t.Fatalf("only %d tenant tables found", len(list))
	}
	copyRows(t, conn, list, victim, attacker)
	t.Cleanup(func() { removeRows(t, w, list, attacker) })
	before := digest(t, conn, list, victim)

	cases, leaks := 0, 0
	for _, role := range []string{"txng_app", "txng_public", "txng_ministry", "txng_platform"} {
		u, err := tenant.RoleURL(w.config.URL, w.config.Secret, role)
		if err != nil {
			t.Fatal(err)
		}
		attack, err := pgx.Connect(ctx, u)
		if err != nil {
			t.Fatal(err)
		}
		defer attack.Close(ctx)
		for _, table := range list {
			for _, s := range scopes(attacker) {
				for _, a := range attacks(table, victim, attacker) {
					cases++
					touched, err := try(ctx, attack, s.sql, a.sql)
					if err != nil {
						continue // refused
					}
					if (a.verb == "select" || a.verb == "copy out") && published(table.Name, role) {
						continue // what the door is for; TestPublicDoorShowsOnlyWhatIsPublished looks at its rows
					}
					if role == "txng_platform" && slices.Contains(beforeScope, table.Name) {
						continue // the door that is asked before there is a scope
					}
					if touched > 0 {
						leaks++
						t.Errorf("%s, %s, %s on %s: %d rows", role, s.name, a.verb, table.Name, touched)
					}
					if role == "txng_app" && s.loud && a.verb == "select" {
						leaks++
						t.Errorf("%s, scope %s: select on %s was answered instead of refused", role, s.name, table.Name)
					}
				}
			}
		}
	}
	after := digest(t, conn, list, victim)
	for name, sum := range before {
		if after[name] != sum {
			t.Errorf("%s: the victim's rows changed", name)
		}
	}
	t.Logf("%d tables, %d cases, %d leaks", len(list), cases, leaks)
}

// wrongScope is a scope that does not hold the victim. A loud one must be an error, not an empty answer.
type wrongScope struct {
	name, sql string
	loud      bool
}

func scopes(attacker int) []wrongScope {
	set := func(tenant, tenants, org string) string {
		return fmt.Sprintf("set local app.tenant = '%s'; set local app.tenants = '%s'; set local app.org = '%s'; set local app.units = ''", tenant, tenants, org)
	}
	return []wrongScope{
		{"unset", "", true},
		{"empty", set("", "", ""), true},
		{"empty list", set("", "{}", "0"), false},
		{"garbage", set("x", "x", "x"), true},
		{"other tenant", set(fmt.Sprint(attacker), fmt.Sprintf("{%d}", attacker), "0"), false},
	}
}

type attack struct{ verb, sql string }

// attacks returns the statements that would read or change the victim's rows.
func attacks(t table, victim, attacker int) []attack {
	columns := strings.Join(t.Columns, ", ")
	first := t.Columns[len(t.Columns)-1]
	stolen := fmt.Sprintf("insert into %s (tenant_id, %s) select %d, %s from %s where tenant_id = %d limit 1", t.Name, columns, victim, columns, t.Name, attacker)
	list := []attack{
		{"select", fmt.Sprintf("select 1 from %s where tenant_id = %d", t.Name, victim)},
		{"select for update", fmt.Sprintf("select 1 from %s where tenant_id = %d for update", t.Name, victim)},
		{"insert", stolen},
		{"insert values", fmt.Sprintf("insert into %s (tenant_id) values (%d)", t.Name, victim)},
		{"update", fmt.Sprintf("update %s set %s = %s where tenant_id = %d", t.Name, first, first, victim)},
		{"update everything", fmt.Sprintf("update %s set %s = %s where tenant_id <> %d", t.Name, first, first, attacker)},
		{"move", fmt.Sprintf("update %s set tenant_id = %d where tenant_id = %d", t.Name, victim, attacker)},
		{"delete", fmt.Sprintf("delete from %s where tenant_id = %d", t.Name, victim)},
		{"copy out", fmt.Sprintf("select 1 from (table %s) x where x.tenant_id = %d", t.Name, victim)},
	}
	if len(t.Key) > 0 {
		key := strings.Join(t.Key, ", ")
		list = append(list,
			attack{"upsert", stolen + fmt.Sprintf(" on conflict (%s) do update set %s = excluded.%s", key, first, first)},
			attack{"upsert nothing, returning", stolen + fmt.Sprintf(" on conflict (%s) do nothing returning 1", key)})
	}
	return list
}

// try runs a statement in a scope, rolls it back, and returns the rows it touched.
func try(ctx context.Context, conn *pgx.Conn, scope, sql string) (int, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback(ctx)
	if scope != "" {
		if _, err := tx.Exec(ctx, scope); err != nil {
			return 0, err
		}
	}
	tag, err := tx.Exec(ctx, sql)
	return int(tag.RowsAffected()), err
}

// beforeScope are the tables that the platform's door works on: what people are is asked before there is a scope.
var beforeScope = []string{"authz.membership", "authz.session", "authz.invitation", "authz.api_client", "authz.api_key", "authz.refresh_token", "authz.oidc_provider", "audit.entry", "archive.export", "tenant.setting", "tenant.logo"}

// doors are the tables that a door may read some rows of.
var doors = map[string][]string{
	"txng_public":   {"organization.organization", "catalog.product", "catalog.photo", "trace.lot", "trace.event", "stamps.stamp_order", "stamps.stamp_range", "tenant.logo"},
	"txng_ministry": {"kpi.rollup"},
}

func published(name, role string) bool { return slices.Contains(doors[role], name) }

// TestPublicDoorShowsOnlyWhatIsPublished counts what the public door sees against what is published.
func TestPublicDoorShowsOnlyWhatIsPublished(t *testing.T) {
	t.Parallel()
	w := site(t)
	ctx := context.Background()
	conn := owner(t, w)
	u, err := tenant.RoleURL(w.config.URL, w.config.Secret, "txng_public")
	if err != nil {
		t.Fatal(err)
	}
	public, err := pgx.Connect(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	defer public.Close(ctx)
	for name, condition := range map[string]string{
		"organization.organization": "state = 'approved'",
		"catalog.product":           "state = 'published'",
		"catalog.photo":             "published",
		"trace.lot":                 "published",
		"trace.event":               "published",
	} {
		var seen, want, hidden int
		if err := public.QueryRow(ctx, "select count(tenant_id) from "+name).Scan(&seen); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRow(ctx, "select count(*) filter (where "+condition+"), count(*) filter (where not "+condition+") from "+name).Scan(&want, &hidden); err != nil {
			t.Fatal(err)
		}
		if seen != want {
			t.Errorf("%s: the public door sees %d rows, %d are published", name, seen, want)
		}
		if hidden == 0 && name != "trace.lot" && name != "trace.event" {
			t.Errorf("%s: nothing is unpublished, the test proves nothing", name)
		}
	}
	for _, column := range []string{"organization.organization mst", "organization.organization phone", "organization.organization email", "catalog.product source", "trace.event note", "stamps.stamp_order request"} {
		table, name, _ := strings.Cut(column, " ")
		if _, err := public.Exec(ctx, "select "+name+" from "+table); err == nil {
			t.Errorf("the public door reads %s", column)
		}
	}
}

// copyRows gives the attacker a copy of each of the victim's rows. Foreign keys and policies are off for the copying.
func copyRows(t *testing.T, conn *pgx.Conn, list []table, victim, attacker int) {
	t.Helper()
	ctx := context.Background()
	if _, err := conn.Exec(ctx, "set session_replication_role = replica"); err != nil {
		t.Fatal(err)
	}
	defer conn.Exec(ctx, "reset session_replication_role")
	for _, table := range list {
		if table.Name == "authz.session" {
			continue // keyed by the hash of a secret
		}
		columns := strings.Join(table.Columns, ", ")
		tag, err := conn.Exec(ctx, fmt.Sprintf("insert into %s (tenant_id, %s) select %d, %s from %s where tenant_id = %d", table.Name, columns, attacker, columns, table.Name, victim))
		if err != nil {
			t.Fatalf("copy %s: %v", table.Name, err)
		}
		if tag.RowsAffected() == 0 {
			t.Errorf("%s has no rows in the demonstration: the attack on it would prove nothing", table.Name)
		}
	}
}

func removeRows(t *testing.T, w *world, list []table, attacker int) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, w.config.URL)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "set session_replication_role = replica"); err != nil {
		t.Error(err)
	}
	for _, table := range list {
		if _, err := conn.Exec(ctx, fmt.Sprintf("delete from %s where tenant_id = %d", table.Name, attacker)); err != nil {
			t.Error(err)
		}
	}
}

// digest sums up a tenant's rows in every table.
func digest(t *testing.T, conn *pgx.Conn, list []table, of int) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for _, table := range list {
		if table.Name == "authz.session" {
			continue // other tests sign in
		}
		var sum string
		if err := conn.QueryRow(context.Background(), fmt.Sprintf("select count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) from %s t where tenant_id = %d", table.Name, of)).Scan(&sum); err != nil {
			t.Fatal(err)
		}
		sums[table.Name] = sum
	}
	return sums
}

// TestOrganizationsAreShutOffFromEachOther tries, on every table that belongs to organizations, to reach another one's
// rows of the same tenant.
func TestOrganizationsAreShutOffFromEachOther(t *testing.T) {
	w := site(t)
	ctx := context.Background()
	conn := owner(t, w)
	var id int
	if err := conn.QueryRow(ctx, "select id from tenant.tenant where slug = 'nghe-an'").Scan(&id); err != nil {
		t.Fatal(err)
	}
	u, err := tenant.RoleURL(w.config.URL, w.config.Secret, "txng_app")
	if err != nil {
		t.Fatal(err)
	}
	attack, err := pgx.Connect(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	defer attack.Close(ctx)
	cases := 0
	for _, table := range tables(t, conn) {
		if table.Org == "" {
			continue
		}
		var mine, theirs *int64
		if err := conn.QueryRow(ctx, fmt.Sprintf("select min(%[1]s), max(%[1]s) from %[2]s where tenant_id = %[3]d and %[1]s > 0", table.Org, table.Name, id)).Scan(&mine, &theirs); err != nil {
			t.Fatal(err)
		}
		if mine == nil || *mine == *theirs {
			t.Errorf("%s: the demonstration has rows of fewer than two organizations", table.Name)
			continue
		}
		scope := fmt.Sprintf("set local app.tenant = '%d'; set local app.tenants = '{%d}'; set local app.org = '%d'; set local app.units = ''", id, id, *mine)
		last := table.Columns[len(table.Columns)-1]
		columns := strings.Join(table.Columns, ", ")
		values := strings.ReplaceAll(", "+columns+",", ", "+table.Org+",", fmt.Sprintf(", %d,", *theirs))
		for verb, sql := range map[string]string{
			"select":    fmt.Sprintf("select 1 from %s where tenant_id = %d and %s = %d", table.Name, id, table.Org, *theirs),
			"update":    fmt.Sprintf("update %s set %s = %s where tenant_id = %d and %s = %d", table.Name, last, last, id, table.Org, *theirs),
			"delete":    fmt.Sprintf("delete from %s where tenant_id = %d and %s = %d", table.Name, id, table.Org, *theirs),
			"insert":    fmt.Sprintf("insert into %s (tenant_id, %s) select %d%s from %s where tenant_id = %d limit 1", table.Name, columns, id, strings.TrimSuffix(values, ","), table.Name, id),
			"give away": fmt.Sprintf("update %s set %s = %d where tenant_id = %d and %s = %d", table.Name, table.Org, *theirs, id, table.Org, *mine),
		} {
			cases++
			if n, err := try(ctx, attack, scope, sql); err == nil && n > 0 {
				t.Errorf("%s on %s reached %d rows of another organization", verb, table.Name, n)
			}
		}
		if n, err := try(ctx, attack, scope, fmt.Sprintf("select 1 from %s where tenant_id = %d and %s = %d", table.Name, id, table.Org, *mine)); err != nil || n == 0 {
			t.Errorf("%s: one's own rows: %d, %v", table.Name, n, err)
		}
	}
	if cases < 60 {
		t.Errorf("only %d cases", cases)
	}
	t.Logf("%d cases", cases)
}
