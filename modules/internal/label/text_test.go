package label

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// inRunes measures one mm a rune.
func inRunes(text string) float64 { return float64(utf8.RuneCountInString(text)) }

func TestTextIsBrokenAtWordsIntoEvenRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		width float64
		rows  int
		want  []string
	}{
		{"", 10, 3, nil},
		{"Cam Vinh", 10, 3, []string{"Cam Vinh"}},
		{"ABCDE FGHJK MNPQR STVWX", 18, 3, []string{"ABCDE FGHJK", "MNPQR STVWX"}},
		{"Cam Vinh Xã Đoài loại đặc biệt", 14, 3, []string{"Cam Vinh Xã", "Đoài loại", "đặc biệt"}},
		{"Cam Vinh Xã Đoài loại đặc biệt", 14, 2, []string{"Cam Vinh Xã", "Đoài loại đặc…"}},
		{"Cam Vinh Xã Đoài loại đặc biệt", 14, 1, []string{"Cam Vinh Xã…"}},
		{"LO-2026-07-000123456", 8, 3, []string{"LO-2026-", "07-00012", "3456"}},
	} {
		got := breakText(c.text, c.width, inRunes).within(c.rows)
		if !slices.Equal(got, c.want) {
			t.Errorf("%q in %v mm and %d rows: got %q, want %q", c.text, c.width, c.rows, got, c.want)
		}
	}
}

func TestNoRowIsWiderThanItsLabel(t *testing.T) {
	t.Parallel()
	text := "Hợp tác xã dịch vụ nông nghiệp tổng hợp Nghi Diên – NghiênCứuPhátTriểnCâyĂnQuảĐặcSản"
	for width := 2.0; width < 60; width++ {
		for rows := 1; rows < 8; rows++ {
			got := breakText(text, width, inRunes).within(rows)
			if len(got) > rows {
				t.Errorf("%v mm: %d rows, want at most %d", width, len(got), rows)
			}
			for _, row := range got {
				if inRunes(row) > width {
					t.Errorf("row %q is wider than %v mm", row, width)
				}
			}
		}
	}
}

func TestShorteningKeepsMarksWithTheirLetters(t *testing.T) {
	t.Parallel()
	const text = "ab\u0302\u0323cd" // b with two marks that have no composed form
	for width := 1.0; width < 7; width++ {
		got := shorten(text, width, inRunes)
		if base := strings.TrimSuffix(got, ellipsis); !slices.Contains([]string{"a", "ab\u0302\u0323", "ab\u0302\u0323c", text}, base) {
			t.Errorf("%v mm: %q parts a letter from its marks", width, got)
		}
	}
}

func TestPrintableTextHasOneRuneForEachLetter(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Che\u0302\u0300":            "Chề",
		"  a \t\n b\u00a0c  ":        "a b c",
		"Trà \U0001f375 xanh":        "Trà xanh",
		"x\x00\x1b\xffy\u200b\ufeff": "xy",
		"Đ/c: Nghệ An – “ngon”":      "Đ/c: Nghệ An – “ngon”",
	} {
		if got := printable(text); got != want {
			t.Errorf("printable(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzAnyTextIsBrokenToFit(f *testing.F) {
	f.Add("Cam Vinh Xã Đoài", 5.0, 2)
	f.Fuzz(func(t *testing.T, text string, width float64, rows int) {
		if !(width >= 1 && width < 100) || rows < 1 || rows > 9 || len(text) > 500 {
			t.Skip("no label has room of this kind")
		}
		if got := breakText(printable(text), width, inRunes).within(rows); len(got) > rows {
			t.Errorf("%d rows, want at most %d", len(got), rows)
		}
	})
}
