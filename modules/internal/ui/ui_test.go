package ui

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"
)

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatalf("rendering: %v", err)
	}
	return b.String()
}

func wantIn(t *testing.T, html string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(html, part) {
			t.Errorf("got %s\nwant it to hold %q", html, part)
		}
	}
}

func TestEveryProvinceHasItsOwnCell(t *testing.T) {
	t.Parallel()
	slugs := strings.Fields(`ha-noi cao-bang tuyen-quang dien-bien lai-chau son-la lao-cai thai-nguyen lang-son quang-ninh
		bac-ninh phu-tho hai-phong hung-yen ninh-binh thanh-hoa nghe-an ha-tinh quang-tri hue da-nang quang-ngai gia-lai
		khanh-hoa dak-lak lam-dong dong-nai ho-chi-minh tay-ninh dong-thap vinh-long an-giang can-tho ca-mau`)
	if len(slugs) != 34 || len(tilePlaces) != 34 {
		t.Fatalf("got %d slugs and %d places, want 34 of each", len(slugs), len(tilePlaces))
	}
	taken := map[[2]int]string{}
	take := func(row, col int, who string) {
		if other, ok := taken[[2]int{row, col}]; ok {
			t.Errorf("%s and %s share row %d column %d", who, other, row, col)
		}
		if row < 1 || row > tileRows || col < 1 || col > tileColumns {
			t.Errorf("%s stands at row %d column %d, outside %d × %d", who, row, col, tileRows, tileColumns)
		}
		taken[[2]int{row, col}] = who
	}
	for _, slug := range slugs {
		p, ok := tilePlaces[slug]
		if !ok {
			t.Errorf("no place for %s", slug)
			continue
		}
		take(p.Row, p.Col, slug)
	}
	for _, a := range archipelagos {
		take(a.Row, a.Col, a.Name)
		if home := tilePlaces[a.Slug]; a.Col <= home.Col {
			t.Errorf("%s stands in column %d, want it east of %s in column %d", a.Name, a.Col, a.Slug, home.Col)
		}
	}
}

func TestTileMapDrawsArchipelagosAndProvincesWithoutData(t *testing.T) {
	t.Parallel()
	html := render(t, TileMap("Bản đồ", []Tile{{Slug: "da-nang", Name: "Đà Nẵng", Text: "42%", Level: 3, Href: "/bo/da-nang"}}, []string{"Thấp"}))
	wantIn(t, html, "Hoàng Sa", "(Đà Nẵng)", "Trường Sa", "(Khánh Hòa)", `title="Đà Nẵng: 42%"`, "Cà Mau: chưa có số liệu")
	if got := strings.Count(html, `class="tile `); got != 34 {
		t.Errorf("got %d tiles, want 34", got)
	}
}

func TestAssetIsServedForEverUnderItsHash(t *testing.T) {
	t.Parallel()
	ask := func(path string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		Assets().ServeHTTP(w, r)
		return w
	}
	plain := ask(Asset("app.css"))
	if plain.Code != 200 || !strings.HasPrefix(plain.Header().Get("Content-Type"), "text/css") || !strings.Contains(plain.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("got %d %v, want 200, text/css and immutable", plain.Code, plain.Header())
	}
	zipped := ask(Asset("app.css"), "Accept-Encoding", "br, gzip")
	if zipped.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("got %v, want gzip", zipped.Header())
	}
	unzip, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	if _, err := body.ReadFrom(unzip); err != nil || !bytes.Equal(body.Bytes(), plain.Body.Bytes()) {
		t.Errorf("gzip body differs from the plain one (error %v)", err)
	}
	if again := ask(Asset("app.css"), "If-None-Match", plain.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("got %d for a known ETag, want 304", again.Code)
	}
	if refused := ask(Asset("app.css"), "Accept-Encoding", "gzip;q=0"); refused.Header().Get("Content-Encoding") != "" {
		t.Error("got gzip although the client refuses it")
	}
	for _, path := range []string{"/static/", "/static/app.css", "/static/vendor/", "/static/000000000000/app.css", "/static/../ui.go"} {
		if w := ask(path); w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, w.Code)
		}
	}
}

func TestSheetsNameTheHashedAddressesOfTheirFonts(t *testing.T) {
	t.Parallel()
	for _, sheet := range []string{"app.css", "public.css"} {
		css := string(loadAssets().byName[sheet].body)
		if strings.Contains(css, "url(vendor/") {
			t.Errorf("%s still names a font without its hash", sheet)
		}
		wantIn(t, css, "url("+Asset("vendor/be-vietnam-pro-5.3.0/be-vietnam-pro-vietnamese-500-normal.woff2")+")")
	}
}

