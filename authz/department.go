package authz

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"txng/tenant"
	"txng/tenant/fault"
)

// Department is a body of a province that takes part, with the groups of products that it answers for.
type Department struct {
	Code      string
	Name      string // "" for a body that neither the template nor the province has named
	Former    bool   // it exists no more; officers may still be held by it
	Fields    tenant.Fields
	ChangedBy string // who gave it its groups; "" while they are the template's
	ChangedAt time.Time
}

// template is the bodies that most provinces have, with the codes that their plans use, and how they share the groups
// until a province says otherwise. It is the one list of them.
var template = []Department{
	{Code: "SKHCN", Name: "Sở Khoa học và Công nghệ", Fields: Other | 1<<12},
	{Code: "SNNMT", Name: "Sở Nông nghiệp và Môi trường", Fields: 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5},
	{Code: "SNNPTNT", Name: "Sở Nông nghiệp và Phát triển nông thôn (trước 3/2025)", Former: true, Fields: 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5},
	{Code: "SCT", Name: "Sở Công Thương", Fields: 1<<6 | 1<<7 | 1<<8},
	{Code: "SYT", Name: "Sở Y tế", Fields: 1<<9 | 1<<10},
	{Code: "SATTP", Name: "Sở An toàn thực phẩm", Fields: 1<<1 | 1<<2 | 1<<3 | 1<<6 | 1<<7 | 1<<9},
	{Code: "STC", Name: "Sở Tài chính"},
	{Code: "SGDDT", Name: "Sở Giáo dục và Đào tạo"},
	{Code: "SVHTTDL", Name: "Sở Văn hóa, Thể thao và Du lịch", Fields: 1 << 11},
	{Code: "CA", Name: "Công an tỉnh"},
	{Code: "LMHTX", Name: "Liên minh Hợp tác xã"},
	{Code: "HND", Name: "Hội Nông dân"},
	{Code: "BAO", Name: "Báo và Đài Phát thanh, Truyền hình"},
}

// CommonDepartments returns the bodies that most provinces have today: what a new province chooses from, and what one
// that has not chosen has.
func CommonDepartments() []Department {
	return slices.DeleteFunc(slices.Clone(template), func(d Department) bool { return d.Former })
}

// DepartmentName is what a department is called: own is the province's name for it, "" for none; its code where nobody
// says.
func DepartmentName(code, own string) string { return cmp.Or(own, templateOf(code).Name, code) }

// provinceDepartments is what a province says of departments, by code.
type provinceDepartments map[string]struct {
	Code, Name string
	Fields     *tenant.Fields
	ChangedBy  string
	ChangedAt  time.Time
}

func saidOfDepartments(ctx context.Context, tx tenant.Tx) (provinceDepartments, error) {
	type row = struct {
		Code, Name string
		Fields     *tenant.Fields
		ChangedBy  string
		ChangedAt  time.Time
	}
	rows, err := tenant.List[row](ctx, tx, `
		select code, name, fields, changed_by, changed_at
		from authz.department
		where tenant_id = any ($1) and tenant_id = $2`, tx.Tenant())
	said := provinceDepartments{}
	for _, r := range rows {
		said[r.Code] = r
	}
	return said, err
}

// of returns a department as the province has it.
func (p provinceDepartments) of(code string) Department {
	d := templateOf(code)
	own := p[code]
	if own.Name != "" {
		d.Name = own.Name
	}
	if own.Fields != nil {
		d.Fields, d.ChangedBy, d.ChangedAt = *own.Fields, own.ChangedBy, own.ChangedAt
	}
	return d
}

// OwnDepartments returns the bodies that take part in the home tenant's programme, in the order in which they were
// chosen; the common ones while the province has not chosen.
func OwnDepartments(ctx context.Context, tx tenant.Tx) ([]Department, error) {
	chosen, err := tenant.ValueOf(ctx, tx, tenant.Departments)
	if err != nil {
		return nil, err
	}
	said, err := saidOfDepartments(ctx, tx)
	if err != nil {
		return nil, err
	}
	codes := strings.FieldsFunc(chosen, func(r rune) bool { return r == ',' })
	if len(codes) == 0 {
		for _, d := range CommonDepartments() {
			codes = append(codes, d.Code)
		}
	}
	list := make([]Department, len(codes))
	for i, code := range codes {
		list[i] = said.of(code)
	}
	return list, nil
}

// Limits of a province's own list.
const (
	maxDepartments    = 60
	maxDepartmentName = 120
)

var departmentCode = regexp.MustCompile(`^[A-Z0-9][A-Z0-9-]{0,19}$`)

// lockDepartments returns the province's list, for the transaction to change. Of two at the same time the second waits.
func lockDepartments(ctx context.Context, tx tenant.Tx, who Identity) ([]Department, error) {
	if who.Tenant != tx.Tenant() || !who.Can(TenantSettings) {
		return nil, fault.Forbidden
	}
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtext('authz.department'), $1::int)"); err != nil {
		return nil, err
	}
	return OwnDepartments(ctx, tx)
}

func keepDepartments(ctx context.Context, tx tenant.Tx, list []Department) error {
	codes := make([]string, len(list))
	for i, d := range list {
		codes[i] = d.Code
	}
	return tenant.Decide(ctx, tx, tenant.Departments, strings.Join(codes, ","))
}

// checkDepartmentName returns a name as it is stored, and notes what is wrong with it; code is the department's own.
func checkDepartmentName(wrong *fault.Invalid, list []Department, code, name string) string {
	name = strings.Join(strings.Fields(name), " ")
	switch n := utf8.RuneCountInString(name); {
	case n < 3 || n > maxDepartmentName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }):
		wrong.Add("name", "Tên có từ 3 đến %d ký tự đọc được. Ví dụ: Ban Quản lý An toàn thực phẩm", maxDepartmentName)
	default:
		for _, d := range list {
			if d.Code != code && strings.EqualFold(d.Name, name) {
				*wrong = append(*wrong, fault.Taken("name", "Đã có “%s” trong danh sách, mã %s.", d.Name, d.Code)...)
			}
		}
	}
	return name
}

