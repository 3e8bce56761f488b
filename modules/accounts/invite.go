package accounts

import (
	"context"
	"strconv"
	"strings"

	"txng/authz"
	"txng/modules/internal/mail"
	"txng/modules/internal/picker"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// offer is a role that a person may invite to.
type offer struct {
	role   authz.Role
	custom int64 // of authz.Custom
	name   string
}

// value is the offer as a form sends it: "leader", or "custom.123" for a role of the province's own.
func (o offer) value() string {
	if o.custom == 0 {
		return string(o.role)
	}
	return string(o.role) + "." + strconv.FormatInt(o.custom, 10)
}

// offered returns the roles that the person may invite to.
func offered(q *web.Request, tx tenant.Tx) ([]offer, error) {
	var list []offer
	for _, r := range q.Who.Role.MayInvite() {
		list = append(list, offer{role: r, name: r.Name()})
	}
	if q.Who.Role != authz.DOSTAdmin {
		return list, nil
	}
	own, err := authz.CustomRoles(q.Context(), tx)
	for _, r := range own {
		list = append(list, offer{authz.Custom, r.ID, r.Name})
	}
	return list, err
}

// chosenRole reads what value writes. Anything else is a role that nobody has.
func chosenRole(value string) (authz.Role, int64) {
	role, number, ok := strings.Cut(value, ".")
	id, err := strconv.ParseInt(number, 10, 64)
	if ok && err == nil && role == string(authz.Custom) {
		return authz.Custom, id
	}
	return authz.Role(value), 0
}

func showInvite(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	shell := q.Shell("Mời thành viên", "Người được mời nhận thư có đường dẫn dùng một lần, hiệu lực 7 ngày.")
	shell.Crumbs = []ui.Link{{Label: "Thành viên", Href: membersPath}}
	roles := []ui.Option{{Value: "", Label: "Chọn…"}}
	offers, err := offered(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	for _, o := range offers {
		roles = append(roles, ui.Option{Value: o.value(), Label: o.name})
	}
	fields := []ui.Field{
		{Name: "name", Label: "Họ tên", MaxLength: 120},
		{Name: "email", Label: "Thư điện tử", Type: "email", Hint: "Địa chỉ của riêng người được mời; dùng để đăng nhập"},
		{Name: "phone", Label: "Số di động", Type: "tel", InputMode: "tel", Optional: true, Hint: "Để đăng nhập bằng số điện thoại, nếu số chưa gắn với tài khoản khác"},
		{Name: "role", Label: "Vai trò", Type: "select", Options: roles},
	}
	if !q.Who.Role.OfOrganization() {
		bodies, err := departments(q.Context(), tx)
		if err != nil {
			return web.Answer{}, err
		}
		fields = append(fields,
			ui.Field{Name: "department", Label: "Sở, ngành", Type: "select", Optional: true, Hint: "Chỉ với chuyên viên sở, ngành; gồm các đơn vị trong kế hoạch của tỉnh", Options: departmentOptions(bodies)},
			ui.Field{Name: "unit", Label: "Xã, phường, đặc khu", Type: "unit", Optional: true, Hint: "Chỉ với cán bộ xã, phường, đặc khu; tìm được cả bằng tên trước sắp xếp"},
		)
	}
	fields = q.Fields(fields...)
	for i, f := range fields {
		if f.Type == "unit" {
			fields[i] = picker.Field(q, f, picker.Commune, provinceOf(q.Tenant))
		}
	}
	return q.Show(shell, invitePage(fields)), nil
}

func submitInvite(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	role, custom := chosenRole(q.Value("role"))
	n := authz.NewInvitation{
		Email: q.Value("email"), Phone: q.Value("phone"), Name: q.Value("name"), Role: role, RoleID: custom, Unit: q.Value("unit"),
	}
	if n.Role == authz.DepartmentOfficer {
		bodies, err := departments(q.Context(), tx)
		if err != nil {
			return web.Answer{}, err
		}
		n.Department = departmentOf(bodies, q.Value("department")).code // "" is refused with the rest
	}
	return invite(q, tx, n)
}

func invite(q *web.Request, tx tenant.Tx, n authz.NewInvitation) (web.Answer, error) {
	i, token, err := authz.Invite(q.Context(), tx, q.Who, provinceOf(q.Tenant), n)
	if err != nil {
		return web.Answer{}, err
	}
	if err := auditInvitation(q.Context(), tx, q.Who, i, "member.invite", "Mời"); err != nil {
		return web.Answer{}, err
	}
	a, letter := q.App(), invitationLetter(q.App(), q.Tenant, i, token)
	said := "Đã mời " + i.Name + "; thư mời gửi đến " + string(i.Email) + "."
	if lettersPath(a) != "" {
		said += " Bản chạy thử: xem thư ở " + lettersPath(a) + "."
	}
	return web.See(membersPath).Say(said).Later(func(ctx context.Context) error { return send(ctx, a, letter) }), nil
}

func invitationLetter(a *web.App, t tenant.Tenant, i authz.Invitation, token authz.InvitationToken) mail.Message {
	role := i.Title()
	if p := placeOfWork(i.Department, i.DepartmentName, i.Unit); p != "" {
		role += " (" + p + ")"
	}
	return mail.Message{
		To: string(i.Email), Name: i.Name, Subject: "Lời mời tham gia hệ thống truy xuất nguồn gốc – " + t.Name,
		Lines: []string{
			"Kính gửi " + i.Name + ",",
			i.Inviter + " mời bạn tham gia hệ thống truy xuất nguồn gốc sản phẩm, hàng hóa của " + t.Name + " với vai trò " + role + ".",
		},
		Link:  mail.Link{Label: "Nhận lời mời", URL: a.Base.JoinPath("loi-moi", t.Slug, string(token)).String()},
		After: []string{"Đường dẫn dùng được một lần, đến " + vi.DateTime(i.ExpiresAt) + ".", "Nếu không biết về lời mời này, hãy bỏ qua thư."},
	}
}

// posted returns the number of the invitation that a button stands for.
func posted(q *web.Request) (int64, error) {
	id, err := strconv.ParseInt(q.Value("id"), 10, 64)
	if err != nil || id <= 0 {
		return 0, fault.NotFound
	}
	return id, nil
}

func revokeInvitation(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := posted(q)
	if err != nil {
		return web.Answer{}, err
	}
	i, err := authz.RevokeInvitation(q.Context(), tx, id)
	if err != nil {
		return web.Answer{}, err
	}
	if err := auditInvitation(q.Context(), tx, q.Who, i, "member.revoke", "Thu hồi lời mời"); err != nil {
		return web.Answer{}, err
	}
	return web.See(membersPath).Say("Đã thu hồi lời mời gửi " + string(i.Email) + "."), nil
}

// repeatInvitation sends a new link in place of an open invitation's.
func repeatInvitation(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := posted(q)
	if err != nil {
		return web.Answer{}, err
	}
	i, err := authz.RevokeInvitation(q.Context(), tx, id)
	if err != nil {
		return web.Answer{}, err
	}
	answer, err := invite(q, tx, authz.NewInvitation{Email: string(i.Email), Phone: string(i.Phone), Name: i.Name, Role: i.Role, Department: i.Department, Unit: i.Unit, RoleID: i.RoleID})
	if wrong, ok := err.(fault.Invalid); ok { // has the role meanwhile, or the commune is no more: there is no form to show it at
		err = fault.Say(fault.Conflict, "%s", wrong[0].Message)
	}
	return answer, err
}
