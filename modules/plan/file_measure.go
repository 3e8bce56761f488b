package plan

// MeasureKey names something that the platform computes by itself from its own records.
type MeasureKey string

// Measures that the platform computes.
const (
	OrgsWithBarcodeTracedPercent     MeasureKey = "orgs_with_barcode_traced_percent"
	OrgsTrainedPercent               MeasureKey = "orgs_trained_percent"
	EligibleSupportedPercent         MeasureKey = "eligible_supported_percent"
	ExportProductsTracedPercent      MeasureKey = "export_products_traced_percent"
	MandatoryProductsTracedPercent   MeasureKey = "mandatory_products_traced_percent"
	ProductsConnectedPercent         MeasureKey = "products_connected_percent"
	SpecificProductsConnectedPercent MeasureKey = "specific_products_connected_percent"
	PortalRunningCount               MeasureKey = "portal_running_count"
	CoursesAwarenessCount            MeasureKey = "courses_awareness_count"
	CoursesGuidanceCount             MeasureKey = "courses_guidance_count"
	WorkshopsCount                   MeasureKey = "workshops_count"
	PriorityProductsGuidedPercent    MeasureKey = "priority_products_guided_percent"
	PriorityProductsTracedPercent    MeasureKey = "priority_products_traced_percent"
	ModelsCount                      MeasureKey = "models_count"
)

// Measure is the definition of something the platform computes. All words are Vietnamese.
type Measure struct {
	Key MeasureKey
	// Kind is Percent or Count; a target that uses the measure has the same kind.
	Kind Kind
	// Name is unique and short; it stands in the XLSX drop-down.
	Name string
	// Definition says what is counted.
	Definition string
	// Numerator and Denominator define a Percent; empty for a Count.
	Numerator, Denominator string
}

// Measures returns every measure that the platform computes, in the order shown to people.
func Measures() []Measure { return append([]Measure(nil), measures...) }

// MeasureOf returns the measure with the key.
func MeasureOf(key MeasureKey) (Measure, bool) {
	for _, m := range measures {
		if m.Key == key {
			return m, true
		}
	}
	return Measure{}, false
}

