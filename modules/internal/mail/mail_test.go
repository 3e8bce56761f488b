package mail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"txng/tenant/fault"
)

var at = time.Date(2026, 11, 22, 7, 5, 9, 0, time.UTC)

func reset() Message {
	return Message{
		To: "lan@nghean.vn", Name: "Nguyễn Thị Lan", Subject: "Đặt lại mật khẩu trên hệ thống truy xuất nguồn gốc của tỉnh Nghệ An", At: at,
		Lines: []string{"Kính gửi Nguyễn Thị Lan,", "Có người vừa yêu cầu <đặt lại> mật khẩu."},
		Link:  Link{"Đặt mật khẩu mới", "https://txng.vn/dat-lai/abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnop?a=1&b=2"},
		After: []string{"Đường dẫn có hiệu lực 1 giờ."},
	}
}

// checkLetter reads a letter back as a stranger's program would.
func checkLetter(t *testing.T, raw []byte) {
	t.Helper()
	l, err := parse(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	want := reset()
	if l.Subject != want.Subject || l.To != "Nguyễn Thị Lan <lan@nghean.vn>" || !l.At.Equal(at) {
		t.Errorf("got %q to %q at %v", l.Subject, l.To, l.At)
	}
	for _, part := range append(append([]string{want.Link.URL}, want.Lines...), want.After...) {
		if !strings.Contains(l.Text, part) {
			t.Errorf("text lacks %q:\n%s", part, l.Text)
		}
	}
	for n, line := range strings.Split(string(raw), "\r\n") {
		if strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) || len(line) > 200 {
			t.Errorf("line %d is not plain ASCII of a bearable length: %q", n+1, line)
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"From", "Date", "Message-Id", "Mime-Version"} {
		if len(m.Header[name]) != 1 {
			t.Errorf("%s: %q, want one", name, m.Header[name])
		}
	}
	if !strings.Contains(string(raw), "text/html; charset=UTF-8") || strings.Contains(string(raw), "<=C4=91=E1=BA=B7t l=E1=BA=A1i>") && !strings.Contains(string(raw), "&lt;") {
		t.Error("no HTML, or what was typed is not escaped in it")
	}
}

func TestLetterBecomesAFileThatOthersCannotRead(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "mail")
	o, err := Open("", "", folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Send(t.Context(), reset()); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(folder + "/*")
	if len(files) != 1 || filepath.Ext(files[0]) != ".eml" {
		t.Fatalf("files %q, want one .eml", files)
	}
	if info, _ := os.Stat(files[0]); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", info.Mode())
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	checkLetter(t, raw)
}

func TestLettersOfTheFolderAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	o, err := Open("", "", folder)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		m := reset()
		m.At, m.Subject = at.Add(time.Duration(i)*time.Hour), "Thư "+string(rune('A'+i))
		if err := o.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	os.WriteFile(filepath.Join(folder, "secret.txt"), []byte("x"), 0o600)
	list, err := Letters(folder)
	if err != nil || len(list) != 3 || list[0].Subject != "Thư C" || list[2].Subject != "Thư A" {
		t.Errorf("got %+v, %v", list, err)
	}
	for _, name := range []string{"../secret.txt", "secret.txt", "", "..", "20261122-070509.000-abcdefghijkl.eml"} {
		if _, err := ReadLetter(folder, name); !errors.Is(err, fault.NotFound) {
			t.Errorf("%q: %v, want fault.NotFound", name, err)
		}
	}
	if none, err := Letters(filepath.Join(folder, "none")); err != nil || len(none) != 0 {
		t.Errorf("a folder that is not there: %v, %v", none, err)
	}
}