func TestPublicPageStaysUnderFiftyKilobytes(t *testing.T) {
	t.Parallel()
	page := render(t, Public(PublicShell{Title: "Cam Vinh"}))
	total := len(compress([]byte(page)))
	for _, name := range []string{"public.css", "favicon.svg", "vendor/be-vietnam-pro-5.3.0/be-vietnam-pro-vietnamese-500-normal.woff2", "vendor/be-vietnam-pro-5.3.0/be-vietnam-pro-latin-500-normal.woff2"} {
		if a := loadAssets().byName[name]; a.zipped != nil {
			total += len(a.zipped)
		} else {
			total += len(a.body)
		}
	}
	if total > 40_000 {
		t.Errorf("got %d bytes for an empty public page, want at most 40000 so that the words fit in 50 KB", total)
	}
	for name, limit := range map[string]int{"public.css": 8_000, "app.js": 2_000} {
		if got := len(mustRead("static/" + name)); got > limit {
			t.Errorf("%s: got %d bytes, want at most %d", name, got, limit)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "tabler") {
		t.Error("a public page needs neither script nor Tabler")
	}
}

func TestEveryIconNamedInATemplateExists(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Glob("*.templ")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no templates found: %v", err)
	}
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`@Icon\("([a-z-]+)"\)`).FindAllSubmatch(text, -1) {
			if !HasIcon(string(match[1])) {
				t.Errorf("%s: no icon %s", source, match[1])
			}
		}
	}
	for _, kind := range []string{Success, Warning, Danger, Info, Neutral} {
		if !HasIcon(kindIcon(kind)) {
			t.Errorf("status %s: no icon %s", kind, kindIcon(kind))
		}
	}
	for _, kind := range []string{"genuine", "caution", "bad", "unknown"} {
		if icon := (Verdict{Kind: kind}).icon(); !HasIcon(icon) {
			t.Errorf("verdict %s: no icon %s", kind, icon)
		}
	}
}

func TestTextIsEscaped(t *testing.T) {
	t.Parallel()
	const evil = `<script>alert("x")</script>`
	parts := []templ.Component{
		Text(evil), Two(evil, evil), Anchor("javascript:alert(1)", evil), Badge(Status{Word: evil}), Notice(Info, evil, evil),
		Input(Field{Name: "a", Label: evil, Hint: evil, Error: evil, Value: evil}), Table(Grid{Caption: evil, Columns: []Column{{Label: evil}}, Rows: [][]templ.Component{{Text(evil)}}}),
		BarChart(evil, evil, []Series{{Name: evil, Points: []Point{{Label: evil, Text: evil, Value: 1}}}}),
		Page(Shell{Title: evil, Tenant: evil, Person: evil, Query: evil, Colour: `red" onload="x`}), VerdictBanner(Verdict{Word: evil, Sentence: evil}),
	}
	for i, part := range parts {
		html := render(t, part)
		if strings.Contains(html, "<script>") || strings.Contains(html, "javascript:") || strings.Contains(html, "onload") {
			t.Errorf("part %d lets markup through: %s", i, html)
		}
	}
}

func TestPagesHoldNoInlineScript(t *testing.T) {
	t.Parallel()
	html := render(t, Page(Shell{Title: "a", Menu: []MenuGroup{{Label: "b", Items: []MenuItem{{Label: "c", Href: "/c"}}}}, Person: "Trần Hoa", Scopes: []Link{{Label: "d", Href: "/d"}}}))
	if inline := regexp.MustCompile(`<script(?:[^>]*)>[^<]|\son[a-z]+=`).FindString(html); inline != "" {
		t.Errorf("got inline script %q, want none: the content policy refuses it", inline)
	}
	wantIn(t, html, `<html lang="vi"`, `href="#main"`, `<main id="main"`, "<h1>a</h1>")
}

func TestTenantColourNeedsContrastWithWhiteText(t *testing.T) {
	t.Parallel()
	for colour, want := range map[string]bool{"#0b5d4e": true, "#7a1f3d": true, "#ffd200": false, "#8a8a8a": false, "#767676": true, "0b5d4e": false, "#0b5d4": false, "#gggggg": false, "": false} {
		if got := CarriesWhiteText(colour); got != want {
			t.Errorf("%q: got %v, want %v", colour, got, want)
		}
	}
	wantIn(t, render(t, Page(Shell{Colour: "#7a1f3d"})), `style="--txng-primary:#7a1f3d;"`)
	if html := render(t, Page(Shell{Colour: "#ffd200"})); strings.Contains(html, "#ffd200") {
		t.Error("a colour that cannot carry white text was used")
	}
}

