package scan

import (
	"fmt"
	"time"

	"github.com/a-h/templ"

	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/modules/stamps"
	"txng/tenant"
)

// status returns a verdict as officers' pages show it.
func (v Verdict) status() ui.Status {
	switch v {
	case Genuine:
		return ui.Status{Kind: ui.Success, Word: "Tem hợp lệ"}
	case Inactive:
		return ui.Status{Kind: ui.Warning, Word: "Chưa kích hoạt"}
	case Void:
		return ui.Status{Kind: ui.Danger, Word: "Tem đã hủy"}
	case Expired:
		return ui.Status{Kind: ui.Danger, Word: "Hết hạn sử dụng"}
	}
	return ui.Status{Kind: ui.Danger, Word: "Bị thu hồi"}
}

// chartDays is the number of days of the chart above the list.
const chartDays = 14

func list(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	filters := []ui.Field{
		{Name: "q", Label: searchLabel(q), Type: "search"},
		{Name: "order", Label: "Số đợt tem", InputMode: "numeric"},
		{Name: "verdict", Label: "Kết quả", Type: "select", Options: []ui.Option{
			{Value: "", Label: "Tất cả"}, {Value: string(Genuine), Label: "Tem hợp lệ"}, {Value: string(Inactive), Label: "Chưa kích hoạt"},
			{Value: string(Void), Label: "Tem đã hủy"}, {Value: string(Recalled), Label: "Bị thu hồi"}, {Value: string(Expired), Label: "Hết hạn sử dụng"}}},
		{Name: "from", Label: "Từ ngày", Type: "date"},
		{Name: "to", Label: "Đến ngày", Type: "date"},
	}
	between, err := q.Days(filters)
	if err != nil {
		return web.Answer{}, err
	}
	above, err := chart(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	columns := []web.Column[listed]{
		{Key: "at", Label: "Lúc", Value: func(s listed) any { return vi.DateTime(s.At) }},
		{Key: "product", Label: "Sản phẩm", Value: func(s listed) any { return s.Product }},
	}
	if q.Who.Org == 0 {
		columns = append(columns, web.Column[listed]{Label: "Chủ thể", HidePhone: true, Value: func(s listed) any { return s.Org }})
	}
	columns = append(columns,
		web.Column[listed]{Label: "Đợt tem", Value: func(s listed) any { return refOf(q, s).String() }, Cell: func(s listed) templ.Component {
			return ui.Anchor(refOf(q, s).Path(), "Đợt "+refOf(q, s).String())
		}},
		web.Column[listed]{Label: "Tem số", Numeric: true, Value: func(s listed) any { return int64(s.Index) + 1 }},
		web.Column[listed]{Label: "Kết quả", Value: func(s listed) any { return s.Verdict.status().Word }, Cell: func(s listed) templ.Component { return ui.Badge(s.Verdict.status()) }},
	)
	return web.Listing[listed]{
		Origin: func(row listed) tenant.ID { return row.TenantID },
		Title:  "Lượt quét", Purpose: "Từng lượt người tiêu dùng quét tem và kết quả họ nhận được.",
		File: "luot-quet", Order: "-at", Columns: columns, Above: ui.Join(ui.ErrorSummary(filters), above),
		Filters: filters,
		Empty:   ui.Empty{Icon: "scan", Why: "Chưa có lượt quét nào.", Next: "Lượt quét hiện ở đây ngay khi người tiêu dùng quét tem."},
		Load: func(tx tenant.Tx, l web.Query) ([]listed, int, error) {
			return search(q.Context(), tx, l, between)
		},
	}.Answer(q, tx)
}

func refOf(q *web.Request, s listed) stamps.Ref {
	return stamps.RefOf(q.Who.Tenant, s.TenantID, s.OrderNumber)
}

// searchLabel names the search box: an organization sees its own scans only.
func searchLabel(q *web.Request) string {
	if q.Who.Org != 0 {
		return "Sản phẩm"
	}
	return "Sản phẩm hoặc chủ thể"
}

// chart draws the scans of the last days; nothing when there was none.
func chart(q *web.Request, tx tenant.Tx) (templ.Component, error) {
	now := q.Now().In(vi.Zone)
	since := time.Date(now.Year(), now.Month(), now.Day()-chartDays+1, 0, 0, 0, 0, vi.Zone)
	days, err := perDay(q.Context(), tx, since)
	if err != nil || len(days) == 0 {
		return nil, err
	}
	all, wrong := ui.Series{Name: "Tất cả"}, ui.Series{Name: "Không hợp lệ"}
	for i := range chartDays {
		day := since.AddDate(0, 0, i)
		n := days[day.Format(time.DateOnly)]
		label := day.Format("02/01")
		all.Points = append(all.Points, ui.Point{Label: label, Value: float64(n[0])})
		wrong.Points = append(wrong.Points, ui.Point{Label: label, Value: float64(n[1])})
	}
	return ui.LineChart(fmt.Sprintf("Lượt quét trong %d ngày gần đây", chartDays), "lượt", []ui.Series{all, wrong}), nil
}
