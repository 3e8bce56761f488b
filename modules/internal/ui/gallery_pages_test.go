package ui_test

import (
	"context"
	"fmt"
	"io"
	"net/url"

	"github.com/a-h/templ"

	"txng/modules/internal/ui"
)

// within renders parts one after another as the children of a frame.
func within(frame templ.Component, parts ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return frame.Render(templ.WithChildren(ctx, templ.Join(parts...)), w)
	})
}

var menu = []ui.MenuGroup{
	{Items: []ui.MenuItem{
		{Label: "Việc của tôi", Href: "/viec", Icon: "inbox"},
		{Label: "Tổng quan", Href: "/tong-quan", Icon: "chart"},
	}},
	{Label: "Truy xuất nguồn gốc", Items: []ui.MenuItem{
		{Label: "Chủ thể", Href: "/chu-the", Icon: "business"},
		{Label: "Sản phẩm", Href: "/san-pham", Icon: "package", Active: true},
		{Label: "Lô và sự kiện", Href: "/lo", Icon: "truck"},
		{Label: "Tem", Href: "/tem", Icon: "qrcode"},
		{Label: "Lượt quét và phản ánh", Href: "/luot-quet", Icon: "scan"},
	}},
	{Label: "Điều hành chương trình", Items: []ui.MenuItem{
		{Label: "Kế hoạch và nhiệm vụ", Href: "/ke-hoach", Icon: "plan"},
		{Label: "Chỉ tiêu", Href: "/chi-tieu", Icon: "target"},
		{Label: "Tập huấn", Href: "/tap-huan", Icon: "training"},
		{Label: "Kiểm tra", Href: "/kiem-tra", Icon: "inspect"},
	}},
	{Label: "Quản trị", Items: []ui.MenuItem{
		{Label: "Người dùng", Href: "/nguoi-dung", Icon: "users"},
		{Label: "Gói dịch vụ và hạn mức", Href: "/goi", Icon: "wallet"},
		{Label: "Thiết lập", Href: "/thiet-lap", Icon: "settings"},
	}},
}

func shell(title, purpose string) ui.Shell {
	return ui.Shell{
		Title: title, Purpose: purpose, Menu: menu,
		Crumbs: []ui.Link{{Label: "Trang chủ", Href: "/"}, {Label: "Sản phẩm", Href: "/san-pham"}},
		Tenant: "Nghệ An", Role: "Quản trị Sở KH&CN", Person: "Trần Thị Thanh Hoa",
		Scopes:    []ui.Link{{Label: "Nghệ An – Quản trị Sở KH&CN", Href: "/pham-vi/1", Icon: "switch"}, {Label: "HTX Cam Vinh Xã Đoài – Chủ thể", Href: "/pham-vi/2", Icon: "switch"}},
		RequestID: "01JDB6Y0W7",
	}
}

