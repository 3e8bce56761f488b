package unit

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Search returns at most limit units valid on the day whose words begin with the words of text, in any order and with
// or without diacritics: "nam dan", "Nam Đàn" and "dan nam" find Nam Đàn. Words of the kind count too ("xa nam dan"),
// as do the usual abbreviations ("tp hcm", "tx", "tt"). Text without a word finds nothing.
//
// A level of 0 means all levels, a zero province the whole country, a limit of 0 or less no limit. The name that is
// equal to text comes first, then names that begin with it, names with all the words, and matches through the kind;
// within each, by level and alphabet.
func Search(text string, on time.Time, level Level, province Ref, limit int) []Unit {
	a, day := theAtlas(), DayOf(on)
	best := a.search(text, limit, func(u *Unit) bool {
		return (level == 0 || u.Level == level) && (province.IsZero() || u.ProvinceRef == province) && valid(*u, day)
	}, nil)
	units := make([]Unit, len(best))
	for i, at := range best {
		units[i] = a.styled(a.units[at], day)
	}
	return units
}

// maxText is how much of a search's text counts, in bytes; no name with its kind is nearly as long.
const maxText = 400

// search returns the indices of the units that are wanted and match, best first; among equally good ones those with the
// smallest first, which may be nil.
func (a *Atlas) search(text string, limit int, wanted func(*Unit) bool, first func(*Unit) int) []int {
	text = text[:min(len(text), maxText)]
	query := spelledOut(folded(text))
	if len(query) == 0 {
		return nil
	}
	phrase := strings.Join(query, " ")
	var found [noMatch][]int
	for i := range a.words {
		if !wanted(&a.units[i]) {
			continue
		}
		if m := a.words[i].match(query, phrase); m != noMatch {
			found[m] = append(found[m], i)
		}
	}
	best := slices.Concat(found[:]...)
	if first != nil {
		best = nil
		for _, same := range found {
			slices.SortStableFunc(same, func(x, y int) int { return first(&a.units[x]) - first(&a.units[y]) })
			best = append(best, same...)
		}
	}
	if limit > 0 && len(best) > limit {
		best = best[:limit]
	}
	return best
}

// Ways in which a unit can match a search, best first.
const (
	nameEqual = iota
	nameBegins
	nameWords
	kindWords
	noMatch
)

// searchWords is the folded form of a unit's name.
type searchWords struct {
	name        string
	words, kind []string
}

func newSearchWords(name, kind string) searchWords {
	words := folded(name)
	return searchWords{strings.Join(words, " "), words, folded(kind)}
}

// match returns how the unit answers the words of a query; phrase is these words joined by spaces.
func (s *searchWords) match(query []string, phrase string) int {
	how := nameWords
	for _, word := range query {
		switch {
		case anyBegins(s.words, word):
		case anyBegins(s.kind, word):
			how = kindWords
		default:
			return noMatch
		}
	}
	switch {
	case how == kindWords:
		return kindWords
	case s.name == phrase:
		return nameEqual
	case strings.HasPrefix(s.name, phrase):
		return nameBegins
	}
	return nameWords
}

func anyBegins(words []string, prefix string) bool {
	for _, word := range words {
		if strings.HasPrefix(word, prefix) {
			return true
		}
	}
	return false
}

// abbreviations of folded words that people write in addresses.
var abbreviations = map[string][]string{
	"tp": {"thanh", "pho"}, "tx": {"thi", "xa"}, "tt": {"thi", "tran"},
	"hcm": {"ho", "chi", "minh"}, "tphcm": {"thanh", "pho", "ho", "chi", "minh"},
}

// Namesake returns the province of the day, other than the one called own, whose name a title is: with or without "tỉnh"
// or "thành phố" before it, in any case, with or without diacritics. A title that has own's name in it is nobody else's.
func Namesake(title, own string, on time.Time) (Unit, bool) {
	said, mine := spelledOut(folded(title)), folded(own)
	if !slices.ContainsFunc(mine, func(word string) bool { return !anyBegins(said, word) }) {
		return Unit{}, false
	}
	for _, p := range Provinces(on) {
		name := folded(p.Name)
		for _, kind := range [][]string{nil, {"tinh"}, {"thanh", "pho"}} {
			if p.Name != own && slices.Equal(said, append(kind, name...)) {
				return p, true
			}
		}
	}
	return Unit{}, false
}

// nameKey returns the folded words of a name as the key under which the atlas finds it: numbers without leading zeros.
func nameKey(words []string) string {
	plain := slices.Clone(words)
	for i, word := range plain {
		if word[0] == '0' && len(word) > 1 {
			plain[i] = strings.TrimLeft(word[:len(word)-1], "0") + word[len(word)-1:]
		}
	}
	return strings.Join(plain, " ")
}

func spelledOut(words []string) []string {
	var all []string
	for _, word := range words {
		if long, known := abbreviations[word]; known {
			all = append(all, long...)
		} else {
			all = append(all, word)
		}
	}
	return all
}

// folded returns the words of text in lower case without diacritics, đ as d, apostrophes dropped ("M'Gar" is mgar).
func folded(text string) []string {
	var b strings.Builder
	for _, r := range norm.NFD.String(text) {
		switch r = unicode.ToLower(r); {
		case r == 'đ':
			b.WriteByte('d')
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r) || r == '\'' || r == '’':
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Fields(b.String())
}
