package vi

import (
	"math"
	"strconv"
	"strings"
)

// none stands for a value that does not exist.
const none = "—"

// Int writes a whole number with a dot every three digits: 1.234.567.
func Int(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	return sign + group(digits)
}

// Decimal writes f rounded, half away from zero, to a fixed number of decimal places: Decimal(1234.5, 1) is 1.234,5.
// It is "—" for a number that is not finite.
func Decimal(f float64, places int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return none
	}
	if scale := math.Pow10(places); math.Abs(f*scale) < 1<<52 { // larger ones have no fraction left to round
		f = math.Round(f*scale) / scale
	}
	whole, fraction, hasFraction := strings.Cut(strconv.FormatFloat(math.Abs(f), 'f', places, 64), ".")
	text := group(whole)
	if hasFraction {
		text += "," + fraction
	}
	if f < 0 && strings.Trim(text, "0.,") != "" {
		return "-" + text
	}
	return text
}

// Percent writes num of den as a percentage with one decimal place: Percent(1, 3) is "33,3 %". It is "—" when den is 0.
func Percent(num, den int64) string {
	if den == 0 {
		return none
	}
	return Decimal(100*float64(num)/float64(den), 1) + " %"
}

// VND writes an amount of money in đồng: 1.500.000 đ.
func VND(n int64) string { return Int(n) + " đ" }

// group puts a dot before every third digit from the right.
func group(digits string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte('.')
		}
		b.WriteRune(d)
	}
	return b.String()
}
