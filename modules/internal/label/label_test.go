package label

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"txng/tenant/fault"
)

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// serialLike returns 20 characters that look like a stamp's serial, different for every i.
func serialLike(i int) string {
	text := make([]byte, 20)
	n := uint64(i+1) * 0x9e3779b97f4a7c15
	for j := range text {
		n ^= n << 13
		n ^= n >> 7
		n ^= n << 17
		text[j] = alphabet[n&31]
	}
	return string(text)
}

func grouped(serial string) string {
	return serial[:5] + " " + serial[5:10] + " " + serial[10:15] + " " + serial[15:]
}

func stampURL(i int) string {
	return "HTTPS://NGHE-AN.TXNG.VN/01/08936012345674/21/" + serialLike(i)
}

// stamps yields n labels as an order of stamps has them.
func stamps(n int) iter.Seq[Label] {
	return func(yield func(Label) bool) {
		for i := range n {
			if !yield(Label{URL: stampURL(i), Lines: []string{
				"Cam Vinh Xã Đoài loại đặc biệt",
				"HTX Nông nghiệp Nghi Diên, Nghệ An",
				"Lô: CXD-2026-" + fmt.Sprintf("%03d", i),
				grouped(serialLike(i)),
			}}) {
				return
			}
		}
	}
}

func fixed(s Sheet) Sheet {
	s.Made = time.Date(2026, 7, 1, 8, 0, 0, 0, time.UTC)
	return s
}

// file writes labels as a PDF into a temporary folder and returns its path.
func file(t *testing.T, sheet Sheet, title string, labels iter.Seq[Label]) string {
	t.Helper()
	var b bytes.Buffer
	if err := WritePDF(&b, fixed(sheet), title, labels); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "labels.pdf")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// toolOutput runs a command-line tool and returns what it printed; without the tool the test is skipped.
func toolOutput(t *testing.T, tool string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("SKIPPED: %s is not installed (Debian packages poppler-utils, zbar-tools): the print is NOT checked", tool)
	}
	var errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), tool, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", tool, args, err, errs.String())
	}
	return string(out)
}

// scanned prints a PDF of n labels at 300 dpi, cuts the labels out and returns what a scanner reads from each, in order.
func scanned(t *testing.T, path string, sheet Sheet, n int) []string {
	t.Helper()
	toolOutput(t, "pdftoppm", "-r", "300", "-gray", path, path)
	pages, err := filepath.Glob(path + "-*.pgm")
	if err != nil || len(pages) == 0 {
		t.Fatalf("pdftoppm made no pages: %v", err)
	}
	slices.Sort(pages)
	args := []string{"--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"}
	perPage := sheet.Cols * sheet.Rows
	var page *image.Gray
	for i := range n {
		if i%perPage == 0 {
			page = readPGM(t, pages[i/perPage])
		}
		x := sheet.Left + float64(i%perPage%sheet.Cols)*(sheet.Width+sheet.GapX)
		y := sheet.Top + float64(i%perPage/sheet.Cols)*(sheet.Height+sheet.GapY)
		cut := image.Rect(int(x/dot), int(y/dot), int((x+sheet.Width)/dot), int((y+sheet.Height)/dot))
		name := filepath.Join(filepath.Dir(path), fmt.Sprintf("label-%03d.png", i))
		writePNG(t, name, page.SubImage(cut))
		args = append(args, name)
	}
	return strings.Fields(toolOutput(t, "zbarimg", args...))
}

// readPGM reads a picture as pdftoppm writes it.
func readPGM(t *testing.T, path string) *image.Gray {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var width, height, most int
	if _, err := fmt.Sscanf(string(data[:min(40, len(data))]), "P5\n%d %d\n%d", &width, &height, &most); err != nil || most != 255 {
		t.Fatalf("%s is no 8-bit PGM: %v", path, err)
	}
	picture := image.NewGray(image.Rect(0, 0, width, height))
	copy(picture.Pix, data[len(data)-width*height:])
	return picture
}

