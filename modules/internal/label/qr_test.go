package label

import (
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"path/filepath"
	"strings"
	"testing"
)

// TestStampURLNeedsAFewModules pins the sizes of symbols: version 3 has 29 modules, version 4 has 33.
func TestStampURLNeedsAFewModules(t *testing.T) {
	t.Parallel()
	const path = "/01/08936012345674/21/0123456789ABCDEFGHJK"
	for _, c := range []struct {
		host       string
		correction Correction
		modules    int
	}{
		{"HTTPS://TXNG.VN", Medium, 29},
		{"HTTPS://NAN.TXNG.VN", Medium, 29}, // 61 characters, the most that version 3 takes
		{"HTTPS://NGAN.TXNG.VN", Medium, 33},
		{"HTTPS://NGHE-AN.TXNG.VN", Medium, 33},
		{"HTTPS://NGHE-AN.TXNG.VN", Low, 29},
		{"HTTPS://NGHE-AN.TXNG.VN", Quartile, 33},
		{"HTTPS://NGHE-AN.TXNG.VN", High, 41},
		{"https://nghe-an.txng.vn", Medium, 37}, // lower case leaves the alphanumeric mode
	} {
		code, err := encodeQR(c.host+path, c.correction)
		if err != nil {
			t.Fatal(err)
		}
		if code.Size != c.modules {
			t.Errorf("%s%s, correction %d: %d modules, want %d", c.host, path, c.correction, code.Size, c.modules)
		}
	}
}

func TestRunsCoverExactlyTheBlackModules(t *testing.T) {
	t.Parallel()
	code, err := encodeQR(stampURL(0), Medium)
	if err != nil {
		t.Fatal(err)
	}
	painted := make(map[[2]int]int)
	for r := range runsOf(code) {
		for x := r.x; x < r.x+r.width; x++ {
			painted[[2]int{x, r.y}]++
		}
		if code.Black(r.x-1, r.y) || code.Black(r.x+r.width, r.y) {
			t.Errorf("run %+v could be longer", r)
		}
	}
	for y := range code.Size {
		for x := range code.Size {
			want := 0
			if code.Black(x, y) {
				want = 1
			}
			if got := painted[[2]int{x, y}]; got != want {
				t.Errorf("module %d,%d is painted %d times, want %d", x, y, got, want)
			}
		}
	}
}

// TestSVGIsReadBack draws the path of the SVG by its own small interpreter and has the picture scanned.
func TestSVGIsReadBack(t *testing.T) {
	t.Parallel()
	svg, err := SVG(stampURL(3))
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		ViewBox string `xml:"viewBox,attr"`
		Paths   []struct {
			D string `xml:"d,attr"`
		} `xml:"path"`
	}
	if err := xml.Unmarshal([]byte(svg), &parsed); err != nil {
		t.Fatalf("not XML: %v\n%s", err, svg)
	}
	if parsed.ViewBox != "0 0 41 41" || len(parsed.Paths) != 2 {
		t.Fatalf("viewBox %q with %d paths, want 0 0 41 41 (33 modules and the quiet zone) with 2", parsed.ViewBox, len(parsed.Paths))
	}
	const scale = 6
	picture := image.NewGray(image.Rect(0, 0, 41*scale, 41*scale))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	for _, part := range strings.Split(strings.TrimPrefix(parsed.Paths[1].D, "M"), "M") {
		x, y, width := runOfPath(t, part)
		for py := y * scale; py < (y+1)*scale; py++ {
			for px := x * scale; px < (x+width)*scale; px++ {
				picture.SetGray(px, py, color.Gray{})
			}
		}
	}
	path := filepath.Join(t.TempDir(), "qr.png")
	writePNG(t, path, picture)
	if got := strings.TrimSpace(toolOutput(t, "zbarimg", "--quiet", "--raw", path)); got != stampURL(3) {
		t.Errorf("read %q, want %q", got, stampURL(3))
	}
}

func TestSVGOfNothingOrTooMuchIsRefused(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]string{"nothing": "", "too much": strings.Repeat("a", 6000)} {
		if svg, err := SVG(url); err == nil || svg != "" {
			t.Errorf("%s: got %d bytes and error %v, want an error", name, len(svg), err)
		}
	}
}

// runOfPath reads "x yhWv1h-Wz".
func runOfPath(t *testing.T, part string) (x, y, width int) {
	t.Helper()
	var back int
	if _, err := fmt.Sscanf(part, "%d %dh%dv1h-%dz", &x, &y, &width, &back); err != nil || back != width {
		t.Fatalf("not a run: %q: %v", part, err)
	}
	return x, y, width
}
