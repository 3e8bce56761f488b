package archive

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// An archive may have been written by anybody. What it says of the province's place on the platform, of its face and of
// what it may do is therefore held to what onboarding, settings and the operator's pages ask of a person who types it.

// province checks whom the header names, before its words are shown to anybody.
func (i *importer) province() error {
	t := i.head.Tenant
	ref, err := unit.ParseRef(t.Unit)
	u, ok := unit.ByRef(ref)
	if err != nil || !ok || u.Level != unit.Province {
		return bad("Tệp lưu trữ không thuộc về tỉnh, thành phố nào trong danh mục đơn vị hành chính. Không nhập gì.")
	}
	var wrong fault.Invalid
	if strings.TrimSpace(t.Name) == "" || strings.ContainsFunc(t.Name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
		wrong.Add("name", "Tên để trống hoặc có ký tự không hiển thị được.")
	}
	tenant.CheckName(&wrong, "name", tenant.Tenant{Name: u.Name}, t.Name, i.now)
	if len(wrong) > 0 {
		return bad("Tệp lưu trữ của %s ghi một tên khác: %s Không nhập gì.", u.Name, wrong[0].Message)
	}
	return nil
}

// plausible checks a row of the tables that say what the province is and may do here.
func (i *importer) plausible(text func(column string) string) error {
	var wrong fault.Invalid
	switch i.part.Name {
	case tenants:
		return i.ownRow(text)
	case "tenant.setting":
		i.setting(&wrong, tenant.Setting(text("key")), text("value"))
	case "tenant.logo":
		tenant.CheckLogo(&wrong, text("digest"), bytesOf(text("png")))
	case "tenant.draft":
		if text("starting") != "" {
			wrong.Add("starting", "Việc đưa tỉnh vào vận hành ở hệ thống cũ chưa xong; hãy chờ xong rồi xuất lại tệp.")
		}
		if logo := bytesOf(text("logo")); len(logo) > 0 {
			tenant.CheckLogo(&wrong, tenant.LogoDigest(logo), logo)
		}
	case "tenant.feature":
		if !tenant.Feature(text("feature")).Known() {
			wrong.Add("feature", "Không có chức năng %.60q.", text("feature"))
		}
	case "tenant.allowance":
		spec, known := tenant.SpecOfAllowance(tenant.Allowance(text("what")))
		if n, err := strconv.ParseInt(text("amount"), 10, 64); !known || err != nil || n < spec.Min || n > spec.Max {
			wrong.Add("allowance", "Hạn mức %.60q không nằm trong khoảng cho phép.", text("what"))
		}
	}
	return i.implausible(wrong)
}

// implausible refuses the row for the first thing that is wrong with it.
func (i *importer) implausible(wrong fault.Invalid) error {
	if len(wrong) == 0 {
		return nil
	}
	return i.wrongRow("%s", strings.TrimSuffix(wrong[0].Message, "."))
}

// ownRow checks the province's row of the registry.
func (i *importer) ownRow(text func(column string) string) error {
	t := i.head.Tenant
	if text("unit") != t.Unit || text("slug") != t.Slug || text("name") != t.Name {
		return i.wrongRow("tỉnh, thành phố không phải %s", t.Name)
	}
	place := tenant.Place{Slug: text("slug"), Domain: text("domain")}
	if name, taken := i.domains[place.Domain]; taken {
		return fault.Say(fault.Conflict, "Tên miền riêng “%s” trong tệp lưu trữ đã có %s dùng trên hệ thống này.", place.Domain, name)
	}
	var wrong fault.Invalid
	tenant.CheckPlace(&wrong, tenant.Tenant{Unit: t.Unit, Slug: t.Slug}, place, i.places, i.o.Base, i.now)
	tenant.CheckColour(&wrong, "colour", text("colour"))
	contact, _ := tenant.SpecOf(tenant.Contact)
	contact.Check(&wrong, text("contact"))
	return i.implausible(wrong)
}

// setting checks a setting of the province.
func (i *importer) setting(wrong *fault.Invalid, key tenant.Setting, value string) {
	spec, known := tenant.SpecOf(key)
	if !known {
		wrong.Add("key", "Không có thiết lập %.60q.", string(key))
		return
	}
	if spec.Check(wrong, value) != value {
		wrong.Add(string(key), "Giá trị của thiết lập “%s” không đúng cách ghi.", spec.Label)
	}
	if key == tenant.DisplayName {
		tenant.CheckName(wrong, string(key), tenant.Tenant{Name: i.head.Tenant.Name}, value, i.now)
	}
}

// bytesOf returns the bytes of a bytea by the text of values, none of null.
func bytesOf(text string) []byte {
	b, _ := hex.DecodeString(strings.TrimPrefix(text, `\x`)) // values has written it
	return b
}
