package demo

import (
	"time"

	"txng/modules/catalog"
	"txng/modules/organization"
)

// province is one onboarded province of the demonstration.
type province struct {
	code     string    // official code at the day
	on       time.Time // the day
	plan     string    // slug of the programme whose plan it puts in
	mergedTo string    // slug of the successor, "" for none
	colour   string
	contact  string
	stages   []string // groups of tasks that are done
	orgs     []org
}

// org is an organization with its products. Names of products come from the sources that programmes name; the
// organizations are descriptive and marked as illustration.
type org struct {
	kind      organization.Kind
	name      string
	commune   string // words that find it within the province
	noBarcode bool
	pending   bool
	products  []product
}

type product struct {
	name, brand, standard, shelfLife string
	group                            string // code of its group of products
	item                             string // the entry of the province's lists it falls under
	list                             catalog.List
	exported                         bool
	source                           string
	stamps                           int // 0: no order
	active                           int // how many of them are activated
	scans                            int // how many of those are scanned
	place                            string
	kind                             string // of the first event
}

const (
	sourceNgheAn   = "Sản phẩm nêu tên trong Cổng nông thôn mới Hà Tĩnh: 29 sản phẩm của Nghệ An đã dán tem 2017–2019; chủ thể và số liệu là minh họa."
	sourceProgram  = "Sản phẩm nêu tên trong bài về chương trình của Nghệ An; chủ thể và số liệu là minh họa."
	sourceDaNang   = "Nhóm sản phẩm trong hệ thống truy xuất thực phẩm của Đà Nẵng (Báo Đà Nẵng); chủ thể và số liệu là minh họa."
	sourceBacGiang = "Sản phẩm nêu tên trong bài của Hội Nhà báo Bắc Giang; số liệu là minh họa."
	sourceHCM      = "Nhóm sản phẩm trong danh mục ưu tiên của TP. Hồ Chí Minh (Tạp chí Công Thương); chủ thể và số liệu là minh họa."
	illustration   = "Dữ liệu minh họa, không lấy từ nguồn nào."
)

var (
	before2025 = time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	mergers    = time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
)

// mergerBasis is the resolution that merged the provinces.
const mergerBasis = "Nghị quyết 202/2025/QH15"