var measures = []Measure{
	{
		OrgsWithBarcodeTracedPercent, Percent, "Tổ chức dùng mã số mã vạch có hệ thống TXNG (%)",
		"Tỷ lệ doanh nghiệp, hợp tác xã, cơ sở sử dụng mã số mã vạch có hệ thống truy xuất nguồn gốc áp dụng tiêu chuẩn quốc gia, quốc tế.",
		"Số tổ chức sử dụng mã số mã vạch có ít nhất một sản phẩm đang áp dụng truy xuất nguồn gốc",
		"Số tổ chức của tỉnh, thành phố đang sử dụng mã số mã vạch",
	},
	{
		OrgsTrainedPercent, Percent, "Tổ chức, cá nhân được đào tạo, tập huấn (%)",
		"Tỷ lệ tổ chức, cá nhân tham gia truy xuất nguồn gốc hoặc có nhu cầu đã được đào tạo, tập huấn.",
		"Số tổ chức, cá nhân có người dự ít nhất một lớp đã hoàn thành",
		"Số tổ chức, cá nhân tham gia hệ thống hoặc đăng ký nhu cầu tập huấn",
	},
	{
		EligibleSupportedPercent, Percent, "Đối tượng có yêu cầu, đủ điều kiện được hỗ trợ (%)",
		"Tỷ lệ tổ chức, cá nhân sản xuất sản phẩm chủ lực, đặc trưng, tiềm năng, OCOP có yêu cầu và đủ điều kiện đã được hỗ trợ áp dụng hệ thống truy xuất nguồn gốc.",
		"Số tổ chức, cá nhân đã nhận hỗ trợ",
		"Số tổ chức, cá nhân có yêu cầu và được xác nhận đủ điều kiện hỗ trợ",
	},
	{
		ExportProductsTracedPercent, Percent, "Sản phẩm xuất khẩu áp dụng TXNG (%)",
		"Tỷ lệ sản phẩm xuất khẩu thuộc nhóm chủ lực, đặc trưng, tiềm năng, OCOP áp dụng hệ thống truy xuất nguồn gốc.",
		"Số sản phẩm xuất khẩu thuộc các nhóm trên đang áp dụng truy xuất nguồn gốc",
		"Số sản phẩm xuất khẩu thuộc các nhóm trên",
	},
	{
		MandatoryProductsTracedPercent, Percent, "Sản phẩm thuộc danh mục bắt buộc áp dụng TXNG (%)",
		"Tỷ lệ sản phẩm thuộc danh mục bắt buộc áp dụng hệ thống truy xuất nguồn gốc.",
		"Số sản phẩm thuộc danh mục bắt buộc đang áp dụng truy xuất nguồn gốc",
		"Số sản phẩm thuộc danh mục bắt buộc",
	},
	{
		ProductsConnectedPercent, Percent, "Sản phẩm áp dụng TXNG được kết nối Cổng (%)",
		"Tỷ lệ sản phẩm áp dụng truy xuất nguồn gốc đã kết nối Cổng của tỉnh, thành phố và Cổng quốc gia.",
		"Số sản phẩm đã kết nối cả hai Cổng",
		"Số sản phẩm đang áp dụng truy xuất nguồn gốc",
	},
	{
		SpecificProductsConnectedPercent, Percent, "Sản phẩm đặc thù, tiêu biểu được kết nối Cổng quốc gia (%)",
		"Tỷ lệ sản phẩm đặc thù, tiêu biểu có dữ liệu truy xuất nguồn gốc được cập nhật, tích hợp lên Cổng quốc gia.",
		"Số sản phẩm đặc thù, tiêu biểu đã kết nối Cổng quốc gia",
		"Số sản phẩm thuộc danh mục đặc thù, tiêu biểu",
	},
	{PortalRunningCount, Count, "Cổng TXNG của tỉnh, thành phố đang vận hành", "Số Cổng thông tin truy xuất nguồn gốc của tỉnh, thành phố đang vận hành (0 hoặc 1).", "", ""},
	{CoursesAwarenessCount, Count, "Khóa đào tạo nâng cao nhận thức", "Số khóa đào tạo, tập huấn nâng cao nhận thức về truy xuất nguồn gốc đã hoàn thành trong kỳ.", "", ""},
	{CoursesGuidanceCount, Count, "Khóa hướng dẫn, hỗ trợ, tư vấn áp dụng", "Số khóa đào tạo, hướng dẫn, hỗ trợ tư vấn áp dụng và kết nối Cổng đã hoàn thành trong kỳ.", "", ""},
	{WorkshopsCount, Count, "Hội thảo", "Số hội thảo về truy xuất nguồn gốc đã tổ chức trong kỳ.", "", ""},
	{
		PriorityProductsGuidedPercent, Percent, "Sản phẩm danh mục ưu tiên được hướng dẫn (%)",
		"Tỷ lệ sản phẩm trong danh mục ưu tiên được hướng dẫn áp dụng hệ thống truy xuất nguồn gốc.",
		"Số sản phẩm trong danh mục ưu tiên đã có đơn vị được hướng dẫn",
		"Số sản phẩm trong danh mục ưu tiên",
	},
	{
		PriorityProductsTracedPercent, Percent, "Sản phẩm danh mục ưu tiên áp dụng TXNG (%)",
		"Tỷ lệ sản phẩm trong danh mục ưu tiên áp dụng hệ thống truy xuất nguồn gốc.",
		"Số sản phẩm trong danh mục ưu tiên đang áp dụng truy xuất nguồn gốc",
		"Số sản phẩm trong danh mục ưu tiên",
	},
	{ModelsCount, Count, "Mô hình áp dụng TXNG", "Số mô hình áp dụng truy xuất nguồn gốc đang hoạt động.", "", ""},
}

var measureChoices = func() []choice {
	out := make([]choice, len(measures))
	for i, m := range measures {
		out[i] = choice{string(m.Key), m.Name}
	}
	return out
}()
