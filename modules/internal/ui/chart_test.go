package ui

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func series(name string, values ...float64) Series {
	s := Series{Name: name}
	for i, v := range values {
		s.Points = append(s.Points, Point{Label: fmt.Sprintf("T%d", i+1), Value: v})
	}
	return s
}

func TestChartsOfNothingStillDraw(t *testing.T) {
	t.Parallel()
	for name, html := range map[string]string{
		"bars":      render(t, BarChart("a", "", nil)),
		"lines":     render(t, LineChart("a", "", nil)),
		"one point": render(t, LineChart("a", "", []Series{series("", 0)})),
		"zeros":     render(t, BarChart("a", "%", []Series{series("", 0, 0)})),
		"funnel":    render(t, Funnel("a", nil)),
		"target":    render(t, Target("a", 0, 0, "", "")),
		"uneven":    render(t, BarChart("a", "", []Series{series("x", 1), series("y", 1, 2, 3)})),
		"tiles":     render(t, TileMap("a", nil, nil)),
	} {
		if strings.Contains(html, "NaN") || strings.Contains(html, "Inf") {
			t.Errorf("%s: got a number that is none: %s", name, html)
		}
	}
}

func TestLineAxisHoldsAllPointsWithRoundTicks(t *testing.T) {
	t.Parallel()
	for _, s := range [][]Series{{series("", 341.5, 12)}, {series("", 417)}, {series("", -30, 70)}, {series("", 0.03, 0.01)}, {series("", 2e9)}} {
		g := newLineGeometry(s)
		if n := len(g.ticks); n < 2 || n > 8 {
			t.Errorf("%v: got %d ticks %v, want 2 to 8", s, n, g.ticks)
		}
		for _, p := range s[0].Points {
			if y := g.y(p.Value); y < -0.001 || y > lineHeight+0.001 {
				t.Errorf("%v: point %v is drawn at %v, outside 0..%v", s, p.Value, y, lineHeight)
			}
		}
	}
}

func TestWordsAtLineEndsDoNotCoverEachOther(t *testing.T) {
	t.Parallel()
	s := []Series{series("a", 100), series("b", 101), series("c", 100), series("d", 300)}
	ys := newLineGeometry(s).endY(s)
	for i := range ys {
		for j := range i {
			if gap := math.Abs(ys[i] - ys[j]); gap < 14 {
				t.Errorf("%s and %s are %.1f px apart, want at least 14: %v", s[i].Name, s[j].Name, gap, ys)
			}
		}
	}
}

func TestTargetIsMetByItsOwnOperator(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value, target float64
		op            string
		want          bool
	}{{60, 60, ">=", true}, {59, 60, "", false}, {3, 5, "<=", true}, {6, 5, "≤", false}, {5, 5, "<", false}, {5, 5, "=", true}, {5, 5, ">", false}} {
		if got := met(c.value, c.target, c.op); got != c.want {
			t.Errorf("%v %s %v: got %v, want %v", c.value, c.op, c.target, got, c.want)
		}
	}
}

// seenBy turns linear RGB into what a person without one kind of cone sees (Viénot, Brettel and Mollon 1999).
var seenBy = map[string][3][3]float64{
	"normal":       {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protanopia":   {{0.11238, 0.88762, 0}, {0.11238, 0.88762, 0}, {0.00401, -0.00401, 1}},
	"deuteranopia": {{0.29275, 0.70725, 0}, {0.29275, 0.70725, 0}, {-0.02234, 0.02234, 1}},
}

func TestChartColoursAreToldApartByColourBlindPeople(t *testing.T) {
	t.Parallel()
	css := string(mustRead("static/app.css"))
	var colours []string
	for i := range maxSeries {
		found := regexp.MustCompile(fmt.Sprintf(`--c%d: (#[0-9a-f]{6})`, i)).FindStringSubmatch(css)
		if found == nil {
			t.Fatalf("no colour --c%d in app.css", i)
		}
		colours = append(colours, found[1])
	}
	for eye, matrix := range seenBy {
		for i := range colours {
			for j := range i {
				if d := labDistance(labOf(colours[i], matrix), labOf(colours[j], matrix)); d < 15 {
					t.Errorf("%s: %s and %s are %.1f apart in CIELAB, want at least 15", eye, colours[i], colours[j], d)
				}
			}
		}
	}
}

func labOf(hex string, see [3][3]float64) (lab [3]float64) {
	var linear, seen [3]float64
	for i := range linear {
		v, _ := strconv.ParseUint(hex[1+2*i:3+2*i], 16, 8)
		c := float64(v) / 255
		if c <= 0.04045 {
			linear[i] = c / 12.92
		} else {
			linear[i] = math.Pow((c+0.055)/1.055, 2.4)
		}
	}
	for i := range seen {
		for j := range linear {
			seen[i] += see[i][j] * linear[j]
		}
		seen[i] = max(0, seen[i])
	}
	f := func(v float64) float64 {
		if v > 216.0/24389 {
			return math.Cbrt(v)
		}
		return (24389.0/27*v + 16) / 116
	}
	x := f((0.4124*seen[0] + 0.3576*seen[1] + 0.1805*seen[2]) / 0.9505)
	y := f(0.2126*seen[0] + 0.7152*seen[1] + 0.0722*seen[2])
	z := f((0.0193*seen[0] + 0.1192*seen[1] + 0.9505*seen[2]) / 1.089)
	return [3]float64{116*y - 16, 500 * (x - y), 200 * (y - z)}
}

func labDistance(a, b [3]float64) float64 {
	return math.Sqrt((a[0]-b[0])*(a[0]-b[0]) + (a[1]-b[1])*(a[1]-b[1]) + (a[2]-b[2])*(a[2]-b[2]))
}
