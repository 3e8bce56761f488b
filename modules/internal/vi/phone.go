package vi

import (
	"strings"
	"unicode"

	"txng/tenant/phone"
)

// ParsePhone returns a number in the one form of phone.Parse: mobile or fixed. The error is a fault.Invalid of the field
// "phone".
func ParsePhone(s string) (string, error) {
	n, err := phone.Parse(s)
	return string(n), err
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
