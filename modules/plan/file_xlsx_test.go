package plan

import (
	"archive/zip"
	"bytes"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

func TestXLSXRoundTripKeepsThePlan(t *testing.T) {
	t.Parallel()
	plans := []Programme{{"small", smallPlan()}}
	for _, p := range append(plans, Programmes()...) {
		t.Run(p.Slug, func(t *testing.T) {
			t.Parallel()
			first := mustWrite(t, p.File)
			got, err := ReadFile("plan.xlsx", bytes.NewReader(first))
			if err != nil || !reflect.DeepEqual(got, p.File) {
				t.Fatalf("got %+v, %v\nwant %+v", got, err, p.File)
			}
			if a, b := allCells(t, first), allCells(t, mustWrite(t, got)); !reflect.DeepEqual(a, b) {
				t.Errorf("the second workbook differs from the first:\n%v\n%v", a, b)
			}
		})
	}
}

func mustWrite(t *testing.T, f File) []byte {
	t.Helper()
	b, err := WriteXLSX(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func allCells(t *testing.T, b []byte) map[string][][]string {
	t.Helper()
	book := openBook(t, b)
	out := map[string][][]string{}
	for _, sheet := range book.GetSheetList() {
		rows, err := book.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		out[sheet] = rows
	}
	return out
}

func openBook(t *testing.T, b []byte) *excelize.File {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	return book
}

// edited is the small plan's workbook after a change, read again.
func edited(t *testing.T, change func(*excelize.File)) (File, error) {
	t.Helper()
	book := openBook(t, mustWrite(t, smallPlan()))
	change(book)
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return ReadFile("plan.xlsx", &out)
}

func TestXLSXFaultsAreNamedBySheetRowAndColumn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*excelize.File)
		want   []string
	}{
		"wrong columns": {func(b *excelize.File) {
			b.SetCellStr("Chỉ tiêu", "C1", "Kiểu")
			b.SetCellStr("Chỉ tiêu", "K1", "Mã")
		}, []string{
			"Trang “Chỉ tiêu”, dòng 1: Không có cột “Kiểu”; các cột dùng được: Mã, Chỉ tiêu, Loại", "Trang “Chỉ tiêu”, dòng 1: Cột “Mã” xuất hiện hai lần.",
			"Trang “Chỉ tiêu”, dòng 1: Thiếu cột “Loại”."}},
		"missing sheet":          {func(b *excelize.File) { b.DeleteSheet("Nhiệm vụ") }, []string{"Trang “Nhiệm vụ”: Tệp thiếu trang này."}},
		"missing departments":    {func(b *excelize.File) { b.DeleteSheet("Đơn vị") }, []string{"Trang “Đơn vị”: Tệp thiếu trang này."}},
		"missing plan":           {func(b *excelize.File) { b.DeleteSheet("Kế hoạch") }, []string{"Trang “Kế hoạch”: Tệp thiếu trang này."}},
		"empty sheet":            {func(b *excelize.File) { b.DeleteSheet("Nhiệm vụ"); b.NewSheet("Nhiệm vụ") }, []string{"Trang “Nhiệm vụ”: Trang trống; dòng đầu phải là tên các cột"}},
		"strange sheet":          {func(b *excelize.File) { b.NewSheet("Phụ lục") }, []string{"Trang “Phụ lục”: Mẫu không có trang này"}},
		"duplicate codes":        {func(b *excelize.File) { b.SetCellStr("Nhiệm vụ", "A3", "nv1") }, []string{"Trang “Nhiệm vụ”, dòng 3, cột “Mã”: “NV1” bị trùng với nhiệm vụ thứ 1."}},
		"130 percent":            {func(b *excelize.File) { b.SetCellStr("Chỉ tiêu", "E3", "130%") }, []string{"Trang “Chỉ tiêu”, dòng 3, cột “Giá trị”: Tỷ lệ 130% lớn hơn 100%."}},
		"number in two readings": {func(b *excelize.File) { b.SetCellStr("Chỉ tiêu", "E6", "1.000") }, []string{"Trang “Chỉ tiêu”, dòng 6, cột “Giá trị”: Số “1.000” có thể hiểu hai cách; viết 1000"}},
		"unknown department":     {func(b *excelize.File) { b.SetCellStr("Chỉ tiêu", "J2", "SXX") }, []string{"Trang “Chỉ tiêu”, dòng 2, cột “Chủ trì”: Đơn vị “SXX” không có trong trang “Đơn vị”."}},
		"text outside":           {func(b *excelize.File) { b.SetCellStr("Chỉ tiêu", "N2", "ghi thêm") }, []string{"Trang “Chỉ tiêu”, dòng 2, cột N: Ô “ghi thêm” nằm ngoài các cột của mẫu."}},
		"unknown item":           {func(b *excelize.File) { b.SetCellStr("Kế hoạch", "A14", "Ngân sách") }, []string{"Trang “Kế hoạch”, dòng 14: Không có mục “Ngân sách” trong mẫu."}},
		"bad date":               {func(b *excelize.File) { b.SetCellStr("Kế hoạch", "B5", "31/02/2022") }, []string{"Trang “Kế hoạch”, dòng 5, mục “Ngày ban hành”: “31/02/2022” không phải là ngày"}},
		"all at once": {func(b *excelize.File) {
			b.SetCellStr("Kế hoạch", "B3", "")
			b.SetCellStr("Chỉ tiêu", "E3", "abc")
			b.SetCellStr("Nhiệm vụ", "C2", "Vui chơi")
			b.NewSheet("Phụ lục")
		}, []string{"Trang “Phụ lục”", "Trang “Kế hoạch”, dòng 3, mục “Tên kế hoạch”: Thiếu", "Trang “Chỉ tiêu”, dòng 3, cột “Giá trị”: “abc” không phải là số.", "Trang “Nhiệm vụ”, dòng 2, cột “Nhóm”: “Vui chơi” không có trong danh sách"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := edited(t, c.change)
			wantErrors(t, err, c.want...)
		})
	}
}

