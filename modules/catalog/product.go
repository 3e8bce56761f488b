package catalog

import (
	"strings"
	"time"
	"unicode/utf8"

	"txng/authz"
	"txng/modules/internal/gs1"
	"txng/tenant"
	"txng/tenant/fault"
)

// ProductID is the number of a product.
type ProductID int64

// State is where a product stands.
type State string

// The states of a product: a draft is seen by its organization and officers, a published one by everybody.
const (
	Draft     State = "draft"
	Published State = "published"
)

// Product is a product of an organization, with the items of NĐ 37/2026 Điều 23(5) that belong to the product itself.
type Product struct {
	TenantID     tenant.ID
	ID           ProductID
	OrgID        tenant.OrgID
	GTIN         gs1.GTIN
	Name         string
	Brand        string
	Description  string
	Origin       string        // xuất xứ
	Standard     string        // TCVN, QCVN, international or company standard
	ShelfLife    string        // "12 tháng kể từ ngày sản xuất"
	Fields       tenant.Fields // its group, one bit
	ListItemID   *int64        // the entry of the province's lists that it falls under
	Exported     bool
	State        State
	Illustrative bool
	Source       string
	CreatedAt    time.Time

	OrgName  string
	OrgPlace string // address line and commune, as address.Place takes them
	OrgUnit  string
	// OrgPrinted and OrgPrintedUnit are the address on labels, as address.Of takes it.
	OrgPrinted, OrgPrintedUnit string
	HasPhoto                   bool
	HasEvent                   bool // a lot of it has an event with its time
}

// Item is one of the nine items of data that a traceable product must have, NĐ 37/2026 Điều 23(5).
type Item struct {
	Letter, Name string
	Public       bool // shown to consumers, Điều 23(7)
	Optional     bool // "nếu có"
}

// Items are the nine, in the decree's order.
var Items = []Item{
	{"a", "Tên sản phẩm, hàng hóa", true, false},
	{"b", "Hình ảnh sản phẩm, hàng hóa", true, false},
	{"c", "Tên đơn vị sản xuất, kinh doanh", true, false},
	{"d", "Địa chỉ đơn vị sản xuất, kinh doanh", true, false},
	{"đ", "Xuất xứ", true, false},
	{"e", "Sự kiện theo dõi trọng yếu và thời gian", false, false},
	{"g", "Thương hiệu, nhãn hiệu, số lô/mẻ hoặc sê-ri", true, true},
	{"h", "Hạn sử dụng", true, true},
	{"i", "Tiêu chuẩn, quy chuẩn áp dụng", false, false},
}

// has reports whether the product has an item.
func (p Product) has(i Item) bool {
	switch i.Letter {
	case "a":
		return p.Name != ""
	case "b":
		return p.HasPhoto
	case "c":
		return p.OrgName != ""
	case "d":
		return p.OrgUnit != ""
	case "đ":
		return p.Origin != ""
	case "e":
		return p.HasEvent
	case "g":
		return p.Brand != ""
	case "h":
		return p.ShelfLife != ""
	case "i":
		return p.Standard != ""
	}
	return false
}

// Missing returns the items that the product does not have yet.
func Missing(p Product) []Item {
	var missing []Item
	for _, i := range Items {
		if !p.has(i) {
			missing = append(missing, i)
		}
	}
	return missing
}

// NewProduct is what an organization declares of a product.
type NewProduct struct {
	GTIN, Name, Brand, Description, Origin, Standard, ShelfLife string
	ListItemID                                                  int64  // 0 for none
	Group                                                       string // code of its group of products; "" for “others”
	Exported                                                    bool
	Illustrative                                                bool
	Source                                                      string
}

// Validate returns the product, or fault.Invalid by the names of the form's fields.
func (n NewProduct) Validate() (Product, error) {
	var wrong fault.Invalid
	p := Product{
		Name: strings.TrimSpace(n.Name), Brand: strings.TrimSpace(n.Brand), Description: strings.TrimSpace(n.Description),
		Origin: strings.TrimSpace(n.Origin), Standard: strings.TrimSpace(n.Standard), ShelfLife: strings.TrimSpace(n.ShelfLife),
		Exported: n.Exported, State: Draft, Illustrative: n.Illustrative, Source: n.Source,
	}
	gtin, err := gs1.ParseGTIN(n.GTIN)
	if e, ok := err.(fault.Invalid); ok {
		wrong = append(wrong, e...)
	}
	p.GTIN = gtin
	for _, f := range []struct {
		field, label, value string
		least, most         int
	}{
		{"name", "Tên sản phẩm", p.Name, 2, 200},
		{"brand", "Nhãn hiệu", p.Brand, 0, 120},
		{"description", "Mô tả", p.Description, 0, 2000},
		{"origin", "Xuất xứ", p.Origin, 2, 200},
		{"standard", "Tiêu chuẩn áp dụng", p.Standard, 0, 200},
		{"shelf_life", "Hạn sử dụng", p.ShelfLife, 0, 120},
	} {
		switch n := utf8.RuneCountInString(f.value); {
		case n < f.least && n == 0:
			wrong.Add(f.field, "%s chưa được nhập.", f.label)
		case n < f.least:
			wrong.Add(f.field, "%s cần ít nhất %d ký tự.", f.label, f.least)
		case n > f.most:
			wrong.Add(f.field, "%s dài quá %d ký tự.", f.label, f.most)
		}
	}
	p.Fields = authz.Other
	if n.Group != "" {
		fields, err := authz.FieldsOf([]string{n.Group})
		if err != nil {
			wrong.Add("group", "Chọn nhóm sản phẩm trong danh sách.")
		}
		p.Fields = fields
	}
	if n.ListItemID > 0 {
		p.ListItemID = &n.ListItemID
	}
	return p, wrong.Err()
}

// List is one of a province's lists of products.
type List string

// The lists.
const (
	Mandatory List = "bat-buoc"
	Priority  List = "uu-tien"
	Specific  List = "dac-thu"
)

// Lists are the lists with their names on pages.
var Lists = []struct {
	List List
	Name string
}{{Mandatory, "Bắt buộc"}, {Priority, "Ưu tiên"}, {Specific, "Đặc thù, tiêu biểu"}}

// Name returns the list's name on pages.
func (l List) Name() string {
	for _, known := range Lists {
		if known.List == l {
			return known.Name
		}
	}
	return string(l)
}

// ListItem is an entry of a list.
type ListItem struct {
	TenantID tenant.ID
	ID       int64
	List     List
	Name     string
	Source   string
	Official bool // the list was issued by the province; else the source names the product only
}
