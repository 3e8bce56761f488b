//go:build unix

package postgres

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/tenant/fault"
)

// TestMain lets the test binary be a process that owns a server: it prints the ids of the server and of its guard, and
// waits to be killed.
func TestMain(m *testing.M) {
	dir := os.Getenv("TXNG_TEST_OWN")
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := Start(context.Background(), Options{Dir: dir, Test: true})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	fmt.Println(s.process.Pid, childNamed("sh"))
	select {}
}

// childNamed finds a child of this process by its program, Linux only.
func childNamed(name string) int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, _ := os.ReadFile(stat)
		fields := strings.Fields(string(text))
		if len(fields) > 3 && fields[1] == "("+name+")" && fields[3] == strconv.Itoa(os.Getpid()) {
			pid, _ := strconv.Atoi(fields[0])
			return pid
		}
	}
	return 0
}

// folder is a data folder that any account can reach, when in is ""; it is removed with its cluster.
func folder(t *testing.T) string {
	t.Helper()
	if _, err := Find(); err != nil {
		t.Skip("SKIPPED, NOTHING IS TESTED: ", err)
	}
	base, err := os.MkdirTemp("", "txng-postgres-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(base, 0o711); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(base, "cluster")
	t.Cleanup(func() {
		if err := Remove(dir); err != nil && !errors.Is(err, ErrNotOurs) {
			t.Errorf("Remove: %v", err)
		}
		os.RemoveAll(base)
	})
	return dir
}

func mustStart(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Start(t.Context(), Options{Dir: dir, Test: true})
	if err != nil {
		t.Fatalf("Start: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
	return s
}

func run(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connecting: %v", err)
	}
	defer conn.Close(t.Context())
	results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if last := results[len(results)-1]; len(last.Rows) > 0 {
		return string(last.Rows[0][0])
	}
	return ""
}

func wantSays(t *testing.T, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got error %v, want kind %v", err, kind)
	}
	for _, word := range words {
		if !strings.Contains(fault.Message(err), word) {
			t.Errorf("message %q lacks %q", fault.Message(err), word)
		}
	}
}

func TestDataOutlivesRestartsKilledServersAndStalePids(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := mustStart(t, dir)
	run(t, s.URL("postgres"), `create database "tỉnh"`)
	run(t, s.URL("tỉnh"), "create table kept (n int); insert into kept values (42)")
	if got := s.Version(); got < 150000 || got > 990000 {
		t.Errorf("Version() = %d, want server_version_num", got)
	}
	if got, _ := Location(dir); got != s.Dir() || got != dir {
		t.Errorf("Location = %s, Dir() = %s, want both %s", got, s.Dir(), dir)
	}
	for setting, want := range map[string]string{
		"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "server_encoding": "UTF8", "password_encryption": "scram-sha-256",
	} {
		if got := run(t, s.URL("postgres"), "show "+setting); got != want {
			t.Errorf("%s = %q, want %q", setting, got, want)
		}
	}
	wrong := strings.Replace(s.URL("postgres"), s.password, "wrong", 1)
	if conn, err := pgx.Connect(t.Context(), wrong); err == nil {
		conn.Close(t.Context())
		t.Error("a wrong password was let in")
	}
	if info, err := os.Stat(filepath.Join(dir, "password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("password file: %v %v, want mode 0600", info, err)
	}

	_, err := Start(t.Context(), Options{Dir: dir, Test: true})
	wantSays(t, err, ErrInUse, strconv.Itoa(os.Getpid()))
	wantSays(t, Remove(dir), ErrInUse)

	for range 2 {
		if err := s.Stop(); err != nil {
			t.Fatalf("Stop: %v", err)
		}
	}
	if isPostmaster(s.process.Pid, filepath.Join(dir, "data")) {
		t.Fatal("the server runs after Stop")
	}

	// An unrelated living process, of the server's account, that has got the id of a dead server.
	who, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	stranger := who.command(context.Background(), "sleep", "60")
	if err := stranger.Start(); err != nil {
		t.Fatal(err)
	}
	defer stranger.Wait()
	defer stranger.Process.Kill()
	stale := fmt.Sprintf("%d\n%s\n1700000000\n5432\n\n127.0.0.1\n  12345678     99999\nready   \n", stranger.Process.Pid, filepath.Join(dir, "data"))
	if err := os.WriteFile(filepath.Join(dir, "data", "postmaster.pid"), []byte(stale), 0o644); err != nil {
		t.Fatal(err)
	}
	s = mustStart(t, dir)
	if got := run(t, s.URL("tỉnh"), "select n from kept"); got != "42" {
		t.Fatalf("after a stale postmaster.pid: got %q, want 42", got)
	}
	if err := stranger.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the unrelated process was hit: %v", err)
	}

	run(t, s.URL("tỉnh"), "update kept set n = 43")
	s.process.Kill()
	<-s.exited
	if err := s.Stop(); err != nil {
		t.Errorf("Stop of a killed server: %v", err)
	}
	s = mustStart(t, dir)
	if got := run(t, s.URL("tỉnh"), "select n from kept"); got != "43" {
		t.Fatalf("after kill -9 of the server: got %q, want 43", got)
	}
	s.Stop()

	if err := os.WriteFile(filepath.Join(dir, "data", "PG_VERSION"), []byte("12\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Start(t.Context(), Options{Dir: dir, Test: true})
	wantSays(t, err, ErrOtherVersion, "PostgreSQL 12", fmt.Sprintf("PostgreSQL %d", s.Version()/10000), "TXNG_PG_BIN", "--reset")

	if err := Remove(dir); err != nil || exists(dir) {
		t.Errorf("Remove: %v, folder still there: %v", err, exists(dir))
	}
}

// owner starts a process that owns a server of dir, and returns it with the ids of the server and its guard.
func owner(t *testing.T, dir string) (cmd *exec.Cmd, server, guard int) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TXNG_TEST_OWN="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	if _, err := fmt.Sscan(line, &server, &guard); err != nil {
		t.Fatalf("owner said %q", line)
	}
	return cmd, server, guard
}

func TestServerEndsWithKilledOwnerAndDataIsKept(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := mustStart(t, dir)
	run(t, s.URL("postgres"), "create table kept as select 7 as n")
	s.Stop()
	data := filepath.Join(s.Dir(), "data")

	cmd, server, _ := owner(t, dir)
	_, err := Start(t.Context(), Options{Dir: dir, Test: true})
	wantSays(t, err, ErrInUse, "đang được tiến trình "+strconv.Itoa(cmd.Process.Pid))
	cmd.Process.Kill()
	cmd.Wait()
	for deadline := time.Now().Add(10 * time.Second); isPostmaster(server, data); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("server %d outlived its owner", server)
		}
	}

	cmd, server, guard := owner(t, dir)
	if guard > 0 { // without its guard the server is an orphan
		syscall.Kill(guard, syscall.SIGKILL)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if guard > 0 && !isPostmaster(server, data) {
		t.Fatal("the server of this case should have become an orphan")
	}
	s = mustStart(t, dir)
	if isPostmaster(server, data) || s.process.Pid == server {
		t.Error("the orphan was not replaced")
	}
	if got := run(t, s.URL("postgres"), "select n from kept"); got != "7" {
		t.Errorf("got %q, want 7", got)
	}
}

