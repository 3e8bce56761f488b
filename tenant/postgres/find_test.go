//go:build unix

package postgres

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakeTools writes executable scripts into a folder that any account can run, and returns the folder.
func fakeTools(t *testing.T, scripts map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "txng-tools-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range scripts {
		// Through another process: a file this one has written may be held open by a child of another test, and so not be run.
		install := exec.Command("/bin/sh", "-c", `cat > "$1" && chmod 755 "$1"`, "sh", filepath.Join(dir, name))
		install.Stdin = strings.NewReader("#!/bin/sh\n" + text + "\n")
		if err := install.Run(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func server(version string) map[string]string {
	return map[string]string{"initdb": "exit 1", "postgres": "echo 'postgres (PostgreSQL) " + version + "'"}
}

func TestBinariesAreChosenByPlaceAndVersion(t *testing.T) {
	t.Parallel()
	who, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	thirteen, fifteen, beta := fakeTools(t, server("13.9")), fakeTools(t, server("15.20 (Debian)")), fakeTools(t, server("19beta1"))
	client := fakeTools(t, map[string]string{"postgres": "echo 'postgres (PostgreSQL) 17.1'"})
	onlyConfig := fakeTools(t, map[string]string{"pg_config": "echo " + client})
	config := fakeTools(t, map[string]string{"pg_config": "echo " + beta})
	for name, c := range map[string]struct {
		places places
		wanted int
		want   string
	}{
		"TXNG_PG_BIN is the only place":      {places{env: fifteen, path: config}, 0, fifteen},
		"pg_config comes before folders":     {places{path: config, globs: []string{fifteen}}, 0, beta},
		"pg_config without initdb is passed": {places{path: onlyConfig, globs: []string{fifteen}}, 0, fifteen},
		"too old is passed":                  {places{globs: []string{thirteen, fifteen}}, 0, fifteen},
		"PATH is the last place":             {places{globs: []string{thirteen}, path: fifteen}, 0, fifteen},
		"the cluster's version is preferred": {places{path: config, globs: []string{fifteen}}, 15, fifteen},
		"nothing":                            {places{}, 0, ""},
		"TXNG_PG_BIN too old":                {places{env: thirteen, globs: []string{fifteen}}, 0, ""},
	} {
		got, err := c.places.installed(who, c.wanted)
		if got.Dir != c.want || (err != nil) != (c.want == "") || err != nil && !errors.Is(err, ErrNoPostgres) {
			t.Errorf("%s: got %+v, %v, want %s", name, got, err, c.want)
		}
	}
}

func TestMissingPostgresIsToldWithTheInstallCommand(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	nowhere := &places{hint: installHint("linux", "ID=ubuntu\nID_LIKE=debian\n")}
	_, err := Start(t.Context(), Options{Dir: dir, places: nowhere})
	wantSays(t, err, ErrNoPostgres, "sudo apt-get install postgresql", "TXNG_PG_BIN")

	nowhere.download = func(context.Context, io.Writer) (string, error) { return "", errors.New("không có mạng") }
	_, err = Start(t.Context(), Options{Dir: dir, places: nowhere})
	wantSays(t, err, ErrNoPostgres, "sudo apt-get install postgresql", "không có mạng")

	_, err = Start(t.Context(), Options{Dir: dir, Bin: "/no/such/folder"})
	wantSays(t, err, ErrNoPostgres, "/no/such/folder")
}

func TestInstallCommandFitsThePlatform(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ goos, release, want string }{
		{"darwin", "", "brew install"},
		{"linux", "ID=debian\n", "apt-get install"},
		{"linux", "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "apt-get install"},
		{"linux", "ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "dnf install"},
		{"linux", "ID=alpine\n", "apk add"},
		{"freebsd", "", "trình quản lý gói"},
	} {
		if got := installHint(c.goos, c.release); !strings.Contains(got, c.want) {
			t.Errorf("%s %q: got %q, want %q", c.goos, c.release, got, c.want)
		}
	}
}
