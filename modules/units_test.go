package modules_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/tenant/unit"
)

// communeNamed returns today's commune of Nghệ An that has the name.
func communeNamed(t *testing.T, name string) unit.Unit {
	t.Helper()
	for _, c := range unit.Communes(unit.Ref{Code: "40", From: unit.Reorganized}, time.Now()) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("Nghệ An has no commune %s", name)
	return unit.Unit{}
}

func TestPickerFindsNamDanWithAndWithoutJavaScript(t *testing.T) {
	t.Parallel()
	w := site(t)
	want := []string{"Xã Nam Đàn", "Huyện Nam Đàn", "đến hết 30/6/2025", "Không còn cấp huyện; địa bàn nay thuộc:", "Xã Kim Liên", "Thị trấn Nam Đàn", "theo đối chiếu, cần kiểm tra",
		`type="radio"`, `name="unit"`, `value="` + communeNamed(t, "Nam Đàn").Ref.String() + `"`}
	list := w.ask(http.MethodGet, "/don-vi-hanh-chinh/tim?viec=xa&tinh=40@2025-07-01&ten=unit&unit_q=nam+dan", "", nil)
	form := w.ask(http.MethodPost, "/dang-ky", "", url.Values{"tinh": {"nghe-an"}, "name": {"Hợp tác xã đang khai"}, "unit_q": {"đàn nam"}, "tim": {"unit"}})
	invite := w.ask(http.MethodPost, "/thanh-vien/moi", w.signIn(t, authz.DOSTAdmin, "nghe-an"), url.Values{"name": {"Hợp tác xã đang khai"}, "unit_q": {"Nam Dan"}, "tim": {"unit"}})
	for where, answer := range map[string]*struct {
		code int
		page string
	}{
		"list": {list.Code, list.Body.String()}, "sign-up": {form.Code, form.Body.String()}, "invitation": {invite.Code, invite.Body.String()},
	} {
		page := html.UnescapeString(answer.page)
		if answer.code != http.StatusOK || strings.Contains(page, "chỗ cần sửa") {
			t.Errorf("%s: %d, want 200 and no complaint", where, answer.code)
		}
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s lacks %q", where, text)
			}
		}
		if where != "list" && !strings.Contains(page, "Hợp tác xã đang khai") {
			t.Errorf("%s lost what was typed", where)
		}
		if regexp.MustCompile(`<select[^>]*name="unit"`).MatchString(page) {
			t.Errorf("%s has a list of all communes", where)
		}
	}
	if page := w.ask(http.MethodGet, "/don-vi-hanh-chinh?don_vi_q=quang+nam", "", nil).Body.String(); !strings.Contains(page, "Tỉnh Quảng Nam") || !strings.Contains(page, "Thành phố Đà Nẵng") || strings.Contains(page, `type="radio"`) {
		t.Error("the look-up does not lead from Quảng Nam to Đà Nẵng, or lets choose")
	}
}

// TestAddressAsItWasPrintedLeadsToItsUnits: pasted whole, it finds the units of today and of the past that it names.
func TestAddressAsItWasPrintedLeadsToItsUnits(t *testing.T) {
	t.Parallel()
	w := site(t)
	for address, want := range map[string][]string{
		"Xóm 3, xã Nam Đàn, huyện Nam Đàn, tỉnh Nghệ An":    {"Xã Nam Đàn", "Huyện Nam Đàn", "Không còn cấp huyện; địa bàn nay thuộc:"},
		"xom 5, xa Kim Lien, h. Nam Dan, Nghe An, Viet Nam": {"Xã Kim Liên", "Nay thuộc:", "Huyện Nam Đàn"},
		"xã Kim Liên huyện Nam Đàn tỉnh Nghệ An":            {"Xã Kim Liên", "Nay thuộc:", "Huyện Nam Đàn"},
	} {
		for _, path := range []string{"/don-vi-hanh-chinh?don_vi_q=", "/don-vi-hanh-chinh/tim?viec=xem&ten=don_vi&don_vi_q=", "/don-vi-hanh-chinh/tim?viec=xa&tinh=40@2025-07-01&ten=don_vi&don_vi_q="} {
			page := html.UnescapeString(w.ask(http.MethodGet, path+url.QueryEscape(address), "", nil).Body.String())
			for _, text := range want {
				if !strings.Contains(page, text) {
					t.Errorf("%s%s lacks %q", path, address, text)
				}
			}
		}
	}
	page := html.UnescapeString(w.ask(http.MethodGet, "/don-vi-hanh-chinh?don_vi_q="+url.QueryEscape("Xóm 3, xã Không Có, huyện Nam Đàn, tỉnh Hà Nam"), "", nil).Body.String())
	if strings.Contains(page, "Huyện Nam Đàn") {
		t.Error("a district is found in a province that it never was in")
	}
}