func TestClusterOfUnreachableFolderLivesElsewhere(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root runs the server as another account")
	}
	dir := filepath.Join(filepath.Dir(folder(t)), "private", "cluster")
	if err := os.Mkdir(filepath.Dir(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	before, err := Location(dir)
	if err != nil || !strings.HasPrefix(before, varHome+"/") {
		t.Fatalf("Location = %s, %v, want one in %s", before, err, varHome)
	}
	t.Cleanup(func() { Remove(dir); os.RemoveAll(before) })
	var log bytes.Buffer
	s, err := Start(t.Context(), Options{Dir: dir, Test: true, Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	if s.Dir() != before || !strings.Contains(log.String(), before) {
		t.Errorf("Dir() = %s, want %s; log %q", s.Dir(), before, log.String())
	}
	s.Stop()
	// Reached from now on, and at another path: the pointer still leads to the cluster.
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil {
		t.Fatal(err)
	}
	moved := dir + "-moved"
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if after, _ := Location(moved); after != before {
		t.Errorf("Location after a move = %s, want %s", after, before)
	}
	if err := Remove(moved); err != nil || exists(before) || exists(moved) {
		t.Errorf("Remove: %v, cluster there: %v, pointer there: %v", err, exists(before), exists(moved))
	}
}

func TestForeignFolderIsRefusedAndUntouched(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	letter := filepath.Join(dir, "thư.txt")
	if err := os.WriteFile(letter, []byte("quan trọng"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir, Test: true})
	wantSays(t, err, ErrNotOurs, dir)
	wantSays(t, Remove(dir), ErrNotOurs, dir)
	entries, _ := os.ReadDir(dir)
	if text, _ := os.ReadFile(letter); string(text) != "quan trọng" || len(entries) != 1 {
		t.Errorf("the folder was changed: %v, %q", entries, text)
	}
}

func TestFolderOfAnotherUserIsRefused(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: only root can make a folder of another user")
	}
	dir := folder(t)
	if err := errors.Join(os.Mkdir(dir, 0o755), os.Chown(dir, 4321, 4321)); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir, Test: true})
	wantSays(t, err, ErrNoAccess, "4321")
	os.Remove(dir)
}