func productGrid() ui.Grid {
	products := []struct {
		name, gtin, owner, group string
		stamps                   int64
		status                   ui.Status
	}{
		{"Cam Vinh Xã Đoài", "8938505974192", "HTX Cam Vinh Xã Đoài", "Trái cây tươi", 125000, ui.Status{Kind: ui.Success, Word: "Đã công bố"}},
		{"Nước mắm Vạn Phần loại đặc biệt 40 độ đạm", "8938505974208", "Công ty cổ phần Thủy sản Vạn Phần Diễn Châu", "Nước mắm, gia vị", 1480350, ui.Status{Kind: ui.Success, Word: "Đã công bố"}},
		{"Chè xanh Thanh Chương", "8938505974215", "HTX Chè Thanh Mai", "Chè", 42000, ui.Status{Kind: ui.Warning, Word: "Chờ bổ sung"}},
		{"Tương Nam Đàn", "8938505974222", "Hộ kinh doanh Nguyễn Thị Lan", "Nước mắm, gia vị", 0, ui.Status{Kind: ui.Info, Word: "Đang thẩm định"}},
		{"Gà đồi Thanh Chương", "8938505974239", "HTX Chăn nuôi Phong Thịnh", "Thịt tươi", 8600, ui.Status{Kind: ui.Danger, Word: "Đã thu hồi"}},
		{"Lạc Nghi Lộc", "8938505974246", "HTX Nông nghiệp Nghi Lâm", "Hạt có dầu", 15250, ui.Status{Kind: ui.Neutral, Word: "Bản nháp"}},
	}
	g := ui.Grid{
		Caption: "Danh sách sản phẩm",
		Columns: []ui.Column{
			{Key: "ten", Label: "Sản phẩm", Sortable: true},
			{Key: "chu-the", Label: "Chủ thể", Sortable: true},
			{Key: "nhom", Label: "Nhóm hàng", HidePhone: true},
			{Key: "tem", Label: "Tem đã cấp", Numeric: true, Sortable: true},
			{Key: "trang-thai", Label: "Trạng thái"},
		},
		Total: 1234, Page: 3, Sort: "-tem", Path: "/san-pham", Export: true,
		Query: url.Values{"sap": {"-tem"}, "trang": {"3"}, "nhom": {"chè"}},
		Filters: []ui.Field{
			{Name: "q", Label: "Tìm", Type: "search", Placeholder: "Tên, GTIN, chủ thể"},
			{Name: "nhom", Label: "Nhóm hàng", Type: "select", Options: []ui.Option{{Label: "Tất cả"}, {Value: "chè", Label: "Chè"}, {Value: "thịt", Label: "Thịt tươi"}}},
			{Name: "trang-thai", Label: "Trạng thái", Type: "select", Options: []ui.Option{{Label: "Tất cả"}, {Value: "cong-bo", Label: "Đã công bố"}}},
		},
	}
	for _, p := range products {
		g.Rows = append(g.Rows, []templ.Component{
			ui.AnchorTwo("/san-pham/"+p.gtin, p.name, "GTIN "+p.gtin), ui.Text(p.owner), ui.Muted(p.group), ui.Num(p.stamps), ui.Badge(p.status),
		})
	}
	return g
}

func listPage() templ.Component {
	s := shell("Danh sách sản phẩm", "Sản phẩm của các chủ thể trên địa bàn: xem, thẩm định, công bố và thu hồi.")
	s.Crumbs = s.Crumbs[:1]
	s.Primary = ui.Link{Label: "Thêm sản phẩm", Href: "/san-pham/them", Icon: "plus"}
	s.Flash, s.FlashKind = "Đã công bố sản phẩm Cam Vinh Xã Đoài.", ui.Success
	return within(ui.Page(s), ui.Table(productGrid()))
}

func emptyPage() templ.Component {
	s := shell("Đợt tập huấn", "Các lớp tập huấn truy xuất nguồn gốc trong năm.")
	s.Colour = "#7a1f3d"
	none := ui.Grid{Caption: "Đợt tập huấn", Columns: []ui.Column{{Key: "ten", Label: "Tên lớp"}}, Path: "/tap-huan",
		Empty: ui.Empty{Icon: "training", Why: "Chưa có lớp tập huấn nào", Next: "Kế hoạch năm 2026 giao 12 lớp. Tạo lớp đầu tiên để mời chủ thể.", Action: ui.Link{Label: "Tạo lớp tập huấn", Href: "/tap-huan/them", Icon: "plus"}}}
	noMatch := productGrid()
	noMatch.Rows, noMatch.Total, noMatch.Page = nil, 0, 1
	noMatch.Query = url.Values{"q": {"bưởi diễn"}}
	return within(ui.Page(s), ui.Table(none), ui.Table(noMatch))
}

