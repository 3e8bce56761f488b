package authz

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"txng/tenant"
	"txng/tenant/fault"
)

// Custom is the role of a membership whose rights are those of a role that the province has made (CustomRole).
const Custom Role = "custom"

// customizable are the permissions that a role of the province's own may be made of: ordinary work with records. What
// gives away rights or people's access (inviting, making roles, share-out of fields), belongs to one person or makes
// sense in an organization only is not among them, so that no custom role leads to more than it names; a new permission
// is not, until it is put here. Everybody has AccountSelf.
var customizable = []Permission{
	OrganizationView, OrganizationAdmit, CatalogView, CatalogList, LotView, StampView, StampRecall, ScanView, PlanView,
	PlanImport, TaskReport, KPIView, QuotaView, QuotaGrant, AuditView, MemberView,
}

// customizableSet is the most that a custom role can give: what may be in one and what the administrator has today.
var customizableSet = func() (s Set) {
	for _, p := range customizable {
		if DefaultPolicy.Allows(DOSTAdmin, p) {
			s.add(DefaultPolicy.bit[p])
		}
	}
	return s
}()

// compileCustom returns what a custom role may do: what is stored, as far as a custom role may have it and a maker of
// roles has it now. An unknown name grants nothing.
func compileCustom(stored []string) Set {
	var s Set
	s.add(DefaultPolicy.bit[AccountSelf])
	for _, name := range stored {
		if bit, ok := DefaultPolicy.bit[Permission(name)]; ok && customizableSet.has(bit) {
			s.add(bit)
		}
	}
	return s
}

// Customizable returns the permissions that a person may put into a role of the province's own: those of their own that
// such a role may have.
func Customizable(who Identity) []Permission {
	var list []Permission
	for _, p := range Permissions() {
		if who.Can(p) && customizableSet.has(DefaultPolicy.bit[p]) {
			list = append(list, p)
		}
	}
	return list
}

// CustomRole is a role that a province has made for its officers. It sees the whole province, as the offices of the
// Department of Science and Technology do.
type CustomRole struct {
	TenantID    tenant.ID
	ID          int64
	Name        string
	Permissions []string // as stored; what they give is Rights
	Maker       string
	CreatedAt   time.Time
	ChangedAt   time.Time
	RetiredAt   *time.Time
	Holders     int // memberships that are valid now
}

// Rights returns what the role lets its holders do now, with the reason.
func (r CustomRole) Rights() []Right {
	return customRights(r.Name, compileCustom(r.Permissions))
}

// Has reports whether the role gives the permission now.
func (r CustomRole) Has(p Permission) bool {
	bit, ok := DefaultPolicy.bit[p]
	return ok && compileCustom(r.Permissions).has(bit)
}

// NewRole is what a custom role is made of, as typed.
type NewRole struct {
	Name        string
	Permissions []string
}

// foldName is a name without case, diacritics and doubled spaces: two names that look alike have the same.
func foldName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ' || r == 'Đ':
			return 'd'
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
	return strings.Join(strings.Fields(s), " ")
}

// check returns the role's name, folded name and permissions as they are stored. Errors: fault.Invalid for name and
// permissions.
func (n NewRole) check(who Identity) (name, folded string, permissions []string, err error) {
	var wrong fault.Invalid
	name = norm.NFC.String(strings.Join(strings.Fields(n.Name), " "))
	folded = foldName(name)
	switch c := utf8.RuneCountInString(name); {
	case c < 1 || c > 60 || folded == "":
		wrong.Add("name", "Tên vai trò có từ 1 đến 60 ký tự.")
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) || strings.Contains(name, "://"):
		wrong.Add("name", "Tên vai trò có ký tự không hợp lệ.")
	}
	for _, r := range Roles {
		if foldName(r.Name) == folded || string(r.Role) == folded {
			wrong.Add("name", "“%s” là vai trò sẵn có; hãy đặt tên khác.", r.Name)
		}
	}
	if foldName(Custom.Name()) == folded || string(Custom) == folded {
		wrong.Add("name", "Hãy đặt tên nói rõ công việc của vai trò.")
	}
	may := Customizable(who)
	for _, p := range n.Permissions {
		if !slices.Contains(may, Permission(p)) {
			wrong.Add("permissions", "Chỉ chọn được những quyền trong danh sách mà chính bạn đang có.")
			break
		}
		permissions = append(permissions, p)
	}
	slices.Sort(permissions)
	permissions = slices.Compact(permissions)
	if len(n.Permissions) == 0 {
		wrong.Add("permissions", "Chọn ít nhất một quyền.")
	}
	return name, folded, permissions, wrong.Err()
}

// maxRoles is how many roles a province may have made at a time.
const maxRoles = 50

// errRoleName is the answer to a name that another role has.
func errRoleName(name string) error {
	return fault.Taken("name", "Đã có vai trò “%s” hoặc tên gần giống.", name)
}

