package modules_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"txng/authz"
	"txng/modules/catalog"
	"txng/tenant"
	"txng/tenant/proof"
)

// confinement is a scope of an officer who sees a part of the province, and the rows of a table that it must not reach.
type confinement struct {
	name, scope string
	foreign     string // condition on the rows that belong to others
	own         string // condition on rows that must be seen, "" for none
	column      string // of whose row it is
	theirs      int64  // a value of it that is somebody else's
}

// confinements returns the scopes to try on a table of organizations in a tenant: by fields and by assignment, with
// something in them and empty.
func confinements(t *testing.T, conn *pgx.Conn, table proof.Table, of int) []confinement {
	t.Helper()
	ctx := context.Background()
	const (
		everything = "set local app.orgs = '-1'"
		none       = "set local app.orgs = '0'; set local app.orgs0 = ','"
	)
	scope := func(fields int64, orgs string) string {
		return fmt.Sprintf("set local role txng_confined; set local app.tenant = '%d'; set local app.tenants = '{%d}'; set local app.org = '0'; set local app.units = ''; set local app.fields = '%d'; %s", of, of, fields, orgs)
	}
	two := func(expression string) (mine, theirs int64) {
		if err := conn.QueryRow(ctx, fmt.Sprintf("select min(%[1]s), max(%[1]s) from %[2]s where tenant_id = %[3]d and %[4]s > 0", expression, table.Name, of, table.Org)).Scan(&mine, &theirs); err != nil {
			t.Fatalf("%s: %v", table.Name, err)
		}
		if mine == theirs {
			t.Errorf("%s: the demonstration has one %s only", table.Name, expression)
		}
		return mine, theirs
	}
	mine, theirs := two(table.Org)
	of1 := fmt.Sprintf("%s > 0 and %s <> %d", table.Org, table.Org, mine)
	all := table.Org + " > 0"
	list := []confinement{
		{"one assigned", scope(-1, fmt.Sprintf("set local app.orgs = '0'; set local app.orgs0 = ',%d,'", mine)), of1, fmt.Sprintf("%s = %d", table.Org, mine), table.Org, theirs},
		{"none assigned", scope(-1, none), all, "", table.Org, theirs},
		{"one assigned whose number begins and ends like others", scope(-1, fmt.Sprintf("set local app.orgs = '0'; set local app.orgs0 = ',1%d1,'", mine)), all, "", table.Org, theirs},
		{"no field", scope(0, everything), all, "", table.Org, theirs},
	}
	if !slices.Contains(table.Columns, "fields") {
		return append(list, confinement{"a field, on a table without groups", scope(2, everything), all, "", table.Org, theirs})
	}
	// Two organizations' rows may hold several groups; those with none in common are looked for.
	mine, theirs = two("(fields & -fields)")
	return append(list, confinement{"one field", scope(mine, everything), fmt.Sprintf("fields & %d = 0", mine), fmt.Sprintf("fields & %d <> 0", mine), "fields", theirs})
}

