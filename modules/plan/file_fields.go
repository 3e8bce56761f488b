package plan

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// field is one property of a record: its key in YAML, its column in XLSX, and how to read and write it as text.
type field[T any] struct {
	key, title string
	hint       string // shown to the person who fills the sheet
	example    string
	width      float64
	choices    []choice // closed list; empty for free text
	form       form
	must       bool // may not be empty
	max        int  // longest text, in characters; of one item in a list
	get        func(*T) string
	set        func(*T, string) (wrong string) // what is wrong, in Vietnamese; "" when nothing
}

// form is the shape of a field's text.
type form int

const (
	line  form = iota // one line of text
	lines             // several, separated by line breaks; a list in YAML
	codes             // several codes, separated by commas; a list in YAML
	whole             // a whole number
	date              // a Date
	value             // a Value
)

func (f form) list() bool { return f == lines || f == codes }

// section is one list of records: a list in YAML, a sheet in XLSX.
type section[T any] struct {
	key, sheet string
	noun       string // of one record, in Vietnamese
	most       int    // records
	optional   bool   // the sheet may be missing
	fields     []field[T]
	rows       func(*File) *[]T
	name       func(*T) string // what people call a record
}

// exampleCode marks the example row of the template, which is not read.
const exampleCode = "VD"

const (
	maxCode  = 20
	maxText  = 1000
	maxLines = 30
)

func textField[T any](key, title string, at func(*T) *string) field[T] {
	return field[T]{
		key: key, title: title, width: 30, max: maxText,
		get: func(t *T) string { return *at(t) },
		set: func(t *T, s string) string { *at(t) = clean(s); return "" },
	}
}

func codeField[T any](key, title string, at func(*T) *string) field[T] {
	f := textField(key, title, at)
	f.width, f.max = 12, maxCode
	f.set = func(t *T, s string) string { *at(t) = strings.ToUpper(clean(s)); return "" }
	return f
}

func pickField[T any, S ~string](key, title string, choices []choice, at func(*T) *S) field[T] {
	return field[T]{
		key: key, title: title, width: 18, choices: choices, max: maxText,
		get: func(t *T) string { return cmp.Or(label(choices, string(*at(t))), string(*at(t))) },
		set: func(t *T, s string) string {
			for _, c := range choices {
				if fold(s) == fold(c.key) || fold(s) == fold(c.label) {
					*at(t) = S(c.key)
					return ""
				}
			}
			if clean(s) == "" {
				return ""
			}
			return unknownChoice(s, choices)
		},
	}
}

func unknownChoice(s string, choices []choice) string {
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = c.label + " (" + c.key + ")"
	}
	return fmt.Sprintf("“%s” không có trong danh sách: %s.", short(s), strings.Join(names, "; "))
}

func linesField[T any](key, title string, at func(*T) *[]string) field[T] {
	return field[T]{
		key: key, title: title, width: 30, form: lines, max: maxText,
		get: func(t *T) string { return strings.Join(*at(t), "\n") },
		set: func(t *T, s string) string { *at(t) = split(s, "\n"); return "" },
	}
}

func codesField[T any](key, title string, at func(*T) *[]string) field[T] {
	return field[T]{
		key: key, title: title, width: 20, form: codes, max: maxCode,
		get: func(t *T) string { return strings.Join(*at(t), ", ") },
		set: func(t *T, s string) string { *at(t) = split(strings.ToUpper(s), ",;\n"); return "" },
	}
}