// CreateRole makes a role of the province's own on behalf of who. Errors: fault.Invalid for name and permissions,
// fault.Conflict when there are too many.
func CreateRole(ctx context.Context, tx tenant.Tx, who Identity, n NewRole) (CustomRole, error) {
	if who.Tenant != tx.Tenant() || !who.Can(RoleManage) {
		return CustomRole{}, fault.Forbidden
	}
	name, folded, permissions, err := n.check(who)
	if err != nil {
		return CustomRole{}, err
	}
	all, err := CustomRoles(ctx, tx)
	if err != nil {
		return CustomRole{}, err
	}
	if len(all) >= maxRoles {
		return CustomRole{}, fault.Say(fault.Conflict, "Tỉnh đã có %d vai trò tự lập. Hãy bỏ vai trò không dùng nữa.", len(all))
	}
	r := CustomRole{TenantID: tx.Tenant(), ID: tx.NewID(), Name: name, Permissions: permissions, Maker: who.Name, CreatedAt: tx.Now(), ChangedAt: tx.Now()}
	_, err = tx.Exec(ctx, `
		insert into authz.role (tenant_id, id, name, folded, permissions, maker, created_at, changed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $7)`, r.ID, r.Name, folded, r.Permissions, r.Maker, r.CreatedAt)
	if tenant.Violates(err, "role_name") {
		return CustomRole{}, errRoleName(name)
	}
	return r, err
}

// ChangeRole gives a role another name and other permissions, and returns it as it was and as it is. Its holders may do
// what it says now from their next request on, on every instance. Errors: those of CreateRole; fault.NotFound when
// there is no such role of the home tenant, or it is retired.
func ChangeRole(ctx context.Context, tx tenant.Tx, who Identity, id int64, n NewRole) (before, after CustomRole, err error) {
	if who.Tenant != tx.Tenant() || !who.Can(RoleManage) {
		return before, after, fault.Forbidden
	}
	if before, err = lockRole(ctx, tx, id); err != nil {
		return before, after, err
	}
	name, folded, permissions, err := n.check(who)
	if err != nil {
		return before, after, err
	}
	after = before
	after.Name, after.Permissions, after.ChangedAt = name, permissions, tx.Now()
	_, err = tx.Exec(ctx, `
		update authz.role
		set name = $3, folded = $4, permissions = $5, changed_at = $6
		where tenant_id = $1 and id = $2`, id, name, folded, permissions, tx.Now())
	if tenant.Violates(err, "role_name") {
		return before, after, errRoleName(name)
	}
	if err != nil {
		return before, after, err
	}
	return before, after, announceRole(ctx, tx, id)
}

// RetireRole takes a role out of use. fault.Conflict while somebody holds it or is invited to it.
func RetireRole(ctx context.Context, tx tenant.Tx, who Identity, id int64) (CustomRole, error) {
	if who.Tenant != tx.Tenant() || !who.Can(RoleManage) {
		return CustomRole{}, fault.Forbidden
	}
	r, err := lockRole(ctx, tx, id)
	if err != nil {
		return r, err
	}
	held, err := tenant.Value[int](ctx, tx, `
		select (
			select count(*)
			from authz.membership
			where tenant_id = any ($1) and tenant_id = $2 and role_id = $3 and (valid_to is null or valid_to > $4))::int + (
			select count(*)
			from authz.invitation
			where tenant_id = any ($1) and tenant_id = $2 and role_id = $3 and accepted_at is null and revoked_at is null
			and expires_at > $4)::int`, tx.Tenant(), id, tx.Now())
	if err != nil {
		return r, err
	}
	if held > 0 {
		return r, fault.Say(fault.Conflict, "Còn %d người giữ hoặc được mời vào vai trò này. Hãy chấm dứt vai trò của họ hoặc thu hồi lời mời trước.", held)
	}
	if _, err := tx.Exec(ctx, `
		update authz.role
		set retired_at = $3
		where tenant_id = $1 and id = $2`, id, tx.Now()); err != nil {
		return r, err
	}
	return r, announceRole(ctx, tx, id)
}

const roleColumns = `r.tenant_id, r.id, r.name, r.permissions, r.maker, r.created_at, r.changed_at, r.retired_at`

// lockRole returns a role of the home tenant that is in use, locked against those who change it and those who give it to
// somebody (their foreign key waits).
func lockRole(ctx context.Context, tx tenant.Tx, id int64) (CustomRole, error) {
	list, err := tenant.Puts[CustomRole](ctx, tx, `
		select `+roleColumns+`, 0 as holders
		from authz.role r
		where r.tenant_id = $1 and r.id = $2 and r.retired_at is null
		for update`, id)
	if err == nil && len(list) == 0 {
		err = fault.NotFound
	}
	if err != nil {
		return CustomRole{}, err
	}
	return list[0], nil
}

// CustomRoles returns the roles of the home tenant that are in use, in the order of their names.
func CustomRoles(ctx context.Context, tx tenant.Tx) ([]CustomRole, error) {
	return tenant.List[CustomRole](ctx, tx, `
		select `+roleColumns+`, (
			select count(*)
			from authz.membership m
			where m.tenant_id = any ($1) and m.tenant_id = r.tenant_id and m.role_id = r.id and (m.valid_to is null or m.valid_to > $3))::int as holders
		from authz.role r
		where r.tenant_id = any ($1) and r.tenant_id = $2 and r.retired_at is null
		order by r.name collate "vi-x-icu", r.id`, tx.Tenant(), tx.Now())
}

// RoleByID returns a role of the tenants that the transaction reads, retired ones too, or fault.NotFound.
func RoleByID(ctx context.Context, tx tenant.Tx, id int64) (CustomRole, error) {
	return tenant.One[CustomRole](ctx, tx, `
		select `+roleColumns+`, (
			select count(*)
			from authz.membership m
			where m.tenant_id = any ($1) and m.tenant_id = r.tenant_id and m.role_id = r.id and (m.valid_to is null or m.valid_to > $3))::int as holders
		from authz.role r
		where r.tenant_id = any ($1) and r.id = $2`, id, tx.Now())
}
