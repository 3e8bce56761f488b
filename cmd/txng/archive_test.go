package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/tenant/tenanttest"
)

// TestOperatorMovesAProvinceAndDeletesIt exports a province, checks the file, brings it into an empty deployment and
// deletes it from the first, all by command.
func TestOperatorMovesAProvinceAndDeletesIt(t *testing.T) {
	secret := base64.StdEncoding.EncodeToString(tenanttest.Secret)
	from, to := tenanttest.Empty(t).URL, tenanttest.Empty(t).URL
	at := func(url string, args ...string) (int, string) {
		return command(t, append(args, "--database-url", url, "--secret", secret)...)
	}
	must := func(code int, said string) string {
		t.Helper()
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, said)
		}
		return said
	}
	for _, url := range []string{from, to} {
		must(at(url, "migrate"))
	}
	must(at(from, "tenant", "create", "--province", "40", "--domain", "txng.nghean.gov.vn", "--name", "Trần Thị Hoa", "--email", "hoa@nghean.vn", "--password", "mat khau tam thoi"))
	file := filepath.Join(t.TempDir(), "nghe-an.tar.gz")
	said := must(at(from, "tenant", "export", "--slug", "nghe-an", "--out", file, "--with-credentials"))
	if !strings.Contains(said, "Đã xuất Nghệ An") || !strings.Contains(said, "SHA-256") {
		t.Errorf("export: %s", said)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v; want it readable by its owner only", info, err)
	}
	if code, said := at(from, "tenant", "export", "--slug", "nghe-an", "--out", file); code != 1 || !strings.Contains(said, "đã có") {
		t.Errorf("export over a file: %d %s", code, said)
	}
	if code, said := at(from, "tenant", "export", "--slug", "khong-co", "--out", file+"2"); code != 1 || !strings.Contains(said, "Không có tỉnh") {
		t.Errorf("export of no province: %d %s", code, said)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(left) != 1 {
		t.Errorf("files left behind: %v", left)
	}
	if said := must(command(t, "tenant", "check", file)); !strings.Contains(said, "nguyên vẹn") {
		t.Errorf("check: %s", said)
	}

	if code, said := command(t, "tenant", "import", file, "--database-url", to, "--secret", base64.StdEncoding.EncodeToString([]byte("another secret, 32 bytes or more"))); code != 1 || !strings.Contains(said, "--other-key") {
		t.Errorf("import with another secret: %d %s", code, said)
	}
	if code, said := at(to, "tenant", "import", file, "--base", "https://nghean.gov.vn"); code != 1 || !strings.Contains(said, "phải nằm ngoài nghean.gov.vn") {
		t.Errorf("import where the province's own domain is the platform's: %d %s", code, said)
	}
	if said := must(at(to, "tenant", "import", file)); !strings.Contains(said, "Đã nhập Nghệ An") {
		t.Errorf("import: %s", said)
	}
	if code, said := at(to, "tenant", "import", file); code != 1 || !strings.Contains(said, "đã có trên hệ thống") {
		t.Errorf("import twice: %d %s", code, said)
	}
	if said := must(at(to, "audit", "verify")); !strings.Contains(said, "nguyên vẹn") {
		t.Errorf("audit: %s", said)
	}

	remove := func(archive string) (int, string) {
		return at(from, "tenant", "delete", "--slug", "nghe-an", "--archive", archive, "--confirm", "nghe-an")
	}
	if code, said := remove(file); code != 1 || !strings.Contains(said, "chưa ở trạng thái lưu trữ") {
		t.Errorf("delete an active province: %d %s", code, said)
	}
	conn, err := pgx.Connect(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "update tenant.tenant set state = 'archived'"); err != nil {
		t.Fatal(err)
	}
	if code, said := remove(file); code != 1 || !strings.Contains(said, "tenant.tenant") {
		t.Errorf("delete with an archive of before: %d %s", code, said)
	}
	last := file + "3"
	must(at(from, "tenant", "export", "--slug", "nghe-an", "--out", last))
	if said := must(remove(last)); !strings.Contains(said, "còn 0 dòng") {
		t.Errorf("delete: %s", said)
	}
	if said := must(at(from, "tenant", "list")); strings.Contains(said, "nghe-an") {
		t.Errorf("list after the deletion: %s", said)
	}
}
