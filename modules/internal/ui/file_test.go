package ui_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"txng/modules/internal/ui"
)

// posted are the files of a form that has arrived, by field, as "name size".
type posted map[string][]string

// fileServer serves a form that asks for files, and says what has arrived.
func fileServer(t *testing.T) (address string, arrived chan posted) {
	t.Helper()
	arrived = make(chan posted, 1)
	form := within(ui.Page(shell("Nhập kế hoạch", "")), within(ui.Form("/nhap", "Gửi", true),
		ui.Input(ui.Field{Name: "file", Label: "Tệp kế hoạch", Type: "file", Hint: "Tệp .xlsx theo mẫu", Error: "Chọn tệp cần nhập.", Accept: ".xlsx"}),
		ui.Input(ui.Field{Name: "more", Label: "Tài liệu kèm theo", Type: "file", Multiple: true, Optional: true}),
	))
	mux := http.NewServeMux()
	mux.Handle("/static/", ui.Assets())
	mux.HandleFunc("GET /nhap", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		if err := templ.Component(form).Render(r.Context(), w); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("POST /nhap", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(8 << 20); err != nil {
			t.Error(err)
		}
		got := posted{}
		for field, files := range r.MultipartForm.File {
			for _, f := range files {
				if f.Filename != "" {
					got[field] = append(got[field], fmt.Sprintf("%s %d", f.Filename, f.Size))
				}
			}
		}
		arrived <- got
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><p>đã nhận`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, arrived
}

// theFile is a new file of so many bytes.
func theFile(t *testing.T, name string, size int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// reader drives a page for a test.
type reader struct {
	t   *testing.T
	ctx context.Context
}

func (r reader) do(steps ...chromedp.Action[chromedp.Void]) {
	r.t.Helper()
	if err := chromedp.Do(r.ctx, steps...); err != nil {
		r.t.Fatal(err)
	}
}

// is fails the test when a script of the page does not return what is wanted.
func is[T comparable](r reader, what, js string, want T) {
	r.t.Helper()
	got, err := chromedp.Run(r.ctx, chromedp.Evaluate[T](js))
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
	if got != want {
		r.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// sent fails the test unless the form arrives with the files.
func (r reader) sent(arrived chan posted, want posted) {
	r.t.Helper()
	r.do(chromedp.Click(`form[action="/nhap"] [type=submit]`))
	select {
	case got := <-arrived:
		for _, field := range []string{"file", "more"} {
			if !slices.Equal(got[field], want[field]) {
				r.t.Errorf("%s arrived as %q, want %q", field, got[field], want[field])
			}
		}
	case <-time.After(10 * time.Second):
		r.t.Error("the form did not arrive")
	}
}

// face is the text that is seen of a file field, "" while there is none.
func face(field string) string {
	return `document.querySelector('#f-` + field + `').closest('.file').innerText.trim().replace(/\s*\n\s*/g, ' | ')`
}

func TestFileFieldSpeaksVietnameseInABrowserThatDoesNot(t *testing.T) {
	r := reader{t, window(t)}
	address, arrived := fileServer(t)
	axe, err := os.ReadFile(axePath)
	if err != nil {
		t.Fatal(err)
	}
	plan, three := theFile(t, "Kế hoạch 2026.xlsx", 1_258_291), []string{theFile(t, "a.pdf", 1), theFile(t, "b.pdf", 2), theFile(t, "c.pdf", 3)}
	r.do(chromedp.EmulateViewport(360, 800, chromedp.EmulateMobile), chromedp.Navigate(address+"/nhap"))
	is(r, "the language of the browser", `navigator.language.slice(0, 2)`, "en")
	is(r, "before a choice", face("file"), "Chọn tệp… | Chưa chọn tệp nào")
	is(r, "before a choice of several", face("more"), "Chọn các tệp… | Chưa chọn tệp nào")
	is(r, "what of the browser's own words is seen", `getComputedStyle(document.querySelector('#f-file')).opacity`, "0")
	is(r, "what is under the pointer on the button", `(() => { const b = document.querySelector('.file-button').getBoundingClientRect();
		return document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2).id })()`, "f-file")
	is(r, "the label", `document.querySelector('#f-file').labels[0].innerText.trim()`, "Tệp kế hoạch")
	const described = `document.querySelector('#f-file').getAttribute('aria-describedby').split(' ').map(id => document.getElementById(id).innerText.trim().replace(/\s+/g, ' ')).join(' | ')`
	is(r, "what a screen reader says of it", described, "Tệp .xlsx theo mẫu | Lỗi: Chọn tệp cần nhập. | Chưa chọn tệp nào")
	is(r, "that it is wrong", `document.querySelector('#f-file').getAttribute('aria-invalid')`, "true")

	// By the keyboard alone: the field is reached, and its face shows that it is.
	r.do(chromedp.Focus(`.menu-toggle`))
	for range 12 {
		if on, err := chromedp.Run(r.ctx, chromedp.Evaluate[string](`document.activeElement.id`)); err != nil || on == "f-file" {
			break
		}
		r.do(chromedp.KeyEvent("\t"))
	}
	is(r, "where the keys lead", `document.activeElement.id`, "f-file")
	is(r, "the line around it", `getComputedStyle(document.querySelector('#f-file + .file-face')).outlineStyle`, "solid")
	is(r, "the line around the other", `getComputedStyle(document.querySelector('#f-more + .file-face')).outlineStyle`, "none")

	r.do(chromedp.SetUploadFiles(`#f-file`, []string{plan}), chromedp.SetUploadFiles(`#f-more`, three))
	is(r, "the file that is chosen", face("file"), "Chọn tệp… | Kế hoạch 2026.xlsx, 1,2 MB")
	is(r, "the files that are chosen", face("more"), "Chọn các tệp… | 3 tệp")
	is(r, "what a screen reader says then", described, "Tệp .xlsx theo mẫu | Lỗi: Chọn tệp cần nhập. | Kế hoạch 2026.xlsx, 1,2 MB")
	r.do(chromedp.Evaluate[chromedp.Void](string(axe)))
	judge(r.ctx, t, 360, filepath.Join(t.TempDir(), "tep"))
	r.sent(arrived, posted{"file": {"Kế hoạch 2026.xlsx 1258291"}, "more": {"a.pdf 1", "b.pdf 2", "c.pdf 3"}})

	// A form that is emptied says so; a size is said as people say it.
	r.do(chromedp.Navigate(address + "/nhap"))
	for size, want := range map[int]string{0: "0 byte", 1023: "1023 byte", 1024: "1 KB", 34_567: "34 KB", 1_048_000: "1023 KB", 1_048_550: "1 MB", 2 << 20: "2 MB"} {
		r.do(chromedp.SetUploadFiles(`#f-file`, []string{theFile(t, "x.xlsx", size)}))
		is(r, fmt.Sprintf("%d bytes", size), face("file"), "Chọn tệp… | x.xlsx, "+want)
	}
	is(r, "a form that is emptied", `(document.querySelector('form[action="/nhap"]').reset(), new Promise(done => setTimeout(() => done('ok'), 50)), 'ok')`, "ok")
	time.Sleep(100 * time.Millisecond)
	is(r, "a form that is emptied", face("file"), "Chọn tệp… | Chưa chọn tệp nào")

	// A long name takes more lines, not more room to the side.
	r.do(chromedp.SetUploadFiles(`#f-file`, []string{theFile(t, strings.Repeat("KeHoachTruyXuatNguonGoc", 6)+".xlsx", 9)}))
	is(r, "a long name's room", `document.documentElement.scrollWidth`, 360)
}

func TestFileIsDroppedOntoItsField(t *testing.T) {
	r := reader{t, window(t)}
	address, arrived := fileServer(t)
	dropped := theFile(t, "ke-hoach.xlsx", 2048)
	r.do(chromedp.EmulateViewport(1280, 800), chromedp.Navigate(address+"/nhap"))
	place, err := chromedp.Run(r.ctx, chromedp.Evaluate[[]float64](`(() => { const b = document.querySelector('#f-file + .file-face').getBoundingClientRect(); return [b.right - 20, b.y + b.height / 2] })()`))
	if err != nil {
		t.Fatal(err)
	}
	r.do(chromedp.Func(func(ctx context.Context, of *chromedp.Target) error {
		for _, kind := range []input.DispatchDragEventType{input.DispatchDragEventTypeDragEnter, input.DispatchDragEventTypeDragOver, input.DispatchDragEventTypeDrop} {
			if _, err := cdp.Call(ctx, of, input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: place[0], Y: place[1],
				Data: &input.DragData{Items: []*input.DragDataItem{}, Files: []string{dropped}, DragOperationsMask: 1}}); err != nil {
				return err
			}
		}
		return nil
	}))
	is(r, "what was dropped", face("file"), "Chọn tệp… | ke-hoach.xlsx, 2 KB")
	is(r, "the face after the drop", `document.querySelector('.is-over') === null`, true)
	r.sent(arrived, posted{"file": {"ke-hoach.xlsx 2048"}})
}

func TestFileFieldWorksWithoutJavaScript(t *testing.T) {
	r := reader{t, window(t)}
	address, arrived := fileServer(t)
	r.do(chromedp.Func(func(ctx context.Context, of *chromedp.Target) error {
		_, err := cdp.Call(ctx, of, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}), chromedp.EmulateViewport(360, 800, chromedp.EmulateMobile), chromedp.Navigate(address+"/nhap"))
	is(r, "words of a face that does nothing", face("file"), "")
	is(r, "the browser's own field", `(() => { const f = document.querySelector('#f-file'), b = f.getBoundingClientRect();
		return getComputedStyle(f).opacity === '1' && b.width > 200 && b.height >= 42 })()`, true)
	is(r, "what describes it", `document.querySelector('#f-file').getAttribute('aria-describedby')`, "f-file-hint f-file-error")
	r.do(chromedp.SetUploadFiles(`#f-file`, []string{theFile(t, "ke-hoach.xlsx", 77)}))
	r.sent(arrived, posted{"file": {"ke-hoach.xlsx 77"}})
}
