//go:build unix

package postgres

import (
	"archive/zip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

func TestDownloadLeavesBinariesInTheCacheOrNothing(t *testing.T) {
	t.Parallel()
	who, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	tree := fakeTools(t, nil)
	bin := fakeTools(t, server("18.3"))
	if err := os.Rename(bin, filepath.Join(tree, "bin")); err != nil {
		t.Fatal(err)
	}
	archive, err := exec.Command("tar", "-C", tree, "-cJf", "-", "bin").Output()
	if err != nil {
		t.Skip("SKIPPED, the download is not tested: no tar with xz: ", err)
	}
	broken := true
	requests := 0
	repository := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		if broken || !strings.HasSuffix(r.URL.Path, ".jar") {
			http.NotFound(w, r)
			return
		}
		jar := zip.NewWriter(w)
		file, _ := jar.Create("postgres.txz")
		file.Write(archive)
		jar.Close()
	}))
	defer repository.Close()
	from := embeddedpostgres.DefaultConfig().BinaryRepositoryURL(repository.URL)
	cache := filepath.Join(tree, "cache")

	if got, err := fetch(t.Context(), from, cache, io.Discard); err == nil {
		t.Errorf("a failed download gave %s", got)
	}
	if left, _ := os.ReadDir(cache); len(left) > 0 {
		t.Errorf("a failed download left %v", left)
	}
	broken = false
	got, err := fetch(t.Context(), from, cache, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := inspect(who, got); err != nil || found.Major != 18 {
		t.Errorf("got %+v, %v, want usable binaries of PostgreSQL 18", found, err)
	}
	if left, _ := os.ReadDir(cache); len(left) != 1 {
		t.Errorf("the cache holds %v, want the binaries alone", left)
	}
	before := requests
	if again, err := fetch(t.Context(), from, cache, io.Discard); err != nil || again != got || requests != before {
		t.Errorf("second time: got %s, %v, %d requests, want %s from the cache", again, err, requests-before, got)
	}
}
