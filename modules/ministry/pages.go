package ministry

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"

	"github.com/a-h/templ"

	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/modules/kpi"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/fault"
)

// queryMap is the choice of the map in an address.
const queryMap = "dia-ban"

// mapOf returns the map that is asked for.
func mapOf(q *web.Request) Map {
	if q.URL.Query().Get(queryMap) == string(Before) {
		return Before
	}
	return Present
}

func (v nationView) path(p Province) string {
	if v.of == Before {
		return "/bo/" + p.Slug + "?" + queryMap + "=" + string(Before)
	}
	return "/bo/" + p.Slug
}

// status returns a province's state as pages show it.
func (p Province) status() ui.Status {
	switch p.State {
	case tenant.Active:
		return ui.Status{Kind: ui.Success, Word: "Đang vận hành"}
	case tenant.Suspended:
		return ui.Status{Kind: ui.Warning, Word: "Tạm dừng"}
	case tenant.Merged:
		return ui.Status{Kind: ui.Info, Word: "Đã sáp nhập"}
	}
	return ui.Status{Kind: ui.Neutral, Word: "Chưa vận hành"}
}

// shown are the measures that have numbers.
func shown() []kpi.Measure {
	return slices.DeleteFunc(kpi.Measures(), func(m kpi.Measure) bool { return m.Manual })
}

func showNation(q *web.Request, tx tenant.Nation) (web.Answer, error) {
	of := mapOf(q)
	provinces, err := Provinces(q.Context(), tx, of)
	if err != nil {
		return web.Answer{}, err
	}
	view := nationView{of: of, provinces: provinces, chosen: q.URL.Query().Get("chi-so"), title: "Số bước đã đạt", scale: stageScale()}
	if m, ok := kpi.MeasureOf(view.chosen); ok && !m.Manual {
		view.title, view.scale, view.measure = m.Name, measureScale(m, provinces), m
	} else {
		view.chosen = stagesReached
	}
	title, purpose := "Các tỉnh, thành phố", "Kết quả truy xuất nguồn gốc của các tỉnh, thành phố, tổng hợp từ số liệu của từng tỉnh."
	if of == Before {
		title, purpose = "Các tỉnh, thành phố như trước sáp nhập", "Mỗi tỉnh, thành phố tính riêng địa bàn của mình như trước sáp nhập, kể cả tỉnh đã sáp nhập vào tỉnh khác."
	}
	list := web.Listing[Province]{
		Title: title, Purpose: purpose,
		File: "tinh-thanh-pho", PerPage: 50, Above: nationTop(view), Columns: columns(view),
		Filters: []ui.Field{
			{Name: ui.QuerySearch, Label: "Tên tỉnh, thành phố", Type: "search"},
			{Name: queryMap, Label: "Địa bàn", Type: "select", Options: []ui.Option{{Label: "Hiện nay"}, {Value: string(Before), Label: "Như trước sáp nhập"}}},
			{Name: "trang-thai", Label: "Trạng thái", Type: "select", Options: []ui.Option{{Label: "Tất cả"}, {Value: "active", Label: "Đang vận hành"}, {Value: "draft", Label: "Chưa vận hành"}, {Value: "suspended", Label: "Tạm dừng"}}},
			{Name: "buoc", Label: "Đã đạt bước", Type: "select", Options: stageOptions()},
		},
		Empty: ui.Empty{Icon: "map", Why: "Chưa có tỉnh, thành phố nào trên hệ thống.", Next: "Đơn vị vận hành đưa từng tỉnh, thành phố vào hệ thống."},
	}
	return list.AnswerWith(q, func(l web.Query) ([]Province, int, error) {
		rows := slices.DeleteFunc(slices.Clone(provinces), func(p Province) bool {
			return l.Get("trang-thai") != "" && l.Get("trang-thai") != string(p.State) || l.Get("buoc") != "" && !p.Reached(l.Get("buoc"))
		})
		found, total := web.InMemory(rows, l, func(p Province) string { return p.Name }, orders(view))
		return found, total, nil
	})
}

func stageOptions() []ui.Option {
	options := []ui.Option{{Label: "Tất cả"}}
	for _, s := range stages {
		options = append(options, ui.Option{Value: s.key, Label: s.label})
	}
	return options
}

// inTable are the measures that the table always has.
var inTable = []struct{ key, label string }{
	{kpi.Organizations, "Chủ thể"}, {kpi.StampsActivated, "Tem"}, {kpi.Scans, "Quét"}, {kpi.TasksDone, "Nhiệm vụ"}, {kpi.TargetsMet, "Chỉ tiêu"},
}

func columns(v nationView) []web.Column[Province] {
	list := []web.Column[Province]{
		{Key: "name", Label: "Tỉnh, thành phố", Value: func(p Province) any { return p.Name }, Cell: func(p Province) templ.Component { return ui.Anchor(v.path(p), p.Name) }},
		{Key: "state", Label: "Trạng thái", Value: func(p Province) any { return p.status().Word }, Cell: func(p Province) templ.Component { return ui.Badge(p.status()) }},
		{Key: "stages", Label: "Bước", Numeric: true, Value: func(p Province) any {
			if !p.Deployed() {
				return "—"
			}
			return fmt.Sprintf("%d/%d", p.Stages(), len(kpi.Stages))
		}},
	}
	always := slices.Clone(inTable)
	if v.measure.Key != "" && !slices.ContainsFunc(always, func(c struct{ key, label string }) bool { return c.key == v.measure.Key }) {
		always = append(always, struct{ key, label string }{v.measure.Key, v.measure.Name})
	}
	for _, c := range always {
		m, _ := kpi.MeasureOf(c.key)
		list = append(list, web.Column[Province]{
			Key: c.key, Label: c.label, Numeric: true, HidePhone: c.key != v.measure.Key && c.key != kpi.StampsActivated,
			Value: func(p Province) any { return valueText(p, m) },
		})
	}
	return list
}

