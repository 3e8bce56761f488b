package sheet

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"txng/modules/internal/vi"
	"txng/tenant/fault"
)

// Want is a column that an import understands.
type Want struct {
	Key      string   // its name in code
	Title    string   // its name in the template
	Required bool     // the file must have it
	Aliases  []string // other titles that people give it
}

// Match finds the wanted columns in a header and returns their places, from 0, by key; a column that is not required
// may be absent. Titles are compared without case, diacritics, and the * and : that mark a required field. Untitled
// columns are passed over.
//
// The error is one fault.Invalid of the field "file" that names every column that is missing, unknown or given twice:
// an unknown title is more often a misspelt one than one to be dropped in silence.
func Match(header []string, wanted []Want) (map[string]int, error) {
	keys := make(map[string]string) // folded title → key
	for _, w := range wanted {
		for _, title := range append([]string{w.Title}, w.Aliases...) {
			keys[foldTitle(title)] = w.Key
		}
	}
	places := make(map[string]int)
	var missing, unknown, repeated []string
	for i, title := range header {
		folded := foldTitle(title)
		if folded == "" {
			continue
		}
		key, known := keys[folded]
		if _, taken := places[key]; !known {
			unknown = append(unknown, quote(title))
		} else if taken {
			repeated = append(repeated, quote(title))
		} else {
			places[key] = i
		}
	}
	for _, w := range wanted {
		if _, found := places[w.Key]; w.Required && !found {
			missing = append(missing, quote(w.Title))
		}
	}
	var faults []string
	for _, list := range []struct {
		what   string
		titles []string
	}{{"Thiếu cột", missing}, {"Cột không có trong mẫu", unknown}, {"Cột bị lặp", repeated}} {
		if len(list.titles) > 0 {
			faults = append(faults, list.what+": "+strings.Join(list.titles, ", "))
		}
	}
	if len(faults) > 0 {
		return nil, badFile(strings.Join(faults, ". ") + ".")
	}
	return places, nil
}

func foldTitle(title string) string { return strings.Trim(vi.Fold(title), " *:") }

// quote puts a title, cut to a readable length, between Vietnamese quotation marks.
func quote(title string) string {
	if runes := []rune(title); len(runes) > 60 {
		title = string(runes[:60]) + "…"
	}
	return "“" + strings.TrimSpace(title) + "”"
}

// CellError is what is wrong with one cell of a file.
type CellError struct {
	Row     int    // Row.Number
	Column  string // title of the column
	Message string // Vietnamese sentence
}

func (e CellError) Error() string {
	return fmt.Sprintf("Dòng %d, cột “%s”: %s", e.Row, e.Column, e.Message)
}

// ParseDay reads a date in a cell: typed as vi.ParseDate takes it, or a raw XLSX date (days since 30/12/1899, its time
// of day dropped). It returns the first moment of the day in Việt Nam. The error is that of vi.ParseDate.
func ParseDay(cell string) (time.Time, error) {
	days, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return vi.ParseDate(cell)
	}
	// From 01/01/1910 (a smaller number is rather a year typed alone) to 31/12/2199.
	if days < 3_654 || days >= 109_575 || math.IsNaN(days) {
		return time.Time{}, fault.Invalid{{Name: "date", Message: fmt.Sprintf("Ngày %q không hợp lệ: hãy nhập theo dạng ngày/tháng/năm, ví dụ 22/11/2026", cell)}}
	}
	return time.Date(1899, time.December, 30+int(days), 0, 0, 0, 0, vi.Zone), nil
}
