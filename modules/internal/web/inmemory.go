package web

import (
	"slices"
	"strings"

	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
)

// InMemory returns the page of rows that a list asks for, and how many there are, for lists whose rows are all at
// hand: those whose text has a word that begins with each word of the search box, without diacritics, in the order
// asked for (by the comparison of the column's key), equal ones as they come.
func InMemory[T any](rows []T, l Query, text func(T) string, orders map[string]func(a, b T) int) ([]T, int) {
	words := vi.Tokens(l.Get(ui.QuerySearch))
	found := slices.Clone(rows)
	if len(words) > 0 {
		found = slices.DeleteFunc(found, func(row T) bool { return !beginAll(vi.Tokens(text(row)), words) })
	}
	key, descending := strings.CutPrefix(l.Order, "-")
	if compare, known := orders[key]; known {
		slices.SortStableFunc(found, func(a, b T) int {
			if descending {
				return compare(b, a)
			}
			return compare(a, b)
		})
	}
	from := min(l.Offset, len(found))
	return found[from:min(from+l.Limit, len(found))], len(found)
}

// beginAll reports whether each of the words begins one of the tokens.
func beginAll(tokens, words []string) bool {
	for _, w := range words {
		if !slices.ContainsFunc(tokens, func(t string) bool { return strings.HasPrefix(t, w) }) {
			return false
		}
	}
	return true
}
