package unit

import (
	"strings"
	"testing"
	"time"
)

func TestAddressFindsTheUnitsThatItNames(t *testing.T) {
	t.Parallel()
	on := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	for address, want := range map[string]string{
		"Xóm 3, xã Nam Đàn, huyện Nam Đàn, tỉnh Nghệ An":     "Xã Nam Đàn; Huyện Nam Đàn",
		"xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An":    "Xã Kim Liên; Xã Kim Liên; Huyện Nam Đàn",
		"xom 5, xa Kim Lien, H. Nam Dan, Nghe An, Viet Nam":  "Xã Kim Liên; Xã Kim Liên; Huyện Nam Đàn",
		"xã Kim Liên huyện Nam Đàn tỉnh Nghệ An":             "Xã Kim Liên; Xã Kim Liên; Huyện Nam Đàn",
		"xã Kim Liên, tỉnh Nghệ An":                          "Xã Kim Liên; Xã Kim Liên",
		"12 Lê Lợi, phường Hải Châu, tỉnh Quảng Nam":         "Phường Hải Châu",
		"thôn Đông, xã Không Có, huyện Nam Đàn, Hà Nam":      "Tỉnh Hà Nam",
		"số 1, tỉnh Nghệ An":                                 "Tỉnh Nghệ An; Tỉnh Nghệ An",
		"xã Kim Liên":                                        "",
		", ; ,":                                              "",
		"":                                                   "",
		strings.Repeat("a, ", 200):                           "",
		"xã Kim Liên, xã Kim Liên, xã Kim Liên, xã Kim Liên": "Xã Kim Liên; Xã Kim Liên; Xã Kim Liên",
		"xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An, \xff\xfe": "",
	} {
		var got []string
		for _, u := range FindAddress(address, on, nil, nil, 12) {
			got = append(got, u.FullName)
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%.60q: got %q, want %q", address, strings.Join(got, "; "), want)
		}
	}
	if got := FindAddress("xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An", on, []Level{Commune}, nil, 1); len(got) != 1 || got[0].Former(on) {
		t.Errorf("one commune only: got %v, want the one of today", got)
	}
	if got := FindAddress("xã Kim Liên, huyện Nam Đàn", on, nil, []Ref{{Code: "01"}}, 12); len(got) != 0 {
		t.Errorf("in Hà Nội: got %v, want none", got)
	}
}