func writePNG(t *testing.T, path string, picture image.Image) {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEveryPrintedSymbolIsReadBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sheet Sheet
		n     int
	}{
		"24 a sheet":       {A4x24, 48},
		"65 a sheet":       {A4x65, 70},
		"24 a sheet, high": {withCorrection(A4x24, High), 5},
		"65 a sheet, low":  {withCorrection(A4x65, Low), 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t, c.sheet, "Đợt tem 12", stamps(c.n))
			var want []string
			distinct := make(map[string]bool)
			for i := range c.n {
				want = append(want, stampURL(i))
				distinct[stampURL(i)] = true
			}
			if len(distinct) != c.n {
				t.Fatalf("only %d of %d urls of the test are distinct", len(distinct), c.n)
			}
			if got := scanned(t, path, c.sheet, c.n); !slices.Equal(got, want) {
				t.Errorf("read %d symbols, want %d:\n got %q\nwant %q", len(got), c.n, got, want)
			}
		})
	}
}

// TestSymbolIsDrawnInWholeDots measures the printed symbol: at 300 dpi every module of A4x24 is 7 dots wide and
// nothing is printed within the quiet zone of 4 modules.
func TestSymbolIsDrawnInWholeDots(t *testing.T) {
	t.Parallel()
	path := file(t, A4x24, "Đợt tem 12", stamps(1))
	toolOutput(t, "pdftoppm", "-r", "300", "-gray", path, path)
	pages, err := filepath.Glob(path + "-*.pgm")
	if err != nil || len(pages) != 1 {
		t.Fatalf("pdftoppm made %d pages: %v", len(pages), err)
	}
	page := readPGM(t, pages[0])
	code, err := encodeQR(stampURL(0), Medium)
	if err != nil {
		t.Fatal(err)
	}
	const wide = 7
	side := float64(wide * (code.Size + 2*quietZone))
	left, top := A4x24.PadX/dot, (A4x24.Top+A4x24.Height/2)/dot-side/2
	for y := -quietZone; y < code.Size+quietZone; y++ {
		for x := -quietZone; x < code.Size+quietZone; x++ {
			px := int(left + (float64(x+quietZone)+0.5)*wide)
			py := int(top + (float64(y+quietZone)+0.5)*wide)
			if got, want := page.GrayAt(px, py).Y < 128, code.Black(x, y); got != want {
				t.Fatalf("module %d,%d is black: %v, want %v", x, y, got, want)
			}
		}
	}
}

func withCorrection(s Sheet, c Correction) Sheet {
	s.Correction = c
	return s
}

func TestVietnameseTextCanBeExtracted(t *testing.T) {
	t.Parallel()
	labels := []Label{{URL: stampURL(0), Lines: []string{
		"Nước mắm Vạn Phần",
		"Cơ sở Quỳnh Dị, thị xã Hoàng Mai",
		"Lô: ĐẶC-BIỆT 07",
		"ABCDE FGHJK",
	}}, {URL: stampURL(1), Lines: []string{
		// Decomposed letters, line breaks, and what no font has.
		"Che\u0302\u0300 Thanh\nChương \U0001f375\x00\xff",
	}}}
	path := file(t, A4x24, "Đợt tem 12 – HTX Vạn Phần", slices.Values(labels))
	text := toolOutput(t, "pdftotext", "-layout", path, "-")
	for _, want := range []string{
		"Nước mắm Vạn Phần", "Cơ sở Quỳnh Dị,", "Lô: ĐẶC-BIỆT 07", "ABCDE FGHJK", "Chề Thanh Chương",
		"Đợt tem 12 – HTX Vạn Phần · Tờ 1/1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	if info := toolOutput(t, "pdfinfo", path); !strings.Contains(info, "Đợt tem 12 – HTX Vạn Phần") {
		t.Errorf("the properties lack the title:\n%s", info)
	}
}

