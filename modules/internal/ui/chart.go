package ui

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Point is one value of a chart. Text is the value in Vietnamese; empty lets the chart write it.
type Point struct {
	Label string
	Value float64
	Text  string
	Href  string
}

// Series is a named row of points. All series of a chart have the same labels in the same order.
// A chart draws at most six series; the table behind it holds all of them.
type Series struct {
	Name   string
	Points []Point
}

// FunnelStage is one stage of a funnel: Count of Of (0 leaves the share out). Text is a note;
// Before is the figure from before the system existed, in words.
type FunnelStage struct {
	Label     string
	Count, Of int64
	Text      string
	Href      string
	Before    string
}

const maxSeries = 6

// drawn are the series that a chart draws.
func drawn(s []Series) []Series { return s[:min(len(s), maxSeries)] }

// text is the point's value in words: its own, or the number with the unit when that is "%".
func (p Point) text(unit string) string {
	switch {
	case p.Text != "":
		return p.Text
	case unit == "%":
		return decimal(p.Value) + " %"
	}
	return decimal(p.Value)
}

// decimal writes a number the Vietnamese way with at most one decimal place: 1.234,5.
func decimal(v float64) string {
	tenths := int64(math.Round(math.Abs(v) * 10))
	text := number(tenths / 10)
	if tenths%10 != 0 {
		text += "," + strconv.FormatInt(tenths%10, 10)
	}
	if v < 0 && tenths != 0 {
		return "-" + text
	}
	return text
}

// pct writes a share of 100 as an SVG length.
func pct(share float64) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		share = 0
	}
	return strconv.FormatFloat(math.Round(share*100)/100, 'f', -1, 64) + "%"
}

func px(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// labels are the labels of the longest series.
func labels(s []Series) []string {
	var longest []Point
	for _, row := range s {
		if len(row.Points) > len(longest) {
			longest = row.Points
		}
	}
	names := make([]string, len(longest))
	for i, p := range longest {
		names[i] = p.Label
	}
	return names
}

// at is the i-th point of a series, or none when the series is shorter.
func (s Series) at(i int) (Point, bool) {
	if i >= len(s.Points) {
		return Point{}, false
	}
	return s.Points[i], true
}

func highest(s []Series) float64 {
	top := 0.0
	for _, row := range s {
		for _, p := range row.Points {
			top = max(top, p.Value)
		}
	}
	return top
}

// barRoom is the share of the width that the longest bar may take, so that its value fits beside it
// on the narrowest phone (about 2.7% of the width a character).
func barRoom(s []Series, unit string) float64 {
	longest := 0
	for _, row := range s {
		for _, p := range row.Points {
			longest = max(longest, utf8.RuneCountInString(p.text(unit)))
		}
	}
	return 100 - min(60, 4+2.7*float64(longest))
}

// barWidth is a value's bar as a share of the width; values below zero have none.
func barWidth(v, top, room float64) float64 {
	if top <= 0 || v <= 0 {
		return 0
	}
	return v / top * room
}

// lineGeometry maps values to a plot of a fixed height; x is a share of the width.
type lineGeometry struct {
	low, high float64
	ticks     []float64
	count     int
}

const lineHeight = 200.0

// newLineGeometry chooses round tick values around all points; it starts at zero unless some are below.
func newLineGeometry(s []Series) lineGeometry {
	low, high := 0.0, highest(s)
	for _, row := range s {
		for _, p := range row.Points {
			low = min(low, p.Value)
		}
	}
	if high == low {
		high = low + 1
	}
	step := niceStep((high - low) / 5)
	low, high = math.Floor(low/step)*step, math.Ceil(high/step)*step
	g := lineGeometry{low: low, high: high, count: len(labels(s))}
	for i := 0; i <= int(math.Round((high-low)/step)); i++ {
		g.ticks = append(g.ticks, low+float64(i)*step)
	}
	return g
}

// niceStep rounds up to 1, 2, 2.5 or 5 times a power of ten.
func niceStep(raw float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 2.5, 5} {
		if raw <= m*power*1.0000001 {
			return m * power
		}
	}
	return 10 * power
}

func (g lineGeometry) x(i int) float64 {
	if g.count < 2 {
		return 50
	}
	return float64(i) / float64(g.count-1) * 100
}

func (g lineGeometry) y(v float64) float64 {
	return lineHeight - (v-g.low)/(g.high-g.low)*lineHeight
}

// endY are the heights of the words at the lines' ends, moved apart so that none covers another.
func (g lineGeometry) endY(s []Series) []float64 {
	const apart = 17
	ys := make([]float64, len(s))
	for i, row := range s {
		if n := len(row.Points); n > 0 {
			ys[i] = g.y(row.Points[n-1].Value)
		}
	}
	for range len(s) {
		for i := range ys {
			for j := range ys {
				gap := ys[j] - ys[i]
				if i == j || math.Abs(gap) >= apart || gap < 0 || (gap == 0 && i > j) {
					continue
				}
				push := (apart - gap) / 2
				ys[i] -= push
				ys[j] += push
			}
		}
	}
	return ys
}

// tickClass says which x labels are shown: at most twelve on a desk; first, middle and last on a phone.
func (g lineGeometry) tickClass(i int) string {
	last := g.count - 1
	step := (g.count + 11) / 12
	switch {
	case i == 0, i == last, last >= 4 && last%2 == 0 && i == last/2:
		return "tick"
	case i%step == 0 && last-i >= step:
		return "tick tick-wide"
	}
	return "tick tick-none"
}

// tickAnchor keeps the first and last x label inside the plot.
func (g lineGeometry) tickAnchor(i int) string {
	switch {
	case g.count < 2:
		return "middle"
	case i == 0:
		return "start"
	case i == g.count-1:
		return "end"
	}
	return "middle"
}

// share writes count of total as "82,3 %"; nothing when there is no total.
func share(count, total int64) string {
	if total <= 0 {
		return ""
	}
	return decimal(float64(count)/float64(total)*100) + " %"
}

func (f FunnelStage) words() string {
	if f.Of <= 0 {
		return number(f.Count)
	}
	return number(f.Count) + " / " + number(f.Of) + " (" + share(f.Count, f.Of) + ")"
}

// widest is what the funnel's bars are measured against.
func widest(stages []FunnelStage) float64 {
	top := int64(0)
	for _, f := range stages {
		top = max(top, f.Count, f.Of)
	}
	return float64(top)
}

// met says whether a value reaches its target.
func met(value, target float64, op string) bool {
	switch strings.TrimSpace(op) {
	case "<=", "≤":
		return value <= target
	case "<":
		return value < target
	case ">":
		return value > target
	case "=", "==":
		return value == target
	}
	return value >= target
}

// targetStatus is the word beside a target.
func targetStatus(value, target float64, op string) Status {
	if met(value, target, op) {
		return Status{Kind: Success, Word: "Đạt"}
	}
	return Status{Kind: Warning, Word: "Chưa đạt"}
}

// targetScale is the value at the right end of a bullet bar.
func targetScale(value, target float64) float64 { return max(value, target, 0) * 1.08 }
