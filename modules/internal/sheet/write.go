package sheet

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"txng/modules/internal/vi"
)

// Column is one column of an exported table.
type Column struct {
	Title   string
	Width   float64 // in characters; 0 lets the title decide
	Numeric bool    // a quantity: thousands are separated and the title stands on the right
}

// Day is a calendar day in a cell: the year, month and day that the time shows in its own location.
// A plain time.Time is a moment, written with its hour and minute in Việt Nam.
type Day time.Time

// The rows, header included, and columns of an XLSX sheet.
const (
	maxRows = 1_048_576
	maxCols = 16_384
)

// WriteXLSX writes one sheet of rows, each with a cell for every column, as an XLSX file. rows is read once and not held
// in memory; its first error ends the writing and is returned, and then nothing has been written to w.
//
// A cell is nil, a string, a number, a bool ("Có", "Không"), a Day, a time.Time, a fmt.Stringer, a type based on one of
// these kinds, or a pointer to one (nil is an empty cell). A string is always written as text, whatever it begins with.
// sheetName is cut to what XLSX allows (31 characters, none of : \ / ? * [ ] ').
func WriteXLSX(w io.Writer, sheetName string, cols []Column, rows iter.Seq2[[]any, error]) error {
	f := excelize.NewFile()
	defer f.Close()
	sheetName = safeSheetName(sheetName)
	if err := f.SetSheetName(f.GetSheetName(0), sheetName); err != nil {
		return fmt.Errorf("naming the sheet: %w", err)
	}
	styles, err := newStyles(f)
	if err != nil {
		return err
	}
	stream, err := f.NewStreamWriter(sheetName)
	if err != nil {
		return fmt.Errorf("opening the sheet: %w", err)
	}
	if err := writeHeader(stream, styles, cols); err != nil {
		return err
	}
	number := 1
	for values, err := range rows {
		if err != nil {
			return err
		}
		if number++; number > maxRows {
			return fmt.Errorf("writing a sheet: more than %d rows", maxRows)
		}
		cells, err := styles.row(cols, values)
		if err != nil {
			return fmt.Errorf("row %d: %w", number, err)
		}
		if err := stream.SetRow(cellName(1, number), cells); err != nil {
			return fmt.Errorf("writing row %d: %w", number, err)
		}
	}
	if err := f.AutoFilter(sheetName, "A1:"+cellName(len(cols), number), nil); err != nil {
		return fmt.Errorf("adding the filter: %w", err)
	}
	if err := stream.Flush(); err != nil {
		return fmt.Errorf("ending the sheet: %w", err)
	}
	if err := f.Write(w); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	return nil
}

func writeHeader(stream *excelize.StreamWriter, s styles, cols []Column) error {
	header := make([]any, len(cols))
	for i, c := range cols {
		width := c.Width
		if width == 0 {
			width = float64(len([]rune(c.Title)) + 4) // room for the filter button
		}
		if err := stream.SetColWidth(i+1, i+1, width); err != nil {
			return fmt.Errorf("setting the width of column %q: %w", c.Title, err)
		}
		style := s.header
		if c.Numeric {
			style = s.numericHeader
		}
		header[i] = excelize.Cell{StyleID: style, Value: c.Title}
	}
	freeze := &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}
	if err := stream.SetPanes(freeze); err != nil {
		return fmt.Errorf("freezing the header: %w", err)
	}
	if err := stream.SetRow("A1", header); err != nil {
		return fmt.Errorf("writing the header: %w", err)
	}
	return nil
}

// styles are the numbers of the cell styles in a file.
type styles struct{ header, numericHeader, text, whole, fraction, day, moment int }

func newStyles(f *excelize.File) (styles, error) {
	var s styles
	dayFormat, momentFormat := "dd/mm/yyyy", "dd/mm/yyyy hh:mm"
	bold := &excelize.Font{Bold: true}
	for _, style := range []struct {
		id    *int
		style excelize.Style
	}{
		{&s.header, excelize.Style{Font: bold}},
		{&s.numericHeader, excelize.Style{Font: bold, Alignment: &excelize.Alignment{Horizontal: "right"}}},
		{&s.text, excelize.Style{NumFmt: 49}},    // @: stays text when somebody edits the cell
		{&s.whole, excelize.Style{NumFmt: 3}},    // #,##0
		{&s.fraction, excelize.Style{NumFmt: 4}}, // #,##0.00
		{&s.day, excelize.Style{CustomNumFmt: &dayFormat}},
		{&s.moment, excelize.Style{CustomNumFmt: &momentFormat}},
	} {
		id, err := f.NewStyle(&style.style)
		if err != nil {
			return s, fmt.Errorf("making a cell style: %w", err)
		}
		*style.id = id
	}
	return s, nil
}

