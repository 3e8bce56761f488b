// Package unit knows Vietnam's administrative units over time: the 63 provinces, 696 districts and 10,035 communes
// until 30 June 2025, and the 34 provinces and 3,321 communes, without districts, since 1 July 2025.
//
// One rule explains the data: on 1 July 2025 every unit ended and every one of today's began, also where name and
// area stayed the same; Successors and Predecessors link them (a province that was not merged has its namesake). The
// state gave old codes to other units on that day, so a unit is named by a Ref, never by its code alone. A later
// change of kind alone (Đồng Nai from tỉnh to thành phố on 30 April 2026, 10 of its communes from xã to phường) does
// not end a unit: Unit.On tells how it is styled on a day.
//
// A later reform comes as a Reform, from a file, and makes another Atlas: units that it does not name go on.
//
// All of it is in memory, decoded at the first call. Every function may be called from several goroutines and
// returns slices that belong to the caller.
package unit

import (
	"slices"
	"strings"
	"time"
)

// Level is a tier of administration. The zero Level stands for any tier where a parameter says so.
type Level int

// The tiers, from the top. Districts (cấp huyện) exist until 30 June 2025 only.
const (
	Province Level = iota + 1
	District
	Commune
)

// String returns the Vietnamese name of the tier, such as "cấp xã".
func (l Level) String() string {
	switch l {
	case Province:
		return "cấp tỉnh"
	case District:
		return "cấp huyện"
	case Commune:
		return "cấp xã"
	}
	return "mọi cấp"
}

// Unit is one administrative unit, styled as on the day that was asked for.
type Unit struct {
	Ref   Ref
	Level Level
	// Kind is "Tỉnh", "Thành phố", "Quận", "Huyện", "Thị xã", "Phường", "Xã", "Thị trấn" or "Đặc khu".
	Kind string
	// Name is without the kind: "Bắc Ninh". FullName is with it: "Tỉnh Bắc Ninh".
	Name, FullName string
	// Slug of a province is "bac-ninh"; other units have "". It is unique among the provinces of one day.
	Slug string
	// ProvinceRef is the province the unit is in, or the province itself. DistrictRef is the district a commune of
	// before 1 July 2025 is in, or the district itself; else zero.
	ProvinceRef, DistrictRef Ref
	// From is the first instant of the unit in Vietnam's time; zero means March 2025 or earlier. To is the first
	// instant after it; zero means that it is still valid.
	From, To time.Time
}

// On returns the unit styled as on the day of on. It does not check that the unit is valid then.
func (u Unit) On(on time.Time) Unit { return theAtlas().styled(u, DayOf(on)) }

// Address returns the unit with the units above it as of that day: "Xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An".
func (u Unit) Address(on time.Time) string { return theAtlas().address(u, DayOf(on)) }

// Address is Unit.Address in this atlas.
func (a *Atlas) Address(u Unit, on time.Time) string { return a.address(u, DayOf(on)) }

// inSentence returns the full name as within a sentence: "tỉnh Quảng Nam".
func (u Unit) inSentence() string { return strings.ToLower(u.Kind) + " " + u.Name }

// Link is a unit that continues, or was continued by, another one across a reform.
type Link struct {
	Unit
	// Partial: only a part of the old unit went to the new one.
	Partial bool
	// Certain: true for every province, as enacted. For a commune: the text of what the new commune was merged from
	// names exactly this old one. It is best effort all the same: show it as help, decide nothing by it alone.
	Certain bool
}

// Provinces returns the provinces valid on the day, in Vietnamese alphabetical order of their names: 63 or 34.
func Provinces(on time.Time) []Unit {
	return theAtlas().validOn(theAtlas().children[Ref{}], DayOf(on), Province)
}

// Districts returns the districts of a province in alphabetical order; none for a province of after 30 June 2025.
func Districts(province Ref) []Unit {
	a := theAtlas()
	return a.validOn(a.children[province], Reorganized-1, District)
}

// Communes returns the communes of a province, or of a district of before 1 July 2025, that are valid on the day, in
// alphabetical order. There are none when the province itself is not valid on the day.
func Communes(of Ref, on time.Time) []Unit {
	a := theAtlas()
	return a.validOn(a.children[of], DayOf(on), Commune)
}

