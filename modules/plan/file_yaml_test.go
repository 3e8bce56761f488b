package plan

import (
	"reflect"
	"strings"
	"testing"
)

const smallYAML = `number: 300/KH-UBND
title: Kế hoạch thử
issuer: UBND tỉnh
issued: 2022-08
from: 2022
to: 2025
basis: ["Quyết định 100"]
departments:
  - {code: SKHCN, name: Sở KH&CN}
  - {code: SCT, name: Sở Công Thương}
targets:
  - code: CT1
    value: 30
    text: Tỷ lệ tổ chức
    kind: percent
    op: ">="
    due: 2025
    measure: orgs_trained_percent
    lead: SKHCN
    with: [SCT]
tasks:
  - {code: NV1, text: Đào tạo, group: dao-tao, lead: SCT, due: 12/2024}
`

func readSmall(edit ...string) (File, error) {
	return ReadFile("plan.yaml", strings.NewReader(strings.NewReplacer(edit...).Replace(smallYAML)))
}

func TestYAMLIsRead(t *testing.T) {
	t.Parallel()
	got, err := readSmall()
	want := File{
		Number: "300/KH-UBND", Title: "Kế hoạch thử", Issuer: "UBND tỉnh", Issued: "2022-08", From: 2022, To: 2025, Basis: []string{"Quyết định 100"},
		Departments: []FileDepartment{{"SKHCN", "Sở KH&CN", ""}, {"SCT", "Sở Công Thương", ""}},
		Targets: []FileTarget{{Code: "CT1", Text: "Tỷ lệ tổ chức", Kind: Percent, Op: AtLeast, Value: "30", Due: 2025,
			Measure: OrgsTrainedPercent, Lead: "SKHCN", With: []string{"SCT"}}},
		Tasks: []FileTask{{Code: "NV1", Text: "Đào tạo", Group: Training, Lead: "SCT", Due: "2024-12"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestYAMLFaultsAreNamedByLineAndField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit []string
		want []string
	}{
		"unknown field":    {[]string{"    op: \">=\"", "    opp: \">=\""}, []string{"Dòng 12, chỉ tiêu CT1, trường “op”: Thiếu “Phép so sánh”.", "Dòng 16, trường “opp”: Không có trường này; các trường dùng được: code, text, kind"}},
		"unknown at top":   {[]string{"to: 2025\n", "to: 2025\nbudget: 5\n"}, []string{"Dòng 7, trường “budget”: Không có trường này"}},
		"field twice":      {[]string{"to: 2025\n", "to: 2025\nto: 2026\n"}, []string{"Dòng 7, trường “to”: Trường bị ghi hai lần."}},
		"130 percent":      {[]string{"value: 30", "value: 130"}, []string{"Dòng 13, chỉ tiêu CT1, trường “value”: Tỷ lệ 130% lớn hơn 100%."}},
		"not a number":     {[]string{"value: 30", "value: nhiều"}, []string{"Dòng 13, chỉ tiêu CT1, trường “value”: “nhiều” không phải là số."}},
		"bad date":         {[]string{"12/2024", "13/2024"}, []string{"Dòng 22, nhiệm vụ NV1, trường “due”: “13/2024” không phải là ngày"}},
		"list for a value": {[]string{"title: Kế hoạch thử", "title: [a, b]"}, []string{"Dòng 2, trường “title”: Phải là một giá trị"}},
		"value for a list": {[]string{"with: [SCT]", "with: SCT"}, []string{"Dòng 20, chỉ tiêu CT1, trường “with”: Phải là danh sách"}},
		"map in a list":    {[]string{`["Quyết định 100"]`, "[{a: 1}]"}, []string{"Dòng 7, trường “basis”: Mỗi mục của danh sách phải là một giá trị"}},
		"no list":          {[]string{"tasks:\n  - {code: NV1, text: Đào tạo, group: dao-tao, lead: SCT, due: 12/2024}", "tasks: nhiều"}, []string{"Dòng 21, mục “tasks”: Phải là danh sách"}},
		"record no map":    {[]string{"  - {code: NV1, text: Đào tạo, group: dao-tao, lead: SCT, due: 12/2024}", "  - NV1"}, []string{"Dòng 22, nhiệm vụ thứ 1: Phải gồm các mục"}},
		"missing field":    {[]string{"issuer: UBND tỉnh\n", ""}, []string{"Dòng 1, trường “issuer”: Thiếu “Cơ quan ban hành”."}},
		"all at once": {[]string{"value: 30", "value: 130", "group: dao-tao", "group: khac", "lead: SKHCN", "lead: SXX", "from: 2022", "from: x"}, []string{
			"Dòng 5, trường “from”: “x” không phải là số.", "Dòng 13, chỉ tiêu CT1, trường “value”: Tỷ lệ 130%",
			"Dòng 19, chỉ tiêu CT1, trường “lead”: Đơn vị “SXX”", "Dòng 22, nhiệm vụ NV1, trường “group”: “khac” không có trong danh sách: "}},
		"syntax":        {[]string{"title: Kế hoạch thử", "title: \"Kế hoạch"}, []string{"Dòng "}},
		"tab":           {[]string{"    value: 30", "\tvalue: 30"}, []string{"Dòng "}},
		"two documents": {[]string{"tasks:", "---\ntasks:"}, []string{"Tệp kế hoạch: Tệp YAML chỉ được có một tài liệu"}},
		"alias":         {[]string{"title: Kế hoạch thử", "title: &a Kế hoạch", "issuer: UBND tỉnh", "issuer: *a"}, []string{"Dòng 2: Không dùng neo (&) hay bí danh (*)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := readSmall(c.edit...)
			wantErrors(t, err, c.want...)
			if !reflect.DeepEqual(f, File{}) {
				t.Errorf("got %+v, want no plan beside errors", f)
			}
		})
	}
}

func TestAliasBombIsRefused(t *testing.T) {
	t.Parallel()
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		p := string(c - 1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+p+",", 9) + "]\n"
	}
	_, err := ReadFile("bomb.yaml", strings.NewReader(bomb))
	wantErrors(t, err, "Dòng 1: Không dùng neo")
}

func TestLargeOrBrokenYAMLIsRefused(t *testing.T) {
	t.Parallel()
	_, err := ReadFile("big.yaml", strings.NewReader("title: "+strings.Repeat("a", 2<<20)))
	wantErrors(t, err, "Tệp kế hoạch: Tệp lớn hơn 1 MiB.")
	_, err = ReadFile("garbage.yaml", strings.NewReader("\x00\xff\xfe\x01garbage"))
	wantErrors(t, err, "Tệp kế hoạch: Không đọc được YAML")
	_, err = ReadFile("text.yaml", strings.NewReader("chỉ là một câu"))
	wantErrors(t, err, "Tệp kế hoạch: Nội dung phải là các mục")
	_, err = ReadFile("comment.yaml", strings.NewReader("# trống\n"))
	wantErrors(t, err, "Tệp kế hoạch: Tệp YAML không có nội dung.")
}

func TestDeepOrRepetitiveYAMLIsRefusedWithLittleMemory(t *testing.T) {
	for _, part := range []string{"[", "{a: ", "- ", "? ", "a: ", "!", "\"\n", "{", "[a: ", "&a ", "- a: [1]\n", "|\n ", "a: b\n", "x\n", "#\n", "[,", "\"", "'a' "} {
		var err error
		allocated := allocated(func() { _, err = ReadFile("x.yaml", strings.NewReader(strings.Repeat(part, MaxYAML/len(part)))) })
		if _, ok := err.(Errors); !ok {
			t.Errorf("%q: got %v, want Errors", part, err)
		}
		if allocated > 250 {
			t.Errorf("%q: %d MiB allocated, want at most 250", part, allocated)
		}
	}
}

func TestManyErrorsAreCut(t *testing.T) {
	t.Parallel()
	_, err := ReadFile("many.yaml", strings.NewReader(strings.Repeat("x: 1\n", 5000)))
	errs, _ := err.(Errors)
	if last := errs[len(errs)-1].Message; len(errs) != maxErrors || last != "Còn 4806 lỗi khác chưa liệt kê." {
		t.Errorf("got %d errors, the last %q, want %d, the last a count", len(errs), last, maxErrors)
	}
}

func FuzzYAMLNeverPanics(f *testing.F) {
	f.Add([]byte(smallYAML))
	f.Fuzz(func(t *testing.T, b []byte) {
		plan, wrong := readYAML(b)
		if len(wrong) == 0 && len(plan.Validate()) > 0 {
			t.Errorf("got a plan with errors: %v", plan.Validate())
		}
	})
}
