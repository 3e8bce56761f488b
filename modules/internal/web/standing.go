package web

import (
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/tenant"
)

// standing says to everybody of a province that is paused, archived, merged or about to be what that means for their work.
func (q *Request) standing() ui.Standing {
	t := q.Tenant
	if q.Who.Tenant == 0 {
		return ui.Standing{}
	}
	switch t.State {
	case tenant.Suspended:
		return ui.Standing{Kind: ui.Warning, Text: t.Name + " đang tạm dừng vận hành: chỉ xem được, chưa ghi được dữ liệu mới. Người tiêu dùng vẫn tra cứu được tem; lượt quét vẫn được ghi nhận."}
	case tenant.Archived:
		return ui.Standing{Kind: ui.Warning, Text: t.Name + " đã đóng chương trình: chỉ xem và xuất được dữ liệu. Tem đã dán vẫn tra cứu được; lượt quét vẫn được ghi nhận."}
	}
	l, ok, err := q.app.DB.Succession(q.Context(), t.ID)
	if err != nil || !ok {
		return ui.Standing{}
	}
	into, err := q.app.DB.Tenant(q.Context(), l.Successor)
	if err != nil {
		return ui.Standing{}
	}
	since := vi.Date(l.Effective) + " (" + l.Basis + ")"
	if !l.InEffect(q.Now()) {
		return ui.Standing{Kind: ui.Info, Text: t.Name + " sáp nhập vào " + into.Name + " từ " + since + "."}
	}
	return ui.Standing{Kind: ui.Info, Text: t.Name + " đã sáp nhập vào " + into.Name + " từ " + since + ". Hồ sơ cũ vẫn xem và xử lý được ở đây; " + into.Name + " cũng thấy và xử lý."}
}
