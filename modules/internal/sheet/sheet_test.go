package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
	"txng/modules/internal/vi"
	"txng/tenant/fault"
)

// byHand suits a file that a person prepares by hand.
var byHand = Limits{Bytes: 5 << 20, Rows: 5_000, Cols: 100}

// code is a type based on string, as GTINs and tax codes are.
type code string

var columns = []Column{{Title: "Mã"}, {Title: "Tên sản phẩm", Width: 40}, {Title: "Số lượng", Numeric: true}, {Title: "Ngày"}}

func each(rows ...[]any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func TestTableComesBackFromXLSXAndCSVAsItWasWritten(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 7, 5, 0, 0, time.UTC) // 14:05 in Việt Nam
	var missing *string
	rows := each(
		[]any{code("08936012345674"), "Nước mắm, “Phú Quốc”\n1 lít", 1234567, Day(at)},
		[]any{"00123", "=1+1", -2.5, at},
		[]any{missing, "'@x", true, nil},
	)
	for _, c := range []struct {
		name  string
		write func(io.Writer) error
		want  [][]string
	}{
		{"a.xlsx", func(w io.Writer) error { return WriteXLSX(w, "Sản phẩm: 1/2", columns, rows) }, [][]string{
			{"Mã", "Tên sản phẩm", "Số lượng", "Ngày"},
			{"08936012345674", "Nước mắm, “Phú Quốc”\n1 lít", "1234567", "46348"},
			{"00123", "=1+1", "-2.5", "46348.586805555555"},
			{"", "'@x", "Có"},
		}},
		{"a.CSV", func(w io.Writer) error { return WriteCSV(w, columns, rows) }, [][]string{
			{"Mã", "Tên sản phẩm", "Số lượng", "Ngày"},
			{"08936012345674", "Nước mắm, “Phú Quốc”\n1 lít", "1234567", "2026-11-22"},
			{"00123", "=1+1", "-2.5", "2026-11-22 14:05"},
			{"", "'@x", "Có"},
		}},
	} {
		var file bytes.Buffer
		if err := c.write(&file); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, err := Read(&file, c.name, byHand)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if !reflect.DeepEqual(cellsOf(got), c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, cellsOf(got), c.want)
		}
		if got[1].Number != 2 || got[1].Cell(1) == "" || got[3].Cell(3) != "" || got[3].Cell(-1) != "" {
			t.Errorf("%s: row numbers or cells are wrong: %+v", c.name, got)
		}
	}
}