// reached returns what the confined scope reaches of others' rows with each kind of statement, after a fault is planted
// ("" for none). Everything is rolled back.
func reached(t *testing.T, conn *pgx.Conn, table proof.Table, of int, c confinement, fault string) (leaks []string) {
	t.Helper()
	ctx := context.Background()
	last := table.Columns[len(table.Columns)-1]
	columns := strings.Join(table.Columns, ", ")
	values := strings.Trim(strings.ReplaceAll(", "+columns+",", ", "+c.column+",", fmt.Sprintf(", %d,", c.theirs)), ", ")
	for verb, sql := range map[string]string{
		"select":     fmt.Sprintf("select 1 from %s where tenant_id = %d and %s", table.Name, of, c.foreign),
		"for update": fmt.Sprintf("select 1 from %s where tenant_id = %d and %s for update", table.Name, of, c.foreign),
		"update":     fmt.Sprintf("update %s set %s = %s where tenant_id = %d and %s", table.Name, last, last, of, c.foreign),
		"delete":     fmt.Sprintf("delete from %s where tenant_id = %d and %s", table.Name, of, c.foreign),
		"insert":     fmt.Sprintf("insert into %s (tenant_id, %s) select %d, %s from %s where tenant_id = %d and %s limit 1", table.Name, columns, of, values, table.Name, of, orTrue(c.own)),
		"give away":  fmt.Sprintf("update %s set %s = %d where tenant_id = %d and %s", table.Name, c.column, c.theirs, of, orTrue(c.own)),
	} {
		tx, err := conn.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if fault != "" {
			if _, err := tx.Exec(ctx, fault); err != nil {
				t.Fatalf("plant %s: %v", fault, err)
			}
		}
		if _, err := tx.Exec(ctx, c.scope); err != nil {
			t.Fatal(err)
		}
		tag, err := tx.Exec(ctx, sql)
		var refused *pgconn.PgError
		switch {
		case err == nil && tag.RowsAffected() > 0:
			leaks = append(leaks, fmt.Sprintf("%s reached %d rows", verb, tag.RowsAffected()))
		case err != nil && (!errors.As(err, &refused) || refused.Code != "42501"):
			leaks = append(leaks, fmt.Sprintf("%s was not refused by a policy or for want of a right: %v", verb, err))
		}
		tx.Rollback(ctx)
	}
	return leaks
}

func orTrue(condition string) string {
	if condition == "" {
		return "true"
	}
	return condition
}

// TestConfinedOfficersAreShutOff tries, on every table that belongs to organizations, to reach rows of others as an
// officer of a department and as an inspector. A new table joins by itself.
func TestConfinedOfficersAreShutOff(t *testing.T) {
	w := site(t)
	conn := owner(t, w)
	of, cases := tenantID(t, conn, "nghe-an"), 0
	for _, table := range allTables(t, conn) {
		if table.Org == "" {
			continue
		}
		for _, c := range confinements(t, conn, table, of) {
			for _, leak := range reached(t, conn, table, of, c, "") {
				t.Errorf("%s, %s: %s", table.Name, c.name, leak)
			}
			cases += 6
			if c.own == "" {
				continue
			}
			if n, err := try(context.Background(), conn, c.scope, fmt.Sprintf("select 1 from %s where tenant_id = %d and %s", table.Name, of, c.own)); err != nil || n == 0 {
				t.Errorf("%s, %s: one's own rows: %d, %v", table.Name, c.name, n, err)
			}
		}
	}
	if cases < 400 {
		t.Errorf("only %d cases", cases)
	}
	t.Logf("%d cases", cases)
}

// TestFaultsOfConfinementAreSeen plants faults into the policies and has the attack find each.
func TestFaultsOfConfinementAreSeen(t *testing.T) {
	w := site(t)
	conn := owner(t, w)
	of := tenantID(t, conn, "nghe-an")
	all := allTables(t, conn)
	for _, f := range []struct{ table, scope, sql string }{
		{"trace.lot", "one assigned", "drop policy assigned on trace.lot"},
		{"scan.scan", "one assigned", "drop policy assigned on scan.scan"},
		{"trace.event", "one field", "drop policy field on trace.event"},
		{"organization.organization", "one field", "drop policy field on organization.organization"},
		{"catalog.product", "none assigned", "alter policy assigned on catalog.product using (current_setting('app.orgs0', true) = ',' or org_id = 0)"},
		{"stamps.stamp_order", "no field", "alter policy field on stamps.stamp_order using (current_setting('app.fields') = '0' or (fields & current_setting('app.fields')::bigint) <> 0)"},
		{"catalog.product", "one assigned whose number begins and ends like others", "alter policy assigned on catalog.product using (strpos(current_setting('app.orgs0'), org_id::text) > 0)"},
		{"billing.account", "a field, on a table without groups", "drop policy field on billing.account"},
		{"stamps.stamp_range", "one field", "alter policy field on stamps.stamp_range with check (true)"},
	} {
		found := 0
		for _, table := range all {
			if table.Name != f.table {
				continue
			}
			for _, c := range confinements(t, conn, table, of) {
				if c.name == f.scope {
					found += len(reached(t, conn, table, of, c, f.sql))
				}
			}
		}
		if found == 0 {
			t.Errorf("%s: not seen by %q", f.sql, f.scope)
		}
	}
}

