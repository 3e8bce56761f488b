package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"txng/authz"
)

// browser starts a headless Chromium that people of a test share, each with cookies of their own.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("SKIPPED: no Chromium is installed here (Debian: apt-get install chromium); .ci/run installs it")
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("accept-lang", "vi-VN"))
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return ctx
}

// person is somebody at a browser of their own.
type person struct {
	t      *testing.T
	name   string
	base   string
	ctx    context.Context
	width  int64 // of their screen
	folder string
	shots  *int
}

// visitor opens a browser window with its own cookies.
func visitor(t *testing.T, browser context.Context, base, folder, name string, width int64, shots *int) *person {
	t.Helper()
	ctx, stop := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(stop)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s: open a window: %v", name, err)
	}
	p := &person{t, name, base, ctx, width, folder, shots}
	p.resize(width)
	return p
}

// limit is how long one step of a person's may take.
const limit = 30 * time.Second

func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, stop := context.WithTimeout(p.ctx, limit)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatalf("%s: %v\non the page:\n%.1500s", p.name, err, p.page())
	}
}

// script evaluates JavaScript on the person's page; a promise is awaited.
func script[T any](p *person, js string) T {
	p.t.Helper()
	ctx, stop := context.WithTimeout(p.ctx, limit)
	defer stop()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v\nscript: %.300s\non the page:\n%.1500s", p.name, err, js, p.page())
	}
	return v
}

func (p *person) resize(width int64) {
	p.t.Helper()
	var mode []chromedp.EmulateViewportOption
	if width < 600 {
		mode = append(mode, chromedp.EmulateMobile)
	}
	p.do(chromedp.EmulateViewport(width, 800, mode...))
}

// page returns the address and text of the page.
func (p *person) page() string {
	ctx, stop := context.WithTimeout(p.ctx, limit)
	defer stop()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	return text
}

func (p *person) open(path string) {
	p.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = p.base + path
	}
	p.do(chromedp.Navigate(path))
}

// fill types into fields by their names: a select takes the value of a choice, a checkbox "1".
func (p *person) fill(fields ...string) {
	p.t.Helper()
	for i := 0; i+1 < len(fields); i += 2 {
		got := script[string](p, fmt.Sprintf(`(() => {
			const f = document.querySelector('main [name=%[1]q]:not([type=hidden])') || document.querySelector('[name=%[1]q]');
			if (!f) return 'there is no such field';
			if (f.type === 'checkbox') { f.checked = true } else { f.value = %[2]q }
			return f.tagName === 'SELECT' && f.value !== %[2]q ? 'there is no such choice' : 'ok' })()`, fields[i], fields[i+1]))
		if got != "ok" {
			p.t.Fatalf("%s fills %s with %q: %s; the page:\n%.1500s", p.name, fields[i], fields[i+1], got, p.page())
		}
	}
}

// pick types words into a picker, and chooses the value among what it finds.
func (p *person) pick(field, words, value string) {
	p.t.Helper()
	p.do(chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`(() => { const q = document.querySelector('[name="%s_q"]'); q.value = %q;
		for (const e of ['input', 'keyup', 'change', 'search']) q.dispatchEvent(new Event(e, {bubbles: true})) })()`, field, words)))
	deadline := time.Now().Add(limit)
	for !script[bool](p, fmt.Sprintf(`(() => { const r = document.querySelector('input[type=radio][name=%q][value=%q]'); if (r) r.checked = true; return !!r })()`, field, value)) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s does not find %q for %s; the page:\n%.2500s", p.name, words, field, p.page())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// press presses the visible button or link with the text and waits for the next page.
func (p *person) press(text string) {
	p.t.Helper()
	got := script[string](p, fmt.Sprintf(`(() => {
		const all = [...document.querySelectorAll('main button, main a'), ...document.querySelectorAll('button, a')];
		const b = all.find(e => e.innerText.trim() === %q && e.getClientRects().length);
		if (!b) return 'there is no such button or link';
		`+leave("b.click()")+`
		return 'ok' })()`, text))
	if got != "ok" {
		p.t.Fatalf("%s presses %q: %s; the page:\n%.2500s", p.name, text, got, p.page())
	}
	p.arrives("pressed " + strconv.Quote(text))
}

