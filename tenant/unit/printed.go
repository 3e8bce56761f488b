package unit

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Printed is what an address that names units of the past says.
type Printed struct {
	// Line is what stands before the commune: house, street, hamlet.
	Line string
	// Communes are the former communes that fit all of the address, in alphabetical order: one when it is clear.
	Communes []Unit
	// Near are former communes that fit a part of it, when none fits all.
	Near []Unit
}

// MaxPrinted is the length of the longest address that ReadPrinted reads, in letters.
const MaxPrinted = 300

// maxNear is how many communes are proposed.
const maxNear = 8

// ReadPrinted reads an address as it was written before a reform, such as "xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh
// Nghệ An": with or without diacritics, commas and the words for the kinds, with the usual abbreviations (P., Q., TP.,
// TX., TT.); district and province may be left out. Only units that have ended by the day count, and of the provinces
// given; none means all. Text longer than MaxPrinted says nothing.
func ReadPrinted(text string, on time.Time, provinces []Ref) Printed {
	return theAtlas().readPrinted(text, on, provinces)
}

func (a *Atlas) readPrinted(text string, on time.Time, provinces []Ref) Printed {
	if utf8.RuneCountInString(text) > MaxPrinted {
		return Printed{}
	}
	wanted := func(u Unit) bool {
		return u.Level == Commune && u.Former(on) && (len(provinces) == 0 || slices.Contains(provinces, u.ProvinceRef))
	}
	written := splitAddress(text)
	parts := make([]addressPart, len(written))
	for i, w := range written {
		parts[i] = newAddressPart(w)
	}
	if n := len(parts); n > 0 && strings.Join(parts[n-1].words, " ") == "viet nam" {
		written, parts = written[:n-1], parts[:n-1]
	}
	const above = 3 // commune, district, province
	var best Printed
	most := -1
	for i := len(parts) - 1; i >= max(0, len(parts)-above); i-- {
		fit := a.fitting(parts[i], parts[i+1:], wanted)
		if upper := len(parts) - 1 - i; len(fit) > 0 && upper > most {
			most, best = upper, Printed{Line: strings.Join(written[:i], ", "), Communes: fit}
		}
	}
	if len(best.Communes) == 0 {
		best.Near = a.near(parts, wanted)
	}
	return best
}

// fitting returns the wanted communes that a part names and that lie in all units that the parts after it name.
func (a *Atlas) fitting(commune addressPart, upper []addressPart, wanted func(Unit) bool) []Unit {
	var fit []Unit
	for _, key := range commune.keys() {
		for _, at := range a.byName[key] {
			u := a.units[at]
			if wanted(u) && commune.names(u) && a.liesIn(u, upper) && !slices.Contains(fit, u) {
				fit = append(fit, u)
			}
		}
	}
	return fit
}

// liesIn reports whether parts name, from below, units above the commune.
func (a *Atlas) liesIn(u Unit, parts []addressPart) bool {
	above := []Ref{u.DistrictRef, u.ProvinceRef}
	for _, p := range parts {
		i := slices.IndexFunc(above, func(r Ref) bool {
			at, known := a.at[r]
			return known && p.names(a.units[at])
		})
		if i < 0 {
			return false
		}
		above = above[i+1:]
	}
	return true
}

// near returns wanted communes that one of the parts names, else those of a district that one names, else those whose
// names begin like it.
func (a *Atlas) near(parts []addressPart, wanted func(Unit) bool) []Unit {
	var found []Unit
	add := func(u Unit) {
		if wanted(u) && len(found) < maxNear && !slices.Contains(found, u) {
			found = append(found, u)
		}
	}
	last := parts[max(0, len(parts)-4):]
	for _, p := range last {
		for _, u := range a.fitting(p, nil, wanted) {
			add(u)
		}
	}
	for _, p := range last {
		for _, key := range p.keys() {
			for _, at := range a.byName[key] {
				if d := a.units[at]; len(found) == 0 && d.Level == District && p.names(d) {
					for _, c := range a.children[d.Ref] {
						add(a.units[c])
					}
				}
			}
		}
	}
	for _, p := range last {
		if len(found) == 0 {
			for _, at := range a.search(strings.Join(p.name, " "), maxNear, func(u *Unit) bool { return wanted(*u) }, nil) {
				add(a.units[at])
			}
		}
	}
	return found
}

