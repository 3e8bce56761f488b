package authz

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"txng/tenant"
	"txng/tenant/fault"
)

// Group is a group of products by which departments share the work. Groups are fixed: a row keeps its group as one bit, so
// that a group's place never changes and none is taken away. The share-out follows NĐ 15/2018/NĐ-CP, Phụ lục II–IV for
// food (health; agriculture; industry and trade), and the ministries' fields for other goods.
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

// Department is a body of the province with the groups of products that it answers for.
type Department struct {
	Code      string
	Name      string // "" for a body that the template does not know
	Fields    tenant.Fields
	ChangedBy string // "" while it is as in the template
	ChangedAt time.Time
}

// template is how departments share the groups until a province says otherwise.
var template = []Department{
	{Code: "SKHCN", Name: "Sở Khoa học và Công nghệ", Fields: Other | 1<<12},
	{Code: "SNNMT", Name: "Sở Nông nghiệp và Môi trường", Fields: 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5},
	{Code: "SNNPTNT", Name: "Sở Nông nghiệp và Phát triển nông thôn (trước 3/2025)", Fields: 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5},
	{Code: "SCT", Name: "Sở Công Thương", Fields: 1<<6 | 1<<7 | 1<<8},
	{Code: "SYT", Name: "Sở Y tế", Fields: 1<<9 | 1<<10},
	{Code: "SATTP", Name: "Sở An toàn thực phẩm", Fields: 1<<1 | 1<<2 | 1<<3 | 1<<6 | 1<<7 | 1<<9},
	{Code: "SVHTTDL", Name: "Sở Văn hóa, Thể thao và Du lịch", Fields: 1 << 11},
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

// DepartmentName returns what the template calls a department; its code when it does not know it.
func DepartmentName(code string) string { return cmp.Or(templateOf(code).Name, code) }

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

// Departments returns the bodies of the home tenant: those of the template, those that officers work in, and those that
// the province has given groups.
func Departments(ctx context.Context, tx tenant.Tx) ([]Department, error) {
	own, err := tenant.List[Department](ctx, tx, `
		select code, '' as name, fields, changed_by, changed_at
		from authz.department
		where tenant_id = any ($1) and tenant_id = $2`, tx.Tenant())
	if err != nil {
		return nil, err
	}
	used, err := tenant.Column[string](ctx, tx, `
		select distinct department
		from authz.membership
		where tenant_id = any ($1) and tenant_id = $2 and department <> '' and (valid_to is null or valid_to > $3)
		order by department`, tx.Tenant(), tx.Now())
	if err != nil {
		return nil, err
	}
	list := slices.Clone(template)
	add := func(d Department) {
		i := slices.IndexFunc(list, func(l Department) bool { return l.Code == d.Code })
		if i < 0 {
			list = append(list, d)
		} else if d.ChangedBy != "" {
			d.Name = list[i].Name
			list[i] = d
		}
	}
	for _, code := range used {
		add(Department{Code: code})
	}
	for _, d := range own {
		add(d)
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
