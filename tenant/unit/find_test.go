package unit

import (
	"slices"
	"strings"
	"testing"
)

func addresses(units []Unit) []string {
	var all []string
	for _, u := range units {
		on := now
		if u.Former(now) {
			on = u.Last()
		}
		all = append(all, u.Address(on))
	}
	return all
}

func TestNamDanIsFoundInThePastAndToday(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"nam dan", "Nam Đàn", "đàn NAM", "dan nam"} {
		got := addresses(Find(text, now, nil, Lineage(ngheAn), 10))
		for _, want := range []string{"Xã Nam Đàn, tỉnh Nghệ An", "Huyện Nam Đàn, tỉnh Nghệ An", "Thị trấn Nam Đàn, huyện Nam Đàn, tỉnh Nghệ An"} {
			if !slices.Contains(got, want) {
				t.Errorf("Find(%q) = %v, want %s", text, got, want)
			}
		}
		if got[0] != "Xã Nam Đàn, tỉnh Nghệ An" {
			t.Errorf("Find(%q) begins with %s, want today's", text, got[0])
		}
	}
	if got := addresses(Find("Nấm Dẩn", now, nil, nil, 1)); got[0] != "Xã Nấm Dẩn, tỉnh Tuyên Quang" {
		t.Errorf("Nấm Dẩn is %v", got)
	}
	if got := addresses(Find("nam đàn", now, nil, nil, 3)); slices.Contains(got, "Xã Nấm Dẩn, tỉnh Tuyên Quang") {
		t.Errorf("nam đàn finds %v before other spellings", got)
	}
	if got := Find("nam dan", before, nil, nil, 0); slices.ContainsFunc(got, func(u Unit) bool { return u.Ref.From == Reorganized }) {
		t.Error("units are found before they begin")
	}
	if got := Find("nam dan", now, []Level{Commune}, []Ref{{"48", Reorganized}}, 0); len(got) != 0 {
		t.Errorf("in Đà Nẵng: %v", got)
	}
}

func TestAProvinceHasThePastOfThoseItWasMadeFrom(t *testing.T) {
	t.Parallel()
	if got := Lineage(Ref{"48", Reorganized}); len(got) != 3 { // itself, Đà Nẵng and Quảng Nam of before
		t.Errorf("lineage of Đà Nẵng is %v", got)
	}
	if got := addresses(Find("tay giang", now, []Level{District}, Lineage(Ref{"48", Reorganized}), 1)); len(got) != 1 || got[0] != "Huyện Tây Giang, tỉnh Quảng Nam" {
		t.Errorf("Tây Giang is %v", got)
	}
}

func TestExtentOfADistrictIsItsCommunesAndTheirHeirs(t *testing.T) {
	t.Parallel()
	d, err := Lookup(District, "430", before) // Nam Đàn
	if err != nil || d.Name != "Nam Đàn" {
		t.Fatal(d, err)
	}
	got := Extent(d.Ref, now)
	for _, c := range Communes(d.Ref, before) {
		if !slices.Contains(got, c.Ref) {
			t.Errorf("%s is missing", c.FullName)
		}
		for _, h := range Heirs(c.Ref, now) {
			if !slices.Contains(got, h.Ref) {
				t.Errorf("%s is missing", h.FullName)
			}
		}
	}
}

// TestEveryOldCommuneLeadsToTodayOrSaysThatItDoesNot holds for every unit that ever ended.
func TestEveryOldUnitLeadsToTodayOrIsMarked(t *testing.T) {
	t.Parallel()
	a, marked := Embedded(), 0
	for _, u := range a.units {
		heirs := Heirs(u.Ref, now)
		if !u.Former(now) {
			if len(heirs) != 1 || heirs[0].Ref != u.Ref {
				t.Errorf("%s of today leads to %v", u.FullName, heirs)
			}
			continue
		}
		if len(heirs) == 0 {
			marked++
			r := slices.IndexFunc(reform2025().Ended, func(e Ended) bool { return e.Code == u.Ref.Code && e.Dissolved })
			if r < 0 {
				t.Errorf("%s leads nowhere and is not marked", u.Address(before))
			}
		}
		for _, h := range heirs {
			if h.Former(now) || h.Ref.From > DayOf(now) {
				t.Errorf("%s leads to %s, which is not of today", u.FullName, h.FullName)
			}
		}
	}
	if marked != 183 {
		t.Errorf("%d units lead nowhere, want the 183 that data/README.md admits", marked)
	}
}

var exported2025 Reform

func reform2025() Reform {
	if exported2025.Format == "" {
		exported2025 = Embedded().Export(Reorganized, "Nghị quyết 202/2025/QH15")
	}
	return exported2025
}

func TestOddSearchesFindNothingOrLittle(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " ", "\x00", "\xff\xfe", "%_'\"", strings.Repeat("a", 1<<20), strings.Repeat("xa ", 1<<16), strings.Repeat("\u0301", 5000)} {
		if got := Find(text, now, nil, nil, 20); len(got) > 20 {
			t.Errorf("%d units", len(got))
		}
	}
}

func BenchmarkFind(b *testing.B) {
	Embedded()
	for b.Loop() {
		Find("nam dan", now, nil, nil, 20)
	}
}