// row turns values into cells with their styles.
func (s styles) row(cols []Column, values []any) ([]any, error) {
	if len(values) != len(cols) {
		return nil, fmt.Errorf("%d cells for %d columns", len(values), len(cols))
	}
	cells := make([]any, len(values))
	for i, v := range values {
		v, err := plain(v)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", cols[i].Title, err)
		}
		switch v := v.(type) {
		case string:
			cells[i] = excelize.Cell{Value: v}
			if isFormula(v) {
				cells[i] = excelize.Cell{StyleID: s.text, Value: v}
			}
		case Day:
			y, m, d := time.Time(v).Date()
			cells[i] = excelize.Cell{StyleID: s.day, Value: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
		case time.Time:
			cells[i] = excelize.Cell{StyleID: s.moment, Value: v.In(vi.Zone).Truncate(time.Second)}
		case float64:
			cells[i] = excelize.Cell{Value: v}
			if cols[i].Numeric {
				cells[i] = excelize.Cell{StyleID: s.fraction, Value: v}
			}
		case int64, uint64:
			cells[i] = excelize.Cell{Value: v}
			if cols[i].Numeric {
				cells[i] = excelize.Cell{StyleID: s.whole, Value: v}
			}
		}
	}
	return cells, nil
}

// WriteCSV writes rows as a CSV file; cells are as for WriteXLSX. A text that a spreadsheet would take for a formula
// gets an apostrophe before it, which Read drops again. On an error, part of the file may have been written to w.
func WriteCSV(w io.Writer, cols []Column, rows iter.Seq2[[]any, error]) error {
	out := bufio.NewWriter(w)
	out.WriteString("\ufeff") // an error stays with out until Flush
	file := csv.NewWriter(out)
	file.UseCRLF = true
	line := make([]string, len(cols))
	for i, c := range cols {
		line[i] = escapeFormula(c.Title)
	}
	if err := file.Write(line); err != nil {
		return fmt.Errorf("writing the header: %w", err)
	}
	number := 1
	for values, err := range rows {
		number++
		if err != nil {
			return err
		}
		if len(values) != len(cols) {
			return fmt.Errorf("row %d: %d cells for %d columns", number, len(values), len(cols))
		}
		for i, v := range values {
			v, err := plain(v)
			if err != nil {
				return fmt.Errorf("row %d, column %q: %w", number, cols[i].Title, err)
			}
			line[i] = csvText(v)
		}
		if err := file.Write(line); err != nil {
			return fmt.Errorf("writing row %d: %w", number, err)
		}
	}
	file.Flush()
	if err := file.Error(); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	return nil
}

func csvText(v any) string {
	switch v := v.(type) {
	case string:
		return escapeFormula(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case Day:
		return time.Time(v).Format("2006-01-02")
	case time.Time:
		return v.In(vi.Zone).Format("2006-01-02 15:04")
	}
	return ""
}

// plain returns a cell as nil, string, int64, uint64, float64, Day or time.Time. Zero days and moments and
// numbers that are not finite become nil.
func plain(v any) (any, error) {
	r := reflect.ValueOf(v)
	for r.Kind() == reflect.Pointer {
		if r.IsNil() {
			return nil, nil
		}
		r = r.Elem()
	}
	if !r.IsValid() {
		return nil, nil
	}
	switch v := r.Interface().(type) {
	case Day:
		if time.Time(v).IsZero() {
			return nil, nil
		}
		return v, nil
	case time.Time:
		if v.IsZero() {
			return nil, nil
		}
		return v, nil
	case fmt.Stringer:
		return v.String(), nil
	}
	switch {
	case r.Kind() == reflect.String:
		return r.String(), nil
	case r.Kind() == reflect.Bool && r.Bool():
		return "Có", nil
	case r.Kind() == reflect.Bool:
		return "Không", nil
	case r.CanInt():
		return r.Int(), nil
	case r.CanUint():
		return r.Uint(), nil
	case r.CanFloat() && (math.IsNaN(r.Float()) || math.IsInf(r.Float(), 0)):
		return nil, nil
	case r.CanFloat():
		return r.Float(), nil
	}
	return nil, fmt.Errorf("a cell cannot hold a %T", v)
}

// isFormula tells whether a spreadsheet might take a text for a formula.
func isFormula(s string) bool { return s != "" && strings.IndexByte("=+-@\t\r\n", s[0]) >= 0 }

// escapeFormula puts an apostrophe before a text that is a formula but for apostrophes; unescapeFormula is its inverse.
func escapeFormula(s string) string {
	if isFormula(strings.TrimLeft(s, "'")) {
		return "'" + s
	}
	return s
}

func unescapeFormula(s string) string {
	if strings.HasPrefix(s, "'") && isFormula(strings.TrimLeft(s, "'")) {
		return s[1:]
	}
	return s
}

// safeSheetName drops what XLSX does not allow in the name of a sheet, and apostrophes, which its filter does not bear.
func safeSheetName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return ' '
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > 31 {
		name = string(runes[:31])
	}
	if name = strings.TrimSpace(name); name == "" {
		return "Sheet1"
	}
	return name
}

// cellName writes a position, both from 1, as A1.
func cellName(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row)
	if err != nil { // no columns, or more than a sheet has
		return "A1"
	}
	return name
}
