package tenant

import (
	"math"
	"regexp"
	"strconv"

	"txng/tenant/fault"
)

var colourForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// CheckColour notes what is wrong with a tenant's own colour; "" is none.
func CheckColour(wrong *fault.Invalid, field, colour string) {
	switch {
	case colour == "":
	case !colourForm.MatchString(colour):
		wrong.Add(field, "Màu viết dạng #rrggbb, ví dụ #0b5d4e.")
	case !CarriesWhiteText(colour):
		wrong.Add(field, "Chữ trắng trên màu này khó đọc. Chọn màu đậm hơn, ví dụ #0b5d4e.")
	}
}

// CarriesWhiteText says whether white text on the colour "#rrggbb" reaches the contrast of 4.5:1
// (WCAG 2.2, 1.4.3). Anything that is not such a colour does not.
func CarriesWhiteText(colour string) bool {
	if len(colour) != 7 || colour[0] != '#' {
		return false
	}
	rgb, err := strconv.ParseUint(colour[1:], 16, 32)
	if err != nil {
		return false
	}
	linear := func(channel uint64) float64 {
		c := float64(channel&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	luminance := 0.2126*linear(rgb>>16) + 0.7152*linear(rgb>>8) + 0.0722*linear(rgb)
	return 1.05/(luminance+0.05) >= 4.5
}