func TestEachSheetIsNumbered(t *testing.T) {
	t.Parallel()
	text := toolOutput(t, "pdftotext", file(t, A4x65, "Đợt tem 12", stamps(131)), "-")
	for _, want := range []string{"Đợt tem 12 · Tờ 1/3", "Đợt tem 12 · Tờ 2/3", "Đợt tem 12 · Tờ 3/3"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q stands %d times, want once", want, strings.Count(text, want))
		}
	}
}

func TestSameLabelsGiveTheSameFile(t *testing.T) {
	t.Parallel()
	var a, b bytes.Buffer
	for _, w := range []io.Writer{&a, &b} {
		if err := WritePDF(w, fixed(A4x24), "Đợt tem 12", stamps(30)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("two files of the same labels differ")
	}
}

func TestLongestLineIsShortenedButNotTheSerial(t *testing.T) {
	t.Parallel()
	for name, sheet := range map[string]Sheet{"24": A4x24, "65": A4x65} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := Label{URL: stampURL(0), Lines: []string{
				strings.Repeat("Bánh đa vừng Đô Lương truyền thống ", 6),
				strings.Repeat("Hợp tác xã dịch vụ nông nghiệp tổng hợp ", 6),
				"Lô: 2026-07-01",
				"ABCDE FGHJK MNPQR STVWX",
			}}
			text := toolOutput(t, "pdftotext", "-layout", file(t, sheet, "", slices.Values([]Label{l})), "-")
			for _, want := range []string{"Bánh đa vừng", "Hợp tác xã", "Lô: 2026-07-01", "ABCDE", "FGHJK", "MNPQR", "STVWX"} {
				if !strings.Contains(text, want) {
					t.Errorf("the text lacks %q:\n%s", want, text)
				}
			}
			if got := strings.Count(text, ellipsis); got != 2 {
				t.Errorf("%d lines end in an ellipsis, want 2:\n%s", got, text)
			}
		})
	}
}

func TestAddressIsPrintedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	l := func(address string) Label {
		return Label{URL: stampURL(1), Address: address, Lines: []string{
			"Cam Vinh Xã Đoài loại đặc biệt hái tay chọn lọc của hợp tác xã", "Hợp tác xã Nông nghiệp và Dịch vụ tổng hợp Nghi Diên", "Lô: CXD-2026-001", grouped(serialLike(1)),
		}}
	}
	const address = "Xóm 5, Xã Kim Liên, tỉnh Nghệ An (số nhà 12, đường Làng Sen)"
	text := strings.Join(strings.Fields(toolOutput(t, "pdftotext", "-layout", file(t, A4x24, "", slices.Values([]Label{l(address)})), "-")), " ")
	if !strings.Contains(text, address) || !strings.Contains(text, grouped(serialLike(1))) {
		t.Errorf("the label says %q, want the whole address and the serial", text)
	}
	for name, c := range map[string]struct {
		sheet   Sheet
		address string
	}{"too long": {A4x24, strings.Repeat("thôn ", 60)}, "on a small label": {A4x65, address}} {
		var b bytes.Buffer
		var wrong fault.Invalid
		if err := WritePDF(&b, c.sheet, "", slices.Values([]Label{l(c.address)})); !errors.As(err, &wrong) || b.Len() > 0 {
			t.Errorf("%s: %v and %d bytes, want a refusal and none", name, err, b.Len())
		}
	}
}

func TestManyLinesLeaveTheNameAndTheSerial(t *testing.T) {
	t.Parallel()
	l := Label{URL: stampURL(0), Lines: []string{"Cam Vinh"}}
	for i := range 20 {
		l.Lines = append(l.Lines, fmt.Sprintf("dòng %d", i))
	}
	l.Lines = append(l.Lines, "ABCDE FGHJK MNPQR STVWX")
	text := toolOutput(t, "pdftotext", "-layout", file(t, A4x65, "", slices.Values([]Label{l})), "-")
	for _, want := range []string{"Cam Vinh", "dòng 0", "ABCDE FGHJK", "MNPQR STVWX"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "dòng 19") || strings.Contains(text, ellipsis) {
		t.Errorf("lines beyond the label are printed:\n%s", text)
	}
}

