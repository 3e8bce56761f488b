package web

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"txng/modules/internal/audit"
	"txng/modules/internal/sheet"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/tenant"
)

// perPage is the number of rows on a page of a list.
const perPage = 20

// MaxExport is the largest number of rows in an exported file.
const MaxExport = 50_000

// Column is one column of a list: how a row shows in it, and what stands in the exported file.
type Column[T any] struct {
	Key, Label         string // a Key makes the column sortable
	Numeric, HidePhone bool
	FileOnly           bool                    // stands in the exported file only
	Cell               func(T) templ.Component // nil: Value as text
	Value              func(T) any
}

// Query is what part of a list is asked for.
type Query struct {
	Values        url.Values // the filters
	Order         string     // a column's key, "-" before it for descending
	Limit, Offset int
}

// Get returns a filter's value, cut to a sensible length.
func (l Query) Get(name string) string {
	v := strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(l.Values.Get(name), ""), "\x00", ""))
	if runes := []rune(v); len(runes) > 200 {
		v = string(runes[:200])
	}
	return v
}

// Listing is a page that is a list: it filters, sorts, pages and exports.
type Listing[T any] struct {
	Title, Purpose string
	File           string // name of exported files, without ending
	Columns        []Column[T]
	Filters        []ui.Field
	Order          string // the order without a choice
	Empty          ui.Empty
	Primary        ui.Link
	Crumbs         []ui.Link
	Above          templ.Component // shown above the list; nil for nothing
	PerPage        int             // rows on a page; 0 means 20
	// Origin returns the tenant that a row belongs to, shown where provinces were merged; nil: rows have none.
	Origin func(T) tenant.ID
	// HomeOnly: no row is of a province that was merged into this one, so that there is nothing to filter by.
	HomeOnly bool
	// Load returns the rows of a query and the number of all rows of its filters.
	Load func(tx tenant.Tx, l Query) (rows []T, total int, err error)
}

// Answer shows the list, or exports it.
func (l Listing[T]) Answer(q *Request, tx tenant.Tx) (Answer, error) {
	return l.AnswerWith(q, func(query Query) ([]T, int, error) { return l.Load(tx, query) })
}

// AnswerWith is Answer for rows that come through another door than a tenant's: load takes Load's place.
func (l Listing[T]) AnswerWith(q *Request, load func(Query) (rows []T, total int, err error)) (Answer, error) {
	l, err := l.withOrigin(q)
	if err != nil {
		return Answer{}, err
	}
	values := q.URL.Query()
	size := l.PerPage
	if size == 0 {
		size = perPage
	}
	query := Query{Values: values, Order: l.order(values.Get(ui.QuerySort)), Limit: size}
	page, _ := strconv.Atoi(values.Get(ui.QueryPage))
	page = min(max(page, 1), 1_000_000)
	query.Offset = (page - 1) * size
	format := values.Get(ui.QueryExport)
	if format == ui.ExportXLSX || format == ui.ExportCSV {
		query.Limit, query.Offset = MaxExport, 0
		rows, _, err := load(query)
		if err != nil {
			return Answer{}, err
		}
		if err := l.noteExport(q, query, format, len(rows)); err != nil {
			return Answer{}, fmt.Errorf("note the export: %w", err)
		}
		return l.export(format, rows), nil
	}
	rows, total, err := load(query)
	if err != nil {
		return Answer{}, err
	}
	g := ui.Grid{
		Caption: l.Title, Total: total, Page: page, PerPage: size, Sort: query.Order, Path: q.URL.Path, Query: values,
		Filters: l.Filters, Export: total > 0, Empty: l.Empty,
	}
	shown := slices.DeleteFunc(slices.Clone(l.Columns), func(c Column[T]) bool { return c.FileOnly })
	for _, c := range shown {
		g.Columns = append(g.Columns, ui.Column{Key: c.Key, Label: c.Label, Numeric: c.Numeric, Sortable: c.Key != "", HidePhone: c.HidePhone})
	}
	for _, row := range rows {
		cells := make([]templ.Component, len(shown))
		for i, c := range shown {
			cells[i] = c.cell(row)
		}
		g.Rows = append(g.Rows, cells)
	}
	shell := q.Shell(l.Title, l.Purpose)
	shell.Primary, shell.Crumbs = l.Primary, l.Crumbs
	body := ui.Table(g)
	if l.Above != nil {
		body = ui.Join(l.Above, body)
	}
	if cut := q.cutNotice(); cut != nil {
		body = ui.Join(cut, body)
	}
	return q.Show(shell, body), nil
}

// order returns a known order, or the list's own.
func (l Listing[T]) order(asked string) string {
	key := strings.TrimPrefix(asked, "-")
	if key != "" && slices.ContainsFunc(l.Columns, func(c Column[T]) bool { return c.Key == key }) {
		return asked
	}
	return l.Order
}

func (c Column[T]) cell(row T) templ.Component {
	if c.Cell != nil {
		return c.Cell(row)
	}
	switch v := c.Value(row).(type) {
	case string:
		return ui.Text(v)
	case int64:
		return ui.Num(v)
	case int:
		return ui.Num(int64(v))
	}
	return ui.Text("")
}

// noteExport writes into the tenant's audit, or above the tenants the platform's, who takes the list away as a file. It
// goes through the platform's door: the list's own transaction only reads, another one of the tenant would wait for a
// connection while holding one, and a suspended tenant's lists are exported, too. An export that cannot be noted does
// not happen.
func (l Listing[T]) noteExport(q *Request, query Query, format string, rows int) error {
	what := "Xuất “" + l.Title + "” ra tệp " + strings.ToUpper(format) + ", " + vi.Int(int64(rows)) + " dòng"
	if filters := l.filtersOf(query); filters != "" {
		what += ". Lọc " + filters
	}
	return q.app.DB.Platform(q.Context(), func(tx tenant.Platform) error {
		return audit.WriteAsPlatform(q.Context(), tx, q.Who, q.Who.Tenant, "list.export", audit.Record{Subject: "list", Org: q.Who.Org}, what+".")
	})
}

// filtersOf says which filters are set: "Trạng thái: Đã duyệt; Loại hình: Hợp tác xã".
func (l Listing[T]) filtersOf(query Query) string {
	var set []string
	for _, f := range l.Filters {
		value := query.Get(f.Name)
		if value == "" {
			continue
		}
		for _, o := range f.Options {
			if o.Value == value {
				value = o.Label
				break
			}
		}
		set = append(set, f.Label+": "+value)
	}
	return strings.Join(set, "; ")
}

func (l Listing[T]) export(format string, rows []T) Answer {
	var cols []sheet.Column
	for _, c := range l.Columns {
		cols = append(cols, sheet.Column{Title: c.Label, Numeric: c.Numeric})
	}
	each := func(yield func([]any, error) bool) {
		for _, row := range rows {
			cells := make([]any, len(l.Columns))
			for i, c := range l.Columns {
				cells[i] = c.Value(row)
			}
			if !yield(cells, nil) {
				return
			}
		}
	}
	if format == ui.ExportCSV {
		return File(l.File+".csv", "text/csv; charset=utf-8", func(w io.Writer) error { return sheet.WriteCSV(w, cols, each) })
	}
	return File(l.File+".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", func(w io.Writer) error {
		return sheet.WriteXLSX(w, "Danh sách", cols, each)
	})
}
