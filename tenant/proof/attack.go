package proof

import (
	"context"
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
	Leaks         []string // what should have been refused or empty, in words
	Empty         []string // tables in which the victim has no row: the attack on them proves less
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
		{name: "empty list", sql: set("", "{}", "0")},
		{name: "garbage", sql: set("x", "x", "x"), loud: true},
		{name: "other", sql: set(me, "{"+me+"}", "0")},
		{name: "merged other", sql: set(me, fmt.Sprintf("{%d,%d}", p.Attacker, p.Origin), "0")},
		{name: "successor", sql: set(me, fmt.Sprintf("{%d,%d}", p.Attacker, p.Victim), "0"), reads: true},
	}
}

// assault is one statement that would read or change the victim's rows.
type assault struct {
	verb, sql string
	copyOut   bool
	reads     bool // it only reads (or locks)
}

func assaults(t Table, p Places) []assault {
	columns := strings.Join(t.Columns, ", ")
	some := t.Columns[len(t.Columns)-1]
	stolen := fmt.Sprintf("insert into %s (tenant_id, %s) select %d, %s from %s where tenant_id = %d limit 1", t.Name, columns, p.Victim, columns, t.Name, p.Attacker)
	list := []assault{
		{verb: "select", sql: fmt.Sprintf("select 1 from %s where tenant_id = %d", t.Name, p.Victim), reads: true},
		{verb: "select everything", sql: fmt.Sprintf("select 1 from %s where tenant_id not in (%d, %d)", t.Name, p.Attacker, p.Origin), reads: true},
		{verb: "for update", sql: fmt.Sprintf("select 1 from %s where tenant_id = %d for update", t.Name, p.Victim), reads: true},
		{verb: "copy to", sql: fmt.Sprintf("copy (select 1 from %s where tenant_id = %d) to stdout", t.Name, p.Victim), copyOut: true, reads: true},
		{verb: "insert", sql: stolen},
		{verb: "insert values", sql: fmt.Sprintf("insert into %s (tenant_id) values (%d)", t.Name, p.Victim)},
		{verb: "returning", sql: stolen + " returning 1"},
		{verb: "update", sql: fmt.Sprintf("update %s set %s = %s where tenant_id = %d", t.Name, some, some, p.Victim)},
		{verb: "update everything", sql: fmt.Sprintf("update %s set %s = %s where tenant_id <> %d", t.Name, some, some, p.Attacker)},
		{verb: "update returning", sql: fmt.Sprintf("update %s set %s = %s where tenant_id = %d returning 1", t.Name, some, some, p.Victim)},
		{verb: "move", sql: fmt.Sprintf("update %s set tenant_id = %d where tenant_id = %d", t.Name, p.Victim, p.Attacker)},
		{verb: "delete", sql: fmt.Sprintf("delete from %s where tenant_id = %d", t.Name, p.Victim)},
		{verb: "delete everything", sql: fmt.Sprintf("delete from %s where tenant_id <> %d returning 1", t.Name, p.Attacker)},
	}
	if len(t.Key) > 0 {
		key := strings.Join(t.Key, ", ")
		list = append(list,
			assault{verb: "upsert", sql: stolen + fmt.Sprintf(" on conflict (%s) do update set %s = excluded.%s", key, some, some)},
			assault{verb: "upsert nothing", sql: stolen + fmt.Sprintf(" on conflict (%s) do nothing returning 1", key)})
	}
	return list
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
	for n, role := range tenant.Roles {
		if err := a.as(ctx, c, role, list, p, func(done int) { progress(n*len(list)+done, len(list)*len(tenant.Roles)) }); err != nil {
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

func (a *Attacked) as(ctx context.Context, c tenant.Config, role string, list []Table, p Places, progress func(done int)) error {
	u, err := tenant.RoleURL(c.URL, c.Secret, role)
	if err != nil {
		return err
	}
	conn, err := pgconn.Connect(ctx, u)
	if err != nil {
		return fmt.Errorf("connect as %s: %w", role, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for done, t := range list {
		for _, s := range scopes(p) {
			for _, x := range assaults(t, p) {
				touched, err := try(ctx, conn, s.sql, x)
				if conn.IsClosed() {
					return fmt.Errorf("%s, %s, %s on %s: %w", role, s.name, x.verb, t.Name, err)
				}
				a.Cases++
				switch {
				case err != nil: // refused
				case !scopedRole(role) && slices.Contains(t.Doors, role) && (x.reads || role == "txng_platform"):
					// What the door is for; public looks at its rows. The platform is asked before there is a scope.
				case role == "txng_platform" && !t.keyedByTenant():
					// Found by a secret, not by its tenant; the catalog's rules know each such table by name.
				case scopedRole(role) && s.reads && x.reads:
					// A successor reads its origin.
				case scopedRole(role) && s.loud && x.verb == "select" && slices.Contains(a.Empty, t.Name):
					// No row, so that the policy was not asked.
				case scopedRole(role) && s.loud && x.verb == "select":
					a.leak("%s, scope %s: select on %s was answered instead of refused", role, s.name, t.Name)
				case touched > 0:
					a.leak("%s, scope %s: %s on %s touched %d rows", role, s.name, x.verb, t.Name, touched)
				}
			}
		}
		progress(done + 1)
	}
	return nil
}

// try runs an assault in a scope and returns the rows it touched. One flush takes the last case back, opens the scope
// and sends the statement.
func try(ctx context.Context, conn *pgconn.PgConn, scope string, x assault) (int64, error) {
	begin := "rollback; begin; " + scope
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
