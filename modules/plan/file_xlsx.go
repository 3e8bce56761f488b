package plan

import (
	"archive/zip"
	"bytes"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// Names of sheets and columns beside those of the sections.
const (
	planSheet   = "Kế hoạch"
	itemTitle   = "Mục"
	textTitle   = "Nội dung"
	hintTitle   = "Hướng dẫn"
	choiceSheet = "Danh mục"
)

// Sizes accepted when an XLSX file is unpacked, in bytes. Strings and workbook parts are held in memory as many small
// records, sheets are streamed.
const (
	maxUnpacked = 32 << 20
	maxSheet    = 24 << 20
	maxStrings  = 4 << 20
	maxPart     = 2 << 20
	maxParts    = 300
)

const maxColumns = 200

// xlsxReader reads one workbook.
type xlsxReader struct {
	book    *excelize.File
	date04  bool              // dates count from 1904
	sheets  map[string]string // by folded name
	checker checker
	rows    map[spot]int // row of a record, or of a field of the plan
	errors  Errors       // not about a field of the plan
	// noDepartments: the sheet of departments could not be read, so codes of departments cannot be checked.
	noDepartments bool
}

// readXLSX reads and checks a plan in XLSX.
func readXLSX(b []byte) (f File, wrong Errors) {
	defer func() {
		// The workbook library may panic on a file made to break it; for the person the file is simply damaged.
		if recover() != nil {
			f, wrong = File{}, wholeFile("Tệp XLSX bị hỏng; hãy mở bằng Excel, lưu lại rồi tải lên.")
		}
	}()
	if wrong := unpackedTooLarge(b); wrong != nil {
		return File{}, wrong
	}
	book, err := excelize.OpenReader(bytes.NewReader(b), excelize.Options{
		RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked,
	})
	if err != nil {
		return File{}, wholeFile("Không mở được tệp XLSX; hãy mở bằng Excel, bỏ mật khẩu nếu có, lưu lại rồi tải lên.")
	}
	defer book.Close()
	r := xlsxReader{book: book, sheets: map[string]string{}, rows: map[spot]int{}}
	if props, err := book.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		r.date04 = *props.Date1904
	}
	r.findSheets()
	r.readPlan(&f)
	r.noDepartments = !readXLSXSection(&r, departments, &f)
	readXLSXSection(&r, targets, &f)
	readXLSXSection(&r, tasks, &f)
	readXLSXSection(&r, products, &f)
	r.checker.check(&f)
	if wrong := r.all(); len(wrong) > 0 {
		return File{}, wrong
	}
	return f, nil
}

