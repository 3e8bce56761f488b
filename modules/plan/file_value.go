package plan

import (
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Date is a date to the precision known: "2020-09-15", "2020-09", "2020", or "" for none.
type Date string

var (
	isoDate        = regexp.MustCompile(`^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?$`)
	vietnameseDate = regexp.MustCompile(`^(?:(\d{1,2})[/-])?(\d{1,2})[/-](\d{4})$`)
)

// ParseDate reads "2020", "2020-09", "2020-09-15", "9/2020" or "15/9/2020" (day first). ok is false for anything else.
func ParseDate(text string) (d Date, ok bool) {
	text = clean(text)
	year, month, day := "", "", ""
	if m := isoDate.FindStringSubmatch(text); m != nil {
		year, month, day = m[1], m[2], m[3]
	} else if m := vietnameseDate.FindStringSubmatch(text); m != nil {
		year, month, day = m[3], m[2], m[1]
	} else {
		return "", false
	}
	d = Date(year)
	for _, part := range []string{month, day} {
		if part != "" {
			d += Date("-" + ("0" + part)[len(part)-1:])
		}
	}
	_, err := time.Parse(d.layout(), string(d))
	return d, err == nil
}

func (d Date) layout() string {
	switch len(d) {
	case 4:
		return "2006"
	case 7:
		return "2006-01"
	}
	return time.DateOnly
}

// Year is the year, or 0 for no date.
func (d Date) Year() int {
	if len(d) < 4 {
		return 0
	}
	year, _ := strconv.Atoi(string(d[:4]))
	return year
}

// Last is the last day that the date covers, at 00:00 UTC: 2020-09 gives 2020-09-30. The zero time for no date.
func (d Date) Last() time.Time {
	t, err := time.Parse(d.layout(), string(d))
	switch {
	case err != nil:
		return time.Time{}
	case len(d) == 4:
		return t.AddDate(1, 0, -1)
	case len(d) == 7:
		return t.AddDate(0, 1, -1)
	}
	return t
}

// Show writes the date as people do: "15/09/2020", "09/2020", "2020".
func (d Date) Show() string {
	parts := strings.Split(string(d), "-")
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, "/")
}

// Value is a target's value in one spelling: a decimal number such as "30" or "162.5", a Date for a milestone, "" for
// none.
type Value string

// Number is the value as a number; ok is false when it is none.
func (v Value) Number() (n float64, ok bool) {
	n, err := strconv.ParseFloat(string(v), 64)
	return n, err == nil && decimal.MatchString(string(v))
}

// Date is the value as a date; ok is false when it is none.
func (v Value) Date() (d Date, ok bool) { return ParseDate(string(v)) }

var (
	decimal        = regexp.MustCompile(`^-?\d+(?:\.\d+)?$`)
	exponent       = regexp.MustCompile(`^-?\d(?:\.\d+)?[eE][+-]?\d{1,2}$`)
	decimalComma   = regexp.MustCompile(`^-?\d+,\d+$`)
	dotThousands   = regexp.MustCompile(`^-?\d{1,3}(?:(?:\.\d{3})+,\d+|(?:\.\d{3}){2,})$`)
	commaThousands = regexp.MustCompile(`^-?\d{1,3}(?:(?:,\d{3})+\.\d+|(?:,\d{3}){2,})$`)
	ambiguous      = regexp.MustCompile(`^-?[1-9]\d{0,2}\.\d{3}$`)
)

// parseNumber reads a number as Vietnamese officers and spreadsheets write it and returns its one spelling.
// Otherwise it returns what is wrong, in Vietnamese. "162.267" is refused: it is 162 thousand to one and 162 to the
// other.
func parseNumber(text string) (number, wrong string) {
	s := strings.ReplaceAll(clean(strings.TrimSuffix(clean(text), "%")), " ", "")
	switch {
	case len(s) > 40:
		return "", "Số quá dài."
	case ambiguous.MatchString(s):
		return "", fmt.Sprintf("Số “%s” có thể hiểu hai cách; viết %s nếu là hàng nghìn, viết %s nếu là số lẻ.",
			s, strings.ReplaceAll(s, ".", ""), strings.ReplaceAll(s, ".", ","))
	case dotThousands.MatchString(s):
		s = strings.ReplaceAll(strings.ReplaceAll(s, ".", ""), ",", ".")
	case commaThousands.MatchString(s):
		s = strings.ReplaceAll(s, ",", "")
	case decimalComma.MatchString(s):
		s = strings.ReplaceAll(s, ",", ".")
	case decimal.MatchString(s), exponent.MatchString(s):
	default:
		return "", fmt.Sprintf("“%s” không phải là số.", short(text))
	}
	return plainNumber(s, 1), ""
}

// plainNumber multiplies a decimal number and writes it without exponent and with at most 6 digits after the point,
// which also removes the noise of binary fractions in spreadsheets.
func plainNumber(s string, times int64) string {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return s
	}
	out := r.Mul(r, big.NewRat(times, 1)).FloatString(6)
	return strings.TrimSuffix(strings.TrimRight(out, "0"), ".")
}

// clean writes text in one line and one Unicode form (NFC), without control and invisible characters.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r == '\ufeff', r == '\u200b', r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return norm.NFC.String(strings.Join(strings.Fields(s), " "))
}

// short is text cut to fit in a message.
func short(s string) string {
	if r := []rune(clean(s)); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return clean(s)
}
