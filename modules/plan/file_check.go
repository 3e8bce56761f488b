package plan

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// spot is a place in a plan: a section ("" for the plan itself), a record in it from 0, and a field ("" for the whole
// record).
type spot struct {
	section string
	index   int
	field   string
}

// compare orders spots as they stand in a file: the plan, then its sections; in each, records, then fields.
func (s spot) compare(t spot) int {
	return cmp.Or(
		cmp.Compare(slices.Index(sectionOrder, s.section), slices.Index(sectionOrder, t.section)),
		cmp.Compare(s.index, t.index),
		cmp.Compare(slices.Index(fieldOrder[s.section], s.field), slices.Index(fieldOrder[t.section], t.field)),
	)
}

type problem struct {
	at      spot
	message string
}

// checker gathers problems. A spot keeps only its first: what could not be read is not also reported as missing.
type checker struct {
	problems []problem
	seen     map[spot]bool
}

func (c *checker) add(at spot, format string, args ...any) {
	if c.seen[at] {
		return
	}
	c.hide(at)
	c.problems = append(c.problems, problem{at, fmt.Sprintf(format, args...)})
}

// hide keeps later problems at a spot from being reported.
func (c *checker) hide(at spot) {
	if c.seen == nil {
		c.seen = map[spot]bool{}
	}
	c.seen[at] = true
}

// located turns problems into Errors in the plan's order, with the places that where gives.
func located(problems []problem, where func(spot) string) Errors {
	slices.SortStableFunc(problems, func(a, b problem) int { return a.at.compare(b.at) })
	var out Errors
	for _, p := range problems {
		out = append(out, PlaceError{where(p.at), p.message})
	}
	return out.cut(0)
}

// cut keeps the first errors and says how many there are besides, more of which are not in e.
func (e Errors) cut(more int) Errors {
	if len(e) <= maxErrors {
		return e
	}
	rest := len(e) - maxErrors + 1 + more
	return append(e[:maxErrors-1:maxErrors-1], PlaceError{"Tệp kế hoạch", fmt.Sprintf("Còn %d lỗi khác chưa liệt kê.", rest)})
}

// Validate returns everything wrong with the plan, or nil. Places name the record and the field, such as "Chỉ tiêu CT1,
// Giá trị".
func (f File) Validate() Errors {
	var c checker
	c.check(&f)
	return located(c.problems, f.where)
}

func (f File) where(at spot) string {
	title := titles[at.section][at.field]
	record := ""
	switch at.section {
	case departments.key:
		record = nameAt(departments, &f, at.index)
	case targets.key:
		record = nameAt(targets, &f, at.index)
	case tasks.key:
		record = nameAt(tasks, &f, at.index)
	case products.key:
		record = nameAt(products, &f, at.index)
	default:
		record = "Kế hoạch"
	}
	if title == "" {
		return record
	}
	return record + ", " + title
}

func nameAt[T any](s section[T], f *File, i int) string {
	rows := *s.rows(f)
	if i < 0 || i >= len(rows) || s.name(&rows[i]) == "" {
		return fmt.Sprintf("%s thứ %d", s.sheet, i+1)
	}
	return s.sheet + " " + short(s.name(&rows[i]))
}

func (c *checker) check(f *File) {
	checkFields(c, "", 0, planFields, f)
	c.checkPeriod(f)
	checkSection(c, departments, f)
	checkSection(c, targets, f)
	checkSection(c, tasks, f)
	checkSection(c, products, f)
	known := map[string]bool{}
	for _, d := range f.Departments {
		known[d.Code] = true
	}
	for i := range f.Targets {
		c.checkTarget(f, i)
		c.checkAssignment(known, targets.key, i, f.Targets[i].Lead, f.Targets[i].With)
	}
	for i := range f.Tasks {
		c.checkTask(f, i)
		c.checkAssignment(known, tasks.key, i, f.Tasks[i].Lead, f.Tasks[i].With)
	}
}

// checkFields checks what every field is subject to: presence and length.
func checkFields[T any](c *checker, section string, index int, fields []field[T], t *T) {
	for _, f := range fields {
		at := spot{section, index, f.key}
		text := f.get(t)
		if text == "" {
			if f.must {
				c.add(at, "Thiếu “%s”.", f.title)
			}
			continue
		}
		parts := []string{text}
		switch f.form {
		case lines:
			parts = strings.Split(text, "\n")
		case codes:
			parts = strings.Split(text, ", ")
		}
		if f.form == lines && len(parts) > maxLines {
			c.add(at, "Có %d mục, nhiều nhất %d.", len(parts), maxLines)
		}
		for _, part := range parts {
			if n := utf8.RuneCountInString(part); f.max > 0 && n > f.max {
				c.add(at, "Dài %d ký tự, nhiều nhất %d.", n, f.max)
			}
		}
	}
}

