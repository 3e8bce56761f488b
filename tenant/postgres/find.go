//go:build unix

package postgres

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"txng/tenant/fault"
)

// oldest is the oldest major version the platform runs on.
const oldest = 15

// places is where binaries are looked for, in this order.
type places struct {
	env      string   // value of TXNG_PG_BIN: when set, the only place
	path     string   // value of PATH: pg_config and postgres are looked up in it
	globs    []string // patterns of folders
	download func(ctx context.Context, log io.Writer) (bin string, err error)
	hint     string // how to install PostgreSQL here, a Vietnamese clause
}

func systemPlaces() *places {
	release, _ := os.ReadFile("/etc/os-release")
	return &places{
		env:  os.Getenv("TXNG_PG_BIN"),
		path: os.Getenv("PATH"),
		globs: []string{
			"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
			"/usr/pgsql-*/bin",                  // packages of the PostgreSQL project for Fedora, RHEL
			"/usr/libexec/postgresql*",          // Alpine
			"/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
			"/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
			"/Applications/Postgres.app/Contents/Versions/*/bin",
			"/opt/local/lib/postgresql*/bin", // MacPorts
			"/usr/bin", "/usr/local/bin",
		},
		download: download,
		hint:     installHint(runtime.GOOS, string(release)),
	}
}

// Find finds an installed PostgreSQL >= 15 that has a server (not only pg_config or a client): TXNG_PG_BIN, then
// pg_config --bindir, then the usual folders, newest first, then PATH. It downloads nothing. Errors: ErrNoPostgres.
func Find() (Binaries, error) {
	who, err := unprivileged()
	if err != nil {
		return Binaries{}, err
	}
	return systemPlaces().installed(who, 0)
}

// installed returns the first usable binaries, or the first of the wanted major version when there are such.
func (p *places) installed(who account, wanted int) (Binaries, error) {
	if p.env != "" {
		found, err := inspect(who, p.env)
		if err != nil {
			return Binaries{}, fault.Say(ErrNoPostgres, "TXNG_PG_BIN trỏ tới %s, nhưng ở đó không có PostgreSQL %d trở lên dùng được (%v).", p.env, oldest, err)
		}
		return found, nil
	}
	var usable []Binaries
	for _, dir := range p.candidates() {
		if found, err := inspect(who, dir); err == nil {
			usable = append(usable, found)
		}
	}
	if len(usable) == 0 {
		return Binaries{}, fault.Say(ErrNoPostgres, "Không tìm thấy PostgreSQL %d trở lên trên máy này. Hãy %s rồi chạy lại; "+
			"hoặc đặt biến môi trường TXNG_PG_BIN trỏ tới thư mục chứa initdb và postgres.", oldest, p.hint)
	}
	if i := slices.IndexFunc(usable, func(b Binaries) bool { return b.Major == wanted }); i >= 0 {
		return usable[i], nil
	}
	return usable[0], nil
}

// installedOrDownloaded is installed, with a download where nothing is installed.
func (p *places) installedOrDownloaded(ctx context.Context, who account, wanted int, log io.Writer) (Binaries, error) {
	found, err := p.installed(who, wanted)
	if err == nil || p.env != "" || p.download == nil {
		return found, err
	}
	bin, failed := p.download(ctx, log)
	if failed == nil {
		found, failed = inspect(who, bin)
	}
	if failed != nil {
		return Binaries{}, fault.Say(ErrNoPostgres, "%s Đã thử tải PostgreSQL về nhưng không được (%v).", fault.Message(err), failed)
	}
	return found, nil
}

func (p *places) candidates() []string {
	var dirs []string
	if tool := lookIn(p.path, "pg_config"); tool != "" {
		if out, err := exec.Command(tool, "--bindir").Output(); err == nil {
			dirs = append(dirs, strings.TrimSpace(string(out)))
		}
	}
	for _, glob := range p.globs {
		matches, _ := filepath.Glob(glob)
		slices.Sort(matches)
		slices.Reverse(matches)
		dirs = append(dirs, matches...)
	}
	if server := lookIn(p.path, "postgres"); server != "" {
		if real, err := filepath.EvalSymlinks(server); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	return dirs
}

// lookIn returns the absolute path of the program in the list of folders, or "".
func lookIn(path, program string) string {
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, program)
		if info, err := os.Stat(file); err == nil && filepath.IsAbs(dir) && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d+)`)

// inspect tells whether dir holds a server >= 15 that the account can run, and its version.
func inspect(who account, dir string) (Binaries, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Binaries{}, err
	}
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := who.command(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("running %s/postgres as %s: %w", dir, who.name, err)
	}
	version := versionLine.FindSubmatch(out)
	if version == nil {
		return Binaries{}, fmt.Errorf("unknown version %q", out)
	}
	major, err := strconv.Atoi(string(version[1]))
	if err != nil {
		return Binaries{}, err
	}
	if major < oldest {
		return Binaries{}, fmt.Errorf("PostgreSQL %d", major)
	}
	return Binaries{Dir: dir, Major: major}, nil
}

// installHint is a Vietnamese clause with the command that installs PostgreSQL, from GOOS and the text of
// /etc/os-release.
func installHint(goos, release string) string {
	var family string
	for line := range strings.Lines(release) {
		if key, value, _ := strings.Cut(strings.TrimSpace(line), "="); key == "ID" || key == "ID_LIKE" {
			family += " " + strings.Trim(value, `"'`)
		}
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(strings.Fields(family), func(id string) bool { return slices.Contains(names, id) })
	}
	switch {
	case goos == "darwin":
		return "cài bằng lệnh “brew install postgresql@17”"
	case has("debian", "ubuntu"):
		return "cài bằng lệnh “sudo apt-get install postgresql”"
	case has("fedora", "rhel", "centos"):
		return "cài bằng lệnh “sudo dnf install postgresql-server”"
	case has("alpine"):
		return "cài bằng lệnh “apk add postgresql17”"
	default:
		return "cài gói máy chủ PostgreSQL bằng trình quản lý gói của hệ điều hành"
	}
}