func TestServerThatCannotStartShowsItsLog(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	s := mustStart(t, dir)
	s.Stop()
	conf := filepath.Join(s.Dir(), "data", "postgresql.conf")
	if err := os.WriteFile(conf, []byte("no_such_setting = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: dir, Test: true})
	wantSays(t, err, ErrNotStarted, "no_such_setting")
	held, err := lock(s.Dir())
	if err != nil {
		t.Fatalf("the lock is kept after a failed start: %v", err)
	}
	release(held)
}

func TestHalfMadeClusterIsMadeAnew(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	half, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for half.Err() == nil {
			if begun, _ := filepath.Glob(filepath.Join(dir, stagePrefix+"*", "PG_VERSION")); len(begun) > 0 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := Start(half, Options{Dir: dir, Test: true}); err == nil {
		t.Fatal("initdb was not interrupted")
	}
	if exists(filepath.Join(dir, "data")) {
		t.Error("an interrupted initdb left a cluster")
	}
	if err := os.Mkdir(filepath.Join(dir, stagePrefix+"dead"), 0o700); err != nil {
		t.Fatal(err)
	}
	mustStart(t, dir)
	if exists(filepath.Join(dir, stagePrefix+"dead")) {
		t.Error("the remains of an earlier initdb were left")
	}
}

func TestOrdinaryAccountOwnsItsCluster(t *testing.T) {
	t.Parallel()
	who, err := unprivileged()
	if err != nil || !who.switched {
		t.Skip("SKIPPED: only root can become an ordinary account")
	}
	dir := folder(t)
	binary := filepath.Join(filepath.Dir(dir), "owner")
	// cp, since a file this process has written may be held open by a child of another test, and so not be run.
	if err := errors.Join(exec.Command("cp", os.Args[0], binary).Run(), os.Mkdir(dir, 0o700), os.Chown(dir, who.uid, who.gid)); err != nil {
		t.Fatal(err)
	}
	cmd := who.command(t.Context(), binary)
	cmd.Env = append(cmd.Env, "TXNG_TEST_OWN="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	cmd.Process.Kill()
	cmd.Wait()
	var server, guard int
	if _, err := fmt.Sscan(line, &server, &guard); err != nil {
		t.Errorf("owner said %q", line)
	}
	for deadline := time.Now().Add(10 * time.Second); isPostmaster(server, filepath.Join(dir, "data")) && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	os.RemoveAll(dir) // root's Remove rightly refuses another user's folder
}
