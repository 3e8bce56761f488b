package picker

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"txng/modules/internal/ui"
	"txng/tenant/unit"
)

var (
	now    = time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	ngheAn = unit.Ref{Code: "40", From: unit.Reorganized}
)

// values are all that can be chosen.
func values(list []ui.Choice) (all []string) {
	for _, c := range list {
		if c.Value != "" {
			all = append(all, c.Value)
		}
		all = append(all, values(c.Below)...)
	}
	return all
}

func TestOnlyCommunesOfTodayInTheProvinceAreOffered(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"nam dan", "kim lien", "yen", "xa", "huyen", "vinh", "a"} {
		for _, chosen := range []string{"", "17971@0001-01-01", "40@2025-07-01", "00004@2025-07-01", "x"} {
			p := Search{Use: Commune, Province: ngheAn, Name: "unit", Query: query, Chosen: chosen}.Picker(now)
			if p.Chosen != nil {
				t.Errorf("%q counts as chosen: %+v", chosen, p.Chosen)
			}
			if len(p.Found) > maxFound {
				t.Errorf("%q: %d entries", query, len(p.Found))
			}
			for _, v := range values(p.Found) {
				ref, err := unit.ParseRef(v)
				u, _ := unit.ByRef(ref)
				if err != nil || u.Level != unit.Commune || u.Former(now) || u.ProvinceRef != ngheAn {
					t.Errorf("%q offers %s %s", query, v, u.FullName)
				}
			}
		}
	}
}

func TestAFilterOffersFormerUnitsAndALookUpNothing(t *testing.T) {
	t.Parallel()
	filter := Search{Use: Filter, Province: ngheAn, Query: "huyện nam đàn"}.Picker(now)
	if got := values(filter.Found); len(got) == 0 || got[0] != "430@0001-01-01" {
		t.Errorf("the filter offers %v, want huyện Nam Đàn first", got)
	}
	if got := values(Search{Use: Lookup, Query: "nam dan"}.Picker(now).Found); len(got) != 0 {
		t.Errorf("the look-up offers %v", got)
	}
}

func TestALongOrOddQueryIsCut(t *testing.T) {
	t.Parallel()
	for _, query := range []string{strings.Repeat("đ", 5000), "\xff\xfe", "a\x00b", " \t\n"} {
		p := Search{Use: Commune, Province: ngheAn, Query: query}.Picker(now)
		if n := len([]rune(p.Query)); n > maxQuery || (strings.Contains(p.Query, "\x00") || !utf8.ValidString(p.Query)) {
			t.Errorf("%.10q is kept as %d letters", query, n)
		}
	}
}

func TestFormerCommunesAreNotOfferedAnywhereInTheCountry(t *testing.T) {
	t.Parallel()
	p := Search{Use: Commune, Query: "kim lien", Chosen: "17971@0001-01-01"}.Picker(now)
	if p.Chosen != nil {
		t.Errorf("a former commune counts as chosen: %+v", p.Chosen)
	}
	for _, v := range values(p.Found) {
		if !strings.HasSuffix(v, "@2025-07-01") {
			t.Errorf("%s is offered", v)
		}
	}
}
