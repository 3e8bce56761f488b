package scan

import (
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/language"

	"txng/modules/internal/vi"
	"txng/modules/trace"
)

// words are the texts of the public pages in one language.
type words struct {
	lang, other, otherName string

	verdicts map[Verdict]sentence
	first    string                                // genuine, first scan
	again    func(n int64, since time.Time) string // genuine, scanned before
	often    string                                // the big word of the next
	many     func(n int64, since time.Time) string // genuine, scanned suspiciously often
	scans    func(n int64, first time.Time) string
	busy     func(seconds int) string

	paused func(province string) string            // of a stamp or product whose province is suspended
	closed func(province, successor string) string // archived; successor is "" when it was not merged

	advice map[Verdict]string
	reason string

	addressThen func(day string) string // the address on labels of before a reform
	labelsUntil func(day string) string // how long these labels may be used

	addressNow                                     string // of today, beside the one on labels
	product, brand, producer, address, origin      string
	lot, produced, expires, shelfLife, madeAt      string
	gtin, serial, scanned, journey, photo, report  string
	illustrative, illustrativeText, notStamped     string
	several, noProduct, noProductText, unpublished string
	kinds                                          map[trace.Kind]string
}

// sentence is the big word of a verdict and what it means.
type sentence struct{ word, text string }

var vietnamese = words{
	lang: "vi", other: "en", otherName: "English",
	verdicts: map[Verdict]sentence{
		Genuine:  {"Tem hợp lệ", ""},
		Inactive: {"Tem chưa kích hoạt", "Nhà sản xuất chưa gắn tem này với lô hàng nào. Sản phẩm mang tem này chưa được phép đưa ra bán."},
		Void:     {"Tem đã hủy", "Nhà sản xuất đã hủy tem này. Sản phẩm mang tem này không được bảo đảm về nguồn gốc."},
		Recalled: {"Sản phẩm bị thu hồi", "Không sử dụng sản phẩm này."},
		Expired:  {"Sản phẩm hết hạn sử dụng", "Tem do hệ thống cấp, nhưng lô hàng gắn với tem đã quá hạn sử dụng. Không sử dụng sản phẩm này."},
		Unknown:  {"Tem không có trong hệ thống", "Mã trên tem không do hệ thống cấp. Có thể tem bị làm giả hoặc địa chỉ bị gõ sai."},
		Gone:     {"Không còn dữ liệu của tem", "Mã trên tem hợp lệ, nhưng dữ liệu của tỉnh, thành phố cấp tem đã chuyển khỏi hệ thống này nên không còn gì để đối chiếu."},
		Unsure:   {"Chưa ghi nhận được lượt quét", "Hệ thống đang bận nên chưa kết luận được. Hãy thử lại sau ít phút."},
		Busy:     {"Chưa kiểm tra được tem", ""},
		BadCode:  {"Mã sản phẩm không hợp lệ", "Mã GTIN trong địa chỉ không đúng. Hãy quét lại tem hoặc kiểm tra địa chỉ."},
	},
	first: "Đây là lần quét đầu tiên của tem này. Hãy đối chiếu tên, hình ảnh và hạn sử dụng với sản phẩm trên tay.",
	again: func(n int64, since time.Time) string {
		return fmt.Sprintf("Tem này đã được quét %s lần kể từ %s. Hãy đối chiếu tên, hình ảnh và hạn sử dụng với sản phẩm trên tay.", vi.Int(n), vi.DateTime(since))
	},
	often: "Tem bị quét quá nhiều lần",
	many: func(n int64, since time.Time) string {
		return fmt.Sprintf("Tem này đã được quét %s lần kể từ %s, nhiều hơn bình thường: tem có thể đã bị sao chép. Hãy kiểm tra kỹ sản phẩm trước khi mua.", vi.Int(n), vi.DateTime(since))
	},
	scans: func(n int64, first time.Time) string {
		return fmt.Sprintf("%s lần, lần đầu lúc %s", vi.Int(n), vi.DateTime(first))
	},
	busy: func(seconds int) string {
		return fmt.Sprintf("Đang có quá nhiều người quét tem của tỉnh này. Hãy quét lại sau %d giây.", seconds)
	},
	paused: func(province string) string {
		return province + " đang tạm dừng chương trình truy xuất nguồn gốc: thông tin sản phẩm, lô hàng và việc thu hồi chưa được cập nhật thêm. Lượt quét tem vẫn được ghi nhận."
	},
	closed: func(province, successor string) string {
		s := province + " đã đóng chương trình truy xuất nguồn gốc"
		if successor != "" {
			s = province + " đã sáp nhập vào " + successor + " và đã đóng chương trình truy xuất nguồn gốc cũ"
		}
		return s + ": thông tin sản phẩm, lô hàng và việc thu hồi không còn được cập nhật. Lượt quét tem vẫn được ghi nhận."
	},
	advice: map[Verdict]string{
		Inactive: "Không mua nếu người bán không giải thích được; báo cho chúng tôi biết nơi bán.",
		Void:     "Không mua sản phẩm mang tem này; báo cho chúng tôi biết nơi bán.",
		Recalled: "Ngừng sử dụng, giữ lại sản phẩm cùng hóa đơn và liên hệ nơi bán để trả hàng.",
		Expired:  "Không mua, không sử dụng; nếu hàng vẫn còn bày bán, báo cho chúng tôi biết nơi bán.",
		Gone:     "Hỏi nơi bán hoặc Sở Khoa học và Công nghệ của tỉnh ghi trên nhãn để được xác nhận.",
		Unknown:  "Không mua nếu nghi ngờ; giữ lại tem, hóa đơn và báo cho chúng tôi biết nơi bán.",
	},
	addressThen: func(day string) string { return "Địa chỉ ghi trên nhãn (trước " + day + ")" },
	labelsUntil: func(day string) string {
		return "Nhãn ghi địa chỉ cũ được dùng đến hết " + day + " (Nghị định 37/2026/NĐ-CP, Điều 98 khoản 5)."
	},
	addressNow: "Địa chỉ hiện nay",
	reason:     "Lý do",
	product:    "Sản phẩm", brand: "Thương hiệu, nhãn hiệu", producer: "Đơn vị sản xuất, kinh doanh", address: "Địa chỉ", origin: "Xuất xứ",
	lot: "Mã lô", produced: "Ngày sản xuất, thu hoạch", expires: "Hạn sử dụng", shelfLife: "Thời hạn sử dụng", madeAt: "Nơi sản xuất",
	gtin: "Mã sản phẩm (GTIN)", serial: "Số tem", scanned: "Tem đã được quét", journey: "Hành trình sản phẩm", photo: "Hình ảnh sản phẩm", report: "Báo hàng giả",
	illustrative: "Dữ liệu minh họa", illustrativeText: "Dữ liệu trên trang này chỉ dùng để giới thiệu hệ thống, không phải thông tin do nhà sản xuất khai báo.",
	notStamped: "Trang này giới thiệu sản phẩm. Để biết sản phẩm trên tay có phải hàng chính hãng, hãy quét mã QR trên tem của chính sản phẩm đó.",
	several:    "Mã này có ở nhiều đơn vị:",
	noProduct:  "Chưa có thông tin sản phẩm", noProductText: "Chưa có đơn vị nào công bố sản phẩm mang mã này trên hệ thống.",
	unpublished: "Nhà sản xuất chưa công bố thông tin của sản phẩm này.",
	kinds:       map[trace.Kind]string{},
}

