package journal

import (
	"slices"
	"strconv"

	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
)

// actions are what is done, as the page says it. An action that is missing here shows by its own name.
var actions = []struct{ name, words string }{
	{"account.signin", "Đăng nhập"},
	{"account.sso", "Đăng nhập bằng hệ thống của tỉnh (SSO)"},
	{"sso.link", "Liên kết tài khoản với SSO"},
	{"sso.unlink", "Bỏ liên kết tài khoản với SSO"},
	{"sso.refused", "Đăng nhập bằng SSO bị từ chối"},
	{"sso.create", "Thêm hệ thống đăng nhập (SSO)"},
	{"sso.update", "Sửa hệ thống đăng nhập (SSO)"},
	{"sso.open", "Bật hệ thống đăng nhập (SSO)"},
	{"sso.shut", "Tắt hệ thống đăng nhập (SSO)"},
	{"account.refused", "Đăng nhập không thành công"},
	{"account.signout", "Đăng xuất"},
	{"account.switch", "Đổi vai trò làm việc"},
	{"token.grant", "Đăng nhập qua API"},
	{"token.reuse", "Token API bị dùng lại, đã thu hồi"},
	{"token.rotate", "Lập khóa ký token mới"},
	{"client.create", "Tạo kết nối phần mềm"},
	{"client.revoke", "Thu hồi kết nối phần mềm"},
	{"key.create", "Tạo khóa API cá nhân"},
	{"key.revoke", "Thu hồi khóa API cá nhân"},
	{"account.password", "Đổi mật khẩu"},
	{"account.phone", "Đổi số điện thoại đăng nhập"},
	{"member.phone", "Gỡ số điện thoại đăng nhập"},
	{"account.reset", "Đặt lại mật khẩu"},
	{"factor.shown", "Xác thực lớp thứ hai"},
	{"factor.refused", "Xác thực lớp thứ hai không thành công"},
	{"factor.recovery", "Dùng mã dự phòng"},
	{"factor.codes", "Tạo mã dự phòng mới"},
	{"factor.add", "Thêm phương thức xác thực hai lớp"},
	{"factor.remove", "Gỡ phương thức xác thực hai lớp"},
	{"member.factor", "Đặt lại xác thực hai lớp"},
	{"tenant.factor", "Đổi yêu cầu xác thực hai lớp"},
	{"member.invite", "Mời thành viên"},
	{"member.revoke", "Rút lời mời"},
	{"member.accept", "Nhận lời mời"},
	{"member.end", "Kết thúc vai trò"},
	{"list.export", "Xuất danh sách ra tệp"},
	{"organization.register", "Đăng ký chủ thể"},
	{"organization.approved", "Duyệt chủ thể"},
	{"organization.printed", "Khai địa chỉ ghi trên nhãn"},
	{"organization.refused", "Trả lại hồ sơ chủ thể"},
	{"product.create", "Khai báo sản phẩm"},
	{"product.update", "Sửa sản phẩm"},
	{"product.photo", "Đổi ảnh sản phẩm"},
	{"product.publish", "Công bố sản phẩm"},
	{"product.group", "Đổi nhóm sản phẩm"},
	{"role.create", "Lập vai trò riêng"},
	{"role.change", "Sửa vai trò riêng"},
	{"role.retire", "Bỏ vai trò riêng"},
	{"department.add", "Thêm sở, ngành"},
	{"department.rename", "Đổi tên sở, ngành"},
	{"department.remove", "Bỏ sở, ngành"},
	{"department.fields", "Phân công lĩnh vực cho sở, ngành"},
	{"inspection.assign", "Phân công kiểm tra"},
	{"inspection.end", "Kết thúc phân công kiểm tra"},
	{"catalog.add", "Thêm vào danh mục sản phẩm"},
	{"lot.create", "Tạo lô hàng"},
	{"lot.event", "Ghi sự kiện truy xuất"},
	{"stamps.order", "Đặt tem"},
	{"stamps.activate", "Kích hoạt tem"},
	{"stamps.void", "Hủy tem hỏng"},
	{"stamps.recall", "Thu hồi tem"},
	{"stamp.print", "Tải nhãn tem"},
	{"plan.import", "Nhập kế hoạch"},
	{"task.report", "Báo cáo nhiệm vụ"},
	{"tenant.state", "Chuyển trạng thái của tỉnh"},
	{"tenant.settings", "Đổi thiết lập của tỉnh"},
	{"tenant.feature", "Bật, tắt tính năng của tỉnh"},
	{"tenant.allowance", "Đổi giới hạn sử dụng của tỉnh"},
	{"tenant.request", "Chấp nhận yêu cầu tham gia của tỉnh"},
	{"tenant.merge", "Sáp nhập tỉnh"},
	{"tenant.cede", "Chuyển xã, phường sang tỉnh khác"},
	{"tenant.reclaim", "Hủy việc chuyển xã, phường"},
	{"tenant.unmerge", "Hủy sáp nhập tỉnh"},
	{"member.merge", "Nhận vai trò khi sáp nhập"},
	{"quota.grant", "Cấp hạn mức tem"},
	{"tenant.register", "Ghi tên tỉnh vào hệ thống"},
	{"tenant.activate", "Đưa tỉnh vào vận hành"},
	{"tenant.export", "Lập tệp lưu trữ toàn bộ dữ liệu"},
	{"tenant.download", "Tải tệp lưu trữ toàn bộ dữ liệu"},
	{"tenant.import", "Nhập dữ liệu của tỉnh từ tệp lưu trữ"},
	{"access.refused", "Bị từ chối"},
	{"impersonation.start", "Bắt đầu làm việc thay"},
	{"impersonation.end", "Thôi làm việc thay"},
	{"role.grant", "Cấp vai trò bằng lệnh"},
	{"role.end", "Kết thúc vai trò bằng lệnh"},
	{"units.import", "Nhập nghị quyết về đơn vị hành chính"},
}

