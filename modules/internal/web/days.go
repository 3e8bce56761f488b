package web

import (
	"strings"
	"time"

	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/tenant/fault"
)

// Days are the first and the last day of what a list is asked for, each from 00:00 in Vietnam; zero is no bound.
type Days struct{ From, To time.Time }

// End returns the instant at which the last day is over; zero for no bound.
func (d Days) End() time.Time {
	if d.To.IsZero() {
		return d.To
	}
	return d.To.AddDate(0, 0, 1)
}

// Days reads the days of a list's filters "from" and "to", and notes at the filters what is wrong with them. Errors:
// fault.Invalid when a file is asked for, which would hold what nobody wanted.
func (q *Request) Days(filters []ui.Field) (Days, error) {
	asked := q.URL.Query()
	var wrong fault.Invalid
	read := func(field string) time.Time {
		text := strings.TrimSpace(asked.Get(field))
		if text == "" {
			return time.Time{}
		}
		day, err := vi.ParseDate(text)
		if bad, ok := err.(fault.Invalid); ok {
			wrong.Add(field, "%s", bad[0].Message)
		}
		return day
	}
	d := Days{From: read("from"), To: read("to")}
	if !d.From.IsZero() && !d.To.IsZero() && d.To.Before(d.From) {
		wrong.Add("to", "Đến ngày phải từ %s trở đi.", vi.Date(d.From))
	}
	if asked.Get(ui.QueryExport) != "" {
		return d, wrong.Err()
	}
	for i := range filters {
		filters[i].Error = wrong.Of(filters[i].Name)
	}
	return d, nil
}
