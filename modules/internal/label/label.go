// Package label prints QR labels: whole sheets as PDF, and one symbol as SVG for a web page.
package label

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"rsc.io/qr"

	"txng/tenant/fault"
)

// MaxLabels is the most labels one file may hold, which bounds the memory it takes.
const MaxLabels = 20_000

// MinModule is the least side of a QR module in mm; GS1 asks for 0.396 at the till (General Specifications 5.12.3.1).
const MinModule = 0.4

// Label is what is printed on one label.
type Label struct {
	// URL is what the QR symbol says. In upper case it needs a smaller symbol.
	URL string
	// Lines are printed beside the symbol: the first (the product's name) in bold, then e.g. producer and lot, and last
	// the serial in groups that can be read aloud. Too long lines wrap; when there is no room the longest lose their
	// end to an ellipsis. The last of several lines is never shortened.
	Lines []string
	// Address is printed under the second line in small type; "" for none. It is never cut: with its end gone it would be
	// another address.
	Address string
}

// Sheet describes an A4 sheet of equal labels and how to print on it. Lengths are in mm, type sizes in points.
type Sheet struct {
	Cols, Rows    int
	Width, Height float64 // of one label
	Left, Top     float64 // from the edge of the paper to the first label
	GapX, GapY    float64 // between labels
	PadX, PadY    float64 // inside a label, kept free
	QRSide        float64 // the most a QR symbol may take, with its quiet zone
	Title, Text   float64 // type sizes of the first and of the other lines
	Small         float64 // type size of an address; 0 for a label too small to have one
	Footer        float64 // from the upper edge of the paper to the base of the footer's line; 0 prints no footer
	CutLines      bool    // print the outline of each label in light grey
	Correction    Correction
	Made          time.Time // date in the properties of the file; zero takes that of the clock
}

// A4x24 is the common sheet of 24 labels, 70 × 37 mm, without gaps. It has no margin, so the padding keeps the content
// where office printers can print (5 mm from the edge), and the footer stands in the padding of the last row.
var A4x24 = Sheet{
	Cols: 3, Rows: 8, Width: 70, Height: 37, Left: 0, Top: 0.5, PadX: 5, PadY: 5,
	QRSide: 27, Title: 9, Text: 7.6, Small: 6.2, Footer: 293.4, CutLines: true,
}

// A4x65 is the common sheet of 65 small labels, 38.1 × 21.2 mm.
var A4x65 = Sheet{
	Cols: 5, Rows: 13, Width: 38.1, Height: 21.2, Left: 4.75, Top: 10.7, GapX: 2.5, PadX: 0.8, PadY: 1.2,
	QRSide: 18.8, Title: 5.8, Text: 5.2, Footer: 291.5, CutLines: true,
}

const (
	pageWidth, pageHeight = 210.0, 297.0
	pointsPerMM           = 72 / 25.4
	// dot is the smallest step of a 300 dpi printer in mm. Modules are whole dots, so that they print equally wide.
	dot        = 25.4 / 300
	leading    = 1.28 // line height in type sizes; stacked marks of Vietnamese capitals need this
	ascent     = 0.98 // of that, above the base line
	footerSize = 5    // points
	fontFamily = "be"
	lightGrey  = 205
	footerGrey = 110
	hairline   = 0.1 // mm
)

//go:embed fonts/BeVietnamPro_400Regular.ttf
var regularFont []byte

//go:embed fonts/BeVietnamPro_600SemiBold.ttf
var boldFont []byte

