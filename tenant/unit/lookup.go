package unit

import (
	"fmt"
	"strings"
	"time"

	"txng/tenant/fault"
)

// Lookup returns the unit of the level that has the code on the day. Before 1 July 2025 it answers with the state of
// March 2025, however early the day.
//
// The error is fault.NotFound with a sentence for the person who gave the code. When the code had a unit before the
// day or has one after it, the sentence says which, and what its area belongs to on the day.
func Lookup(level Level, code Code, on time.Time) (Unit, error) {
	return theAtlas().Lookup(level, code, on)
}

// Lookup is the function Lookup in this atlas.
func (a *Atlas) Lookup(level Level, code Code, on time.Time) (Unit, error) {
	day := DayOf(on)
	if code.level() != level {
		return Unit{}, fault.Say(fault.NotFound, "Mã đơn vị hành chính %s gồm %d chữ số.", level, level.digits())
	}
	indices := a.byCode[code]
	for _, at := range indices {
		if valid(a.units[at], day) {
			return a.styled(a.units[at], day), nil
		}
	}
	if len(indices) == 0 {
		return Unit{}, fault.Say(fault.NotFound, "Không có đơn vị hành chính %s nào mang mã này.", level)
	}
	return Unit{}, fault.Say(fault.NotFound, "%s.", a.whereIsIt(a.units[a.nearest(indices, day)], day))
}

// nearest returns the last of the indices whose unit had begun by the day, or the first one.
func (a *Atlas) nearest(indices []int, day Day) int {
	best := indices[0]
	for _, at := range indices {
		if a.units[at].Ref.From <= day {
			best = at
		}
	}
	return best
}

func (l Level) digits() int {
	return map[Level]int{Province: 2, District: 3, Commune: 5}[l]
}

// whereIsIt says when the unit, which is not valid on the day, had its code and what its area belongs to on the day.
func (a *Atlas) whereIsIt(u Unit, day Day) string {
	when := u.Ref.From
	if when < day {
		when = DayOf(u.To.AddDate(0, 0, -1))
	}
	name := strings.ToLower(u.Kind) + strings.TrimPrefix(a.address(u, when), u.Kind)
	if day < u.Ref.From {
		return fmt.Sprintf("Mã %s chỉ dùng từ %s, là %s%s",
			u.Ref.Code, spoken(u.Ref.From), name, a.belongs("; trước đó địa bàn", a.predecessors[u.Ref], day))
	}
	end := DayOf(u.To)
	said := fmt.Sprintf("Mã %s là %s đến hết %s; từ %s", u.Ref.Code, name, spoken(when), spoken(end))
	if u.Level == District {
		return said + " không còn cấp huyện" + a.belongs(", địa bàn", a.heirs(u.Ref, day), day)
	}
	if len(a.heirs(u.Ref, day)) == 0 {
		return said + " đã được sắp xếp lại, danh mục chưa ghi đơn vị tiếp nhận"
	}
	return said + a.belongs("", a.heirs(u.Ref, day), day)
}

// belongs says which units the area of the links belongs to: " thuộc thành phố Đà Nẵng (mã 48)"; "" without links.
func (a *Atlas) belongs(lead string, links []link, day Day) string {
	const most = 5
	if len(links) == 0 {
		return ""
	}
	verb := " thuộc "
	var names []string
	for _, l := range links {
		if l.guess {
			verb = " có thể thuộc "
		}
		u := a.styled(a.units[l.to], day)
		names = append(names, fmt.Sprintf("%s (mã %s)", u.inSentence(), u.Ref.Code))
	}
	if len(names) > most {
		names = append(names[:most-1], fmt.Sprintf("%d đơn vị khác", len(names)-most+1))
	}
	last := len(names) - 1
	if last == 0 {
		return lead + verb + names[0]
	}
	return lead + verb + strings.Join(names[:last], ", ") + " và " + names[last]
}

// Spoken writes the day it is in Việt Nam at the instant t as official papers do: 30/6/2025 and 01/7/2025.
func Spoken(t time.Time) string { return spoken(DayOf(t)) }

// spoken writes a day as official papers do: 30/6/2025 and 01/7/2025; one zero leads days below 10 and months below 3.
func spoken(d Day) string {
	month := fmt.Sprintf("%d", d/100%100)
	if d/100%100 < 3 {
		month = "0" + month
	}
	return fmt.Sprintf("%02d/%s/%d", d%100, month, d/10_000)
}
