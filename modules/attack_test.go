package modules_test

import (
	"context"
	"fmt"
	"slices"
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
	if a.Tables < 36 || a.Cases < 25_000 || len(a.Verbs) < 18 {
		t.Errorf("only %d tables, %d kinds of statements and %d cases", a.Tables, len(a.Verbs), a.Cases)
	}
	if len(a.Blind) > 4 {
		t.Errorf("%d cells would notice nothing", len(a.Blind))
	}
	for _, v := range a.Verbs {
		if v.Cells != a.Tables || v.Notices() < v.Cells-2 {
			t.Errorf("%s would notice on %d of %d tables", v.Name, v.Notices(), a.Tables)
		}
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
	for _, said := range n.Silent {
		t.Errorf("nothing planted: %s", said)
	}
	reads := []string{"select", "select everything", "copy to"}
	inserts := []string{"insert copy", "insert values", "insert taken", "insert returning"}
	want := map[string][]string{ // verbs that notice on all tables but those on which the role has no such right
		"insert check of one tenant's scope": inserts,
		"insert check of merged scopes":      inserts,
		"insert check of confined scopes":    inserts,
		"condition of one tenant's scope":    reads,
		"condition of merged scopes":         reads,
		"condition of confined scopes":       reads,
		"condition and check":                append(slices.Clone(reads), inserts...),
		"row security":                       append(slices.Clone(reads), inserts...),
		"row security and rights":            n.Verbs,
	}
	found := 0
	for _, p := range n.Plants {
		t.Logf("without %s: the rules find it on %d of %d tables, the attack by %v", p.Name, p.Inspected, p.Tables, p.Verbs)
		if p.Tables < 36 {
			t.Errorf("%s is taken from %d tables only", p.Name, p.Tables)
		}
		for _, verb := range want[p.Name] {
			found++
			if p.Verbs[verb] < p.Tables-3 {
				t.Errorf("without %s: %s notices on %d of %d tables", p.Name, verb, p.Verbs[verb], p.Tables)
			}
		}
		switch p.Name {
		case "nothing":
		case "origin's rows kept from its successor": // where rows may be deleted at all
			if p.Verbs["delete"] < 4 || p.Inspected < p.Verbs["delete"] {
				t.Errorf("without %s: deletes notice on %d tables, the rules on %d", p.Name, p.Verbs["delete"], p.Inspected)
			}
		case "force": // concerns the owner alone, as whom no door signs in: only the rules see it
			if len(p.Verbs) > 0 || p.Inspected != p.Tables {
				t.Errorf("without force: %v notice, the rules on %d tables", p.Verbs, p.Inspected)
			}
		default:
			if p.Inspected != p.Tables {
				t.Errorf("without %s: the rules find it on %d of %d tables", p.Name, p.Inspected, p.Tables)
			}
		}
	}
	if len(n.Verbs) < 18 || found < 52 {
		t.Errorf("only %d kinds of statements, %d of them with what they must notice", len(n.Verbs), found)
	}
	for _, v := range n.Verbs {
		t.Logf("%-18s notices on %d tables", v, n.Any[v])
		if n.Any[v] < n.Plants[0].Tables-2 {
			t.Errorf("%s notices on %d of %d tables", v, n.Any[v], n.Plants[0].Tables)
		}
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