// provinces are the tenants of the five programmes; predecessors come before their successors.
var provinces = []province{
	{
		code: "49", on: before2025, plan: "quang-nam", mergedTo: "da-nang", stages: []string{"phap-ly", "tuyen-truyen"},
		orgs: []org{
			{kind: organization.Cooperative, name: "Hợp tác xã rau sạch (Quảng Nam, minh họa)", commune: "", products: []product{
				{name: "Rau ăn lá các loại", group: "trong-trot", brand: "Rau sạch Quảng Nam", standard: "VietGAP", shelfLife: "3 ngày kể từ ngày thu hoạch", source: illustration, stamps: 300, active: 120, scans: 6, place: "Vùng rau của hợp tác xã", kind: "harvest"},
			}},
			{kind: organization.Household, name: "Hộ sản xuất nước mắm (Quảng Nam, minh họa)", noBarcode: true},
		},
	},
	{
		code: "24", on: before2025, plan: "bac-giang", mergedTo: "bac-ninh", stages: []string{"tuyen-truyen", "dao-tao", "danh-muc", "thi-diem"},
		orgs: []org{
			{kind: organization.Cooperative, name: "Cơ sở sản xuất mỳ Trại Lâm Thuận Hương (Lục Ngạn)", commune: "", products: []product{
				{name: "Mỳ Trại Lâm Thuận Hương (Lục Ngạn)", group: "thuc-pham", brand: "Thuận Hương", standard: "TCCS của cơ sở", shelfLife: "12 tháng kể từ ngày sản xuất", item: "Mỳ Trại Lâm Thuận Hương (Lục Ngạn)", source: sourceBacGiang, stamps: 1000, active: 600, scans: 25, place: "Cơ sở Trại Lâm, Lục Ngạn", kind: "produce"},
			}},
			{kind: organization.Cooperative, name: "HTX Hòa Phú AFC (Hiệp Hòa)", commune: "", products: []product{
				{name: "Vịt, gà VietGAP HTX Hòa Phú AFC (Hiệp Hòa)", group: "chan-nuoi", brand: "Hòa Phú AFC", standard: "VietGAP chăn nuôi", shelfLife: "5 ngày ở 0–4 °C", item: "Vịt, gà VietGAP HTX Hòa Phú AFC (Hiệp Hòa)", source: sourceBacGiang, stamps: 500, active: 200, scans: 10, place: "Trại chăn nuôi Hòa Phú, Hiệp Hòa", kind: "process"},
			}},
			{kind: organization.Cooperative, name: "Hợp tác xã vải thiều xuất khẩu (minh họa)", products: []product{
				{name: "Vải thiều tươi", group: "trong-trot", brand: "Vải thiều Lục Ngạn", standard: "GlobalGAP", shelfLife: "14 ngày ở 2–5 °C", source: illustration, exported: true, stamps: 800, active: 400, scans: 12, place: "Vùng trồng vải thiều", kind: "harvest"},
			}},
			{kind: organization.Enterprise, name: "Công ty chế biến nông sản số 1 (minh họa)", products: []product{
				{name: "Vải sấy khô", group: "trong-trot", standard: "TCCS 02:2025", source: illustration, exported: true},
			}},
			{kind: organization.Enterprise, name: "Công ty chế biến nông sản số 2 (minh họa)"},
			{kind: organization.Enterprise, name: "Công ty bao bì thực phẩm (minh họa)"},
			{kind: organization.Cooperative, name: "Hợp tác xã cây có múi (minh họa)"},
			{kind: organization.Cooperative, name: "Hợp tác xã na dai (minh họa)"},
			{kind: organization.Household, name: "Hộ nuôi ong Sơn Động (minh họa)", noBarcode: true},
		},
	},
	{
		code: "40", plan: "nghe-an", colour: "#0b5d4e", contact: "Chi cục Tiêu chuẩn Đo lường Chất lượng, Sở KH&CN Nghệ An (dữ liệu minh họa)",
		stages: []string{"tuyen-truyen", "dao-tao", "danh-muc", "thi-diem", "ha-tang"},
		orgs: []org{
			{kind: organization.Cooperative, name: "Hợp tác xã cam Vinh (minh họa)", commune: "nghi loc", products: []product{
				{name: "Cam Vinh", group: "trong-trot", brand: "Cam Vinh", standard: "VietGAP", shelfLife: "20 ngày kể từ ngày thu hoạch", item: "Cam Vinh", source: sourceNgheAn, exported: true, stamps: 2000, active: 1500, scans: 60, place: "Vườn cam Nghi Lộc", kind: "harvest"},
			}},
			{kind: organization.Household, name: "Cơ sở tương Nam Đàn (minh họa)", commune: "nam dan", products: []product{
				{name: "Tương Nam Đàn", group: "thuc-pham", brand: "Tương Nam Đàn", standard: "TCCS 01:2024", shelfLife: "12 tháng kể từ ngày sản xuất", item: "Tương Nam Đàn", source: sourceNgheAn, stamps: 600, active: 300, scans: 14, place: "Xưởng tương Nam Đàn", kind: "produce"},
			}},
			{kind: organization.Enterprise, name: "Doanh nghiệp nước mắm Vạn Phần (minh họa)", commune: "dien chau", products: []product{
				{name: "Nước mắm Vạn Phần", group: "thuy-san", brand: "Vạn Phần", standard: "TCVN 5107:2018", shelfLife: "24 tháng kể từ ngày sản xuất", item: "Nước mắm Vạn Phần", source: sourceNgheAn, exported: true, stamps: 5000, active: 3000, scans: 40, place: "Nhà thùng Diễn Châu", kind: "produce"},
				{name: "Nước mắm thủy sản Nghệ An", group: "thuy-san", brand: "Vạn Phần", standard: "TCVN 5107:2018", shelfLife: "24 tháng kể từ ngày sản xuất", item: "Nước mắm thủy sản Nghệ An", source: sourceNgheAn},
			}},
			{kind: organization.Cooperative, name: "Hợp tác xã dược liệu Pù Mát (minh họa)", commune: "con cuong", products: []product{
				{name: "Cà gai leo Pù Mát", group: "lam-san", brand: "Pù Mát", standard: "TCCS 05:2025", shelfLife: "24 tháng kể từ ngày sản xuất", item: "Cà gai leo Pù Mát", source: sourceProgram, stamps: 1200, active: 500, scans: 9, place: "Vùng dược liệu Con Cuông", kind: "harvest"},
				{name: "Rượu cam Con Cuông", group: "do-uong", brand: "Pù Mát", standard: "TCCS 06:2025", source: sourceNgheAn, item: "Rượu cam Con Cuông"},
			}},
			{kind: organization.Cooperative, name: "Hợp tác xã trà sen Nam Đàn (minh họa)", commune: "kim lien", products: []product{
				{name: "Trà ướp gạo sen (Nam Đàn)", group: "trong-trot", brand: "Trà sen làng Sen", standard: "TCCS 03:2025", shelfLife: "12 tháng kể từ ngày sản xuất", item: "Trà ướp gạo sen (Nam Đàn)", source: sourceProgram, stamps: 400, active: 0, place: "Xưởng trà Kim Liên", kind: "process"},
			}},
			{kind: organization.Enterprise, name: "Doanh nghiệp trà Minh Sáng (minh họa)", commune: "thanh chuong", products: []product{
				{name: "Trà Minh Sáng (trà xanh xứ Nghệ)", group: "trong-trot", brand: "Minh Sáng", standard: "TCVN 1454:2013", shelfLife: "18 tháng kể từ ngày sản xuất", item: "Trà Minh Sáng (trà xanh xứ Nghệ)", source: sourceProgram, stamps: 800, active: 300, scans: 5, place: "Đồi chè Thanh Chương", kind: "harvest"},
			}},
			{kind: organization.Household, name: "Hộ nuôi gà Thanh Chương (minh họa)", commune: "thanh chuong", noBarcode: true, products: []product{
				{name: "Gà Thanh Chương", group: "chan-nuoi", source: sourceNgheAn, item: "Gà Thanh Chương"},
			}},
			{kind: organization.Cooperative, name: "Hợp tác xã cây ăn quả Nghĩa Đàn (minh họa)", commune: "nghia dan", products: []product{
				{name: "Ổi Nghĩa Đàn", group: "trong-trot", source: sourceNgheAn, item: "Ổi Nghĩa Đàn"},
				{name: "Bơ Nghĩa Đàn", group: "trong-trot", source: sourceNgheAn, item: "Bơ Nghĩa Đàn"},
				{name: "Dứa Nghĩa Đàn", group: "trong-trot", source: sourceNgheAn, item: "Dứa Nghĩa Đàn"},
			}},
			{kind: organization.Enterprise, name: "Công ty cà phê Nghĩa Đàn (minh họa)", commune: "nghia dan", pending: true},
			{kind: organization.Household, name: "Hộ trồng tỏi (minh họa)", commune: "quynh luu", pending: true},
		},
	},
	{
		code: "48", plan: "da-nang", colour: "#175cd3", contact: "Sở Khoa học và Công nghệ thành phố Đà Nẵng (dữ liệu minh họa)",
		stages: []string{"phap-ly", "tuyen-truyen", "dao-tao", "danh-muc"},
		orgs: []org{
			{kind: organization.Enterprise, name: "Cơ sở giết mổ và phân phối thịt heo (minh họa)", products: []product{
				{name: "Thịt heo mát", group: "chan-nuoi", brand: "Thịt sạch Đà Nẵng", standard: "TCVN 12429-1:2018", shelfLife: "3 ngày ở 0–4 °C", item: "Thịt heo", source: sourceDaNang, stamps: 3000, active: 2000, scans: 30, place: "Cơ sở giết mổ tập trung", kind: "process"},
				{name: "Thịt bò mát", group: "chan-nuoi", brand: "Thịt sạch Đà Nẵng", standard: "TCVN 12429-2:2020", item: "Thịt bò", source: sourceDaNang},
			}},
			{kind: organization.Cooperative, name: "Hợp tác xã trứng gia cầm (minh họa)", products: []product{
				{name: "Trứng gà tươi", group: "chan-nuoi", brand: "Trứng sạch", standard: "TCVN 1858:2018", shelfLife: "21 ngày", item: "Trứng gia cầm", source: sourceDaNang, stamps: 1500, active: 700, scans: 11, place: "Trại gà", kind: "pack"},
			}},
			{kind: organization.Household, name: "Hộ làm mắm chợ Hàn (minh họa)", noBarcode: true, products: []product{
				{name: "Mắm ruốc", group: "thuy-san", source: sourceDaNang, item: "Mắm"},
			}},
			{kind: organization.Enterprise, name: "Công ty gia vị (minh họa)", pending: true},
		},
	},
	{
		code: "24", plan: "", colour: "#7a3e00", contact: "Sở Khoa học và Công nghệ tỉnh Bắc Ninh (dữ liệu minh họa)",
		orgs: []org{
			{kind: organization.Cooperative, name: "Hợp tác xã nông nghiệp Quế Võ (minh họa)", commune: "que vo"},
		},
	},
	{
		code: "79", plan: "ho-chi-minh", colour: "#8a1538", contact: "Sở Khoa học và Công nghệ TP. Hồ Chí Minh (dữ liệu minh họa)",
		stages: []string{"phap-ly", "danh-muc", "xuc-tien"},
		orgs: []org{
			{kind: organization.Enterprise, name: "Công ty thực phẩm tươi sống (minh họa)", products: []product{
				{name: "Thịt heo mát đóng khay", group: "chan-nuoi", brand: "Tươi sống", standard: "TCVN 12429-1:2018", shelfLife: "3 ngày ở 0–4 °C", item: "Thịt heo", list: catalog.Priority, source: sourceHCM, stamps: 4000},
				{name: "Trứng gà tươi", group: "chan-nuoi", brand: "Tươi sống", standard: "TCVN 1858:2018", shelfLife: "30 ngày", item: "Trứng gia cầm", list: catalog.Priority, source: sourceHCM},
			}},
			{kind: organization.Enterprise, name: "Công ty yến sào (minh họa)", products: []product{
				{name: "Tổ yến tinh chế", group: "chan-nuoi", standard: "TCVN 14267:2024", item: "Tổ yến", list: catalog.Priority, source: sourceHCM},
			}},
			{kind: organization.Cooperative, name: "Hợp tác xã rau Củ Chi (minh họa)", commune: "cu chi", pending: true},
		},
	},
}

// officers are the roles that each onboarded province has an account for.
var officers = []struct {
	mail, name string
	role       string
	department string
}{
	{"admin", "Nguyễn Thị Lan", "dost_admin", ""},
	{"chuyenvien", "Trần Văn Hùng", "dost_officer", ""},
	{"lanhdao", "Lê Quang Minh", "leader", ""},
	{"songanh", "Phạm Thu Hà", "department_officer", "SNNPTNT"},
	{"socongthuong", "Đỗ Minh Tuấn", "department_officer", "SCT"},
	{"xa", "Hoàng Văn Nam", "unit_officer", ""},
	{"kiemtra", "Vũ Đức Anh", "inspector", ""},
}
