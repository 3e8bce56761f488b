package journal

import (
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

func list(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	filters := []ui.Field{
		{Name: "q", Label: "Nội dung", Type: "search"},
		{Name: "who", Label: "Người làm", Type: "search"},
		{Name: "action", Label: "Việc", Type: "select", Options: actionOptions()},
		{Name: "subject", Label: "Loại hồ sơ", Type: "select", Options: subjectOptions()},
		{Name: "from", Label: "Từ ngày", Type: "date"},
		{Name: "to", Label: "Đến ngày", Type: "date"},
	}
	between, wrong := daysOf(q.URL.Query())
	if wrong != nil && q.URL.Query().Get(ui.QueryExport) != "" {
		return web.Answer{}, wrong // a file would hold what nobody asked for
	}
	for i := range filters {
		filters[i].Error = wrong.Of(filters[i].Name)
	}
	state, err := audit.StateOf(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	above := sealState(state)
	if wrong != nil {
		above = ui.Join(ui.ErrorSummary(filters), above)
	}
	return web.Listing[line]{
		Origin: func(row line) tenant.ID { return row.TenantID },
		Title:  "Nhật ký", Purpose: "Ai đã làm gì, lúc nào, với hồ sơ nào, từ đâu. Không ai sửa hay xóa được nhật ký trong hệ thống.",
		File: "nhat-ky", Order: "-at", Above: above, Filters: filters,
		Columns: []web.Column[line]{
			{Key: "at", Label: "Lúc", Value: func(l line) any { return vi.DateTime(l.At) }},
			{Label: "Người làm", Value: func(l line) any { return l.Who }, Cell: func(l line) templ.Component { return ui.Two(l.Who, l.Role.Name()) }},
			{Label: "Việc", Value: func(l line) any { return actionWords(l.Action) }},
			{Label: "Hồ sơ", Value: func(l line) any { return subjectWords(l.Subject) }, Cell: func(l line) templ.Component {
				if page := l.pageOf(l.TenantID == tx.Tenant()); page != "" {
					return ui.Anchor(page, subjectWords(l.Subject))
				}
				return ui.Text(subjectWords(l.Subject))
			}},
			{Label: "Nội dung", Value: func(l line) any { return l.What }, Cell: func(l line) templ.Component { return sentence(l) }},
			{Label: "Từ địa chỉ", HidePhone: true, Value: func(l line) any { return l.Address }},
			{Label: "Niêm phong", HidePhone: true, Value: func(l line) any { return l.sealed().Word }, Cell: func(l line) templ.Component { return ui.Badge(l.sealed()) }},
		},
		Empty: ui.Empty{Icon: "history", Why: "Chưa có việc nào được ghi lại.", Next: "Đăng nhập, duyệt hồ sơ, xuất danh sách và các việc khác hiện ở đây ngay khi làm xong."},
		Load: func(tx tenant.Tx, l web.Query) ([]line, int, error) {
			return search(q.Context(), tx, l, between)
		},
	}.Answer(q, tx)
}

// sealed returns whether a line is sealed, as pages show it.
func (l line) sealed() ui.Status {
	if l.Seal > 0 {
		return ui.Status{Kind: ui.Success, Word: "Đã niêm phong"}
	}
	return ui.Status{Kind: ui.Neutral, Word: "Chờ niêm phong"}
}

// sealState says how far the tenant's audit is sealed.
func sealState(s audit.State) templ.Component {
	waiting := "Không có dòng nào đang chờ."
	if s.Waiting > 0 {
		waiting = vi.Int(int64(s.Waiting)) + " dòng đang chờ lượt niêm phong tới, mỗi phút một lượt."
	}
	if s.Sealed == 0 {
		return ui.Notice(ui.Info, "Chưa niêm phong", waiting)
	}
	return ui.Notice(ui.Success, "Đã niêm phong đến "+vi.DateTime(s.At), vi.Int(s.Sealed)+" dòng đã nối thành chuỗi: sửa, xóa hoặc chèn một dòng đều bị phát hiện. "+waiting)
}

// daysOf reads the days that are asked for.
func daysOf(asked url.Values) (days, fault.Invalid) {
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
	d := days{from: read("from"), to: read("to")}
	if !d.from.IsZero() && !d.to.IsZero() && d.to.Before(d.from) {
		wrong.Add("to", "Đến ngày phải từ %s trở đi.", vi.Date(d.from))
	}
	return d, wrong
}
