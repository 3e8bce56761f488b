package accounts

import (
	"strings"

	"txng/authz"
	"txng/modules/internal/web"
	"txng/tenant"
)

// showRoles says of every role of the tenant, or of the organization, what it may do and why.
func showRoles(q *web.Request, _ tenant.Tx) (web.Answer, error) {
	var roles []authz.Role
	for _, r := range authz.Roles {
		if !r.Role.AboveTenants() && r.Role.OfOrganization() == (q.Who.Org != 0) {
			roles = append(roles, r.Role)
		}
	}
	shell := q.Shell("Vai trò và quyền", "Mỗi vai trò được làm những gì, và quyền ấy đến từ đâu.")
	return q.Show(shell, rolesPage(roles)), nil
}

// because says where a right comes from, "" when the role has it itself.
func because(r authz.Right) string {
	if len(r.Through) < 2 {
		return ""
	}
	var names []string
	for _, role := range r.Through[1:] {
		names = append(names, role.Name())
	}
	return "vì bao gồm vai trò " + strings.Join(names, " → ")
}

// within says what confines a role's rights.
func within(role authz.Role) string {
	switch {
	case role.OfOrganization():
		return "Chỉ trong dữ liệu của chính đơn vị mình; không thấy dữ liệu của đơn vị khác."
	case role == authz.UnitOfficer:
		return "Chỉ các chủ thể trên địa bàn xã, phường, đặc khu của mình; với dữ liệu trước 01/7/2025 là địa bàn cấp huyện cũ."
	case role == authz.DepartmentOfficer:
		return "Xem toàn tỉnh; chỉ báo cáo nhiệm vụ mà sở, ngành mình chủ trì hoặc phối hợp."
	}
	return "Trong toàn tỉnh, thành phố, gồm cả dữ liệu của các tỉnh đã sáp nhập vào."
}
