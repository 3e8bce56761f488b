//go:build unix

package postgres

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"txng/tenant/fault"
)

const (
	marker      = "txng-postgres"
	stagePrefix = "data.init-"    // of unfinished clusters
	varHome     = "/var/lib/txng" // homes of clusters whose own folder the server's account cannot reach; root only
)

// account is who runs PostgreSQL, which refuses to run as root.
type account struct {
	name     string
	uid, gid int
	switched bool // from root to this account
}

func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		return account{name: "uid " + strconv.Itoa(os.Geteuid()), uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(found.Uid)
		gid, err2 := strconv.Atoi(found.Gid)
		return account{name, uid, gid, true}, errors.Join(err1, err2)
	}
	return account{}, fault.Say(ErrNoAccess, "PostgreSQL không chạy được bằng tài khoản root mà máy không có tài khoản “postgres” hay “nobody”. Hãy chạy chương trình bằng một tài khoản thường.")
}

// command is a program run as the account, in a session of its own so that Ctrl-C in a terminal reaches only us, with
// nothing of our environment that is secret or meant for a client.
func (a account) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"LC_ALL=C"}
	for _, name := range []string{"PATH", "TZ", "TMPDIR", "LD_LIBRARY_PATH"} {
		if value, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if a.switched {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// reaches tells whether the account can enter the folder, or the deepest one above it that exists.
func (a account) reaches(dir string) bool {
	if !a.switched {
		return true
	}
	for !exists(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	return a.command(context.Background(), "/bin/sh", "-c", `cd -- "$1"`, "sh", dir).Run() == nil
}

// Location is the home of the cluster for a data folder, now or once started: the folder itself (absolute, without
// symbolic links), or one in /var/lib/txng where we are root and the server's account cannot reach that folder.
func Location(dir string) (string, error) {
	dir, err := resolve(dir)
	if err != nil {
		return "", err
	}
	if exists(filepath.Join(dir, "data")) {
		return dir, nil
	}
	text, _ := os.ReadFile(filepath.Join(dir, marker))
	if _, home, _ := strings.Cut(strings.TrimSpace(string(text)), "\n"); filepath.IsAbs(home) {
		return home, nil
	}
	who, err := unprivileged()
	if err != nil {
		return "", err
	}
	if who.reaches(dir) {
		return dir, nil
	}
	return filepath.Join(varHome, fmt.Sprintf("%x", sha256.Sum256([]byte(dir)))[:12]), nil
}

// resolve makes a path absolute and follows the symbolic links of the part that exists.
func resolve(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("no data folder given")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("resolving %s: %w", dir, err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err == nil || !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
		return real, err
	}
	above, err := resolve(filepath.Dir(dir))
	return filepath.Join(above, filepath.Base(dir)), err
}

// claim makes a folder ours: makes it or takes an empty one, and leaves the marker with the home it points to.
// Errors: ErrNotOurs, ErrNoAccess.
func claim(dir, home string) error {
	if err := makeDirs(dir); err != nil {
		return noAccess(dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return noAccess(dir, err)
	}
	if err := checkOwner(dir, os.Geteuid()); err != nil {
		return err
	}
	if exists(filepath.Join(dir, marker)) {
		return nil
	}
	if len(entries) > 0 {
		return fault.Say(ErrNotOurs, "Thư mục %s đã có dữ liệu khác, không phải do chương trình này tạo. Hãy chọn một thư mục trống hoặc chưa có; không có gì bị thay đổi.", dir)
	}
	text := "txng postgres\n"
	if home != dir {
		text += home + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, marker), []byte(text), 0o644); err != nil {
		return noAccess(dir, err)
	}
	return nil
}

// makeDirs makes a folder and those above it: passable by the server's account when we are root, else ours alone.
func makeDirs(dir string) error {
	if exists(dir) {
		return nil
	}
	if err := makeDirs(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if os.Geteuid() == 0 {
		return os.Chmod(dir, 0o711) // whatever the umask
	}
	return nil
}

func checkOwner(path string, uid int) error {
	info, err := os.Stat(path)
	if err != nil {
		return noAccess(path, err)
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != uid {
		return fault.Say(ErrNoAccess, "Thư mục %s thuộc người dùng khác (uid %d, còn tài khoản cần dùng là uid %d). Hãy chạy bằng đúng tài khoản đó hoặc chọn thư mục khác.", path, stat.Uid, uid)
	}
	return nil
}

func noAccess(dir string, err error) error {
	return fault.Say(ErrNoAccess, "Không đọc, ghi được thư mục dữ liệu %s: %v.", dir, err)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// lock makes this process the owner of a home until release or the end of the process, however it ends.
// Errors: ErrInUse.
func lock(home string) (*os.File, error) {
	path := filepath.Join(home, "lock")
	for {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, noAccess(home, err)
		}
		text, _ := io.ReadAll(file)
		owner, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		taken := errors.Is(err, syscall.EWOULDBLOCK)
		if err != nil && !taken { // a file system without flock: believe the process id
			taken = owner != 0 && syscall.Kill(owner, 0) != syscall.ESRCH
		}
		if taken {
			file.Close()
			return nil, inUse(home, owner)
		}
		mine, err1 := file.Stat()
		current, err2 := os.Stat(path)
		if err1 != nil || err2 != nil || !os.SameFile(mine, current) { // removed by its last owner meanwhile
			release(file)
			continue
		}
		err = errors.Join(file.Truncate(0), write(file, strconv.Itoa(os.Getpid())+"\n"))
		if err != nil {
			release(file)
			return nil, noAccess(home, err)
		}
		return file, nil
	}
}

// release gives up a lock. Closing alone would not while a child that is being forked holds a copy of the file.
func release(held *os.File) {
	syscall.Flock(int(held.Fd()), syscall.LOCK_UN)
	held.Close()
}

func write(file *os.File, text string) error {
	_, err := file.WriteAt([]byte(text), 0)
	return err
}

func inUse(home string, pid int) error {
	return fault.Say(ErrInUse, "Thư mục dữ liệu %s đang được tiến trình %d dùng. Hãy dừng tiến trình đó trước, hoặc chọn thư mục khác.", home, pid)
}

// stopOrphan ends a server that outlived its owner and clears what would keep the next one from starting. The caller
// holds the lock. Errors: ErrInUse when the server cannot be ended.
func stopOrphan(data string) error {
	folder, err := os.OpenRoot(data) // whoever owns data may have put links there
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return noAccess(data, err)
	}
	defer folder.Close()
	const name = "postmaster.pid"
	text, err := folder.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return noAccess(data, err)
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || pid <= 0 {
		return folder.Remove(name) // PostgreSQL refuses to start on such a file
	}
	for i := range 200 {
		if !isPostmaster(pid, data) {
			break
		}
		switch i {
		case 0:
			err = syscall.Kill(pid, syscall.SIGINT)
		case 150:
			err = syscall.Kill(pid, syscall.SIGQUIT)
		case 199:
			err = errors.New("still running")
		}
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			return inUse(data, pid)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if _, err := folder.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	// The id may have gone to an unrelated process since, for which PostgreSQL would refuse to start. The id of its own
	// parent it takes for stale, and goes on to check that no backend of the dead server is left, so the file stays.
	return folder.WriteFile(name, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600)
}

// isPostmaster tells whether a process is a postgres with this data folder.
func isPostmaster(pid int, data string) bool {
	var line []byte
	if runtime.GOOS == "linux" {
		line, _ = os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	} else {
		line, _ = exec.Command("ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	}
	words := strings.ReplaceAll(string(line), "\x00", " ") + " "
	return strings.Contains(words, "postgres") && strings.Contains(words, " "+data+" ")
}

// Remove ends what is left of a server and deletes the cluster of a data folder, and the folder when nothing else is
// in it. A folder that is missing or empty is fine. Errors: ErrInUse, ErrNotOurs, ErrNoAccess.
func Remove(dir string) error {
	home, err := Location(dir)
	if err != nil {
		return err
	}
	dir, err = resolve(dir)
	if err != nil {
		return err
	}
	for _, folder := range []string{home, dir} {
		if err := removeHome(folder); err != nil {
			return err
		}
	}
	return nil
}

func removeHome(home string) error {
	entries, err := os.ReadDir(home)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return noAccess(home, err)
	}
	if err := claim(home, home); err != nil {
		return err
	}
	held, err := lock(home)
	if err != nil {
		return err
	}
	defer release(held)
	if err := stopOrphan(filepath.Join(home, "data")); err != nil {
		return err
	}
	if err := removeStages(home); err != nil {
		return err
	}
	// First away from the name of a cluster: what a deletion cut short leaves must not pass for one.
	err = os.Rename(filepath.Join(home, "data"), filepath.Join(home, stagePrefix+"removed"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return noAccess(home, err)
	}
	if err := removeStages(home); err != nil {
		return err
	}
	for _, name := range []string{"password", "server.log", "server.log.1", "lock", marker} { // the marker last
		if err := os.Remove(filepath.Join(home, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return noAccess(home, err)
		}
	}
	if err := os.Remove(home); err != nil && !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, syscall.EEXIST) {
		return noAccess(home, err)
	}
	return nil
}

// removeStages deletes what an interrupted initdb or Remove left.
func removeStages(home string) error {
	entries, err := os.ReadDir(home)
	if err != nil {
		return noAccess(home, err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), stagePrefix) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(home, entry.Name())); err != nil {
			return noAccess(home, err)
		}
	}
	return nil
}