func formFields() []ui.Field {
	return []ui.Field{
		{Name: "ten", Label: "Tên sản phẩm", Hint: "Ghi như trên nhãn, ví dụ: Cam Vinh Xã Đoài", Value: "Cam Vinh", Autocomplete: "off"},
		{Name: "gtin", Label: "Mã GTIN", Hint: "13 chữ số in dưới mã vạch", Value: "893850597419", Error: "Mã GTIN phải có 13 chữ số; đang có 12.", InputMode: "numeric", MaxLength: 14},
		{Name: "nhom", Label: "Nhóm hàng", Type: "select", Error: "Chọn một nhóm hàng.", Options: []ui.Option{{Label: "Chọn nhóm hàng"}, {Value: "1", Label: "Trái cây tươi", Group: "Nông sản"}, {Value: "2", Label: "Chè", Group: "Nông sản"}, {Value: "3", Label: "Nước mắm", Group: "Thực phẩm chế biến"}}},
		{Name: "mo-ta", Label: "Mô tả", Type: "textarea", Optional: true, Rows: 3, Value: "Cam ngọt, vỏ mỏng, trồng tại xã Nghi Diên."},
		{Name: "ngay", Label: "Ngày bắt đầu thu hoạch", Type: "date", Value: "2026-11-22"},
		{Name: "email", Label: "Thư điện tử", Type: "email", Optional: true, Autocomplete: "email"},
		{Name: "anh", Label: "Ảnh sản phẩm", Type: "file", Hint: "Ảnh JPG hoặc PNG, mặt trước bao bì", Accept: "image/*", Optional: true},
		{Name: "ho-so", Label: "Hồ sơ kèm theo", Type: "file", Hint: "Tệp PDF, tối đa 5 MB mỗi tệp", Error: "Tệp “ho-so.docx” không phải PDF.", Accept: ".pdf", Multiple: true},
		{Name: "pham-vi", Label: "Thị trường", Type: "radio", Value: "trong", Options: []ui.Option{{Value: "trong", Label: "Trong nước"}, {Value: "xuat", Label: "Xuất khẩu"}, {Value: "ca", Label: "Cả hai"}}},
		{Name: "cam-ket", Label: "Tôi cam kết thông tin trên là đúng sự thật", Type: "checkbox", Error: "Cần đánh dấu cam kết trước khi gửi."},
		{Name: "ma", Type: "hidden", Value: "7"},
	}
}

func formPage() templ.Component {
	s := shell("Đăng ký sản phẩm", "Khai một lần; mã GTIN điền sẵn những gì Cơ sở dữ liệu mã số mã vạch đã có.")
	s.Failed = true
	fields := formFields()
	var inputs []templ.Component
	for _, f := range fields {
		inputs = append(inputs, ui.Input(f))
	}
	return within(ui.Page(s),
		ui.ErrorSummary(fields),
		within(ui.Card("Thông tin sản phẩm"), within(ui.Form("/san-pham", "Gửi thẩm định", true), inputs...)))
}

