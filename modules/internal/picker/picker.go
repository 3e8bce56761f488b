// Package picker makes the form field that chooses an administrative unit: by its name of today or of the past, with or
// without diacritics, with the way from the one to the other.
package picker

import (
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant/unit"
)

// Path is where the list alone is, for typing ahead.
const Path = "/don-vi-hanh-chinh/tim"

// Use is what a picker is for; its text is the value of the parameter "viec" of Path.
type Use string

// The uses of a picker.
const (
	Commune Use = "xa"  // a commune of today; former units show where to find it
	Filter  Use = "loc" // any unit but provinces, of today or of the past
	Lookup  Use = "xem" // nothing is chosen
)

// Search is what a picker is asked.
type Search struct {
	Use      Use
	Province unit.Ref // with the provinces that it was made from; zero means the whole country
	Name     string   // of the field
	Query    string
	Chosen   string // a unit.Ref as text, or ""
}

const (
	maxQuery = 200 // letters of a query that count
	maxFound = 12  // units in a list
)

// Field turns a field into a picker, with what the request has typed and chosen.
func Field(q *web.Request, f ui.Field, use Use, province unit.Ref) ui.Field {
	values := q.URL.Query()
	if q.Posted != nil {
		values = q.Posted
	}
	if q.Method == "GET" && f.Value == "" {
		f.Value = values.Get(f.Name)
	}
	f.Type = "unit"
	f.Error = q.Wrong.Of(f.Name)
	p := Search{use, province, f.Name, values.Get(ui.PickerQuery(f.Name)), values.Get(f.Name)}.Picker(q.Now())
	if p.Query == "" && values.Get(ui.PickerSubmit) == f.Name {
		p.Say = "Gõ tên xã, phường, huyện rồi bấm Tìm."
	}
	f.Picker = &p
	return f
}

// Picker answers the search as of now.
func (s Search) Picker(now time.Time) ui.Picker {
	p := ui.Picker{Query: clean(s.Query), Source: Path + "?" + url.Values{"viec": {string(s.Use)}, "tinh": {s.Province.String()}}.Encode(), Lookup: s.Use == Lookup}
	if ref, err := unit.ParseRef(s.Chosen); err == nil {
		if u, ok := unit.ByRef(ref); ok && s.takes(u, now) {
			c := s.choice(u, now)
			c.Label = "Đang chọn: " + c.Label
			p.Chosen = &c
		}
	}
	if p.Query == "" {
		return p
	}
	levels := []unit.Level{unit.District, unit.Commune}
	if s.Use == Lookup {
		levels = nil
	}
	var within []unit.Ref
	if !s.Province.IsZero() {
		within = unit.Lineage(s.Province)
	}
	found := unit.Find(p.Query, now, levels, within, maxFound+1)
	if len(found) == 0 {
		found = unit.FindAddress(p.Query, now, levels, within, maxFound+1) // pasted from an old label or paper
	}
	if p.More = len(found) > maxFound; p.More {
		found = found[:maxFound]
	}
	past := false
	for _, u := range found {
		p.Found = append(p.Found, s.entry(u, now))
		past = past || u.Former(now)
	}
	if len(found) == 0 {
		p.Say = "Không tìm thấy “" + p.Query + "”. Gõ tên xã, phường, huyện hoặc cả địa chỉ, có dấu hoặc không dấu."
	}
	if past {
		p.Note = "Đơn vị tiếp nhận được đối chiếu từ tên trong nghị quyết sắp xếp, không thay cho văn bản."
	}
	return p
}

// clean cuts a query to a sensible length and leaves out what is no text.
func clean(query string) string {
	query = strings.Join(strings.Fields(strings.ToValidUTF8(query, "")), " ")
	query = strings.ReplaceAll(query, "\x00", "")
	if utf8.RuneCountInString(query) > maxQuery {
		query = string([]rune(query)[:maxQuery])
	}
	return query
}

// takes reports whether the unit can be chosen.
func (s Search) takes(u unit.Unit, now time.Time) bool {
	switch s.Use {
	case Commune:
		return u.Level == unit.Commune && !u.Former(now) && !u.From.After(now) && (s.Province.IsZero() || u.ProvinceRef == s.Province)
	case Filter:
		return u.Level != unit.Province && (s.Province.IsZero() || slices.Contains(unit.Lineage(s.Province), u.ProvinceRef))
	}
	return false
}

// choice is the unit alone.
func (s Search) choice(u unit.Unit, now time.Time) ui.Choice {
	on, until := now, ""
	if u.Former(now) {
		on, until = u.Last(), "đến hết "+unit.Spoken(u.Last())
	} else if u.Ref.From != unit.Unknown {
		until = "từ " + unit.Spoken(u.From)
	}
	whole, own := u.Address(on), u.On(on).FullName
	detail := strings.Trim(strings.TrimPrefix(whole, own), ", ")
	if detail != "" {
		detail += " · "
	}
	c := ui.Choice{Label: own, Detail: detail + until}
	if s.takes(u, now) {
		c.Value = u.Ref.String()
	}
	return c
}

// entry is the unit with the way to its successors and what it consisted of.
func (s Search) entry(u unit.Unit, now time.Time) ui.Choice {
	c := s.choice(u, now)
	if !u.Former(now) {
		return c
	}
	for _, h := range unit.Heirs(u.Ref, now) {
		c.Below = append(c.Below, s.heir(u, h, now))
	}
	switch {
	case len(c.Below) == 0:
		c.Lead = "Danh mục chưa ghi đơn vị tiếp nhận."
	case u.Level == unit.District:
		c.Lead = "Không còn cấp huyện; địa bàn nay thuộc:"
	default:
		c.Lead = "Nay thuộc:"
	}
	if u.Level == unit.District {
		communes := unit.Communes(u.Ref, u.Last())
		c.PastLead = vi.Int(int64(len(communes))) + " xã, phường, thị trấn trước đây"
		for _, old := range communes {
			entry := ui.Choice{Label: old.FullName, Detail: "Nay thuộc " + spoken(unit.Heirs(old.Ref, now))}
			if len(unit.Heirs(old.Ref, now)) == 0 {
				entry.Detail = "Danh mục chưa ghi đơn vị tiếp nhận"
			}
			c.Past = append(c.Past, entry)
		}
	}
	return c
}

// heir is a successor of u, with how sure and how whole it is.
func (s Search) heir(u unit.Unit, l unit.Link, now time.Time) ui.Choice {
	c := s.choice(l.Unit, now)
	c.Detail, _, _ = strings.Cut(c.Detail, " · ")
	if l.Partial && u.Level == unit.Commune {
		c.Detail += " · một phần"
	}
	if !l.Certain {
		c.Detail += " · " + unsure
	}
	return c
}

// unsure marks what was concluded from names.
const unsure = "theo đối chiếu, cần kiểm tra"

// spoken lists successors in a sentence.
func spoken(links []unit.Link) string {
	var names []string
	for _, l := range links {
		name := strings.ToLower(l.Kind) + " " + l.Name
		if !l.Certain {
			name += " (" + unsure + ")"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
