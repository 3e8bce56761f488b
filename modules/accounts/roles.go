package accounts

import (
	"strconv"
	"strings"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
)

const rolesPath = "/vai-tro"

func rolePath(id int64) string { return rolesPath + "/" + strconv.FormatInt(id, 10) }

// roles registers the pages of what each role may do, and of the roles that a province makes itself.
func roles(a *web.App) {
	a.Get(rolesPath, authz.MemberView, showRoles)
	a.Form(rolesPath+"/moi", authz.RoleManage, showNewRole, submitNewRole)
	a.Form(rolesPath+"/{id}", authz.RoleManage, showRole, submitRole)
	a.Submit(rolesPath+"/{id}/bo", authz.RoleManage, showRole, retireRole)
}

// showRoles says of every role of the tenant, or of the organization, what it may do and why.
func showRoles(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	var builtin []authz.Role
	for _, r := range authz.Roles {
		if !r.Role.AboveTenants() && r.Role.OfOrganization() == (q.Who.Org != 0) {
			builtin = append(builtin, r.Role)
		}
	}
	var own []authz.CustomRole
	if q.Who.Org == 0 {
		var err error
		if own, err = authz.CustomRoles(q.Context(), tx); err != nil {
			return web.Answer{}, err
		}
	}
	shell := q.Shell("Vai trò và quyền", "Mỗi vai trò được làm những gì, và quyền ấy đến từ đâu.")
	if q.Who.Can(authz.RoleManage) {
		shell.Primary = ui.Link{Label: "Lập vai trò", Href: rolesPath + "/moi", Icon: "plus"}
	}
	return q.Show(shell, rolesPage(builtin, own, q.Who)), nil
}

func showNewRole(q *web.Request, _ tenant.Tx) (web.Answer, error) {
	shell := q.Shell("Lập vai trò", "Vai trò riêng của tỉnh, ghép từ những quyền mà chính bạn đang có.")
	shell.Crumbs = []ui.Link{{Label: "Vai trò và quyền", Href: rolesPath}}
	return q.Show(shell, newRolePage(q, roleName(q, ""), q.Posted["permissions"])), nil
}

func roleName(q *web.Request, now string) ui.Field {
	return q.Field(ui.Field{Name: "name", Label: "Tên vai trò", Value: now, MaxLength: 60, Autocomplete: "off", Hint: "Nói rõ công việc, ví dụ: Cán bộ tổng hợp"})
}

func typedRole(q *web.Request) authz.NewRole {
	return authz.NewRole{Name: q.Value("name"), Permissions: q.Posted["permissions"]}
}

func submitNewRole(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	r, err := authz.CreateRole(q.Context(), tx, q.Who, typedRole(q))
	if err != nil {
		return web.Answer{}, err
	}
	if err := notedRole(q, tx, "role.create", "Lập vai trò “"+r.Name+"”", r, nil, stored(r)); err != nil {
		return web.Answer{}, err
	}
	return web.See(rolesPath).Say("Đã lập vai trò “" + r.Name + "”. Mời người vào vai trò này ở trang Thành viên."), nil
}

// stored is a role as the audit keeps it.
func stored(r authz.CustomRole) audit.Fields {
	var may []string
	for _, p := range authz.Permissions() {
		if r.Has(p) {
			may = append(may, authz.Sentences[p])
		}
	}
	state := "Đang dùng"
	if r.RetiredAt != nil {
		state = "Đã bỏ"
	}
	return audit.Of("Tên", r.Name, "Quyền", strings.Join(may, "; "), "Trạng thái", state)
}

func notedRole(q *web.Request, tx tenant.Tx, action, what string, r authz.CustomRole, before, after audit.Fields) error {
	return audit.WriteChange(q.Context(), tx, q.Who, action, audit.Record{Subject: "role", ID: r.ID}, what, before, after)
}

func ownRole(q *web.Request, tx tenant.Tx) (authz.CustomRole, error) {
	id, err := q.Number("id")
	if err != nil {
		return authz.CustomRole{}, err
	}
	return authz.RoleByID(q.Context(), tx, id)
}