// AddDepartment puts a body on the province's list, on behalf of who; name "" is the template's. Errors: fault.Invalid
// for code and name, a fault.Conflict when one is taken; fault.Conflict when the list is full.
func AddDepartment(ctx context.Context, tx tenant.Tx, who Identity, code, name string) (Department, error) {
	list, err := lockDepartments(ctx, tx, who)
	if err != nil {
		return Department{}, err
	}
	var wrong fault.Invalid
	code = strings.ToUpper(strings.TrimSpace(code))
	if !departmentCode.MatchString(code) {
		wrong.Add("code", "Mã gồm chữ cái không dấu, chữ số, gạch ngang, tối đa 20 ký tự, đúng như trong kế hoạch. Ví dụ: BQLATTP")
	}
	for _, d := range list {
		if d.Code == code {
			wrong = append(wrong, fault.Taken("code", "Mã %s đã có trong danh sách: %s.", code, DepartmentName(d.Code, d.Name))...)
		}
	}
	known := templateOf(code)
	if strings.TrimSpace(name) == "" {
		name = known.Name
	}
	if name != "" || wrong == nil { // a code that is wrong may be meant for one that has a name
		name = checkDepartmentName(&wrong, list, code, name)
	}
	if err := wrong.Err(); err != nil {
		return Department{}, err
	}
	if len(list) >= maxDepartments {
		return Department{}, fault.Say(fault.Conflict, "Danh sách đã có %d sở, ngành. Hãy bỏ đơn vị không còn tham gia.", len(list))
	}
	known.Name = name
	if err := nameDepartment(ctx, tx, who, code, name); err != nil {
		return Department{}, err
	}
	return known, keepDepartments(ctx, tx, append(list, known))
}

// nameDepartment keeps the province's name of a body; the template's own name is kept as none.
func nameDepartment(ctx context.Context, tx tenant.Tx, who Identity, code, name string) error {
	if name == templateOf(code).Name {
		name = ""
	}
	_, err := tx.Exec(ctx, `
		insert into authz.department (tenant_id, code, name, changed_by, changed_at)
		values ($1, $2, $3, $4, $5)
		on conflict (tenant_id, code) do update
		set name = excluded.name`, code, name, who.Name, tx.Now())
	return err
}

// RenameDepartment gives a body of the province's list another name, on behalf of who, and returns it as it was and is.
// Its code, by which plans and memberships know it, stays. Errors: fault.NotFound when the list has no such body;
// fault.Invalid for name, a fault.Conflict when another has it.
func RenameDepartment(ctx context.Context, tx tenant.Tx, who Identity, code, name string) (before, after Department, err error) {
	list, err := lockDepartments(ctx, tx, who)
	if err != nil {
		return before, after, err
	}
	i := slices.IndexFunc(list, func(d Department) bool { return d.Code == code })
	if i < 0 {
		return before, after, fault.NotFound
	}
	var wrong fault.Invalid
	before, after = list[i], list[i]
	after.Name = checkDepartmentName(&wrong, list, code, name)
	if err := wrong.Err(); err != nil {
		return before, after, err
	}
	return before, after, nameDepartment(ctx, tx, who, code, after.Name)
}

// RemoveDepartment takes a body off the province's list, on behalf of who, and returns it. Its name and groups are kept
// for when it comes back. Errors: fault.NotFound when the list has no such body; fault.Conflict, saying who, while
// anybody holds or is offered a role in it, and for the last one.
func RemoveDepartment(ctx context.Context, tx tenant.Tx, who Identity, code string) (Department, error) {
	list, err := lockDepartments(ctx, tx, who)
	if err != nil {
		return Department{}, err
	}
	i := slices.IndexFunc(list, func(d Department) bool { return d.Code == code })
	if i < 0 {
		return Department{}, fault.NotFound
	}
	d := list[i]
	people, err := inDepartment(ctx, tx, code)
	if err != nil {
		return Department{}, err
	}
	if len(people) > 0 {
		return Department{}, fault.Say(fault.Conflict, "Chưa bỏ được %s: còn %d người giữ vai trò hoặc được mời: %s. Hãy chấm dứt vai trò hoặc thu hồi lời mời trước.",
			DepartmentName(d.Code, d.Name), len(people), someOf(people))
	}
	if len(list) == 1 {
		return Department{}, fault.Say(fault.Conflict, "Danh sách phải còn ít nhất một sở, ngành.")
	}
	return d, keepDepartments(ctx, tx, slices.Delete(list, i, i+1))
}

// inDepartment returns the names of those who hold a role in a body of the home tenant, and of those who are offered one.
func inDepartment(ctx context.Context, tx tenant.Tx, code string) ([]string, error) {
	return tenant.Column[string](ctx, tx, `
		select name
		from authz.membership
		where tenant_id = any ($1) and tenant_id = $2 and role = 'department_officer' and department = $3
		and (valid_to is null or valid_to > $4)
		union all
		select name || ' (được mời)'
		from authz.invitation
		where tenant_id = any ($1) and tenant_id = $2 and role = 'department_officer' and department = $3
		and accepted_at is null and revoked_at is null and expires_at > $4
		order by 1`, tx.Tenant(), code, tx.Now())
}

// someOf lists a few names.
func someOf(names []string) string {
	const most = 8
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" và %d người khác", len(names)-most)
	}
	return strings.Join(names, ", ")
}
