package plan

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// File is one plan document, as a province issued it or is drafting it.
type File struct {
	// Number is the document's number and symbol, such as "146/KH-UBND"; "" when not known or not yet issued.
	Number string
	Title  string
	// Issuer is the body that issued it, such as "UBND thành phố Đà Nẵng".
	Issuer string
	// Issued is the date of issue, to the day, the month or only the year.
	Issued Date
	// From and To are the first and the last year of the period.
	From, To int
	// Orientation is the horizon after the period, such as "đến năm 2030"; a year in it allows targets up to that year.
	Orientation string
	// Basis are the legal grounds (căn cứ).
	Basis       []string
	Departments []FileDepartment
	Targets     []FileTarget
	Tasks       []FileTask
	Products    []FileProduct
	// Funding are the sources of money and how it is approved.
	Funding []string
	// Source says where the text was taken from.
	Source string
	// Notes are principles, systems involved, and anything without another place; one paragraph each.
	Notes []string
}

// FileDepartment is a body that takes part, under the name it had when the plan was issued.
type FileDepartment struct {
	// Code is short and unique in the plan, such as "SKHCN".
	Code string
	Name string
	Role string
}

// FileTarget is one indicator (chỉ tiêu) of the plan.
type FileTarget struct {
	// Code is short, stable and unique among the plan's targets, such as "CT1".
	Code string
	Text string
	Kind Kind
	// Op is empty for text and may be empty for a milestone (on or before its date).
	Op Op
	// Value is a number or, for a milestone, a date; empty for text.
	Value Value
	// Due is the year by which the value is to be reached.
	Due int
	// Measure is what the platform computes to follow the target; "" when departments report by hand.
	Measure MeasureKey
	// Numerator and Denominator define a percentage; both are needed for one that is reported by hand.
	Numerator, Denominator string
	// Lead and With are codes of Departments.
	Lead string
	With []string
}

// FileTask is one piece of work (nhiệm vụ) of the plan.
type FileTask struct {
	// Code is short, stable and unique among the plan's tasks, such as "NV1".
	Code  string
	Text  string
	Group Group
	// Lead and With are codes of Departments.
	Lead string
	With []string
	// Due is a date, a month or a year; "" means the end of the plan's period.
	Due Date
	// Count is the planned number of Unit, such as 5 "khóa"; 0 when the plan counts nothing.
	Count int
	Unit  string
	// Output is the expected result (sản phẩm đầu ra).
	Output  string
	Funding string
}

// FileProduct is a product or product group that the plan, or a source about it, names.
type FileProduct struct {
	Name string
	List List
	// Status is what the source says of it, such as "Đã dán tem truy xuất nguồn gốc".
	Status string
	Source string
}

// Kind is what a target counts.
type Kind string

// Kinds of targets.
const (
	Percent   Kind = "percent"   // 0 to 100
	Count     Kind = "count"     // whole number of things
	Area      Kind = "area"      // hectares
	Money     Kind = "money"     // whole Vietnamese đồng
	Milestone Kind = "milestone" // a date by which something exists
	Text      Kind = "text"      // words only: the plan gives no number
)

// Kinds returns every kind, in the order shown to people.
func Kinds() []Kind { return keys[Kind](kindChoices) }

// Label is the kind's name in Vietnamese.
func (k Kind) Label() string { return label(kindChoices, string(k)) }

// Numeric reports whether a target of this kind has a number as its value.
func (k Kind) Numeric() bool { return k == Percent || k == Count || k == Area || k == Money }

// Op compares the achieved value with the target's value.
type Op string

// Comparisons.
const (
	AtLeast Op = ">="
	AtMost  Op = "<="
	Exactly Op = "="
)

// Label is the comparison's sign as printed.
func (o Op) Label() string { return label(opChoices, string(o)) }

// List says which list a product stands on.
type List string

// Lists of products.
const (
	Priority  List = "uu-tien"   // official priority list
	Mandatory List = "bat-buoc"  // official mandatory list
	Specific  List = "dac-thu"   // key, specific, typical products
	Voluntary List = "tu-nguyen" // at a business's own request
	Named     List = "neu-ten"   // only named in a source; on no official list
)

// Label is the list's name in Vietnamese.
func (l List) Label() string { return label(listChoices, string(l)) }

// Group is one of the groups of work that provincial plans repeat.
type Group string

// Groups of tasks.
const (
	LegalDocuments Group = "phap-ly"
	Communication  Group = "tuyen-truyen"
	Training       Group = "dao-tao"
	ProductLists   Group = "danh-muc"
	Pilots         Group = "thi-diem"
	Support        Group = "ho-tro"
	Infrastructure Group = "ha-tang"
	Technology     Group = "cong-nghe"
	TradePromotion Group = "xuc-tien"
	Inspection     Group = "kiem-tra"
	Reporting      Group = "bao-cao"
	International  Group = "hop-tac-quoc-te"
)

// Groups returns every group, in the order shown to people.
func Groups() []Group { return keys[Group](groupChoices) }

// Label is the group's name in Vietnamese.
func (g Group) Label() string { return label(groupChoices, string(g)) }

// Stages of the national count (NBC, January 2022, over 63 provinces: 55, 45, 40, 26, 25), in its order.
const (
	StageIssued         = "ke-hoach"             // the plan is issued; no group of tasks, the plan itself counts
	StageTrained        = "tuyen-truyen-dao-tao" // communication and training
	StageListed         = "danh-muc"             // specific or priority products identified
	StageInfrastructure = "ha-tang"              // information technology infrastructure
	StageDeployed       = "trien-khai"           // traceability applied, or products stamped
)

