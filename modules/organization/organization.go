package organization

import (
	"strings"
	"time"
	"unicode/utf8"

	"txng/authz"
	"txng/modules/internal/address"
	"txng/modules/internal/vi"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// Kind is what an organization is.
type Kind string

// The kinds of organizations.
const (
	Enterprise  Kind = "enterprise"
	Cooperative Kind = "cooperative"
	Household   Kind = "household"
)

// Kinds lists the kinds with their names on pages.
var Kinds = []struct {
	Kind Kind
	Name string
}{{Enterprise, "Doanh nghiệp"}, {Cooperative, "Hợp tác xã"}, {Household, "Hộ kinh doanh, hộ sản xuất"}}

// Name returns the kind's name on pages.
func (k Kind) Name() string {
	for _, known := range Kinds {
		if known.Kind == k {
			return known.Name
		}
	}
	return string(k)
}

// State is where an organization's registration stands.
type State string

// The states of a registration.
const (
	Pending  State = "pending"
	Approved State = "approved"
	Refused  State = "refused"
)

// Organization is a business, cooperative or household of a tenant.
type Organization struct {
	TenantID tenant.ID // where it registered; a successor province reads it
	ID       tenant.OrgID
	Kind     Kind
	Name     string
	MST      vi.MST
	Address  string // house, street, hamlet
	Unit     string // commune, a unit.Ref
	// PrintedAddress is the address that labels have since before a reform, as printed, with its commune, a unit.Ref; both
	// "" when it is no other.
	PrintedAddress, PrintedUnit string
	Phone, Email                string
	UsesBarcode                 bool
	Fields                      tenant.Fields // groups that it declared, and those of its products
	State                       State
	StateReason                 string
	Illustrative                bool   // demonstration data that no source names
	Source                      string // where demonstration data come from
	CreatedAt                   time.Time
	DecidedAt                   *time.Time
}

// Place returns the address with commune and province, as they are today.
func (o Organization) Place(now time.Time) string { return address.Place(o.Address, o.Unit, now) }

// Both returns the address of today and the one on labels.
func (o Organization) Both(now time.Time) address.Both {
	return address.Of(o.Address, o.Unit, o.PrintedAddress, o.PrintedUnit, now)
}

// SignUp is what an organization gives to register: itself and the person who will be its owner here.
type SignUp struct {
	Kind         Kind
	Name         string
	MST          string
	Address      string
	Unit         string // "" is read from Printed, where that says it for certain
	Printed      string // address on labels of before the reform; "" when it is no other
	Phone        string
	UsesBarcode  bool
	Sectors      []string // codes of groups of products that it works with
	Person       string
	Email        string
	Password     string
	Illustrative bool
	Source       string
}

// Validate checks what was given against the tenant's province and returns the organization. Errors: fault.Invalid by
// the names of the form's fields.
func (s SignUp) Validate(province unit.Ref, now time.Time) (Organization, error) {
	var wrong fault.Invalid
	o := Organization{
		Kind: s.Kind, Name: strings.TrimSpace(s.Name), Address: strings.TrimSpace(s.Address), UsesBarcode: s.UsesBarcode,
		State: Pending, Email: s.Email, Illustrative: s.Illustrative, Source: s.Source, CreatedAt: now,
	}
	if o.Kind.Name() == string(o.Kind) {
		wrong.Add("kind", "Chọn loại hình của đơn vị.")
	}
	if n := utf8.RuneCountInString(o.Name); n < 2 || n > 200 {
		wrong.Add("name", "Tên đơn vị có từ 2 đến 200 ký tự.")
	}
	mst, err := vi.ParseMST(s.MST)
	if e, ok := err.(fault.Invalid); ok {
		wrong = append(wrong, e...)
	}
	o.MST = mst
	if n := utf8.RuneCountInString(o.Address); n > 300 {
		wrong.Add("address", "Địa chỉ dài quá 300 ký tự.")
	}
	if printed := strings.Join(strings.Fields(s.Printed), " "); printed != "" {
		former, err := readPrinted(printed, province, now)
		if e, ok := err.(fault.Invalid); ok {
			wrong = append(wrong, e...)
		} else {
			o.PrintedAddress, o.PrintedUnit = printed, former.Ref.String()
			if s.Unit == "" {
				s.Unit = successor(former, now)
			}
		}
	}
	ref, err := unit.ParseRef(s.Unit)
	commune, ok := unit.ByRef(ref)
	if err != nil || !ok || commune.Level != unit.Commune || commune.ProvinceRef != province {
		wrong.Add("unit", "Tìm rồi chọn xã, phường hoặc đặc khu trong danh sách.")
	} else {
		o.Unit = ref.String()
	}
	sectors, err := authz.FieldsOf(s.Sectors)
	if err != nil {
		wrong.Add("sectors", "Chọn nhóm sản phẩm trong danh sách.")
	}
	if o.Fields = sectors; sectors == 0 {
		o.Fields = authz.Other
	}
	if s.Phone != "" {
		phone, err := vi.ParsePhone(s.Phone)
		if e, ok := err.(fault.Invalid); ok {
			wrong = append(wrong, e...)
		}
		o.Phone = phone
	}
	return o, wrong.Err()
}
