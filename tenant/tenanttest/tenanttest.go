// Package tenanttest gives a test a real, migrated database and a tenant of its own.
//
// A process of `go test` gets one PostgreSQL server (TXNG_DATABASE_URL, else one of its own from tenant/postgres) and
// one database in it, a clone of a template that is named after the hash of the migrations and made once. Tests of a
// package share that database and run in parallel; each works in tenants that nobody else has.
package tenanttest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/migrations"
	"txng/tenant"
	"txng/tenant/postgres"
	"txng/tenant/unit"
)

// Secret is the master secret of all test databases.
var Secret = []byte("txng test secret, 32 bytes or more")

// Env is a test's database and its fresh tenant.
type Env struct {
	DB     *tenant.DB
	Config tenant.Config // its URL signs in as the schema's owner
	Tenant tenant.Tenant
	Scope  tenant.Scope
}

// New returns the package's database with a fresh active tenant.
func New(t testing.TB) *Env {
	t.Helper()
	e := open(t, Database(t))
	e.Tenant, e.Scope = e.NewTenant(t)
	return e
}

// Alone is New in a database beside the package's, for a test of work that goes over all tenants.
func Alone(t testing.TB) *Env {
	t.Helper()
	e := open(t, Another(t))
	before := unit.Provinces(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))
	e.Tenant, e.Scope = e.NewProvince(t, before[len(before)-1].Ref)
	return e
}

func open(t testing.TB, c tenant.Config) *Env {
	t.Helper()
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return &Env{DB: db, Config: c}
}

var provinces, kept, chosen atomic.Int64

// keep is how many of today's provinces NewToday has.
const keep = 10

// NewTenant makes another tenant in the test's database: one of today's provinces at first, then one of before the
// mergers of 2025, then one that is no province.
func (e *Env) NewTenant(t testing.TB) (tenant.Tenant, tenant.Scope) {
	t.Helper()
	n := int(provinces.Add(1))
	all := unit.Provinces(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	all = append(all[:len(all)-keep], unit.Provinces(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))...)
	of := all[(n-1)%len(all)]
	ref := of.Ref.String()
	if n > len(all) {
		ref = "test" + strconv.Itoa(n)
	}
	return e.register(t, of, ref, n)
}