// leave is JavaScript that runs js, which leads to another page, once the script around it has answered: a page that
// goes away under a script takes the answer with it.
func leave(js string) string { return `window.stale = true; setTimeout(() => { ` + js + ` });` }

// arrives waits for the page that comes after leave.
func (p *person) arrives(by string) {
	p.t.Helper()
	deadline := time.Now().Add(limit)
	for time.Now().Before(deadline) {
		ctx, stop := context.WithTimeout(p.ctx, 5*time.Second)
		arrived, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`!window.stale && document.readyState === 'complete'`))
		stop()
		if err == nil && arrived {
			return
		}
		time.Sleep(30 * time.Millisecond)
	}
	p.t.Fatalf("%s %s and no other page came; the page:\n%.2500s", p.name, by, p.page())
}

// upload chooses a file for a field.
func (p *person) upload(field, path string) {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles(fmt.Sprintf(`input[type=file][name=%q]`, field), []string{path}))
}

// sees fails the test unless the page holds all the texts.
func (p *person) sees(texts ...string) {
	p.t.Helper()
	page := p.page()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			p.t.Fatalf("%s does not see %q; the page:\n%.2500s", p.name, text, page)
		}
	}
}

// value returns a field's value.
func (p *person) value(field string) string {
	p.t.Helper()
	return script[string](p, fmt.Sprintf(`(document.querySelector('main [name=%[1]q]:not([type=hidden])') || document.querySelector('[name=%[1]q]')).value`, field))
}

// shoot leaves pictures of the page at 360 and 1280 px, and checks that nothing runs over the edge and that axe has
// nothing against it.
func (p *person) shoot(what string) {
	p.t.Helper()
	*p.shots++
	for _, width := range []int64{360, 1280} {
		p.resize(width)
		if over := script[int64](p, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
			p.t.Errorf("%s: %s runs %d px over the edge at %d px", p.name, what, over, width)
		}
		ctx, stop := context.WithTimeout(p.ctx, limit)
		picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		stop()
		if err != nil {
			p.t.Fatal(err)
		}
		name := filepath.Join(p.folder, fmt.Sprintf("%02d-%s-%s-%d.png", *p.shots, p.name, what, width))
		if err := os.WriteFile(name, picture, 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	p.judge(what)
	p.resize(p.width)
}

// judge has axe look at the page (WCAG 2.2 A and AA).
func (p *person) judge(what string) {
	p.t.Helper()
	axe, err := os.ReadFile("../../modules/internal/ui/testdata/axe-core-4.14.1/axe.min.js")
	if err != nil {
		p.t.Fatal(err)
	}
	p.do(chromedp.Evaluate[chromedp.Void](string(axe)))
	report := script[string](p, `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})
		.then(r => JSON.stringify(r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).slice(0, 3).join(', '))))`)
	var violations []string
	if err := json.Unmarshal([]byte(report), &violations); err != nil {
		p.t.Fatal(err)
	}
	for _, v := range violations {
		p.t.Errorf("%s: axe on %s: %s", p.name, what, v)
	}
}

func (p *person) signIn(email, password string) {
	p.t.Helper()
	p.open("/dang-nhap")
	p.fill("email", email, "password", password)
	p.press("Đăng nhập")
}

// setUpFactor sets up an app, as a role that needs a second factor is asked to at its first sign-in, and goes on.
func (p *person) setUpFactor(next string) {
	p.t.Helper()
	p.sees("Cần thiết lập trước khi làm việc")
	p.shoot("security")
	p.press("Thêm ứng dụng tạo mã")
	p.shoot("add-app")
	secret, err := authz.ParseTOTPSecret(strings.ReplaceAll(script[string](p, `document.querySelector('.totp-secret').innerText`), " ", ""))
	if err != nil {
		p.t.Fatal(err)
	}
	p.fill("code", secret.Code(authz.StepAt(time.Now())))
	p.press("Bật ứng dụng này")
	p.sees("Các mã này chỉ hiện một lần")
	p.shoot("recovery-codes")
	p.press("Đã lưu, tiếp tục")
	if p.path() != next {
		p.t.Fatalf("%s is at %s after setting up, want %s", p.name, p.path(), next)
	}
}

// path returns the path of the page's address.
func (p *person) path() string {
	p.t.Helper()
	return script[string](p, "location.pathname")
}