var codeShape = regexp.MustCompile(`^[A-ZĐ0-9][A-ZĐ0-9._-]{0,19}$`)

func checkSection[T any](c *checker, s section[T], f *File) {
	rows := *s.rows(f)
	if len(rows) > s.most {
		c.add(spot{s.key, s.most, ""}, "Có %d %s, nhiều nhất %d.", len(rows), s.noun, s.most)
		return
	}
	first := map[string]int{}
	for i := range rows {
		checkFields(c, s.key, i, s.fields, &rows[i])
		id := s.fields[0]
		name, at := id.get(&rows[i]), spot{s.key, i, id.key}
		if name == "" {
			continue
		}
		if id.key == "code" && !codeShape.MatchString(name) {
			c.add(at, "Mã “%s” chỉ gồm chữ in hoa, số, dấu chấm, gạch ngang, gạch dưới; nhiều nhất %d ký tự.", short(name), maxCode)
		}
		if fold(name) == fold(exampleCode) {
			c.add(at, "“%s” dành cho dòng ví dụ của tệp mẫu; hãy đặt tên khác.", exampleCode)
		}
		if j, ok := first[fold(name)]; ok {
			c.add(at, "“%s” bị trùng với %s thứ %d.", short(name), s.noun, j+1)
			continue
		}
		first[fold(name)] = i
	}
}

const firstYear, lastYear = 2000, 2100

func (c *checker) checkPeriod(f *File) {
	for key, year := range map[string]int{"from": f.From, "to": f.To, "issued": f.Issued.Year()} {
		if year != 0 && (year < firstYear || year > lastYear) {
			c.add(spot{"", 0, key}, "Năm %d ngoài khoảng %d–%d.", year, firstYear, lastYear)
		}
	}
	if f.From != 0 && f.To != 0 && f.From > f.To {
		c.add(spot{"", 0, "to"}, "“Đến năm” (%d) trước “Từ năm” (%d).", f.To, f.From)
	}
	if f.Issued != "" && f.To != 0 && f.Issued.Year() > f.To {
		c.add(spot{"", 0, "issued"}, "Ngày ban hành %s sau khi kỳ kế hoạch kết thúc (%d).", f.Issued.Show(), f.To)
	}
	if d, ok := ParseDate(string(f.Issued)); f.Issued != "" && (!ok || d != f.Issued) {
		c.add(spot{"", 0, "issued"}, "%s", wrongDate(string(f.Issued)))
	}
}

var yearInText = regexp.MustCompile(`\b20\d\d\b`)

// horizon is the last year in which something of the plan may be due: its end, or a later year named in the orientation.
func (f *File) horizon() int {
	last := f.To
	for _, s := range yearInText.FindAllString(f.Orientation, -1) {
		year, _ := strconv.Atoi(s)
		last = max(last, year)
	}
	return last
}

// checkDue checks that a year lies in the plan's period.
func (c *checker) checkDue(f *File, at spot, year int) {
	if year == 0 || f.From == 0 || f.To == 0 || f.From > f.To {
		return
	}
	if year < f.From || year > f.horizon() {
		c.add(at, "Năm %d ngoài kỳ kế hoạch %d–%d.", year, f.From, f.horizon())
	}
}

func (c *checker) checkTarget(f *File, i int) {
	t := &f.Targets[i]
	at := func(key string) spot { return spot{targets.key, i, key} }
	if t.Kind != "" && t.Kind.Label() == "" {
		c.add(at("kind"), "%s", unknownChoice(string(t.Kind), kindChoices))
	}
	if t.Op != "" && t.Op.Label() == "" {
		c.add(at("op"), "%s", unknownChoice(string(t.Op), opChoices))
	}
	c.checkDue(f, at("due"), t.Due)
	switch {
	case t.Kind.Numeric():
		c.checkNumber(t, at)
	case t.Kind == Milestone:
		d, ok := t.Value.Date()
		switch {
		case t.Value == "":
			c.add(at("value"), "Mốc thời gian phải có ngày.")
		case !ok:
			c.add(at("value"), "%s", wrongDate(string(t.Value)))
		case t.Due != 0 && d.Year() > t.Due:
			c.add(at("value"), "Mốc %s sau năm hoàn thành %d.", d.Show(), t.Due)
		}
	case t.Kind == Text:
		if t.Value != "" {
			c.add(at("value"), "Chỉ tiêu định tính không có giá trị; để trống ô này hoặc đổi loại.")
		}
		if t.Op != "" {
			c.add(at("op"), "Chỉ tiêu định tính không có phép so sánh; để trống ô này.")
		}
	}
	c.checkMeasure(t, at)
}

