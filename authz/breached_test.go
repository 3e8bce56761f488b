package authz

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"txng/tenant/fault"
)

func TestCommonPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	for _, p := range []string{
		"password123", "P@ssw0rd2024", "Mật khẩu 123", "matkhau123", "MatKhau@2026", "matkhaucuatoi", "anhyeuem123", "Anh yêu em nhiều lắm", "anhyeuem1990!",
		"1234567890", "0987654321", "123456789012345", "qwertyuiop", "qwertyuiop123", "1qaz2wsx3edc", "aaaaaaaaaa", "abcabcabcabc", "1212121212",
		"iloveyou12", "vietnamvodich", "hanoi123456", "Nguyễn Văn A1", "NguyenVanA2026", "welcome12345", "admin@12345", "administrator", "letmein2026",
		"passwordpassword", "hochiminh19051990", "saigon0123456789", "Toiyeuvietnam!!", "123456matkhau", "qwerty123456", "ｐａｓｓｗｏｒｄ１２３",
	} {
		err := ValidatePassword("password", p)
		var wrong fault.Invalid
		if !errors.As(err, &wrong) || wrong.Of("password") != "Mật khẩu này quá phổ biến, dễ bị đoán." {
			t.Errorf("%q: %v, want it refused as too common", p, err)
		}
	}
}

func TestOtherPasswordsPass(t *testing.T) {
	t.Parallel()
	for _, p := range []string{
		"txng-demo-2026", "mật khẩu đủ dài", "mật khẩu của câu chuyện", "đúng mật khẩu rồi", "correct horse battery", "con trâu gặm cỏ chiều", "xK9-vortex-lam",
		"một hai ba bốn đi đều bước", "Tre-Việt-8361", "7391 8264 5520", "đồi chè Thanh Chương",
	} {
		if err := ValidatePassword("password", p); err != nil {
			t.Errorf("%q: %v, want it to pass", p, err)
		}
	}
}

func TestListOfWordsIsFoldedAndInOrder(t *testing.T) {
	t.Parallel()
	if !slices.IsSorted(common) || len(common) < 700 {
		t.Errorf("%d words, sorted %v", len(common), slices.IsSorted(common))
	}
	for _, w := range common {
		if w != foldPassword(w, false) {
			t.Errorf("%q is not folded", w)
		}
	}
}

// TestEveryWordIsRefusedWithEveryEnding walks the list that the compact form stands for.
func TestEveryWordIsRefusedWithEveryEnding(t *testing.T) {
	t.Parallel()
	n := 0
	for _, w := range common {
		for _, end := range []string{"", "1", "123", "1234", "12345", "123456", "123456789", "111111", "2026", "1990", "19051990", "@123", "!"} {
			if !tooCommon(strings.ToUpper(w[:1]) + w[1:] + end) {
				t.Errorf("%q passes", w+end)
			}
			n++
		}
	}
	t.Logf("%d passwords", n)
}
