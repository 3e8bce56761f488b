package unit

import (
	"slices"
	"strings"
	"time"
)

// FindAddress returns the units that an address names, such as "Xóm 3, xã Nam Đàn, huyện Nam Đàn, tỉnh Nghệ An": the
// communes and districts of the day and of the past, as Find does with a name alone, from the commune upwards. It may mix
// units of before and after a reform, as people do: a commune of today is found below a district that has ended, and below
// the province that its own was made from or went to. Provinces are found when the address names nothing smaller. Text
// that is one name only finds nothing, as does what is longer than MaxPrinted.
func FindAddress(text string, on time.Time, levels []Level, provinces []Ref, limit int) []Unit {
	a, day := theAtlas(), DayOf(on)
	if len([]rune(text)) > MaxPrinted {
		return nil
	}
	var parts []addressPart
	for _, written := range splitAddress(text) {
		if p := newAddressPart(written); strings.Join(p.words, " ") != "viet nam" {
			parts = append(parts, p)
		}
	}
	if len(parts) < 2 {
		return nil
	}
	wanted := func(u Unit) bool {
		return u.Ref.From <= day && (len(levels) == 0 || slices.Contains(levels, u.Level)) &&
			(len(provinces) == 0 || slices.Contains(provinces, u.ProvinceRef))
	}
	const above = 3 // commune, district, province
	var small, large []Unit
	for i := max(0, len(parts)-above); i < len(parts); i++ {
		fit := a.fitting(parts[i], nil, func(u Unit) bool { return wanted(u) && a.liesNear(u, parts[i+1:]) })
		slices.SortStableFunc(fit, func(x, y Unit) int {
			if past := behind(x, day) - behind(y, day); past != 0 {
				return past
			}
			return int(y.Level) - int(x.Level)
		})
		for _, u := range fit {
			if bare := i == len(parts)-1 && parts[i].kind == ""; bare && u.Level != Province {
				continue // "…, Hà Nam" means the province
			}
			if u.Level == Province {
				large = append(large, a.styled(u, day))
			} else if !slices.ContainsFunc(small, func(s Unit) bool { return s.Ref == u.Ref }) {
				small = append(small, a.styled(u, day))
			}
		}
	}
	if len(small) == 0 {
		small = large
	}
	return small[:min(limit, len(small))]
}

func behind(u Unit, day Day) int {
	if valid(u, day) {
		return 0
	}
	return 1
}

// liesNear reports whether parts name, from below, what is above the unit, over all reforms: each its district, or its
// province, one that this was made from, or one that this went to. Below a unit without a district stands any district of
// these provinces.
func (a *Atlas) liesNear(u Unit, parts []addressPart) bool {
	provinces := Lineage(u.ProvinceRef)
	for _, l := range a.successors[u.ProvinceRef] {
		provinces = append(provinces, a.units[l.to].Ref)
	}
	named := func(p addressPart, level Level) bool {
		return slices.ContainsFunc(p.keys(), func(key string) bool {
			return slices.ContainsFunc(a.byName[key], func(at int) bool {
				above := a.units[at]
				if above.Level != level || !p.names(above) {
					return false
				}
				if level == Province {
					return slices.Contains(provinces, above.Ref)
				}
				return u.DistrictRef == above.Ref || u.DistrictRef.IsZero() && u.Level == Commune && slices.Contains(provinces, above.ProvinceRef)
			})
		})
	}
	for _, p := range parts {
		if !named(p, District) && !named(p, Province) {
			return false
		}
	}
	return true
}
