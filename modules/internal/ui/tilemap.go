package ui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/a-h/templ"
)

// Tile is one province of the tile map. Level 1..5 is the shade, 0 means no data. Text is the value
// in words and always shown; Title is the full sentence for pointer and screen reader.
type Tile struct {
	Slug, Name, Text, Href string
	Level                  int
	Title                  string
}

// place is where a province stands in the tile map, counted from 1, and its short name there.
type place struct {
	Row, Col int
	Name     string
}

// Size of the tile map: six columns of land and one of sea for the two archipelagos.
const (
	tileColumns = 7
	tileRows    = 14
)

// tilePlaces places the 34 provinces of Nghị quyết 202/2025/QH15 roughly where they lie.
var tilePlaces = map[string]place{
	"lai-chau": {1, 1, "Lai Châu"}, "lao-cai": {1, 2, "Lào Cai"}, "tuyen-quang": {1, 3, "Tuyên Quang"}, "cao-bang": {1, 4, "Cao Bằng"},
	"dien-bien": {2, 1, "Điện Biên"}, "son-la": {2, 2, "Sơn La"}, "phu-tho": {2, 3, "Phú Thọ"}, "thai-nguyen": {2, 4, "Thái Nguyên"}, "lang-son": {2, 5, "Lạng Sơn"},
	"ha-noi": {3, 3, "Hà Nội"}, "bac-ninh": {3, 4, "Bắc Ninh"}, "quang-ninh": {3, 5, "Quảng Ninh"},
	"ninh-binh": {4, 3, "Ninh Bình"}, "hung-yen": {4, 4, "Hưng Yên"}, "hai-phong": {4, 5, "Hải Phòng"},
	"thanh-hoa": {5, 2, "Thanh Hóa"},
	"nghe-an":   {6, 2, "Nghệ An"}, "ha-tinh": {6, 3, "Hà Tĩnh"},
	"quang-tri": {7, 3, "Quảng Trị"}, "hue": {7, 4, "Huế"},
	"da-nang": {8, 4, "Đà Nẵng"}, "quang-ngai": {8, 5, "Quảng Ngãi"},
	"gia-lai":  {9, 5, "Gia Lai"},
	"dak-lak":  {10, 5, "Đắk Lắk"},
	"tay-ninh": {11, 3, "Tây Ninh"}, "dong-nai": {11, 4, "Đồng Nai"}, "lam-dong": {11, 5, "Lâm Đồng"}, "khanh-hoa": {11, 6, "Khánh Hòa"},
	"an-giang": {12, 2, "An Giang"}, "dong-thap": {12, 3, "Đồng Tháp"}, "ho-chi-minh": {12, 4, "TP. HCM"},
	"can-tho": {13, 2, "Cần Thơ"}, "vinh-long": {13, 3, "Vĩnh Long"},
	"ca-mau": {14, 2, "Cà Mau"},
}

// archipelago is an island district drawn in the sea, with the shade of the province that it belongs to.
type archipelago struct {
	Name, Slug string
	Row, Col   int
}

var archipelagos = []archipelago{
	{Name: "Hoàng Sa", Slug: "da-nang", Row: 8, Col: 7},
	{Name: "Trường Sa", Slug: "khanh-hoa", Row: 12, Col: 7},
}

// tileSlugs are the provinces in reading order, north to south, so that the keyboard goes that way.
var tileSlugs = slices.SortedFunc(maps.Keys(tilePlaces), func(a, b string) int {
	p, q := tilePlaces[a], tilePlaces[b]
	return cmp.Or(cmp.Compare(p.Row, q.Row), cmp.Compare(p.Col, q.Col))
})

// tilesBySlug finds each province's tile; one without data gets an empty tile of level 0.
func tilesBySlug(tiles []Tile) map[string]Tile {
	bySlug := make(map[string]Tile, len(tilePlaces))
	for slug, p := range tilePlaces {
		bySlug[slug] = Tile{Slug: slug, Name: p.Name}
	}
	for _, t := range tiles {
		if _, ok := tilePlaces[t.Slug]; ok {
			bySlug[t.Slug] = t
		}
	}
	return bySlug
}

func (t Tile) level() string { return strconv.Itoa(max(0, min(5, t.Level))) }

// title is the sentence for pointer and screen reader.
func (t Tile) title() string {
	switch {
	case t.Title != "":
		return t.Title
	case t.Text == "":
		return t.Name + ": chưa có số liệu"
	}
	return t.Name + ": " + t.Text
}

// value is what stands in the tile under the name.
func (t Tile) value() string {
	if t.Text == "" {
		return "–"
	}
	return t.Text
}

func gridArea(row, col int) templ.SafeCSS {
	return templ.SafeCSS(fmt.Sprintf("grid-area:%d/%d", row, col))
}
