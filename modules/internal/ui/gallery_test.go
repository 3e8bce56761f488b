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
	if testing.Short() {
		t.Skip("SKIPPED: the gallery needs a browser; not in short mode")
	}
	if _, err := os.Stat(chromium); err != nil {
		t.Skipf("SKIPPED: the gallery was not drawn, no chromium at %s", chromium)
	}
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

	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(chromium), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	defer stop()
	ctx, stop = chromedp.NewContext(ctx)
	defer stop()
	if err := chromedp.Do(ctx); err != nil { // the first call starts the browser and must have no deadline
		t.Fatalf("starting chromium: %v", err)
	}
	ctx, stop = context.WithTimeout(ctx, 4*time.Minute)
	defer stop()

	only := os.Getenv("UI_ONLY")
	for _, name := range slices.Sorted(maps.Keys(galleryPages())) {
		if only != "" && !strings.Contains(","+only+",", ","+name+",") {
			continue
		}
		for _, width := range []int64{360, 1280} {
			look := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatalf("drawing %s at %d px: %v", name, width, err)
				}
			}
			var mode []chromedp.EmulateViewportOption
			if width < 600 {
				mode = append(mode, chromedp.EmulateMobile)
			}
			look(chromedp.Do(ctx, chromedp.EmulateViewport(width, 900, mode...), chromedp.Navigate(server.URL+"/g/"+name)))
			_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.fonts.ready.then(() => true)`, chromedp.EvalAwaitPromise))
			look(err)
			scrollWidth, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
			look(err)
			beyond, err := chromedp.Run(ctx, chromedp.Evaluate[string](beyondTheEdge))
			look(err)
			picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			look(err)
			look(os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s-%d.png", name, width)), picture, 0o644))
			look(chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](string(axe))))
			report, err := chromedp.Run(ctx, chromedp.Evaluate[string](axeRun, chromedp.EvalAwaitPromise))
			look(err)

			if scrollWidth > width || beyond != "" {
				t.Errorf("%s at %d px: the page is %d px wide; beyond the edge: %s", name, width, scrollWidth, beyond)
			}
			var violations []violation
			look(json.Unmarshal([]byte(report), &violations))
			for _, v := range violations {
				for _, node := range v.Nodes {
					t.Errorf("%s at %d px: axe %s: %s\n%s\n%s", name, width, v.ID, v.Help, node.HTML, node.FailureSummary)
				}
			}
		}
	}
}

// beyondTheEdge names the elements that reach past the right edge of the window.
const beyondTheEdge = `[...document.querySelectorAll("body *")]
	.filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".tabs, .visually-hidden"))
	.slice(0, 5).map(e => e.tagName + "." + (e.getAttribute("class") || "")).join(" ")`

const axeRun = `axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
	.then(r => JSON.stringify(r.violations))`