func TestPickerTakesOnlyWhatItUnderstands(t *testing.T) {
	t.Parallel()
	w := site(t)
	const path = "/don-vi-hanh-chinh/tim"
	for query, code := range map[string]int{
		"": 200, "?viec=xa&ten=unit": 200, "?viec=loc&ten=unit&unit_q=" + strings.Repeat("a", 7000): 200,
		"?viec=xa&ten=unit&unit_q=%FF%FE": 422, "?viec=xa&ten=unit&unit_q=%00": 422,
		"?viec=khac&ten=unit": 404, "?viec=xa&ten=%3Cscript%3E": 404, "?viec=xa&ten=unit&tinh=40": 404, "?viec=xa&ten=unit&tinh=99@2025-07-01": 404,
	} {
		if got := w.ask(http.MethodGet, path+query, "", nil); got.Code != code {
			t.Errorf("%.60s: %d, want %d", query, got.Code, code)
		}
	}
	page := w.ask(http.MethodGet, path+"?viec=xa&ten=unit&unit_q="+url.QueryEscape(`<script>alert(1)</script>"'`), "", nil).Body.String()
	if strings.Contains(page, "<script") {
		t.Error("what was typed comes back as HTML")
	}
	foreign := w.ask(http.MethodGet, path+"?viec=xa&tinh=40@2025-07-01&ten=unit&unit=00004@2025-07-01", "", nil).Body.String()
	if strings.Contains(foreign, "Ba Đình") {
		t.Error("a commune of another province can be chosen")
	}
}

func TestOrganizationsAreFilteredByUnitsOfTodayAndThePast(t *testing.T) {
	t.Parallel()
	w := site(t)
	session := w.signIn(t, authz.DOSTOfficer, "nghe-an")
	conn := owner(t, w)
	var commune, name string
	if err := conn.QueryRow(t.Context(), `
		select o.unit, o.name
		from organization.organization o
		join tenant.tenant t on t.id = o.tenant_id
		where t.slug = 'nghe-an' and o.unit = $1`, communeNamed(t, "Nam Đàn").Ref.String()).Scan(&commune, &name); err != nil {
		t.Fatal(err)
	}
	for chosen, shown := range map[string]bool{
		commune: true, "430@0001-01-01": true, communeNamed(t, "Diễn Châu").Ref.String(): false, "425@0001-01-01": false, "khong-co": false,
	} {
		page := html.UnescapeString(w.ask(http.MethodGet, "/to-chuc?unit="+url.QueryEscape(chosen), session, nil).Body.String())
		if strings.Contains(page, name) != shown {
			t.Errorf("filtered by %s the list shows %s: %v, want %v", chosen, name, !shown, shown)
		}
	}
}

func TestOwnerDeclaresAndTakesBackTheLabelsAddress(t *testing.T) {
	t.Parallel()
	w := site(t)
	session := w.signIn(t, authz.OrgOwner, "nghe-an")
	for _, c := range []struct {
		printed string
		code    int
		shown   bool
	}{
		{"xóm 5, xã Không Có Đâu", http.StatusUnprocessableEntity, false},
		{"xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An", http.StatusSeeOther, true},
		{"", http.StatusSeeOther, false},
	} {
		if got := w.ask(http.MethodPost, "/don-vi/dia-chi-nhan", session, url.Values{"printed": {c.printed}}); got.Code != c.code {
			t.Errorf("%q: %d, want %d", c.printed, got.Code, c.code)
		}
		page := html.UnescapeString(w.ask(http.MethodGet, "/don-vi", session, nil).Body.String())
		if got := strings.Contains(page, "Địa chỉ ghi trên nhãn (trước 01/7/2025)") && strings.Contains(page, "đến hết 30/6/2027"); got != c.shown {
			t.Errorf("after %q the page shows the label's address: %v, want %v", c.printed, got, c.shown)
		}
	}
}
