package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/modules"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/unit"
)

const storyPassword = "mật khẩu của câu chuyện"

// TestStoryOfSixPeople plays the line through everything: a province onboards with Bắc Giang's real plan, a business
// registers a product and orders stamps, a shopper scans one, the province's KPI moves, the ministry sees it.
func TestStoryOfSixPeople(t *testing.T) {
	window := browser(t)
	c := migrated(t)
	base := startSite(t, c)
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	prepare(t, db)
	folder, err := os.MkdirTemp("", "txng-story-")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("screenshots: %s", folder)
	shots := 0
	meet := func(name string, width int64) *person { return visitor(t, window, base, folder, name, width, &shots) }

	// The operator brings Bắc Ninh onto the platform, with Bắc Giang's plan.
	operator := meet("operator", 1280)
	operator.open("/tinh")
	operator.sees("Đăng nhập")
	operator.shoot("sign-in")
	operator.signIn("vanhanh@txng.test", storyPassword)
	operator.setUpFactor("/tinh")
	operator.sees("Tỉnh, thành phố", "Bắc Ninh")
	operator.shoot("provinces")
	operator.press("Bắc Ninh")
	began := time.Now()
	operator.press("Đưa Bắc Ninh vào vận hành")
	operator.fill("slug", "Bắc Ninh!")
	operator.press("Lưu và tiếp tục")
	operator.sees("không phải chữ Latinh")
	operator.fill("slug", "bac-ninh")
	operator.shoot("onboarding-address")
	operator.press("Lưu và tiếp tục")
	operator.fill("colour", "#ffff00", "contact", "Sở KH&CN Bắc Ninh, 0222 3822 333")
	operator.sees("Chọn tệp…", "Chưa chọn tệp nào")
	operator.upload("logo", photoFile(t))
	operator.sees("my-chu.png, ")
	operator.press("Lưu và tiếp tục")
	operator.sees("Chữ trắng trên màu này khó đọc", "Đã có biểu trưng")
	if got := operator.value("contact"); got != "Sở KH&CN Bắc Ninh, 0222 3822 333" {
		t.Errorf("the form lost the contact: %q", got)
	}
	operator.fill("colour", "#0b5d4e")
	operator.shoot("onboarding-face")
	operator.press("Lưu và tiếp tục")
	operator.shoot("onboarding-settings")
	operator.press("Lưu và tiếp tục")
	operator.fill("admin_name", "Nguyễn Thị Lan", "admin_email", "lan@bacninh.test")
	operator.upload("plan", planFile(t, "bac-giang"))
	operator.shoot("onboarding-admin")
	operator.press("Lưu và tiếp tục")
	operator.sees("bac-ninh.", "Nguyễn Thị Lan")
	operator.shoot("onboarding-review")
	operator.press("Đưa Bắc Ninh vào vận hành")
	operator.sees("Đã đưa Bắc Ninh vào vận hành", "Đang vận hành", "lan@bacninh.test", "Có lượt quét đầu tiên")
	operator.shoot("onboarded")

	// The administrator sets a password of her own.
	invited := meet("invited", 1280)
	invited.open("/dev/mail")
	invited.open(script[string](invited, `document.querySelector("a[href*='/dev/mail/']").href`))
	invited.open(script[string](invited, `document.querySelector("a[href*='/loi-moi/']").href`))
	invited.fill("password", storyPassword)
	invited.shoot("invitation")
	invited.press("Nhận lời mời")
	invited.sees("Bắc Ninh")

	// The department's administrator finds the plan with its target of 30 %.
	admin := meet("dost-admin", 1280)
	admin.signIn("lan@bacninh.test", storyPassword)
	admin.setUpFactor("/")
	admin.sees("Chương trình truy xuất nguồn gốc – Bắc Ninh")
	admin.shoot("home")
	admin.open("/chi-tieu")
	admin.sees("30", "Chưa đạt")
	admin.shoot("targets-before")

	// A cooperative signs up on its phone; the wrong tax code does not cost it what it typed.
	business := meet("business", 360)
	business.open("/dang-ky?tinh=bac-ninh")
	commune := communeOf(t, "24")
	business.pick("unit", commune.Name, commune.Ref.String())
	business.fill("kind", "cooperative", "name", "Hợp tác xã Mỳ Chũ Hiền Phước", "mst", "0100233480", "address", "Thôn Thủ Dương",
		"uses_barcode", "1", "person", "Trần Văn Phước", "phone", "0912345678", "email", "phuoc@mychu.test", "password", storyPassword)
	business.press("Gửi hồ sơ đăng ký")
	business.sees("sai số kiểm tra")
	if got := business.value("name"); got != "Hợp tác xã Mỳ Chũ Hiền Phước" {
		t.Errorf("the form lost the name: %q", got)
	}
	business.shoot("sign-up-wrong")
	business.fill("mst", "0100233488", "password", storyPassword)
	business.press("Gửi hồ sơ đăng ký")
	business.sees("chờ duyệt")
	business.shoot("waiting")

	// An officer admits it.
	officer := meet("dost-officer", 1280)
	officer.signIn(newOfficer(t, db), storyPassword)
	officer.sees("1 hồ sơ chủ thể chờ duyệt")
	officer.press("Xem hồ sơ chờ duyệt")
	officer.shoot("pending")
	officer.press("Hợp tác xã Mỳ Chũ Hiền Phước")
	officer.shoot("record")
	officer.press("Duyệt hồ sơ")
	officer.sees("Đã duyệt hồ sơ", "10.000")

	// KPI: one organization with barcodes, none traced.
	admin.open("/chi-tieu/orgs_with_barcode_traced_percent")
	admin.sees("0 / 1")

	// The cooperative declares its product; a wrong check digit is explained.
	business.open("/san-pham/moi")
	business.fill("gtin", "9520000000012", "name", "Mỳ Chũ Hiền Phước", "brand", "Hiền Phước", "origin", "Xã Nam Dương, Bắc Ninh, Việt Nam", "standard", "TCCS 01:2026", "shelf_life", "12 tháng kể từ ngày sản xuất")
	business.press("Lưu sản phẩm")
	business.sees("số kiểm tra")
	business.shoot("product-wrong")
	business.fill("gtin", "9520000000011")
	business.press("Lưu sản phẩm")
	business.sees("Đã khai báo sản phẩm")
	product := business.path()
	business.press("Công bố")
	business.sees("Còn thiếu: Hình ảnh")
	business.open(product)
	business.sees("Chọn tệp…", "Chưa chọn tệp nào")
	business.upload("photo", photoFile(t))
	business.sees("my-chu.png, ")
	business.shoot("product-photo")
	business.press("Lưu hình ảnh")
	business.press("Công bố")
	business.sees("Đã công bố sản phẩm")
	business.shoot("product")

	// It orders stamps within its free quota.
	business.press("Đặt tem")
	business.fill("quantity", "1000000000")
	business.press("Đặt tem")
	business.sees("tối đa")
	business.fill("quantity", "20000")
	business.press("Đặt tem")
	business.sees("Hạn mức còn 10.000 tem")
	business.shoot("order-over-quota")
	business.fill("quantity", "48")
	business.press("Đặt tem")
	order := business.path()
	business.sees("48")
	stamp := firstStamp(t, business, order+"/nhan.pdf?tu=1&den=24")

	// A stamp on a product before its activation.
	shopper := meet("shopper", 360)
	shopper.open(base + stamp)
	shopper.sees("chưa kích hoạt")
	shopper.shoot("inactive")

	// A lot, and the first half of the stamps are activated for it.
	business.open("/lo-hang/moi")
	business.fill("product", lastNumber(product), "code", "MC-2026-01", "kind", "produce", "place", "Xưởng Thủ Dương", "clock", "00:01")
	business.shoot("lot-form")
	business.press("Tạo lô hàng")
	business.shoot("lot")
	business.open(order)
	business.fill("from", "1", "to", "24", "lot", lotOf(t, business))
	business.press("Kích hoạt")
	business.sees("24")
	business.shoot("order")

	// The shopper scans: first, then again.
	shopper.open(base + stamp)
	shopper.sees("Mỳ Chũ Hiền Phước", "Hợp tác xã Mỳ Chũ Hiền Phước", "MC-2026-01")
	t.Logf("onboarding: from start to first scan: %s", time.Since(began).Round(time.Millisecond))
	shopper.shoot("genuine")
	shopper.open(base + stamp)
	shopper.sees("lần")
	shopper.shoot("scanned-again")
	shopper.open(base + stamp[:len(stamp)-1] + "0")
	shopper.sees("không có trong hệ thống")
	shopper.shoot("unknown")

	// The province's KPI has moved, and the row behind it is one click away.
	admin.open("/chi-tieu/orgs_with_barcode_traced_percent")
	admin.sees("1 / 1", "100", "Hợp tác xã Mỳ Chũ Hiền Phước")
	admin.shoot("measure")
	admin.open("/chi-tieu")
	admin.sees("Đạt")
	admin.shoot("targets-after")
	admin.open("/ke-hoach")
	admin.shoot("plans")
	admin.open("/nhiem-vu")
	admin.shoot("tasks")

	// The province asks all its officers for a second factor, which stops the session that one has open.
	admin.open("/thanh-vien")
	admin.press("Xác thực hai lớp của cán bộ")
	admin.sees("Không bắt buộc", "Trần Văn Hùng")
	admin.shoot("officers")
	admin.press("Yêu cầu mọi cán bộ xác thực hai lớp")
	admin.sees("Đang yêu cầu")
	admin.press("Trần Văn Hùng")
	admin.sees("Người này chưa bật xác thực hai lớp")
	officer.open("/to-chuc")
	officer.setUpFactor("/to-chuc")
	admin.open(admin.path())
	admin.fill("reset_reason", "Mất điện thoại, đã gặp trực tiếp để xác minh")
	admin.shoot("member")
	admin.press("Đặt lại xác thực hai lớp")
	admin.sees("Đã đặt lại xác thực hai lớp")
	officer.open("/to-chuc")
	officer.sees("Đăng nhập")

	// The ministry sees it, once the roll-up job has run.
	ministry := meet("ministry", 1280)
	ministry.signIn("bo@txng.test", storyPassword)
	ministry.setUpFactor("/bo")
	deadline := time.Now().Add(2 * limit)
	for !strings.Contains(ministry.page(), "100") && time.Now().Before(deadline) {
		time.Sleep(500 * time.Millisecond)
		ministry.open("/bo?chi-so=orgs_with_barcode_traced_percent")
	}
	ministry.sees("Bắc Ninh", "55", "63")
	ministry.shoot("nation")
	if shots < 20 {
		t.Errorf("only %d screenshots", shots)
	}
}

