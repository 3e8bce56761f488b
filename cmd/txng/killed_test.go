package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
	"txng/tenant/tenanttest"
)

const asProgram = "TXNG_TEST_ARGUMENTS"

// TestMain runs the tests, or is the program in a process of its own, for tests that kill it.
func TestMain(m *testing.M) {
	text := os.Getenv(asProgram)
	if text == "" {
		os.Exit(m.Run())
	}
	var args []string
	if err := json.Unmarshal([]byte(text), &args); err != nil {
		panic(err)
	}
	os.Exit(run(context.Background(), args, os.Stdout, os.Stderr))
}

// killed runs the program and kills it as soon as it is in the middle. It reports false when the program was quicker.
func killed(t *testing.T, middle func() bool, args ...string) bool {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), asProgram+"="+string(text))
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	deadline := time.After(time.Minute)
	for {
		select {
		case err := <-ended:
			t.Logf("%v ended before it was in the middle: %v %s", args[:2], err, said.String())
			return false
		case <-deadline:
			_ = c.Process.Kill()
			t.Fatalf("%v is not in the middle after a minute: %s", args[:2], said.String())
		default:
		}
		if middle() {
			_ = c.Process.Kill()
			<-ended
			return true
		}
		time.Sleep(time.Millisecond)
	}
}

// TestExportWithoutRoomSaysSoAndLeavesNothing exports where a file cannot grow beyond 32 KB, as on a disk that is full.
func TestExportWithoutRoomSaysSoAndLeavesNothing(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("SKIPPED: no sh is installed here that limits the size of files: a full disk is NOT tried")
	}
	c := tenanttest.Empty(t)
	end := []string{"--database-url", c.URL, "--secret", base64.StdEncoding.EncodeToString(tenanttest.Secret)}
	for _, args := range [][]string{{"migrate"}, {"tenant", "create", "--province", "40", "--name", "Trần Thị Hoa", "--email", "hoa@nghean.vn", "--password", "mat khau tam thoi"}} {
		if code, said := command(t, append(args, end...)...); code != 0 {
			t.Fatal(said)
		}
	}
	conn, err := pgx.Connect(t.Context(), c.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), `
		insert into audit.entry (tenant_id, id, at, account_id, who, role, action, subject, subject_id, what)
		select id, n, now(), 1, 'Trần Thị Hoa', 'dost_admin', 'organization.approved', 'organization', n, repeat(md5(n::text), 6)
		from tenant.tenant, generate_series(1, 30000) n`); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	text, err := json.Marshal(append([]string{"tenant", "export", "--slug", "nghe-an", "--out", filepath.Join(folder, "nghe-an.tar.gz")}, end...))
	if err != nil {
		t.Fatal(err)
	}
	p := exec.CommandContext(t.Context(), sh, "-c", `ulimit -f 64; exec "$0"`, os.Args[0])
	p.Env = append(os.Environ(), asProgram+"="+string(text))
	said, err := p.CombinedOutput()
	if p.ProcessState.ExitCode() != 1 || !strings.Contains(string(said), "đầy") || strings.Contains(string(said), ".part") {
		t.Errorf("exit code %d, %v: %s; want 1 and a sentence", p.ProcessState.ExitCode(), err, said)
	}
	if left, _ := os.ReadDir(folder); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestKilledCommandsLeaveAllOrNothing kills -9 an export, an import and a deletion of 100,000 rows in their middle. A
