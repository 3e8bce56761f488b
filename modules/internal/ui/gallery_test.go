package ui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"txng/modules/internal/ui"
)

const (
	chromium = "/usr/bin/chromium"
	axePath  = "testdata/axe-core-4.14.1/axe.min.js"
	policy   = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'"
)

func cutColon(s string) (before, after string, found bool) { return strings.Cut(s, ":") }

// galleryServer serves every page of the gallery under the content policy of the site.
func galleryServer(t *testing.T) *httptest.Server {
	pages := galleryPages()
	mux := http.NewServeMux()
	mux.Handle("/static/", ui.Assets())
	mux.HandleFunc("/g/{name}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		if err := pages[r.PathValue("name")].Render(r.Context(), w); err != nil {
			t.Errorf("rendering %s: %v", r.PathValue("name"), err)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

type violation struct {
	ID    string
	Help  string
	Nodes []struct{ HTML, FailureSummary string }
}

// TestGalleryFitsAPhoneAndPassesAxe draws every component in a browser at 360 and 1280 px. The pictures
// stay in the folder named by UI_GALLERY, when it is set.
func TestGalleryFitsAPhoneAndPassesAxe(t *testing.T) {
	axe, err := os.ReadFile(axePath)
	if err != nil {
		t.Fatal(err)
	}
	folder := os.Getenv("UI_GALLERY")
	if folder == "" {
		folder = t.TempDir()
	}
	t.Logf("pictures in %s", folder)
	server := galleryServer(t)

	ctx := window(t)
	only := os.Getenv("UI_ONLY")
	for _, name := range slices.Sorted(maps.Keys(galleryPages())) {
		if only != "" && !strings.Contains(","+only+",", ","+name+",") {
			continue
		}
		for _, width := range []int64{360, 1280} {
			var mode []chromedp.EmulateViewportOption
			if width < 600 {
				mode = append(mode, chromedp.EmulateMobile)
			}
			shot := fmt.Sprintf("%s-%d", name, width)
			err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900, mode...), chromedp.Navigate(server.URL+"/g/"+name),
				chromedp.Evaluate[chromedp.Void](string(axe)))
			if err != nil {
				t.Fatalf("opening %s: %v", shot, err)
			}
			judge(ctx, t, width, filepath.Join(folder, shot))
			if opened[name] {
				if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](openEverything)); err != nil {
					t.Fatalf("unfolding %s: %v", shot, err)
				}
				judge(ctx, t, width, filepath.Join(folder, shot+"-mo"))
			}
		}
	}
}

// window opens a browser for somebody whose system speaks English. What the content policy refuses, what is not found
// and what a script throws fails the test.
func window(t *testing.T) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: this needs a browser; not in short mode")
	}
	if _, err := os.Stat(chromium); err != nil {
		t.Skipf("SKIPPED: no chromium at %s", chromium)
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "en-US"))
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx, chromedp.WithListener(func(event any) {
		switch e := event.(type) {
		case *log.EventEntryAdded: // what the content policy refuses and what is not found
			t.Errorf("browser: %s %s", e.Entry.Text, e.Entry.URL)
		case *runtime.EventExceptionThrown:
			t.Errorf("browser: exception %s", e.ExceptionDetails.Text)
		}
	}))
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil { // the first call starts the browser and must have no deadline
		t.Fatalf("starting chromium: %v", err)
	}
	ctx, stop = context.WithTimeout(ctx, 4*time.Minute)
	t.Cleanup(stop)
	return ctx
}

// opened are the pages looked at a second time with the menu and every fold open.
var opened = map[string]bool{"danh-sach": true, "bieu-do": true, "ban-do": true}

const openEverything = `document.querySelectorAll("details").forEach(d => d.open = true);
	document.querySelector(".menu-toggle").checked = true`

// judge draws the page in the browser into file.png, and complains about its width and about what axe finds.
func judge(ctx context.Context, t *testing.T, width int64, file string) {
	t.Helper()
	name := filepath.Base(file)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("looking at %s: %v", name, err)
		}
	}
	_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.fonts.ready.then(() => true)`, chromedp.EvalAwaitPromise))
	must(err)
	scrollWidth, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
	must(err)
	beyond, err := chromedp.Run(ctx, chromedp.Evaluate[string](beyondTheEdge))
	must(err)
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	must(err)
	must(os.WriteFile(file+".png", picture, 0o644))
	report, err := chromedp.Run(ctx, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
	must(err)
	var violations []violation
	must(json.Unmarshal([]byte(report), &violations))

	if scrollWidth > width || beyond != "" {
		t.Errorf("%s: the page is %d px wide, want %d; beyond the edge: %s", name, scrollWidth, width, beyond)
	}
	for _, v := range violations {
		for _, node := range v.Nodes {
			t.Errorf("%s: axe %s: %s\n%s\n%s", name, v.ID, v.Help, node.HTML, node.FailureSummary)
		}
	}
}

// beyondTheEdge names the elements that reach past the right edge of the window.
const beyondTheEdge = `[...document.querySelectorAll("body *")]
	.filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".tabs, .visually-hidden"))
	.slice(0, 5).map(e => e.tagName + "." + (e.getAttribute("class") || "")).join(" ")`

const axeRun = `axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
	.then(r => JSON.stringify(r.violations))`
