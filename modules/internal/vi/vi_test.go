package vi

import (
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"txng/tenant/fault"
)

func TestSpellingsThatDifferOnlyInMarksFoldAlike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"Khánh Hoà", "khanh hoa"},
		{"  KHÁNH\u00a0\t HÒA\n", "khanh hoa"},
		{norm.NFD.String("Đắk Lắk"), "dak lak"},
		{"Thừa Thiên – Huế", "thua thien – hue"},
		{"ươƯƠ ĐđẦẫỹ", "uouo ddaay"},
		{"\ufeffTên\u200b", "ten"},
		{"İ", "i"},
		{"", ""},
	} {
		got := Fold(c.in)
		if got != c.want || Fold(got) != got {
			t.Errorf("Fold(%q) = %q, folded again %q; want %q", c.in, got, Fold(got), c.want)
		}
	}
}

func TestTokensAreUniqueFoldedWords(t *testing.T) {
	t.Parallel()
	got := Tokens("Gạo ST25 (gạo thơm), Sóc-Trăng – thơm")
	if want := []string{"gao", "st25", "thom", "soc", "trang"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Tokens(" – "); got != nil {
		t.Errorf("got %q, want none", got)
	}
}

func TestSlugHasOnlyLettersDigitsAndHyphens(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"Kế hoạch số 146/KH-UBND", "ke-hoach-so-146-kh-ubnd"}, {"--Đà Nẵng!", "da-nang"}, {"中文", ""},
	} {
		if got := Slug(c.in); got != c.want {
			t.Errorf("Slug(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestTextIsSortedAsInAVietnameseDictionary(t *testing.T) {
	t.Parallel()
	for _, want := range [][]string{
		{"a", "ă", "â", "b", "c", "d", "đ", "e", "ê", "g", "h", "i", "k", "l", "m", "n", "o", "ô", "ơ", "p", "q", "r", "s", "t", "u", "ư", "v", "x", "y"},
		{"ma", "mà", "mả", "mã", "má", "mạ"},
		{"An Giang", "Ăn", "Ấn", "Bắc Ninh", "Cà Mau", "Cần Thơ", "Dầu Tiếng", "Đà Nẵng", "Đồng Tháp", "Em", "Hà Nội", "Hải Phòng"},
	} {
		got := slices.Clone(want)
		slices.Reverse(got)
		slices.SortFunc(got, Compare)
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
	}
}

func TestPeopleAreSortedByGivenNameThenFamilyName(t *testing.T) {
	t.Parallel()
	want := []string{"", "Trần Văn An", "Nguyễn Thị Ánh", "Lê Bình", "Nguyễn Văn Bình", "Phạm Đức", "Vũ Thị Yến"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, ByGivenName)
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestNumbersAreWrittenTheVietnameseWay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ got, want string }{
		{Int(0), "0"}, {Int(999), "999"}, {Int(1000), "1.000"}, {Int(1234567), "1.234.567"}, {Int(-1234567), "-1.234.567"},
		{Int(-9223372036854775808), "-9.223.372.036.854.775.808"},
		{Decimal(1234.5, 1), "1.234,5"}, {Decimal(1234567.891, 2), "1.234.567,89"}, {Decimal(2.5, 0), "3"}, {Decimal(-2.5, 0), "-3"}, {Decimal(1e300, 0)[:3], "1.0"}, {Decimal(-0.04, 1), "0,0"},
		{Decimal(-1234.56, 1), "-1.234,6"}, {Decimal(999.96, 1), "1.000,0"},
		{Percent(1, 3), "33,3 %"}, {Percent(1, 400), "0,3 %"}, {Percent(3, 3), "100,0 %"}, {Percent(0, 5), "0,0 %"}, {Percent(5, 0), "—"}, {Percent(0, 0), "—"},
		{VND(1500000), "1.500.000 đ"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestTimesAreThoseOfVietnam(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 18, 5, 0, 0, time.UTC) // the 23rd in Việt Nam
	for _, c := range []struct{ got, want string }{
		{Date(at), "23/11/2026"}, {DateTime(at), "23/11/2026 01:05"}, {Month(at), "11/2026"}, {Date(time.Time{}), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestDatesAreReadDayFirst(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"02/11/2026", "2/11/2026", " 2-11-2026 ", "2.11.2026", "2026-11-02"} {
		got, err := ParseDate(in)
		if err != nil || Date(got) != "02/11/2026" || !got.Equal(time.Date(2026, 11, 1, 17, 0, 0, 0, time.UTC)) {
			t.Errorf("ParseDate(%q) = %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "31/02/2026", "11/22/2026", "22/11/26", "22/11/0026", "22/11/2026x", "46348"} {
		if got, err := ParseDate(in); message(err, "date") == "" {
			t.Errorf("ParseDate(%q) = %v, %v; want a sentence", in, got, err)
		}
	}
}

func TestAgoUsesTheLargestWholeUnit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		apart time.Duration
		want  string
	}{
		{30 * time.Second, "vừa xong"}, {3*time.Minute + 59*time.Second, "3 phút trước"}, {2 * time.Hour, "2 giờ trước"},
		{5*24*time.Hour + time.Hour, "5 ngày trước"}, {40 * 24 * time.Hour, "13/10/2026"}, {-3 * time.Minute, "3 phút nữa"},
	} {
		if got := Ago(now.Add(-c.apart), now); got != c.want {
			t.Errorf("%v: got %q, want %q", c.apart, got, c.want)
		}
	}
}

func TestTaxCodesOfEveryFormAreRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{"0100233488", "0100233488"}, {" 0100 233 488 ", "0100233488"}, {"0314409058-002", "0314409058-002"},
		{"0314409058002", "0314409058-002"}, {"048091001234", "048091001234"},
	} {
		if got, err := ParseMST(c.in); err != nil || string(got) != c.want {
			t.Errorf("ParseMST(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
	for in, want := range map[string]string{
		"":               "Chưa nhập mã số thuế.",
		"0100233480":     "Mã số thuế 0100233480 sai số kiểm tra: hãy xem lại từng chữ số.",
		"0314409058-000": "Mã số thuế của đơn vị phụ thuộc không thể kết thúc bằng 000.",
		"0100000000":     "Mã số thuế 0100000000 không tồn tại: cơ quan thuế không cấp dãy số này.",
		"01002334A8":     "Mã số thuế chỉ gồm các chữ số, và một dấu gạch nối trước 3 số của đơn vị phụ thuộc.",
		"0314409058-":    "Mã số thuế phải có 10 chữ số, 13 chữ số (dạng 0123456789-001) hoặc 12 chữ số của số định danh cá nhân.",
		"000000000000":   "Số định danh cá nhân không thể toàn số 0.",
	} {
		_, err := ParseMST(in)
		if got := message(err, "mst"); got != want {
			t.Errorf("ParseMST(%q): %q, want %q", in, got, want)
		}
	}
}

func TestEveryWrongDigitOfATaxCodeIsNoticed(t *testing.T) {
	t.Parallel()
	const right = "0100233488"
	for i := range right {
		for d := byte('0'); d <= '9'; d++ {
			wrong := right[:i] + string(d) + right[i+1:]
			if got, err := ParseMST(wrong); wrong != right && err == nil {
				t.Errorf("ParseMST(%q) = %q, want an error", wrong, got)
			}
		}
	}
}

func TestTaxCodesThatAreNeverIssuedHaveNoCheckDigit(t *testing.T) {
	t.Parallel()
	if got, ok := CheckMST("010023348"); !ok || got != '8' {
		t.Errorf("got %q, %v; want '8'", got, ok)
	}
	for name, in := range map[string]string{
		"empty": "", "8 digits": "01002334", "a letter": "01002334x", "digits 3 to 9 are 0": "010000000",
		"check value 10": "000000012", // 1·5 + 2·3 = 11
	} {
		if got, ok := CheckMST(in); ok {
			t.Errorf("%s: CheckMST(%q) = %q, want none", name, in, got)
		}
	}
}

func TestTelephoneNumbersGetTheirInternationalForm(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"0912 345 678": "+84912345678", "+84 (0) 912.345.678": "+84912345678", "84912345678": "+84912345678",
		"0084912345678": "+84912345678", "0236-3822-041": "+842363822041", "(028) 3829 7611": "+842838297611",
	} {
		if got, err := ParsePhone(in); err != nil || got != want {
			t.Errorf("ParsePhone(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "091234567", "09123456789", "0236382204", "0112345678", "+1 202 555 0100", "1900 1234", "0912x45678"} {
		if got, err := ParsePhone(in); message(err, "phone") == "" {
			t.Errorf("ParsePhone(%q) = %q, %v; want a sentence", in, got, err)
		}
	}
}

// message returns what err says of a field.
func message(err error, field string) string {
	var invalid fault.Invalid
	if !errors.As(err, &invalid) {
		return ""
	}
	return invalid.Of(field)
}

func FuzzParsePhone(f *testing.F) {
	for _, s := range []string{"0912345678", "+84 912 345 678", "84912345678", "(024) 3825 1234", "0", "+", "٠٩١٢٣٤٥٦٧٨"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePhone(s)
		if err != nil {
			return
		}
		again, err := ParsePhone(p)
		if err != nil || again != p {
			t.Errorf("%q gives %q, which gives %q, %v", s, p, again, err)
		}
	})
}
