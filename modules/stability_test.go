package modules_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
	"txng/tenant/archive"
	"txng/tenant/proof"
)

// TestMain runs the tests and then, when all of them ran and none failed, what they had the product send to the database
// once more: as the smallest province, and on the same connection as the largest.
func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "txng-archives")
	if err != nil {
		panic(err)
	}
	archives = folder
	code := m.Run()
	if code == 0 && allRan() {
		if err := stable(context.Background(), worlds.now.world); err != nil {
			fmt.Println(err)
			fmt.Println("FAIL: statements of the product")
			code = 1
		}
	}
	os.RemoveAll(folder)
	os.Exit(code)
}

// archives is the folder of the world's archives.
var archives string

// allRan reports whether no flag has left tests out.
func allRan() bool {
	for _, name := range []string{"run", "skip", "list", "fuzz", "bench"} {
		if f := flag.Lookup("test." + name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}

// heard is everything that the tests have the product send to the database.
var heard hearing

type hearing struct {
	sync.Mutex
	wires []*proof.Wire
}

// through returns a database with a wire before it that hears what passes until the process ends.
func (h *hearing) through(t *testing.T, c tenant.Config) tenant.Config {
	t.Helper()
	tapped, wire, err := proof.Tap(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.Lock()
	defer h.Unlock()
	h.wires = append(h.wires, wire)
	return tapped
}

// orAnother makes a statement of a test one that names no tenant, as none of the product's may be.
const orAnother = " or true"

// statements returns each statement once, as the world in which most happens sent it, but those on the tables of the job
// queue's library and a test's own.
func (h *hearing) statements() (list []proof.Statement) {
	h.Lock()
	defer h.Unlock()
	var worlds [][]proof.Statement
	for _, w := range h.wires {
		worlds = append(worlds, w.Statements())
	}
	slices.SortStableFunc(worlds, func(a, b []proof.Statement) int { return len(b) - len(a) })
	known := map[[2]string]bool{}
	for _, w := range worlds {
		for _, s := range w {
			key := [2]string{s.Role, s.SQL}
			if !known[key] && !strings.Contains(s.SQL, "river_") && !strings.HasSuffix(s.SQL, orAnother) {
				list = append(list, s)
			}
			known[key] = true
		}
	}
	return list
}

const (
	mostPages = 2.0 // as `txng bench isolation` has it
	largeRows = 3_000
)

// stable has the jobs run, compares what was heard with what the sources hold, makes one province large and another
// small, and replays. The error says everything that is wrong.
func stable(ctx context.Context, w world) error {
	begun := time.Now()
	other, err := w.db.TenantBySlug(ctx, "da-nang")
	if err != nil {
		return err
	}
	// A file stands where the archives of Đà Nẵng are to lie: making one fails.
	if err := os.WriteFile(archive.Folder(archives, other.ID), nil, 0o600); err != nil {
		return err
	}
	if err := runJobs(ctx, w); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	large, err := w.db.TenantBySlug(ctx, "nghe-an")
	if err != nil {
		return err
	}
	small, err := w.db.TenantBySlug(ctx, "ha-noi")
	if err != nil {
		return err
	}
	if err := logoOf(ctx, w, large.ID); err != nil {
		return fmt.Errorf("logo: %w", err)
	}
	owner, err := pgx.Connect(ctx, w.config.URL)
	if err != nil {
		return err
	}
	defer owner.Close(ctx)
	tables, err := proof.Tables(ctx, owner)
	if err != nil {
		return err
	}
	list := heard.statements()
	wrong := allHeard(list, tables)
	short, err := proof.Skew(ctx, w.config, small.ID, large.ID, largeRows, func(int, int) {})
	if err != nil {
		return err
	}
	r, err := proof.Replay(ctx, w.config, list, small.ID, large.ID, func(int, int) {})
	if err != nil {
		return err
	}
	for _, table := range short {
		if strings.Contains(table, "no row to copy") {
			wrong = append(wrong, errors.New("statements would be measured without any row on "+table))
		}
	}
	for _, x := range r.Worst {
		fmt.Printf("%.2f (%d / %d pages) %.300s\n", x.Value, x.Cached, x.Fresh, x.SQL)
		if x.Value > mostPages {
			wrong = append(wrong, fmt.Errorf("with the plan of the smallest province %.2f times the pages (%d / %d): %s with %.400s", x.Value, x.Cached, x.Fresh, x.SQL, x.With))
		}
	}
	// The other way round it is a few pages of the smallest, and which ones depends on what tests that run at the same time
	// have asked for last: the goal of that is for `txng bench isolation`, whose recording has an order.
	fmt.Printf("back %.2f (%d / %d pages) %.300s\n", r.Back.Value, r.Back.Cached, r.Back.Fresh, r.Back.SQL)
	for _, s := range r.Unnamed {
		wrong = append(wrong, errors.New("names no tenant: "+s))
	}
	for _, s := range r.Unmeasured {
		fmt.Println("not repeated:", s)
	}
	if n := len(r.Unmeasured); n > 8 {
		wrong = append(wrong, fmt.Errorf("%d statements could not be run again", n))
	}
	fmt.Printf("%d statements replayed (%d without a scan, %d planned anew each time), %d not; largest ratio %.2f, back %.2f; %s\n", r.Statements, r.Scanless, r.Anew, len(r.Unmeasured), r.Ratio, r.Back.Value, time.Since(begun).Round(time.Second))
	return errors.Join(wrong...)
}

// everyJob are the kinds of jobs that a site runs by itself, and the making of the archives that were asked for.
var everyJob = []string{"accounts_close_in_place", "accounts_sweep", "archive_export", "archive_sweep", "audit_seal_all", "kpi_refresh_all", "onboarding_finish", "tenant_settle_mergers"}

// runJobs lets the world work until each kind of job was done.
func runJobs(ctx context.Context, w world) error {
	ctx, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- w.app.Work(ctx) }()
	var missing []string
	for ctx.Err() == nil {
		if err := w.db.Platform(ctx, func(tx tenant.Platform) (err error) {
			missing, err = tenant.Column[string](ctx, tx, `
				select kind
				from unnest($1::text[]) x (kind)
				where not exists (select from `+tenant.JobSchema+`.river_job j where j.kind = x.kind and j.state = 'completed')`, everyJob)
			return err
		}); err != nil {
			return err
		}
		if len(missing) == 0 {
			stop()
			return <-ended
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("not done within a minute: %v", missing)
}

// logoOf gives a province a picture and looks at it.
func logoOf(ctx context.Context, w world, of tenant.ID) error {
	scope, err := w.db.Scope(ctx, of)
	if err != nil {
		return err
	}
	picture := []byte("\x89PNG\r\n\x1a\n")
	if err := w.db.In(ctx, scope, func(tx tenant.Tx) error { return tenant.SetLogo(ctx, tx, picture) }); err != nil {
		return err
	}
	return w.db.Public(ctx, func(tx tenant.Public) error {
		_, err := tenant.LogoPNG(ctx, tx, of, tenant.LogoDigest(picture))
		return err
	})
}

// noProduct are folders and files whose SQL is not the product's at work: proofs, benches, and what makes test data.
var noProduct = []string{"tenant/proof/", "tenant/tenanttest/", "tenant/postgres/", "tenant/unit/gen/", "authz/authztest/", "modules/trace/tracetest/", "tenant/bench.go", "cmd/txng/planted.go", "cmd/txng/record.go"}

// unheard says why a text of the sources on a tenant table a tenant table is not among what was heard: its beginning and the
// reason.
var unheard = map[string]string{
	"tenant/archive/count.go: select n.nspname || '.' || c.relname as table":                                  asOwner,
	"tenant/archive/delete.go: select a.id, a.email from authz.account a":                                     asOwner,
	"tenant/archive/delete.go: exists (select from authz.membership o where o.account_id = a.id":              asOwner,
	"tenant/archive/delete.go: = a.id and o.tenant_id <> $1)":                                                 asOwner,
	"tenant/archive/delete.go: where tenant_id = $1 for update":                                               asOwner,
	"tenant/archive/import.go: select count(*) from authz.membership m where m.tenant_id = $1 and not exists": asOwner,
	"tenant/archive/import.go: select count(*) from authz.membership m where m.tenant_id = $1 and m.role in":  asOwner,
	"tenant/archive/import.go: select count(*) from authz.account a where not (a.id::text":                    asOwner,
}

const asOwner = "once, by the command that deletes or brings in a whole province, on a connection of the schema's owner"

// sourceText is a piece of SQL in the sources.
type sourceText struct {
	path, sql string
	pieces    []string // of it that stand in what is sent as they are
	tenants   bool     // touches a tenant table
}

var (
	statement = regexp.MustCompile(`(?s)^\s*(select\s|insert into \S+\s|update \S+\s.*set\s|delete from \S+|with (recursive )?\S+ as|values \()`)
	condition = regexp.MustCompile(`(?s)\b(where|and|or|from|join|exists|select)\b.*(\$\d|tenant_id)`)
	verb      = regexp.MustCompile(`%(\[\d+\])?[sdvq]`)
)

// asSent writes SQL as it can be compared: a scope of one province names it without a list.
func asSent(sql string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(sql), " "), "= any ($1)", "= $1")
}

// sqlOfSources returns every statement, and every condition that is put into one, of the product's sources.
func sqlOfSources(tables []proof.Table) (list []sourceText, err error) {
	all, err := sources()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = regexp.QuoteMeta(t.Name)
	}
	touches := regexp.MustCompile(`\btenant_id\b|\b(` + strings.Join(names, "|") + `)\b`)
	for _, f := range all {
		if f.test || slices.ContainsFunc(noProduct, func(p string) bool { return strings.HasPrefix(f.path, p) }) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			l, ok := n.(*ast.BasicLit)
			if !ok || l.Kind != token.STRING {
				return true
			}
			s, err := strconv.Unquote(l.Value)
			if err != nil || !statement.MatchString(s) && !condition.MatchString(s) || strings.Contains(s, "%w") {
				return true
			}
			x := sourceText{path: f.path, sql: strings.Join(strings.Fields(s), " "), tenants: touches.MatchString(s)}
			for _, p := range verb.Split(s, -1) {
				if p = asSent(p); p != "" {
					x.pieces = append(x.pieces, p)
				}
			}
			list = append(list, x)
			return true
		})
	}
	return list, nil
}