func (c *checker) checkNumber(t *FileTarget, at func(string) spot) {
	if t.Op == "" {
		c.add(at("op"), "Thiếu “Phép so sánh”.")
	}
	n, ok := t.Value.Number()
	switch {
	case t.Value == "":
		c.add(at("value"), "Thiếu “Giá trị”; nếu kế hoạch không nêu số, chọn loại “Định tính”.")
	case !ok:
		c.add(at("value"), "“%s” không phải là số.", short(string(t.Value)))
	case n < 0:
		c.add(at("value"), "Giá trị %s nhỏ hơn 0.", t.Value)
	case t.Kind == Percent && n > 100:
		c.add(at("value"), "Tỷ lệ %s%% lớn hơn 100%%.", strings.Replace(string(t.Value), ".", ",", 1))
	case (t.Kind == Count || t.Kind == Money) && strings.Contains(string(t.Value), "."):
		c.add(at("value"), "“%s” phải là số nguyên.", strings.Replace(string(t.Value), ".", ",", 1))
	case n > 1e15:
		c.add(at("value"), "Giá trị quá lớn.")
	}
}

func (c *checker) checkMeasure(t *FileTarget, at func(string) spot) {
	m, known := MeasureOf(t.Measure)
	switch {
	case t.Measure == "":
	case !known:
		c.add(at("measure"), "Nền tảng không có phép đo “%s”.", short(string(t.Measure)))
	case t.Kind.Label() != "" && t.Kind != m.Kind:
		c.add(at("measure"), "Phép đo này cho kết quả “%s”, còn chỉ tiêu là “%s”.", m.Kind.Label(), t.Kind.Label())
	}
	for key, text := range map[string]string{"numerator": t.Numerator, "denominator": t.Denominator} {
		title := titles[targets.key][key]
		if t.Kind == Percent && t.Measure == "" && text == "" {
			c.add(at(key), "Thiếu “%s” của tỷ lệ do đơn vị tự báo cáo.", title)
		}
		if t.Kind.Label() != "" && t.Kind != Percent && text != "" {
			c.add(at(key), "“%s” chỉ dùng cho tỷ lệ %%.", title)
		}
	}
}

func (c *checker) checkTask(f *File, i int) {
	t := &f.Tasks[i]
	at := func(key string) spot { return spot{tasks.key, i, key} }
	if t.Group != "" && t.Group.Label() == "" {
		c.add(at("group"), "%s", unknownChoice(string(t.Group), groupChoices))
	}
	if d, ok := ParseDate(string(t.Due)); t.Due != "" && (!ok || d != t.Due) {
		c.add(at("due"), "%s", wrongDate(string(t.Due)))
	}
	c.checkDue(f, at("due"), t.Due.Year())
	if t.Count != 0 && t.Unit == "" {
		c.add(at("unit"), "Có số lượng %d nhưng thiếu “Đơn vị tính”.", t.Count)
	}
	if t.Count == 0 && t.Unit != "" {
		c.add(at("count"), "Có đơn vị tính “%s” nhưng thiếu “Số lượng”.", short(t.Unit))
	}
	if t.Count < 0 {
		c.add(at("count"), "Số lượng %d nhỏ hơn 0.", t.Count)
	}
}

// checkAssignment checks that lead and co-ordinating departments are listed in the plan, each once.
func (c *checker) checkAssignment(known map[string]bool, section string, i int, lead string, with []string) {
	if lead != "" && !known[lead] {
		c.add(spot{section, i, "lead"}, "Đơn vị “%s” không có trong trang “%s”.", short(lead), departments.sheet)
	}
	for j, code := range with {
		at := spot{section, i, "with"}
		switch {
		case !known[code]:
			c.add(at, "Đơn vị “%s” không có trong trang “%s”.", short(code), departments.sheet)
		case code == lead:
			c.add(at, "“%s” đã là đơn vị chủ trì.", code)
		case slices.Contains(with[:j], code):
			c.add(at, "“%s” bị ghi hai lần.", code)
		}
	}
}