func recordPage() templ.Component {
	s := shell("Cam Vinh Xã Đoài", "HTX Cam Vinh Xã Đoài · GTIN 8938505974192")
	s.Primary = ui.Link{Label: "In phiếu sản phẩm", Href: "/in", Icon: "printer"}
	return within(ui.Page(s),
		ui.Tabs([]ui.MenuItem{{Label: "Thông tin", Href: "#1", Active: true, Icon: "info"}, {Label: "Lô hàng", Href: "#2", Icon: "truck"}, {Label: "Tem", Href: "#3", Icon: "qrcode"}, {Label: "Lượt quét", Href: "#4", Icon: "scan"}, {Label: "Giấy chứng nhận", Href: "#5", Icon: "certificate"}}),
		ui.Notice(ui.Warning, "Giấy chứng nhận VietGAP hết hạn sau 12 ngày", "Nhắc chủ thể nộp bản gia hạn trước ngày 04/12/2026, nếu không trang công khai sẽ ẩn chứng nhận này."),
		within(ui.Card("Tiến độ hồ sơ"), ui.Steps([]ui.Step{
			{Label: "Chủ thể nộp hồ sơ", When: "12/11/2026 08:15", Who: "HTX Cam Vinh Xã Đoài", State: "done"},
			{Label: "Xã xác nhận vùng trồng", When: "15/11/2026", Who: "UBND xã Nghi Diên", State: "done"},
			{Label: "Sở thẩm định", When: "Còn 3 ngày", Who: "Lê Văn Minh", State: "now"},
			{Label: "Công bố và cấp tem", When: "Dự kiến 27/11/2026", State: "todo"},
		})),
		within(ui.Card("Thông tin sản phẩm"), ui.Facts([]ui.Pair{
			{Label: "Chủ thể", Value: ui.Anchor("/chu-the/1", "HTX Cam Vinh Xã Đoài")},
			{Label: "Nhóm hàng", Value: ui.Text("Trái cây tươi")},
			{Label: "Trạng thái", Value: ui.Badge(ui.Status{Kind: ui.Info, Word: "Đang thẩm định"})},
			{Label: "Vùng trồng", Value: ui.Two("Xã Nghi Diên, tỉnh Nghệ An", "trước 01/07/2025: xã Nghi Diên, huyện Nghi Lộc")},
			{Label: "Diện tích", Value: ui.Text("12,5 ha")},
			{Label: "Ngày công bố"},
		})),
		within(ui.Card("Việc đang chạy"),
			ui.Progress(37500, 100000, "In 100.000 tem đợt 2026-11-A"),
			within(ui.Actions(), ui.PostButton("/tem/huy", "Dừng in", "stop", "danger", map[string]string{"dot": "7"}),
				ui.Button(ui.Link{Label: "Tải tệp đã in", Href: "/tai", Icon: "download"}, ""))),
		within(ui.Card("Mọi trạng thái"), ui.Join(
			ui.Badge(ui.Status{Kind: ui.Success, Word: "Đã duyệt"}), ui.Badge(ui.Status{Kind: ui.Warning, Word: "Quá hạn 2 ngày"}),
			ui.Badge(ui.Status{Kind: ui.Danger, Word: "Bị từ chối"}), ui.Badge(ui.Status{Kind: ui.Info, Word: "Đang xử lý"}), ui.Badge(ui.Status{Word: "Bản nháp"}))),
		ui.Notice(ui.Danger, "Lô NA-2211 đã bị thu hồi", "Mọi tem của lô báo thu hồi từ 14:05 ngày 22/11/2026."),
		ui.Notice(ui.Info, "", "Dữ liệu lượt quét được cập nhật mỗi 5 phút."),
		ui.History([]ui.HistoryEntry{
			{When: "22/11/2026 09:42", Who: "Lê Văn Minh, Sở KH&CN", What: "Yêu cầu bổ sung giấy chứng nhận VietGAP bản gia hạn"},
			{When: "15/11/2026 16:20", Who: "UBND xã Nghi Diên", What: "Xác nhận vùng trồng 12,5 ha"},
			{When: "12/11/2026 08:15", Who: "Nguyễn Văn Bảy, HTX Cam Vinh Xã Đoài", What: "Nộp hồ sơ đăng ký sản phẩm"},
		}))
}

