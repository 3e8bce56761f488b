package home

import (
	"strings"

	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// reportView is what the page about faults and fakes shows.
type reportView struct {
	of                tenant.Tenant // whose page it is; zero for nobody
	w                 *reportWords
	code              string // what to quote: a stamp's GTIN and serial, or a request's number
	province, contact string // whom to call; "" when no province is known, or it has named nobody
}

// ofStamp reports whether the code is of a stamp and not of a request.
func (v reportView) ofStamp() bool { return strings.Contains(v.code, "/") }

// reportWords are the texts of the page in one language.
type reportWords struct {
	lang, other, otherName          string
	title, quote                    string
	fake                            string
	steps                           []string
	call, department, anyDepartment string
	fault, faultText                string
	home                            string
}

var reportIn = map[string]*reportWords{
	"vi": {
		lang: "vi", other: "en", otherName: "English",
		title: "Báo lỗi, báo hàng giả", quote: "Khi liên hệ, hãy đọc mã này:",
		fake: "Nghi hàng giả hoặc tem bị sao chép",
		steps: []string{
			"Không sử dụng, không trả lại sản phẩm cho người bán; giữ nguyên bao bì và con tem.",
			"Chụp ảnh sản phẩm, con tem và hóa đơn; ghi lại nơi bán và ngày mua.",
			"Gọi cơ quan dưới đây, cho biết nơi bán và mã của tem.",
		},
		call: "Liên hệ", department: "Sở Khoa học và Công nghệ", anyDepartment: "Sở Khoa học và Công nghệ của tỉnh, thành phố nơi mua hàng",
		fault: "Trang bị lỗi", faultText: "Cho biết bạn đang làm gì, ở trang nào, lúc mấy giờ.",
		home: "Về trang đầu",
	},
	"en": {
		lang: "en", other: "vi", otherName: "Tiếng Việt",
		title: "Report a fake or a fault", quote: "When you call, give this code:",
		fake: "You suspect a fake, or a copied stamp",
		steps: []string{
			"Do not use the product and do not give it back to the seller; keep the packaging and the stamp as they are.",
			"Photograph the product, the stamp and the receipt; note where and when you bought it.",
			"Call the authority below, and tell it where the product is sold and the code of the stamp.",
		},
		call: "Contact", department: "Department of Science and Technology", anyDepartment: "The Department of Science and Technology of the province where you bought the product",
		fault: "A page does not work", faultText: "Tell what you were doing, on which page, and at what time.",
		home: "Home page",
	},
}

// shell is the page's frame. Its contact stands in the page itself.
func (v reportView) shell() ui.PublicShell {
	s := web.Of(v.of, ui.PublicShell{Title: v.w.title + " – txng", Lang: v.w.lang})
	s.Contact = ""
	return s
}

// authority names whom to call.
func (v reportView) authority() string {
	switch {
	case v.province == "":
		return v.w.anyDepartment
	case v.of.Settings.Value(tenant.ContactName) != "":
		return v.of.Settings.Value(tenant.ContactName)
	case v.w.lang == "en":
		return v.w.department + ", " + v.province
	}
	return v.w.department + " " + v.province
}

// maxReported is the longest code that a report quotes, in bytes.
const maxReported = 120

func report(q *web.Request) (web.Answer, error) {
	asked := q.URL.Query()
	v := reportView{w: reportIn["vi"], code: asked.Get("ma")}
	if w, ok := reportIn[asked.Get("lang")]; ok {
		v.w = w
	}
	if len(v.code) > maxReported {
		return web.Answer{}, fault.NotFound
	}
	if t, ok := reportedTo(q); ok {
		v.of, v.province, v.contact = t, t.Name, t.Contact
	}
	turned := *q.URL
	asked.Set("lang", v.w.other)
	turned.RawQuery = asked.Encode()
	return web.Page(reportPage(v, turned.RequestURI())).With("Content-Language", v.w.lang), nil
}

// reportedTo returns the province that a report goes to: that of the stamp when the page says which, else the one whose
// subdomain was asked. A merged province's successor takes its place.
func reportedTo(q *web.Request) (tenant.Tenant, bool) {
	db := q.App().DB
	t, err := db.TenantBySlug(q.Context(), q.URL.Query().Get("tinh"))
	if err != nil {
		var ok bool
		if t, ok = q.TenantOfHost(); !ok {
			return tenant.Tenant{}, false
		}
	}
	if heir, err := db.Heir(q.Context(), t); err == nil {
		return heir, true
	}
	return t, true
}