// NewToday makes another tenant that is one of today's provinces, for tests that need its communes. A package has ten.
func (e *Env) NewToday(t testing.TB) (tenant.Tenant, tenant.Scope) {
	t.Helper()
	n := int(kept.Add(1))
	if n > keep {
		t.Fatalf("the package asks for more than %d provinces of today", keep)
	}
	all := unit.Provinces(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	of := all[len(all)-n]
	return e.register(t, of, of.Ref.String(), 10_000+n)
}

// NewProvince makes another tenant that is a province of the caller's choice, in a database of the test's own (Alone)
// before any other but the first, which is Yên Bái as it was.
func (e *Env) NewProvince(t testing.TB, of unit.Ref) (tenant.Tenant, tenant.Scope) {
	t.Helper()
	u, ok := unit.ByRef(of)
	if !ok {
		t.Fatalf("there is no province %s", of)
	}
	return e.register(t, u, of.String(), 20_000+int(chosen.Add(1)))
}

func (e *Env) register(t testing.TB, of unit.Unit, ref string, n int) (tenant.Tenant, tenant.Scope) {
	t.Helper()
	ctx := t.Context()
	var made tenant.Tenant
	err := e.DB.Platform(ctx, func(tx tenant.Platform) (err error) {
		made, err = tenant.One[tenant.Tenant](ctx, tx, `
			insert into tenant.tenant (slug, name, unit, state, active_at, created_at)
			values ($1, $2, $3, 'active', $4, $4)
			returning id, slug, name, unit, state, colour, contact, domain, active_at, created_at`,
			fmt.Sprintf("t%d-%s", n, of.Slug), of.Name, ref, tx.Now())
		return err
	})
	if err != nil {
		t.Fatalf("make a tenant: %v", err)
	}
	e.DB.Forget()
	scope, err := e.DB.Scope(ctx, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	return made, scope
}

// Owner returns a connection as the schema's owner, past row security. For looking behind the doors.
func (e *Env) Owner(t testing.TB) *pgx.Conn { return connect(t, e.Config.URL) }

// As returns a connection as one of the login roles.
func (e *Env) As(t testing.TB, role string) *pgx.Conn {
	t.Helper()
	u, err := tenant.RoleURL(e.Config.URL, Secret, role)
	if err != nil {
		t.Fatal(err)
	}
	return connect(t, u)
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// Database returns the package's migrated database, empty at the start of the process.
func Database(t testing.TB) tenant.Config {
	t.Helper()
	url, err := database()
	if err != nil {
		t.Fatalf("prepare the test database: %v", err)
	}
	return tenant.Config{URL: url, Secret: Secret, MaxConns: 8}
}

// Another returns a migrated database beside the package's, empty too; it stays until the process ends.
func Another(t testing.TB) tenant.Config {
	t.Helper()
	Database(t) // first, because making it drops what processes of this number left behind
	url, err := newDatabase(strconv.Itoa(os.Getpid()) + "_" + strconv.FormatInt(provinces.Add(1), 10))
	if err != nil {
		t.Fatalf("prepare another test database: %v", err)
	}
	return tenant.Config{URL: url, Secret: Secret, MaxConns: 8}
}

// Empty returns a new database without any schema, dropped when the test ends.
func Empty(t testing.TB) tenant.Config {
	t.Helper()
	ctx := context.Background()
	base, err := server()
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("txng_empty_%d_%d", os.Getpid(), provinces.Add(1))
	conn := connect(t, withDatabase(base, "postgres"))
	if _, err := conn.Exec(ctx, "create database "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c, err := pgx.Connect(ctx, withDatabase(base, "postgres"))
		if err == nil {
			c.Exec(ctx, "drop database "+name+" with (force)")
			c.Close(ctx)
		}
	})
	return tenant.Config{URL: withDatabase(base, name), Secret: Secret}
}

// server returns the URL of the process's PostgreSQL, starting it when there is none.
var server = sync.OnceValues(func() (string, error) {
	if u := os.Getenv("TXNG_DATABASE_URL"); u != "" {
		return u, nil
	}
	// A place under the temporary folder holds a few clusters; a process takes the first that no other one runs. They
	// stay for the next run, with the template in them; the server ends with the process.
	base := filepath.Join(os.TempDir(), "txng-test-"+strconv.Itoa(os.Getuid()))
	for n := range 32 {
		s, err := postgres.Start(context.Background(), postgres.Options{Dir: filepath.Join(base, strconv.Itoa(n)), Test: true})
		if errors.Is(err, postgres.ErrInUse) {
			continue
		}
		if errors.Is(err, postgres.ErrOtherVersion) {
			if err := postgres.Remove(filepath.Join(base, strconv.Itoa(n))); err != nil {
				return "", err
			}
			s, err = postgres.Start(context.Background(), postgres.Options{Dir: filepath.Join(base, strconv.Itoa(n)), Test: true})
		}
		if err != nil {
			return "", err
		}
		return s.URL("postgres"), nil
	}
	return "", errors.New("32 test servers are running already")
})

// database clones the template into the process's database.
var database = sync.OnceValues(func() (string, error) { return newDatabase(strconv.Itoa(os.Getpid())) })

// newDatabase clones the template into a database whose name ends with the process's number, and more after "_".
func newDatabase(suffix string) (string, error) {
	ctx := context.Background()
	base, err := server()
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, withDatabase(base, "postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	// One process at a time: roles and templates belong to the whole server.
	if _, err := conn.Exec(ctx, "select pg_advisory_lock(7479)"); err != nil {
		return "", err
	}
	template := "txng_template_" + hash()
	var ready bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", template).Scan(&ready); err != nil {
		return "", err
	}
	if !ready {
		if err := makeTemplate(ctx, conn, base, template); err != nil {
			return "", err
		}
	}
	if !strings.Contains(suffix, "_") { // the process's first: none is its own yet
		if err := dropStale(ctx, conn, template); err != nil {
			return "", err
		}
	}
	name := testPrefix() + suffix
	_, err = conn.Exec(ctx, "create database "+name+" template "+template+" strategy file_copy")
	return withDatabase(base, name), err
}

// makeTemplate migrates a new database and renames it when it is complete.
func makeTemplate(ctx context.Context, conn *pgx.Conn, base, template string) error {
	draft := template + "_draft"
	if _, err := conn.Exec(ctx, "drop database if exists "+draft+" with (force)"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "create database "+draft); err != nil {
		return err
	}
	if err := tenant.Migrate(ctx, tenant.Config{URL: withDatabase(base, draft), Secret: Secret}, -1); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, "alter database "+draft+" rename to "+template)
	return err
}

// dropStale removes databases of processes of this machine that have ended and, on a server of our own, templates of
// other migrations.
func dropStale(ctx context.Context, conn *pgx.Conn, template string) error {
	rows, err := conn.Query(ctx, `
		select datname
		from pg_database d
		where (datname ^@ 'txng_template_' and datname <> $1 or datname ^@ $2)
		and not exists (select from pg_stat_activity a where a.datname = d.datname)`, template, testPrefix())
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		pid, ours := strings.CutPrefix(name, testPrefix())
		pid, _, _ = strings.Cut(pid, "_")
		if ours && alive(pid) || !ours && os.Getenv("TXNG_DATABASE_URL") != "" {
			continue
		}
		if _, err := conn.Exec(ctx, "drop database if exists "+name+" with (force)"); err != nil {
			return err
		}
	}
	return nil
}

// testPrefix begins the names of the databases of this machine's processes.
func testPrefix() string {
	host, _ := os.Hostname()
	sum := sha256.Sum256([]byte(host))
	return "txng_test_" + hex.EncodeToString(sum[:4]) + "_"
}

// alive reports whether another process of this machine has the number.
func alive(pid string) bool {
	n, err := strconv.Atoi(pid)
	if err != nil || n == os.Getpid() {
		return false
	}
	p, err := os.FindProcess(n)
	return err == nil && p.Signal(syscall.Signal(0)) == nil
}

// hash names the state of the migrations, and of what Migrate does beside them.
func hash() string {
	h := sha256.New()
	names, _ := fs.Glob(migrations.FS, "*.sql")
	for _, name := range names {
		text, _ := fs.ReadFile(migrations.FS, name)
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

func withDatabase(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	u.Path = "/" + name
	return strings.TrimSuffix(u.String(), "?")
}