func tenantID(t *testing.T, conn *pgx.Conn, slug string) (id int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), "select id from tenant.tenant where slug = $1", slug).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// seen are the records of Nghệ An of a kind of page, with what decides who sees them.
var seen = []struct{ page, sql string }{
	{"/to-chuc/", "select id::text as id, id as org, fields from organization.organization where tenant_id = $1"},
	{"/san-pham/", "select id::text as id, org_id as org, fields from catalog.product where tenant_id = $1"},
	{"/lo-hang/", "select l.id::text as id, l.org_id as org, p.fields from trace.lot l join catalog.product p on p.tenant_id = l.tenant_id and p.id = l.product_id where l.tenant_id = $1"},
	{"/tem/", "select o.number::text as id, o.org_id as org, p.fields from stamps.stamp_order o join catalog.product p on p.tenant_id = o.tenant_id and p.id = o.product_id where o.tenant_id = $1"},
}

// TestOfficersSeeWhatIsTheirs opens every record of the province as officers of two departments, an inspector, and an
// inspector without an assignment, and compares with whose it is.
func TestOfficersSeeWhatIsTheirs(t *testing.T) {
	w := site(t)
	conn := owner(t, w)
	of := tenantID(t, conn, "nghe-an")
	agriculture, industry := tenant.Fields(1<<1|1<<2|1<<3|1<<4|1<<5), tenant.Fields(1<<6|1<<7|1<<8)
	rows, err := conn.Query(t.Context(), "select a.org_id from authz.assignment a where a.tenant_id = $1 and a.ended_at is null", of)
	if err != nil {
		t.Fatal(err)
	}
	assigned, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		t.Fatal(err)
	}
	type record struct {
		ID     string
		Org    int64
		Fields tenant.Fields
	}
	nobody := newPersonIn(t, w, "nghe-an", "khong-phan-cong", authz.NewMembership{Role: authz.Inspector})
	unknown := newPersonIn(t, w, "nghe-an", "so-la", authz.NewMembership{Role: authz.DepartmentOfficer, Department: "SOLA"})
	for _, who := range []struct {
		name    string
		session authz.Token
		sees    func(record) bool
		none    bool
	}{
		{"agriculture", w.session(t, "songanh@nghe-an.demo.txng.vn"), func(r record) bool { return r.Fields.Has(agriculture) }, false},
		{"industry and trade", w.session(t, "socongthuong@nghe-an.demo.txng.vn"), func(r record) bool { return r.Fields.Has(industry) }, false},
		{"inspector", w.session(t, "kiemtra@nghe-an.demo.txng.vn"), func(r record) bool { return slices.Contains(assigned, r.Org) }, false},
		{"inspector without an assignment", nobody, func(record) bool { return false }, true},
		{"department without a group", unknown, func(record) bool { return false }, true},
	} {
		for _, page := range seen {
			rows, err := conn.Query(t.Context(), page.sql, of)
			if err != nil {
				t.Fatal(err)
			}
			list, err := pgx.CollectRows(rows, pgx.RowToStructByName[record])
			if err != nil {
				t.Fatal(err)
			}
			own, foreign := 0, 0
			index := w.ask(http.MethodGet, strings.TrimSuffix(page.page, "/"), who.session, nil).Body.String()
			for _, r := range list {
				want := http.StatusNotFound
				if who.sees(r) {
					want = http.StatusOK
					own++
				} else {
					foreign++
				}
				if got := w.ask(http.MethodGet, page.page+r.ID, who.session, nil).Code; got != want {
					t.Errorf("%s%s as %s: %d, want %d", page.page, r.ID, who.name, got, want)
				}
				if page.page != "/tem/" && strings.Contains(index, page.page+r.ID) != who.sees(r) {
					t.Errorf("%s%s in the list as %s: %v", page.page, r.ID, who.name, !who.sees(r))
				}
			}
			if foreign == 0 || own == 0 && !who.none {
				t.Errorf("%s as %s: %d own, %d foreign records; the test has lost its subject", page.page, who.name, own, foreign)
			}
		}
		if code := w.ask(http.MethodGet, "/", who.session, nil).Code; code != http.StatusOK {
			t.Errorf("the first page as %s: %d", who.name, code)
		}
	}
}

