package proof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"txng/tenant"
)

// Plant is a protection that is taken from every tenant table in turn, to see which cells of the attack notice.
type Plant struct {
	Name string
	// Tables is on how many it could be planted; Inspected on how many of them the rules of the catalog find it.
	Tables, Inspected int
	// Verbs counts the tables on which each kind of statement noticed.
	Verbs map[string]int
}

// Noticed is what the attack makes of missing protections.
type Noticed struct {
	Verbs  []string // the kinds of statements, in the attack's order
	Plants []Plant
	Any    map[string]int // tables on which a kind of statement noticed at least one of the plants
	Silent []string       // what the attack said while nothing was planted; must be nothing
}

// plants are statements over a table (%t), the role that then attacks, and the policy that must be there for it.
var plants = []struct{ name, sql, role, policy, scope string }{
	{"nothing", "select 1", "txng_app", "", "other"},
	{"insert check of one tenant's scope", "alter policy tenant on %t with check (true)", "txng_app", "tenant", "other"},
	{"insert check of merged scopes", "alter policy tenants on %t with check (true)", "txng_merged", "tenants", "merged other"},
	{"insert check of confined scopes", "alter policy tenants on %t with check (true)", "txng_confined", "tenants", "other"},
	{"condition of one tenant's scope", "alter policy tenant on %t using (true)", "txng_app", "tenant", "other"},
	{"condition of merged scopes", "alter policy tenants on %t using (true)", "txng_merged", "tenants", "merged other"},
	{"condition of confined scopes", "alter policy tenants on %t using (true)", "txng_confined", "tenants", "other"},
	{"condition and check", "alter policy tenant on %t using (true) with check (true)", "txng_app", "tenant", "other"},
	{"origin's rows kept from its successor", "drop policy home on %t", "txng_merged", "home", "successor"},
	{"force", "alter table %t no force row level security", "txng_app", "", "other"},
	{"row security", "alter table %t disable row level security", "txng_app", "", "other"},
	{"row security and rights", "alter table %t disable row level security; grant all on %t to txng_app", "txng_app", "", "other"},
}

// Notice takes protections from the tables, one at a time and table by table, and counts the cells of the attack that
// notice. Each runs the attack's own statements, judged by the attack's own rule, as the owner who has taken the role on,
// in a transaction that is rolled back.
func Notice(ctx context.Context, c tenant.Config, p Places, progress func(done, total int)) (Noticed, error) {
	n := Noticed{Any: map[string]int{}}
	owner, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return n, fmt.Errorf("connect as the owner: %w", err)
	}
	defer owner.Close(context.WithoutCancel(ctx))
	list, err := Tables(ctx, owner)
	if err != nil {
		return n, err
	}
	if err := ClearTenant(ctx, owner, list, p.Attacker); err != nil {
		return n, err
	}
	if _, err = CopyTenant(ctx, owner, list, p.Victim, p.Attacker); err != nil {
		return n, err
	}
	defer ClearTenant(context.WithoutCancel(ctx), owner, list, p.Attacker)
	defer owner.Exec(context.WithoutCancel(ctx), "rollback")
	m, err := newMatrix(ctx, owner, list, p)
	if err != nil {
		return n, err
	}
	noticed := map[[2]string]bool{} // verb and table
	for i, f := range plants {
		sum := Plant{Name: f.name, Verbs: map[string]int{}}
		all := "select 1"
		for _, t := range m.tables {
			if !t.keyedByTenant() || f.policy != "" && !t.has(f.policy) {
				continue
			}
			sum.Tables++
			plant := strings.ReplaceAll(f.sql, "%t", t.Name)
			all += "; " + plant
			verbs, err := m.planted(ctx, owner, t, plant, f.role, f.scope)
			if err != nil {
				return n, fmt.Errorf("%s of %s: %w", f.name, t.Name, err)
			}
			for verb, said := range verbs {
				sum.Verbs[verb]++
				noticed[[2]string{verb, t.Name}] = true
				if f.name == "nothing" {
					n.Silent = append(n.Silent, verb+" on "+t.Name+" "+said)
				}
			}
		}
		if sum.Inspected, err = inspected(ctx, owner, all, m.tables); err != nil {
			return n, fmt.Errorf("%s: %w", f.name, err)
		}
		n.Plants = append(n.Plants, sum)
		progress(i+1, len(plants))
	}
	for _, x := range m.assaults(m.tables[0], "txng_app") {
		n.Verbs = append(n.Verbs, x.verb)
	}
	for cell := range noticed {
		n.Any[cell[0]]++
	}
	return n, nil
}

// has reports whether the table has a policy of the name.
func (t Table) has(policy string) bool { return slices.Contains(t.Policies, policy) }

// planted returns which verbs notice a plant on a table, and what the attack says of each.
func (m *matrix) planted(ctx context.Context, owner *pgx.Conn, t Table, plant, role, scope string) (map[string]string, error) {
	all := scopes(m.places)
	s := all[slices.IndexFunc(all, func(s wrongScope) bool { return s.name == scope })]
	if _, err := owner.Exec(ctx, "begin; "+plant+"; savepoint planted"); err != nil {
		return nil, errors.Join(fmt.Errorf("plant: %w", err), rollback(ctx, owner))
	}
	said := map[string]string{}
	for _, x := range m.assaults(t, role) {
		touched, err := try(ctx, owner.PgConn(), "rollback to planted; set local role "+role+"; "+s.sql, x)
		if pg := (*pgconn.PgError)(nil); err != nil && !errors.As(err, &pg) {
			return nil, errors.Join(err, rollback(ctx, owner))
		}
		if may(role, t, s, x) {
			continue
		}
		if what := judge(s, x, touched, err, false); what != "" {
			said[x.verb] = what
		}
	}
	return said, rollback(ctx, owner)
}

// inspected counts the tables at which the rules of the catalog find the plants.
func inspected(ctx context.Context, owner *pgx.Conn, plants string, list []Table) (int, error) {
	tx, err := owner.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	if _, err := tx.Exec(ctx, plants); err != nil {
		return 0, fmt.Errorf("plant: %w", err)
	}
	found, err := tenant.Inspect(ctx, tx)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, t := range list {
		if slices.ContainsFunc(found, func(f tenant.Finding) bool { return names(f.Object, t.Name) }) {
			count++
		}
	}
	return count, nil
}

// names reports whether a finding's object is of the table: the table itself, or a policy, column or right of it.
func names(object, table string) bool {
	return object == table || len(object) > len(table) && object[:len(table)] == table && (object[len(table)] == ' ' || object[len(table)] == '.')
}

func rollback(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "rollback")
	return err
}
