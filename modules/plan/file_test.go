package plan

import (
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
)

// smallPlan is a valid plan with every field in use.
func smallPlan() File {
	return File{
		Number: "300/KH-UBND", Title: "Kế hoạch thử", Issuer: "UBND tỉnh Đồng Tháp", Issued: "2022-08-25",
		From: 2022, To: 2025, Orientation: "định hướng đến năm 2030",
		Basis:       []string{"Quyết định số 100/QĐ-TTg", "Nghị định số 37/2026/NĐ-CP"},
		Departments: []FileDepartment{{"SKHCN", "Sở Khoa học và Công nghệ", "Chủ trì"}, {"SCT", "Sở Công Thương", ""}, {"SYT", "Sở Y tế", ""}},
		Targets: []FileTarget{
			{Code: "CT1", Text: "Diện tích", Kind: Area, Op: AtLeast, Value: "162267.5", Due: 2025, Lead: "SKHCN", With: []string{"SCT", "SYT"}},
			{Code: "CT2", Text: "Tỷ lệ", Kind: Percent, Op: AtLeast, Value: "30.25", Due: 2030, Numerator: "Số có", Denominator: "Tổng số", Lead: "SCT"},
			{Code: "CT3", Text: "Mốc", Kind: Milestone, Op: AtMost, Value: "2025-07-01", Due: 2025, Lead: "SYT"},
			{Code: "CT4", Text: "Lời", Kind: Text, Due: 2025, Lead: "SYT"},
			{Code: "CT5", Text: "Khóa", Kind: Count, Op: Exactly, Value: "5", Due: 2025, Measure: CoursesAwarenessCount, Lead: "SYT"},
			{Code: "CT6", Text: "Tiền", Kind: Money, Op: AtMost, Value: "300000000", Due: 2025, Lead: "SYT"},
		},
		Tasks: []FileTask{
			{Code: "NV1", Text: "Đào tạo", Group: Training, Lead: "SKHCN", With: []string{"SCT"}, Due: "2025-09", Count: 5, Unit: "khóa", Output: "Báo cáo =1+1", Funding: "Ngân sách"},
			{Code: "NV2", Text: "Cổng _x0041_ <&>", Group: Infrastructure, Lead: "SCT", Due: "2024"},
			{Code: "NV3", Text: "Báo cáo", Group: Reporting, Lead: "SCT", Due: "2025-12-15"},
		},
		Products: []FileProduct{{"Thịt heo", Priority, "Danh mục chính thức", "Quyết định"}, {Name: "Tổ yến", List: Named}},
		Funding:  []string{"Ngân sách", "Xã hội hóa"}, Source: "Nguồn", Notes: []string{"Ý một", "Ý hai"},
	}
}

// wantErrors checks that each "place: message" begins one of the errors, and that there are no others.
func wantErrors(t *testing.T, err error, want ...string) {
	t.Helper()
	var got Errors
	if !errors.As(err, &got) {
		t.Fatalf("got %v (%T), want Errors", err, err)
	}
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("error %d: got none, want %q", i, want[i])
		case i >= len(want):
			t.Errorf("error %d: got %q, want none", i, got[i].Place+": "+got[i].Message)
		case !strings.HasPrefix(got[i].Place+": "+got[i].Message, want[i]):
			t.Errorf("error %d:\n got  %q\n want %q", i, got[i].Place+": "+got[i].Message, want[i])
		}
	}
}