// in reports whether the text, its pieces in their order, stands in a statement.
func (x sourceText) in(sql string) bool {
	for _, p := range x.pieces {
		at := strings.Index(sql, p)
		if at < 0 {
			return false
		}
		sql = sql[at+len(p):]
	}
	return true
}

// allHeard compares what was heard with the SQL of the sources.
func allHeard(list []proof.Statement, tables []proof.Table) (wrong []error) {
	texts, err := sqlOfSources(tables)
	if err != nil {
		return []error{err}
	}
	var sent []string
	for _, s := range list {
		sent = append(sent, asSent(s.SQL))
	}
	excused := maps.Clone(unheard)
	var all, seen, tenants, tenantsSeen int
	for _, x := range texts {
		all++
		if x.tenants {
			tenants++
		}
		if slices.ContainsFunc(sent, x.in) {
			seen++
			if x.tenants {
				tenantsSeen++
			}
			continue
		}
		reason := ""
		for begin, why := range unheard {
			if x.tenants && strings.HasPrefix(x.path+": "+x.sql, begin) {
				reason = why
				delete(excused, begin)
			}
		}
		fmt.Printf("not heard: %s: %.160s %s\n", x.path, x.sql, reason)
		if x.tenants && reason == "" {
			wrong = append(wrong, fmt.Errorf("no test has the product send: %s: %s", x.path, x.sql))
		}
	}
	for begin := range excused {
		wrong = append(wrong, fmt.Errorf("listed as not heard, but heard or gone: %s", begin))
	}
	if tenants < 200 {
		wrong = append(wrong, fmt.Errorf("only %d texts of SQL on tenant tables: the test has lost its subject", tenants))
	}
	fmt.Printf("%d of %d texts of SQL in the sources were heard, %d of %d on tenant tables\n", seen, all, tenantsSeen, tenants)
	return wrong
}