// TestGroupTakesAlongWhatComesFromTheProduct moves a product to another department's group and back: lots, events,
// orders, ranges and scans follow, and the two departments see them and no longer.
func TestGroupTakesAlongWhatComesFromTheProduct(t *testing.T) {
	w := site(t)
	conn := owner(t, w)
	of := tenantID(t, conn, "nghe-an")
	var product, org int64
	var lot string
	if err := conn.QueryRow(t.Context(), `
		select p.id, p.org_id, min(l.id)::text
		from catalog.product p
		join trace.lot l on l.tenant_id = p.tenant_id and l.product_id = p.id
		where p.tenant_id = $1 and p.name = 'Cam Vinh'
		group by 1, 2`, of).Scan(&product, &org, &lot); err != nil {
		t.Fatal(err)
	}
	industry, agriculture := w.session(t, "socongthuong@nghe-an.demo.txng.vn"), w.session(t, "songanh@nghe-an.demo.txng.vn")
	officer := w.session(t, "chuyenvien@nghe-an.demo.txng.vn")
	pages := []string{"/san-pham/" + strconv.FormatInt(product, 10), "/lo-hang/" + lot, "/to-chuc/" + strconv.FormatInt(org, 10)}
	look := func(when string, session authz.Token, want int) {
		t.Helper()
		for _, page := range pages {
			if got := w.ask(http.MethodGet, page, session, nil).Code; got != want {
				t.Errorf("%s %s: %d, want %d", page, when, got, want)
			}
		}
	}
	put := func(group string, want int) {
		t.Helper()
		if got := w.ask(http.MethodPost, pages[0]+"/nhom", officer, url.Values{"group": {group}}); got.Code != want {
			t.Errorf("group %q: %d, want %d: %s", group, got.Code, want, got.Body)
		}
	}
	look("before, industry", industry, http.StatusNotFound)
	look("before, agriculture", agriculture, http.StatusOK)
	put("khong-co", http.StatusUnprocessableEntity)
	put("", http.StatusUnprocessableEntity)
	put("do-uong", http.StatusSeeOther)
	look("after, industry", industry, http.StatusOK)
	look("after, agriculture", agriculture, http.StatusNotFound)
	for _, table := range []string{"catalog.photo", "catalog.token", "trace.lot", "trace.event", "stamps.stamp_order", "stamps.stamp_range", "scan.serial", "scan.scan"} {
		var moved, left int
		if err := conn.QueryRow(t.Context(), fmt.Sprintf("select count(*) filter (where fields = 128), count(*) filter (where fields <> 128) from %s where tenant_id = $1 and org_id = $2", table), of, org).Scan(&moved, &left); err != nil {
			t.Fatal(err)
		}
		if moved == 0 || left > 0 {
			t.Errorf("%s: %d rows have followed, %d have not", table, moved, left)
		}
	}
	put("trong-trot", http.StatusSeeOther)
	look("back again, industry", industry, http.StatusNotFound)
	look("back again, agriculture", agriculture, http.StatusOK)
	if err := w.db.In(t.Context(), mustScope(t, w, of).InFields(1<<7), func(tx tenant.Tx) error {
		return catalog.SetGroup(t.Context(), tx, authz.Identity{Role: authz.DOSTOfficer, Tenant: tenant.ID(of)}, catalog.ProductID(product), "do-uong")
	}); err == nil {
		t.Error("a department moved a product of another into its own group")
	}
}

func mustScope(t *testing.T, w *world, of int) tenant.Scope {
	t.Helper()
	s, err := w.db.Scope(t.Context(), tenant.ID(of))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// allTables returns every tenant table, as the proofs have them.
func allTables(t *testing.T, conn *pgx.Conn) []proof.Table {
	t.Helper()
	list, err := proof.Tables(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