func TestSpreadsheetNumbersBecomeWhatWasTyped(t *testing.T) {
	t.Parallel()
	got, err := edited(t, func(b *excelize.File) {
		percent, _ := b.NewStyle(&excelize.Style{NumFmt: 10})
		day, _ := b.NewStyle(&excelize.Style{NumFmt: 14})
		b.SetCellFloat("Chỉ tiêu", "E3", 0.335, -1, 64) // typed 33,5%
		b.SetCellStyle("Chỉ tiêu", "E3", "E3", percent)
		b.SetCellInt("Chỉ tiêu", "E4", 45839) // typed 01/07/2025
		b.SetCellStyle("Chỉ tiêu", "E4", "E4", day)
		b.SetCellInt("Kế hoạch", "B5", 44774) // typed 01/08/2022
		b.SetCellInt("Nhiệm vụ", "F3", 2024)
		b.SetCellStr("Chỉ tiêu", "C3", "percent") // the key instead of the label
	})
	if err != nil {
		t.Fatal(err)
	}
	if got.Targets[1].Value != "33.5" || got.Targets[2].Value != "2025-07-01" || got.Issued != "2022-08-01" || got.Tasks[1].Due != "2024" {
		t.Errorf("got %q, %q, %q, %q, want 33.5, 2025-07-01, 2022-08-01, 2024", got.Targets[1].Value, got.Targets[2].Value, got.Issued, got.Tasks[1].Due)
	}
}