func split(s, separators string) []string {
	var out []string
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if part = clean(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func wholeField[T any](key, title string, at func(*T) *int) field[T] {
	return field[T]{
		key: key, title: title, width: 12, form: whole,
		get: func(t *T) string {
			if *at(t) == 0 {
				return ""
			}
			return strconv.Itoa(*at(t))
		},
		set: func(t *T, s string) string {
			if clean(s) == "" {
				return ""
			}
			number, wrong := parseNumber(s)
			if wrong != "" {
				return wrong
			}
			n, err := strconv.Atoi(number)
			if err != nil || n < 1 || n > 1_000_000 {
				return fmt.Sprintf("“%s” phải là số nguyên từ 1 đến 1000000.", short(s))
			}
			*at(t) = n
			return ""
		},
	}
}

func dateField[T any](key, title string, at func(*T) *Date) field[T] {
	return field[T]{
		key: key, title: title, width: 14, form: date,
		get: func(t *T) string { return at(t).Show() },
		set: func(t *T, s string) string {
			if clean(s) == "" {
				return ""
			}
			d, ok := ParseDate(s)
			if !ok {
				return wrongDate(s)
			}
			*at(t) = d
			return ""
		},
	}
}

func wrongDate(s string) string {
	return fmt.Sprintf("“%s” không phải là ngày; viết 15/09/2020, 09/2020 hoặc 2020.", short(s))
}

// valueField reads a target's value by its kind, which therefore stands before it among the fields.
func valueField(key, title string) field[FileTarget] {
	return field[FileTarget]{
		key: key, title: title, width: 14, form: value,
		get: func(t *FileTarget) string {
			if d, ok := t.Value.Date(); ok && t.Kind == Milestone {
				return d.Show()
			}
			return strings.Replace(string(t.Value), ".", ",", 1)
		},
		set: func(t *FileTarget, s string) string {
			s = clean(s)
			switch {
			case s == "":
			case t.Kind == Milestone:
				d, ok := ParseDate(s)
				if !ok {
					return wrongDate(s)
				}
				t.Value = Value(d)
			case t.Kind.Numeric():
				number, wrong := parseNumber(s)
				if wrong != "" {
					return wrong
				}
				t.Value = Value(number)
			default:
				t.Value = Value(s) // no kind, or text: refused by the check
			}
			return ""
		},
	}
}

// fold is text as compared when people type it: without case, extra space or a closing star.
func fold(s string) string {
	return strings.ToLower(strings.TrimSpace(strings.TrimSuffix(clean(s), "*")))
}

func must[T any](f field[T]) field[T] {
	f.must = true
	return f
}

// with gives a field its column width, its example and its hint.
func (f field[T]) with(width float64, example, hint string) field[T] {
	f.width, f.example, f.hint = width, example, hint
	return f
}

var planFields = []field[File]{
	textField("number", "Số, ký hiệu", func(f *File) *string { return &f.Number }).with(20, "146/KH-UBND", "Để trống khi chưa có số."),
	must(textField("title", "Tên kế hoạch", func(f *File) *string { return &f.Title })).with(40, "Kế hoạch triển khai Đề án truy xuất nguồn gốc", ""),
	must(textField("issuer", "Cơ quan ban hành", func(f *File) *string { return &f.Issuer })).with(30, "UBND tỉnh", ""),
	must(dateField("issued", "Ngày ban hành", func(f *File) *Date { return &f.Issued })).with(14, "01/08/2022", "Viết ngày/tháng/năm, tháng/năm, hoặc năm."),
	must(wholeField("from", "Từ năm", func(f *File) *int { return &f.From })).with(12, "2022", ""),
	must(wholeField("to", "Đến năm", func(f *File) *int { return &f.To })).with(12, "2025", ""),
	textField("orientation", "Định hướng", func(f *File) *string { return &f.Orientation }).with(30, "đến năm 2030", "Năm ghi ở đây cho phép chỉ tiêu có hạn sau kỳ kế hoạch."),
	linesField("basis", "Căn cứ", func(f *File) *[]string { return &f.Basis }).with(30, "Quyết định số 100/QĐ-TTg ngày 19/01/2019", "Mỗi căn cứ một dòng (Alt+Enter)."),
	linesField("funding", "Nguồn kinh phí", func(f *File) *[]string { return &f.Funding }).with(30, "Ngân sách nhà nước", "Mỗi nguồn một dòng (Alt+Enter)."),
	textField("source", "Nguồn tài liệu", func(f *File) *string { return &f.Source }).with(30, "Cổng thông tin điện tử tỉnh", ""),
	linesField("notes", "Ghi chú", func(f *File) *[]string { return &f.Notes }).with(30, "Nguyên tắc: công khai, minh bạch", "Mỗi ý một dòng (Alt+Enter)."),
}

var departments = section[FileDepartment]{
	key: "departments", sheet: "Đơn vị", noun: "đơn vị", most: 500,
	rows: func(f *File) *[]FileDepartment { return &f.Departments },
	name: func(d *FileDepartment) string { return d.Code },
	fields: []field[FileDepartment]{
		must(codeField("code", "Mã đơn vị", func(d *FileDepartment) *string { return &d.Code })).with(14, exampleCode, "Chữ in hoa và số, ví dụ SKHCN."),
		must(textField("name", "Tên đơn vị", func(d *FileDepartment) *string { return &d.Name })).with(40, "Sở Khoa học và Công nghệ", ""),
		textField("role", "Vai trò", func(d *FileDepartment) *string { return &d.Role }).with(60, "Chủ trì, tham mưu, theo dõi, tổng hợp, báo cáo", ""),
	},
}

var targets = section[FileTarget]{
	key: "targets", sheet: "Chỉ tiêu", noun: "chỉ tiêu", most: 500,
	rows: func(f *File) *[]FileTarget { return &f.Targets },
	name: func(t *FileTarget) string { return t.Code },
	fields: []field[FileTarget]{
		must(codeField("code", "Mã", func(t *FileTarget) *string { return &t.Code })).with(8, exampleCode, "Ví dụ CT1."),
		must(textField("text", "Chỉ tiêu", func(t *FileTarget) *string { return &t.Text })).with(60, "Tổ chức sử dụng mã số mã vạch có hệ thống truy xuất nguồn gốc", ""),
		must(pickField("kind", "Loại", kindChoices, func(t *FileTarget) *Kind { return &t.Kind })).with(16, "Tỷ lệ %", ""),
		pickField("op", "Phép so sánh", opChoices, func(t *FileTarget) *Op { return &t.Op }).with(13, "≥", ""),
		valueField("value", "Giá trị").with(14, "30", "Số (dấu phẩy là dấu thập phân), hoặc ngày nếu là mốc thời gian."),
		must(wholeField("due", "Năm hoàn thành", func(t *FileTarget) *int { return &t.Due })).with(15, "2025", ""),
		pickField("measure", "Đo bằng", measureChoices, func(t *FileTarget) *MeasureKey { return &t.Measure }).with(40, measures[0].Name, "Để trống nếu đơn vị tự báo cáo."),
		textField("numerator", "Tử số", func(t *FileTarget) *string { return &t.Numerator }).with(30, "", "Cần có khi tỷ lệ do đơn vị tự báo cáo."),
		textField("denominator", "Mẫu số", func(t *FileTarget) *string { return &t.Denominator }).with(30, "", "Cần có khi tỷ lệ do đơn vị tự báo cáo."),
		must(codeField("lead", "Chủ trì", func(t *FileTarget) *string { return &t.Lead })).with(12, "SKHCN", "Mã đơn vị có trong trang “Đơn vị”."),
		codesField("with", "Phối hợp", func(t *FileTarget) *[]string { return &t.With }).with(24, "SCT, SNNMT", "Các mã đơn vị, cách nhau bằng dấu phẩy."),
	},
}

var tasks = section[FileTask]{
	key: "tasks", sheet: "Nhiệm vụ", noun: "nhiệm vụ", most: 2000,
	rows: func(f *File) *[]FileTask { return &f.Tasks },
	name: func(t *FileTask) string { return t.Code },
	fields: []field[FileTask]{
		must(codeField("code", "Mã", func(t *FileTask) *string { return &t.Code })).with(8, exampleCode, "Ví dụ NV1."),
		must(textField("text", "Nhiệm vụ", func(t *FileTask) *string { return &t.Text })).with(60, "Đào tạo, tập huấn nâng cao nhận thức về truy xuất nguồn gốc", ""),
		must(pickField("group", "Nhóm", groupChoices, func(t *FileTask) *Group { return &t.Group })).with(24, "Đào tạo, tập huấn", ""),
		must(codeField("lead", "Chủ trì", func(t *FileTask) *string { return &t.Lead })).with(12, "SKHCN", "Mã đơn vị có trong trang “Đơn vị”."),
		codesField("with", "Phối hợp", func(t *FileTask) *[]string { return &t.With }).with(24, "SCT, SNNMT", "Các mã đơn vị, cách nhau bằng dấu phẩy."),
		dateField("due", "Thời hạn", func(t *FileTask) *Date { return &t.Due }).with(14, "12/2025", "Ngày, tháng hoặc năm; để trống là hết kỳ kế hoạch."),
		wholeField("count", "Số lượng", func(t *FileTask) *int { return &t.Count }).with(10, "5", ""),
		textField("unit", "Đơn vị tính", func(t *FileTask) *string { return &t.Unit }).with(12, "khóa", ""),
		textField("output", "Sản phẩm đầu ra", func(t *FileTask) *string { return &t.Output }).with(40, "Danh sách học viên, báo cáo kết quả lớp", ""),
		textField("funding", "Kinh phí", func(t *FileTask) *string { return &t.Funding }).with(30, "Nhiệm vụ khoa học và công nghệ được phê duyệt", ""),
	},
}

var products = section[FileProduct]{
	key: "products", sheet: "Sản phẩm", noun: "sản phẩm", most: 2000, optional: true,
	rows: func(f *File) *[]FileProduct { return &f.Products },
	name: func(p *FileProduct) string { return p.Name },
	fields: []field[FileProduct]{
		must(textField("name", "Tên sản phẩm", func(p *FileProduct) *string { return &p.Name })).with(40, exampleCode, "Tên sản phẩm hoặc nhóm sản phẩm."),
		must(pickField("list", "Danh mục", listChoices, func(p *FileProduct) *List { return &p.List })).with(28, "Danh mục ưu tiên", ""),
		textField("status", "Tình trạng", func(p *FileProduct) *string { return &p.Status }).with(40, "Danh mục chính thức", ""),
		textField("source", "Nguồn", func(p *FileProduct) *string { return &p.Source }).with(50, "Quyết định của UBND tỉnh", ""),
	},
}

var sectionOrder = []string{"", departments.key, targets.key, tasks.key, products.key}

// fieldOrder gives the keys of a section's fields by the section's key ("" for the plan itself).
var fieldOrder = map[string][]string{
	"":              fieldKeys(planFields),
	departments.key: fieldKeys(departments.fields),
	targets.key:     fieldKeys(targets.fields),
	tasks.key:       fieldKeys(tasks.fields),
	products.key:    fieldKeys(products.fields),
}

// titles gives the Vietnamese title of a field by its section's key and its own.
var titles = map[string]map[string]string{
	"":              fieldTitles(planFields),
	departments.key: fieldTitles(departments.fields),
	targets.key:     fieldTitles(targets.fields),
	tasks.key:       fieldTitles(tasks.fields),
	products.key:    fieldTitles(products.fields),
}

func fieldKeys[T any](fields []field[T]) []string {
	var out []string
	for _, f := range fields {
		out = append(out, f.key)
	}
	return out
}

func fieldTitles[T any](fields []field[T]) map[string]string {
	out := make(map[string]string, len(fields))
	for _, f := range fields {
		out[f.key] = f.title
	}
	return out
}
