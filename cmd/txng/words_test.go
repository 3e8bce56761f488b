package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

// foreign is what a person at the terminal should not read: names of fields, and English of kong, Go, JSON and PostgreSQL.
var foreign = regexp.MustCompile(`(?m)not found|no such|directory|unexpected|unknown|missing|expected|invalid|SQLSTATE|panic|did you mean|stat |open |^[a-z_]+(\[\d+\])?: |json:|EOF`)

// inVietnamese makes sure that a message of a command has nothing foreign in it.
func inVietnamese(t *testing.T, name, said string) {
	t.Helper()
	if found := foreign.FindString(strings.ReplaceAll(said, "txng: ", "")); found != "" {
		t.Errorf("%s: %q has %q in it", name, said, found)
	}
}

func TestEveryCommandExplainsWrongArgumentsInVietnamese(t *testing.T) {
	c := migrated(t)
	t.Setenv("TXNG_DATABASE_URL", c.URL)
	t.Setenv("TXNG_SECRET", base64.StdEncoding.EncodeToString(tenanttest.Secret))
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	create := func(more ...string) []string {
		return append([]string{"tenant", "create", "--province", "01", "--name", "A", "--email", "a@thu.example.vn"}, more...)
	}
	const absent = "/khong/co/tep"
	reform := `{"format":"txng-units/1","resolution":"Nghị quyết 1","effective":"2027-01-01","ended":[{"code":"99999"}]}`
	for _, try := range []struct {
		args []string
		says string
	}{
		{nil, "Thiếu lệnh con; chọn một trong"},
		{[]string{"tenant"}, `"create"`},
		{[]string{"tenant", "merg"}, `có phải "merge"`},
		{[]string{"tenant", "merge"}, "Thiếu --from"},
		{[]string{"tenant", "merge", "--fro", "x"}, `có phải "--from"`},
		{[]string{"tenant", "merge", "--from"}, "--from: thiếu giá trị"},
		{[]string{"tenant", "cede", "--from", "x", "--list", "--undo"}, "Không dùng --list và --undo cùng lúc"},
		{[]string{"tenant", "cede", "--from", "x", "--part", "y"}, "--part: cần một số nguyên"},
		{[]string{"tenant", "state", "--slug", "x"}, "--slug: Không có tỉnh"},
		{create("--password", "x"), "--password: Mật khẩu cần ít nhất"},
		{create("--email", "x"), "--email: Địa chỉ thư điện tử chưa đúng"},
		{create("--email", "x", "--password", "mật khẩu dài đây"), "--email: Địa chỉ thư điện tử chưa đúng"},
		{create("--quota=-1"), "--quota: Nhập một số nguyên"},
		{create("--quota=x"), "--quota: cần một số nguyên"},
		{create("--colour=red"), "--colour: Màu viết dạng"},
		{create("--on=x"), "--on: Ngày"},
		{create("--base=x"), "--base: Địa chỉ công khai"},
		{create("--province=xx"), "--province: Không có đơn vị"},
		{create("--departments=XX"), "--departments: Chọn sở, ngành"},
		{create("--logo", absent), "--logo: /khong/co/tep: không có tệp"},
		{create("--logo", file("a.png", "x")), "--logo: Tệp không phải ảnh"},
		{create("--plan", absent), "--plan: /khong/co/tep: không có tệp"},
		{create("--plan", file("a.yaml", "a: [\n b")), "tệp kế hoạch"},
		{[]string{"tenant", "export", "--slug", "x", "--out", file("a.tar.gz", "")}, "--slug: Không có tỉnh"},
		{[]string{"tenant", "check", absent}, "không có tệp"},
		{[]string{"tenant", "import", file("a.tar.gz", "không phải")}, "không phải tệp lưu trữ"},
		{[]string{"tenant", "delete", "--slug", "x", "--archive", absent, "--confirm", "x"}, "--archive: /khong/co/tep: không có tệp"},
		{[]string{"import", "plan", "--tenant", "x", file("a.txt", "x")}, "Chỉ nhận tệp"},
		{[]string{"import", "plan", "--tenant", "x"}, "Thiếu <file>"},
		{[]string{"units", "import"}, "Thiếu <file>"},
		{[]string{"units", "import", absent}, "không có tệp"},
		{[]string{"units", "import", file("a.json", "")}, "tệp rỗng"},
		{[]string{"units", "import", file("a.json", reform[:40])}, "bị cắt cụt"},
		{[]string{"units", "import", file("a.json", `{"format" "x"}`)}, "sai cú pháp ở dòng 1"},
		{[]string{"units", "import", file("a.json", `{"format": 1}`)}, `mục "format" không đúng kiểu`},
		{[]string{"units", "import", file("a.json", `{"formats": 1}`)}, `mục lạ "formats"`},
		{[]string{"units", "import", file("a.json", reform)}, "Mục “ended[0]” của tệp: Không có đơn vị"},
		{[]string{"units", "import", "--apply", "--dry-run", file("a.json", reform)}, "cùng lúc"},
		{[]string{"units", "export", "--on", "x"}, "--on: Ngày hiệu lực"},
		{[]string{"user", "create", "--role", "vua", "--name", "A", "--email", "a@thu.example.vn", "--password", "mật khẩu dài đây"}, "--role: Không có vai trò"},
		{[]string{"user", "create", "--role", "leader", "--name", "A", "--email", "a@thu.example.vn", "--password", "mật khẩu dài đây"}, "--tenant: Ghi tên miền con"},
		{[]string{"user", "end-role", "--email", "x"}, "--email: Địa chỉ thư điện tử chưa đúng"},
		{[]string{"user", "phone"}, "Thiếu --email hoặc --number"},
		{[]string{"user", "phone", "--number", "091"}, "--number: Nhập"},
		{[]string{"user", "phone", "--email", "la@thu.example.vn"}, "Không có tài khoản nào"},
		{[]string{"user", "reset-factor", "--email", "la@thu.example.vn", "--data", t.TempDir()}, "--email: Không có tài khoản"},
		{[]string{"user", "reset-factor", "--email", "la@thu.example.vn", "--smtp-url", "x"}, "--smtp-url, --mail-from: "},
		{[]string{"audit", "verify", "--tenant", "x"}, "--tenant: Không có tỉnh"},
		{[]string{"migrate", "--to", "999"}, "--to: Không có bước 999"},
		{[]string{"migrate", "--to", "x"}, "--to: cần một số nguyên"},
		{[]string{"doctor", "--secret", "x"}, "32 byte"},
		{[]string{"doctor", "--database-url", "x"}, "--database-url: Địa chỉ chưa đúng"},
		{[]string{"serve", "--base", "https://txng.example", "--addr", "x", "--data", t.TempDir()}, "--addr: Địa chỉ"},
		{[]string{"serve", "--base", "https://txng.example", "--sso-networks", "x"}, "--sso-networks: Mạng"},
	} {
		code, said := command(t, try.args...)
		if code == 0 || !strings.Contains(said, try.says) {
			t.Errorf("%q: %d %q, want a sentence with %q", try.args, code, said, try.says)
		}
		inVietnamese(t, strings.Join(try.args, " "), said)
	}
	if code, said := command(t, "tenant", "merge", "--help"); code != 0 || !strings.Contains(said, "từ 10 đến 500 ký tự") || strings.Contains(said, "Usage") || strings.Contains(said, "Flags") {
		t.Errorf("help: %d\n%s", code, said)
	}
}

