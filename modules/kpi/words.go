package kpi

import (
	"strings"
	"time"

	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/unit"
)

// namedCommunes is how many communes are called by their names.
const namedCommunes = 5

// Communes names communes, many of them by their number: "Phường A, Xã B"; "12 xã, phường, đặc khu".
func Communes(units []string) string {
	var names []string
	for _, text := range units {
		if ref, err := unit.ParseRef(text); err == nil {
			if u, ok := unit.ByRef(ref); ok {
				names = append(names, u.FullName)
			}
		}
	}
	if len(units) > namedCommunes || len(names) < len(units) {
		return vi.Int(int64(len(units))) + " xã, phường, đặc khu"
	}
	return strings.Join(names, ", ")
}

// MovedWords says what a part that a province gave to another, or took from it, means for its figures.
func MovedWords(gave bool, other string, units []string, effective time.Time) string {
	if gave {
		return "Từ " + vi.Date(effective) + ", " + Communes(units) + " chuyển sang " + other + ": chủ thể, sản phẩm, tem, lượt quét tại đó tính cho " + other + ", không còn tính ở đây."
	}
	return "Từ " + vi.Date(effective) + ", nhận " + Communes(units) + " từ " + other + ": chủ thể, sản phẩm, tem, lượt quét tại đó tính ở đây."
}

// movedLines says what moved in and out of the figures of a page, with a link to them as they were; on a page of them as
// they were, the way back. base is the page's path.
func movedLines(q *web.Request, tx tenant.Tx, base string) (lines []string, link ui.Link, err error) {
	if _, narrowed := tx.Reading(); narrowed {
		whole, err := q.App().DB.Scope(q.Context(), q.Who.Tenant)
		if err != nil || len(whole.Gave())+len(whole.Took()) == 0 {
			return nil, link, err
		}
		return []string{"Số liệu như trước khi chuyển: gồm xã, phường, đặc khu đã chuyển đi, không gồm phần nhận về."}, ui.Link{Label: "Xem như hiện nay", Href: base}, nil
	}
	for _, p := range tx.Gave() {
		lines = append(lines, MovedWords(true, p.Other.Name, p.Units, p.Effective))
	}
	for _, p := range tx.Took() {
		lines = append(lines, MovedWords(false, p.Other.Name, p.Units, p.Effective))
	}
	return lines, ui.Link{Label: "Xem như trước khi chuyển", Href: base + "?goc=" + q.Tenant.Slug}, nil
}
