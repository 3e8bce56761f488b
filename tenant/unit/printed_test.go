package unit

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var ngheAn = Ref{"40", Reorganized}

func TestAnAddressOfBeforeTheReformIsRead(t *testing.T) {
	t.Parallel()
	const kimLien = "Xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An"
	for _, c := range []struct{ text, line, want string }{
		{"xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An", "xóm 5", kimLien},
		{"Xóm 5, Kim Liên, Nam Đàn, Nghệ An, Việt Nam", "Xóm 5", kimLien},
		{"xom 5, XA KIM LIEN; H. NAM DAN; NGHE AN.", "xom 5", kimLien},
		{"xóm 5 xã Kim Liên huyện Nam Đàn tỉnh Nghệ An", "xóm 5", kimLien},
		{"Xóm 5 - xã Kim Liên - huyện Nam Đàn - Nghệ An", "Xóm 5", kimLien},
		{"số 2, ngõ 3, xóm 5, x. Kim Liên, Nam Đàn", "số 2, ngõ 3, xóm 5", kimLien},
		{"kim liên, nam đàn", "", kimLien},
		{"Khối 3, thị trấn Nam Đàn, huyện Nam Đàn, Nghệ An", "Khối 3", "Thị trấn Nam Đàn, huyện Nam Đàn, tỉnh Nghệ An"},
		{"12 Lê Lợi, P. 03, Q.3, TP.HCM", "12 Lê Lợi", ""},
		{"12 Lê Lợi, P4, Q3, TPHCM", "12 Lê Lợi", "Phường 4, quận 3, thành phố Hồ Chí Minh"},
		{"Thôn 1, xã Ea KPam, huyện Cư M'gar, tỉnh Đắk Lắk", "Thôn 1", "Xã Ea KPam, huyện Cư M'gar, tỉnh Đắk Lắk"},
		{"Ấp 1, xã Bình Châu, huyện Xuyên Mộc, tỉnh Bà Rịa - Vũng Tàu", "Ấp 1", "Xã Bình Châu, huyện Xuyên Mộc, tỉnh Bà Rịa - Vũng Tàu"},
	} {
		got := Embedded().readPrinted(c.text, now, nil)
		if c.want == "" {
			if len(got.Communes) > 1 {
				t.Errorf("%q is read as %v", c.text, got.Communes)
			}
			continue
		}
		if len(got.Communes) != 1 || got.Communes[0].Address(before) != c.want || got.Line != c.line {
			t.Errorf("%q: line %q, communes %v (near %v), want %q and %s", c.text, got.Line, got.Communes, names(got.Near), c.line, c.want)
		}
	}
}

func TestAnUnclearAddressGivesCandidates(t *testing.T) {
	t.Parallel()
	got := Embedded().readPrinted("thôn 1, xã Tân Lập", now, nil)
	if len(got.Communes) < 5 {
		t.Errorf("there are %d former xã Tân Lập, want many", len(got.Communes))
	}
	for text, want := range map[string]string{
		"xóm 5, xã Kim Liêm, huyện Nam Đàn, tỉnh Nghệ An": "Huyện Nam Đàn",
		"xóm 5, xã Kim Liên, huyện Yên Thành, Nghệ An":    "Huyện Nam Đàn",
	} {
		got := Embedded().readPrinted(text, now, Lineage(ngheAn))
		if len(got.Communes) != 0 || len(got.Near) == 0 || len(got.Near) > maxNear {
			t.Errorf("%q is read as %v, near %v", text, got.Communes, names(got.Near))
			continue
		}
		if d, _ := ByRef(got.Near[0].DistrictRef); d.FullName != want {
			t.Errorf("%q is near %s, want one of %s", text, got.Near[0].Address(before), want)
		}
	}
	if got := Embedded().readPrinted("xã Kim Liên, huyện Nam Đàn", now, Lineage(Ref{"48", Reorganized})); len(got.Communes) != 0 {
		t.Errorf("in Đà Nẵng: %v", got.Communes)
	}
	if got := Embedded().readPrinted("xã Kim Liên, huyện Nam Đàn", before, nil); len(got.Communes)+len(got.Near) != 0 {
		t.Errorf("before the reform there is nothing of before it: %v", got)
	}
}

func TestEveryFormerAddressIsReadAsItself(t *testing.T) {
	t.Parallel()
	a, unclear, all := Embedded(), 0, 0
	for i, u := range a.units {
		if u.Level != Commune || !u.Former(now) || i%7 != 0 {
			continue
		}
		all++
		got := a.readPrinted("Thôn 1, "+u.Address(u.Last()), now, nil)
		if !slices.Contains(got.Communes, u) || got.Line != "Thôn 1" {
			t.Errorf("%s is read as %q in %v", u.Address(u.Last()), got.Line, got.Communes)
		}
		if len(got.Communes) > 1 {
			unclear++
		}
	}
	if unclear*100 > all {
		t.Errorf("%d of %d whole addresses are unclear", unclear, all)
	}
}

func FuzzReadPrinted(f *testing.F) {
	for _, text := range []string{
		"xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An", "P.3, Q1, TP HCM", ",,,", "\x00\xff", "xã xã xã", "thị xã", "P", "Q0",
		"\u200e\u0301\u0301", strings.Repeat("xã ", 90), "00000", "việt nam", "ＸＡ　ＫＩＭ", "- - - -",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := Embedded().readPrinted(text, now, nil)
		if len(got.Near) > maxNear || len(got.Communes) > 0 && len(got.Near) > 0 {
			t.Errorf("%q: %d communes and %d near", text, len(got.Communes), len(got.Near))
		}
		for _, u := range append(got.Communes, got.Near...) {
			if u.Level != Commune || !u.Former(now) {
				t.Errorf("%q: %s is no former commune", text, u.FullName)
			}
		}
		if utf8.RuneCountInString(got.Line) > MaxPrinted {
			t.Errorf("%q: line %q", text, got.Line)
		}
	})
}
