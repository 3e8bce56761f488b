package tenant

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"txng/tenant/fault"
)

// The settings, beside OfficerFactor.
const (
	DisplayName Setting = "display_name" // "" means the official name
	Colour      Setting = "colour"       // "" means the platform's
	ContactName Setting = "contact_name" // of the body that people are told to turn to
	Contact     Setting = "contact"
	FreeQuota   Setting = "free_quota" // stamps that an organization gets when it is admitted
	SelfSignUp  Setting = "self_signup"
	APIAccess   Setting = "api_access"
	Departments Setting = "departments" // codes of the bodies that take part, with a comma between two
)

// Kind is how a setting is asked for.
type Kind string

// The kinds.
const (
	Toggle Kind = "toggle"
	Number Kind = "number"
	Text   Kind = "text"
	Paint  Kind = "colour"
)

// On and Off are the values of a toggle, unless its Spec says otherwise.
const (
	On  = "on"
	Off = "off"
)

// Spec says what a setting may be. A stored value that it does not allow counts as the default.
type Spec struct {
	Key                Setting
	Group, Label, Hint string
	Kind               Kind
	Default            string
	Yes, No            string // of a toggle
	Min, Max           int64  // of a number; of a text its length in characters
	Page               string // where it is changed, when it has a page of its own
}

// Specs lists the settings, in the order of the page.
var Specs = []Spec{
	{Key: DisplayName, Group: "Nhận diện", Label: "Tên hiển thị", Hint: "Hiện ở đầu trang làm việc và trang công khai; để trống dùng tên tỉnh, thành phố", Kind: Text, Max: 60},
	{Key: Colour, Group: "Nhận diện", Label: "Màu chủ đạo", Hint: "Dạng #rrggbb, đủ đậm để đọc chữ trắng; để trống dùng màu của hệ thống", Kind: Paint},
	{Key: ContactName, Group: "Nhận diện", Label: "Cơ quan đầu mối", Hint: "Người dân đọc được trên trang công khai; để trống là Sở Khoa học và Công nghệ", Kind: Text, Max: 120},
	{Key: Contact, Group: "Nhận diện", Label: "Cách liên hệ", Hint: "Điện thoại, thư điện tử, địa chỉ; hiển thị cho người dân khi báo lỗi, báo hàng giả", Kind: Text, Max: 500},
	{Key: FreeQuota, Group: "Chủ thể", Label: "Số tem miễn phí khi duyệt", Hint: "Mỗi chủ thể được cấp khi hồ sơ được duyệt, dùng trong một năm; từ 0 đến 1.000.000", Kind: Number, Default: "10000", Max: 1_000_000},
	{Key: SelfSignUp, Group: "Chủ thể", Label: "Cho chủ thể tự đăng ký", Hint: "Tắt: trang đăng ký cho biết tỉnh đang không nhận và nêu nơi liên hệ", Kind: Toggle, Default: On, Yes: On, No: Off},
	{Key: APIAccess, Group: "Kết nối", Label: "Cho phần mềm truy cập qua API", Hint: "Tắt: mọi kết nối và khóa API bị từ chối; bật lại là dùng được ngay", Kind: Toggle, Default: On, Yes: On, No: Off},
	{Key: OfficerFactor, Group: "Bảo mật", Label: "Xác thực hai lớp với mọi cán bộ", Hint: "Quản trị Sở KH&CN luôn phải có", Kind: Toggle, Yes: Required, No: "", Page: "/thanh-vien/hai-lop"},
	{Key: Departments, Group: "Phối hợp", Label: "Sở, ngành tham gia", Kind: Text, Max: 2000, Page: "/cau-hinh/so-nganh"},
}

// SpecOf returns what a setting may be.
func SpecOf(s Setting) (Spec, bool) {
	i := slices.IndexFunc(Specs, func(spec Spec) bool { return spec.Key == s })
	if i < 0 {
		return Spec{}, false
	}
	return Specs[i], true
}

