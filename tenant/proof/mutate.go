package proof

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
)

// Mutation is one planted fault and the check that must find it.
type Mutation struct {
	Kind, Name string
	// Run plants the fault on the database, runs the check, takes the fault back, and returns what the check said; "" when
	// it said nothing. A fault that cannot be planted is an error.
	Run func(ctx context.Context, c tenant.Config) (found string, err error)
}

// Mutated is what planting faults came to.
type Mutated struct {
	Planted, Found int
	Missed         []string // faults that were not found, or that could not be planted
}

// Mutate plants each fault in turn on a database that nobody else uses.
func Mutate(ctx context.Context, c tenant.Config, list []Mutation, progress func(done, total int)) (Mutated, error) {
	var sum Mutated
	// The check that most of them go by must be silent when there is no fault.
	if found, err := byModel(ctx, c); err != nil || found != "" {
		return sum, errors.Join(fmt.Errorf("without any fault the model test says: %s", found), err)
	}
	for i, m := range list {
		if err := ctx.Err(); err != nil {
			return sum, err
		}
		found, err := m.Run(ctx, c)
		sum.Planted++
		switch {
		case err != nil:
			sum.Missed = append(sum.Missed, fmt.Sprintf("%s, %s: %v", m.Kind, m.Name, err))
		case found == "":
			sum.Missed = append(sum.Missed, m.Kind+", "+m.Name)
		default:
			sum.Found++
		}
		progress(i+1, len(list))
	}
	return sum, nil
}

// errNotPlanted: a fault is a change of a text that nobody says any more.
var errNotPlanted = errors.New("the statement that the fault changes was not seen: the fault is not planted any more")

// Tapped returns a mutation that changes statements of the product on their way to the server while check runs.
func Tapped(kind, name string, change func(role, sql string) string, check func(ctx context.Context, c tenant.Config) (string, error)) Mutation {
	return Mutation{Kind: kind, Name: name, Run: func(ctx context.Context, c tenant.Config) (string, error) {
		var changed atomic.Int64
		tapped, wire, err := Tap(c, func(role, sql string) string {
			now := change(role, sql)
			if now != sql {
				changed.Add(1)
			}
			return now
		})
		if err != nil {
			return "", err
		}
		defer wire.Close()
		found, err := check(ctx, tapped)
		if err == nil && changed.Load() == 0 {
			err = errNotPlanted
		}
		return found, err
	}}
}

// byModel runs a short model test with few tenants and says what differed first. A fault that stops it at its very
// start was found too, but only one that has to do with a door: err is returned for others by Tapped.
func byModel(ctx context.Context, c tenant.Config) (string, error) {
	m, err := Model(ctx, c, ModelOptions{Operations: 1500, Tenants: 6, Pool: 2, Workers: 4, Seed: 1})
	switch {
	case err != nil:
		return "the model test stopped: " + err.Error(), nil
	case len(m.Wrong) > 0:
		return m.Wrong[0], nil
	case len(m.Residue) > 0:
		return "left on an idle connection: " + m.Residue[0], nil
	}
	return "", nil
}

// setting changes the value that a scope's setting is given.
func setting(name, value string) func(role, sql string) string {
	form := regexp.MustCompile(`set local ` + regexp.QuoteMeta(name) + ` = '[^']*'`)
	return func(role, sql string) string {
		if !scopedRole(role) {
			return sql
		}
		return form.ReplaceAllString(sql, "set local "+name+" = '"+value+"'")
	}
}

