package authz

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"txng/tenant"
	"txng/tenant/fault"
)

// Group is a group of products by which departments share the work. Groups are fixed: a row keeps its group as one bit,
// so that a group's place never changes and none is taken away. The share-out follows NĐ 15/2018/NĐ-CP, Phụ lục II–IV
// for food (health; agriculture; industry and trade), and the ministries' fields for other goods.
type Group struct {
	Fields tenant.Fields // its one bit
	Code   string        // in addresses, forms and files
	Name   string
	Holds  string // examples, for forms
}

// Label is the name with its examples.
func (g Group) Label() string {
	if g.Holds == "" {
		return g.Name
	}
	return g.Name + ": " + g.Holds
}

// Other is the group of what nobody has classified yet. It is every row's until then.
const Other tenant.Fields = 1

// Groups lists the groups.
var Groups = []Group{
	{Other, "khac", "Nhóm khác, chưa phân nhóm", ""},
	{1 << 1, "trong-trot", "Trồng trọt", "rau, quả, chè, cà phê, ngũ cốc và nông sản khác"},
	{1 << 2, "chan-nuoi", "Chăn nuôi", "thịt, trứng, sữa tươi, mật ong, tổ yến"},
	{1 << 3, "thuy-san", "Thủy sản", "tôm, cá, nước mắm và sản phẩm thủy sản"},
	{1 << 4, "lam-san", "Lâm sản", "gỗ, lâm sản ngoài gỗ, cây dược liệu"},
	{1 << 5, "vat-tu", "Vật tư nông nghiệp", "giống, phân bón, thức ăn chăn nuôi, thuốc bảo vệ thực vật"},
	{1 << 6, "thuc-pham", "Thực phẩm chế biến công nghiệp", "bánh, mứt, kẹo, sữa chế biến, dầu thực vật, bột và tinh bột"},
	{1 << 7, "do-uong", "Đồ uống", "rượu, bia, nước giải khát"},
	{1 << 8, "cong-nghiep", "Hàng công nghiệp, tiêu dùng", "dệt may, da giày, thủ công mỹ nghệ"},
	{1 << 9, "thuc-pham-y-te", "Thực phẩm thuộc ngành y tế", "thực phẩm bảo vệ sức khỏe, nước uống đóng chai, phụ gia"},
	{1 << 10, "y-te", "Thuốc, mỹ phẩm, thiết bị y tế", ""},
	{1 << 11, "du-lich", "Du lịch, văn hóa", "dịch vụ du lịch cộng đồng, điểm du lịch"},
	{1 << 12, "khoa-hoc", "Hàng hóa thuộc ngành khoa học và công nghệ", "phương tiện đo, đồ chơi, thiết bị điện, xăng dầu"},
}

// FieldsOf returns the groups with the codes. Errors: fault.Invalid for "fields" when one is unknown.
func FieldsOf(codes []string) (tenant.Fields, error) {
	var f tenant.Fields
	for _, c := range codes {
		i := slices.IndexFunc(Groups, func(g Group) bool { return g.Code == c })
		if i < 0 {
			return 0, fault.Invalid{{Name: "fields", Message: "Chọn nhóm sản phẩm trong danh sách."}}
		}
		f |= Groups[i].Fields
	}
	return f, nil
}

// GroupsOf returns the groups of a set, in the order of Groups.
func GroupsOf(f tenant.Fields) []Group {
	var list []Group
	for _, g := range Groups {
		if f.Has(g.Fields) {
			list = append(list, g)
		}
	}
	return list
}

// templateOf returns what the template says of a department; one that it does not know answers for no group.
func templateOf(code string) Department {
	for _, d := range template {
		if d.Code == code {
			return d
		}
	}
	return Department{Code: code}
}

// fieldsOf returns the groups of a membership's department: the province's own, or the template's when there is none.
func fieldsOf(role Role, department string, own *tenant.Fields) tenant.Fields {
	switch {
	case role != DepartmentOfficer:
		return 0
	case own != nil:
		return *own
	}
	return templateOf(department).Fields
}

// Departments returns the bodies of the home tenant: those that take part, those that officers work in, and those that
// the province has given groups.
func Departments(ctx context.Context, tx tenant.Tx) ([]Department, error) {
	list, err := OwnDepartments(ctx, tx)
	if err != nil {
		return nil, err
	}
	said, err := saidOfDepartments(ctx, tx)
	if err != nil {
		return nil, err
	}
	more, err := tenant.Column[string](ctx, tx, `
		select department
		from authz.membership
		where tenant_id = any ($1) and tenant_id = $2 and department <> '' and (valid_to is null or valid_to > $3)
		union
		select code
		from authz.department
		where tenant_id = any ($1) and tenant_id = $2 and fields is not null
		order by 1`, tx.Tenant(), tx.Now())
	if err != nil {
		return nil, err
	}
	for _, code := range more {
		if !slices.ContainsFunc(list, func(d Department) bool { return d.Code == code }) {
			list = append(list, said.of(code))
		}
	}
	return list, nil
}

// SetFields gives a department its groups of products, on behalf of who, and returns it as it was. What its officers see
// changes with their next request, on every instance. Errors: fault.Invalid for code and fields.
func SetFields(ctx context.Context, tx tenant.Tx, who Identity, code string, codes []string) (before Department, err error) {
	if who.Tenant != tx.Tenant() || !who.Can(FieldManage) {
		return Department{}, fault.Forbidden
	}
	code = strings.ToUpper(strings.TrimSpace(code))
	if n := utf8.RuneCountInString(code); n == 0 || n > 40 || strings.ContainsFunc(code, func(r rune) bool { return r < ' ' }) {
		return Department{}, fault.Invalid{{Name: "code", Message: "Mã sở, ngành có từ 1 đến 40 ký tự, đúng như trong kế hoạch. Ví dụ: SCT"}}
	}
	fields, err := FieldsOf(codes)
	if err != nil {
		return Department{}, err
	}
	all, err := Departments(ctx, tx)
	if err != nil {
		return Department{}, err
	}
	before = templateOf(code)
	for _, d := range all {
		if d.Code == code {
			before = d
		}
	}
	if _, err := tx.Exec(ctx, `
		insert into authz.department (tenant_id, code, fields, changed_by, changed_at)
		values ($1, $2, $3, $4, $5)
		on conflict (tenant_id, code) do update
		set fields = excluded.fields, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
		code, fields, who.Name, tx.Now()); err != nil {
		return Department{}, err
	}
	return before, announce(ctx, tx, "d", code)
}
