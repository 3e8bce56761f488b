package address

import (
	"testing"
	"time"
)

func TestAbolishedUnitsAreShownWithTheirCertainSuccessor(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	before := time.Date(2025, 6, 30, 5, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		line, ref string
		at        time.Time
		want      string
	}{
		{"Xóm 5", "00004@2025-07-01", now, "Xóm 5, Phường Ba Đình, thành phố Hà Nội"},
		{"", "00004@2025-07-01", now, "Phường Ba Đình, thành phố Hà Nội"},
		{"Thôn 1", "07660@0001-01-01", now, "Thôn 1, Xã Sơn Động, tỉnh Bắc Ninh (trước 01/7/2025: xã An Bá, huyện Sơn Động, tỉnh Bắc Giang)"},
		{"Thôn 1", "07660@0001-01-01", before, "Thôn 1, Xã An Bá, huyện Sơn Động, tỉnh Bắc Giang"},
		{"", "20443@0001-01-01", now, "Xã A Xan, huyện Tây Giang, tỉnh Quảng Nam (trước 01/7/2025)"},                // a guess only
		{"", "07243@0001-01-01", now, "Xã Đồng Tiến, huyện Yên Thế, tỉnh Bắc Giang (trước 01/7/2025)"},              // several
		{"Thôn 1", "20452@0001-01-01", now, "Thôn 1, Xã A Nông, huyện Tây Giang, tỉnh Quảng Nam (trước 01/7/2025)"}, // none known
		{"Thôn 1", "99999@2025-07-01", now, "Thôn 1"},
		{"Thôn 1", "", now, "Thôn 1"},
	} {
		if got := Place(c.line, c.ref, c.at); got != c.want {
			t.Errorf("%q in %s on %s:\n got %q\nwant %q", c.line, c.ref, c.at.Format(time.DateOnly), got, c.want)
		}
	}
}