// file is at its place whole or not at all, a province is there whole or not at all, and the command given again ends well.
func TestKilledCommandsLeaveAllOrNothing(t *testing.T) {
	secret := base64.StdEncoding.EncodeToString(tenanttest.Secret)
	source, target := tenanttest.Empty(t), tenanttest.Empty(t)
	with := func(c tenant.Config, args ...string) []string {
		return append(args, "--database-url", c.URL, "--secret", secret)
	}
	must := func(args []string) string {
		t.Helper()
		code, said := command(t, args...)
		if code != 0 {
			t.Fatalf("%v: %d %s", args[:2], code, said)
		}
		return said
	}
	connect := func(c tenant.Config) *pgx.Conn {
		t.Helper()
		conn, err := pgx.Connect(t.Context(), c.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(context.Background()) })
		return conn
	}
	number := func(conn *pgx.Conn, sql string) (n int64) {
		t.Helper()
		if err := conn.QueryRow(t.Context(), sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	alone := func(conn *pgx.Conn) { // what the killed one had asked for has ended
		t.Helper()
		for end := time.Now().Add(time.Minute); number(conn, "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()") > 0; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the database still works for the killed process")
			}
		}
	}
	must(with(source, "migrate"))
	must(with(target, "migrate"))
	must(with(source, "tenant", "create", "--province", "40", "--name", "Trần Thị Hoa", "--email", "hoa@nghean.vn", "--password", "mat khau tam thoi"))
	from, to := connect(source), connect(target)
	if _, err := from.Exec(t.Context(), `
		insert into audit.entry (tenant_id, id, at, account_id, who, role, action, subject, subject_id, what)
		select id, n, now(), 1, 'Trần Thị Hoa', 'dost_admin', 'organization.approved', 'organization', n, 'Duyệt hồ sơ số ' || n || repeat(md5(n::text), 6)
		from tenant.tenant, generate_series(1, 100000) n`); err != nil {
		t.Fatal(err)
	}
	const rows = "select count(*) from audit.entry"
	before := number(from, rows)

	folder := t.TempDir()
	file := filepath.Join(folder, "nghe-an.tar.gz")
	began := func() bool {
		parts, _ := filepath.Glob(file + ".*.part")
		if len(parts) == 0 {
			return false
		}
		info, err := os.Stat(parts[len(parts)-1])
		return err == nil && info.Size() > 1<<20
	}
	if killed(t, began, with(source, "tenant", "export", "--slug", "nghe-an", "--out", file)...) {
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("a killed export has left a file at its place: %v", err)
		}
	} else {
		t.Error("the export was not killed in its middle")
	}
	_ = os.Remove(file)
	must(with(source, "tenant", "export", "--slug", "nghe-an", "--out", file))
	must([]string{"tenant", "check", file})

	copying := func() bool {
		return number(to, "select count(*) from pg_stat_progress_copy where tuples_processed > 20000") > 0
	}
	if !killed(t, copying, with(target, "tenant", "import", file)...) {
		t.Error("the import was not killed in its middle")
	}
	alone(to)
	if n := number(to, rows) + number(to, "select count(*) from tenant.tenant") + number(to, "select count(*) from authz.account"); n != 0 {
		t.Errorf("a killed import has left %d rows", n)
	}
	must(with(target, "tenant", "import", file))
	if n := number(to, rows); n < before {
		t.Errorf("imported again: %d rows, want %d", n, before)
	}
	if found, err := tenant.Inspect(t.Context(), to); err != nil || len(found) > 0 {
		t.Errorf("isolation after a killed import and another: %v, %v", found, err)
	}

	if _, err := from.Exec(t.Context(), "update tenant.tenant set state = 'archived'"); err != nil {
		t.Fatal(err)
	}
	last := filepath.Join(folder, "last.tar.gz")
	must(with(source, "tenant", "export", "--slug", "nghe-an", "--out", last))
	before = number(from, rows)
	archives := filepath.Join(folder, "archives")
	asked := filepath.Join(archives, "1", "7.tar.gz")
	if err := os.MkdirAll(filepath.Dir(asked), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(asked, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	deletion := with(source, "tenant", "delete", "--slug", "nghe-an", "--archive", last, "--confirm", "nghe-an", "--archive-folder", archives)
	deleting := func() bool {
		return number(from, "select count(*) from pg_stat_activity where datname = current_database() and query like 'delete from%'") > 0
	}
	if !killed(t, deleting, deletion...) {
		t.Error("the deletion was not killed in its middle")
	}
	alone(from)
	left, province := number(from, rows), number(from, "select count(*) from tenant.tenant")
	if left != before || province != 1 {
		t.Errorf("a killed deletion has left %d of %d rows and %d of 1 provinces", left, before, province)
	}
	if found, err := tenant.Inspect(t.Context(), from); err != nil || len(found) > 0 {
		t.Errorf("isolation after a killed deletion: %v, %v", found, err)
	}
	if said := must(deletion); !strings.Contains(said, "còn 0 dòng") {
		t.Errorf("deleted again: %s", said)
	}
	if _, err := os.Stat(asked); !os.IsNotExist(err) {
		t.Errorf("the province's archives on the site are still there: %v", err)
	}
	if n := number(from, "select count(*) from audit.entry where tenant_id <> 0"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			t.Logf("left: %s", filepath.Base(path))
		}
		return nil
	})
}