// valueText is a province's value in a table; a dash where there is none.
func valueText(p Province, m kpi.Measure) string {
	v, ok := p.Value(m)
	if !ok {
		return "—"
	}
	return m.Show(v)
}

// shareText is what a province's value is made of; a dash for a plain number, and where nothing was counted.
func shareText(p Province, m kpi.Measure) string {
	if v := p.values[m.Key]; m.Denominator != "" && v.Denominator > 0 {
		return m.Share(v)
	}
	return "—"
}

// orders are the orders of the table. Provinces without a value come before all others; without a choice, those that
// have no number at all come last.
func orders(v nationView) map[string]func(a, b Province) int {
	byName := func(a, b Province) int { return vi.Compare(a.Name, b.Name) }
	silent := func(p Province) int {
		if p.HasNumbers() {
			return 0
		}
		return 1
	}
	all := map[string]func(a, b Province) int{
		"":       func(a, b Province) int { return cmp.Or(cmp.Compare(silent(a), silent(b)), byName(a, b)) },
		"name":   byName,
		"state":  func(a, b Province) int { return cmp.Or(vi.Compare(a.status().Word, b.status().Word), byName(a, b)) },
		"stages": func(a, b Province) int { return cmp.Or(cmp.Compare(a.Stages(), b.Stages()), byName(a, b)) },
	}
	for _, m := range shown() {
		rank := func(p Province) int64 {
			value, ok := p.Value(m)
			if !ok {
				return -1
			}
			return m.Thousandths(value)
		}
		all[m.Key] = func(a, b Province) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), byName(a, b)) }
	}
	return all
}

func showProvince(q *web.Request, tx tenant.Nation) (web.Answer, error) {
	of := mapOf(q)
	provinces, err := Provinces(q.Context(), tx, of)
	if err != nil {
		return web.Answer{}, err
	}
	i := slices.IndexFunc(provinces, func(p Province) bool { return p.Slug == q.Path("slug") })
	if i < 0 {
		return web.Answer{}, fault.Say(fault.NotFound, "Không có tỉnh, thành phố này trên hệ thống.")
	}
	p := provinces[i]
	days, err := history(q.Context(), tx, of, p)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell(p.Name, "Chỉ số tổng hợp của tỉnh, thành phố theo thời gian.")
	shell.Crumbs = []ui.Link{{Label: "Các tỉnh, thành phố", Href: "/bo"}}
	if of == Before {
		shell.Crumbs = append(shell.Crumbs, ui.Link{Label: "Như trước sáp nhập", Href: "/bo?" + queryMap + "=" + string(Before)})
	}
	return q.Show(shell, provincePage(p, of, days)), nil
}

// funnel is the national funnel over the provinces, beside the figures of before the platform.
func funnel(v nationView) []ui.FunnelStage {
	provinces := v.provinces
	var list []ui.FunnelStage
	for i, s := range stages {
		n := 0
		for _, p := range provinces {
			if p.Reached(s.key) {
				n++
			}
		}
		f := ui.FunnelStage{
			Label: s.label, Count: int64(n), Of: int64(len(provinces)), Href: "/bo?" + url.Values{"buoc": {s.key}, queryMap: {string(v.of)}}.Encode(),
			Before: fmt.Sprintf("Tháng 01/2022: %d/%d (NBC)", s.before, provincesThen),
		}
		if i == 0 {
			f.Text = "Tháng 12/2025: 34/34 tỉnh, thành phố có kế hoạch"
		}
		list = append(list, f)
	}
	return list
}

// tiles are the provinces as the map shows them.
func tiles(v nationView) []ui.Tile {
	var list []ui.Tile
	for _, p := range v.provinces {
		t := ui.Tile{Slug: p.place(), Name: p.Name, Href: v.path(p)}
		known := p.HasNumbers()
		if v.measure.Key != "" {
			_, known = p.Value(v.measure)
		}
		switch {
		case !p.Deployed():
			t.Title = p.Name + ": chưa vận hành" // too long for a tile
		case !known:
			t.Title = p.Name + ": " + none
		default:
			t.Level, t.Text = v.scale.level(p), v.scale.text(p)
			t.Title = p.Name + ", " + v.title + ": " + t.Text
		}
		list = append(list, t)
	}
	return list
}

// series are counts of several measures of a province, one line each.
func series(days map[string][]kpi.Rollup, keys ...string) []ui.Series {
	var list []ui.Series
	for _, key := range keys {
		m, _ := kpi.MeasureOf(key)
		if points := kpi.Points(m, days[key]); len(points) > 0 {
			list = append(list, ui.Series{Name: m.Name, Points: points})
		}
	}
	return list
}

// shares are the measures in per cent that have values of several days: one alone makes no line.
func shares(days map[string][]kpi.Rollup) []kpi.Measure {
	return slices.DeleteFunc(shown(), func(m kpi.Measure) bool {
		return m.Kind != plan.Percent || len(kpi.Points(m, days[m.Key])) < 2
	})
}
