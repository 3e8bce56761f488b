package vi

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Fold returns s as people type it in a search box: lower case, without diacritics (đ becomes d), in NFC, every run of
// white space one space, none at the ends. Two spellings that differ only in these fold alike: "Khánh Hoà" and
// "KHÁNH  HÒA". Letters i and y stay different. Fold(Fold(s)) is Fold(s).
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range norm.NFD.String(strings.ToLower(norm.NFD.String(s))) {
		switch {
		case unicode.IsSpace(r):
			space = b.Len() > 0
			continue
		case unicode.In(r, unicode.Mn, unicode.Cf): // diacritics; invisible characters that come with pasted text
			continue
		case r == 'đ':
			r = 'd'
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

// MaxToken is the longest token in letters; a longer word is cut.
const MaxToken = 60

// Tokens returns the folded words of s, each once, in the order of s. A word is a run of letters and digits, cut to
// MaxToken.
func Tokens(s string) []string {
	var tokens []string
	seen := make(map[string]bool)
	for _, word := range strings.FieldsFunc(Fold(s), notInWord) {
		if letters := []rune(word); len(letters) > MaxToken {
			word = string(letters[:MaxToken])
		}
		if !seen[word] {
			seen[word] = true
			tokens = append(tokens, word)
		}
	}
	return tokens
}

func notInWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// Slug returns s for use in a URL or file name: folded words of a-z and 0-9 joined with hyphens; "" when there are none.
func Slug(s string) string {
	notInSlug := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	return strings.Join(strings.FieldsFunc(Fold(s), notInSlug), "-")
}

// collators holds Vietnamese collators: making one is slow and one may not be used by two goroutines at a time.
var collators = sync.Pool{New: func() any { return collate.New(language.Vietnamese) }}

// Compare orders a and b as a Vietnamese dictionary does (a ă â b c d đ e ê …; tones ngang, huyền, hỏi, ngã, sắc, nặng),
// for slices.SortFunc. Texts that the dictionary holds equal are ordered by their code points.
func Compare(a, b string) int {
	c := collators.Get().(*collate.Collator)
	defer collators.Put(c)
	if order := c.CompareString(a, b); order != 0 {
		return order
	}
	return strings.Compare(a, b)
}

// ByGivenName orders full names of people as Vietnamese lists do: by the last word (tên), then by the words before it
// (họ and tên đệm).
func ByGivenName(a, b string) int {
	familyA, givenA := splitName(a)
	familyB, givenB := splitName(b)
	if order := Compare(givenA, givenB); order != 0 {
		return order
	}
	if order := Compare(familyA, familyB); order != 0 {
		return order
	}
	return strings.Compare(a, b)
}

// splitName returns the words before the given name, joined with single spaces, and the given name.
func splitName(name string) (before, given string) {
	words := strings.Fields(name)
	if len(words) == 0 {
		return "", ""
	}
	last := len(words) - 1
	return strings.Join(words[:last], " "), words[last]
}

// HasWords reports whether every word of query begins a word of text, both folded. No words match everything.
func HasWords(text, query string) bool {
	words := Tokens(text)
	for _, w := range Tokens(query) {
		if !slices.ContainsFunc(words, func(t string) bool { return strings.HasPrefix(t, w) }) {
			return false
		}
	}
	return true
}