func TestListLinksKeepTheQueryAndChangeOnlyTheirPart(t *testing.T) {
	t.Parallel()
	g := Grid{
		Caption: "Sản phẩm", Columns: []Column{{Key: "ten", Label: "Tên", Sortable: true}}, Rows: [][]templ.Component{{Text("Cam")}},
		Total: 1234, Page: 3, Sort: "ten", Path: "/san-pham", Export: true,
		Query: url.Values{"q": {"cam"}, "sap": {"ten"}, "trang": {"3"}, "xuat": {"csv"}, "ky": {"2026"}}, Filters: []Field{{Name: "q", Label: "Tìm", Type: "search"}},
	}
	for what, pair := range map[string][2]string{
		"sort":     {g.sortLink(g.Columns[0]), "/san-pham?ky=2026&q=cam&sap=-ten"},
		"page 1":   {g.pageLink(1), "/san-pham?ky=2026&q=cam&sap=ten"},
		"page 4":   {g.pageLink(4), "/san-pham?ky=2026&q=cam&sap=ten&trang=4"},
		"clear":    {g.clearLink(), "/san-pham?ky=2026&sap=ten"},
		"export":   {g.with(QueryPage, "", QueryExport, ExportXLSX), "/san-pham?ky=2026&q=cam&sap=ten&xuat=xlsx"},
		"range":    {g.rangeText(), "41–41 trong 1.234"},
		"no query": {Grid{Path: "/a"}.pageLink(1), "/a"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %s, want %s", what, pair[0], pair[1])
		}
	}
	if got, want := g.pageWindow(), []int{1, 2, 3, 4, 0, 62}; !slices.Equal(got, want) {
		t.Errorf("got pages %v, want %v", got, want)
	}
	html := render(t, Table(g))
	wantIn(t, html, `value="cam"`, `name="ky" value="2026"`, `aria-sort="ascending"`, `data-label="Tên"`, "1.234 dòng")
	if g.Query.Get("trang") != "3" {
		t.Error("drawing the list changed the caller's query")
	}
}

func TestEmptyListTellsNoneYetFromNoneMatching(t *testing.T) {
	t.Parallel()
	g := Grid{Caption: "Lớp", Path: "/lop", Filters: []Field{{Name: "q"}}, Empty: Empty{Why: "Chưa có lớp nào"}}
	wantIn(t, render(t, Table(g)), "Chưa có lớp nào")
	g.Query = url.Values{"q": {"x"}}
	wantIn(t, render(t, Table(g)), "Không có dòng nào khớp", "Bỏ lọc")
}

func TestFieldNamesItsHintAndError(t *testing.T) {
	t.Parallel()
	wantIn(t, render(t, Input(Field{Name: "gtin", Label: "Mã GTIN", Hint: "13 chữ số", Error: "Thiếu số", Optional: true})),
		`for="f-gtin"`, `id="f-gtin"`, `aria-describedby="f-gtin-hint f-gtin-error"`, `aria-invalid="true"`, "(không bắt buộc)", `id="f-gtin-error"`)
	wantIn(t, render(t, ErrorSummary([]Field{{Name: "a"}, {Name: "b", Label: "B", Error: "sai"}})), `href="#f-b"`, "Có 1 chỗ cần sửa")
	if got := render(t, ErrorSummary([]Field{{Name: "a"}})); got != "" {
		t.Errorf("got %q, want nothing without errors", got)
	}
	wantIn(t, render(t, Input(Field{Name: "d", Type: "date", Value: "2026-11-22"})), `value="22/11/2026"`)
	if html := render(t, Input(Field{Name: "p", Type: "password", Value: "bí mật"})); strings.Contains(html, "bí mật") {
		t.Error("a password is sent back to the page")
	}
}

func TestNumbersAreWrittenTheVietnameseWay(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1.000", 1234567: "1.234.567", -45000: "-45.000"} {
		if got := number(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", 1234.56: "1.234,6", 12: "12", -0.04: "0", -2.5: "-2,5", 99.96: "100"} {
		if got := decimal(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

func TestEnglishPublicPageBringsNoVietnameseWords(t *testing.T) {
	t.Parallel()
	parts := templ.Join(
		Steps([]Step{{Label: "Harvest", State: "done"}, {Label: "Packing", State: "now"}, {Label: "Shop"}}),
		Facts([]Pair{{Label: "Lot"}}), History(nil), History([]HistoryEntry{{What: "Packed"}}),
		Input(Field{Name: "a", Label: "Your phone", Error: "Too short", Optional: true}), ErrorSummary([]Field{{Name: "a", Label: "Your phone", Error: "Too short"}}))
	html := func(lang string) string {
		var b bytes.Buffer
		if err := Public(PublicShell{Title: "Lot", Lang: lang}).Render(templ.WithChildren(context.Background(), parts), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if found := regexp.MustCompile(`[^<>]*[ăâđêôơưàáảãạềếệốồộớờợứừựụịễọỗ][^<>]*`).FindString(html("en")); found != "" {
		t.Errorf("got Vietnamese %q on an English page", found)
	}
	wantIn(t, html("en"), `lang="en"`, "In progress", "(optional)", "Skip to main content")
	wantIn(t, html(""), `lang="vi"`, "Đang xử lý", "(không bắt buộc)", "Đến nội dung chính")
}
