package unit

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"txng/tenant/fault"
)

// maxFaults is how many mistakes of a file are told at once.
const maxFaults = 50

// applying is a reform on its way into the facts.
type applying struct {
	*facts
	Reform
	day   Day
	wrong fault.Invalid

	before map[Code]int // units valid on the day before and not ended by anything on the day, as indices
	after  map[Code]int // units valid on the day
	ended  map[Code]bool
}

// apply changes the facts as the reform says, or returns what is wrong with it as fault.Invalid; the facts may have
// changed then, too.
func (f *facts) apply(r Reform, day Day) error {
	x := &applying{facts: f, Reform: r, day: day, before: map[Code]int{}, after: map[Code]int{}, ended: map[Code]bool{}}
	x.checkHead()
	for i, u := range f.units {
		if u.To.IsZero() {
			x.before[u.Ref.Code], x.after[u.Ref.Code] = i, i
		}
	}
	if len(x.wrong) == 0 {
		x.end()
		x.change()
		x.create()
		x.link()
		x.checkWhole()
	}
	if len(x.wrong) > maxFaults {
		x.wrong = append(x.wrong[:maxFaults:maxFaults], fault.Invalid{{Message: fmt.Sprintf("và %d chỗ khác.", len(x.wrong)-maxFaults)}}...)
	}
	return x.wrong.Err()
}

func (x *applying) checkHead() {
	if x.Format != ReformFormat {
		x.wrong.Add("format", "Tệp phải ghi định dạng %q.", ReformFormat)
	}
	if n := utf8.RuneCountInString(x.Resolution); n < 5 || n > 200 || strings.ContainsFunc(x.Resolution, unicode.IsControl) {
		x.wrong.Add("resolution", "Ghi số, tên nghị quyết, từ 5 đến 200 ký tự.")
	}
	if x.day <= x.floor {
		x.wrong.Add("effective", "Ngày hiệu lực phải sau %s: danh mục kèm chương trình đã đủ đến ngày đó.", spoken(x.floor))
	}
	if len(x.Ended)+len(x.Created)+len(x.Changed)+len(x.Links) == 0 {
		x.wrong.Add("", "Tệp không thay đổi đơn vị nào.")
	}
}

