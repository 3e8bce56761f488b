// Package address writes the address of an organization with the units that it lies in, as people find it today.
package address

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"txng/tenant/unit"
)

// Place returns an address line (house, street, hamlet; may be empty) with its unit (the text of a unit.Ref) and the
// units above, in the style of the day of now. A unit that had ended by then is given as the one that took it over,
// with its old name in brackets: "Xóm 5, Xã X, thành phố Y (trước 01/7/2025: xã A, huyện B, tỉnh C)". Where the data do
// not name a single certain successor the old name stays, marked "(trước 01/7/2025)". An unknown unit is left out.
func Place(line, ref string, now time.Time) string {
	parsed, err := unit.ParseRef(ref)
	if err != nil {
		return line
	}
	u, ok := unit.ByRef(parsed)
	if !ok {
		return line
	}
	return strings.TrimPrefix(line+", "+withUnits(u, now), ", ")
}

func withUnits(u unit.Unit, now time.Time) string {
	if u.To.IsZero() || now.Before(u.To) {
		return u.Address(now)
	}
	old := u.Address(u.Last())
	abolished := "trước " + unit.Spoken(u.To)
	heirs := unit.Heirs(u.Ref, now)
	if len(heirs) != 1 || heirs[0].Partial || !heirs[0].Certain {
		return old + " (" + abolished + ")"
	}
	first, size := utf8.DecodeRuneInString(old)
	return heirs[0].Address(now) + " (" + abolished + ": " + string(unicode.ToLower(first)) + old[size:] + ")"
}