func TestProductSheetMayBeMissingAndTitlesAreForgiving(t *testing.T) {
	t.Parallel()
	got, err := edited(t, func(b *excelize.File) {
		b.DeleteSheet("Sản phẩm")
		b.SetCellStr("Chỉ tiêu", "B1", "  CHỈ  TIÊU ")
		b.SetCellStr("Nhiệm vụ", "B1", "Nhiê\u0323m vu\u0323")
		b.InsertRows("Nhiệm vụ", 3, 2)
	})
	want := smallPlan()
	want.Products = nil
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestTemplateIsReadAfterFillingIt(t *testing.T) {
	t.Parallel()
	b, err := Template()
	if err != nil {
		t.Fatal(err)
	}
	_, err = ReadFile("mau.xlsx", bytes.NewReader(b))
	wantErrors(t, err, "Trang “Kế hoạch”, dòng 3, mục “Tên kế hoạch”: Thiếu", "Trang “Kế hoạch”, dòng 4, mục “Cơ quan ban hành”: Thiếu",
		"Trang “Kế hoạch”, dòng 5, mục “Ngày ban hành”: Thiếu", "Trang “Kế hoạch”, dòng 6, mục “Từ năm”: Thiếu", "Trang “Kế hoạch”, dòng 7, mục “Đến năm”: Thiếu")
	book := openBook(t, b)
	for i, text := range []string{"1/KH-UBND", "Kế hoạch", "UBND tỉnh", "01/08/2022", "2022", "2025"} {
		book.SetCellStr("Kế hoạch", fmt.Sprintf("B%d", i+2), text)
	}
	book.SetSheetRow("Đơn vị", "A3", &[]string{"SKHCN", "Sở Khoa học và Công nghệ"})
	book.SetSheetRow("Chỉ tiêu", "A3", &[]string{"CT1", "Khóa", "Số đếm", "≥", "5", "2025", "Khóa đào tạo nâng cao nhận thức", "", "", "SKHCN"})
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	f, err := ReadFile("mau.xlsx", &out)
	if err != nil || len(f.Departments) != 1 || len(f.Targets) != 1 || f.Targets[0].Measure != CoursesAwarenessCount || len(f.Tasks) != 0 {
		t.Errorf("got %+v, %v, want one department and one target and nothing of the examples", f, err)
	}
}

func TestTemplateHasDropDownLists(t *testing.T) {
	t.Parallel()
	b, err := Template()
	if err != nil {
		t.Fatal(err)
	}
	book := openBook(t, b)
	want := map[string]int{"Đơn vị": 0, "Chỉ tiêu": 4, "Nhiệm vụ": 2, "Sản phẩm": 1}
	for sheet, n := range want {
		rules, err := book.GetDataValidations(sheet)
		if err != nil {
			t.Fatal(err)
		}
		lists := 0
		for _, rule := range rules {
			if rule.Type == "list" && strings.HasPrefix(rule.Formula1, "'") {
				lists++
			}
		}
		if lists != n {
			t.Errorf("%s: got %d drop-down lists, want %d", sheet, lists, n)
		}
	}
}

// bigBook has rows full rows of tasks.
func bigBook(t *testing.T, rows int) []byte {
	t.Helper()
	book := openBook(t, mustWrite(t, File{}))
	book.DeleteSheet("Nhiệm vụ")
	book.NewSheet("Nhiệm vụ")
	w, err := book.NewStreamWriter("Nhiệm vụ")
	if err != nil {
		t.Fatal(err)
	}
	w.SetRow("A1", []any{"Mã", "Nhiệm vụ", "Nhóm", "Chủ trì"})
	for i := range rows {
		w.SetRow(fmt.Sprintf("A%d", i+2), []any{fmt.Sprintf("N%d", i), "Nhiệm vụ", "dao-tao", "SKHCN"})
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHundredThousandRowsAreRefusedEarly(t *testing.T) {
	b := bigBook(t, 100_000)
	var err error
	allocated := allocated(func() { _, err = ReadFile("big.xlsx", bytes.NewReader(b)) })
	errs, ok := err.(Errors)
	if !ok || !strings.Contains(errs.Error(), "Trang “Nhiệm vụ”: Trang có hơn 5000 dòng") {
		t.Fatalf("got %v, want a refusal for more than 5000 rows", err)
	}
	if allocated > 200 {
		t.Errorf("%d MiB allocated, want at most 200", allocated)
	}
}

// allocated returns how many MiB f allocates; nothing else may run meanwhile.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) >> 20
}

func TestFileThatUnpacksTooLargeIsRefused(t *testing.T) {
	t.Parallel()
	for name, parts := range map[string]map[string]int{
		"one sheet":    {"xl/worksheets/sheet1.xml": 25},
		"all together": {"xl/worksheets/sheet1.xml": 20, "xl/worksheets/sheet2.xml": 20},
		"strings":      {"xl/sharedStrings.xml": 5},
		"styles":       {"xl/styles.xml": 3},
	} {
		var out bytes.Buffer
		archive := zip.NewWriter(&out)
		for path, size := range parts {
			part, err := archive.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			part.Write(make([]byte, size<<20))
		}
		archive.Close()
		_, err := ReadFile(name+".xlsx", bytes.NewReader(out.Bytes()))
		wantErrors(t, err, "Tệp kế hoạch: Tệp XLSX quá lớn khi mở ra")
	}
	_, err := ReadFile("big.xlsx", bytes.NewReader(make([]byte, MaxXLSX+1)))
	wantErrors(t, err, "Tệp kế hoạch: Tệp lớn hơn 5 MiB.")
}

// withTasks is the small plan's workbook with other XML as its sheet of tasks.
func withTasks(t *testing.T, xml string) []byte {
	t.Helper()
	old := mustWrite(t, smallPlan())
	reader, err := zip.NewReader(bytes.NewReader(old), int64(len(old)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	writer := zip.NewWriter(&out)
	for _, part := range reader.File {
		if part.Name != "xl/worksheets/sheet4.xml" {
			if err := writer.Copy(part); err != nil {
				t.Fatal(err)
			}
		}
	}
	part, err := writer.Create("xl/worksheets/sheet4.xml")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(part, `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>`, xml)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestHostileSheetsAreRefusedWithLittleMemory(t *testing.T) {
	for name, xml := range map[string]string{
		"row far below":     `<row r="1"><c r="A1"><v>1</v></c></row><row r="2000000000"><c r="A2000000000"><v>1</v></c></row>`,
		"row numbers lie":   strings.Repeat(`<row r="1"><c r="A1"><v>1</v></c></row>`, 100_000),
		"negative row":      strings.Repeat(`<row r="-7"><c r="A1"><v>1</v></c></row>`, 10_000),
		"widest rows":       strings.Repeat(`<row><c r="XFD1"><v>1</v></c></row>`, 6_000),
		"widest blank rows": strings.Repeat(`<row><c r="XFD1"></c></row>`, 6_000),
		"no such string":    `<row r="1"><c r="A1" t="s"><v>99999999</v></c></row>`,
		"negative string":   `<row r="1"><c r="A1" t="s"><v>-5</v></c></row>`,
		"column impossible": `<row r="1"><c r="ZZZZZZ1"><v>1</v></c></row>`,
		"not closed":        `<row r="1"><c r="A1"><v>1`,
	} {
		t.Run(name, func(t *testing.T) {
			b := withTasks(t, xml)
			var err error
			allocated := allocated(func() { _, err = ReadFile("hostile.xlsx", bytes.NewReader(b)) })
			if _, ok := err.(Errors); !ok {
				t.Errorf("got %v, want Errors", err)
			}
			if allocated > 200 {
				t.Errorf("%d MiB allocated, want at most 200", allocated)
			}
		})
	}
}

func TestGarbageIsRefused(t *testing.T) {
	t.Parallel()
	_, err := ReadFile("garbage.xlsx", strings.NewReader("PK\x03\x04 không phải bảng tính"))
	wantErrors(t, err, "Tệp kế hoạch: Nội dung không phải là tệp XLSX")
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	part, _ := archive.Create("xl/workbook.xml")
	part.Write([]byte("<workbook><sheets><sheet"))
	archive.Close()
	if _, err = ReadFile("broken.xlsx", bytes.NewReader(out.Bytes())); err == nil {
		t.Error("got a plan from a broken workbook")
	}
	good := mustWrite(t, smallPlan())
	if _, err = ReadFile("cut.xlsx", bytes.NewReader(good[:len(good)/2])); err == nil {
		t.Error("got a plan from half a file")
	}
}
