package journal

import (
	"strconv"

	"github.com/a-h/templ"

	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
)

func list(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	p, err := asked(q)
	if err != nil {
		return web.Answer{}, err
	}
	state, err := audit.StateOf(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	p.Title, p.Purpose = "Nhật ký", "Ai đã làm gì, lúc nào, với hồ sơ nào, từ đâu. Không ai sửa hay xóa được nhật ký trong hệ thống."
	p.Origin = func(row line) tenant.ID { return row.TenantID }
	p.File, p.Above = "nhat-ky", ui.Join(p.Above, sealState(state))
	p.Columns = columns(func(l line) bool { return l.TenantID == tx.Tenant() })
	p.Load = func(tx tenant.Tx, l web.Query) ([]line, int, error) {
		return search(q.Context(), tx, l, p.between)
	}
	return p.Answer(q, tx)
}

// platformList is the list of what happened above the tenants.
func platformList(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	p, err := asked(q)
	if err != nil {
		return web.Answer{}, err
	}
	state, err := audit.StateOfPlatform(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	p.Title, p.Purpose = "Nhật ký hệ thống", "Việc ở cấp trên các tỉnh: đăng nhập và từ chối của vận hành và của Bộ, lập tỉnh, làm việc thay. Việc trong một tỉnh nằm ở nhật ký của tỉnh đó."
	p.File, p.Above = "nhat-ky-he-thong", ui.Join(p.Above, sealState(state))
	p.Columns = columns(nil)
	return p.AnswerWith(q, func(l web.Query) ([]line, int, error) {
		return searchPlatform(q.Context(), tx, l, p.between)
	})
}

// page is a list of lines with the days that are asked for.
type page struct {
	web.Listing[line]
	between web.Days
}

// asked returns the list that a request asks for, with what is wrong with its filters above it.
func asked(q *web.Request) (page, error) {
	filters := []ui.Field{
		{Name: "q", Label: "Nội dung", Type: "search"},
		{Name: "who", Label: "Người làm", Type: "search"},
		{Name: "action", Label: "Việc", Type: "select", Options: actionOptions()},
		{Name: "subject", Label: "Loại hồ sơ", Type: "select", Options: subjectOptions()},
		{Name: "thay", Label: "Làm việc thay", Type: "select", Options: []ui.Option{{Value: "", Label: "Tất cả"}, {Value: "co", Label: "Chỉ việc do vận hành làm thay"}}},
		{Name: "from", Label: "Từ ngày", Type: "date"},
		{Name: "to", Label: "Đến ngày", Type: "date"},
	}
	between, err := q.Days(filters)
	if err != nil {
		return page{}, err
	}
	return page{between: between, Listing: web.Listing[line]{
		Order: "-at", Above: ui.ErrorSummary(filters), Filters: filters,
		Empty: ui.Empty{Icon: "history", Why: "Chưa có việc nào được ghi lại.", Next: "Đăng nhập, duyệt hồ sơ, xuất danh sách và các việc khác hiện ở đây ngay khi làm xong."},
	}}, nil
}

// columns are the list's columns. Records of lines that linked says yes to lead to their pages; nil: none do.
func columns(linked func(line) bool) []web.Column[line] {
	return []web.Column[line]{
		{Key: "at", Label: "Lúc", Value: func(l line) any { return vi.DateTime(l.At) }, Cell: func(l line) templ.Component {
			return ui.Two(vi.DateTime(l.At), l.Address)
		}},
		{Label: "Người làm", Value: func(l line) any { return audit.InPlace(l.Acting, l.Who) }, Cell: func(l line) templ.Component {
			return ui.Two(audit.InPlace(l.Acting, l.Who), l.Role.Name())
		}},
		{Label: "Vai trò", FileOnly: true, Value: func(l line) any { return l.Role.Name() }},
		{Label: "Việc", Value: func(l line) any { return actionWords(l.Action) }, Cell: func(l line) templ.Component {
			if page := l.pageOf(linked != nil && linked(l)); linked != nil && page != "" {
				return deed(actionWords(l.Action), subjectWords(l.Subject), page)
			}
			return ui.Two(actionWords(l.Action), subjectWords(l.Subject))
		}},
		{Label: "Hồ sơ", FileOnly: true, Value: func(l line) any { return subjectWords(l.Subject) }},
		{Label: "Số hồ sơ", FileOnly: true, Value: func(l line) any { return l.number() }},
		{Label: "Nội dung", Value: func(l line) any { return l.What }, Cell: func(l line) templ.Component { return sentence(l) }},
		{Label: "Trước", FileOnly: true, Value: func(l line) any { return audit.Decode(l.Before).String() }},
		{Label: "Sau", FileOnly: true, Value: func(l line) any { return audit.Decode(l.After).String() }},
		{Label: "Từ địa chỉ", FileOnly: true, Value: func(l line) any { return l.Address }},
		{Label: "Niêm phong", HidePhone: true, Value: func(l line) any { return l.sealed().Word }, Cell: func(l line) templ.Component { return ui.Badge(l.sealed()) }},
	}
}

// number returns the number of a line's record, as text: it is longer than a spreadsheet counts exactly.
func (l line) number() string {
	if l.SubjectID == 0 {
		return ""
	}
	return strconv.FormatInt(l.SubjectID, 10)
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
