package unit

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSearchFindsByWordsInAnyOrderWithoutDiacritics(t *testing.T) {
	t.Parallel()
	ngheAn := Ref{"40", Reorganized}
	for _, text := range []string{"nam dan", "Nam Đàn", "NAM ĐÀN", "dan nam", "xa nam dan", "  nam   đa ", "Nam Đàn"} {
		got := Search(text, now, Commune, ngheAn, 0)
		if len(got) == 0 || !slices.Contains(names(got), "Nam Đàn") {
			t.Errorf("Search(%q) = %v, want Nam Đàn among them", text, names(got))
		}
	}
	if got := Search("am dan", now, Commune, ngheAn, 0); slices.Contains(names(got), "Nam Đàn") {
		t.Errorf("the middle of a word found %v", names(got))
	}
}

func TestSearchKeepsToDayLevelAndProvince(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text     string
		on       time.Time
		level    Level
		province Ref
		first    string
	}{
		{"da nang", now, Province, Ref{}, "Thành phố Đà Nẵng"},
		{"nam dan", before, District, Ref{}, "Huyện Nam Đàn"},
		{"nam dan", now, District, Ref{}, ""},
		{"quang nam", before, Province, Ref{}, "Tỉnh Quảng Nam"},
		{"quang nam", now, Province, Ref{}, ""},
		{"tp hcm", now, 0, Ref{}, "Thành phố Hồ Chí Minh"},
		{"tphcm", now, 0, Ref{}, "Thành phố Hồ Chí Minh"},
		{"ba đình", now, 0, Ref{"01", Reorganized}, "Phường Ba Đình"},
		{"ba đình", now, Commune, Ref{"01", Unknown}, ""},
		{"dong nai", lastTinh, Province, Ref{}, "Tỉnh Đồng Nai"},
		{"dong nai", now, Province, Ref{}, "Thành phố Đồng Nai"},
		{"phuong long thanh", now, Commune, Ref{"75", Reorganized}, "Phường Long Thành"},
		{"thanh hoá", now, Province, Ref{}, "Tỉnh Thanh Hóa"},
		{"ba ria vung tau", before, Province, Ref{}, "Tỉnh Bà Rịa - Vũng Tàu"},
		{"quan 11", before, District, Ref{}, "Quận 11"},
		{"cu mgar", before, District, Ref{}, "Huyện Cư M'gar"},
		{"", now, 0, Ref{}, ""},
		{"?!%_", now, 0, Ref{}, ""},
		{"zzz", now, 0, Ref{}, ""},
	} {
		got := Search(c.text, c.on, c.level, c.province, 1)
		if c.first == "" && len(got) == 0 {
			continue
		}
		if len(got) != 1 || got[0].FullName != c.first {
			t.Errorf("Search(%q, %s, %s, %q) = %v, want %q", c.text, DayOf(c.on), c.level, c.province, got, c.first)
		}
	}
}

func TestSearchPutsTheEqualNameFirst(t *testing.T) {
	t.Parallel()
	got := Search("hoa", now, Commune, Ref{}, 0)
	if len(got) < 20 {
		t.Fatalf("%d communes have a word that begins with hoa, want many", len(got))
	}
	if got := names(Search("an giang", before, 0, Ref{}, 0)); got[0] != "An Giang" {
		t.Errorf("an giang found %v first", got[0])
	}
	limited := Search("hoa", now, Commune, Ref{}, 7)
	if !slices.Equal(limited, got[:7]) {
		t.Errorf("the first 7 are %v, want %v", names(limited), names(got[:7]))
	}
}

func BenchmarkSearch(b *testing.B) {
	theAtlas()
	for b.Loop() {
		Search("tan phu", now, 0, Ref{}, 20)
	}
}

// TestALongSearchCostsNoMore bounds the work of a search by its allocations, which no other process disturbs.
func TestALongSearchCostsNoMore(t *testing.T) {
	const most = 400
	for _, text := range []string{"tan phu", strings.Repeat("tan phu ", 10_000), strings.Repeat("a", 1<<20)} {
		if got := testing.AllocsPerRun(5, func() { Search(text, now, 0, Ref{}, 20) }); got > most {
			t.Errorf("a search of %d bytes allocates %v times, want at most %d", len(text), got, most)
		}
	}
}
