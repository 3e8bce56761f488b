package unit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"txng/tenant/fault"
)

// ReformFormat is the first thing a reform's file says: which version of the format it is in.
const ReformFormat = "txng-units/1"

// Reform is what one resolution does to the map on one day. It is read from a JSON file:
//
//	{
//	  "format": "txng-units/1",
//	  "resolution": "Nghị quyết số 1/NQ-UBTVQH16",
//	  "effective": "2027-01-01",
//	  "ended":   [{"code": "00004"}, {"code": "00008", "dissolved": true}],
//	  "created": [{"code": "00004", "kind": "Phường", "name": "Ba Đình", "parent": "01"}],
//	  "changed": [{"code": "40", "kind": "Thành phố", "name": "Nghệ An"}],
//	  "links":   [{"from": "00004", "to": "00004"}, {"from": "00025", "to": "00004", "part": true}]
//	}
//
// A unit that the file does not name goes on as it was. Codes under ended, changed and links.from are read as of the
// day before, codes under created, parent and links.to as of the day itself: so a code may end and begin again as
// another unit. A commune's parent is its province. A unit whose extent changes beyond a part that it gives away or
// takes in ends and begins anew, under the same code if the state says so.
type Reform struct {
	Format     string    `json:"format"`
	Resolution string    `json:"resolution"` // number and issuer, as quoted in papers
	Effective  string    `json:"effective"`  // the first day, 2027-01-01
	Ended      []Ended   `json:"ended,omitempty"`
	Created    []Created `json:"created,omitempty"`
	Changed    []Changed `json:"changed,omitempty"`
	Links      []Passing `json:"links,omitempty"`
}

// Ended is a unit that exists until the day before. One without a link to a successor must say Dissolved: nobody took it
// over, or the papers do not say who did.
type Ended struct {
	Code      Code `json:"code"`
	Dissolved bool `json:"dissolved,omitempty"`
}

// Created is a unit that begins on the day. Kind is Tỉnh, Thành phố, Xã, Phường or Đặc khu; Parent is empty for a
// province.
type Created struct {
	Code   Code   `json:"code"`
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Parent Code   `json:"parent,omitempty"`
}

// Changed is a unit that goes on under another kind, another name, or both; empty means as before.
type Changed struct {
	Code Code   `json:"code"`
	Kind string `json:"kind,omitempty"`
	Name string `json:"name,omitempty"`
}

// Passing says that the area of a unit, or a part of it, goes to another one. From may be a unit that goes on, if it
// gives a part only. Guess marks what was concluded from names and stands in no paper.
type Passing struct {
	From  Code `json:"from"`
	To    Code `json:"to"`
	Part  bool `json:"part,omitempty"`
	Guess bool `json:"guess,omitempty"`
}

// MaxReform is the size of the largest reform's file, in bytes; the reform of 2025 has 1.5 million.
const MaxReform = 8 << 20

// ReadReform reads a reform's file. The error is a sentence for the person who wrote the file; what the file says about
// the map is checked by With.
func ReadReform(r io.Reader) (Reform, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxReform+1))
	if err != nil {
		return Reform{}, fmt.Errorf("read the reform's file: %w", err)
	}
	if len(text) > MaxReform {
		return Reform{}, fault.Say(fault.TooLarge, "Tệp lớn quá %d MB.", MaxReform>>20)
	}
	if !utf8.Valid(text) {
		return Reform{}, fault.Invalid{{Message: "Tệp không phải văn bản UTF-8."}}
	}
	var reform Reform
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	d.DisallowUnknownFields()
	if err := d.Decode(&reform); err != nil {
		return Reform{}, fault.Invalid{{Message: "Tệp không đúng định dạng JSON đã mô tả: " + jsonFault(text, err) + "."}}
	}
	if d.More() {
		return Reform{}, fault.Invalid{{Message: "Sau nội dung của tệp còn nội dung khác; mỗi tệp là một nghị quyết, một ngày hiệu lực."}}
	}
	return reform, nil
}

// jsonFault says why a text is not the JSON that a reform's file is.
func jsonFault(text []byte, err error) string {
	line := func(offset int64) int {
		return 1 + bytes.Count(text[:min(max(offset, 0), int64(len(text)))], []byte("\n"))
	}
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return "tệp rỗng"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "tệp bị cắt cụt, thiếu phần cuối"
	case errors.As(err, &syntax):
		return fmt.Sprintf("sai cú pháp ở dòng %d", line(syntax.Offset))
	case errors.As(err, &kind):
		return fmt.Sprintf("giá trị của mục %q không đúng kiểu (dòng %d)", cmp.Or(kind.Field, "ngoài cùng"), line(kind.Offset))
	}
	if _, name, found := strings.Cut(err.Error(), "unknown field "); found {
		return "có mục lạ " + name
	}
	return "không đọc được"
}