func chartPage() templ.Component {
	months := []string{"T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "T10", "T11"}
	row := func(name string, values ...float64) ui.Series {
		s := ui.Series{Name: name}
		for i, v := range values {
			s.Points = append(s.Points, ui.Point{Label: months[i], Value: v})
		}
		return s
	}
	groups := func(name string, values ...float64) ui.Series {
		s := ui.Series{Name: name}
		for i, label := range []string{"Trái cây tươi", "Thủy sản và sản phẩm thủy sản chế biến", "Chè", "Thịt và trứng", "Thủ công mỹ nghệ"} {
			s.Points = append(s.Points, ui.Point{Label: label, Value: values[i], Href: "/nhom"})
		}
		return s
	}
	return within(ui.Page(shell("Tổng quan chương trình", "Kết quả năm 2026 so với Kế hoạch 512/KH-UBND của tỉnh.")),
		ui.Stats([]ui.Stat{
			{Label: "Sản phẩm có mã truy xuất", Value: "1.234", Hint: "tăng 86 so với tháng 10", Kind: ui.Success, Href: "/san-pham"},
			{Label: "Chủ thể tham gia", Value: "417", Hint: "62 hợp tác xã"},
			{Label: "Tem đã kích hoạt", Value: "12,4 triệu", Href: "/tem"},
			{Label: "Phản ánh chưa xử lý", Value: "9", Hint: "2 quá hạn", Kind: ui.Danger, Href: "/phan-anh"},
			{Label: "Lượt quét hôm nay", Value: "3.508"},
		}),
		within(ui.Card("Chỉ tiêu năm 2026"),
			ui.Target("Sản phẩm chủ lực có mã truy xuất", 46.2, 60, ">=", "46,2% – chỉ tiêu từ 60% trở lên"),
			ui.Target("Số lớp tập huấn", 14, 12, ">=", "14 lớp – chỉ tiêu từ 12 lớp trở lên"),
			ui.Target("Phản ánh xử lý quá hạn", 3.1, 5, "<=", "3,1% – chỉ tiêu không quá 5%")),
		ui.Funnel("Từ danh mục bắt buộc đến người tiêu dùng", []ui.FunnelStage{
			{Label: "Sản phẩm trong danh mục", Count: 1580, Href: "/danh-muc"},
			{Label: "Chủ thể đã đăng ký", Count: 1234, Of: 1580, Text: "346 sản phẩm chưa có chủ thể đăng ký", Href: "/chua-dang-ky", Before: "Năm 2024: 410 sản phẩm"},
			{Label: "Đã có sự kiện truy xuất", Count: 871, Of: 1234},
			{Label: "Có lượt quét trong 30 ngày", Count: 402, Of: 871, Before: "Trước đây chưa đo"},
		}),
		within(ui.Columns(),
			ui.BarChart("Sản phẩm có mã truy xuất theo nhóm hàng", "sản phẩm", []ui.Series{groups("", 412, 388, 201, 133, 21)}),
			ui.BarChart("Tỷ lệ có mã truy xuất, hai năm", "%", []ui.Series{groups("Năm 2025", 31.5, 22, 44.1, 12, 3), groups("Năm 2026", 58.4, 41.9, 71, 33.3, 8.5)})),
		ui.LineChart("Lượt quét tem theo tháng, năm 2026", "nghìn lượt", []ui.Series{
			row("Trái cây tươi", 120, 95, 80, 132, 160, 171, 210, 262, 240, 288, 341.5),
			row("Nước mắm, gia vị", 60, 140, 72, 70, 75, 92, 101, 110, 99, 140, 165),
			row("Chè", 30, 52, 61, 64, 70, 66, 72, 81, 90, 93, 158),
		}),
		ui.LineChart("Chủ thể tham gia", "", []ui.Series{row("Chủ thể", 205, 221, 238, 262, 280, 301, 322, 348, 377, 402, 417)}))
}

var provinces = []string{"ha-noi:Hà Nội", "cao-bang:Cao Bằng", "tuyen-quang:Tuyên Quang", "dien-bien:Điện Biên", "lai-chau:Lai Châu", "son-la:Sơn La", "lao-cai:Lào Cai", "thai-nguyen:Thái Nguyên", "lang-son:Lạng Sơn", "quang-ninh:Quảng Ninh", "bac-ninh:Bắc Ninh", "phu-tho:Phú Thọ", "hai-phong:Hải Phòng", "hung-yen:Hưng Yên", "ninh-binh:Ninh Bình", "thanh-hoa:Thanh Hóa", "nghe-an:Nghệ An", "ha-tinh:Hà Tĩnh", "quang-tri:Quảng Trị", "hue:Huế", "da-nang:Đà Nẵng", "quang-ngai:Quảng Ngãi", "gia-lai:Gia Lai", "khanh-hoa:Khánh Hòa", "dak-lak:Đắk Lắk", "lam-dong:Lâm Đồng", "dong-nai:Đồng Nai", "ho-chi-minh:Hồ Chí Minh", "tay-ninh:Tây Ninh", "dong-thap:Đồng Tháp", "vinh-long:Vĩnh Long", "an-giang:An Giang", "can-tho:Cần Thơ", "ca-mau:Cà Mau"}

func mapTiles() []ui.Tile {
	var tiles []ui.Tile
	for i, entry := range provinces {
		slug, name, _ := cutColon(entry)
		if i%9 == 4 {
			tiles = append(tiles, ui.Tile{Slug: slug, Name: name, Href: "/bo/" + slug})
			continue
		}
		share := (i*37 + 11) % 100
		tiles = append(tiles, ui.Tile{Slug: slug, Name: name, Href: "/bo/" + slug, Level: share/20 + 1,
			Text: fmt.Sprintf("%d,%d%%", share, i%10), Title: fmt.Sprintf("%s: %d,%d%% sản phẩm chủ lực có mã truy xuất", name, share, i%10)})
	}
	return tiles
}

func mapPage() templ.Component {
	s := shell("Bản đồ 34 tỉnh, thành phố", "So sánh một chỉ số giữa các địa phương; chỉ số tổng hợp, không có dữ liệu riêng của chủ thể.")
	s.Tenant, s.Role, s.Scopes = "Bộ Khoa học và Công nghệ", "Xem toàn quốc", nil
	return within(ui.Page(s), ui.TileMap("Tỷ lệ sản phẩm chủ lực có mã truy xuất, tháng 11/2026", mapTiles(),
		[]string{"Dưới 20%", "20–39%", "40–59%", "60–79%", "Từ 80%"}))
}

func verdictPage(kind, word, sentence string) templ.Component {
	return within(ui.Public(ui.PublicShell{Title: "Cam Vinh Xã Đoài – kiểm tra tem", Description: sentence}),
		ui.VerdictBanner(ui.Verdict{Kind: kind, Word: word, Sentence: sentence}),
		within(ui.Card("Cam Vinh Xã Đoài"), ui.Facts([]ui.Pair{
			{Label: "Nhà sản xuất", Value: ui.Text("HTX Cam Vinh Xã Đoài, xã Nghi Diên, tỉnh Nghệ An")},
			{Label: "Lô", Value: ui.Text("NA-2211, thu hoạch 18/11/2026")},
			{Label: "Chứng nhận", Value: ui.Badge(ui.Status{Kind: ui.Success, Word: "VietGAP còn hạn"})},
		})),
		within(ui.Card("Hành trình"), ui.Steps([]ui.Step{
			{Label: "Thu hoạch", When: "18/11/2026", Who: "Vườn ông Nguyễn Văn Bảy", State: "done"},
			{Label: "Đóng gói", When: "19/11/2026", Who: "HTX Cam Vinh Xã Đoài", State: "done"},
			{Label: "Giao đến siêu thị", When: "21/11/2026", Who: "Siêu thị Vinh", State: "done"},
		})),
		ui.Button(ui.Link{Label: "Báo hàng giả, hàng nhái", Href: "/bao", Icon: "flag"}, ""))
}

func signInPage() templ.Component {
	return within(ui.Plain("Đăng nhập"), within(ui.Form("/dang-nhap", "Đăng nhập", false),
		ui.Input(ui.Field{Name: "tai-khoan", Label: "Số điện thoại hoặc thư điện tử", Autocomplete: "username"}),
		ui.Input(ui.Field{Name: "mat-khau", Label: "Mật khẩu", Type: "password", Autocomplete: "current-password"})))
}

func galleryPages() map[string]templ.Component {
	return map[string]templ.Component{
		"danh-sach": listPage(), "trong": emptyPage(), "bieu-mau": formPage(), "ho-so": recordPage(),
		"bieu-do": chartPage(), "ban-do": mapPage(), "dang-nhap": signInPage(),
		"that":       verdictPage("genuine", "Hàng chính hãng", "Tem hợp lệ, được kích hoạt ngày 19/11/2026. Đây là lần quét thứ 2."),
		"canh-bao":   verdictPage("caution", "Quét nhiều bất thường", "Tem này đã được quét 214 lần ở 9 tỉnh. Hãy so sánh kỹ với thông tin dưới đây."),
		"thu-hoi":    verdictPage("bad", "Đã bị thu hồi", "Không sử dụng. Mang trả lại nơi bán để được hoàn tiền."),
		"khong-biet": verdictPage("unknown", "Không tìm thấy mã", "Mã này chưa từng được cấp. Kiểm tra lại từng ký tự hoặc báo cho cơ quan quản lý."),
		"loi": ui.ErrorPage(ui.Problem{Code: 404, Title: "Không tìm thấy trang", Text: "Trang này không có hoặc đã được chuyển đi. Dữ liệu của bạn không bị ảnh hưởng.", RequestID: "01JDB6Y0W7",
			Actions: []ui.Link{{Label: "Về trang chủ", Href: "/", Icon: "home"}, {Label: "Tìm kiếm", Href: "/tim", Icon: "search"}}}),
	}
}
