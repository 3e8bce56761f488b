package organization

import (
	"errors"
	"strings"
	"testing"
	"time"

	"txng/tenant/fault"
	"txng/tenant/unit"
)

var (
	ngheAn = unit.Ref{Code: "40", From: unit.Reorganized}
	now    = time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
)

func labelled(printed, commune string) SignUp {
	return SignUp{Kind: Cooperative, Name: "Hợp tác xã nhãn cũ", MST: "0100109106", Unit: commune, Printed: printed}
}

func communeOf(t *testing.T, name string) string {
	t.Helper()
	for _, c := range unit.Communes(ngheAn, now) {
		if c.Name == name {
			return c.Ref.String()
		}
	}
	t.Fatalf("Nghệ An has no commune %s", name)
	return ""
}

func TestSignUpKeepsTheOldAddressBesideTheNewOne(t *testing.T) {
	t.Parallel()
	const printed = "xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An"
	for _, commune := range []string{communeOf(t, "Kim Liên"), ""} { // without a choice the label says it for certain
		o, err := labelled(" xóm 5,  xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An ", commune).Validate(ngheAn, now)
		if err != nil || o.Unit != communeOf(t, "Kim Liên") || o.PrintedAddress != printed || o.PrintedUnit != "17971@0001-01-01" {
			t.Errorf("chosen %q: unit %s, label %q in %s, %v", commune, o.Unit, o.PrintedAddress, o.PrintedUnit, err)
		}
		b := o.Both(now)
		if b.Today != "Xã Kim Liên, tỉnh Nghệ An" || b.Label != printed || b.Note(now) == "" || o.mismatch(now) != "" {
			t.Errorf("addresses are %+v, doubt %q", b, o.mismatch(now))
		}
	}
	o, err := labelled(printed, communeOf(t, "Diễn Châu")).Validate(ngheAn, now)
	if err != nil || !strings.Contains(o.mismatch(now), "xã Kim Liên") {
		t.Errorf("a label of another commune raises %q, %v; want a doubt", o.mismatch(now), err)
	}
}

func TestAnOldAddressThatIsNotFoundNamesCandidates(t *testing.T) {
	t.Parallel()
	for printed, says := range map[string]string{
		"xóm 5, xã Kim Liêm, huyện Nam Đàn, Nghệ An":   "Có phải: ",
		"phường Quán Thánh, quận Ba Đình, Hà Nội":      "Không có địa chỉ này",
		"xóm 5, xã Sơn Thành, huyện Không Có, Nghệ An": "Có phải: Xã Sơn Thành, huyện Yên Thành, tỉnh Nghệ An",
		"xóm 5, Nghĩa Thành":                           "",
		strings.Repeat("xóm 5, ", 60):                  "dài quá 300 ký tự",
		"\x00\ufeff,,;":                                "Không nhận ra",
	} {
		_, err := labelled(printed, communeOf(t, "Kim Liên")).Validate(ngheAn, now)
		var wrong fault.Invalid
		if says != "" && (!errors.As(err, &wrong) || !strings.Contains(wrong.Of("printed"), says)) {
			t.Errorf("%.50q: %v, want %q", printed, err, says)
		}
	}
	// A name that several former communes have is asked back with all of them.
	seen := map[string]bool{}
	for _, c := range unit.Communes(unit.Ref{Code: "40", From: unit.Unknown}, unit.Reorganized.Time().Add(-time.Hour)) {
		if seen[c.FullName] {
			_, err := labelled(c.FullName, communeOf(t, "Kim Liên")).Validate(ngheAn, now)
			if !strings.Contains(errText(err), "nơi khớp") {
				t.Errorf("%s is taken though there are several: %v", c.FullName, err)
			}
			return
		}
		seen[c.FullName] = true
	}
}

func errText(err error) string {
	var wrong fault.Invalid
	if errors.As(err, &wrong) {
		return wrong.Of("printed")
	}
	return ""
}
