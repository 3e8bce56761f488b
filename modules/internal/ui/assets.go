package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"
)

//go:embed static
var staticFiles embed.FS

// asset is one file ready to be sent: its bytes, its gzip form (nil when not smaller) and its names.
type asset struct {
	body, zipped []byte
	kind         string // Content-Type
	etag         string
	url          string
}

type assetStore struct {
	byName map[string]*asset // "app.css"
	byURL  map[string]*asset // "/static/0123456789ab/app.css"
}

// loadAssets reads, hashes and compresses the embedded files once.
var loadAssets = sync.OnceValue(func() assetStore {
	store := assetStore{byName: map[string]*asset{}, byURL: map[string]*asset{}}
	var sheets []string
	err := fs.WalkDir(staticFiles, "static", func(file string, entry fs.DirEntry, err error) error {
		name := strings.TrimPrefix(file, "static/")
		switch {
		case err != nil || entry.IsDir() || contentTypes[path.Ext(name)] == "":
			return err
		case path.Ext(name) == ".css":
			sheets = append(sheets, name) // last: a sheet names the hashed addresses of its fonts
			return nil
		}
		store.add(name, mustRead(file))
		return nil
	})
	if err != nil {
		panic(fmt.Errorf("reading embedded assets: %w", err)) // cannot happen in a built binary
	}
	for _, name := range sheets {
		store.add(name, store.rewriteURLs(mustRead("static/"+name)))
	}
	return store
})

var contentTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
	".png":   "image/png",
	".ico":   "image/x-icon",
}

func mustRead(file string) []byte {
	body, err := staticFiles.ReadFile(file)
	if err != nil {
		panic(fmt.Errorf("reading embedded asset: %w", err)) // cannot happen in a built binary
	}
	return body
}

func (s assetStore) add(name string, body []byte) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:6])
	a := &asset{
		body: body,
		kind: contentTypes[path.Ext(name)],
		etag: `"` + hash + `"`,
		url:  "/static/" + hash + "/" + name,
	}
	if zipped := compress(body); path.Ext(name) != ".woff2" && len(zipped) < len(body) {
		a.zipped = zipped
	}
	s.byName[name] = a
	s.byURL[a.url] = a
}

var cssURL = regexp.MustCompile(`url\(["']?([^"')]+)["']?\)`)

// rewriteURLs points each url(...) that names a vendored file at its hashed address.
func (s assetStore) rewriteURLs(sheet []byte) []byte {
	return cssURL.ReplaceAllFunc(sheet, func(match []byte) []byte {
		if a, ok := s.byName[string(cssURL.FindSubmatch(match)[1])]; ok {
			return []byte("url(" + a.url + ")")
		}
		return match
	})
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // level is valid; writes to memory do not fail
	_, _ = w.Write(body)
	_ = w.Close()
	return out.Bytes()
}

// Asset returns the address of a file of the static folder, with its content hash, such as
// "/static/0123456789ab/app.css". An unknown name panics: it is a mistake in a template.
func Asset(name string) string {
	a, ok := loadAssets().byName[name]
	if !ok {
		panic("ui: no asset " + name)
	}
	return a.url
}

// Assets serves everything under /static/. The address holds the content hash, so answers are
// cacheable for ever; gzip bodies are made once at start-up; folders are not listed.
func Assets() http.Handler {
	store := loadAssets()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		a, ok := store.byURL[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		body, etag := a.body, a.etag
		head := w.Header()
		head.Set("Content-Type", a.kind)
		head.Set("Cache-Control", "public, max-age=31536000, immutable")
		head.Set("X-Content-Type-Options", "nosniff")
		if a.zipped != nil {
			head.Set("Vary", "Accept-Encoding")
			if acceptsGzip(r) {
				head.Set("Content-Encoding", "gzip")
				body, etag = a.zipped, strings.TrimSuffix(a.etag, `"`)+`-gz"`
			}
		}
		head.Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	})
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(coding, "gzip") && strings.ReplaceAll(quality, " ", "") != "q=0" {
			return true
		}
	}
	return false
}