// startSite serves the site over a database until the test ends.
func startSite(t *testing.T, c tenant.Config) (base string) {
	t.Helper()
	listener, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	letters, err := modules.OpenOutbox("", "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- serve(ctx, c, modules.Config{Base: localURL(listener), Mail: letters, Demo: true, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))}, listener, func() { close(ready) })
	}()
	select {
	case <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return localURL(listener).String()
}

// prepare registers the 34 provinces, the operator and a viewer of the ministry.
func prepare(t *testing.T, db *tenant.DB) {
	t.Helper()
	if err := db.Platform(t.Context(), func(tx tenant.Platform) error {
		for _, u := range unit.Provinces(time.Now()) {
			if _, err := tenant.Register(t.Context(), tx, tenant.New{Province: u.Ref.Code, On: time.Now(), State: tenant.Draft}); err != nil {
				return err
			}
		}
		for _, p := range []struct {
			email, name string
			role        authz.Role
		}{{"vanhanh@txng.test", "Đặng Quốc Bảo", authz.Operator}, {"bo@txng.test", "Bùi Thị Hạnh", authz.Ministry}} {
			id, err := authz.CreateAccount(t.Context(), tx, p.email, p.name, storyPassword)
			if err != nil {
				return err
			}
			if err := authz.GrantPlatformRole(t.Context(), tx, id, p.role); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// newOfficer makes an officer of Bắc Ninh's department; invitations come with the accounts' own pages.
func newOfficer(t *testing.T, db *tenant.DB) string {
	t.Helper()
	db.Forget()
	bacNinh, err := db.TenantBySlug(t.Context(), "bac-ninh")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Platform(t.Context(), func(tx tenant.Platform) error {
		id, err := authz.CreateAccount(t.Context(), tx, "hung@bacninh.test", "Trần Văn Hùng", storyPassword)
		if err != nil {
			return err
		}
		_, err = authz.GrantMembership(t.Context(), tx, authz.NewMembership{Tenant: bacNinh.ID, Account: id, Role: authz.DOSTOfficer})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return "hung@bacninh.test"
}

func planFile(t *testing.T, slug string) string {
	t.Helper()
	for _, p := range plan.Programmes() {
		if p.Slug == slug {
			b, err := plan.WriteXLSX(p.File)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), slug+".xlsx")
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	t.Fatalf("no programme %s", slug)
	return ""
}

func communeOf(t *testing.T, province unit.Code) unit.Unit {
	t.Helper()
	u, err := unit.Lookup(unit.Province, province, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return unit.Communes(u.Ref, time.Now())[0]
}

func photoFile(t *testing.T) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 320, 240))
	for y := range 240 {
		for x := range 320 {
			img.Set(x, y, color.RGBA{uint8(200 - y/4), 160, uint8(60 + x/4), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "my-chu.png")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// firstStamp downloads a label sheet as the person, rasterises it, and has an independent decoder read its QR codes. It
// returns the path of the stamp with the lowest position on the sheet.
func firstStamp(t *testing.T, p *person, sheet string) string {
	t.Helper()
	encoded := script[string](p, `(async () => {
		const r = await fetch('`+sheet+`');
		if (!r.ok) return 'status ' + r.status;
		const b = new Uint8Array(await r.arrayBuffer());
		let s = '';
		for (const c of b) s += String.fromCharCode(c);
		return btoa(s) })()`)
	pdf, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		t.Fatalf("label sheet: %.80s %v", encoded, err)
	}
	for _, tool := range []string{"pdftoppm", "zbarimg"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("SKIPPED: %s is not installed here; .ci/run installs it", tool)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "sheet.pdf")
	if err := os.WriteFile(file, pdf, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "pdftoppm", "-r", "300", "-png", file, filepath.Join(dir, "page")).CombinedOutput(); err != nil {
		t.Fatalf("pdftoppm: %v %s", err, out)
	}
	pages, _ := filepath.Glob(filepath.Join(dir, "page*.png"))
	out, err := exec.CommandContext(t.Context(), "zbarimg", append([]string{"--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"}, pages...)...).Output()
	if err != nil {
		t.Fatalf("zbarimg: %v", err)
	}
	found := regexp.MustCompile(`(?i)/01/\d{14}/21/[0-9A-Z]{20}`).FindAllString(string(out), -1)
	if len(found) != 24 {
		t.Errorf("%d stamps were read from the sheet, want 24", len(found))
	}
	return found[0]
}

func lastNumber(path string) string { return regexp.MustCompile(`\d+$`).FindString(path) }

// lotOf returns the value of the last choice of lots on the page.
func lotOf(t *testing.T, p *person) string {
	t.Helper()
	v := script[string](p, `[...document.querySelectorAll('select[name="lot"] option')].map(o => o.value).filter(v => v).pop() || ''`)
	if v == "" {
		t.Fatalf("no lot to choose; the page:\n%.1500s", p.page())
	}
	return v
}
