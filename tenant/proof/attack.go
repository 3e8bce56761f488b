package proof

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"txng/tenant"
)

// Attacked is what an attack came to.
type Attacked struct {
	Tables, Cases int
	Leaks         []string // what the protection should have refused or left empty, in words
	Empty         []string // tables in which the victim has no row: the attack on them proves less
	Verbs         []Verb   // what the cells of each kind of statement are worth
	Blind         []string // cells (verb and table) that could not notice that a protection is missing, and why
}

// Verb is a kind of statement of the attack and what its cells, one a table, would do if nothing protected the table.
type Verb struct {
	Name   string
	Cells  int // tables it is tried on
	Whole  int // of them, those where it would succeed
	Halted int // those where it would get as far as a constraint of the table, which counts as a leak, too
}

// Notices is how many of the cells would notice that nothing protects their table.
func (v Verb) Notices() int { return v.Whole + v.Halted }

// Cells is the number of cells of the attack: kinds of statements by tables.
func (a Attacked) Cells() (n int) {
	for _, v := range a.Verbs {
		n += v.Cells
	}
	return n
}

// Places are the tenants of an attack.
type Places struct {
	Victim   tenant.ID // has rows
	Attacker tenant.ID // has none; gets copies of the victim's, and loses them again
	Origin   tenant.ID // a third one that the attacker has succeeded in some of the scopes
}

// scopedRole reports whether a role is one of the tenants' door, which works in a scope.
func scopedRole(role string) bool { return slices.Contains(tenant.TenantRoles, role) }

// wrongScope is a scope that does not hold the victim. A loud one must be an error, not an empty answer.
type wrongScope struct {
	name, sql string
	loud      bool
	reads     bool // the victim is an origin of the attacker: read, never written
}

func scopes(p Places) []wrongScope {
	set := func(home, reads, org string) string {
		return fmt.Sprintf("set local app.tenant = '%s'; set local app.tenants = '%s'; set local app.org = '%s'; set local app.units = ''; set local app.fields = '-1'; set local app.orgs = '-1'", home, reads, org)
	}
	me := fmt.Sprint(p.Attacker)
	return []wrongScope{
		{name: "unset", loud: true},
		{name: "empty", sql: set("", "", ""), loud: true},
		{name: "empty list", sql: set("", "{}", "0"), loud: true},
		{name: "garbage", sql: set("x", "x", "x"), loud: true},
		{name: "other", sql: set(me, "{"+me+"}", "0")},
		{name: "merged other", sql: set(me, fmt.Sprintf("{%d,%d}", p.Attacker, p.Origin), "0")},
		{name: "successor", sql: set(me, fmt.Sprintf("{%d,%d}", p.Attacker, p.Victim), "0"), reads: true},
	}
}

// published says, for each table that the public door reads, which of its rows are published: written down here a second
// time, so that a policy that grows wider is seen. A table without a line is a leak.
var published = map[string]string{
	"organization.organization": "state = 'approved'",
	"catalog.product":           "state = 'published'",
	"catalog.photo":             "published",
	"trace.lot":                 "published",
	"trace.event":               "published",
	"tenant.logo":               "true",
	"stamps.stamp_order":        "true",
	"stamps.stamp_range":        "true",
}

// secret are columns that the public door must not read.
var secret = []string{
	"organization.organization mst", "organization.organization phone", "organization.organization email",
	"catalog.product source", "trace.event note", "stamps.stamp_order request",
}

// Attack tries every assault on every tenant table, in every wrong scope, as every login role. The victim's rows are
// compared before and after.
func Attack(ctx context.Context, c tenant.Config, p Places, progress func(done, total int)) (Attacked, error) {
	var a Attacked
	owner, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return a, fmt.Errorf("connect as the owner: %w", err)
	}
	defer owner.Close(context.WithoutCancel(ctx))
	list, err := Tables(ctx, owner)
	if err != nil {
		return a, err
	}
	a.Tables = len(list)
	if err := ClearTenant(ctx, owner, list, p.Attacker); err != nil {
		return a, err
	}
	if a.Empty, err = CopyTenant(ctx, owner, list, p.Victim, p.Attacker); err != nil {
		return a, err
	}
	defer ClearTenant(context.WithoutCancel(ctx), owner, list, p.Attacker)
	before, err := digest(ctx, owner, list, p.Victim)
	if err != nil {
		return a, err
	}
	m, err := newMatrix(ctx, owner, list, p)
	if err != nil {
		return a, err
	}
	if err := a.worth(ctx, owner, m); err != nil {
		return a, err
	}
	for n, role := range tenant.Roles {
		if err := a.as(ctx, c, role, m, func(done int) { progress(n*len(list)+done, len(list)*len(tenant.Roles)) }); err != nil {
			return a, err
		}
	}
	if err := a.public(ctx, c, owner, list); err != nil {
		return a, err
	}
	after, err := digest(ctx, owner, list, p.Victim)
	for name, sum := range before {
		if after[name] != sum {
			a.leak("%s: the victim's rows changed", name)
		}
	}
	return a, err
}

func (a *Attacked) leak(format string, args ...any) {
	a.Leaks = append(a.Leaks, fmt.Sprintf(format, args...))
}