// WritePDF writes a PDF with one label for each of labels, row by row, as many sheets as needed.
// title names the file and stands in the footer of each sheet, before its number.
// Nothing is written on an error: fault.Invalid for no labels at all and for an address that does not fit, fault.TooLarge
// for more than MaxLabels,
// otherwise an empty URL, or one whose symbol would have modules below MinModule on this sheet.
func WritePDF(w io.Writer, sheet Sheet, title string, labels iter.Seq[Label]) error {
	if err := sheet.check(); err != nil {
		return err
	}
	var all []Label
	for l := range labels {
		if len(all) == MaxLabels {
			return fault.Say(fault.TooLarge, "Một tệp chỉ in được tối đa 20.000 tem. Hãy chia đợt tem thành nhiều tệp.")
		}
		all = append(all, l)
	}
	if len(all) == 0 {
		return fault.Invalid{{Name: "labels", Message: "Chưa có tem nào để in."}}
	}

	p := newPrinter(sheet, title)
	perPage := sheet.Cols * sheet.Rows
	pages := (len(all) + perPage - 1) / perPage
	for i, l := range all {
		if i%perPage == 0 {
			p.pdf.AddPage()
			p.footer(i/perPage+1, pages)
		}
		col, row := i%perPage%sheet.Cols, i%perPage/sheet.Cols
		x := sheet.Left + float64(col)*(sheet.Width+sheet.GapX)
		y := sheet.Top + float64(row)*(sheet.Height+sheet.GapY)
		if err := p.label(l, x, y); err != nil {
			return fmt.Errorf("printing label %d of %d: %w", i+1, len(all), err)
		}
	}
	if err := p.pdf.Output(w); err != nil {
		return fmt.Errorf("writing the labels' pdf: %w", err)
	}
	return nil
}

// check tells whether the labels lie on an A4 page and leave room for a symbol.
func (s Sheet) check() error {
	if s.Cols < 1 || s.Rows < 1 || s.Title <= 0 || s.Text <= 0 {
		return errors.New("label sheet: no rows, columns or type size")
	}
	right := s.Left + float64(s.Cols)*(s.Width+s.GapX) - s.GapX
	bottom := s.Top + float64(s.Rows)*(s.Height+s.GapY) - s.GapY
	const tolerance = 1e-6
	if s.Left < 0 || s.Top < 0 || right > pageWidth+tolerance || bottom > pageHeight+tolerance {
		return fmt.Errorf("label sheet: labels reach to %.1f × %.1f mm, beyond A4", right, bottom)
	}
	if s.QRSide > s.Height-2*s.PadY+tolerance || s.QRSide > s.Width-2*s.PadX+tolerance {
		return fmt.Errorf("label sheet: a symbol of %.1f mm does not fit a label of %.1f × %.1f mm", s.QRSide, s.Width, s.Height)
	}
	return nil
}

// printer draws the labels of one file.
type printer struct {
	sheet Sheet
	title string
	pdf   *fpdf.Fpdf
}

func newPrinter(sheet Sheet, title string) *printer {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.AddUTF8FontFromBytes(fontFamily, "", regularFont)
	pdf.AddUTF8FontFromBytes(fontFamily, "B", boldFont)
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(sheet.Made)
	pdf.SetModificationDate(sheet.Made)
	pdf.SetLang("vi-VN")
	title = printable(title)
	pdf.SetTitle(title, true)
	return &printer{sheet: sheet, title: title, pdf: pdf}
}

// footer prints the title of the file and the number of the sheet.
func (p *printer) footer(page, pages int) {
	if p.sheet.Footer == 0 {
		return
	}
	size := p.font("", footerSize)
	number := fmt.Sprintf("Tờ %d/%d", page, pages)
	if p.title != "" {
		number = " · " + number
	}
	left := p.sheet.Left + p.sheet.PadX
	// It stays below the first label, short of whatever is printed beside it.
	title := shorten(p.title, 0.6*pageWidth-size(number), size)
	p.pdf.SetTextColor(footerGrey, footerGrey, footerGrey)
	p.pdf.Text(left, p.sheet.Footer, title+number)
	p.pdf.SetTextColor(0, 0, 0)
}

// font selects a style and size in points and returns how to measure it.
func (p *printer) font(style string, size float64) measure {
	p.pdf.SetFont(fontFamily, style, size)
	return p.pdf.GetStringWidth
}