func at(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// existing returns the index of the unit that has the code on the day before and still exists.
func (x *applying) existing(where string, code Code) (int, bool) {
	i, known := x.before[code]
	switch {
	case !known:
		x.wrong.Add(where, "Không có đơn vị nào mang mã %q trước ngày %s.", code, spoken(x.day))
	case x.units[i].Ref.From >= x.day:
		x.wrong.Add(where, "Đơn vị mã %q mới lập đúng ngày %s theo nghị quyết khác.", code, spoken(x.day))
		known = false
	}
	return i, known
}

func (x *applying) end() {
	for n, e := range x.Ended {
		if x.ended[e.Code] {
			x.wrong.Add(at("ended", n), "Mã %q ghi hai lần.", e.Code)
			continue
		}
		if i, ok := x.existing(at("ended", n), e.Code); ok {
			x.units[i].To = x.day.Time()
			x.ended[e.Code] = true
			delete(x.after, e.Code)
		}
	}
}

func (x *applying) change() {
	for n, c := range x.Changed {
		where := at("changed", n)
		i, ok := x.existing(where, c.Code)
		if !ok {
			continue
		}
		u := x.units[i]
		now := style{x.day, u.Kind, u.Name}
		if styles := x.styles[u.Ref]; len(styles) > 0 {
			last := styles[len(styles)-1]
			now.kind, now.name = last.kind, last.name
			if last.from >= x.day {
				x.wrong.Add(where, "Đơn vị mã %q đã đổi tên hoặc loại từ %s.", c.Code, spoken(last.from))
				continue
			}
		}
		was := now
		if c.Kind != "" {
			now.kind = c.Kind
		}
		if c.Name != "" {
			now.name = c.Name
		}
		switch {
		case x.ended[c.Code]:
			x.wrong.Add(where, "Đơn vị mã %q vừa chấm dứt vừa đổi tên hoặc loại.", c.Code)
		case now == was:
			x.wrong.Add(where, "Đơn vị mã %q đã là %s %s: không có gì thay đổi.", c.Code, now.kind, now.name)
		case x.named(where, u.Level, now.kind, now.name):
			x.restyle(u, now)
		}
	}
}

// kinds are the kinds that a unit may have since the districts are gone.
var kinds = map[Level][]string{Province: {"Tỉnh", "Thành phố"}, Commune: {"Xã", "Phường", "Đặc khu"}}

// named checks a kind and a name.
func (x *applying) named(where string, l Level, kind, name string) bool {
	n := utf8.RuneCountInString(name)
	switch {
	case !slices.Contains(kinds[l], kind):
		x.wrong.Add(where, "Loại %q không phải loại đơn vị %s (%s).", kind, l, strings.Join(kinds[l], ", "))
	case n < 1 || n > 60 || name != strings.Join(strings.Fields(name), " ") || len(folded(name)) == 0 || strings.ContainsFunc(name, unicode.IsControl):
		x.wrong.Add(where, "Tên %q chưa đúng: từ 1 đến 60 ký tự, không thừa dấu cách.", name)
	default:
		return true
	}
	return false
}

func (c Code) digits() bool {
	return c != "" && strings.Trim(string(c), "0123456789") == ""
}

// create adds the new units: provinces first, because communes name them.
func (x *applying) create() {
	for _, level := range []Level{Province, Commune} {
		for n, c := range x.Created {
			if c.Code.level() == level {
				x.createOne(at("created", n), level, c)
			}
		}
	}
	for n, c := range x.Created {
		if l := c.Code.level(); l != Province && l != Commune {
			x.wrong.Add(at("created", n), "Mã %q không phải mã tỉnh (2 chữ số) hay mã xã (5 chữ số).", c.Code)
		}
	}
}

func (x *applying) createOne(where string, level Level, c Created) {
	if !c.Code.digits() {
		x.wrong.Add(where, "Mã %q chỉ gồm chữ số.", c.Code)
		return
	}
	if i, taken := x.after[c.Code]; taken {
		x.wrong.Add(where, "Mã %s đang là %s %s; đơn vị đó chưa chấm dứt.", c.Code, strings.ToLower(x.units[i].Kind), x.units[i].Name)
		return
	}
	if !x.named(where, level, c.Kind, c.Name) {
		return
	}
	u := Unit{Ref: Ref{c.Code, x.day}, Level: level, Kind: c.Kind, Name: c.Name, FullName: c.Kind + " " + c.Name, From: x.day.Time()}
	if level == Province {
		if c.Parent != "" {
			x.wrong.Add(where, "Đơn vị cấp tỉnh không có cấp trên.")
			return
		}
		u.ProvinceRef, u.Slug = u.Ref, strings.Join(folded(u.Name), "-")
	} else {
		i, known := x.after[c.Parent]
		if !known || x.units[i].Level != Province {
			x.wrong.Add(where, "Không có tỉnh, thành phố mã %q từ ngày %s.", c.Parent, spoken(x.day))
			return
		}
		u.ProvinceRef = x.units[i].Ref
	}
	x.units = append(x.units, u)
	x.after[c.Code] = len(x.units) - 1
}

func (x *applying) link() {
	seen := map[[2]Code]bool{}
	for n, p := range x.Links {
		where := at("links", n)
		from, known := x.existing(where, p.From)
		to, valid := x.after[p.To]
		switch {
		case !known:
		case !valid && x.ended[p.To]:
			x.wrong.Add(where, "Đơn vị tiếp nhận mã %q cũng chấm dứt trong nghị quyết này.", p.To)
		case !valid:
			x.wrong.Add(where, "Không có đơn vị nào mang mã %q từ ngày %s.", p.To, spoken(x.day))
		case x.units[from].Ref == x.units[to].Ref:
			x.wrong.Add(where, "Đơn vị mã %q không thể chuyển vào chính nó.", p.From)
		case seen[[2]Code{p.From, p.To}]:
			x.wrong.Add(where, "%s → %s ghi hai lần.", p.From, p.To)
		case !x.ended[p.From] && !p.Part:
			x.wrong.Add(where, "Đơn vị mã %q còn tồn tại nên chỉ chuyển được một phần.", p.From)
		case !x.ended[p.From] && seen[[2]Code{p.To, p.From}]:
			x.wrong.Add(where, "%s và %s chuyển qua lại thành vòng.", p.From, p.To)
		case x.units[from].Level != District && x.units[from].Level != x.units[to].Level:
			x.wrong.Add(where, "Đơn vị %s không thể thành đơn vị %s.", x.units[from].Level, x.units[to].Level)
		default:
			seen[[2]Code{p.From, p.To}] = true
			x.links = append(x.links, succession{x.units[from].Ref, x.units[to].Ref, x.day, p.Part, p.Guess})
		}
	}
}

// checkWhole checks what only the whole file shows: every unit that ended has a successor or was dissolved, nobody went
// whole to two, no commune outlives its province, and no two provinces have one address.
func (x *applying) checkWhole() {
	ways, whole := map[Code]int{}, map[Code]bool{}
	for _, p := range x.Links {
		ways[p.From]++
		whole[p.From] = whole[p.From] || !p.Part && !p.Guess
	}
	for n, e := range x.Ended {
		switch {
		case ways[e.Code] == 0 && !e.Dissolved:
			x.wrong.Add(at("ended", n), "Mã %q chấm dứt mà không ghi đơn vị tiếp nhận; ghi liên kết, hoặc \"dissolved\": true.", e.Code)
		case ways[e.Code] > 0 && e.Dissolved:
			x.wrong.Add(at("ended", n), "Mã %q ghi giải thể nhưng lại có đơn vị tiếp nhận.", e.Code)
		case ways[e.Code] > 1 && whole[e.Code]:
			x.wrong.Add(at("ended", n), "Mã %q có nhiều đơn vị tiếp nhận nên mỗi liên kết là một phần (\"part\": true).", e.Code)
		}
	}
	living, slugs := map[Ref]bool{}, map[string]Code{}
	for _, i := range x.after {
		u := x.units[i]
		if u.Level != Province {
			continue
		}
		living[u.Ref] = true
		if other, taken := slugs[u.Slug]; taken {
			x.wrong.Add("created", "Hai tỉnh, thành phố mã %s và %s cùng tên.", min(other, u.Ref.Code), max(other, u.Ref.Code))
		}
		slugs[u.Slug] = u.Ref.Code
	}
	for _, code := range sorted(values(x.after), func(c Code) string { return string(c) }) {
		if u := x.units[x.after[code]]; !living[u.ProvinceRef] {
			x.wrong.Add("ended", "%s %s (mã %s) còn thuộc tỉnh mã %s đã chấm dứt: chấm dứt đơn vị này và lập lại dưới tỉnh mới.", u.Kind, u.Name, code, u.ProvinceRef.Code)
		}
	}
}

func values(m map[Code]int) []Code {
	var codes []Code
	for c := range m {
		codes = append(codes, c)
	}
	return codes
}
