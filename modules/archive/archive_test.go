package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/internal/job"
	"txng/modules/internal/web"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/archive"
	"txng/tenant/fault"
)

// serve starts a site whose archives lie in a folder of the test's, "" for none.
func serve(t *testing.T, w *tracetest.World, folder string) *tracetest.Site {
	t.Helper()
	return w.Serve(t, func(a *web.App) { a.Archives = folder }, Routes)
}

// latest returns the tenant's newest export.
func latest(t *testing.T, w *tracetest.World) (e Export) {
	t.Helper()
	if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
		list, err := newest(t.Context(), tx, w.Tenant.ID)
		if err == nil && len(list) > 0 {
			e = list[0]
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return e
}

func set(t *testing.T, w *tracetest.World, sql string) {
	t.Helper()
	if _, err := w.Env.Owner(t).Exec(t.Context(), sql, w.Tenant.ID); err != nil {
		t.Fatal(err)
	}
	w.DB.Forget()
}

func TestArchiveIsAskedForMadeInTheBackgroundAndDownloaded(t *testing.T) {
	w := tracetest.New(t)
	folder := t.TempDir()
	site := serve(t, w, folder)
	admin := site.SignIn(t, authz.DOSTAdmin)
	if page := site.Get(t, admin, path); page.Status != 200 || !strings.Contains(page.Body, "Chưa lập tệp lưu trữ nào") {
		t.Errorf("before: %d", page.Status)
	}
	if answer := site.Post(t, admin, path, map[string][]string{}); answer.Status != http.StatusSeeOther {
		t.Fatalf("asked: %d %s", answer.Status, answer.Body)
	}
	page := site.Get(t, admin, path)
	if !strings.Contains(page.Body, "<progress") || page.Header.Get("Refresh") == "" || !strings.Contains(page.Body, "Đang chờ") {
		t.Errorf("while waiting: no progress bar, or the page does not come again: %q", page.Header.Get("Refresh"))
	}
	if again := site.Post(t, admin, path, map[string][]string{}); again.Status != http.StatusConflict || !strings.Contains(again.Body, "Đang lập một tệp") {
		t.Errorf("asked twice: %d", again.Status)
	}

	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	workers := job.NewWorkers(w.DB)
	Jobs(workers, folder, "key")
	running.Go(func() {
		if err := job.Run(ctx, workers, slog.New(slog.DiscardHandler)); err != nil {
			t.Error(err)
		}
	})
	for begin := time.Now(); latest(t, w).State != Ready; time.Sleep(50 * time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("not ready after 30 seconds: %+v", latest(t, w))
		}
	}
	stop()
	running.Wait()

	e := latest(t, w)
	page = site.Get(t, admin, path)
	if !strings.Contains(page.Body, linkOf(e)) || !strings.Contains(page.Body, e.SHA256) || page.Header.Get("Refresh") != "" {
		t.Error("the page has no link to the file, not its hash, or comes again for nothing")
	}
	file := site.Get(t, admin, linkOf(e))
	if file.Status != 200 || int64(len(file.Body)) != e.Size || file.Header.Get("Content-Type") != "application/gzip" || !strings.Contains(file.Header.Get("Content-Disposition"), w.Tenant.Slug) {
		t.Fatalf("download: %d, %d bytes of %d, %v", file.Status, len(file.Body), e.Size, file.Header)
	}
	if sum, err := archive.Sum(strings.NewReader(file.Body)); err != nil || sum != e.SHA256 {
		t.Errorf("hash of the download: %s, %v, want %s", sum, err, e.SHA256)
	}
	head, manifest, err := archive.Check(strings.NewReader(file.Body))
	if err != nil || head.Tenant.ID != w.Tenant.ID || head.Credentials || head.StampKey != "key" || manifest.Rows != e.Done {
		t.Errorf("the file: %+v, %d rows, %v", head.Tenant, manifest.Rows, err)
	}
	var noted int
	if err := w.Env.Owner(t).QueryRow(t.Context(), "select count(*) from audit.entry where tenant_id = $1 and subject = 'archive' and action in ('tenant.export', 'tenant.download')", w.Tenant.ID).Scan(&noted); err != nil || noted != 2 {
		t.Errorf("%d entries in the audit, %v, want the request and the download", noted, err)
	}
	if info, err := os.Stat(fileOf(folder, w.Tenant.ID, e.ID)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's rights: %v, %v", info.Mode(), err)
	}
	// A part of it, as a download that goes on asks for.
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, site.URL+linkOf(e), nil)
	r.AddCookie(admin)
	r.Header.Set("Range", "bytes=100-199")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusPartialContent || answer.ContentLength != 100 {
		t.Errorf("a part: %d, %d bytes", answer.StatusCode, answer.ContentLength)
	}

	for _, role := range []authz.Role{authz.DOSTOfficer, authz.Leader, authz.OrgOwner} {
		if got := site.Get(t, site.SignIn(t, role), linkOf(e)); got.Status != http.StatusForbidden {
			t.Errorf("download as %s: %d, want 403", role, got.Status)
		}
	}
	// Another province neither sees nor gets it.
	other := tracetest.New(t)
	stranger := serve(t, other, folder)
	theirs := stranger.SignIn(t, authz.DOSTAdmin)
	if got := stranger.Get(t, theirs, linkOf(e)); got.Status != http.StatusNotFound {
		t.Errorf("download by another province: %d, want 404", got.Status)
	}
	if got := stranger.Get(t, theirs, path); strings.Contains(got.Body, e.SHA256) {
		t.Error("another province sees the archive")
	}

	set(t, w, "update archive.export set expires_at = now() - interval '1 minute' where tenant_id = $1")
	if got := site.Get(t, admin, linkOf(e)); got.Status != http.StatusConflict {
		t.Errorf("after seven days: %d, want 409", got.Status)
	}
	later := w.DB.WithClock(func() time.Time { return time.Now().Add(Keep + time.Minute) })
	if err := sweepAll(t.Context(), later, folder); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(fileOf(folder, w.Tenant.ID, e.ID)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file after seven days: %v, want none", err)
	}
	if got := latest(t, w).State; got != Expired {
		t.Errorf("state after seven days: %s", got)
	}
}

