package gs1

import (
	"errors"
	"strings"
	"testing"

	"txng/tenant/fault"
)

func TestGTINOfEveryLengthIsPaddedAndDisplayedAsPrinted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want, display string }{
		{"8931234560010", "08931234560010", "8931234560010"},
		{" 893 1234 56001-0 ", "08931234560010", "8931234560010"},
		{"08936012345674", "08936012345674", "8936012345674"},
		{"18936012345671", "18936012345671", "18936012345671"},
		{"416000336108", "00416000336108", "416000336108"},
		{"02345673", "00000002345673", "02345673"},
	} {
		got, err := ParseGTIN(c.in)
		if err != nil || string(got) != c.want || got.Display() != c.display {
			t.Errorf("ParseGTIN(%q) = %q, %v, display %q; want %q, display %q", c.in, got, err, got.Display(), c.want, c.display)
		}
	}
}

func TestWrongGTINIsExplained(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"8936012345670", "Số GTIN sai số kiểm tra: chữ số cuối phải là 4."},
		{"893601234568", "Số GTIN sai số kiểm tra: chữ số cuối phải là 7."},
		{"89360123456", "Số GTIN phải có 8, 12, 13 hoặc 14 chữ số, đang có 11."},
		{"8936O12345674", "Số GTIN chỉ gồm các chữ số 0 đến 9."},
		{"٨٩٣٦٠١٢٣٤٥٦٧٤", "Số GTIN chỉ gồm các chữ số 0 đến 9."},
		{"  ", "Chưa nhập số GTIN."},
		{"00000000", "Số GTIN không thể toàn số 0."},
	} {
		_, err := ParseGTIN(c.in)
		if got := message(err, "gtin"); got != c.want {
			t.Errorf("ParseGTIN(%q): %q; want %q", c.in, got, c.want)
		}
	}
}

func TestGLNAndSSCCHaveTheirOwnLengths(t *testing.T) {
	t.Parallel()
	if got, err := ParseGLN("4012345 00005 4"); err != nil || got != "4012345000054" {
		t.Errorf("ParseGLN = %q, %v", got, err)
	}
	if got, err := ParseSSCC("340123451111111111"); err != nil || got != "340123451111111111" {
		t.Errorf("ParseSSCC = %q, %v", got, err)
	}
	_, err := ParseGLN("340123451111111111")
	if got, want := message(err, "gln"), "Số GLN phải có 13 chữ số, đang có 18."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err = ParseSSCC("340123451111111112")
	if got, want := message(err, "sscc"), "Số SSCC sai số kiểm tra: chữ số cuối phải là 1."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLotAndSerialTakeOneToTwentyCharactersOfSet82(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"A", `!"%&'()*+,-./:;<=>?`, "abcXYZ_0123456789-20"} {
		if lot, err := ParseLot(in); err != nil || string(lot) != in {
			t.Errorf("ParseLot(%q) = %q, %v", in, lot, err)
		}
		if serial, err := ParseSerial(" " + in + " "); err != nil || string(serial) != in {
			t.Errorf("ParseSerial(%q) = %q, %v", in, serial, err)
		}
	}
	for _, c := range []struct{ in, want string }{
		{"", "Mã lô không được để trống."},
		{strings.Repeat("A", 21), "Mã lô dài tối đa 20 ký tự, đang có 21."},
		{"LÔ1", "Mã lô có ký tự 'Ô' không được phép"},
		{"A B", "Mã lô có ký tự ' ' không được phép"},
		{"A#1", "Mã lô có ký tự '#' không được phép"},
	} {
		_, err := ParseLot(c.in)
		if got := message(err, "lot"); !strings.HasPrefix(got, c.want) {
			t.Errorf("ParseLot(%q): %q; want %q", c.in, got, c.want)
		}
	}
}

func FuzzParseGTIN(f *testing.F) {
	for _, seed := range []string{"8936012345674", "02345673", "416000336108", "x", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := ParseGTIN(s)
		if err != nil {
			return
		}
		if len(g) != 14 || !onlyDigits(string(g)) {
			t.Fatalf("ParseGTIN(%q) = %q", s, g)
		}
		if again, err := ParseGTIN(g.Display()); err != nil || again != g {
			t.Fatalf("ParseGTIN(Display of %q) = %q, %v", g, again, err)
		}
	})
}

// message returns what err says of a field.
func message(err error, field string) string {
	var invalid fault.Invalid
	if !errors.As(err, &invalid) {
		return ""
	}
	return invalid.Of(field)
}