func TestAnyCharacterCanBePrinted(t *testing.T) {
	t.Parallel()
	var lines []string
	for r := rune(0); r < 0x20000; r += 64 {
		var line []rune
		for c := range rune(64) {
			line = append(line, r+c)
		}
		lines = append(lines, string(line))
	}
	labels := func(yield func(Label) bool) {
		for pair := range slices.Chunk(lines, 2) {
			if !yield(Label{URL: "A", Lines: pair}) {
				return
			}
		}
	}
	if err := WritePDF(io.Discard, A4x24, string([]rune{0xfffc, 0x10ffff}), labels); err != nil {
		t.Error(err)
	}
}

func TestLabelWithoutTextIsJustItsSymbol(t *testing.T) {
	t.Parallel()
	path := file(t, A4x24, "", slices.Values([]Label{{URL: "https://txng.vn/a"}}))
	if got := scanned(t, path, A4x24, 1); !slices.Equal(got, []string{"https://txng.vn/a"}) {
		t.Errorf("read %q", got)
	}
}

func TestBadInputIsRefusedAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	one := func(l Label) iter.Seq[Label] { return slices.Values([]Label{l}) }
	changed := func(change func(*Sheet)) Sheet {
		s := A4x24
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		sheet  Sheet
		labels iter.Seq[Label]
		want   string
	}{
		"empty url":          {A4x24, one(Label{Lines: []string{"Cam"}}), "empty url"},
		"second url empty":   {A4x24, slices.Values([]Label{{URL: "A"}, {}}), "label 2 of 2"},
		"url too long":       {A4x24, one(Label{URL: strings.Repeat("A", 600)}), "600 characters"},
		"url beyond any QR":  {A4x24, one(Label{URL: strings.Repeat("a", 6000)}), "6000 bytes"},
		"no labels":          {A4x24, stamps(0), "Chưa có tem"},
		"too many labels":    {A4x24, stamps(MaxLabels + 1), "20.000"},
		"no columns":         {Sheet{}, stamps(1), "no rows"},
		"beyond the paper":   {changed(func(s *Sheet) { s.Rows = 9 }), stamps(1), "beyond A4"},
		"symbol too large":   {changed(func(s *Sheet) { s.QRSide = 40 }), stamps(1), "does not fit"},
		"unknown correction": {withCorrection(A4x24, 9), stamps(1), "unknown QR correction"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			err := WritePDF(&b, c.sheet, "Đợt tem 12", c.labels)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
			if b.Len() != 0 {
				t.Errorf("%d bytes were written", b.Len())
			}
		})
	}
	if err := WritePDF(io.Discard, A4x24, "", stamps(MaxLabels+1)); !errors.Is(err, fault.TooLarge) {
		t.Errorf("too many labels: got %v, want fault.TooLarge", err)
	}
	var invalid fault.Invalid
	if err := WritePDF(io.Discard, A4x24, "", stamps(0)); !errors.As(err, &invalid) {
		t.Errorf("no labels: got %v, want fault.Invalid", err)
	}
}

func TestEndlessLabelsAreNotRead(t *testing.T) {
	t.Parallel()
	read := 0
	endless := func(yield func(Label) bool) {
		for yield(Label{URL: "A"}) {
			read++
		}
	}
	if err := WritePDF(io.Discard, A4x24, "", endless); !errors.Is(err, fault.TooLarge) || read > MaxLabels {
		t.Errorf("read %d labels, error %v; want at most %d and fault.TooLarge", read, err, MaxLabels)
	}
}

func BenchmarkWritePDF(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := WritePDF(io.Discard, A4x24, "Đợt tem 12", stamps(1200)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1200, "µs/label")
}