// addressPart is one part of an address: its folded words, and the kind and name that they may mean.
type addressPart struct {
	words, name []string
	kind        string
}

// kindWords are the folded kinds as they stand before a name.
var kindPrefixes = [][]string{
	{"thi", "tran"}, {"thi", "xa"}, {"thanh", "pho"}, {"dac", "khu"}, {"xa"}, {"phuong"}, {"huyen"}, {"quan"}, {"tinh"},
}

// initials are short forms that mean a kind only as the first word of a part.
var initials = map[string]string{"p": "phuong", "q": "quan", "h": "huyen", "x": "xa", "t": "tinh"}

func newAddressPart(text string) addressPart {
	words := spelledOut(folded(text))
	if len(words) > 0 {
		if number := strings.TrimLeft(words[0], "pq"); len(number) == len(words[0])-1 && number != "" && strings.Trim(number, "0123456789") == "" {
			words = append([]string{words[0][:1], number}, words[1:]...) // "P3", "Q1"
		}
		if long, known := initials[words[0]]; known && len(words) > 1 {
			words = append([]string{long}, words[1:]...)
		}
	}
	p := addressPart{words: words, name: words}
	for _, kind := range kindPrefixes {
		if len(words) > len(kind) && slices.Equal(words[:len(kind)], kind) {
			p.kind, p.name = strings.Join(kind, " "), words[len(kind):]
			break
		}
	}
	return p
}

// keys returns the keys under which the atlas may have the unit that the part names.
func (p addressPart) keys() []string {
	if len(p.words) == 0 {
		return nil
	}
	keys := []string{nameKey(p.name)}
	if p.kind != "" {
		keys = append(keys, nameKey(p.words))
	}
	return keys
}

// names reports whether the part is the unit's name, with its kind or without.
func (p addressPart) names(u Unit) bool {
	if len(p.words) == 0 {
		return false
	}
	name := nameKey(folded(u.Name))
	return name == nameKey(p.words) || name == nameKey(p.name) && p.kind == strings.Join(folded(u.Kind), " ")
}

// splitAddress returns the parts of an address, spaces around them removed: at commas, semicolons and line ends; in a
// text without these at dashes, and without those before the words for kinds.
func splitAddress(text string) []string {
	parts := trimmed(strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' || r == '，' }))
	if len(parts) != 1 {
		return parts
	}
	if dashed := trimmed(strings.Split(strings.ReplaceAll(parts[0], " – ", " - "), " - ")); len(dashed) > 2 {
		return dashed
	}
	var split []string
	var part []string
	words := strings.Fields(parts[0])
	for i, word := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		if len(part) > 0 && beginsKind(word, next, part[len(part)-1]) {
			split, part = append(split, strings.Join(part, " ")), nil
		}
		part = append(part, word)
	}
	return append(split, strings.Join(part, " "))
}

func trimmed(list []string) []string {
	var kept []string
	for _, s := range list {
		if s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '.' }); s != "" {
			kept = append(kept, s)
		}
	}
	return kept
}

// beginsKind reports whether a word begins the words for a kind; "xã" of "thị xã" does not.
func beginsKind(word, next, before string) bool {
	w, n, b := strings.Join(folded(word), " "), strings.Join(folded(next), " "), strings.Join(folded(before), " ")
	return slices.ContainsFunc(kindPrefixes, func(kind []string) bool {
		if len(kind) == 1 {
			return w == kind[0] && n != "" && b != "thi"
		}
		return w == kind[0] && n == kind[1]
	})
}
