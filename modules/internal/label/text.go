package label

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// measure returns the width of a text in mm, in one font and size.
type measure func(string) float64

const ellipsis = "…"

// printable returns text as the fonts can show it: every Vietnamese letter as one rune (NFC), runs of white space as
// one space, and what has no glyph in any case (control characters, broken UTF-8, runes beyond the basic plane) left out.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r > 0xffff, r == unicode.ReplacementChar, !unicode.IsGraphic(r):
			return -1
		}
		return r
	}, norm.NFC.String(strings.ToValidUTF8(text, "")))
	return strings.Join(strings.Fields(text), " ")
}

// block is a text broken into rows that fit a width.
type block struct {
	words []word
	width float64
	size  measure
	rows  []string
}

// word is an unbreakable piece of a row. A glued one continues the word before it, which was wider than a row.
type word struct {
	text  string
	glued bool
}

// breakText breaks text into as few rows of at most width mm as it needs.
func breakText(text string, width float64, size measure) block {
	b := block{width: width, size: size}
	for _, field := range strings.Fields(text) {
		for glued := false; field != ""; glued = true {
			piece := longestPrefix(field, width, size)
			b.words = append(b.words, word{piece, glued})
			field = field[len(piece):]
		}
	}
	b.rows = b.fill(width)
	return b
}

// fill puts the words into rows of at most width, each row as full as can be.
func (b block) fill(width float64) (rows []string) {
	row := ""
	for i, w := range b.words {
		longer := row + " " + w.text
		if w.glued {
			longer = row + w.text
		}
		switch {
		case i == 0:
			row = w.text
		case b.size(longer) <= width:
			row = longer
		default:
			rows = append(rows, row)
			row = w.text
		}
	}
	if row != "" {
		rows = append(rows, row)
	}
	return rows
}

// within returns at most n rows: all of them, of even lengths; or the first n with an ellipsis at the end.
func (b block) within(n int) []string {
	if len(b.rows) <= n {
		return b.even()
	}
	rows := append([]string(nil), b.rows[:n]...)
	rows[n-1] = shorten(strings.Join(b.rows[n-1:], " "), b.width, b.size)
	return rows
}

// even breaks the text again into the same number of rows, with the longest row as short as can be.
func (b block) even() []string {
	best, low, high := b.rows, 0.0, b.width
	if len(b.rows) < 2 {
		return best
	}
	for high-low > 0.2 {
		middle := (low + high) / 2
		rows := b.fill(middle)
		fits := len(rows) == len(b.rows)
		for _, row := range rows {
			fits = fits && b.size(row) <= middle
		}
		if fits {
			best, high = rows, middle
		} else {
			low = middle
		}
	}
	return best
}

// shorten returns text if it fits width, else its longest beginning that fits with an ellipsis, cut between words
// unless that would lose half of the row.
func shorten(text string, width float64, size measure) string {
	if size(text) <= width {
		return text
	}
	start := longestPrefix(text, width-size(ellipsis), size)
	if space := strings.LastIndexByte(start, ' '); space > len(start)/2 && text[len(start)] != ' ' {
		start = start[:space]
	}
	return strings.TrimRight(start, " ,.;:-–(") + ellipsis
}

// longestPrefix returns the longest beginning of text that fits width and does not part a letter from its marks;
// at the least the first letter.
func longestPrefix(text string, width float64, size measure) string {
	end := 0
	for i, r := range text {
		if i == 0 || unicode.Is(unicode.Mn, r) {
			continue
		}
		if end > 0 && size(text[:i]) > width {
			return text[:end]
		}
		end = i
	}
	if end > 0 && size(text) > width {
		return text[:end]
	}
	return text
}
