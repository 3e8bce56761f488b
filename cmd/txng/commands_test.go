package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/modules/demo"
	"txng/tenant"
	"txng/tenant/postgres"
	"txng/tenant/tenanttest"
)

// output is what a running command prints, as far as it has got.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// command runs a command to its end and returns its exit code and what it printed.
func command(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out output
	code := run(t.Context(), args, &out, &out)
	return code, out.String()
}

// running starts `txng demo` and waits until it is ready.
func running(t *testing.T, args ...string) (base string, out *output, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out = &output{}
	done := make(chan int, 1)
	go func() { done <- run(ctx, append([]string{"demo"}, args...), out, out) }()
	stop = sync.OnceValue(func() int {
		cancel()
		return <-done
	})
	t.Cleanup(func() { stop() })
	for {
		if _, after, ok := strings.Cut(out.String(), "txng ready "); ok && strings.Contains(after, "\n") {
			base, _, _ = strings.Cut(after, "\n")
			return base, out, stop
		}
		select {
		case code := <-done:
			done <- code
			t.Fatalf("demo ended with %d:\n%s", code, out)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func status(t *testing.T, url string) int {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Timeout: 30 * time.Second}
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	io.Copy(io.Discard, r.Body)
	return r.StatusCode
}

func readResult(t *testing.T, data string) (r demo.Result) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, demoFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDemoBringsEverythingUpAndKeepsIt starts the demonstration in an empty folder, uses it, starts it again, and has
// the doctor look at it.
func TestDemoBringsEverythingUpAndKeepsIt(t *testing.T) {
	t.Setenv("TXNG_DATABASE_URL", "")
	data := filepath.Join(t.TempDir(), "data")
	t.Cleanup(func() { // as root, the cluster may lie elsewhere
		if err := postgres.Remove(filepath.Join(data, "postgres")); err != nil {
			t.Error(err)
		}
	})
	started := time.Now()
	base, out, stop := running(t, "--data", data, "--addr", "127.0.0.1:0")
	t.Logf("first start: %s", time.Since(started).Round(time.Millisecond))
	first := readResult(t, data)
	if first.URL != base || len(first.Tenants) != 6 {
		t.Errorf("demo.json names %s and %v, want %s and six tenants", first.URL, first.Tenants, base)
	}
	if !strings.Contains(out.String(), "vanhanh@demo.txng.vn") {
		t.Errorf("no sign-ins were printed:\n%s", out)
	}
	for _, s := range first.Stamps {
		want := http.StatusOK
		if s.State == "unknown" {
			want = http.StatusNotFound
		}
		if got := status(t, s.URL); got != want {
			t.Errorf("stamp %s: %d, want %d", s.State, got, want)
		}
	}
	for _, path := range []string{"/khoe", "/song", "/dang-nhap", "/dang-ky", "/tro-giup"} {
		if got := status(t, base+path); got != http.StatusOK {
			t.Errorf("%s: %d, want 200", path, got)
		}
	}
	if code := stop(); code != 0 {
		t.Errorf("demo ended with %d:\n%s", code, out)
	}

	started = time.Now()
	base, _, stop = running(t, "--data", data, "--addr", "127.0.0.1:0")
	t.Logf("second start: %s", time.Since(started).Round(time.Millisecond))
	second := readResult(t, data)
	if len(second.Accounts) != len(first.Accounts) || second.URL != base || !strings.HasPrefix(second.Stamps[0].URL, base) {
		t.Errorf("the second start has %d accounts at %s, want the first one's %d at %s", len(second.Accounts), second.URL, len(first.Accounts), base)
	}
	if got := status(t, second.Stamps[0].URL); got != http.StatusOK {
		t.Errorf("a stamp after the second start: %d, want 200", got)
	}
	if code, text := command(t, "demo", "--data", data, "--addr", "127.0.0.1:0"); code != 1 || !strings.Contains(text, "đang") {
		t.Errorf("a second process on the same folder: %d %s", code, text)
	}
	stop()

	if code, text := command(t, "doctor", "--data", data); code != 0 || strings.Count(text, "Đạt ") != 6 {
		t.Errorf("doctor on a healthy deployment: %d\n%s", code, text)
	}
	spoil(t, data, "alter table catalog.product no force row level security")
	if code, text := command(t, "doctor", "--data", data); code != 1 || !strings.Contains(text, "C01") {
		t.Errorf("doctor on a table without forced row security: %d\n%s", code, text)
	}
	spoil(t, data, "alter table catalog.product force row level security; alter role txng_app password 'x'")
	if code, text := command(t, "doctor", "--data", data); code != 1 || !strings.Contains(text, "LỖI  Vai trò đăng nhập") {
		t.Errorf("doctor on a role that cannot sign in: %d\n%s", code, text)
	}
	if code, text := command(t, "migrate", "--data", data); code != 0 {
		t.Errorf("migrate: %d %s", code, text)
	}
	if code, text := command(t, "migrate", "status", "--data", data); code != 0 || !regexp.MustCompile(`ở bước (\d+), chương trình biết đến bước (\d+)`).MatchString(text) {
		t.Errorf("migrate status: %d %s", code, text)
	}
	if code, text := command(t, "doctor", "--data", data); code != 0 {
		t.Errorf("doctor after migrate has set the passwords again: %d\n%s", code, text)
	}
	for _, bench := range []string{"scope", "stamps", "authz"} {
		var answer, notices output
		code := run(t.Context(), []string{"bench", bench, "--data", data, "--json", "--rounds", "50"}, &answer, &notices)
		text := answer.String()
		var flat map[string]float64
		if err := json.Unmarshal([]byte(text), &flat); code != 0 || err != nil || len(flat) < 4 {
			t.Errorf("bench %s: %d %v %s", bench, code, err, text)
		}
		for _, key := range []string{"signin_known_over_unknown", "reset_known_over_unknown"} {
			if bench == "authz" && flat[key] <= 0 {
				t.Errorf("bench authz without %s: %s", key, text)
			}
		}
	}

	_, _, stop = running(t, "--data", data, "--addr", "127.0.0.1:0", "--reset")
	if third := readResult(t, data); third.Stamps[0].URL == second.Stamps[0].URL {
		t.Error("--reset kept the old stamps")
	}
	stop()
}

// spoil runs a statement on the stopped demonstration's database.
func spoil(t *testing.T, data, sql string) {
	t.Helper()
	s, err := postgres.Start(t.Context(), postgres.Options{Dir: filepath.Join(data, "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	conn, err := pgx.Connect(t.Context(), s.URL(databaseName))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestPortInUseIsSaidAndNothingIsTouched(t *testing.T) {
	t.Setenv("TXNG_DATABASE_URL", "")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	data := filepath.Join(t.TempDir(), "data")
	code, text := command(t, "demo", "--data", data, "--addr", l.Addr().String())
	if code != 1 || !strings.Contains(text, "cổng") || !strings.Contains(text, "--addr") {
		t.Errorf("%d %s", code, text)
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("the data folder was made all the same: %v", err)
	}
}

func TestForeignDataFolderIsLeftAlone(t *testing.T) {
	t.Setenv("TXNG_DATABASE_URL", "")
	data := t.TempDir()
	letter := filepath.Join(data, "postgres", "letter.txt")
	if err := os.MkdirAll(filepath.Dir(letter), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(letter, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--data", data}, {"--data", data, "--reset"}} {
		code, text := command(t, append([]string{"demo", "--addr", "127.0.0.1:0"}, args...)...)
		if code != 1 || text == "" {
			t.Errorf("%v: %d %s", args, code, text)
		}
		if b, err := os.ReadFile(letter); err != nil || string(b) != "mine" {
			t.Errorf("%v: the letter is gone: %v", args, err)
		}
	}
}

func TestWrongArgumentsAreExplained(t *testing.T) {
	c := migrated(t)
	t.Setenv("TXNG_DATABASE_URL", c.URL)
	t.Setenv("TXNG_SECRET", "dHhuZyB0ZXN0IHNlY3JldCwgMzIgYnl0ZXMgb3IgbW9yZQ==")
	admin := []string{"--name", "A", "--email", "a@example.vn", "--password", "mật khẩu dài"}
	for name, try := range map[string]struct {
		args []string
		says string
	}{
		"code that ended":        {append([]string{"tenant", "create", "--province", "49"}, admin...), "Đà Nẵng"},
		"code of nothing":        {append([]string{"tenant", "create", "--province", "xx"}, admin...), "Không có đơn vị hành chính"},
		"bad day":                {append([]string{"tenant", "create", "--province", "40", "--on", "hôm qua"}, admin...), "2026-01-31"},
		"bad slug":               {append([]string{"tenant", "create", "--province", "40", "--slug", "Nghệ An"}, admin...), "slug"},
		"unknown role":           {[]string{"user", "create", "--role", "king", "--name", "A", "--email", "k@example.vn", "--password", "mật khẩu dài"}, "vai trò"},
		"short password":         {[]string{"user", "create", "--role", "operator", "--name", "A", "--email", "k@example.vn", "--password", "x"}, "10 ký tự"},
		"tenant that is unknown": {[]string{"user", "create", "--role", "leader", "--tenant", "atlantis", "--name", "A", "--email", "k@example.vn", "--password", "mật khẩu dài"}, "Không có tỉnh"},
		"step beyond the newest": {[]string{"migrate", "--to", "999"}, "999"},
		"secret too short":       {[]string{"doctor", "--secret", "eA=="}, "32 byte"},
		"address of serve":       {[]string{"serve", "--base", "txng.vn"}, "https://txng.vn"},
	} {
		code, text := command(t, try.args...)
		if code == 0 || !strings.Contains(text, try.says) {
			t.Errorf("%s: %d %q, want a sentence with %q", name, code, text, try.says)
		}
		if strings.Contains(text, "SQLSTATE") {
			t.Errorf("%s: database text reached the person: %s", name, text)
		}
	}
}

func TestTenantIsCreatedFromTheCommandLine(t *testing.T) {
	c := migrated(t)
	t.Setenv("TXNG_DATABASE_URL", c.URL)
	t.Setenv("TXNG_SECRET", "dHhuZyB0ZXN0IHNlY3JldCwgMzIgYnl0ZXMgb3IgbW9yZQ==")
	args := []string{"tenant", "create", "--province", "40", "--name", "Nguyễn Thị Lan", "--email", "lan@nghean.test", "--password", "mật khẩu dài", "--plan", planFile(t, "nghe-an")}
	if code, text := command(t, args...); code != 0 || !strings.Contains(text, "nghe-an") {
		t.Fatalf("%d %s", code, text)
	}
	if code, text := command(t, args...); code != 1 || !strings.Contains(text, "đã được đưa vào vận hành") {
		t.Errorf("once more: %d %s", code, text)
	}
	if code, text := command(t, "import", "plan", "--tenant", "nghe-an", planFile(t, "nghe-an")); code != 1 || !strings.Contains(text, "đã được nhập") {
		t.Errorf("the same plan once more: %d %s", code, text)
	}
	if code, text := command(t, "tenant", "list"); code != 0 || !strings.Contains(text, "Nghệ An") {
		t.Errorf("list: %d %s", code, text)
	}
}

func TestTenantIsCreatedWithAllFieldsAndAnInvitation(t *testing.T) {
	c := migrated(t)
	t.Setenv("TXNG_DATABASE_URL", c.URL)
	t.Setenv("TXNG_SECRET", "dHhuZyB0ZXN0IHNlY3JldCwgMzIgYnl0ZXMgb3IgbW9yZQ==")
	args := []string{
		"tenant", "create", "--province", "40", "--name", "Nguyễn Thị Lan", "--email", "lan@nghean.test", "--base", "https://txng.example",
		"--domain", "txng.nghean.example", "--display-name", "Tem Nghệ An", "--colour", "#7a1f1f", "--contact-name", "Chi cục TĐC", "--contact", "0238 3844 500",
		"--quota", "500", "--no-self-signup", "--departments", "SKHCN,SCT", "--logo", photoFile(t),
	}
	for flag, wrong := range map[string]string{"--quota": "-1", "--colour": "#ffff00", "--domain": "a.txng.example", "--departments": "XX", "--email": "lan"} {
		try := append(append([]string{}, args...), flag+"="+wrong)
		if code, text := command(t, try...); code != 1 || strings.Contains(text, "đã vận hành") {
			t.Errorf("%s %s: %d %s, want a refusal", flag, wrong, code, text)
		}
	}
	code, text := command(t, args...)
	if code != 0 || !strings.Contains(text, "https://txng.example/loi-moi/nghe-an/") {
		t.Fatalf("%d %s, want the link of the invitation", code, text)
	}
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got, err := db.TenantByDomain(t.Context(), "txng.nghean.example")
	if err != nil || got.Title() != "Tem Nghệ An" || got.Colour != "#7a1f1f" || got.Logo == "" || got.Settings.Number(tenant.FreeQuota) != 500 ||
		got.Settings.On(tenant.SelfSignUp) || !got.Settings.On(tenant.APIAccess) || got.Settings.Value(tenant.Departments) != "SKHCN,SCT" {
		t.Errorf("%v: %+v", err, got)
	}
}

// migrated returns a database of the test's own, with nothing in it but the schema.
func migrated(t *testing.T) tenant.Config {
	t.Helper()
	c := tenanttest.Empty(t)
	if err := tenant.Migrate(t.Context(), c, -1); err != nil {
		t.Fatal(err)
	}
	return c
}

// wire forwards connections to a server and can be cut.
type wire struct {
	net.Listener
	to string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Listener: l, to: to, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { w.set(true); l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.forward(c)
		}
	}()
	return w
}

func (w *wire) forward(c net.Conn) {
	defer c.Close()
	w.mu.Lock()
	cut := w.cut
	w.mu.Unlock()
	if cut {
		return
	}
	s, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer s.Close()
	w.mu.Lock()
	w.conns[c], w.conns[s] = true, true
	w.mu.Unlock()
	go func() { io.Copy(s, c); s.Close() }()
	io.Copy(c, s)
}

// set cuts the wire, with all connections on it, or mends it.
func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for c := range w.conns {
			c.Close()
		}
		clear(w.conns)
	}
}

func TestSiteOutlivesItsDatabasesAbsence(t *testing.T) {
	c := tenanttest.Database(t)
	u, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, u.Host)
	u.Host = w.Addr().String()
	base := startSite(t, tenant.Config{URL: u.String(), Secret: c.Secret})
	if got := status(t, base+"/khoe"); got != http.StatusOK {
		t.Fatalf("with its database: %d, want 200", got)
	}
	w.set(true)
	for _, path := range []string{"/khoe", "/dang-ky?tinh=x"} {
		r, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "tạm thời không trả lời") || r.Header.Get("Retry-After") == "" {
			t.Errorf("%s without the database: %d %.200s", path, r.StatusCode, body)
		}
	}
	if got := status(t, base+"/song"); got != http.StatusOK {
		t.Errorf("/song without the database: %d, want 200", got)
	}
	w.set(false)
	deadline := time.Now().Add(20 * time.Second)
	for status(t, base+"/khoe") != http.StatusOK {
		if time.Now().After(deadline) {
			t.Fatal("the site does not find its database again")
		}
		time.Sleep(100 * time.Millisecond)
	}
	if got := status(t, base+"/dang-ky?tinh=x"); got != http.StatusOK {
		t.Errorf("after its return: %d, want 200", got)
	}
}
