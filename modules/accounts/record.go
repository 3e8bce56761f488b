package accounts

import (
	"strings"
	"time"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/vi"
)

// memberFields are a role's values for the audit.
func memberFields(m authz.Membership, now time.Time) audit.Fields {
	ends := ""
	if m.ValidTo != nil {
		ends = vi.DateTime(*m.ValidTo)
	}
	return audit.Of("Người", m.Name+" <"+string(m.Email)+">", "Vai trò", m.Title(), "Phạm vi", placeOfWork(m.Department, m.DepartmentName, m.Unit),
		"Trạng thái", memberStatus(m, now).Word, "Đến", ends)
}

// invitationRecord are an invitation's values for the audit.
func invitationRecord(i authz.Invitation) audit.Fields {
	state := "Chờ nhận"
	if i.RevokedAt != nil {
		state = "Đã thu hồi"
	}
	return audit.Of("Người được mời", i.Name+" <"+string(i.Email)+">", "Vai trò", i.Title(), "Phạm vi", placeOfWork(i.Department, i.DepartmentName, i.Unit),
		"Hiệu lực đến", vi.DateTime(i.ExpiresAt), "Trạng thái", state)
}

// programRecord are the values of a machine or a key for the audit.
func programRecord(name string, scopes []string, ends time.Time, revoked bool) audit.Fields {
	state := "Đang dùng"
	if revoked {
		state = "Đã thu hồi"
	}
	return audit.Of("Tên", name, "Quyền", strings.Join(scopes, ", "), "Hết hạn", vi.Date(ends), "Trạng thái", state)
}