// DoorMutations are faults of the doors, planted between the program and the server: the product's own code runs, and
// what it sends is changed as a mistake in it would.
func DoorMutations() []Mutation {
	const app = "txng_app"
	everybody := make([]string, 1023)
	for i := range everybody {
		everybody[i] = fmt.Sprint(i + 1)
	}
	var list []Mutation
	for _, f := range []struct {
		name   string
		change func(role, sql string) string
	}{
		{"scope set for the session and not for the transaction", swap("set local app.", "set app.")},
		{"scope of a read in one flush set for the session", func(role, sql string) string {
			if scopedRole(role) && strings.HasPrefix(sql, "set local") {
				return strings.Replace(sql, "set local", "set", 1)
			}
			return sql
		}},
		{"scope that reads every tenant", setting("app.tenants", "{"+strings.Join(everybody, ",")+"}")},
		{"scope that reads its neighbour beside itself", neighbour},
		{"scope that reads nothing", setting("app.tenants", "{}")},
		{"scope that writes as another tenant", setting("app.tenant", "1")},
		{"scope that is not opened", func(role, sql string) string {
			if scopedRole(role) && (strings.HasPrefix(sql, "begin") && strings.Contains(sql, "app.")) {
				return strings.SplitN(sql, ";", 2)[0]
			}
			return sql
		}},
		{"scope without its organization", setting("app.org", "0")},
		{"scope without its units", setting("app.units", "")},
		{"scope without its assignments", setting("app.orgs", "-1")},
		{"view that may write", swap("begin read only", "begin")},
		{"failed transaction that is committed", swap("rollback", "commit")},
		{"transaction that is never committed", swap("commit", "rollback")},
		{"scope without a transaction", swap("begin read only; set local", "set", "begin; set local", "set", "set local", "set")},
		{"write to its own tenant that is lost", swap("set source = $3", "set source = source||left($3, 0)")},
		{"write that is done twice", swap("'uu-tien', $3, $4, false, $5)", "'uu-tien', $3, $4, false, $5), ($1, $2::bigint + 1, 'uu-tien', $3 || 'x', $4, false, $5)")},
	} {
		list = append(list, Tapped("door", f.name, f.change, byModel))
	}
	for _, f := range []struct{ name, door, as string }{
		{"tenants' door signs in as the owner", app, ""},
		{"confined scopes sign in as scopes of the whole tenant", "txng_confined", app},
		{"confined scopes sign in as the owner", "txng_confined", ""},
		{"scopes of several tenants sign in as scopes of one", "txng_merged", app},
		{"scopes of one tenant sign in as scopes of several", app, "txng_merged"},
		{"scopes of several tenants sign in as the owner", "txng_merged", ""},
		{"tenants' door and public door exchanged", "txng_public", app},
		{"ministry's door signs in as the public's", "txng_ministry", "txng_public"},
		{"public door signs in as the owner", "txng_public", ""},
		{"platform's door signs in as the owner", "txng_platform", ""},
	} {
		list = append(list, Mutation{Kind: "door", Name: f.name, Run: func(ctx context.Context, c tenant.Config) (string, error) {
			tapped, wire, err := Tap(c, nil)
			if err != nil {
				return "", err
			}
			defer wire.Close()
			u := c.URL
			if f.as != "" {
				if u, err = tenant.RoleURL(c.URL, c.Secret, f.as); err != nil {
					return "", err
				}
			}
			wire.disguise(f.door, u)
			return byModel(ctx, tapped)
		}})
	}
	return list
}

// neighbour adds the tenant with the next lower number to what a scope reads.
func neighbour(role, sql string) string {
	if !scopedRole(role) {
		return sql
	}
	return readsForm.ReplaceAllStringFunc(sql, func(s string) string {
		var home int
		fmt.Sscanf(readsForm.FindStringSubmatch(s)[1], "%d", &home)
		return strings.Replace(s, "}'", fmt.Sprintf(",%d}'", home-1), 1)
	})
}

var readsForm = regexp.MustCompile(`set local app\.tenants = '\{(\d+)[^']*'`)

