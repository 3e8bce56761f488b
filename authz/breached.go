package authz

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// commonWords is the compact form of the list of breached passwords: the words that they are made of, folded, in order,
// one a line. With the endings and repetitions that tooCommon knows they stand for some hundred thousand passwords.
//
//go:embed breached.txt
var commonWords string

var common = strings.Fields(commonWords)

// rows are the runs of characters that fingers walk along.
var rows = []string{
	"01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
	"q1w2e3r4t5y6u7i8o9p0", "1q2w3e4r5t6y7u8i9o0p", "zaq12wsxcde34rfv", "asdfghjkl", "zxcvbnm", "qazwsxedcrfvtgbyhnujm",
}

// tooCommon reports whether a password is one of those that are tried first: a word of the list, two of them, or one
// with digits, a year, a keyboard row or a repetition about it. Case, diacritics, spaces, signs and the usual stand-ins
// (@ for a, 0 for o) make no difference.
func tooCommon(password string) bool {
	plain := foldPassword(password, false)
	if guessed(plain) {
		return true
	}
	return guessed(foldPassword(password, true))
}

// guessed reports whether a folded password is made of common parts only.
func guessed(s string) bool {
	if s == "" || isRun(s) || repeats(s) {
		return true
	}
	word := strings.TrimRightFunc(s, unicode.IsDigit)
	ending := s[len(word):]
	start := strings.TrimLeftFunc(word, unicode.IsDigit)
	before := word[:len(word)-len(start)]
	if start == "" || !isRun(before) && len(before) > 4 {
		return false
	}
	predictable := len(ending) <= 4 || isRun(ending) || repeats(ending) || isDate(ending)
	switch {
	case isCommon(start), repeats(start), isRun(start):
		return predictable
	}
	for i := 2; i < len(start)-1; i++ {
		if isCommon(start[:i]) && (isCommon(start[i:]) || isRun(start[i:])) {
			return predictable && before == ""
		}
	}
	return false
}

func isCommon(s string) bool {
	_, found := slices.BinarySearch(common, s)
	return found
}

// isRun reports whether s is a walk of three keys or more along a row, forwards or backwards.
func isRun(s string) bool {
	if len(s) < 3 {
		return false
	}
	back := []byte(s)
	slices.Reverse(back)
	return slices.ContainsFunc(rows, func(row string) bool { return strings.Contains(row, s) || strings.Contains(row, string(back)) })
}

// repeats reports whether s is one part of up to five bytes, or a common word or run, again and again.
func repeats(s string) bool {
	for n := 1; n <= len(s)/2; n++ {
		part := s[:n]
		if len(s)%n == 0 && strings.Repeat(part, len(s)/n) == s && (n <= 5 || isCommon(part) || isRun(part)) {
			return true
		}
	}
	return false
}

// isDate reports whether digits are a day of a lifetime: ddmmyyyy, yyyymmdd or ddmmyy.
func isDate(s string) bool {
	day := func(dd, mm string) bool { return dd >= "01" && dd <= "31" && mm >= "01" && mm <= "12" }
	year := func(y string) bool { return y >= "1930" && y <= "2039" }
	switch len(s) {
	case 8:
		return day(s[:2], s[2:4]) && year(s[4:]) || year(s[:4]) && day(s[6:], s[4:6])
	case 6:
		return day(s[:2], s[2:4])
	}
	return false
}

// standIns are the characters that people put for letters.
var standIns = strings.NewReplacer("@", "a", "4", "a", "3", "e", "1", "i", "!", "i", "0", "o", "5", "s", "$", "s", "7", "t")

// foldPassword returns a password in lower case without diacritics, spaces and signs; with letters, what stands for
// letters within it (not in the digits at its end) is read as them.
func foldPassword(password string, letters bool) string {
	s := strings.ToLower(norm.NFKD.String(password))
	if letters {
		s = strings.TrimRightFunc(s, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) || unicode.IsSpace(r) })
		body := strings.TrimRightFunc(s, unicode.IsDigit)
		s = standIns.Replace(body) + s[len(body):]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == 'đ':
			return 'd'
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return r
		}
		return -1
	}, s)
}
