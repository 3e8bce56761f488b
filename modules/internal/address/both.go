package address

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"txng/tenant/unit"
)

// Both is an address as it is today, and as labels from before a reform have it.
type Both struct {
	Today string
	// Unsure: where the former unit of the address lies today is not known for certain.
	Unsure bool
	// Label is the address on the labels; "" when it is no other.
	Label string
	// Reformed is the day since which the label's address is a former one.
	Reformed time.Time
}

// legal is how long labels with a former address may be used: two years from the change (NĐ 37/2026/NĐ-CP, Điều 98.5).
const legalYears = 2

// Last returns an instant of the last day on which labels with the former address may be used, and whether that day has
// not passed yet.
func (b Both) Last(now time.Time) (time.Time, bool) {
	if b.Label == "" {
		return time.Time{}, false
	}
	end := b.Reformed.AddDate(legalYears, 0, 0)
	return end.Add(-time.Hour), now.Before(end)
}

// LabelName is what the label's address is called: "Địa chỉ ghi trên nhãn (trước 01/7/2025)".
func (b Both) LabelName() string {
	return "Địa chỉ ghi trên nhãn (trước " + unit.Spoken(b.Reformed) + ")"
}

// Note says until when labels with the former address may be used; "" when that day has passed, or there is none.
func (b Both) Note(now time.Time) string {
	last, still := b.Last(now)
	if !still {
		return ""
	}
	return "Nhãn ghi địa chỉ cũ được dùng đến hết " + unit.Spoken(last) + " (Nghị định 37/2026/NĐ-CP, Điều 98 khoản 5)."
}

// Of returns both addresses of an organization: of its address line and unit (as Place takes them), and of the text and
// unit that its labels have, both "" when it declared none. An organization whose unit itself is a former one has that
// as its label's address.
func Of(line, ref, printed, printedRef string, now time.Time) Both {
	b := Both{Today: Place(line, ref, now)}
	if u, ok := find(ref); ok && u.Former(now) {
		b.Label, b.Reformed = strings.TrimPrefix(line+", "+u.Address(u.Last()), ", "), u.To
		b.Today = strings.TrimPrefix(line+", "+today(u, now), ", ")
		heirs := unit.Heirs(u.Ref, now)
		b.Unsure = len(heirs) != 1 || heirs[0].Partial || !heirs[0].Certain
	}
	if u, ok := find(printedRef); ok && printed != "" && u.Former(now) {
		b.Label, b.Reformed = printed, u.To
	}
	return b
}

func find(ref string) (unit.Unit, bool) {
	parsed, err := unit.ParseRef(ref)
	if err != nil {
		return unit.Unit{}, false
	}
	return unit.ByRef(parsed)
}

// maxHeirs is how many possible successors are named.
const maxHeirs = 4

// today says where a former unit is now: its successor, or those that it may be.
func today(u unit.Unit, now time.Time) string {
	heirs := unit.Heirs(u.Ref, now)
	switch {
	case len(heirs) == 1 && !heirs[0].Partial && heirs[0].Certain:
		return heirs[0].Address(now)
	case len(heirs) == 0 || len(heirs) > maxHeirs:
		for _, p := range unit.Heirs(u.ProvinceRef, now) {
			return p.FullName + " (chưa rõ xã, phường hiện nay)"
		}
		return "chưa rõ đơn vị hiện nay"
	}
	var names []string
	for _, h := range heirs {
		names = append(names, strings.ToLower(h.Kind)+" "+h.Name)
	}
	said := strings.Join(names, " hoặc ")
	if p, ok := unit.ByRef(heirs[0].ProvinceRef); ok {
		p = p.On(now)
		said += ", " + strings.ToLower(p.Kind) + " " + p.Name
	}
	first, size := utf8.DecodeRuneInString(said)
	return string(unicode.ToUpper(first)) + said[size:] + " (theo đối chiếu, cần kiểm tra)"
}
