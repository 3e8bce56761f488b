// Package phone is the one normal form of Vietnamese telephone numbers.
package phone

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"txng/tenant/fault"
)

// Number is a Vietnamese number in the international form of E.164: "+84912345678". "" is none.
type Number string

// mobile are the prefixes that mobile networks have, without the leading 0, after all numbers of 11 digits became ones of
// 10 between 15 September and 15 November 2018, and what was given out since (055, 087).
var mobile = strings.Fields("32 33 34 35 36 37 38 39 52 55 56 58 59 70 76 77 78 79 81 82 83 84 85 86 87 88 89 90 91 92 93 94 96 97 98 99")

// longest is more than anybody writes for a number, with all its spaces and brackets.
const longest = 60

// Parse reads a number written from home (0912 345 678) or from abroad (+84 912 345 678, 84912345678, 0084912345678, +84
// (0) 912…), mobile (10 digits with the 0) or fixed (02, 11 digits). Spaces, dots, dashes, brackets and invisible marks
// are ignored; full-width digits are digits (NFKC), digits of other scripts and letters that look like digits are not.
// The error is a fault.Invalid of the field "phone".
func Parse(s string) (Number, error) {
	bad := func(message string) (Number, error) {
		return "", fault.Invalid{{Name: "phone", Message: message}}
	}
	if len(s) > longest {
		return bad("Số điện thoại quá dài.")
	}
	digits := bare(norm.NFKC.String(s))
	if digits == "" {
		return bad("Chưa nhập số điện thoại.")
	}
	digits, plus := strings.CutPrefix(digits, "+")
	if strings.ContainsFunc(digits, func(r rune) bool { return r < '0' || r > '9' }) {
		return bad("Số điện thoại chỉ gồm các chữ số, có thể bắt đầu bằng +84.")
	}
	var national string // without the leading 0
	switch {
	case plus && !strings.HasPrefix(digits, "84"):
		return bad("Chỉ nhận số điện thoại Việt Nam (bắt đầu bằng 0 hoặc +84).")
	case plus, strings.HasPrefix(digits, "84") && len(digits) >= 11:
		national = strings.TrimPrefix(digits[2:], "0")
	case strings.HasPrefix(digits, "0084"):
		national = strings.TrimPrefix(digits[4:], "0")
	case strings.HasPrefix(digits, "0"):
		national = digits[1:]
	default:
		return bad("Số điện thoại phải bắt đầu bằng 0 hoặc +84.")
	}
	switch {
	case national == "":
		return bad("Số điện thoại còn thiếu chữ số.")
	case national[0] == '1' && len(national) == 10:
		return bad("Số di động 11 chữ số đã đổi sang 10 chữ số từ năm 2018. Hãy nhập số mới, ví dụ 0169… nay là 039….")
	case strings.IndexByte("235789", national[0]) < 0:
		return bad("Đầu số điện thoại không đúng: di động bắt đầu bằng 03, 05, 07, 08, 09; cố định bằng 02.")
	case national[0] == '2' && len(national) != 10:
		return bad("Số cố định phải có 11 chữ số kể cả mã vùng, ví dụ 0236 3822 041.")
	case national[0] != '2' && len(national) != 9:
		return bad("Số di động phải có 10 chữ số, ví dụ 0912 345 678.")
	case national[0] != '2' && !slices.Contains(mobile, national[:2]):
		return bad("Không có mạng di động nào dùng đầu số 0" + national[:2] + ".")
	}
	return Number("+84" + national), nil
}

// bare drops white space, invisible characters, dots, dashes and brackets.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Pd, r) || strings.ContainsRune(".()−", r) {
			return -1
		}
		return r
	}, s)
}

// Mobile reports whether the number is a mobile one.
func (n Number) Mobile() bool { return len(n) == len("+84912345678") && n[3] != '2' }

// Home returns the number as people at home write it: "0912 345 678", "0236 3822 041"; "" for none.
func (n Number) Home() string {
	national, ok := strings.CutPrefix(string(n), "+84")
	if !ok || len(national) < 9 {
		return ""
	}
	return "0" + national[:3] + " " + national[3:len(national)-3] + " " + national[len(national)-3:]
}
