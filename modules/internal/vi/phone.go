package vi

import (
	"strings"
	"unicode"

	"txng/tenant/fault"
)

// ParsePhone reads a Vietnamese telephone number written from home (0912 345 678) or from abroad (+84 912 345 678,
// 84912345678, 0084912345678) and returns it in the international form +84912345678. Spaces, dots, hyphens and
// brackets are ignored. Numbers are mobile (0, then 3, 5, 7, 8 or 9, 10 digits in all) or fixed (02, 11 digits in all).
// The error is a fault.Invalid of the field "phone".
func ParsePhone(s string) (string, error) {
	digits := without(s, ".-()")
	bad := func(message string) (string, error) {
		return "", fault.Invalid{{Name: "phone", Message: message}}
	}
	if digits == "" {
		return bad("Chưa nhập số điện thoại.")
	}
	plus := strings.HasPrefix(digits, "+")
	digits = strings.TrimPrefix(digits, "+")
	if !onlyDigits(digits) {
		return bad("Số điện thoại chỉ gồm các chữ số, có thể bắt đầu bằng +84.")
	}
	var national string // without the leading 0
	switch {
	case plus && !strings.HasPrefix(digits, "84"):
		return bad("Chỉ nhận số điện thoại Việt Nam (bắt đầu bằng 0 hoặc +84).")
	case plus:
		national = strings.TrimPrefix(digits[2:], "0") // +84 (0) 912… is often seen
	case strings.HasPrefix(digits, "0084"):
		national = digits[4:]
	case strings.HasPrefix(digits, "84") && len(digits) >= 11:
		national = digits[2:]
	case strings.HasPrefix(digits, "0"):
		national = digits[1:]
	default:
		return bad("Số điện thoại phải bắt đầu bằng 0 hoặc +84.")
	}
	switch {
	case national == "":
		return bad("Số điện thoại còn thiếu chữ số.")
	case strings.IndexByte("35789", national[0]) >= 0 && len(national) != 9:
		return bad("Số di động phải có 10 chữ số, ví dụ 0912 345 678.")
	case national[0] == '2' && len(national) != 10:
		return bad("Số cố định phải có 11 chữ số kể cả mã vùng, ví dụ 0236 3822 041.")
	case strings.IndexByte("235789", national[0]) < 0:
		return bad("Đầu số điện thoại không đúng: di động bắt đầu bằng 03, 05, 07, 08, 09; cố định bằng 02.")
	}
	return "+84" + national, nil
}

// without drops white space, invisible characters and the given marks.
func without(s, marks string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(marks, r) {
			return -1
		}
		return r
	}, s)
}

func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