// subjects are the kinds of records, and the address of a record's page where it has one.
var subjects = []struct{ name, words, page string }{
	{"account", "Tài khoản", ""},
	{"membership", "Vai trò", ""},
	{"sso", "Hệ thống đăng nhập (SSO)", ""},
	{"role", "Vai trò riêng", "/vai-tro/"},
	{"request", "Yêu cầu tham gia", ""},
	{"department", "Sở, ngành", ""},
	{"invitation", "Lời mời", ""},
	{"client", "Kết nối phần mềm", ""},
	{"key", "Khóa API cá nhân", ""},
	{"signing-key", "Khóa ký token", ""},
	{"organization", "Chủ thể", "/to-chuc/"},
	{"product", "Sản phẩm", "/san-pham/"},
	{"list_item", "Mục của danh mục", ""},
	{"lot", "Lô hàng", "/lo-hang/"},
	{"stamp_order", "Đợt tem", "/tem/"},
	{"plan", "Kế hoạch", "/ke-hoach/"},
	{"task", "Nhiệm vụ", "/nhiem-vu/"},
	{"list", "Danh sách", ""},
	{"units", "Đơn vị hành chính", ""},
	{"tenant", "Tỉnh, thành phố", ""},
	{"archive", "Tệp lưu trữ", ""},
	{"route", "Trang, địa chỉ", ""},
	{"quota", "Hạn mức tem", ""},
}

func actionWords(name string) string {
	for _, a := range actions {
		if a.name == name {
			return a.words
		}
	}
	return name
}

func subjectWords(name string) string {
	for _, s := range subjects {
		if s.name == name {
			return s.words
		}
	}
	return name
}

// pageOf returns the address of the record's page, or "". Numbers of stamp orders are unique within their tenant only,
// so that those of a predecessor have no page of the successor's.
func (l line) pageOf(home bool) string {
	for _, s := range subjects {
		if s.name == l.Subject && s.page != "" && l.SubjectID > 0 && (home || l.Subject != "stamp_order") {
			return s.page + strconv.FormatInt(l.SubjectID, 10)
		}
	}
	return ""
}

func actionOptions() []ui.Option {
	options := []ui.Option{{Value: "", Label: "Tất cả"}}
	for _, a := range actions {
		options = append(options, ui.Option{Value: a.name, Label: a.words})
	}
	return sorted(options)
}

func subjectOptions() []ui.Option {
	options := []ui.Option{{Value: "", Label: "Tất cả"}}
	for _, s := range subjects {
		options = append(options, ui.Option{Value: s.name, Label: s.words})
	}
	return sorted(options)
}

// sorted puts the options after the first in Vietnamese order.
func sorted(options []ui.Option) []ui.Option {
	slices.SortFunc(options[1:], func(a, b ui.Option) int { return vi.Compare(a.Label, b.Label) })
	return options
}

// Knows reports whether the page has words of its own for an action and a kind of record.
func Knows(action, subject string) bool {
	return actionWords(action) != action && subjectWords(subject) != subject
}

// KnowsAction reports whether the page has words of its own for an action.
func KnowsAction(action string) bool { return actionWords(action) != action }
