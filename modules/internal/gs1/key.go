package gs1

import (
	"fmt"
	"slices"
	"strings"

	"txng/tenant/fault"
)

// GTIN is a trade item number: 14 digits with a right check digit, shorter forms padded with zeros on the left.
type GTIN string

// GLN is a location or party number: 13 digits with a right check digit.
type GLN string

// SSCC is a logistic unit number: 18 digits with a right check digit.
type SSCC string

// ParseGTIN reads a GTIN-8, GTIN-12, GTIN-13 or GTIN-14. Spaces and hyphens are ignored.
// The error is a fault.Invalid of the field "gtin".
func ParseGTIN(s string) (GTIN, error) {
	digits, err := parseKey("gtin", "Số GTIN", s, 8, 12, 13, 14)
	if err != nil {
		return "", err
	}
	return GTIN(strings.Repeat("0", 14-len(digits)) + digits), nil
}

// ParseGLN reads a GLN of 13 digits. Spaces and hyphens are ignored. The error is a fault.Invalid of the field "gln".
func ParseGLN(s string) (GLN, error) {
	digits, err := parseKey("gln", "Số GLN", s, 13)
	return GLN(digits), err
}

// ParseSSCC reads an SSCC of 18 digits. Spaces and hyphens are ignored. The error is a fault.Invalid of the field "sscc".
func ParseSSCC(s string) (SSCC, error) {
	digits, err := parseKey("sscc", "Số SSCC", s, 18)
	return SSCC(digits), err
}

// Display returns the number as it stands under the bar code: 8, 12, 13 or 14 digits, without padding.
func (g GTIN) Display() string {
	switch s := string(g); {
	case strings.HasPrefix(s, "000000"):
		return s[6:]
	case strings.HasPrefix(s, "00"):
		return s[2:]
	case strings.HasPrefix(s, "0"):
		return s[1:]
	default:
		return s
	}
}

// CheckDigit returns the check digit ('0'..'9') that follows digits in a GTIN, GLN or SSCC: modulo 10 with the
// weights 3, 1, 3, … from the right. It fails when digits is empty or holds anything but the digits 0 to 9.
// Source: GS1 General Specifications, section 7.9.1.
func CheckDigit(digits string) (byte, error) {
	if digits == "" {
		return 0, fmt.Errorf("computing a check digit: no digits")
	}
	if !onlyDigits(digits) {
		return 0, fmt.Errorf("computing a check digit: %q is not made of digits only", digits)
	}
	sum, weight := 0, 3
	for i := len(digits) - 1; i >= 0; i-- {
		sum += weight * int(digits[i]-'0')
		weight = 4 - weight
	}
	return '0' + byte((10-sum%10)%10), nil
}

// parseKey returns the digits of s when their number is one of lengths and the last one is the check digit.
func parseKey(field, title, s string, lengths ...int) (string, error) {
	digits := strings.Join(strings.FieldsFunc(s, isSeparator), "")
	if digits == "" {
		return "", fault.Invalid{{Name: field, Message: "Chưa nhập " + lowerFirst(title) + "."}}
	}
	if !onlyDigits(digits) {
		return "", fault.Invalid{{Name: field, Message: title + " chỉ gồm các chữ số 0 đến 9."}}
	}
	if !slices.Contains(lengths, len(digits)) {
		return "", fault.Invalid{{Name: field, Message: fmt.Sprintf("%s phải có %s chữ số, đang có %d.", title, alternatives(lengths), len(digits))}}
	}
	if strings.Trim(digits, "0") == "" {
		return "", fault.Invalid{{Name: field, Message: title + " không thể toàn số 0."}}
	}
	body, last := digits[:len(digits)-1], digits[len(digits)-1]
	check, err := CheckDigit(body)
	if err != nil {
		return "", err
	}
	if last != check {
		return "", fault.Invalid{{Name: field, Message: fmt.Sprintf("%s sai số kiểm tra: chữ số cuối phải là %c.", title, check)}}
	}
	return digits, nil
}

func isSeparator(r rune) bool {
	switch r {
	case ' ', '-', '\t', '\r', '\n', '\u00a0':
		return true
	}
	return false
}

func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// alternatives writes 8, 12, 13 and 14 as "8, 12, 13 hoặc 14".
func alternatives(lengths []int) string {
	var b strings.Builder
	for i, l := range lengths {
		switch {
		case i == 0:
		case i == len(lengths)-1:
			b.WriteString(" hoặc ")
		default:
			b.WriteString(", ")
		}
		fmt.Fprint(&b, l)
	}
	return b.String()
}

func lowerFirst(title string) string { return strings.ToLower(title[:1]) + title[1:] }
