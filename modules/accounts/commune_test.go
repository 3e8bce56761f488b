package accounts

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/internal/vi"
	"txng/tenant/unit"
)

func TestCommuneIsFoundByTodaysNameAndTheOneBeforeTheReform(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	r := newCommuneReader(unit.Ref{Code: "40", From: unit.Reorganized}, now)
	name := func(ref string) string {
		parsed, err := unit.ParseRef(ref)
		if err != nil {
			return ""
		}
		u, _ := unit.ByRef(parsed)
		return u.FullName
	}
	for cell, want := range map[string]struct{ today, formerly, wrong string }{
		"Xã Nam Đàn":                           {"Xã Nam Đàn", "", ""},
		"nam dan":                              {"Xã Nam Đàn", "", ""},
		"17479":                                {r.today["17479"][0].FullName, "", ""},
		"thị trấn Nam Đàn":                     {"Xã Vạn An", "Thị trấn Nam Đàn, huyện Nam Đàn, tỉnh Nghệ An", ""},
		"TT. Nam Đàn, H. Nam Đàn, Nghệ An":     {"Xã Vạn An", "Thị trấn Nam Đàn, huyện Nam Đàn, tỉnh Nghệ An", ""},
		"xã Kim Liên, huyện Nam Đàn":           {"Xã Kim Liên", "Xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An", ""},
		"Xã Thanh Sơn":                         {"Xã Sơn Lâm", "Xã Thanh Sơn, huyện Thanh Chương, tỉnh Nghệ An", ""},
		"xa thanh son":                         {"", "", "2 nơi trước sắp xếp, nay thuộc Xã Sơn Lâm, Xã Thành Bình Thọ"},
		"xa thanh son, huyen anh son":          {"Xã Thành Bình Thọ", "Xã Thành Sơn, huyện Anh Sơn, tỉnh Nghệ An", ""},
		"Xã Tân Sơn, huyện Đô Lương":           {"", "", "nay thuộc nhiều đơn vị: "},
		"Xã Lưỡng Minh, huyện Tương Dương":     {"", "", "Theo đối chiếu, Xã Lưỡng Minh"},
		"Phường Thu Thủy, thành phố Vinh":      {"", "", "Chưa rõ đơn vị hiện nay"},
		"Xã Không Có":                          {"", "", "Không có xã, phường, đặc khu “Xã Không Có” trong tỉnh"},
		"xã Thạch Hà, huyện Thạch Hà, Hà Tĩnh": {"", "", "Không có xã"},
		"":                         {"", "", "Không có xã"},
		strings.Repeat("xã ", 400): {"", "", "Không có xã"},
	} {
		ref, formerly, wrong := r.read(cell)
		if name(ref) != want.today || formerly != want.formerly || !strings.Contains(wrong, want.wrong) || (wrong == "") != (want.wrong == "") {
			t.Errorf("%.60q: %q, formerly %q, wrong %q; want %+v", cell, name(ref), formerly, wrong, want)
		}
	}
}

func TestListTakesCommunesAsTheyWereCalledBefore(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.Tenant, p.Scope = p.NewToday(t)
	admin := p.signIn(p.person(p.Tenant.ID, authz.DOSTAdmin, 0), password)
	now := p.DB.Now()
	today := map[string]bool{}
	for _, c := range p.province() {
		today[vi.Fold(c.Name)] = true
	}
	var old, split unit.Unit
	for _, province := range unit.Lineage(provinceOf(p.Tenant)) {
		for _, c := range unit.Communes(province, unit.Reorganized.Time().AddDate(0, 0, -9)) {
			switch heirs := unit.Heirs(c.Ref, now); {
			case today[vi.Fold(c.Name)]:
			case len(heirs) == 1 && heirs[0].Certain && !heirs[0].Partial:
				old = c
			case len(heirs) > 1:
				split = c
			}
		}
	}
	if old.Ref.IsZero() {
		t.Fatal("no commune of the province has changed its name: the test has lost its subject")
	}
	written, heir := old.Address(old.Last()), unit.Heirs(old.Ref, now)[0]
	row := func(name, unit string) []any {
		return []any{name, strings.ToLower(p.Tenant.Slug) + "-" + vi.Fold(name)[:1] + "@example.vn", "Cán bộ xã, phường, đặc khu", "", unit}
	}
	preview := admin.upload("cán bộ.xlsx", officersFile(t, row("An", written)))
	p.expect(preview, http.StatusOK, "Mời 1 người", heir.FullName, "trong tệp ghi "+written)
	p.expect(admin.post("/thanh-vien/nhap/ghi", carried(preview)...), http.StatusSeeOther)
	var unitOf string
	if err := p.Owner(t).QueryRow(t.Context(), "select unit from authz.invitation where tenant_id = $1 and role = 'unit_officer'", p.Tenant.ID).Scan(&unitOf); err != nil || unitOf != heir.Ref.String() {
		t.Errorf("invited to %q, %v; want today's %s", unitOf, err, heir.Ref)
	}
	if !split.Ref.IsZero() {
		p.expect(admin.upload("cán bộ.xlsx", officersFile(t, row("Bình", split.Address(split.Last())))), http.StatusUnprocessableEntity, "nay thuộc nhiều đơn vị", unit.Heirs(split.Ref, now)[0].FullName)
	}
}
