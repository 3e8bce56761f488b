package phone

import (
	"strings"
	"testing"

	"txng/tenant/fault"
)

func TestOneNumberHasOneForm(t *testing.T) {
	t.Parallel()
	const want = "+84912345678"
	for _, in := range []string{
		"0912345678", "0912 345 678", "0912.345.678", "0912-345-678", "(0912) 345 678", "0912–345–678", "0912\u00a0345\u202f678",
		"+84912345678", "+84 912 345 678", "+84 (0) 912 345 678", "+840912345678", "84912345678", "84 912.345.678", "0084912345678", "00 84 912 345 678",
		"０９１２３４５６７８", "＋８４９１２３４５６７８", "\u202a0912345678\u202c", " 0912345678\t", "0912\u2011345\u2011678", "0912\u2212345\u2212678",
	} {
		if got, err := Parse(in); string(got) != want || err != nil || !got.Mobile() {
			t.Errorf("Parse(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for in, home := range map[string]string{"+84912345678": "0912 345 678", "02363822041": "0236 3822 041"} {
		if got, err := Parse(in); err != nil || got.Home() != home {
			t.Errorf("Parse(%q).Home() = %q, %v; want %q", in, got.Home(), err, home)
		}
	}
	if got, err := Parse("0236 3822 041"); err != nil || got.Mobile() {
		t.Errorf("a land line: %q, %v, mobile %v", got, err, got.Mobile())
	}
}

func TestWhatIsNoNumberIsRefusedWithASentence(t *testing.T) {
	t.Parallel()
	for name, in := range map[string]string{
		"nothing": "", "spaces": " \t", "too short": "091234567", "too long": "09123456789", "endless": strings.Repeat("0", 10_000),
		"letter O": "O912345678", "letter l": "09l2345678", "Arabic digits": "٠٩١٢٣٤٥٦٧٨", "Devanagari digits": "०९१२३४५६७८",
		"before 2018": "0169 123 4567", "network that is none": "0312345678", "095": "0951234567", "050": "0501234567",
		"another country": "+1 202 555 0100", "hot line": "1900 1234", "two pluses": "++84912345678", "plus inside": "0912+345678",
		"two numbers": "0912345678, 0912345679", "slash": "0912/345678", "NUL": "0912345678\x00", "broken UTF-8": "0912345678\xff",
		"land line too short": "0236382204", "no 0": "912345678", "84 alone": "84", "0084 alone": "0084", "+84 alone": "+84", "two zeros": "00912345678",
	} {
		got, err := Parse(in)
		wrong, _ := err.(fault.Invalid)
		if got != "" || wrong.Of("phone") == "" {
			t.Errorf("%s: Parse(%.40q) = %q, %v; want a sentence", name, in, got, err)
		}
	}
}

// FuzzParse: what is accepted has one form, which is its own form, from wherever it is written.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"0912345678", "+84 912 345 678", "84912345678", "0084912345678", "(024) 3825 1234", "０９１２３４５６７８", "+84 (0) 912 345 678", "0", "+", "٠٩١٢٣٤٥٦٧٨"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			return
		}
		national, ok := strings.CutPrefix(string(n), "+84")
		if !ok || strings.Trim(national, "0123456789") != "" || len(national) != 9 && len(national) != 10 {
			t.Fatalf("%q is %q", s, n)
		}
		for _, again := range []string{string(n), "0" + national, "84" + national, "0084" + national, n.Home()} {
			if got, err := Parse(again); err != nil || got != n {
				t.Fatalf("%q is %q, but %q is %q, %v", s, n, again, got, err)
			}
		}
	})
}