// ByRef returns the unit, styled as on the day that the atlas was made for (today) or at its end, and whether there is
// one.
func ByRef(ref Ref) (Unit, bool) { return theAtlas().ByRef(ref) }

// ByRef is the function ByRef in this atlas.
func (a *Atlas) ByRef(ref Ref) (Unit, bool) {
	at, known := a.at[ref]
	if !known {
		return Unit{}, false
	}
	return a.units[at], true
}

// Successors returns the units that took over the unit, or a part of it, at the time, in alphabetical order: at least
// one for every province that ended. A commune may have none, where the data do not say; a district has those of its
// communes. They may have ended since: Heirs tells who has the area on a day.
func Successors(ref Ref) []Link {
	a := theAtlas()
	return a.linked(a.successors[ref], a.day)
}

// Predecessors returns the units whose area, or a part of it, went to this one, in alphabetical order. A unit of before
// 1 July 2025 has none.
func Predecessors(ref Ref) []Link {
	a := theAtlas()
	return a.linked(a.predecessors[ref], a.day)
}

// Heirs returns the units valid on the day to which the area of a unit went, over however many reforms, in alphabetical
// order and styled as on that day. It is the unit itself when that is valid on the day; none where the data do not say.
func Heirs(ref Ref, on time.Time) []Link { return theAtlas().Heirs(ref, on) }

// Heirs is the function Heirs in this atlas.
func (a *Atlas) Heirs(ref Ref, on time.Time) []Link {
	day := DayOf(on)
	if at, known := a.at[ref]; known && valid(a.units[at], day) {
		return []Link{{a.styled(a.units[at], day), false, true}}
	}
	return a.linked(a.heirs(ref, day), day)
}

// heirs follows the successors of a unit, which is not valid on the day, to units that are. Two ways to one heir make it
// certain when one of them is.
func (a *Atlas) heirs(ref Ref, day Day) []link {
	found := map[int]link{}
	ways := 0
	var follow func(ref Ref, part, guess bool)
	follow = func(ref Ref, part, guess bool) {
		for _, l := range a.successors[ref] {
			u := a.units[l.to]
			part, guess := part || l.part, guess || l.guess
			switch {
			case valid(u, day):
				ways++
				before, seen := found[l.to]
				found[l.to] = link{l.to, part, guess && (before.guess || !seen)}
			case !u.To.IsZero() && DayOf(u.To) <= day && u.Ref != ref:
				follow(u.Ref, part, guess)
			}
		}
	}
	follow(ref, false, false)
	var links []link
	for _, l := range found {
		l.part = len(found) > 1 || l.part && ways == 1
		links = append(links, l)
	}
	slices.SortFunc(links, func(x, y link) int { return x.to - y.to })
	return links
}

// validOn returns the units of the level at the indices that are valid on the day, styled as on that day.
func (a *Atlas) validOn(indices []int, day Day, level Level) []Unit {
	var found []Unit
	for _, at := range indices {
		if u := a.units[at]; u.Level == level && valid(u, day) {
			found = append(found, a.styled(u, day))
		}
	}
	return found
}

// valid reports whether the unit exists on the day.
func valid(u Unit, day Day) bool {
	return u.Ref.From <= day && (u.To.IsZero() || day < DayOf(u.To))
}

// styled returns the unit with the kind it has on the day.
func (a *Atlas) styled(u Unit, day Day) Unit {
	for _, style := range a.facts.styles[u.Ref] {
		if style.from <= day {
			u.Kind, u.Name = style.kind, style.name
			u.FullName = u.Kind + " " + u.Name
		}
	}
	return u
}

func (a *Atlas) address(u Unit, day Day) string {
	address := a.styled(u, day).FullName
	for _, above := range []Ref{u.DistrictRef, u.ProvinceRef} {
		if at, known := a.at[above]; known && above != u.Ref {
			address += ", " + a.styled(a.units[at], day).inSentence()
		}
	}
	return address
}

// linked returns the units of the links, styled as on the day.
func (a *Atlas) linked(links []link, day Day) []Link {
	var found []Link
	for _, l := range links {
		found = append(found, Link{a.styled(a.units[l.to], day), l.part, !l.guess})
	}
	return found
}
