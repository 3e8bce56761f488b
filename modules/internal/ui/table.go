package ui

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Column is one column of a list. Key is its name in the query key "sap"; Numeric aligns right with
// tabular figures; HidePhone leaves the column out below 768 px.
type Column struct {
	Key, Label                   string
	Numeric, Sortable, HidePhone bool
}

// Grid is a list with its filters, pages and exports. Path and Query reproduce it: every link keeps
// Query and changes only what it must. Page counts from 1; PerPage 0 means 20. Each row has one cell
// per column. A filter's Value, when empty, is taken from Query by its Name.
type Grid struct {
	Caption              string
	Columns              []Column
	Rows                 [][]templ.Component
	Total, Page, PerPage int
	Sort                 string // column key, "-" in front for descending
	Path                 string
	Query                url.Values
	Filters              []Field
	Export               bool
	Empty                Empty
}

func (g Grid) page() int { return max(1, g.Page) }

func (g Grid) perPage() int {
	if g.PerPage <= 0 {
		return 20
	}
	return g.PerPage
}

func (g Grid) pages() int { return max(1, (g.Total+g.perPage()-1)/g.perPage()) }

// with is the list's address with some query keys changed; an empty value removes the key.
func (g Grid) with(changes ...string) string {
	query := url.Values{}
	for key, values := range g.Query {
		query[key] = values
	}
	query.Del(QueryExport)
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i+1] == "" {
			query.Del(changes[i])
		} else {
			query.Set(changes[i], changes[i+1])
		}
	}
	if len(query) == 0 {
		return g.Path
	}
	return g.Path + "?" + query.Encode()
}

func (g Grid) pageLink(page int) string {
	if page <= 1 {
		return g.with(QueryPage, "")
	}
	return g.with(QueryPage, strconv.Itoa(page))
}

// sortLink sorts by the column, or turns the order round when it already does.
func (g Grid) sortLink(c Column) string {
	next := c.Key
	if g.Sort == c.Key {
		next = "-" + c.Key
	}
	return g.with(QuerySort, next, QueryPage, "")
}

// order is "ascending", "descending" or "none", as aria-sort wants it.
func (g Grid) order(c Column) string {
	switch g.Sort {
	case c.Key:
		return "ascending"
	case "-" + c.Key:
		return "descending"
	}
	return "none"
}

// filters are the fields of the filter bar with the values of the query in them.
func (g Grid) filters() []Field {
	fields := make([]Field, 0, len(g.Filters))
	for _, f := range g.Filters {
		f.Optional = true
		if f.Value == "" {
			f.Value = g.Query.Get(f.Name)
		}
		if f.Multiple && f.Values == nil {
			f.Values = g.Query[f.Name]
		}
		fields = append(fields, f)
	}
	return fields
}

// kept are the query keys that the filter form must carry along: neither filters, page nor sort.
func (g Grid) kept() map[string]string {
	kept := map[string]string{}
	for key := range g.Query {
		kept[key] = g.Query.Get(key)
	}
	for _, f := range g.Filters {
		delete(kept, f.Name)
		delete(kept, PickerQuery(f.Name))
	}
	delete(kept, PickerSubmit)
	delete(kept, QueryPage)
	delete(kept, QueryExport)
	delete(kept, QuerySort)
	return kept
}

// filtered says whether any filter narrows the list.
func (g Grid) filtered() bool {
	for _, f := range g.filters() {
		if f.Value != "" || len(f.Values) > 0 {
			return true
		}
	}
	return false
}

// asked says whether the address asks for a part of the list: then the filters stay in sight, however little they find.
func (g Grid) asked() bool {
	if g.filtered() {
		return true
	}
	for _, f := range g.Filters {
		if g.Query.Has(PickerQuery(f.Name)) || f.Error != "" {
			return true
		}
	}
	return false
}

// clearLink is the list without its filters; sort and the other keys stay.
func (g Grid) clearLink() string {
	changes := []string{QueryPage, ""}
	for _, f := range g.Filters {
		changes = append(changes, f.Name, "", PickerQuery(f.Name), "")
	}
	return g.with(changes...)
}

// sortOptions are the choices of the sort box that phones see instead of the column heads.
func (g Grid) sortOptions() []Option {
	var options []Option
	for _, c := range g.Columns {
		if c.Sortable {
			options = append(options,
				Option{Value: c.Key, Label: c.Label + " (tăng dần)"},
				Option{Value: "-" + c.Key, Label: c.Label + " (giảm dần)"})
		}
	}
	return options
}

// rangeText reads "1–20 trong 1.234".
func (g Grid) rangeText() string {
	first := (g.page()-1)*g.perPage() + 1
	last := min(first+len(g.Rows)-1, g.Total)
	return number(int64(first)) + "–" + number(int64(last)) + " trong " + number(int64(g.Total))
}

// pageWindow lists the page numbers to show: first, last, and two around the present; 0 marks a gap.
func (g Grid) pageWindow() []int {
	var window []int
	last := 0
	for p := 1; p <= g.pages(); p++ {
		if p != 1 && p != g.pages() && (p < g.page()-1 || p > g.page()+1) {
			continue
		}
		if p-last > 1 {
			window = append(window, 0)
		}
		window = append(window, p)
		last = p
	}
	return window
}

// empty is what to say when there are no rows: none match, or the caller's own words.
func (g Grid) empty() Empty {
	if g.filtered() {
		return Empty{
			Icon:   "search",
			Why:    "Không có dòng nào khớp với điều kiện lọc",
			Next:   "Thử bớt từ khóa hoặc bỏ bớt điều kiện. Tìm không dấu cũng được.",
			Action: Link{Label: "Bỏ lọc", Href: g.clearLink(), Icon: "x"},
		}
	}
	if g.Empty.Why == "" {
		e := g.Empty
		e.Why = "Chưa có dữ liệu"
		return e
	}
	return g.Empty
}

// number writes a whole number the Vietnamese way: 1.234.567.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte('.')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}
