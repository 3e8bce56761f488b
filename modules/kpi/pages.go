package kpi

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/modules/plan"
	"txng/tenant"
)

// detailPath is the page of a measure; of one plan's rows when it is one of tasks.
func detailPath(m Measure, of plan.PlanID) string {
	if m.OfTasks && of != 0 {
		return "/chi-tieu/" + m.Key + "?ke-hoach=" + strconv.FormatInt(int64(of), 10)
	}
	return "/chi-tieu/" + m.Key
}

// Standings of a target, as the filter's values.
const (
	met     = "dat"
	notMet  = "chua-dat"
	unknown = "chua-co"
)

func (p Progress) standing() string {
	switch {
	case !p.Known():
		return unknown
	case p.Met():
		return met
	}
	return notMet
}

// status returns a target's standing as pages show it.
func (p Progress) status() ui.Status {
	switch p.standing() {
	case met:
		return ui.Status{Kind: ui.Success, Word: "Đạt"}
	case notMet:
		return ui.Status{Kind: ui.Warning, Word: "Chưa đạt"}
	}
	return ui.Status{Kind: ui.Neutral, Word: "Chưa có số liệu"}
}

// why says why there is no number.
func (p Progress) why() string {
	switch {
	case p.Kind == plan.Text || p.Kind == plan.Milestone:
		return "Chỉ tiêu " + strings.ToLower(p.Kind.Label()) + ", theo dõi qua nhiệm vụ"
	case p.Measure.Key == "" || p.Measure.Manual:
		return "Báo cáo thủ công"
	case p.Measure.OfTasks:
		return "Kế hoạch không có nhiệm vụ đếm theo cách này"
	}
	return "Chưa có dòng nào để tính"
}