var english = words{
	lang: "en", other: "vi", otherName: "Tiếng Việt",
	verdicts: map[Verdict]sentence{
		Genuine:  {"Valid stamp", ""},
		Inactive: {"Stamp not activated", "The producer has not assigned this stamp to any lot. A product carrying it is not yet released for sale."},
		Void:     {"Stamp cancelled", "The producer has cancelled this stamp. The origin of a product carrying it is not assured."},
		Recalled: {"Product recalled", "Do not use this product."},
		Expired:  {"Product expired", "The system issued this stamp, but the lot it belongs to is past its expiry date. Do not use this product."},
		Unknown:  {"Stamp not in the system", "This code was not issued by the system. The stamp may be forged, or the address mistyped."},
		Gone:     {"No data on this stamp any more", "The code is valid, but the data of the province that issued the stamp have been moved out of this system, so there is nothing left to compare with."},
		Unsure:   {"Scan not recorded yet", "The system is busy and cannot give a verdict now. Please try again in a few minutes."},
		Busy:     {"Stamp not checked yet", ""},
		BadCode:  {"Invalid product code", "The GTIN in the address is wrong. Please scan the stamp again or check the address."},
	},
	first: "This is the first scan of this stamp. Compare name, picture and expiry date with the product in your hand.",
	again: func(n int64, since time.Time) string {
		return fmt.Sprintf("This stamp has been scanned %d times since %s. Compare name, picture and expiry date with the product in your hand.", n, englishTime(since))
	},
	often: "Stamp scanned too often",
	many: func(n int64, since time.Time) string {
		return fmt.Sprintf("This stamp has been scanned %d times since %s, more than usual: it may have been copied. Examine the product before you buy.", n, englishTime(since))
	},
	scans: func(n int64, first time.Time) string {
		if n == 1 {
			return "once, on " + englishTime(first)
		}
		return fmt.Sprintf("%d times, first on %s", n, englishTime(first))
	},
	busy: func(seconds int) string {
		return fmt.Sprintf("Too many people are scanning stamps of this province. Please scan again in %d s.", seconds)
	},
	paused: func(province string) string {
		return "The programme of " + province + " is paused: information on products, lots and recalls is not being updated. Scans are still recorded."
	},
	closed: func(province, successor string) string {
		s := "The programme of " + province + " has ended"
		if successor != "" {
			s = province + " was merged into " + successor + " and its former programme has ended"
		}
		return s + ": information on products, lots and recalls is no longer updated. Scans are still recorded."
	},
	advice: map[Verdict]string{
		Inactive: "Do not buy unless the seller can explain it; tell us where it is sold.",
		Void:     "Do not buy a product with this stamp; tell us where it is sold.",
		Recalled: "Stop using it, keep the product and the receipt, and return it to the seller.",
		Expired:  "Do not buy or use it; if it is still on sale, tell us where.",
		Gone:     "Ask the shop, or the Department of Science and Technology of the province named on the label.",
		Unknown:  "Do not buy if in doubt; keep the stamp and the receipt, and tell us where it is sold.",
	},
	addressThen: func(day string) string { return "Address on the label (before " + day + ")" },
	labelsUntil: func(day string) string {
		return "Labels with the former address may be used until " + day + " (Decree 37/2026/NĐ-CP, Article 98.5)."
	},
	addressNow: "Address today",
	reason:     "Reason",
	product:    "Product", brand: "Brand", producer: "Producer or trader", address: "Address", origin: "Origin",
	lot: "Lot number", produced: "Produced or harvested on", expires: "Best before", shelfLife: "Shelf life", madeAt: "Place of production",
	gtin: "Product code (GTIN)", serial: "Stamp number", scanned: "Stamp scanned", journey: "Journey of the product", photo: "Picture of the product", report: "Report a fake",
	illustrative: "Sample data", illustrativeText: "The data on this page demonstrate the system; no producer has declared them.",
	notStamped: "This page presents the product. To know whether the item in your hand is genuine, scan the QR code on its own stamp.",
	several:    "Several producers use this code:",
	noProduct:  "No product information yet", noProductText: "Nobody has published a product with this code in the system.",
	unpublished: "The producer has not published this product's information.",
	kinds: map[trace.Kind]string{
		trace.Harvest: "Harvested", trace.Produce: "Produced", trace.Process: "Processed", trace.Pack: "Packed",
		trace.Store: "Stored", trace.Ship: "Shipped", trace.Receive: "Received", trace.Sell: "Sold",
	},
}

func englishTime(t time.Time) string { return t.In(vi.Zone).Format("2 January 2006, 15:04") }

// day writes a day.
func (w *words) day(t time.Time) string {
	if w.lang == "en" {
		return t.In(vi.Zone).Format("2 January 2006")
	}
	return vi.Date(t)
}

// moment writes a day and minute.
func (w *words) moment(t time.Time) string {
	if w.lang == "en" {
		return englishTime(t)
	}
	return vi.DateTime(t)
}

func (w *words) kind(k trace.Kind) string {
	if name, ok := w.kinds[k]; ok {
		return name
	}
	return k.Name()
}

var matcher = language.NewMatcher([]language.Tag{language.Vietnamese, language.English})

// wordsFor returns the texts in the language asked for by name, else the first of the browser's that we have, else
// Vietnamese.
func wordsFor(asked, accepted string) *words {
	switch strings.ToLower(asked) {
	case "vi":
		return &vietnamese
	case "en":
		return &english
	}
	if len(accepted) > 200 {
		accepted = accepted[:200]
	}
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil || len(tags) == 0 {
		return &vietnamese
	}
	if _, at, sure := matcher.Match(tags...); at == 1 && sure > language.No {
		return &english
	}
	return &vietnamese
}
