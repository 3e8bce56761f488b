package web

import (
	"strconv"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/tenant"
	"txng/tenant/fault"
)

// cutNotice stands above a page whose area has more organizations than a scope can hold; nil otherwise.
func (q *Request) cutNotice() templ.Component {
	if q.cut == 0 {
		return nil
	}
	return ui.Notice(ui.Warning, "Chưa hiện hết", "Địa bàn có quá nhiều chủ thể: trang này chỉ gồm "+vi.Int(tenant.MaxOrgs)+" chủ thể đăng ký sớm nhất cùng sản phẩm, lô hàng, tem của họ; "+
		vi.Int(int64(q.cut))+" chủ thể đăng ký sau chưa hiện.")
}

// notFound is the error of a record that is not found in an area: when the area was cut, it may be one of those left out.
func (q *Request) notFound(found error) error {
	if q.cut == 0 {
		return found
	}
	return fault.Say(fault.NotFound, "Không tìm thấy. Địa bàn có quá nhiều chủ thể: %s chủ thể đăng ký sau chưa mở được tại đây.", vi.Int(int64(q.cut)))
}

// Confined says in a sentence what the person sees of the province, "" when they see all of it or their organization.
func (q *Request) Confined() string {
	switch q.Who.Role {
	case authz.UnitOfficer:
		return "Bạn xem trong địa bàn xã, phường, đặc khu của mình."
	case authz.DepartmentOfficer:
		if q.Who.Fields == 0 {
			return "Sở, ngành của bạn chưa được phân công nhóm sản phẩm nào nên chưa có dữ liệu để xem."
		}
		return "Bạn xem trong các nhóm sản phẩm mà sở, ngành mình phụ trách; số liệu không phải của toàn tỉnh."
	case authz.Inspector:
		if n := q.Who.Assigned.Len(); n > 0 {
			return "Bạn xem trong " + strconv.Itoa(n) + " chủ thể được phân công kiểm tra."
		}
		return "Bạn chưa được phân công kiểm tra chủ thể nào nên chưa có dữ liệu để xem."
	}
	return ""
}
