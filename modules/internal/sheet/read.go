package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"txng/modules/internal/vi"
	"txng/tenant/fault"
)

// Limits bound what Read takes. All must be positive. The worst file of 5 MB, 5,000 rows and 100 columns takes some
// hundred MB of memory while it is read, so a server should read few at a time.
type Limits struct {
	Bytes int64 // size of the file as given
	Rows  int   // rows that are not blank, below the header
	Cols  int   // cells in any row
}

// Row is a row of a file that is not blank.
type Row struct {
	Number int      // as the spreadsheet shows it, from 1
	Cells  []string // without spaces around them; shorter than other rows when the last cells are empty
}

// Cell returns the text of a column, from 0, or "" when the row is shorter.
func (r Row) Cell(column int) string {
	if column < 0 || column >= len(r.Cells) {
		return ""
	}
	return r.Cells[column]
}

// Read returns the rows of a table, the first of which is its header: the first sheet of an XLSX file, or a CSV file
// in UTF-8 (or UTF-16 with a byte order mark) with commas, semicolons or tabs between fields. name is the name of the
// file; its extension says which kind it is.
//
// Cells of XLSX are raw: a number as the file stores it, a formula as its last result, a date as a count of days;
// ParseDay understands both that and a typed date.
//
// The limits hold while reading, so that a large or hostile file costs little. Errors carry a Vietnamese sentence: a
// broken limit is fault.TooLarge, anything else wrong with the file a fault.Invalid of the field "file".
func Read(r io.Reader, name string, limits Limits) ([]Row, error) {
	if limits.Bytes <= 0 || limits.Rows <= 0 || limits.Cols <= 0 {
		return nil, fmt.Errorf("reading a sheet: limits %+v are not all positive", limits)
	}
	data, err := io.ReadAll(io.LimitReader(r, limits.Bytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	if int64(len(data)) > limits.Bytes {
		return nil, fault.Say(fault.TooLarge, "Tệp lớn hơn %s: hãy chia thành nhiều tệp nhỏ hơn", size(limits.Bytes))
	}
	t := table{limits: limits}
	switch strings.ToLower(path.Ext(name)) {
	case ".xlsx":
		err = t.readXLSX(data)
	case ".csv", ".txt":
		err = t.readCSV(data)
	default:
		return nil, badFile("Chỉ nhận tệp .xlsx hoặc .csv")
	}
	if err != nil {
		return nil, err
	}
	if len(t.rows) == 0 {
		return nil, badFile("Tệp không có dòng nào")
	}
	return t.rows, nil
}

// table gathers rows within limits.
type table struct {
	limits Limits
	rows   []Row
}

// add takes one row unless it is blank.
func (t *table) add(number int, cells []string) error {
	for i, cell := range cells {
		cells[i] = strings.TrimSpace(cell)
	}
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 {
		return nil
	}
	if len(cells) > t.limits.Cols {
		return fault.Say(fault.TooLarge, "Dòng %d có hơn %s cột: hãy bỏ các cột thừa", number, vi.Int(int64(t.limits.Cols)))
	}
	if len(t.rows) > t.limits.Rows {
		return fault.Say(fault.TooLarge, "Tệp có hơn %s dòng: hãy chia thành nhiều tệp nhỏ hơn", vi.Int(int64(t.limits.Rows)))
	}
	t.rows = append(t.rows, Row{number, cells})
	return nil
}

// largestPart is the unpacked size, in bytes, allowed for a part of an XLSX file other than a sheet. Such parts (shared
// texts, styles) are taken into memory whole, many times as large as their XML.
const largestPart = 8 << 20

// unpackedSize is how many bytes an XLSX file of at most limit bytes may unpack to.
func unpackedSize(limit int64) int64 { return max(10*limit, 32<<20) }

// readXLSX reads the first sheet. The library panics on some broken files; that is a bad file, too.
func (t *table) readXLSX(data []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = badFile("Tệp Excel bị hỏng: hãy mở bằng Excel, lưu lại rồi thử lại")
		}
	}()
	if err := t.checkParts(data); err != nil {
		return err
	}
	unpacked := unpackedSize(t.limits.Bytes)
	// Equal limits keep the library from unpacking into temporary files.
	f, err := excelize.OpenReader(bytes.NewReader(data),
		excelize.Options{RawCellValue: true, UnzipSizeLimit: unpacked, UnzipXMLSizeLimit: unpacked})
	if err != nil {
		return badFile("Không đọc được tệp Excel: hãy mở bằng Excel, lưu lại dạng .xlsx rồi thử lại")
	}
	defer f.Close()
	if props, err := f.GetWorkbookProps(); err == nil && props.Date1904 != nil && *props.Date1904 {
		return badFile("Tệp Excel đếm ngày từ năm 1904: hãy tắt tùy chọn này (Use 1904 date system) rồi lưu lại")
	}
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return badFile("Tệp Excel không có trang tính nào")
	}
	rows, err := f.Rows(sheets[0])
	if err != nil {
		return badFile("Không đọc được trang tính đầu tiên của tệp Excel")
	}
	defer rows.Close()
	for number := 1; rows.Next(); number++ {
		if number > maxRows {
			return badFile("Tệp Excel bị hỏng: có dòng ngoài phạm vi của trang tính")
		}
		cells, err := rows.Columns()
		if err != nil {
			return badFile(fmt.Sprintf("Không đọc được dòng %d của tệp Excel", number))
		}
		if err := t.add(number, cells); err != nil {
			return err
		}
	}
	return nil
}