func (a *Attacked) as(ctx context.Context, c tenant.Config, role string, m *matrix, progress func(done int)) error {
	u, err := tenant.RoleURL(c.URL, c.Secret, role)
	if err != nil {
		return err
	}
	conn, err := pgconn.Connect(ctx, u)
	if err != nil {
		return fmt.Errorf("connect as %s: %w", role, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for done, t := range m.tables {
		for _, s := range scopes(m.places) {
			for _, x := range m.assaults(t, role) {
				touched, err := try(ctx, conn, "rollback; begin; "+s.sql, x)
				if conn.IsClosed() {
					return fmt.Errorf("%s, %s, %s on %s: %w", role, s.name, x.verb, t.Name, err)
				}
				a.Cases++
				if may(role, t, s, x) {
					continue
				}
				if said := judge(s, x, touched, err, slices.Contains(a.Empty, t.Name)); said != "" {
					a.leak("%s, scope %s: %s on %s %s", role, s.name, x.verb, t.Name, said)
				}
			}
		}
		progress(done + 1)
	}
	return nil
}

// may reports whether an assault is what the door is for.
func may(role string, t Table, s wrongScope, x assault) bool {
	switch {
	case scopedRole(role):
		return s.reads && x.reads // a successor reads its origin
	case slices.Contains(t.Doors, role):
		return x.reads || role == "txng_platform" // public looks at its rows; the platform is asked before there is a scope
	default:
		// Found by a secret, not by its tenant; the catalog's rules know each such table by name.
		return role == "txng_platform" && !t.keyedByTenant()
	}
}

// judge says in words how an assault got past the protection, "" when it did not. What a constraint of the table stopped
// had got past it: rights and policies are asked first.
func judge(s wrongScope, x assault, touched int64, err error, empty bool) string {
	var pg *pgconn.PgError
	switch {
	case err == nil && touched > 0:
		return fmt.Sprintf("touched %d rows", touched)
	case err == nil && s.loud && !empty:
		return "was answered instead of refused"
	case err == nil:
		return ""
	case !errors.As(err, &pg):
		return "failed: " + err.Error()
	case pg.Code == refused:
		return ""
	case s.loud && (pg.Code == noSetting || pg.Code == noNumber):
		return ""
	case halted(pg):
		return "was stopped by a constraint only: " + pg.ConstraintName
	default:
		return "failed for another reason than its tenant: " + pg.Message
	}
}

// Codes of refusals: by rights or row security; by a policy that asks for a setting that is unset or no number.
const (
	refused   = "42501"
	noSetting = "42704"
	noNumber  = "22P02"
)

// halted reports whether a constraint of the table stopped the statement.
func halted(pg *pgconn.PgError) bool { return strings.HasPrefix(pg.Code, "23") }

// worth tries each cell's statement as the owner, who passes rights and row security by: one that then neither touches a
// row nor meets a constraint would not notice either that a protection is missing.
func (a *Attacked) worth(ctx context.Context, owner *pgx.Conn, m *matrix) error {
	defer owner.Exec(context.WithoutCancel(ctx), "rollback")
	verbs := map[string]int{}
	for _, t := range m.tables {
		for _, x := range m.assaults(t, tenant.TenantRoles[0]) {
			n, ok := verbs[x.verb]
			if !ok {
				n = len(a.Verbs)
				verbs[x.verb] = n
				a.Verbs = append(a.Verbs, Verb{Name: x.verb})
			}
			a.Verbs[n].Cells++
			touched, err := try(ctx, owner.PgConn(), "rollback; begin", x)
			var pg *pgconn.PgError
			switch {
			case err == nil && touched > 0:
				a.Verbs[n].Whole++
			case err == nil:
				a.Blind = append(a.Blind, x.verb+" on "+t.Name+": no row")
			case !errors.As(err, &pg):
				return fmt.Errorf("%s on %s: %w", x.verb, t.Name, err)
			case halted(pg):
				a.Verbs[n].Halted++
			default:
				a.Blind = append(a.Blind, x.verb+" on "+t.Name+": "+pg.Message)
			}
		}
	}
	return nil
}

// try runs an assault and returns the rows it touched. One flush with begin, which takes the last case back and opens the
// scope, sends the statement.
func try(ctx context.Context, conn *pgconn.PgConn, begin string, x assault) (int64, error) {
	if x.copyOut {
		if _, err := conn.Exec(ctx, begin).ReadAll(); err != nil {
			return 0, err
		}
		tag, err := conn.CopyTo(ctx, io.Discard, x.sql)
		return tag.RowsAffected(), err
	}
	results, err := conn.Exec(ctx, begin+"; "+x.sql).ReadAll()
	if err != nil {
		return 0, err
	}
	return results[len(results)-1].CommandTag.RowsAffected(), nil
}

// public compares what the public door sees with what is published.
func (a *Attacked) public(ctx context.Context, c tenant.Config, owner *pgx.Conn, list []Table) error {
	u, err := tenant.RoleURL(c.URL, c.Secret, "txng_public")
	if err != nil {
		return err
	}
	public, err := pgx.Connect(ctx, u)
	if err != nil {
		return fmt.Errorf("connect as txng_public: %w", err)
	}
	defer public.Close(context.WithoutCancel(ctx))
	for _, t := range list {
		if !slices.Contains(t.Doors, "txng_public") {
			continue
		}
		a.Cases++
		condition, ok := published[t.Name]
		if !ok {
			a.leak("the public door reads %s, and nobody has said which of its rows are published", t.Name)
			continue
		}
		const sum = "select count(tenant_id) || ' ' || coalesce(sum(tenant_id), 0) from "
		var seen, want string
		if err := public.QueryRow(ctx, sum+t.Name).Scan(&seen); err != nil {
			return err
		}
		if err := owner.QueryRow(ctx, sum+t.Name+" where "+condition).Scan(&want); err != nil {
			return err
		}
		if seen != want {
			a.leak("the public door sees other rows of %s than those that are published", t.Name)
		}
	}
	for _, of := range secret {
		a.Cases++
		table, column, _ := strings.Cut(of, " ")
		if _, err := public.Exec(ctx, "select "+column+" from "+table); err == nil {
			a.leak("the public door reads %s of %s", column, table)
		}
	}
	return nil
}
