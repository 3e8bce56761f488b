package unit

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Lineage returns a province with those that it was made from, over all reforms: where the units of its past are.
func Lineage(province Ref) []Ref {
	a := theAtlas()
	lineage := []Ref{province}
	for n := 0; n < len(lineage); n++ {
		for _, l := range a.predecessors[lineage[n]] {
			if ref := a.units[l.to].Ref; !slices.Contains(lineage, ref) {
				lineage = append(lineage, ref)
			}
		}
	}
	return lineage
}

// Find is Search among the units of today and of the past, styled as on the day or at their end. Units that begin later
// are not found. Levels and provinces narrow it; none means all. Among equally good matches those
// written with the same diacritics come first, if the text has any, then those of the day.
func Find(text string, on time.Time, levels []Level, provinces []Ref, limit int) []Unit {
	a, day := theAtlas(), DayOf(on)
	typed := strings.ToLower(norm.NFC.String(strings.Join(strings.Fields(text[:min(len(text), maxText)]), " ")))
	accented := strings.ContainsFunc(typed, func(r rune) bool { return r > unicode.MaxASCII })
	best := a.search(text, limit, func(u *Unit) bool {
		return u.Ref.From <= day && (len(levels) == 0 || slices.Contains(levels, u.Level)) &&
			(len(provinces) == 0 || slices.Contains(provinces, u.ProvinceRef))
	}, func(u *Unit) int {
		behind := 0
		if !valid(*u, day) {
			behind++
		}
		if accented && !strings.Contains(strings.ToLower(norm.NFC.String(u.FullName)), typed) {
			behind += 2
		}
		return behind
	})
	units := make([]Unit, len(best))
	for i, at := range best {
		units[i] = a.styled(a.units[at], day)
	}
	return units
}

// Former reports whether the unit had ended by the day.
func (u Unit) Former(on time.Time) bool { return !u.To.IsZero() && DayOf(u.To) <= DayOf(on) }

// Last returns an instant of the last day on which a former unit existed.
func (u Unit) Last() time.Time { return u.To.Add(-time.Hour) }

// Extent returns the refs of all units whose records belong to a unit: the unit itself, the communes of a province or
// district, those that it was made from, and those of the day that its area went to. It errs on the side of more: parts
// and guesses count.
func Extent(ref Ref, on time.Time) []Ref {
	a, day := theAtlas(), DayOf(on)
	extent := []Ref{ref}
	add := func(r Ref) {
		if !slices.Contains(extent, r) {
			extent = append(extent, r)
		}
	}
	for _, at := range a.children[ref] {
		add(a.units[at].Ref)
	}
	if at, known := a.at[ref]; known && !valid(a.units[at], day) {
		for _, l := range a.heirs(ref, day) {
			add(a.units[l.to].Ref)
		}
	}
	var past func(r Ref)
	past = func(r Ref) {
		for _, l := range a.predecessors[r] {
			if u := a.units[l.to]; u.Level == Commune && !slices.Contains(extent, u.Ref) {
				add(u.Ref)
				past(u.Ref)
			}
		}
	}
	past(ref)
	return extent
}

// Core returns the refs of the units whose records stand in a commune beyond doubt: the commune itself; once it has ended,
// the one commune of the day that all of it went to; and former communes all of which went to it, over however many
// reforms. It errs on the side of less: parts and guesses do not count.
func Core(commune Ref, on time.Time) []Ref {
	a, day := theAtlas(), DayOf(on)
	core := []Ref{commune}
	for i := 0; i < len(core); i++ {
		for _, l := range a.predecessors[core[i]] {
			old := a.units[l.to]
			if heirs := a.successors[old.Ref]; old.Level == Commune && old.Former(on) && len(heirs) == 1 && heirs[0].whole() && !slices.Contains(core, old.Ref) {
				core = append(core, old.Ref)
			}
		}
	}
	if at, known := a.at[commune]; known && !valid(a.units[at], day) {
		if heirs := a.heirs(commune, day); len(heirs) == 1 && heirs[0].whole() {
			core = append(core, a.units[heirs[0].to].Ref)
		}
	}
	return core
}

// whole reports whether all of a unit went to the one of the link, by the data's own word.
func (l link) whole() bool { return !l.part && !l.guess }