func TestXLSXHasRealNumbersDatesFilterAndFrozenBoldHeader(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	at := time.Date(2026, 11, 22, 18, 0, 0, 0, time.UTC)
	err := WriteXLSX(&file, "Tệp", columns, each([]any{"=HYPERLINK(1)", "+84", 1234567, at}, []any{"-", "a", 0.5, Day(at)}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for cell, want := range map[string]string{
		"A2": "=HYPERLINK(1)", "B2": "+84", "C2": "1,234,567", "D2": "23/11/2026 01:00", "C3": "0.50", "D3": "22/11/2026",
	} {
		if got, err := f.GetCellValue("Tệp", cell); err != nil || got != want {
			t.Errorf("%s shows %q, %v; want %q", cell, got, err, want)
		}
		if formula, err := f.GetCellFormula("Tệp", cell); formula != "" || err != nil {
			t.Errorf("%s is the formula %q, %v", cell, formula, err)
		}
	}
	if kind, err := f.GetCellType("Tệp", "A2"); err != nil || kind != excelize.CellTypeInlineString {
		t.Errorf("A2 has type %v, %v; want text", kind, err)
	}
	style, err := f.GetCellStyle("Tệp", "A1")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := f.GetStyle(style); err != nil || s.Font == nil || !s.Font.Bold {
		t.Errorf("the header is not bold: %+v, %v", s, err)
	}
	if panes, err := f.GetPanes("Tệp"); err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the header is not frozen: %+v, %v", panes, err)
	}
	if names := f.GetDefinedName(); len(names) != 1 || !strings.Contains(names[0].RefersTo, "$A$1:$D$3") {
		t.Errorf("filter: %+v, want A1:D3", names)
	}
}

func TestCSVStartsWithAMarkAndEscapesFormulas(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	if err := WriteCSV(&file, columns[:2], each([]any{"=cmd|' /C calc'!A0", "'=x"}, []any{"+84912345678", "it's"})); err != nil {
		t.Fatal(err)
	}
	want := "\ufeffMã,Tên sản phẩm\r\n'=cmd|' /C calc'!A0,''=x\r\n'+84912345678,it's\r\n"
	if file.String() != want {
		t.Errorf("got %q, want %q", file.String(), want)
	}
	rows, err := Read(&file, "a.csv", byHand)
	if err != nil || rows[1].Cell(0) != "=cmd|' /C calc'!A0" || rows[1].Cell(1) != "'=x" || rows[2].Cell(0) != "+84912345678" {
		t.Errorf("read back %+v, %v", rows, err)
	}
}

func TestFirstErrorOfTheRowsEndsTheWriting(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	rows := func(yield func([]any, error) bool) { yield(nil, broken) }
	var file bytes.Buffer
	if err := WriteXLSX(&file, "", columns, rows); !errors.Is(err, broken) || file.Len() != 0 {
		t.Errorf("XLSX: %v, %d bytes written", err, file.Len())
	}
	if err := WriteCSV(&file, columns, rows); !errors.Is(err, broken) {
		t.Errorf("CSV: %v", err)
	}
	for _, row := range [][]any{{"too", "few"}, {"a", "b", struct{}{}, nil}} {
		if WriteXLSX(io.Discard, "", columns, each(row)) == nil || WriteCSV(io.Discard, columns, each(row)) == nil {
			t.Errorf("row %v was written", row)
		}
	}
}

func TestLargeFilesAreRefusedWithASentence(t *testing.T) {
	t.Parallel()
	many := func(yield func([]any, error) bool) {
		for range 100_000 {
			if !yield([]any{"0123", "Gạo", 1, nil}, nil) {
				return
			}
		}
	}
	var xlsx, text, wide bytes.Buffer
	if err := errors.Join(WriteXLSX(&xlsx, "", columns, many), WriteCSV(&text, columns, many)); err != nil {
		t.Fatal(err)
	}
	wideColumns, wideRow := make([]Column, 101), make([]any, 101)
	wideRow[100] = "x"
	if err := WriteXLSX(&wide, "", wideColumns, each(wideRow)); err != nil {
		t.Fatal(err)
	}
	small := byHand
	small.Bytes = 1000
	for name, c := range map[string]struct {
		file   []byte
		name   string
		limits Limits
		want   string
	}{
		"XLSX rows":    {xlsx.Bytes(), "a.xlsx", byHand, "Tệp có hơn 5.000 dòng: hãy chia thành nhiều tệp nhỏ hơn"},
		"CSV rows":     {text.Bytes(), "a.csv", byHand, "Tệp có hơn 5.000 dòng: hãy chia thành nhiều tệp nhỏ hơn"},
		"XLSX bytes":   {xlsx.Bytes(), "a.xlsx", small, "Tệp lớn hơn 1 KB: hãy chia thành nhiều tệp nhỏ hơn"},
		"XLSX columns": {wide.Bytes(), "a.xlsx", byHand, "Dòng 2 có hơn 100 cột: hãy bỏ các cột thừa"},
		"CSV columns":  {[]byte("a\n" + strings.Repeat("x,", 101)), "a.csv", byHand, "Dòng 2 có hơn 100 cột: hãy bỏ các cột thừa"},
		"CSV commas":   {bytes.Repeat([]byte(","), 1<<20), "a.csv", byHand, "Tệp CSV có dòng dài hơn 16.384 cột: hãy bỏ các cột thừa"},
		"zip bomb":     {bomb(t, "xl/worksheets/sheet1.xml", 60<<20), "a.xlsx", byHand, "Nội dung tệp Excel quá lớn sau khi giải nén: hãy chia thành nhiều tệp nhỏ hơn"},
		"shared texts": {bomb(t, "xl/sharedStrings.xml", 9<<20), "a.xlsx", byHand, "Nội dung tệp Excel quá lớn sau khi giải nén: hãy chia thành nhiều tệp nhỏ hơn"},
	} {
		rows, err := Read(bytes.NewReader(c.file), c.name, c.limits)
		if got := fault.Message(err); rows != nil || !errors.Is(err, fault.TooLarge) || got != c.want {
			t.Errorf("%s: %d rows, %v; want %q", name, len(rows), err, c.want)
		}
	}
}

func TestFileOfExactlyTheLimitsIsTaken(t *testing.T) {
	t.Parallel()
	const file = "Mã,Tên\n\n1,a\n2,b\n"
	limits := Limits{Bytes: int64(len(file)), Rows: 2, Cols: 2}
	if rows, err := Read(strings.NewReader(file), "a.csv", limits); err != nil || len(rows) != 3 || rows[2].Number != 4 {
		t.Errorf("got %+v, %v; want the header and 2 rows", rows, err)
	}
	for _, l := range []Limits{{limits.Bytes - 1, 2, 2}, {limits.Bytes, 1, 2}, {limits.Bytes, 2, 1}} {
		if _, err := Read(strings.NewReader(file), "a.csv", l); !errors.Is(err, fault.TooLarge) {
			t.Errorf("limits %+v: %v, want TooLarge", l, err)
		}
	}
}

func TestReadStopsTakingAnEndlessFile(t *testing.T) {
	t.Parallel()
	source := &endless{}
	if _, err := Read(source, "a.csv", Limits{Bytes: 1 << 20, Rows: 10, Cols: 10}); !errors.Is(err, fault.TooLarge) {
		t.Errorf("got %v, want TooLarge", err)
	}
	if source.taken > 2<<20 {
		t.Errorf("%d bytes were taken for a limit of 1 MB", source.taken)
	}
}

type endless struct{ taken int }

func (e *endless) Read(p []byte) (int, error) {
	e.taken += len(p)
	return len(p), nil
}

// bomb returns a zip file whose one part unpacks to size spaces.
func bomb(t *testing.T, part string, size int) []byte {
	t.Helper()
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	w, err := archive.Create(part)
	for range size >> 20 {
		if err == nil {
			_, err = w.Write(bytes.Repeat([]byte(" "), 1<<20))
		}
	}
	if err = errors.Join(err, archive.Close()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestBrokenFilesAreExplained(t *testing.T) {
	t.Parallel()
	var good bytes.Buffer
	if err := WriteXLSX(&good, "", columns, each([]any{"a", "b", 1, nil})); err != nil {
		t.Fatal(err)
	}
	hostile := replacePart(t, good.Bytes(), "xl/worksheets/sheet1.xml",
		`<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>-1</v></c></row></sheetData></worksheet>`)
	farRow := replacePart(t, good.Bytes(), "xl/worksheets/sheet1.xml",
		`<worksheet><sheetData><row r="2000000000"><c><v>1</v></c></row></sheetData></worksheet>`)
	damaged := bytes.Clone(good.Bytes())
	damaged[len(damaged)/3] ^= 0xff
	for name, c := range map[string]struct {
		file []byte
		name string
	}{
		"old Excel":        {[]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "a.xlsx"},
		"not a zip":        {[]byte("Mã,Tên"), "a.xlsx"},
		"cut":              {good.Bytes()[:good.Len()/2], "a.xlsx"},
		"damaged":          {damaged, "a.xlsx"},
		"negative text":    {hostile, "a.xlsx"},
		"row far outside":  {farRow, "a.xlsx"},
		"another kind":     {good.Bytes(), "a.pdf"},
		"empty":            {nil, "a.csv"},
		"blank":            {[]byte("\ufeff , ,\r\n\r\n"), "a.csv"},
		"windows-1258":     {[]byte("M\xe3,T\xean"), "a.csv"},
		"unfinished quote": {[]byte("a,b\n\"x,y"), "a.csv"},
	} {
		rows, err := Read(bytes.NewReader(c.file), c.name, byHand)
		var invalid fault.Invalid
		if !errors.As(err, &invalid) || invalid.Of("file") == "" {
			t.Errorf("%s: %v, %v; want a sentence about the file", name, rows, err)
		}
	}
}

// replacePart returns the zip file with the content of one part replaced.
func replacePart(t *testing.T, file []byte, name, content string) []byte {
	t.Helper()
	old, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, part := range old.File {
		if part.Name != name {
			err = errors.Join(err, archive.Copy(part))
		}
	}
	w, createErr := archive.Create(name)
	if err = errors.Join(err, createErr); err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(w, content)
	if err = errors.Join(err, archive.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestCSVOfEveryCommonKindIsRead(t *testing.T) {
	t.Parallel()
	utf16le := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune("Mã\tTên\r\n01\tGạo, nếp\r\n")) {
		utf16le = binary.LittleEndian.AppendUint16(utf16le, unit)
	}
	want := [][]string{{"Mã", "Tên"}, {"01", "Gạo, nếp"}}
	for name, file := range map[string][]byte{
		"comma":              []byte("Mã,Tên\r\n01,\"Gạo, nếp\"\r\n"),
		"semicolon and mark": []byte("\ufeffMã;Tên;\n\n 01 ;Gạo, nếp;;\n"),
		"tab in UTF-16":      utf16le,
	} {
		got, err := Read(bytes.NewReader(file), "a.csv", byHand)
		if err != nil || !reflect.DeepEqual(cellsOf(got), want) {
			t.Errorf("%s: got %q, %v; want %q", name, cellsOf(got), err, want)
		}
	}
}

func TestHeaderIsMatchedWithoutCaseMarksAndOrder(t *testing.T) {
	t.Parallel()
	wanted := []Want{
		{Key: "name", Title: "Tên sản phẩm", Required: true},
		{Key: "gtin", Title: "Mã GTIN", Required: true, Aliases: []string{"Mã vạch"}},
		{Key: "note", Title: "Ghi chú"},
	}
	got, err := Match([]string{"MA VACH", ""}, wanted)
	if err == nil {
		t.Errorf("a header without the name matched: %v", got)
	}
	got, err = Match([]string{"MA VACH", "", " tên  sản phẩm *:"}, wanted)
	if want := map[string]int{"gtin": 0, "name": 2}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	_, err = Match([]string{"Ghi chú", "Giá", "Mã GTIN", "Mã vạch", "Màu"}, wanted)
	var invalid fault.Invalid
	errors.As(err, &invalid)
	const want = "Thiếu cột: “Tên sản phẩm”. Cột không có trong mẫu: “Giá”, “Màu”. Cột bị lặp: “Mã vạch”."
	if invalid.Of("file") != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestCellErrorSaysWhere(t *testing.T) {
	t.Parallel()
	err := CellError{12, "Mã GTIN", "Số GTIN không thể toàn số 0"}
	if got, want := err.Error(), "Dòng 12, cột “Mã GTIN”: Số GTIN không thể toàn số 0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDayOfACellIsReadRawOrTyped(t *testing.T) {
	t.Parallel()
	for _, cell := range []string{"46348", "46348.99", "22/11/2026", "2026-11-22"} {
		if got, err := ParseDay(cell); err != nil || vi.Date(got) != "22/11/2026" {
			t.Errorf("ParseDay(%q) = %v, %v", cell, got, err)
		}
	}
	for _, cell := range []string{"", "60", "2026", "NaN", "1e9", "ngày mai"} {
		if got, err := ParseDay(cell); err == nil {
			t.Errorf("ParseDay(%q) = %v, want an error", cell, got)
		}
	}
}

func cellsOf(rows []Row) [][]string {
	var out [][]string
	for _, r := range rows {
		out = append(out, r.Cells)
	}
	return out
}