// Check returns a value as it is stored, and notes under the setting's key what is wrong with it.
func (s Spec) Check(wrong *fault.Invalid, value string) string {
	value = strings.TrimSpace(value)
	field := string(s.Key)
	switch s.Kind {
	case Toggle:
		if value != s.Yes && value != s.No {
			wrong.Add(field, "Chọn bật hoặc tắt.")
		}
	case Number:
		n, err := strconv.ParseInt(strings.NewReplacer(".", "", " ", "", "\u00a0", "").Replace(value), 10, 64)
		if err != nil || n < s.Min || n > s.Max {
			wrong.Add(field, "Nhập một số nguyên từ %s đến %s.", grouped(s.Min), grouped(s.Max))
			return value
		}
		return strconv.FormatInt(n, 10)
	case Paint:
		value = strings.ToLower(value)
		CheckColour(wrong, field, value)
	case Text:
		if n := int64(utf8.RuneCountInString(value)); n > s.Max || n < s.Min {
			wrong.Add(field, "Nhập tối đa %d ký tự.", s.Max)
		} else if !utf8.ValidString(value) || strings.ContainsFunc(value, oddInLine) {
			wrong.Add(field, "Có ký tự không hiển thị được.")
		}
	}
	return value
}

// checkContact notes what is wrong with a contact that is not a setting yet.
func checkContact(wrong *fault.Invalid, contact string) {
	spec, _ := SpecOf(Contact)
	spec.Check(wrong, contact)
}

// oddInLine reports a character that has no place in a line of text: control characters, and those without a shape that
// turn or hide text.
func oddInLine(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// grouped writes a number with points between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "." + s[i:]
	}
	return s
}

// Typed returns a value as a form shows it for changing: a number has points between thousands.
func (s Spec) Typed(value string) string {
	if n, err := strconv.ParseInt(value, 10, 64); s.Kind == Number && err == nil {
		return grouped(n)
	}
	return value
}

// Words returns a value as people read it.
func (s Spec) Words(value string) string {
	switch {
	case s.Kind == Toggle && value == s.Yes:
		return "bật"
	case s.Kind == Toggle:
		return "tắt"
	case value == "":
		return "để trống"
	case s.Kind == Number:
		if n, err := strconv.ParseInt(value, 10, 64); err == nil {
			return grouped(n)
		}
	}
	return "“" + value + "”"
}

// Settings are what a tenant has decided.
type Settings map[Setting]string

// Decided returns a setting that the tenant has decided within its bounds.
func (s Settings) Decided(k Setting) (string, bool) {
	value, ok := s[k]
	spec, known := SpecOf(k)
	var wrong fault.Invalid
	if !ok || !known || spec.Check(&wrong, value) != value || wrong != nil {
		return "", false
	}
	return value, true
}

// Value returns a setting: what the tenant has decided, or the default.
func (s Settings) Value(k Setting) string {
	if value, ok := s.Decided(k); ok {
		return value
	}
	spec, _ := SpecOf(k)
	return spec.Default
}

// On reports whether a toggle is on.
func (s Settings) On(k Setting) bool {
	spec, _ := SpecOf(k)
	return s.Value(k) == spec.Yes
}

// Number returns a setting that is one.
func (s Settings) Number(k Setting) int64 {
	n, _ := strconv.ParseInt(s.Value(k), 10, 64) // within its bounds by Value
	return n
}

// Check returns the settings as they are stored. Errors: fault.Invalid under the settings' keys.
func (s Settings) Check() (Settings, error) {
	var wrong fault.Invalid
	checked := Settings{}
	for _, spec := range Specs {
		if value, ok := s[spec.Key]; ok {
			checked[spec.Key] = spec.Check(&wrong, value)
		}
	}
	for key := range s {
		if _, known := SpecOf(key); !known {
			return nil, fmt.Errorf("no setting %q", key)
		}
	}
	return checked, wrong.Err()
}

// SettingsOf returns what the transaction's own tenant has decided, as of the transaction.
func SettingsOf(ctx context.Context, tx Tx) (Settings, error) {
	rows, err := List[struct{ Key, Value string }](ctx, tx, `
		select key, value
		from tenant.setting
		where tenant_id = any ($1) and tenant_id = $2`, tx.Tenant())
	if err != nil {
		return nil, err
	}
	s := Settings{}
	for _, r := range rows {
		s[Setting(r.Key)] = r.Value
	}
	return s, nil
}
