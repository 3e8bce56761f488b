//go:build unix

package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"txng/tenant/fault"
)

// Server is a running PostgreSQL that ends with this process.
type Server struct {
	home     string
	port     int
	password string
	version  int
	process  *os.Process
	exited   chan struct{} // closed when process has ended
	owned    *os.File      // the lock
	stop     func() error
}

// Start starts the server of a data folder, making the cluster at the first time, and returns when it takes
// connections. ctx bounds the start only; without a deadline it gets two minutes. Whatever ends this process, kill -9
// included, ends the server; what a killed server leaves is recovered at the next Start.
// Errors: ErrNoPostgres, ErrOtherVersion, ErrNotOurs, ErrInUse, ErrNoAccess, ErrNotStarted.
func Start(ctx context.Context, o Options) (*Server, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
		defer cancel()
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.places == nil {
		o.places = systemPlaces()
	}
	who, err := unprivileged()
	if err != nil {
		return nil, err
	}
	home, err := settle(o.Dir, who, o.Log)
	if err != nil {
		return nil, err
	}
	owned, err := lock(home)
	if err != nil {
		return nil, err
	}
	server, err := start(ctx, o, who, home)
	if err != nil {
		release(owned)
		return nil, err
	}
	server.owned = owned
	return server, nil
}

// settle makes a data folder and the home of its cluster ours, and returns the home.
func settle(dir string, who account, log io.Writer) (string, error) {
	home, err := Location(dir)
	if err != nil {
		return "", err
	}
	dir, err = resolve(dir)
	if err != nil {
		return "", err
	}
	if err := claim(dir, home); err != nil {
		return "", err
	}
	if home == dir {
		return home, nil
	}
	fmt.Fprintf(log, "Tài khoản “%s” chạy PostgreSQL không vào được %s, nên cụm dữ liệu nằm ở %s.\n", who.name, dir, home)
	return home, claim(home, home)
}

// start makes and starts the cluster of a home that the caller has locked.
func start(ctx context.Context, o Options, who account, home string) (*Server, error) {
	data := filepath.Join(home, "data")
	if err := stopOrphan(data); err != nil {
		return nil, err
	}
	if err := removeStages(home); err != nil {
		return nil, err
	}
	major, err := clusterMajor(data)
	if err != nil {
		return nil, err
	}
	places := *o.places
	if o.Bin != "" {
		places.env = o.Bin
	}
	bin, err := places.installedOrDownloaded(ctx, who, major, o.Log)
	if err != nil {
		return nil, err
	}
	switch major {
	case 0:
		fmt.Fprintf(o.Log, "Đang tạo cụm PostgreSQL %d mới ở %s …\n", bin.Major, home)
		if err := create(ctx, bin, who, home, o.Test); err != nil {
			return nil, err
		}
	case bin.Major:
		if err := own(data, who); err != nil {
			return nil, err
		}
	default:
		return nil, fault.Say(ErrOtherVersion, "Cụm dữ liệu %s thuộc PostgreSQL %d, còn bản tìm thấy là PostgreSQL %d (%s). Hãy cài PostgreSQL %d "+
			"hoặc đặt TXNG_PG_BIN trỏ tới bản đó; nếu không cần dữ liệu cũ thì xóa cụm bằng --reset.", home, major, bin.Major, bin.Dir, major)
	}
	secret, err := os.ReadFile(filepath.Join(home, "password"))
	if err != nil {
		return nil, fault.Say(ErrNoAccess, "Không đọc được mật khẩu của cụm dữ liệu: %v. Hãy khôi phục tệp này, hoặc xóa cụm bằng --reset.", err)
	}
	for {
		server := &Server{home: home, password: strings.TrimSpace(string(secret)), exited: make(chan struct{})}
		log, err := openLog(home)
		if err != nil {
			return nil, noAccess(home, err)
		}
		err = server.launch(ctx, bin, who, log, o.Test)
		log.Close()
		if err == nil {
			return server, nil
		}
		tail := logTail(home)
		if ctx.Err() != nil || !passing(tail) {
			return nil, fault.Say(ErrNotStarted, "PostgreSQL không khởi động được (%v). Cuối nhật ký %s:\n%s", err, filepath.Join(home, "server.log"), tail)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// passing tells from the log of a server that ended at once whether the next try may succeed: its port was taken
// meanwhile, or backends of a killed server are about to end.
func passing(log string) bool {
	return strings.Contains(log, "could not create any TCP/IP sockets") || strings.Contains(log, "is still in use")
}

// clusterMajor is the major version of a cluster, 0 when there is none.
func clusterMajor(data string) (int, error) {
	if !exists(data) {
		return 0, nil
	}
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0, noAccess(data, err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || major == 0 {
		return 0, fault.Say(ErrOtherVersion, "Không nhận ra phiên bản PostgreSQL %q của cụm dữ liệu %s.", bytes.TrimSpace(text), data)
	}
	return major, nil
}

// own sees to it that the cluster belongs to the account, whose id may differ after a move to another machine.
func own(data string, who account) error {
	err := checkOwner(data, who.uid)
	if err == nil || !who.switched {
		return err
	}
	return filepath.WalkDir(data, func(path string, _ fs.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(path, who.uid, who.gid))
	})
}

// create makes the cluster beside its final place and moves it there when it is whole.
func create(ctx context.Context, bin Binaries, who account, home string, test bool) error {
	stage, err := os.MkdirTemp(home, stagePrefix+"*")
	if err != nil {
		return noAccess(home, err)
	}
	defer os.RemoveAll(stage)
	password := rand.Text()
	handed := stage + ".password" // what initdb reads; ours is closed to the account
	defer os.Remove(handed)
	if err := errors.Join(
		os.WriteFile(filepath.Join(home, "password"), []byte(password+"\n"), 0o600),
		os.WriteFile(handed, []byte(password+"\n"), 0o600),
	); err != nil {
		return noAccess(home, err)
	}
	if who.switched {
		if err := errors.Join(os.Chown(stage, who.uid, who.gid), os.Chown(handed, who.uid, who.gid)); err != nil {
			return noAccess(home, err)
		}
	}
	args := []string{"-D", stage, "-U", "postgres", "--pwfile=" + handed, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums"}
	if test {
		args = append(args, "--no-sync")
	}
	if out, err := who.command(ctx, filepath.Join(bin.Dir, "initdb"), args...).CombinedOutput(); err != nil {
		return fault.Say(ErrNotStarted, "Không tạo được cụm dữ liệu PostgreSQL (%v):\n%s", err, out)
	}
	if err := os.Rename(stage, filepath.Join(home, "data")); err != nil {
		return noAccess(home, err)
	}
	return nil
}

// guard ends the server when we end: its input is a pipe whose only writer is this process, so that the second read
// meets the end of the pipe when this process is gone, and a line when the server was stopped in good order.
const guard = `trap '' INT TERM HUP
read -r pid || exit 0
read -r _ && exit 0
kill -INT "$pid"`

// launch runs the server and waits until it takes connections; on error nothing is left running.
func (s *Server) launch(ctx context.Context, bin Binaries, who account, log *os.File, test bool) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	s.port = port
	held, line, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("making a pipe: %w", err)
	}
	watch := who.command(context.Background(), "/bin/sh", "-c", guard)
	watch.Stdin = held
	err = watch.Start()
	held.Close()
	if err != nil {
		line.Close()
		return fmt.Errorf("starting the guard: %w", err)
	}
	settings := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port), "unix_socket_directories=",
		"log_destination=stderr", "logging_collector=off", "lc_messages=C",
	}
	if test {
		settings = append(settings, "fsync=off", "full_page_writes=off", "shared_buffers=32MB")
	}
	args := []string{"-D", filepath.Join(s.home, "data")}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	cmd := who.command(context.Background(), filepath.Join(bin.Dir, "postgres"), args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		line.Close()
		watch.Wait()
		return fmt.Errorf("starting postgres: %w", err)
	}
	fmt.Fprintln(line, cmd.Process.Pid)
	s.process = cmd.Process
	s.stop = sync.OnceValue(s.shutDown)
	go func() {
		cmd.Wait()
		fmt.Fprintln(line)
		line.Close()
		watch.Wait()
		close(s.exited)
	}()
	if err := s.await(ctx); err != nil {
		s.Stop()
		return err
	}
	return nil
}