func TestSmallPlanIsValid(t *testing.T) {
	t.Parallel()
	if got := smallPlan().Validate(); got != nil {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestValidateFindsEachFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*File)
		want   string
	}{
		"percent above 100":       {func(f *File) { f.Targets[1].Value = "130" }, "Chỉ tiêu CT2, Giá trị: Tỷ lệ 130% lớn hơn 100%."},
		"negative":                {func(f *File) { f.Targets[0].Value = "-1" }, "Chỉ tiêu CT1, Giá trị: Giá trị -1 nhỏ hơn 0."},
		"count not whole":         {func(f *File) { f.Targets[4].Value = "5.5" }, "Chỉ tiêu CT5, Giá trị: “5,5” phải là số nguyên."},
		"value missing":           {func(f *File) { f.Targets[0].Value = "" }, "Chỉ tiêu CT1, Giá trị: Thiếu “Giá trị”"},
		"value of a text":         {func(f *File) { f.Targets[3].Value = "3" }, "Chỉ tiêu CT4, Giá trị: Chỉ tiêu định tính không có giá trị"},
		"comparison missing":      {func(f *File) { f.Targets[0].Op = "" }, "Chỉ tiêu CT1, Phép so sánh: Thiếu"},
		"unknown kind":            {func(f *File) { f.Targets[3].Kind = "color" }, "Chỉ tiêu CT4, Loại: “color” không có trong danh sách"},
		"unknown group":           {func(f *File) { f.Tasks[0].Group = "x" }, "Nhiệm vụ NV1, Nhóm: “x” không có trong danh sách"},
		"unknown measure":         {func(f *File) { f.Targets[4].Measure = "stars" }, "Chỉ tiêu CT5, Đo bằng: Nền tảng không có phép đo “stars”."},
		"measure of other kind":   {func(f *File) { f.Targets[4].Measure = OrgsTrainedPercent }, "Chỉ tiêu CT5, Đo bằng: Phép đo này cho kết quả “Tỷ lệ %”"},
		"percent by hand":         {func(f *File) { f.Targets[1].Numerator = "" }, "Chỉ tiêu CT2, Tử số: Thiếu “Tử số” của tỷ lệ do đơn vị tự báo cáo."},
		"numerator of a count":    {func(f *File) { f.Targets[4].Numerator = "a" }, "Chỉ tiêu CT5, Tử số: “Tử số” chỉ dùng cho tỷ lệ %."},
		"due after the horizon":   {func(f *File) { f.Targets[0].Due = 2031 }, "Chỉ tiêu CT1, Năm hoàn thành: Năm 2031 ngoài kỳ kế hoạch 2022–2030."},
		"task before the period":  {func(f *File) { f.Tasks[1].Due = "2021-12" }, "Nhiệm vụ NV2, Thời hạn: Năm 2021 ngoài kỳ"},
		"milestone after its due": {func(f *File) { f.Targets[2].Value = "2026-01-01" }, "Chỉ tiêu CT3, Giá trị: Mốc 01/01/2026 sau năm hoàn thành 2025."},
		"impossible date":         {func(f *File) { f.Issued = "2022-02-30" }, "Kế hoạch, Ngày ban hành: “2022-02-30” không phải là ngày"},
		"period reversed":         {func(f *File) { f.From, f.Orientation = 2026, "" }, "Kế hoạch, Đến năm: “Đến năm” (2025) trước “Từ năm” (2026)."},
		"unknown lead":            {func(f *File) { f.Tasks[0].Lead = "SXX" }, "Nhiệm vụ NV1, Chủ trì: Đơn vị “SXX” không có trong trang “Đơn vị”."},
		"lead also co-ordinates":  {func(f *File) { f.Targets[0].With = []string{"SKHCN"} }, "Chỉ tiêu CT1, Phối hợp: “SKHCN” đã là đơn vị chủ trì."},
		"co-ordinates twice":      {func(f *File) { f.Targets[0].With = []string{"SCT", "SCT"} }, "Chỉ tiêu CT1, Phối hợp: “SCT” bị ghi hai lần."},
		"target code twice":       {func(f *File) { f.Targets[4].Code = "CT1" }, "Chỉ tiêu CT1, Mã: “CT1” bị trùng với chỉ tiêu thứ 1."},
		"department twice":        {func(f *File) { f.Departments[2].Name = "" }, "Đơn vị SYT, Tên đơn vị: Thiếu “Tên đơn vị”."},
		"product twice":           {func(f *File) { f.Products[1].Name = "thịt  HEO" }, "Sản phẩm thịt HEO, Tên sản phẩm: “thịt HEO” bị trùng"},
		"bad code":                {func(f *File) { f.Tasks[0].Code = "NV 1" }, "Nhiệm vụ NV 1, Mã: Mã “NV 1” chỉ gồm"},
		"too long":                {func(f *File) { f.Title = strings.Repeat("ắ", 1001) }, "Kế hoạch, Tên kế hoạch: Dài 1001 ký tự, nhiều nhất 1000."},
		"too many lines":          {func(f *File) { f.Notes = strings.Split(strings.Repeat("a,", 31)+"a", ",") }, "Kế hoạch, Ghi chú: Có 32 mục, nhiều nhất 30."},
		"no title":                {func(f *File) { f.Title = "" }, "Kế hoạch, Tên kế hoạch: Thiếu “Tên kế hoạch”."},
		"count without unit":      {func(f *File) { f.Tasks[0].Unit = "" }, "Nhiệm vụ NV1, Đơn vị tính: Có số lượng 5 nhưng thiếu"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := smallPlan()
			c.change(&f)
			wantErrors(t, f.Validate(), c.want)
		})
	}
}

func TestNumbersAreReadAsOfficersWriteThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"30": "30", "30%": "30", " 30 % ": "30", "30,5": "30.5", "1.234.567": "1234567", "162 267": "162267", "1.234,50": "1234.5",
		"1,234.5": "1234.5", "0.125": "0.125", "1E+6": "1000000", "30.299999999999997": "30.3", "007": "7", "-1": "-1", "30.0": "30",
	} {
		if got, wrong := parseNumber(text); got != want || wrong != "" {
			t.Errorf("parseNumber(%q): got %q, %q, want %q", text, got, wrong, want)
		}
	}
	for text, want := range map[string]string{
		"162.267": "có thể hiểu hai cách; viết 162267 nếu là hàng nghìn, viết 162,267 nếu là số lẻ",
		"năm":     "“năm” không phải là số.", "5-7": "không phải là số", "1e": "không phải là số",
		strings.Repeat("9", 50): "Số quá dài",
	} {
		if got, wrong := parseNumber(text); got != "" || !strings.Contains(wrong, want) {
			t.Errorf("parseNumber(%q): got %q, %q, want the message %q", text, got, wrong, want)
		}
	}
}

func TestDatesKeepTheirPrecision(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][3]string{
		"2020": {"2020", "2020", "2020-12-31"}, "2020-09": {"2020-09", "09/2020", "2020-09-30"}, "9/2020": {"2020-09", "09/2020", "2020-09-30"},
		"1/8/2022": {"2022-08-01", "01/08/2022", "2022-08-01"}, "2024-02-29": {"2024-02-29", "29/02/2024", "2024-02-29"},
	} {
		d, ok := ParseDate(text)
		got := [3]string{string(d), d.Show(), d.Last().Format("2006-01-02")}
		if !ok || got != want {
			t.Errorf("ParseDate(%q): got %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"", "13/2020", "31/02/2021", "20", "08/25/2022", "2020/09", "tháng 9"} {
		if d, ok := ParseDate(text); ok {
			t.Errorf("ParseDate(%q): got %q, want a refusal", text, d)
		}
	}
}

func TestStagesFollowTheNationalCount(t *testing.T) {
	t.Parallel()
	want := map[Group]string{
		LegalDocuments: "", Communication: StageTrained, Training: StageTrained, ProductLists: StageListed, Pilots: StageDeployed,
		Support: StageDeployed, Infrastructure: StageInfrastructure, Technology: "", TradePromotion: "", Inspection: "", Reporting: "", International: "",
	}
	for _, g := range Groups() {
		if got := g.Stage(); got != want[g] || g.Label() == "" {
			t.Errorf("%s: got stage %q, want %q; label %q", g, got, want[g], g.Label())
		}
	}
	if len(Groups()) != len(want) {
		t.Errorf("got %d groups, want %d", len(Groups()), len(want))
	}
	for _, s := range Stages() {
		if StageLabel(s) == "" {
			t.Errorf("stage %s: got no label", s)
		}
	}
}

func TestMeasuresAreDefined(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, m := range Measures() {
		if names[m.Name] || m.Definition == "" || strings.HasSuffix(string(m.Key), "_percent") != (m.Kind == Percent) ||
			(m.Kind == Percent) != (m.Numerator != "" && m.Denominator != "") {
			t.Errorf("measure %s: got %+v, want a unique name, a definition, and numerator and denominator exactly for a percent", m.Key, m)
		}
		names[m.Name] = true
	}
	if len(Measures()) != 14 {
		t.Errorf("got %d measures, want 14", len(Measures()))
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	t.Parallel()
	_, err := ReadFile("plan.docx", strings.NewReader("x"))
	wantErrors(t, err, "Tệp kế hoạch: Chỉ nhận tệp .xlsx, .yaml hoặc .yml")
	_, err = ReadFile("plan.YAML", strings.NewReader(""))
	wantErrors(t, err, "Tệp kế hoạch: Tệp rỗng.")
	broken := errors.New("network gone")
	if _, err = ReadFile("plan.yml", iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

func TestProgrammesHoldEveryTargetOfTheSource(t *testing.T) {
	t.Parallel()
	provinces := map[string]string{"Nghệ An": "nghe-an", "Quảng Nam": "quang-nam", "Bắc Giang": "bac-giang", "Đà Nẵng": "da-nang", "TP. Hồ Chí Minh": "ho-chi-minh"}
	files := map[string]File{}
	for _, p := range Programmes() {
		files[p.Slug] = p.File
	}
	if len(files) != 5 {
		t.Fatalf("got %d programmes, want 5", len(files))
	}
	for _, row := range readShared(t, "plan_targets.csv") {
		f, ok := files[provinces[row[0]]]
		if !ok || row[0] == "TP. Hồ Chí Minh" && row[1] != "Quyết định 1062/QĐ-UBND" || row[0] == "Đà Nẵng" && row[1] != f.Number {
			continue
		}
		found := false
		for _, target := range f.Targets {
			found = found || string(target.Kind) == row[5] && string(target.Value) == row[6] && strings.HasPrefix(row[7], strconv.Itoa(target.Due)) &&
				(target.Kind == Text || strings.HasPrefix(plainWords(row[4]), plainWords(target.Text)[:30]))
		}
		if !found {
			t.Errorf("%s: got no target %s %s %s by %s", row[0], row[4], row[5], row[6], row[7])
		}
	}
	for _, row := range readShared(t, "priority_products.csv") {
		f, ok := files[provinces[row[0]]]
		if !ok {
			continue
		}
		official := row[0] == "TP. Hồ Chí Minh"
		found := false
		for _, p := range f.Products {
			found = found || p.Name == row[1] && (p.List == Priority) == official && (official || strings.Contains(p.Status, "nêu tên trong nguồn"))
		}
		if !found {
			t.Errorf("%s: got no product %q with its status", row[0], row[1])
		}
	}
}

// plainWords undoes the abbreviations of the source.
func plainWords(s string) string {
	return strings.NewReplacer("SXKD", "sản xuất, kinh doanh", "TXNG", "truy xuất nguồn gốc", "Cổng thông tin", "Cổng").Replace(s)
}

func readShared(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "vn", name))
	if err != nil {
		t.Skipf("SKIPPED: no shared data: %v", err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func TestProgrammesHoldTheCountedWork(t *testing.T) {
	t.Parallel()
	tasks, groups := map[string]int{}, map[string]map[Group]bool{}
	for _, p := range Programmes() {
		groups[p.Slug] = map[Group]bool{}
		for _, task := range p.File.Tasks {
			tasks[p.Slug]++
			groups[p.Slug][task.Group] = true
		}
		if got := p.File.Validate(); got != nil {
			t.Errorf("%s: got %v, want a valid plan", p.Slug, got)
		}
	}
	if want := map[string]int{"nghe-an": 12, "quang-nam": 7, "bac-giang": 9, "da-nang": 10, "ho-chi-minh": 8}; !reflect.DeepEqual(tasks, want) {
		t.Errorf("tasks: got %v, want %v", tasks, want)
	}
	if !groups["quang-nam"][International] || !groups["ho-chi-minh"][TradePromotion] || !groups["nghe-an"][Inspection] {
		t.Errorf("got groups %v, want international work in Quảng Nam, trade in Hồ Chí Minh, inspection in Nghệ An", groups)
	}
	var counted []int
	for _, task := range Programmes()[3].File.Tasks {
		if task.Count > 0 {
			counted = append(counted, task.Count)
		}
	}
	if want := []int{5, 1, 5}; !reflect.DeepEqual(counted, want) {
		t.Errorf("Đà Nẵng: got counted work %v, want %v", counted, want)
	}
}

func TestFormatDocumentIsTrue(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	_, example, _ := strings.Cut(text, "```yaml\n")
	example, _, _ = strings.Cut(example, "```")
	if _, err := ReadFile("example.yaml", strings.NewReader(example)); err != nil {
		t.Errorf("the example: got %v, want a valid plan", err)
	}
	for _, choices := range [][]choice{kindChoices, listChoices, groupChoices} {
		for _, c := range choices {
			if !strings.Contains(text, "`"+c.key+"`") || !strings.Contains(text, c.label) {
				t.Errorf("got no %q, %q in FORMAT.md", c.key, c.label)
			}
		}
	}
	for _, c := range measureChoices {
		if !strings.Contains(text, "`"+c.key+"`") {
			t.Errorf("got no %q in FORMAT.md", c.key)
		}
	}
	for section, fields := range titles {
		for key, title := range fields {
			if !strings.Contains(text, "`"+key+"`") || !strings.Contains(text, title) {
				t.Errorf("got no %q, %q of %q in FORMAT.md", key, title, section)
			}
		}
	}
}
