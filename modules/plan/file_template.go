package plan

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/xuri/excelize/v2"
)

var escapeLike = regexp.MustCompile(`_(x[0-9A-Fa-f]{4}_)`)

// dropDownRows is how many rows of a sheet have drop-down lists.
const dropDownRows = 1000

// Template is an empty plan as an XLSX workbook, with titles, hints, drop-down lists and one example row per sheet.
// The example rows, coded "VD", are not read.
func Template() ([]byte, error) { return writeXLSX(File{}, true) }

// WriteXLSX writes a plan as the XLSX workbook that ReadFile reads; reading it gives f again when f.Validate() finds
// nothing.
func WriteXLSX(f File) ([]byte, error) { return writeXLSX(f, false) }

// xlsxWriter fills a workbook; the first error stops it.
type xlsxWriter struct {
	book              *excelize.File
	bold, text, plain int // styles
	err               error
}

func writeXLSX(f File, example bool) ([]byte, error) {
	w := xlsxWriter{book: excelize.NewFile()}
	defer w.book.Close()
	w.do(w.book.SetSheetName("Sheet1", planSheet))
	for _, name := range []string{departments.sheet, targets.sheet, tasks.sheet, products.sheet, choiceSheet} {
		_, err := w.book.NewSheet(name)
		w.do(err)
	}
	w.makeStyles()
	w.writePlan(&f)
	lists := w.writeChoices()
	writeXLSXSection(&w, departments, &f, lists, example)
	writeXLSXSection(&w, targets, &f, lists, example)
	writeXLSXSection(&w, tasks, &f, lists, example)
	writeXLSXSection(&w, products, &f, lists, example)
	var out bytes.Buffer
	if w.err == nil {
		w.err = w.book.Write(&out)
	}
	if w.err != nil {
		return nil, fmt.Errorf("writing plan workbook: %w", w.err)
	}
	return out.Bytes(), nil
}

func (w *xlsxWriter) do(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *xlsxWriter) makeStyles() {
	style := func(s *excelize.Style) int {
		id, err := w.book.NewStyle(s)
		w.do(err)
		return id
	}
	wrap := &excelize.Alignment{WrapText: true, Vertical: "top"}
	w.bold = style(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Alignment: wrap,
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDEBF7"}},
	})
	w.text = style(&excelize.Style{Alignment: wrap, NumFmt: 49}) // "@": what is typed stays as typed
	w.plain = style(&excelize.Style{Alignment: wrap})
}

func (w *xlsxWriter) cell(sheet string, column, row int, text string, style int) {
	name, err := excelize.CoordinatesToCellName(column, row)
	w.do(err)
	if text != "" {
		// "_x0041_" in a workbook means "A" (ECMA-376 part 1, 22.9.2.19), unless its underscore is itself so written.
		w.do(w.book.SetCellStr(sheet, name, escapeLike.ReplaceAllString(text, "_x005F_$1")))
	}
	if style != 0 {
		w.do(w.book.SetCellStyle(sheet, name, name, style))
	}
}

func (w *xlsxWriter) width(sheet string, column int, width float64) {
	name, err := excelize.ColumnNumberToName(column)
	w.do(err)
	w.do(w.book.SetColWidth(sheet, name, name, width))
}

// titled writes the row of titles and keeps it in view.
func (w *xlsxWriter) titled(sheet string, titles []string) {
	for i, title := range titles {
		w.cell(sheet, i+1, 1, title, w.bold)
	}
	w.do(w.book.SetPanes(sheet, &excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
}

func (w *xlsxWriter) writePlan(f *File) {
	for i, width := range []float64{22, 80, 70} {
		w.width(planSheet, i+1, width)
	}
	w.titled(planSheet, []string{itemTitle, textTitle, hintTitle})
	for i, field := range planFields {
		title := field.title
		if field.must {
			title += " *"
		}
		hint := "Ví dụ: " + field.example + "."
		if field.hint != "" {
			hint += " " + field.hint
		}
		w.cell(planSheet, 1, i+2, title, w.plain)
		w.cell(planSheet, 2, i+2, field.get(f), w.text)
		w.cell(planSheet, 3, i+2, hint, w.plain)
	}
}

// writeChoices writes the sheet behind the drop-down lists and returns the range of each list by its first label.
func (w *xlsxWriter) writeChoices() map[string]string {
	lists := map[string]string{}
	columns := []struct {
		title   string
		choices []choice
		width   float64
	}{
		{"Loại", kindChoices, 18}, {"Phép so sánh", opChoices, 14}, {"Nhóm", groupChoices, 28},
		{"Danh mục", listChoices, 30}, {"Đo bằng", measureChoices, 60},
	}
	var header []string
	for i, column := range columns {
		header = append(header, column.title)
		w.width(choiceSheet, i+1, column.width)
		for j, c := range column.choices {
			w.cell(choiceSheet, i+1, j+2, c.label, w.plain)
		}
		letter, err := excelize.ColumnNumberToName(i + 1)
		w.do(err)
		lists[column.choices[0].label] = fmt.Sprintf("'%s'!$%s$2:$%s$%d", choiceSheet, letter, letter, len(column.choices)+1)
	}
	w.titled(choiceSheet, append(header, "Phép đo: định nghĩa"))
	w.width(choiceSheet, len(columns)+1, 90)
	for i, m := range measures {
		w.cell(choiceSheet, len(columns)+1, i+2, m.Definition, w.plain)
	}
	return lists
}

func writeXLSXSection[T any](w *xlsxWriter, s section[T], f *File, lists map[string]string, example bool) {
	var header []string
	for i, field := range s.fields {
		title := field.title
		if field.must {
			title += " *"
		}
		header = append(header, title)
		letter, err := excelize.ColumnNumberToName(i + 1)
		w.do(err)
		w.do(w.book.SetColStyle(s.sheet, letter, w.text))
		w.width(s.sheet, i+1, field.width)
		dropDown(w, s.sheet, letter, field, lists)
	}
	w.titled(s.sheet, header)
	row := 2
	if example {
		for i, field := range s.fields {
			w.cell(s.sheet, i+1, row, field.example, w.text)
		}
		row++
	}
	rows := *s.rows(f)
	for j := range rows {
		for i, field := range s.fields {
			w.cell(s.sheet, i+1, row+j, field.get(&rows[j]), w.text)
		}
	}
}

// dropDown gives a column its list of values and its hint.
func dropDown[T any](w *xlsxWriter, sheet, letter string, f field[T], lists map[string]string) {
	list := ""
	switch {
	case len(f.choices) > 0:
		list = lists[f.choices[0].label]
	case f.key == "lead":
		list = fmt.Sprintf("'%s'!$A$2:$A$%d", departments.sheet, departments.most+1)
	}
	if list == "" && f.hint == "" {
		return
	}
	rule := excelize.NewDataValidation(true)
	rule.SetSqref(fmt.Sprintf("%s2:%s%d", letter, letter, dropDownRows))
	if list != "" {
		rule.SetSqrefDropList(list)
		rule.SetError(excelize.DataValidationErrorStyleStop, f.title, "Hãy chọn một giá trị trong danh sách.")
	}
	if f.hint != "" {
		rule.SetInput(f.title, f.hint)
	}
	w.do(w.book.AddDataValidation(sheet, rule))
}