// await connects until the server answers, ends, or ctx does, and notes its version.
func (s *Server) await(ctx context.Context) error {
	for {
		err := s.ask(ctx)
		if err == nil {
			return nil
		}
		var refused *pgconn.PgError
		if errors.As(err, &refused) && strings.HasPrefix(refused.Code, "28") { // wrong password: waiting does not help
			return err
		}
		select {
		case <-s.exited:
			return errors.New("postgres ended")
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(30 * time.Millisecond):
		}
	}
}

func (s *Server) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&s.version)
}

// URL is the connection URL of a database as superuser, password included; it is valid until Stop.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword("postgres", s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Version is PostgreSQL's server_version_num, such as 150020.
func (s *Server) Version() int { return s.version }

// Dir is the home of the cluster, as Location gives it; PGDATA is its folder "data".
func (s *Server) Dir() string { return s.home }

// Stop ends the server, cutting its connections, and gives the cluster free. Later calls return what the first did.
func (s *Server) Stop() error { return s.stop() }

func (s *Server) shutDown() error {
	if s.owned != nil {
		defer release(s.owned)
	}
	for _, step := range []struct {
		signal  syscall.Signal
		patient time.Duration
	}{
		{syscall.SIGINT, 30 * time.Second}, // fast: roll back, checkpoint
		{syscall.SIGQUIT, 5 * time.Second}, // immediate: recovery at the next start
		{syscall.SIGKILL, 5 * time.Second},
	} {
		if err := s.process.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stopping postgres: %w", err)
		}
		select {
		case <-s.exited:
			return nil
		case <-time.After(step.patient):
		}
	}
	return errors.New("stopping postgres: still running")
}

// freePort is a TCP port that is free on the loopback address now.
func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// openLog starts a new server log and keeps the one before.
func openLog(home string) (*os.File, error) {
	path := filepath.Join(home, "server.log")
	if err := os.Rename(path, path+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// logTail is the last lines of the server log.
func logTail(home string) string {
	text, _ := os.ReadFile(filepath.Join(home, "server.log"))
	return string(text[max(0, len(text)-2000):])
}