func TestNothingTypedBecomesAHeader(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	o, err := Open("", "", folder)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Message){
		"address with a header": func(m *Message) { m.To = "a@b.vn\r\nBcc: all@b.vn" },
		"two addresses":         func(m *Message) { m.To = "a@b.vn, c@d.vn" },
		"name in the address":   func(m *Message) { m.To = "A <a@b.vn>" },
		"no address":            func(m *Message) { m.To = "" },
		"subject":               func(m *Message) { m.Subject = "Chào\r\nBcc: all@b.vn" },
		"bare line feed":        func(m *Message) { m.Subject = "Chào\nBcc: all@b.vn" },
		"name":                  func(m *Message) { m.Name = "Lan\r\nBcc: all@b.vn" },
		"link":                  func(m *Message) { m.Link.URL = "https://txng.vn/\r\n\r\nBcc: x" },
		"text with NUL":         func(m *Message) { m.Lines = []string{"a\x00"} },
		"broken UTF-8":          func(m *Message) { m.Subject = "\xff" },
		"endless subject":       func(m *Message) { m.Subject = strings.Repeat("ạ", 5000) },
	} {
		m := reset()
		change(&m)
		if err := o.Send(t.Context(), m); err == nil {
			t.Errorf("%s: it was sent", name)
		}
	}
	m := reset()
	m.Name = `Lan" <evil@b.vn>, "`
	if err := o.Send(t.Context(), m); err != nil {
		t.Errorf("a name with quotes: %v", err)
	}
	list, err := Letters(folder)
	if err != nil || len(list) != 1 || list[0].To != m.Name+" <lan@nghean.vn>" {
		t.Errorf("got %+v, %v; want one letter to lan@nghean.vn", list, err)
	}
}

// server is an SMTP server that keeps what it gets.
type server struct {
	mu       sync.Mutex
	letters  [][]byte
	from, to []string
}

func (s *server) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }

type session struct {
	*server
	known bool
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		s.known = user == "txng" && password == "bí mật/@:"
		if !s.known {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = append(s.from, from)
	return nil
}
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, to)
	return nil
}
func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, b)
	return err
}
func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func startServer(t *testing.T) (*server, string) {
	t.Helper()
	backend := &server{}
	s := smtp.NewServer(backend)
	s.AllowInsecureAuth = true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return backend, l.Addr().String()
}

func TestLetterGoesThroughARealServer(t *testing.T) {
	t.Parallel()
	backend, address := startServer(t)
	o, err := Open("smtp://txng:b%C3%AD%20m%E1%BA%ADt%2F%40%3A@"+address, "Truy xuất nguồn gốc <khong-tra-loi@txng.vn>", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Send(t.Context(), reset()); err != nil {
		t.Fatal(err)
	}
	if len(backend.letters) != 1 || backend.from[0] != "khong-tra-loi@txng.vn" || backend.to[0] != "lan@nghean.vn" {
		t.Fatalf("the server got %d letters from %q to %q", len(backend.letters), backend.from, backend.to)
	}
	checkLetter(t, backend.letters[0])
}

func TestFailedSendingSaysSoWithoutThePassword(t *testing.T) {
	t.Parallel()
	_, address := startServer(t)
	for _, url := range []string{"smtp://txng:saimatkhau@" + address, "smtp://txng:saimatkhau@127.0.0.1:1", "smtps://txng:saimatkhau@" + address} {
		o, err := Open(url, "a@txng.vn", "")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		err = o.Send(ctx, reset())
		stop()
		if err == nil || strings.Contains(err.Error(), "saimatkhau") {
			t.Errorf("%s: %v, want an error without the password", url, err)
		}
	}
}

// TestLetterIsNotSentInTheClearToAnotherMachine: a server of another machine that offers no TLS gets nothing.
func TestLetterIsNotSentInTheClearToAnotherMachine(t *testing.T) {
	t.Parallel()
	backend, address := startServer(t)
	_, port, _ := net.SplitHostPort(address)
	o, err := Open("smtp://thu.example.vn:"+port, "a@txng.vn", "")
	if err != nil {
		t.Fatal(err)
	}
	o.host = "127.0.0.1" // the name's machine; the policy stays that of another machine
	if err := o.Send(t.Context(), reset()); err == nil || len(backend.letters) > 0 {
		t.Errorf("sent without TLS: %v", err)
	}
}

func TestBadConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"http://a", "a@b.vn", ""}, {"smtp://", "a@b.vn", ""}, {"smtp://h:99999", "a@b.vn", ""}, {"smtp://h", "", ""}, {"smtp://h", "không phải", ""}, {"", "", ""},
		{"smtp://u:p%zz@h", "a@b.vn", ""}, {"h:25", "a@b.vn", ""}, {"smtp://u:p@h?tls=off", "a@b.vn", ""},
	} {
		if _, err := Open(c[0], c[1], c[2]); err == nil {
			t.Errorf("%q was accepted", c)
		} else if strings.Contains(err.Error(), "p%zz") {
			t.Errorf("the password stands in %v", err)
		}
	}
}