// Text returns the reform as a file that ReadReform reads: two reforms that say the same, in whatever order and spacing,
// have the same text.
func (r Reform) Text() []byte {
	r.Resolution = strings.Join(strings.Fields(r.Resolution), " ")
	r.Ended = sorted(r.Ended, func(e Ended) string { return string(e.Code) })
	r.Created = sorted(r.Created, func(c Created) string { return fmt.Sprintf("%d %s", len(c.Code), c.Code) })
	r.Changed = sorted(r.Changed, func(c Changed) string { return string(c.Code) })
	r.Links = sorted(r.Links, func(p Passing) string { return string(p.From) + " " + string(p.To) })
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(r); err != nil {
		panic(fmt.Sprintf("unit: a reform cannot be written: %v", err)) // it has strings only
	}
	return b.Bytes()
}

func sorted[T any](list []T, key func(T) string) []T {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y T) int { return cmp.Compare(key(x), key(y)) })
	return list
}

// Day returns the day on which the reform takes effect. Error: fault.Invalid.
func (r Reform) Day() (Day, error) {
	day, err := time.Parse(time.DateOnly, r.Effective)
	if err != nil || day.Year() < 1900 || day.Year() > 2100 {
		return 0, fault.Invalid{{Name: "effective", Message: "Ngày hiệu lực viết dạng 2027-01-01."}}
	}
	return Day(day.Year()*10_000 + int(day.Month())*100 + day.Day()), nil
}

// With returns the atlas with reforms on top of this one, for the day of today. Reforms are applied in the order of
// their days, those of one day in the order given. The error is fault.Invalid by the places of the first reform that
// contradicts the map or itself: "links[3]".
func (a *Atlas) With(today time.Time, reforms ...Reform) (*Atlas, error) {
	type dated struct {
		Reform
		day Day
	}
	var list []dated
	for _, r := range reforms {
		day, err := r.Day()
		if err != nil {
			return nil, err
		}
		list = append(list, dated{r, day})
	}
	slices.SortStableFunc(list, func(x, y dated) int { return cmp.Compare(x.day, y.day) })
	f := a.facts.clone()
	for _, r := range list {
		if err := f.apply(r.Reform, r.day); err != nil {
			return nil, err
		}
	}
	return compose(f, DayOf(today)), nil
}

// ChangeDays returns the days on which the map changed or will change, oldest first.
func (a *Atlas) ChangeDays() []Day {
	seen := map[Day]bool{}
	for _, u := range a.facts.units {
		if u.Ref.From != Unknown {
			seen[u.Ref.From] = true
		}
		if !u.To.IsZero() {
			seen[DayOf(u.To)] = true
		}
	}
	for _, styles := range a.facts.styles {
		for _, s := range styles[1:] {
			seen[s.from] = true
		}
	}
	for _, l := range a.facts.links {
		seen[l.on] = true
	}
	var days []Day
	for day := range seen {
		days = append(days, day)
	}
	slices.Sort(days)
	return days
}

// Export returns all that happened to the map on a day as one reform. Applied to an atlas of the day before, it gives
// this one's state of the day.
func (a *Atlas) Export(on Day, resolution string) Reform {
	r := Reform{Format: ReformFormat, Resolution: resolution, Effective: on.String()}
	left := map[Ref]bool{}
	for _, l := range a.facts.links {
		if l.on == on {
			left[l.from] = true
			r.Links = append(r.Links, Passing{l.from.Code, l.to.Code, l.part, l.guess})
		}
	}
	for _, u := range a.facts.units {
		if !u.To.IsZero() && DayOf(u.To) == on {
			r.Ended = append(r.Ended, Ended{u.Ref.Code, !left[u.Ref]})
		}
		first := u
		if styles := a.facts.styles[u.Ref]; len(styles) > 0 {
			first.Kind, first.Name = styles[0].kind, styles[0].name
		}
		if u.Ref.From == on {
			c := Created{Code: u.Ref.Code, Kind: first.Kind, Name: first.Name}
			if u.Level != Province {
				c.Parent = u.ProvinceRef.Code
			}
			r.Created = append(r.Created, c)
		}
		before := first
		for _, s := range a.facts.styles[u.Ref] {
			if s.from == on && s.from != u.Ref.From {
				c := Changed{Code: u.Ref.Code}
				if s.kind != before.Kind {
					c.Kind = s.kind
				}
				if s.name != before.Name {
					c.Name = s.name
				}
				r.Changed = append(r.Changed, c)
			}
			before.Kind, before.Name = s.kind, s.name
		}
	}
	return r
}
