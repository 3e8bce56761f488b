package web

import (
	"strconv"

	"txng/authz"
)

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