// RightMutations are faults of policies and rights that are planted for good and seen by what the doors then answer,
// whatever the catalog says of them.
func RightMutations() []Mutation {
	const (
		own     = "tenant_id = current_setting('app.tenant')::int"
		several = "coalesce(" + own + " or tenant_id = any (current_setting('app.tenants')::int[]), false)"
	)
	var list []Mutation
	for _, f := range []struct{ name, plant, back string }{
		{"row security off", "alter table catalog.list_item disable row level security", "alter table catalog.list_item enable row level security"},
		{"policy that lets everything through", "alter policy tenant on catalog.list_item using (true)", "alter policy tenant on catalog.list_item using (" + own + ")"},
		{"policy of several tenants that lets everything through", "alter policy tenants on catalog.list_item using (true)", "alter policy tenants on catalog.list_item using (" + several + ")"},
		{"policy of several tenants that reads one", "alter policy tenants on catalog.list_item using (" + own + ")", "alter policy tenants on catalog.list_item using (" + several + ")"},
		{"policy without a check", "alter policy tenant on catalog.list_item with check (true)", "alter policy tenant on catalog.list_item with check (" + own + ")"},
		{"policy of several tenants without a check", "alter policy tenants on catalog.list_item with check (true)", "alter policy tenants on catalog.list_item with check (" + own + ")"},
		{"policy through an immutable wrapper, whose answer a cached plan keeps", "create function public.mine() returns int immutable language sql as $$ select current_setting('app.tenant')::int $$; alter policy tenant on catalog.list_item using (tenant_id = public.mine())",
			"alter policy tenant on catalog.list_item using (" + own + "); drop function public.mine()"},
		{"policy of several tenants through an immutable wrapper", "create function public.mine() returns int[] immutable language sql as $$ select current_setting('app.tenants')::int[] $$; alter policy tenants on catalog.list_item using (tenant_id = any (public.mine()))",
			"alter policy tenants on catalog.list_item using (" + several + "); drop function public.mine()"},
		{"second permissive policy", "create policy more on catalog.list_item for select to txng_app using (list = 'uu-tien')", "drop policy more on catalog.list_item"},
		{"successor may delete its origin's rows", "drop policy home on catalog.list_item", "create policy home on catalog.list_item as restrictive for delete to txng_merged, txng_confined using (" + own + ")"},
		{"organization policy weakened", "alter policy organization on catalog.product using (true)", "alter policy organization on catalog.product using (current_setting('app.org')::bigint in (0, org_id))"},
		{"unit policy weakened", "alter policy unit on organization.organization using (true)", "alter policy unit on organization.organization using (current_setting('app.units') = '' or unit = any (string_to_array(current_setting('app.units'), ',')))"},
		{"public policy widened to drafts", "alter policy published on catalog.product using (true)", "alter policy published on catalog.product using (state = 'published')"},
		{"ministry reads products", "grant usage on schema catalog to txng_ministry; grant select on catalog.product to txng_ministry; create policy m on catalog.product for select to txng_ministry using (true)", "drop policy m on catalog.product; revoke select on catalog.product from txng_ministry; revoke usage on schema catalog from txng_ministry"},
		{"public reads the lists", "grant select on catalog.list_item to txng_public", "revoke select on catalog.list_item from txng_public"},
		{"platform reads products", "grant usage on schema catalog to txng_platform; grant select on catalog.product to txng_platform", "revoke select on catalog.product from txng_platform; revoke usage on schema catalog from txng_platform"},
		{"rows may be given to another tenant", "grant update (tenant_id) on catalog.list_item to txng_app; alter policy tenant on catalog.list_item with check (true)", "revoke update (tenant_id) on catalog.list_item from txng_app; alter policy tenant on catalog.list_item with check (" + own + ")"},
	} {
		list = append(list, Mutation{Kind: "right", Name: f.name, Run: func(ctx context.Context, c tenant.Config) (found string, err error) {
			owner, err := pgx.Connect(ctx, c.URL)
			if err != nil {
				return "", fmt.Errorf("connect as the owner: %w", err)
			}
			defer owner.Close(context.WithoutCancel(ctx))
			if _, err := owner.Exec(ctx, f.plant); err != nil {
				return "", fmt.Errorf("plant: %w", err)
			}
			defer func() {
				if _, back := owner.Exec(context.WithoutCancel(ctx), f.back); back != nil && err == nil {
					err = fmt.Errorf("take back: %w", back)
				}
			}()
			return byModel(ctx, c)
		}})
	}
	return list
}

// StatementMutations take the tenant out of most statements of a recording that name it once and read one table, each
// a fault; row security alone then holds the rows, and finding them is left to it.
func StatementMutations(list []Statement, most int) []Mutation {
	var all []Mutation
	for _, s := range list {
		text := strings.ToLower(s.SQL)
		if len(all) == most || !scopedRole(s.Role) || strings.Count(text, "tenant_id = ") != 1 || strings.Count(text, "tenant_id") > 2 || strings.Count(text, " from ")+strings.Count(text, "\tfrom ") > 1 || strings.Contains(text, "join") {
			continue
		}
		mutant := s
		mutant.SQL = explicit.ReplaceAllString(s.SQL, "$$1::int[] is not null")
		if mutant.SQL == s.SQL {
			mutant.SQL = written.ReplaceAllString(s.SQL, "$$1::int is not null")
		}
		if mutant.SQL == s.SQL {
			continue
		}
		all = append(all, Mutation{Kind: "statement", Name: "tenant not named in: " + flat(s.SQL), Run: func(ctx context.Context, c tenant.Config) (string, error) {
			owner, err := pgx.Connect(ctx, c.URL)
			if err != nil {
				return "", fmt.Errorf("connect as the owner: %w", err)
			}
			defer owner.Close(context.WithoutCancel(ctx))
			if said, err := unnamed(ctx, owner, s, 1); err != nil || said != "" {
				return "", errors.Join(fmt.Errorf("without the fault: %s", said), err)
			}
			return unnamed(ctx, owner, mutant, 1)
		}})
	}
	return all
}

var (
	explicit = regexp.MustCompile(`(\w+\.)?tenant_id = any \(\$1\)`)
	written  = regexp.MustCompile(`(\w+\.)?tenant_id = \$1`)
)
