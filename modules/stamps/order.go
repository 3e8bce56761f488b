package stamps

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"txng/modules/internal/gs1"
	"txng/modules/internal/vi"
	"txng/tenant"
	"txng/tenant/fault"
)

// MaxQuantity is the largest number of stamps of one order.
const MaxQuantity = 10_000_000

// Order is an order of stamps.
type Order struct {
	TenantID  tenant.ID // where it was made; the serials carry it
	Number    int       // within the tenant, 1..MaxOrder
	OrgID     tenant.OrgID
	ProductID int64
	GTIN      gs1.GTIN `db:"gtin"`
	Quantity  int
	CreatedAt time.Time
}

// NewOrder is what an order is made from.
type NewOrder struct {
	Product  int64
	Quantity int
	Request  string // key of the request, 1 to 64 characters: sent twice, it orders once
}

var quantityForm = regexp.MustCompile(`^\d{1,3}([. \x{a0}]\d{3})+$|^\d+$`)

// ParseQuantity reads a number of stamps as people type it: 1000, 1.000, 1 000. The error is a fault.Invalid of the
// field "quantity".
func ParseQuantity(s string) (int, error) {
	s = strings.TrimSpace(s)
	negative := strings.TrimPrefix(s, "-")
	switch {
	case s == "":
		return 0, fault.Invalid{{Name: "quantity", Message: "Nhập số tem cần đặt."}}
	case negative != s && quantityForm.MatchString(negative):
		return 0, checkQuantity(-1)
	case !quantityForm.MatchString(s):
		return 0, fault.Invalid{{Name: "quantity", Message: "Số tem là số nguyên, ví dụ 1.000."}}
	}
	digits := strings.NewReplacer(".", "", " ", "", "\u00a0", "").Replace(s)
	n, err := strconv.Atoi(digits)
	if err != nil {
		n = MaxQuantity + 1
	}
	return n, checkQuantity(n)
}

func checkQuantity(n int) error {
	switch {
	case n < 1:
		return fault.Invalid{{Name: "quantity", Message: "Số tem phải từ 1 trở lên."}}
	case n > MaxQuantity:
		return fault.Invalid{{Name: "quantity", Message: "Mỗi đợt tối đa " + vi.Int(MaxQuantity) + " tem. Hãy chia thành nhiều đợt."}}
	}
	return nil
}

// Validate checks what can be checked without the database. Errors: fault.Invalid for product, quantity and request.
func (n NewOrder) Validate() error {
	var wrong fault.Invalid
	if n.Product <= 0 {
		wrong.Add("product", "Chọn sản phẩm cần dán tem.")
	}
	if bad, ok := checkQuantity(n.Quantity).(fault.Invalid); ok {
		wrong = append(wrong, bad...)
	}
	if length := utf8.RuneCountInString(n.Request); length < 1 || length > 64 {
		wrong.Add("request", "Biểu mẫu thiếu mã yêu cầu. Hãy tải lại trang.")
	}
	return wrong.Err()
}

// Ref names an order on pages: by its number, or with the tenant before it for one of a merged predecessor.
type Ref struct {
	Tenant tenant.ID // 0: the home tenant
	Number int
}

// ParseRef reads "12" or, for a predecessor's, "7-12". Anything else is fault.NotFound.
func ParseRef(s string) (Ref, error) {
	var r Ref
	number := s
	if before, after, ok := strings.Cut(s, "-"); ok {
		t, err := strconv.Atoi(before)
		if err != nil || t < 1 || t > MaxTenant {
			return Ref{}, fault.NotFound
		}
		r.Tenant, number = tenant.ID(t), after
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > MaxOrder {
		return Ref{}, fault.NotFound
	}
	r.Number = n
	if r.String() != s {
		return Ref{}, fault.NotFound // one address for each order: no "+1", no "01"
	}
	return r, nil
}

// String is the inverse of ParseRef.
func (r Ref) String() string {
	if r.Tenant == 0 {
		return strconv.Itoa(r.Number)
	}
	return fmt.Sprintf("%d-%d", r.Tenant, r.Number)
}

// RefOf returns the name of an order on the pages of home.
func RefOf(home, of tenant.ID, number int) Ref {
	if of == home {
		of = 0
	}
	return Ref{Tenant: of, Number: number}
}

// Path returns the address of an order's page.
func (r Ref) Path() string { return "/tem/" + r.String() }

// facts are what decides whether a product may be shown to consumers: the compulsory items of Nghị định 37/2026/NĐ-CP,
// Điều 23 khoản 5. Brand, lot and shelf life are compulsory only where they exist.
type facts struct {
	Name, Origin, Standard string
	State                  string
	Org, Address, Unit     string
	HasPhoto               bool
	Events                 int64
}

// missing names the compulsory items that are not there.
func (f facts) missing() []string {
	var list []string
	for _, item := range []struct {
		there bool
		name  string
	}{
		{f.Name != "", "tên sản phẩm"},
		{f.HasPhoto, "hình ảnh sản phẩm"},
		{f.Org != "", "tên đơn vị"},
		{f.Address != "" || f.Unit != "", "địa chỉ đơn vị"},
		{f.Origin != "", "xuất xứ"},
		{f.Events > 0, "sự kiện truy xuất có thời gian của lô"},
		{f.Standard != "", "tiêu chuẩn, quy chuẩn áp dụng"},
	} {
		if !item.there {
			list = append(list, item.name)
		}
	}
	return list
}

// missingWords says what is missing, and where it comes from.
func missingWords(list []string) string {
	return "Chưa kích hoạt được vì còn thiếu: " + strings.Join(list, "; ") +
		". Đây là dữ liệu bắt buộc theo khoản 5 Điều 23 Nghị định 37/2026/NĐ-CP."
}

// spelled names at most five runs of stamps, with their state: "11–20 (đã hủy)".
func spelled(runs []Range) string {
	var b strings.Builder
	for i, r := range runs {
		if i == 5 {
			fmt.Fprintf(&b, " và %d đoạn khác", len(runs)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(r.Numbers() + " (" + strings.ToLower(r.State.Name()) + ")")
	}
	return b.String()
}
