package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/demo"
	"txng/modules/stamps"
	"txng/tenant"
)

// TestFileFieldsOfAProvinceSpeakVietnamese has an administrator choose files on each page of the province that asks for
// one, and send them.
func TestFileFieldsOfAProvinceSpeakVietnamese(t *testing.T) {
	window := browser(t)
	c := migrated(t)
	base := startSite(t, c)
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	keys, err := stamps.KeysOf(c.Secret)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := authz.NewSigner(c.Secret)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := demo.Load(t.Context(), db, keys, signer.Factors(), base, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(loaded.Accounts, func(a demo.Account) bool { return a.Role == string(authz.DOSTAdmin) && a.Tenant == "nghe-an" })
	if at < 0 {
		t.Fatal("the demonstration has no administrator of Nghệ An")
	}
	folder, err := os.MkdirTemp("", "txng-file-")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("screenshots: %s", folder)
	shots := 0
	admin := visitor(t, window, base, folder, "admin", 1280, &shots)
	admin.signIn(loaded.Accounts[at].Email, demo.Password)
	admin.fill("code", demo.FactorSecret.Code(authz.StepAt(time.Now())))
	admin.press("Xác nhận")
	for _, k := range []struct{ path, field, file, seen, button, then string }{
		{"/ke-hoach/nhap", "file", planFile(t, "bac-giang"), "bac-giang.xlsx, ", "Xem trước", "Chỉ tiêu"},
		{"/thanh-vien/nhap", "file", photoFile(t), "my-chu.png, ", "Xem trước", "Chỉ nhận tệp .xlsx hoặc .csv"},
		{"/cau-hinh", "logo", photoFile(t), "my-chu.png, ", "Lưu thiết lập", "Đã lưu thiết lập"},
	} {
		admin.open(k.path)
		admin.sees("Chọn tệp…", "Chưa chọn tệp nào")
		admin.shoot("none" + strings.ReplaceAll(k.path, "/", "-"))
		admin.upload(k.field, k.file)
		admin.sees(k.seen)
		admin.shoot("chosen" + strings.ReplaceAll(k.path, "/", "-"))
		admin.press(k.button)
		admin.shoot("sent" + strings.ReplaceAll(k.path, "/", "-"))
		admin.sees(k.then)
	}
}