func TestSuspendedAndArchivedProvincesGetTheirData(t *testing.T) {
	w := tracetest.New(t)
	folder := t.TempDir()
	site := serve(t, w, folder)
	admin := site.SignIn(t, authz.DOSTAdmin)
	for _, state := range []tenant.State{tenant.Suspended, tenant.Archived} {
		set(t, w, "update tenant.tenant set state = '"+string(state)+"' where id = $1")
		if answer := site.Post(t, admin, path, map[string][]string{}); answer.Status != http.StatusSeeOther {
			t.Fatalf("%s: %d", state, answer.Status)
		}
		if err := (maker{w.DB, folder, ""}).make(t.Context(), w.Tenant.ID, latest(t, w).ID); err != nil {
			t.Fatalf("%s: %v", state, err)
		}
		if got := site.Get(t, admin, linkOf(latest(t, w))); got.Status != 200 {
			t.Errorf("%s: download %d", state, got.Status)
		}
	}
}

func TestExportThatFailsSaysSoAndLeavesNoFile(t *testing.T) {
	w := tracetest.New(t)
	folder := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(folder, nil, 0o600); err != nil { // no folder can be made there
		t.Fatal(err)
	}
	site := serve(t, w, folder)
	admin := site.SignIn(t, authz.DOSTAdmin)
	site.Post(t, admin, path, map[string][]string{})
	e := latest(t, w)
	if err := (maker{w.DB, folder, ""}).make(t.Context(), w.Tenant.ID, e.ID); err == nil {
		t.Error("made in a folder that is none")
	}
	if got := latest(t, w); got.State != Failed || strings.Contains(got.Reason, folder) || got.Reason == "" {
		t.Errorf("%s: %q", got.State, got.Reason)
	}
	if page := site.Get(t, admin, path); !strings.Contains(page.Body, "Không thành công") || !strings.Contains(page.Body, "Hãy yêu cầu lại") {
		t.Error("the page does not say that it failed")
	}
	// The job comes again, as the queue has it: nothing happens.
	if err := (maker{w.DB, t.TempDir(), ""}).make(t.Context(), w.Tenant.ID, e.ID); err != nil || latest(t, w).State != Failed {
		t.Errorf("again: %v, %s", err, latest(t, w).State)
	}
	// Without a folder nobody can ask, and the page says why.
	bare := serve(t, w, "")
	if page := bare.Get(t, admin, path); page.Status != 200 || !strings.Contains(page.Body, "chưa cấu hình") {
		t.Errorf("without a folder: %d", page.Status)
	}
	if got := bare.Post(t, admin, path, map[string][]string{}); got.Status != http.StatusConflict {
		t.Errorf("asked without a folder: %d", got.Status)
	}
}

func TestCrashedExportGivesWayToANewOneAndOneJobWorksAtATime(t *testing.T) {
	w := tracetest.New(t)
	who := authz.Identity{Account: 1, Name: "Trần Thị Hoa", Role: authz.DOSTAdmin, Tenant: w.Tenant.ID}
	request := func() error {
		return w.DB.Platform(t.Context(), func(tx tenant.Platform) error {
			_, err := Request(t.Context(), tx, who, w.Tenant.ID)
			return err
		})
	}
	var asked sync.WaitGroup
	results := make(chan error, 8)
	for range 8 {
		asked.Go(func() { results <- request() })
	}
	asked.Wait()
	close(results)
	taken := 0
	for err := range results {
		if err == nil {
			taken++
		} else if !errors.Is(err, fault.Conflict) {
			t.Error(err)
		}
	}
	if taken != 1 {
		t.Errorf("%d of 8 requests at once were taken, want 1", taken)
	}
	e := latest(t, w)
	claimed := func() (mine bool) {
		if err := w.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
			mine, err = claim(t.Context(), tx, w.Tenant.ID, e.ID)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return mine
	}
	if !claimed() || claimed() {
		t.Error("the export was not claimed exactly once")
	}
	set(t, w, fmt.Sprintf("update archive.export set seen_at = now() - interval '%d seconds' where tenant_id = $1", int(silence/time.Second)+1))
	if !claimed() {
		t.Error("an export whose instance has died is not taken over")
	}
	set(t, w, fmt.Sprintf("update archive.export set seen_at = now() - interval '%d seconds' where tenant_id = $1", int(silence/time.Second)+1))
	if err := request(); err != nil {
		t.Errorf("asked again after a crash: %v", err)
	}
	if got := latest(t, w); got.ID == e.ID || got.State != Waiting {
		t.Errorf("%+v", got)
	}
}