// label draws one label with its upper left corner at x, y.
func (p *printer) label(l Label, x, y float64) error {
	s := p.sheet
	code, err := encodeQR(l.URL, s.Correction)
	if err != nil {
		return err
	}
	modules := float64(code.Size + 2*quietZone)
	module := dot * math.Floor(s.QRSide/modules/dot+1e-9)
	if module < MinModule {
		return fmt.Errorf("a url of %d characters needs a symbol of %d modules, below %.1f mm each on %.1f mm",
			len(l.URL), code.Size, MinModule, s.QRSide)
	}
	if s.CutLines {
		p.pdf.SetDrawColor(lightGrey, lightGrey, lightGrey)
		p.pdf.SetLineWidth(hairline)
		p.pdf.Rect(x, y, s.Width, s.Height, "D")
	}
	side := module * modules
	p.symbol(code, x+s.PadX+quietZone*module, y+(s.Height-side)/2+quietZone*module, module)
	left := x + s.PadX + side
	return p.lines(l, left, y+s.PadY, x+s.Width-s.PadX-left, s.Height-2*s.PadY)
}

// symbol draws a QR symbol without quiet zone as one filled path, its upper left module at x, y.
func (p *printer) symbol(code *qr.Code, x, y, module float64) {
	// The path is in modules, downwards; the matrix brings it to points, upwards. One path leaves no seams between runs.
	scale := module * pointsPerMM
	path := fmt.Appendf(nil, "q 0 g %.3f 0 0 %.3f %.3f %.3f cm", scale, -scale, x*pointsPerMM, (pageHeight-y)*pointsPerMM)
	for r := range runsOf(code) {
		path = fmt.Appendf(path, " %d %d %d 1 re", r.x, r.y, r.width)
	}
	p.pdf.RawWriteStr(string(path) + " f Q")
}

// line is one of a label's lines, broken into rows.
type line struct {
	block
	style  string
	size   float64 // points
	height float64 // of a row, mm
	keep   int     // rows that are printed
	whole  bool    // no row of it may go
}

// errAddress is the answer to an address that cannot be printed whole.
var errAddress = fault.Invalid{{Name: "dia-chi", Message: "Địa chỉ dài quá, không in hết được trên nhãn khổ này. Chọn nhãn lớn hơn hoặc không in địa chỉ."}}

// lines draws the text of a label, centred in the height of the box. errAddress when its address does not fit.
func (p *printer) lines(of Label, x, y, width, height float64) error {
	if of.Address != "" && p.sheet.Small == 0 {
		return errAddress
	}
	var lines []line
	add := func(text, style string, size float64, whole bool) {
		l := line{style: style, size: size, height: size * leading / pointsPerMM, whole: whole}
		l.block = breakText(printable(text), width, p.font(l.style, l.size))
		l.keep = len(l.rows)
		lines = append(lines, l)
	}
	for i, text := range of.Lines {
		if i == 0 {
			add(text, "B", p.sheet.Title, false)
		} else {
			add(text, "", p.sheet.Text, false)
		}
		if i == min(1, len(of.Lines)-1) && of.Address != "" {
			add(of.Address, "", p.sheet.Small, true)
		}
	}
	high := fit(lines, height)
	if of.Address != "" && high > height {
		return errAddress
	}
	y += (height - high) / 2
	for _, l := range lines {
		if l.keep == 0 {
			continue
		}
		p.font(l.style, l.size)
		for _, row := range l.within(l.keep) {
			p.pdf.Text(x, y+ascent*l.size/pointsPerMM, row)
			y += l.height
		}
	}
	return nil
}

// fit takes rows from lines until they are at most height mm high, and returns how high they are. It takes from the
// longest line, of equal ones from the later; a line may go altogether. The last line, a row of the first and what is to
// stay whole stay, even where they are too high.
func fit(lines []line, height float64) float64 {
	total := 0.0
	for _, l := range lines {
		total += float64(l.keep) * l.height
	}
	for total > height {
		longest := -1
		for i, l := range lines[:max(0, len(lines)-1)] {
			spare := !l.whole && (l.keep > 1 || l.keep == 1 && i > 0)
			if spare && (longest < 0 || l.keep >= lines[longest].keep) {
				longest = i
			}
		}
		if longest < 0 {
			break
		}
		lines[longest].keep--
		total -= lines[longest].height
	}
	return total
}