func listTargets(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	all, err := Targets(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	lines, link, err := movedLines(q, tx, "/chi-tieu")
	if err != nil {
		return web.Answer{}, err
	}
	plans := []ui.Option{{Label: "Tất cả"}}
	count := map[string]int{}
	for _, p := range all {
		count[p.standing()]++
		option := ui.Option{Value: strconv.FormatInt(int64(p.Plan.ID), 10), Label: p.Plan.Name()}
		if !slices.Contains(plans, option) {
			plans = append(plans, option)
		}
	}
	return web.Listing[Progress]{
		Title: "Chỉ tiêu", Purpose: strings.TrimSpace("Chỉ tiêu của các kế hoạch, đối chiếu với số liệu tính ngay lúc này từ hệ thống. " + q.Confined()), File: "chi-tieu",
		Above: ui.Join(ui.Stats([]ui.Stat{
			{Label: "Chỉ tiêu", Value: vi.Int(int64(len(all))), Href: "/chi-tieu"},
			{Label: "Đạt", Value: vi.Int(int64(count[met])), Href: "/chi-tieu?trang-thai=" + met},
			{Label: "Chưa đạt", Value: vi.Int(int64(count[notMet])), Href: "/chi-tieu?trang-thai=" + notMet},
			{Label: "Chưa có số liệu", Value: vi.Int(int64(count[unknown])), Href: "/chi-tieu?trang-thai=" + unknown},
		}), MovedCard(lines, link)),
		Columns: []web.Column[Progress]{
			{Key: "text", Label: "Chỉ tiêu", Value: func(p Progress) any { return p.Text }, Cell: func(p Progress) templ.Component { return targetName(p) }},
			{Label: "Kế hoạch", HidePhone: true, Value: func(p Progress) any { return p.Plan.Name() }, Cell: func(p Progress) templ.Component {
				return ui.Anchor("/ke-hoach/"+strconv.FormatInt(int64(p.Plan.ID), 10), p.Plan.Name())
			}},
			{Key: "state", Label: "Hiện nay", Value: func(p Progress) any { return strings.TrimPrefix(p.now()+" – "+p.status().Word, " – ") }, Cell: func(p Progress) templ.Component { return bullet(p) }},
			{Label: "Phải đạt", Numeric: true, Value: func(p Progress) any { return cmp.Or(p.Goal(), "Định tính") }},
			{Key: "due", Label: "Năm", Numeric: true, Value: func(p Progress) any { return strconv.Itoa(p.Due) }},
		},
		Filters: []ui.Field{
			{Name: ui.QuerySearch, Label: "Tên chỉ tiêu", Type: "search"},
			{Name: "ke-hoach", Label: "Kế hoạch", Type: "select", Options: plans},
			{Name: "trang-thai", Label: "Trạng thái", Type: "select", Options: []ui.Option{
				{Label: "Tất cả"}, {Value: met, Label: "Đạt"}, {Value: notMet, Label: "Chưa đạt"}, {Value: unknown, Label: "Chưa có số liệu"}}},
		},
		Empty: ui.Empty{Icon: "target", Why: "Chưa có chỉ tiêu nào.", Next: "Chỉ tiêu có khi kế hoạch của tỉnh được nhập vào hệ thống.", Action: ui.Link{Label: "Kế hoạch", Href: "/ke-hoach", Icon: "plan"}},
		Load: func(_ tenant.Tx, l web.Query) ([]Progress, int, error) {
			rows := slices.DeleteFunc(slices.Clone(all), func(p Progress) bool {
				return l.Get("ke-hoach") != "" && l.Get("ke-hoach") != strconv.FormatInt(int64(p.Plan.ID), 10) ||
					l.Get("trang-thai") != "" && l.Get("trang-thai") != p.standing()
			})
			text := func(p Progress) string { return p.Code + " " + p.Text }
			found, total := web.InMemory(rows, l, text, map[string]func(a, b Progress) int{
				"text":  func(a, b Progress) int { return vi.Compare(a.Text, b.Text) },
				"due":   func(a, b Progress) int { return cmp.Compare(a.Due, b.Due) },
				"state": func(a, b Progress) int { return vi.Compare(a.status().Word, b.status().Word) },
			})
			return found, total, nil
		},
	}.Answer(q, tx)
}

// now is the target's value in words.
func (p Progress) now() string {
	switch {
	case !p.Known():
		return ""
	case p.Measure.Kind == plan.Percent:
		return p.Measure.Show(p.Value) + " (" + p.Measure.Share(p.Value) + ")"
	}
	return p.Measure.Show(p.Value)
}

func showMeasure(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	m, err := find(q.Path("key"))
	if err != nil {
		return web.Answer{}, err
	}
	v, err := viewOf(q, tx, m)
	if err != nil {
		return web.Answer{}, err
	}
	all, err := Rows(q.Context(), tx, m, v.plan.ID)
	if err != nil {
		return web.Answer{}, err
	}
	purpose := "Định nghĩa, giá trị và các dòng số liệu tạo nên giá trị."
	if v.plan.ID != 0 {
		purpose = "Tính trên nhiệm vụ của " + v.plan.Name() + "."
	}
	filters := []ui.Field{
		{Name: ui.QuerySearch, Label: "Tên", Type: "search"},
		{Name: "tinh", Label: "Được tính", Type: "select", Options: []ui.Option{{Label: "Tất cả"}, {Value: "co", Label: "Có"}, {Value: "khong", Label: "Không"}}},
	}
	if len(all) == 0 {
		filters = nil
	}
	return web.Listing[Row]{
		Title: m.Name, Purpose: strings.TrimSpace(purpose + " " + q.Confined()), File: "so-lieu-" + vi.Slug(m.Name), Order: "name",
		Crumbs: []ui.Link{{Label: "Chỉ tiêu", Href: "/chi-tieu"}},
		Above:  measureTop(v),
		Columns: []web.Column[Row]{
			{Key: "name", Label: "Dòng số liệu", Value: func(r Row) any { return r.Name }, Cell: func(r Row) templ.Component { return ui.Anchor(r.Link, r.Name) }},
			{Label: "Chi tiết", Value: func(r Row) any { return r.Detail }, Cell: func(r Row) templ.Component { return ui.Muted(r.Detail) }},
			{Key: "counted", Label: "Được tính", Value: func(r Row) any { return r.counted().Word }, Cell: func(r Row) templ.Component { return ui.Badge(r.counted()) }},
			{Key: "number", Label: "Số lượng", Numeric: true, Value: func(r Row) any { return r.Numerator }},
		},
		Filters: filters,
		Empty:   v.empty(),
		Load: func(_ tenant.Tx, l web.Query) ([]Row, int, error) {
			found, total := asked(all, l)
			return found, total, nil
		},
	}.Answer(q, tx)
}

// viewOf reads what the page of a measure shows above its rows: of one plan's tasks, when the request names a plan.
func viewOf(q *web.Request, tx tenant.Tx, m Measure) (v measureView, err error) {
	ctx := q.Context()
	v.Measure = m
	if text := q.URL.Query().Get("ke-hoach"); text != "" && m.OfTasks {
		id, _ := strconv.ParseInt(text, 10, 64)
		if v.plan, err = plan.FindPlan(ctx, tx, plan.PlanID(id)); err != nil {
			return v, err
		}
	}
	if v.value, err = ValueOf(ctx, tx, m, v.plan.ID); err != nil {
		return v, err
	}
	if v.hint, err = hint(ctx, tx, m, v.value); err != nil {
		return v, err
	}
	if q.Confined() == "" { // the roll-ups are of the whole province
		if v.days, err = History(ctx, tx, m.Key); err != nil {
			return v, err
		}
	}
	if v.moved, v.asWas, err = movedLines(q, tx, detailPath(m, 0)); err != nil {
		return v, err
	}
	v.targets, err = targetsOf(ctx, tx, m, v.plan.ID)
	return v, err
}

// asked returns the rows of a page of the list, and how many there are in all.
func asked(all []Row, l web.Query) ([]Row, int) {
	rows := slices.DeleteFunc(slices.Clone(all), func(r Row) bool {
		return l.Get("tinh") == "co" && r.Numerator == 0 || l.Get("tinh") == "khong" && r.Numerator > 0
	})
	text := func(r Row) string { return r.Name + " " + r.Detail }
	byName := func(a, b Row) int { return vi.Compare(a.Name, b.Name) }
	return web.InMemory(rows, l, text, map[string]func(a, b Row) int{
		"name":    byName,
		"counted": func(a, b Row) int { return cmp.Or(cmp.Compare(min(a.Numerator, 1), min(b.Numerator, 1)), byName(a, b)) },
		"number":  func(a, b Row) int { return cmp.Or(cmp.Compare(a.Numerator, b.Numerator), byName(a, b)) },
	})
}

// targetsOf are the targets that use a measure; of one plan unless it is 0.
func targetsOf(ctx context.Context, tx tenant.Tx, m Measure, of plan.PlanID) ([]Progress, error) {
	all, err := Targets(ctx, tx)
	return slices.DeleteFunc(all, func(p Progress) bool { return p.Measure.Key != m.Key || of != 0 && p.Plan.ID != of }), err
}

// hint says what a value is made of: "3 / 10"; "" for a plain number. Of targets it says too how many there are, with
// those that the platform has no number for.
func hint(ctx context.Context, tx tenant.Tx, m Measure, v Value) (string, error) {
	switch {
	case m.Denominator == "":
		return "", nil
	case m.Key != TargetsMet:
		return m.Share(v), nil
	}
	all, err := plan.Targets(ctx, tx, 0)
	if err != nil {
		return "", err
	}
	return vi.Int(v.Numerator) + "/" + vi.Int(v.Denominator) + " chỉ tiêu có số liệu, trong " + vi.Int(int64(len(all))) + " chỉ tiêu", nil
}

// within says of how many a value is a part, in words: "9 trên 12", "trên 10" beside a count; "" of none.
func within(m Measure, v Value) string {
	switch {
	case v.Denominator == 0:
		return ""
	case m.Kind == plan.Percent:
		return vi.Int(v.Numerator) + " trên " + vi.Int(v.Denominator)
	}
	return "trên " + vi.Int(v.Denominator)
}

// counted says whether a row counts for the measure.
func (r Row) counted() ui.Status {
	if r.Numerator > 0 {
		return ui.Status{Kind: ui.Success, Word: "Có"}
	}
	return ui.Status{Kind: ui.Neutral, Word: "Không"}
}

// Summary returns the numbers of the province for its first page, as they are now.
func Summary(ctx context.Context, tx tenant.Tx) ([]ui.Stat, error) {
	var stats []ui.Stat
	for _, key := range []string{Organizations, Products, StampsActivated, Scans, TasksDone, TargetsMet} {
		m, err := find(key)
		if err != nil {
			return nil, err
		}
		v, err := ValueOf(ctx, tx, m, 0)
		if err != nil {
			return nil, err
		}
		stat := ui.Stat{Label: strings.TrimSuffix(m.Name, " (%)"), Value: "—", Hint: m.Show(v), Href: detailPath(m, 0)}
		if m.Known(v) {
			stat.Value = m.Show(v)
			if stat.Hint, err = hint(ctx, tx, m, v); err != nil {
				return nil, err
			}
			if m.Denominator != "" && m.Key != TargetsMet {
				stat.Hint = within(m, v)
			}
		}
		stats = append(stats, stat)
	}
	return stats, nil
}