func showRole(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	r, err := ownRole(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	history, err := audit.History(q.Context(), tx, r.TenantID, "role", r.ID)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell(r.Name, "Vai trò riêng của tỉnh · "+holders(r.Holders))
	shell.Crumbs = []ui.Link{{Label: "Vai trò và quyền", Href: rolesPath}}
	ticked := r.Permissions
	if q.Posted != nil {
		ticked = q.Posted["permissions"]
	}
	may := r.RetiredAt == nil && r.TenantID == tx.Tenant()
	return q.Show(shell, rolePage(q, r, roleName(q, r.Name), ticked, may, audit.Lines(history))), nil
}

func holders(n int) string {
	if n == 0 {
		return "chưa ai giữ"
	}
	return strconv.Itoa(n) + " người đang giữ"
}

func submitRole(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	before, after, err := authz.ChangeRole(q.Context(), tx, q.Who, id, typedRole(q))
	if err != nil {
		return web.Answer{}, err
	}
	if err := notedRole(q, tx, "role.change", "Sửa vai trò “"+after.Name+"”"+changes(before, after), after, stored(before), stored(after)); err != nil {
		return web.Answer{}, err
	}
	return web.See(rolePath(id)).Say("Đã lưu vai trò; quyền mới có hiệu lực ngay với những người đang giữ."), nil
}

// changes says which permissions a role has got and lost.
func changes(before, after authz.CustomRole) string {
	var got, lost []string
	for _, p := range authz.Permissions() {
		switch was, is := before.Has(p), after.Has(p); {
		case is && !was:
			got = append(got, authz.Sentences[p])
		case was && !is:
			lost = append(lost, authz.Sentences[p])
		}
	}
	said := ""
	if before.Name != after.Name {
		said += "; tên trước đây “" + before.Name + "”"
	}
	if len(got) > 0 {
		said += "; thêm quyền: " + strings.Join(got, ", ")
	}
	if len(lost) > 0 {
		said += "; bớt quyền: " + strings.Join(lost, ", ")
	}
	return said
}

func retireRole(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	r, err := authz.RetireRole(q.Context(), tx, q.Who, id)
	if err != nil {
		return web.Answer{}, err
	}
	if err := notedRole(q, tx, "role.retire", "Bỏ vai trò “"+r.Name+"”", r, stored(r), nil); err != nil {
		return web.Answer{}, err
	}
	return web.See(rolesPath).Say("Đã bỏ vai trò “" + r.Name + "”."), nil
}

// because says where a right comes from, "" when the role has it itself.
func because(r authz.Right) string {
	if r.Custom != "" {
		return "qua vai trò riêng “" + r.Custom + "”"
	}
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
		return "Chỉ chủ thể, sản phẩm, lô hàng, tem thuộc các nhóm sản phẩm mà sở, ngành mình phụ trách; chỉ báo cáo nhiệm vụ mà sở, ngành mình chủ trì hoặc phối hợp."
	case role == authz.Inspector:
		return "Chỉ các chủ thể được phân công kiểm tra, trong thời hạn phân công, cùng sản phẩm, lô hàng, tem, lượt quét của họ."
	}
	return "Trong toàn tỉnh, thành phố, gồm cả dữ liệu của các tỉnh đã sáp nhập vào."
}

// withinOf says what confines a member's rights: within, and what that comes to now.
func withinOf(m authz.Membership) string {
	switch m.Role {
	case authz.DepartmentOfficer:
		var names []string
		for _, g := range authz.GroupsOf(m.Fields()) {
			names = append(names, g.Name)
		}
		if len(names) == 0 {
			return within(m.Role) + " Sở, ngành này chưa được phân công nhóm nào nên chưa thấy dữ liệu nào."
		}
		return within(m.Role) + " Các nhóm: " + strings.Join(names, "; ") + "."
	case authz.Inspector:
		if len(m.Assigned) == 0 {
			return within(m.Role) + " Hiện chưa được phân công chủ thể nào nên chưa thấy dữ liệu nào."
		}
		return within(m.Role) + " Hiện được phân công " + strconv.Itoa(len(m.Assigned)) + " chủ thể."
	}
	return within(m.Role)
}
