package modules_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/proof"
)

// TestAttackOnEveryTable tries, on every tenant table, every kind of statement under every wrong scope, against a tenant
// whose rows are copies of the attacker's own, so that nothing but the tenant differs.
func TestAttackOnEveryTable(t *testing.T) {
	w := site(t)
	w.signIn(t, authz.DOSTAdmin, "nghe-an") // so that there is a session to be found
	a, err := proof.Attack(t.Context(), w.config, placesOf(t, w), func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range a.Leaks {
		t.Error(leak)
	}
	for _, name := range a.Empty {
		t.Errorf("%s has no rows in the demonstration: the attack on it would prove nothing", name)
	}
	if a.Tables < 20 || a.Cases < 10_000 {
		t.Errorf("only %d tables and %d cases", a.Tables, a.Cases)
	}
	for _, v := range a.Verbs {
		t.Logf("%-18s would succeed on %2d of %d tables, be stopped by a constraint on %2d", v.Name, v.Whole, v.Cells, v.Halted)
	}
	for _, cell := range a.Blind {
		t.Log("blind: ", cell)
	}
	t.Logf("%d tables, %d cases, %d leaks, %d blind cells", a.Tables, a.Cases, len(a.Leaks), len(a.Blind))
}

func placesOf(t *testing.T, w *world) proof.Places {
	t.Helper()
	id := func(slug string) tenant.ID {
		found, err := w.db.TenantBySlug(t.Context(), slug)
		if err != nil {
			t.Fatal(err)
		}
		return found.ID
	}
	return proof.Places{Victim: id("nghe-an"), Attacker: id("ha-noi"), Origin: id("ho-chi-minh")}
}

// TestEveryVerbOfTheAttackNoticesAMissingProtection takes checks, conditions, force, row security and rights from every
// tenant table in turn: each kind of statement of the attack notices on as many tables as it can.
func TestEveryVerbOfTheAttackNoticesAMissingProtection(t *testing.T) {
	w := site(t)
	n, err := proof.Notice(t.Context(), w.config, placesOf(t, w), func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range n.Plants {
		t.Logf("without %s: %d tables, found by the catalog's rules on %d, by the attack: %v", p.Name, p.Tables, p.Inspected, p.Verbs)
	}
	for _, v := range n.Verbs {
		t.Logf("%-18s %d", v, n.Any[v])
	}
	for _, s := range n.Silent {
		t.Error("nothing planted: ", s)
	}
}

// try runs a statement in a scope, rolls it back, and returns the rows it touched.
func try(ctx context.Context, conn *pgx.Conn, scope, sql string) (int, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, scope); err != nil {
		return 0, err
	}
	tag, err := tx.Exec(ctx, sql)
	return int(tag.RowsAffected()), err
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
	u, err := tenant.RoleURL(w.config.URL, w.config.Secret, "txng_confined")
	if err != nil {
		t.Fatal(err)
	}
	attack, err := pgx.Connect(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	defer attack.Close(ctx)
	cases := 0
	list, err := proof.Tables(ctx, conn)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range list {
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
		scope := fmt.Sprintf("set local app.tenant = '%d'; set local app.tenants = '{%d}'; set local app.org = '%d'; set local app.units = ''; set local app.fields = '-1'; set local app.orgs = '-1'", id, id, *mine)
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
