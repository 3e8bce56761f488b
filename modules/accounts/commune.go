package accounts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"txng/modules/internal/vi"
	"txng/tenant/unit"
)

// communeReader finds the commune that a cell of a list means: a commune of the province today, by code or name, or one
// from before a reform ("xã Kim Liên, huyện Nam Đàn"), which stands for the one that took it over.
type communeReader struct {
	province unit.Ref
	now      time.Time
	today    map[string][]unit.Unit // by code, and by name with and without kind, folded
}

func newCommuneReader(province unit.Ref, now time.Time) communeReader {
	r := communeReader{province, now, map[string][]unit.Unit{}}
	for _, u := range unit.Communes(province, now) {
		for _, name := range []string{vi.Fold(u.FullName), vi.Fold(u.Name), string(u.Ref.Code)} {
			r.today[name] = append(r.today[name], u)
		}
	}
	return r
}

// read returns the commune of today, and the former one through which it was found ("" for none); or what is wrong with
// the cell, in a sentence.
func (r communeReader) read(cell string) (ref, formerly, wrong string) {
	shown := cut(cell, 60)
	now := r.today[vi.Fold(cell)]
	former := unit.ReadPrinted(cell, r.now, unit.Lineage(r.province)).Communes
	if exact := written(cell, former); len(exact) > 0 {
		if len(written(cell, now)) == 0 {
			now = nil // "Thanh Sơn" of the past is not the "Thành Sơn" of today
		}
		former = exact
	}
	switch {
	case len(now) == 1:
		return now[0].Ref.String(), "", ""
	case len(now) > 1:
		return "", "", "Có nhiều đơn vị cùng tên “" + shown + "”; ghi rõ Xã, Phường hoặc Đặc khu."
	case len(former) == 0:
		return "", "", "Không có xã, phường, đặc khu “" + shown + "” trong tỉnh, hiện nay hay trước sắp xếp."
	}
	var heirs []unit.Link
	unknown := false
	for _, u := range former {
		of := unit.Heirs(u.Ref, r.now)
		unknown = unknown || len(of) == 0
		for _, h := range of {
			if !slices.ContainsFunc(heirs, func(o unit.Link) bool { return o.Ref == h.Ref }) {
				heirs = append(heirs, h)
			}
		}
	}
	var names []string
	for _, h := range heirs {
		names = append(names, h.FullName)
	}
	slices.SortFunc(names, vi.Compare)
	old := former[0].Address(former[0].Last())
	switch {
	case len(heirs) == 0:
		return "", "", fmt.Sprintf("Chưa rõ đơn vị hiện nay của %s trước đây; ghi tên hiện nay.", old)
	case len(heirs) > 1 && len(former) > 1:
		return "", "", fmt.Sprintf("“%s” là tên của %d nơi trước sắp xếp, nay thuộc %s; ghi tên hiện nay, hoặc thêm huyện cũ.", shown, len(former), strings.Join(names, ", "))
	case len(heirs) > 1:
		return "", "", fmt.Sprintf("%s trước đây nay thuộc nhiều đơn vị: %s; ghi tên hiện nay.", old, strings.Join(names, ", "))
	case unknown || !heirs[0].Certain:
		return "", "", fmt.Sprintf("Theo đối chiếu, %s trước đây có thể nay thuộc %s, cần kiểm tra; ghi tên hiện nay.", old, names[0])
	case heirs[0].ProvinceRef != r.province:
		return "", "", fmt.Sprintf("%s trước đây nay thuộc %s, ngoài địa bàn của tỉnh.", old, heirs[0].Address(r.now))
	}
	return heirs[0].Ref.String(), old, ""
}

// written returns those of the units whose name stands in the text as it is written, diacritics and all. Names are
// otherwise found without.
func written(text string, units []unit.Unit) []unit.Unit {
	plain := func(s string) string { return strings.ToLower(norm.NFC.String(s)) }
	var list []unit.Unit
	for _, u := range units {
		if strings.Contains(plain(text), plain(u.Name)) {
			list = append(list, u)
		}
	}
	return list
}