// unpackedTooLarge refuses what is no ZIP archive and what would grow too large, from the archive's directory alone.
func unpackedTooLarge(b []byte) Errors {
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return wholeFile("Nội dung không phải là tệp XLSX; nếu là tệp .xls hoặc .csv, hãy lưu lại dạng Excel Workbook (.xlsx).")
	}
	if len(archive.File) > maxParts {
		return wholeFile("Tệp XLSX có quá nhiều thành phần bên trong; hãy dùng tệp mẫu.")
	}
	var total uint64
	for _, part := range archive.File {
		name, limit := strings.ToLower(strings.ReplaceAll(part.Name, `\`, "/")), uint64(maxPart)
		switch {
		case strings.HasPrefix(name, "xl/worksheets/sheet"):
			limit = maxSheet
		case path.Base(name) == "sharedstrings.xml":
			limit = maxStrings
		case !strings.HasSuffix(name, ".xml") && !strings.HasSuffix(name, ".rels"):
			limit = maxUnpacked // pictures are not parsed
		}
		total += part.UncompressedSize64
		if part.UncompressedSize64 > limit || total > maxUnpacked {
			return wholeFile("Tệp XLSX quá lớn khi mở ra; mỗi trang nhiều nhất %d dòng, hãy xóa các dòng và hình ảnh thừa.", MaxRows)
		}
	}
	return nil
}

// findSheets maps the sheets and reports those that the format does not have: their content would be lost unseen.
func (r *xlsxReader) findSheets() {
	known := map[string]bool{fold(planSheet): true, fold(choiceSheet): true}
	names := []string{planSheet, departments.sheet, targets.sheet, tasks.sheet, products.sheet, choiceSheet}
	for _, name := range names {
		known[fold(name)] = true
	}
	for _, name := range r.book.GetSheetList() {
		if !known[fold(name)] {
			r.fail(fmt.Sprintf("Trang “%s”", short(name)), "Mẫu không có trang này; các trang dùng được: %s. Hãy đổi tên hoặc xóa trang.", strings.Join(names, ", "))
			continue
		}
		r.sheets[fold(name)] = name
	}
}

func (r *xlsxReader) fail(place, format string, args ...any) {
	r.errors = append(r.errors, PlaceError{place, fmt.Sprintf(format, args...)})
}

// cells streams a sheet and stops at the first row beyond the limit. raw gives numbers as stored, else as displayed.
func (r *xlsxReader) cells(sheet string, raw bool) (out [][]string, ok bool) {
	place := fmt.Sprintf("Trang “%s”", sheet)
	rows, err := r.book.Rows(r.sheets[fold(sheet)])
	if err != nil {
		r.fail(place, "Không đọc được trang này.")
		return nil, false
	}
	defer rows.Close()
	for rows.Next() {
		if len(out) == MaxRows {
			r.fail(place, "Trang có hơn %d dòng; hãy xóa các dòng thừa, kể cả dòng trống có định dạng.", MaxRows)
			return nil, false
		}
		row, err := rows.Columns(excelize.Options{RawCellValue: raw})
		if err != nil {
			r.fail(fmt.Sprintf("%s, dòng %d", place, len(out)+1), "Không đọc được dòng này.")
			return nil, false
		}
		for len(row) > 0 && strings.TrimSpace(row[len(row)-1]) == "" {
			row = row[:len(row)-1]
		}
		if len(row) > maxColumns {
			r.fail(fmt.Sprintf("%s, dòng %d", place, len(out)+1), "Dòng có hơn %d cột; hãy xóa các cột thừa.", maxColumns)
			return nil, false
		}
		out = append(out, append([]string(nil), row...))
	}
	return out, true
}

// header finds the row of column titles, the first that is not empty, and the column of each title known.
// It reports titles that are unknown, double or, among needed, missing.
func (r *xlsxReader) header(sheet string, cells [][]string, titles, needed []string) (at int, columns map[string]int, ok bool) {
	for at < len(cells) && len(cells[at]) == 0 {
		at++
	}
	columns, ok = map[string]int{}, true
	place := fmt.Sprintf("Trang “%s”, dòng %d", sheet, at+1)
	if at == len(cells) {
		r.fail(fmt.Sprintf("Trang “%s”", sheet), "Trang trống; dòng đầu phải là tên các cột: %s.", strings.Join(titles, ", "))
		return at, nil, false
	}
	byFold := map[string]string{}
	for _, title := range titles {
		byFold[fold(title)] = title
	}
	for i, cell := range cells[at] {
		if clean(cell) == "" {
			continue
		}
		title, known := byFold[fold(cell)]
		if !known {
			r.fail(place, "Không có cột “%s”; các cột dùng được: %s.", short(cell), strings.Join(titles, ", "))
			continue
		}
		if _, twice := columns[title]; twice {
			r.fail(place, "Cột “%s” xuất hiện hai lần.", title)
			continue
		}
		columns[title] = i
	}
	for _, title := range needed {
		if _, found := columns[title]; !found {
			r.fail(place, "Thiếu cột “%s”.", title)
			ok = false
		}
	}
	return at, columns, ok
}

func cellAt(row []string, columns map[string]int, title string) string {
	if i, ok := columns[title]; ok && i < len(row) {
		return row[i]
	}
	return ""
}

func (r *xlsxReader) readPlan(f *File) {
	hideAll := func() {
		for _, field := range planFields {
			r.checker.hide(spot{"", 0, field.key})
		}
	}
	if _, ok := r.sheets[fold(planSheet)]; !ok {
		r.fail(fmt.Sprintf("Trang “%s”", planSheet), "Tệp thiếu trang này.")
		hideAll()
		return
	}
	cells, ok := r.cells(planSheet, true)
	if !ok {
		hideAll()
		return
	}
	at, columns, ok := r.header(planSheet, cells, []string{itemTitle, textTitle, hintTitle}, []string{itemTitle, textTitle})
	if !ok {
		hideAll()
		return
	}
	byFold := map[string]field[File]{}
	for _, field := range planFields {
		byFold[fold(field.title)] = field
	}
	for i := at + 1; i < len(cells); i++ {
		item, text := cellAt(cells[i], columns, itemTitle), cellAt(cells[i], columns, textTitle)
		place := fmt.Sprintf("Trang “%s”, dòng %d", planSheet, i+1)
		field, known := byFold[fold(item)]
		spot := spot{"", 0, field.key}
		switch {
		case clean(item) == "" && clean(text) == "":
			continue
		case !known:
			r.fail(place, "Không có mục “%s” trong mẫu.", short(item))
			continue
		case r.rows[spot] != 0:
			r.fail(place, "Mục “%s” xuất hiện hai lần.", field.title)
			continue
		}
		r.rows[spot] = i + 1
		if field.form == date {
			text = r.dateText(text)
		}
		if wrong := field.set(f, text); wrong != "" {
			r.checker.add(spot, "%s", wrong)
		}
	}
}

// readXLSXSection reads one sheet of records; ok is false when the sheet or its columns could not be read.
func readXLSXSection[T any](r *xlsxReader, s section[T], f *File) (ok bool) {
	if _, found := r.sheets[fold(s.sheet)]; !found {
		if !s.optional {
			r.fail(fmt.Sprintf("Trang “%s”", s.sheet), "Tệp thiếu trang này.")
		}
		return s.optional
	}
	cells, ok := r.cells(s.sheet, true)
	if !ok {
		return false
	}
	var all, needed []string
	for _, field := range s.fields {
		all = append(all, field.title)
		if field.must {
			needed = append(needed, field.title)
		}
	}
	at, columns, ok := r.header(s.sheet, cells, all, needed)
	shown := cells
	if _, found := columns[titles[s.key]["value"]]; found {
		shown, _ = r.cells(s.sheet, false)
	}
	rows := s.rows(f)
	for i := at + 1; i < len(cells); i++ {
		row := cells[i]
		first := cellAt(row, columns, s.fields[0].title)
		if len(row) == 0 || fold(first) == fold(exampleCode) {
			continue
		}
		index := len(*rows)
		r.rows[spot{s.key, index, ""}] = i + 1
		*rows = append(*rows, *new(T))
		t := &(*rows)[index]
		filled := 0
		for _, field := range s.fields {
			spot := spot{s.key, index, field.key}
			if _, found := columns[field.title]; !found {
				r.checker.hide(spot)
				continue
			}
			text := cellAt(row, columns, field.title)
			if clean(text) != "" {
				filled++
			}
			switch field.form {
			case date:
				text = r.dateText(text)
			case value:
				text = r.valueText(any(t).(*FileTarget).Kind, text, cellAt(shown[min(i, len(shown)-1)], columns, field.title))
			}
			if wrong := field.set(t, text); wrong != "" {
				r.checker.add(spot, "%s", wrong)
			}
		}
		if filled == 0 { // only cells outside the columns
			*rows = (*rows)[:index]
			delete(r.rows, spot{s.key, index, ""})
		}
		r.stray(s.sheet, i, row, cells[at])
	}
	if len(*rows) == 0 {
		*rows = nil
	}
	return ok
}

// stray reports text below no column title: it would be lost unseen.
func (r *xlsxReader) stray(sheet string, i int, row, header []string) {
	for column, text := range row {
		if clean(text) == "" || column < len(header) && clean(header[column]) != "" {
			continue
		}
		name, _ := excelize.ColumnNumberToName(column + 1)
		r.fail(fmt.Sprintf("Trang “%s”, dòng %d, cột %s", sheet, i+1, name), "Ô “%s” nằm ngoài các cột của mẫu.", short(text))
		return
	}
}

var serialDate = regexp.MustCompile(`^[2-7]\d{4}(\.\d+)?$`)

// dateText turns the number by which a spreadsheet stores a date into a date; other text stays.
func (r *xlsxReader) dateText(text string) string {
	if !serialDate.MatchString(clean(text)) {
		return text
	}
	var days float64
	if _, err := fmt.Sscan(clean(text), &days); err != nil {
		return text
	}
	t, err := excelize.ExcelDateToTime(days, r.date04)
	if err != nil {
		return text
	}
	return t.Format(time.DateOnly)
}

// valueText undoes what a spreadsheet does to a typed value: a date becomes a number, and "30%" becomes 0.3 shown as 30%.
func (r *xlsxReader) valueText(kind Kind, raw, shown string) string {
	switch {
	case kind == Milestone:
		return r.dateText(raw)
	case strings.HasSuffix(clean(shown), "%") && !strings.HasSuffix(clean(raw), "%"):
		if s := clean(raw); decimal.MatchString(s) || exponent.MatchString(s) {
			return strings.Replace(plainNumber(s, 100), ".", ",", 1)
		}
	}
	return raw
}

// all is every error: of the workbook's shape first, then in the plan's order.
func (r *xlsxReader) all() Errors {
	var kept []problem
	for _, p := range r.checker.problems {
		if r.noDepartments && p.at.section != departments.key && (p.at.field == "lead" || p.at.field == "with") {
			continue
		}
		kept = append(kept, p)
	}
	return append(r.errors, located(kept, r.place)...).cut(0)
}

func (r *xlsxReader) place(at spot) string {
	title := titles[at.section][at.field]
	if at.section == "" {
		if row := r.rows[at]; row != 0 {
			return fmt.Sprintf("Trang “%s”, dòng %d, mục “%s”", planSheet, row, title)
		}
		return fmt.Sprintf("Trang “%s”, mục “%s”", planSheet, title)
	}
	sheet := map[string]string{
		departments.key: departments.sheet, targets.key: targets.sheet, tasks.key: tasks.sheet, products.key: products.sheet,
	}[at.section]
	row := r.rows[spot{at.section, at.index, ""}]
	if row == 0 || title == "" {
		return fmt.Sprintf("Trang “%s”", sheet)
	}
	return fmt.Sprintf("Trang “%s”, dòng %d, cột “%s”", sheet, row, title)
}
