package main

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"txng/authz"
	"txng/authz/authztest"
	"txng/tenant"
	"txng/tenant/fault"
)

// device gives a person's browser an authenticator that holds passkeys, as a phone or a computer has one.
func (p *person) device() webauthn.AuthenticatorID {
	p.t.Helper()
	var id webauthn.AuthenticatorID
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		made, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		id = made.AuthenticatorID
		return err
	}))
	return id
}

// verifies says whether the device's owner shows a finger that it knows.
func (p *person) verifies(id webauthn.AuthenticatorID, yes bool) {
	p.t.Helper()
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id, IsUserVerified: yes})
		return err
	}))
}

func (p *person) signOut() {
	p.t.Helper()
	p.do(chromedp.Evaluate[chromedp.Void](leave(`const f = document.createElement('form');
		f.method = 'post'; f.action = '/dang-xuat'; document.body.append(f); f.submit()`)))
	p.arrives("signed out")
	if p.path() != "/dang-nhap" {
		p.t.Fatalf("%s did not get out; the page:\n%.1500s", p.name, p.page())
	}
}

// TestPasskeysInABrowser sets up, and signs in with, a passkey in Chromium.
func TestPasskeysInABrowser(t *testing.T) {
	window := browser(t)
	c := migrated(t)
	base := startSite(t, c)
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	prepare(t, db)
	folder, err := os.MkdirTemp("", "txng-factor-")
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("screenshots: %s", folder)
	// Passkeys belong to a name, not to an address.
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	base = "http://localhost:" + u.Port()
	shots := 0
	operator := visitor(t, window, base, folder, "operator", 1280, &shots)
	device := operator.device()
	operator.signIn("vanhanh@txng.test", storyPassword)
	operator.sees("Cần thiết lập trước khi làm việc")
	operator.press("Thêm khóa truy cập")
	operator.fill("name", strings.Repeat("x", 61))
	operator.press("Thêm khóa truy cập")
	operator.sees("Tên có từ 1 đến 60 ký tự")
	operator.fill("name", "Máy tính cơ quan")
	operator.shoot("add-passkey")
	operator.press("Thêm khóa truy cập")
	operator.sees("Các mã này chỉ hiện một lần")
	recovery := script[string](operator, `document.querySelector('.recovery-codes code').innerText`)
	operator.press("Đã lưu, tiếp tục")
	operator.sees("Tỉnh, thành phố")

	// The passkey alone.
	operator.signOut()
	operator.shoot("sign-in")
	operator.press("Đăng nhập bằng khóa truy cập")
	operator.sees("Tỉnh, thành phố")

	// The password, then the passkey.
	operator.signOut()
	operator.signIn("vanhanh@txng.test", storyPassword)
	operator.sees("Xác thực hai lớp")
	operator.shoot("second-step")
	operator.open("/tinh")
	operator.sees("Xác thực hai lớp")
	operator.press("Dùng khóa truy cập")
	operator.sees("Tỉnh, thành phố")
	if operator.path() != "/tinh" {
		t.Errorf("the second step led to %s, want /tinh", operator.path())
	}

	// The password, then a recovery code, once.
	for _, again := range []bool{false, true} {
		operator.signOut()
		operator.signIn("vanhanh@txng.test", storyPassword)
		operator.press("Mất thiết bị? Dùng mã dự phòng")
		operator.fill("recovery", strings.ToLower(strings.ReplaceAll(recovery, "-", " ")))
		if !again {
			operator.shoot("recovery")
		}
		operator.press("Xác nhận")
		if again {
			operator.sees("chưa đúng hoặc đã được dùng")
			operator.shoot("recovery-refused")
			operator.press("Dùng cách khác")
			operator.press("Dùng khóa truy cập")
		} else {
			operator.sees("Đã dùng một mã dự phòng, còn 9 mã")
		}
	}

	// An app beside it; then the security page.
	operator.open("/tai-khoan/bao-mat")
	operator.press("Thêm ứng dụng tạo mã")
	secret, err := authz.ParseTOTPSecret(strings.ReplaceAll(script[string](operator, `document.querySelector('.totp-secret').innerText`), " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	operator.fill("code", "000000")
	operator.press("Bật ứng dụng này")
	operator.sees("Mã chưa đúng")
	operator.fill("code", secret.Code(authz.StepAt(time.Now())))
	operator.press("Bật ứng dụng này")
	operator.sees("Đã thêm", "Máy tính cơ quan", "Điện thoại của tôi", "Còn 9 mã chưa dùng")
	operator.shoot("security")
	operator.signOut()
	operator.signIn("vanhanh@txng.test", storyPassword)
	operator.shoot("second-step-both")
	operator.fill("code", secret.Code(authz.StepAt(time.Now())+1))
	operator.press("Xác nhận")
	operator.sees("Tỉnh, thành phố")

	// Somebody else at the computer: the browser does not let them.
	operator.signOut()
	operator.verifies(device, false)
	operator.open("/dang-nhap")
	operator.do(chromedp.Evaluate[chromedp.Void](`document.querySelector('form.passkey button').click()`))
	deadline := time.Now().Add(limit)
	for !strings.Contains(operator.page(), "Chưa nhận được khóa truy cập") {
		if time.Now().After(deadline) {
			t.Fatalf("no word about the refusal; the page:\n%.1500s", operator.page())
		}
		time.Sleep(50 * time.Millisecond)
	}
	operator.shoot("sign-in-refused")

	// At an address without a name the button is not there.
	stranger := visitor(t, window, "http://"+u.Host, folder, "stranger", 360, &shots)
	stranger.open("/dang-nhap")
	if strings.Contains(stranger.page(), "khóa truy cập") {
		t.Error("passkeys are offered at an address that cannot have any")
	}
}

// TestFactorsAreResetFromTheCommandLine lets the operator at the machine help somebody who has lost everything.
func TestFactorsAreResetFromTheCommandLine(t *testing.T) {
	c := migrated(t)
	t.Setenv("TXNG_DATABASE_URL", c.URL)
	t.Setenv("TXNG_SECRET", "dHhuZyB0ZXN0IHNlY3JldCwgMzIgYnl0ZXMgb3IgbW9yZQ==")
	data := t.TempDir()
	const email = "mat-may@txng.test"
	if code, text := command(t, "user", "create", "--role", "operator", "--name", "Đặng Quốc Bảo", "--email", email, "--password", storyPassword); code != 0 || !strings.Contains(text, "bắt buộc xác thực hai lớp") {
		t.Fatalf("create: %d %s", code, text)
	}
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	session := authztest.SignIn(t, db, email, storyPassword, nil)
	for address, says := range map[string]string{"khong-co@txng.test": "Không có tài khoản", "x": "thư điện tử"} {
		if code, text := command(t, "user", "reset-factor", "--email", address, "--data", data); code != 1 || !strings.Contains(text, says) {
			t.Errorf("%s: %d %s", address, code, text)
		}
	}
	if code, text := command(t, "user", "reset-factor", "--email", email, "--data", data, "--base", "https://txng.example"); code != 0 || !strings.Contains(text, "Đã gỡ 1 phương thức") {
		t.Fatalf("reset: %d %s", code, text)
	}
	if _, err := authz.Resume(t.Context(), db, session); !errors.Is(err, fault.SignIn) {
		t.Errorf("the session from before: %v", err)
	}
	letters, err := filepath.Glob(filepath.Join(data, "mail", "*"))
	if err != nil || len(letters) != 1 {
		t.Errorf("letters: %v, %v", letters, err)
	}
	if _, who, err := authz.SignIn(t.Context(), db, email, storyPassword, authz.Device{}); err != nil || who.Pending != authz.SetUpFactor {
		t.Errorf("afterwards: pending %q, %v", who.Pending, err)
	}
}
