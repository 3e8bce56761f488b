package label

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"rsc.io/qr"
)

// Correction says how much of a QR symbol may be damaged and still be read (ISO/IEC 18004).
type Correction int

// Medium is the default; Low gives the smallest symbol, High the toughest.
const (
	Medium   Correction = iota // 15 % of the codewords
	Low                        // 7 %
	Quartile                   // 25 %
	High                       // 30 %
)

// quietZone is the white margin of a QR symbol on each side, in modules.
const quietZone = 4

var errNoURL = errors.New("empty url")

// encodeQR returns the symbol of url, in the smallest version. A url of only 0-9 A-Z $%*+-./: and space takes the
// alphanumeric mode (5.5 bits a character instead of 8), so give it in upper case where that means the same.
func encodeQR(url string, c Correction) (*qr.Code, error) {
	if url == "" {
		return nil, errNoURL
	}
	level, known := map[Correction]qr.Level{Low: qr.L, Medium: qr.M, Quartile: qr.Q, High: qr.H}[c]
	if !known {
		return nil, fmt.Errorf("unknown QR correction %d", c)
	}
	code, err := qr.Encode(url, level)
	if err != nil {
		return nil, fmt.Errorf("encoding a url of %d bytes: %w", len(url), err)
	}
	return code, nil
}

// run is a horizontal run of black modules, counted from the symbol's upper left corner without quiet zone.
type run struct{ x, y, width int }

// runsOf yields the black modules of a symbol row by row, neighbours merged.
func runsOf(code *qr.Code) iter.Seq[run] {
	return func(yield func(run) bool) {
		for y := range code.Size {
			for x := 0; x < code.Size; x++ {
				start := x
				for code.Black(x, y) {
					x++
				}
				if x > start && !yield(run{start, y, x - start}) {
					return
				}
			}
		}
	}
}

// SVG returns the QR symbol of url, correction Medium, as an <svg> element for a web page: black on its own white ground
// with quiet zone, one unit a module, no size of its own. The url does not appear in the text of the element.
func SVG(url string) (string, error) {
	code, err := encodeQR(url, Medium)
	if err != nil {
		return "", fmt.Errorf("drawing a QR symbol: %w", err)
	}
	side := strconv.Itoa(code.Size + 2*quietZone)
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + side + ` ` + side +
		`" role="img" aria-label="Mã QR" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + side + `v` + side + `H0z"/><path d="`)
	for r := range runsOf(code) {
		fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", r.x+quietZone, r.y+quietZone, r.width, r.width)
	}
	b.WriteString(`"/></svg>`)
	return b.String(), nil
}