// Stages returns the stages of the national count in their order.
func Stages() []string {
	return []string{StageIssued, StageTrained, StageListed, StageInfrastructure, StageDeployed}
}

// StageLabel is a stage's name in Vietnamese, or "" when there is no such stage.
func StageLabel(stage string) string { return label(stageChoices, stage) }

// Stage is the stage of the national count to which work of the group leads, or "" when it leads to none.
func (g Group) Stage() string {
	switch g {
	case Communication, Training:
		return StageTrained
	case ProductLists:
		return StageListed
	case Infrastructure:
		return StageInfrastructure
	case Pilots, Support:
		return StageDeployed
	}
	return ""
}

// Deadline is the task's due date, or the end of the plan's period when the plan gives it none.
func (f File) Deadline(t FileTask) Date {
	if t.Due != "" {
		return t.Due
	}
	return Date(fmt.Sprintf("%04d", f.To))
}

// PlaceError is one thing wrong in a file: where, and what, both in Vietnamese.
type PlaceError struct{ Place, Message string }

// Errors is everything wrong in a file, in the file's order. At most 200 are kept; the last then says how many were not.
type Errors []PlaceError

// Error joins all places and messages, one per line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.Place + ": " + p.Message
	}
	return strings.Join(lines, "\n")
}

const maxErrors = 200

// Sizes accepted by ReadFile.
const (
	MaxYAML = 1 << 20 // bytes
	MaxXLSX = 5 << 20 // bytes, packed
	MaxRows = 5000    // per sheet
)

// ReadFile reads and checks a plan. The extension of name decides: .yaml, .yml or .xlsx.
// When anything in the file is wrong, the error is an Errors with all of it and the File is empty.
// Any other error is a failure of r.
func ReadFile(name string, r io.Reader) (File, error) {
	limit, read := 0, (func([]byte) (File, Errors))(nil)
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		limit, read = MaxYAML, readYAML
	case ".xlsx":
		limit, read = MaxXLSX, readXLSX
	default:
		return File{}, wholeFile("Chỉ nhận tệp .xlsx, .yaml hoặc .yml; hãy tải tệp mẫu và điền vào đó.")
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return File{}, fmt.Errorf("reading plan file: %w", err)
	}
	if len(b) > limit {
		return File{}, wholeFile("Tệp lớn hơn %d MiB.", limit>>20)
	}
	if len(b) == 0 {
		return File{}, wholeFile("Tệp rỗng.")
	}
	f, wrong := read(b)
	if len(wrong) > 0 {
		return File{}, wrong
	}
	return f, nil
}

// wholeFile is one error about the file as such.
func wholeFile(format string, args ...any) Errors {
	return Errors{{"Tệp kế hoạch", fmt.Sprintf(format, args...)}}
}

// choice is one value of a closed list: as stored and as shown.
type choice struct{ key, label string }

var (
	kindChoices = []choice{
		{string(Percent), "Tỷ lệ %"}, {string(Count), "Số đếm"}, {string(Area), "Diện tích (ha)"},
		{string(Money), "Kinh phí (đồng)"}, {string(Milestone), "Mốc thời gian"}, {string(Text), "Định tính"},
	}
	opChoices   = []choice{{string(AtLeast), "≥"}, {string(AtMost), "≤"}, {string(Exactly), "="}}
	listChoices = []choice{
		{string(Priority), "Danh mục ưu tiên"}, {string(Mandatory), "Danh mục bắt buộc"}, {string(Specific), "Sản phẩm đặc thù"},
		{string(Voluntary), "Theo yêu cầu của doanh nghiệp"}, {string(Named), "Sản phẩm nêu tên trong nguồn"},
	}
	groupChoices = []choice{
		{string(LegalDocuments), "Văn bản, hướng dẫn"}, {string(Communication), "Tuyên truyền"}, {string(Training), "Đào tạo, tập huấn"},
		{string(ProductLists), "Danh mục sản phẩm"}, {string(Pilots), "Thí điểm mô hình"}, {string(Support), "Hỗ trợ áp dụng"},
		{string(Infrastructure), "Hạ tầng, kết nối"}, {string(Technology), "Công nghệ mới"}, {string(TradePromotion), "Xúc tiến thương mại"},
		{string(Inspection), "Kiểm tra, giám sát"}, {string(Reporting), "Báo cáo, sơ kết, tổng kết"}, {string(International), "Hợp tác quốc tế"},
	}
	stageChoices = []choice{
		{StageIssued, "Đã ban hành kế hoạch"}, {StageTrained, "Đã tuyên truyền, tập huấn"},
		{StageListed, "Đã xác định sản phẩm đặc trưng, ưu tiên"}, {StageInfrastructure, "Đã chuẩn bị hạ tầng công nghệ thông tin"},
		{StageDeployed, "Đã triển khai truy xuất nguồn gốc"},
	}
)

func label(choices []choice, key string) string {
	i := slices.IndexFunc(choices, func(c choice) bool { return c.key == key })
	if i < 0 {
		return ""
	}
	return choices[i].label
}

func keys[T ~string](choices []choice) []T {
	out := make([]T, len(choices))
	for i, c := range choices {
		out[i] = T(c.key)
	}
	return out
}