// checkParts refuses, before unpacking, what would unpack to too much. The sizes that a zip file declares bind:
// unpacking stops at them.
func (t *table) checkParts(data []byte) error {
	compoundFile := []byte{0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1}
	if bytes.Contains(data, compoundFile) {
		return badFile("Tệp có mật khẩu, có đối tượng nhúng hoặc là dạng .xls cũ: hãy lưu lại thành .xlsx không có mật khẩu")
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return badFile("Tệp không phải là tệp Excel dạng .xlsx")
	}
	left := uint64(unpackedSize(t.limits.Bytes))
	for _, part := range archive.File {
		n := part.UncompressedSize64
		isSheet := strings.HasPrefix(strings.ToLower(part.Name), "xl/worksheets/")
		if n > left || n > largestPart && !isSheet {
			return fault.Say(fault.TooLarge, "Nội dung tệp Excel quá lớn sau khi giải nén: hãy chia thành nhiều tệp nhỏ hơn")
		}
		left -= n
	}
	for _, part := range archive.File { // the library would take a damaged part for a short one
		if err := checkPart(part); err != nil {
			return badFile("Tệp Excel bị hỏng: hãy mở bằng Excel, lưu lại rồi thử lại")
		}
	}
	return nil
}

// checkPart unpacks a part to verify its size and checksum.
func checkPart(part *zip.File) error {
	r, err := part.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

func (t *table) readCSV(data []byte) error {
	decoded, _, err := transform.Bytes(unicode.BOMOverride(unicode.UTF8.NewDecoder()), data)
	if err != nil || !utf8.Valid(data) && !isUTF16(data) {
		return badFile("Tệp CSV không dùng bảng mã Unicode: hãy lưu lại dạng “CSV UTF-8”")
	}
	file := csv.NewReader(bytes.NewReader(decoded))
	file.Comma = separator(decoded)
	if widest(decoded, file.Comma) > maxCols {
		return fault.Say(fault.TooLarge, "Tệp CSV có dòng dài hơn %s cột: hãy bỏ các cột thừa", vi.Int(maxCols))
	}
	file.FieldsPerRecord = -1
	file.ReuseRecord = true
	for {
		record, err := file.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			line := 0
			if p := (*csv.ParseError)(nil); errors.As(err, &p) {
				line = p.Line
			}
			return badFile(fmt.Sprintf("Tệp CSV sai định dạng ở dòng %d: kiểm tra dấu ngoặc kép", line))
		}
		line, _ := file.FieldPos(0)
		cells := make([]string, len(record))
		for i, field := range record {
			cells[i] = unescapeFormula(field)
		}
		if err := t.add(line, cells); err != nil {
			return err
		}
	}
}

func isUTF16(data []byte) bool {
	return bytes.HasPrefix(data, []byte{0xff, 0xfe}) || bytes.HasPrefix(data, []byte{0xfe, 0xff})
}

// separator returns the one of comma, semicolon and tab that occurs most, outside quotes, in the first line with text.
func separator(data []byte) rune {
	count := make(map[rune]int)
	quoted := false
	for _, c := range string(bytes.TrimSpace(data)) {
		if c == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if c == '\n' {
			break
		}
		count[c]++
	}
	best := ','
	for _, c := range ";\t" {
		if count[c] > count[best] {
			best = c
		}
	}
	return best
}

// widest returns the largest number of fields in a line, so that the reader need not hold a hostile one.
func widest(data []byte, separator rune) int {
	most, fields, quoted := 0, 1, false
	for _, c := range data {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			fields = 1
		case rune(c) == separator:
			fields++
			most = max(most, fields)
		}
	}
	return most
}

func badFile(message string) error { return fault.Invalid{{Name: "file", Message: message}} }

// size writes a number of bytes for a person.
func size(n int64) string {
	if n < 1<<20 {
		return vi.Int((n+1023)>>10) + " KB"
	}
	return vi.Decimal(float64(n)/(1<<20), 0) + " MB"
}