// TestErrorsOfTheSystemAreSaidInVietnamese: the operator's own paths and the cause, and what nobody foresaw in parentheses.
func TestErrorsOfTheSystemAreSaidInVietnamese(t *testing.T) {
	t.Parallel()
	at := func(err error) error { return &fs.PathError{Op: "open", Path: "/a/b", Err: err} }
	for _, try := range []struct {
		err  error
		want string
	}{
		{refuse("không đọc được tệp: %w", at(syscall.ENOENT)), "không đọc được tệp: /a/b: không có tệp hoặc thư mục này"},
		{refuse("không đọc được tệp: %w", at(syscall.EACCES)), "không đọc được tệp: /a/b: không có quyền truy cập"},
		{refuse("không ghi được tệp: %w", at(syscall.ENOSPC)), "không ghi được tệp: /a/b: ổ đĩa đã đầy"},
		{refuse("không ghi được tệp: %w", &os.LinkError{Op: "rename", Old: "/a/c", New: "/a/b", Err: syscall.EROFS}), "không ghi được tệp: /a/b: ổ đĩa chỉ cho đọc"},
		{at(syscall.ENOENT), "Lệnh dừng vì lỗi ngoài dự kiến (/a/b: không có tệp hoặc thư mục này)."},
		{refuse("không đọc được tệp: %w", at(syscall.EIO)), "không đọc được tệp: /a/b: lỗi của hệ điều hành (input/output error)"},
		{errors.New("strange"), "Lệnh dừng vì lỗi ngoài dự kiến (strange)."},
		{fault.NotFound, "Không tìm thấy điều lệnh nhắc đến, hoặc nó không còn nữa."},
		{fmt.Errorf("connect: %w: refused", fault.Unavailable), "Cơ sở dữ liệu không trả lời. Kiểm tra địa chỉ (--database-url) và máy chủ PostgreSQL rồi chạy lại (connect: unavailable: refused)."},
	} {
		if got := sentence(try.err, noFlag); got != try.want {
			t.Errorf("%v:\n got %q\nwant %q", try.err, got, try.want)
		}
	}
}
