package modules_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/kpi"
	"txng/modules/ministry"
	"txng/tenant"
)

// The two mergers of the five programmes, as the demonstration has them.
var mergers = map[string]string{"quang-nam": "da-nang", "bac-giang": "bac-ninh"}

func TestMergedProvincesStampsDomainAndSignInGoOnWorking(t *testing.T) {
	w := site(t)
	for origin := range mergers {
		if token := w.signIn(t, authz.DOSTAdmin, origin); token == "" {
			t.Errorf("%s: its administrator cannot sign in", origin)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = origin + ".txng.test"
		if code := serveTo(w, r).Code; code >= 400 {
			t.Errorf("%s: its domain answers %d", origin, code)
		}
		found := false
		for _, s := range w.demo.Stamps {
			if s.State != "activated" || s.Tenant != origin {
				continue
			}
			found = true
			u, err := url.Parse(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			if page := w.ask(http.MethodGet, u.Path, "", nil); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "Tem hợp lệ") {
				t.Errorf("%s: the stamp %s answers %d: %.300s", origin, s.URL, page.Code, page.Body)
			}
		}
		if !found && origin == "quang-nam" {
			t.Errorf("%s: the demonstration has no activated stamp", origin)
		}
	}
}

func TestMinistrySeesMergedProvincesAsTheyAreAndAsTheyWere(t *testing.T) {
	w := site(t)
	value := func(list []ministry.Province, slug, key string) int64 {
		m, _ := kpi.MeasureOf(key)
		for _, p := range list {
			if p.Slug == slug {
				v, _ := p.Value(m)
				return v.Numerator
			}
		}
		return -1
	}
	var now, before []ministry.Province
	if err := w.db.Nation(t.Context(), func(tx tenant.Nation) (err error) {
		if now, err = ministry.Provinces(t.Context(), tx, ministry.Present); err != nil {
			return err
		}
		before, err = ministry.Provinces(t.Context(), tx, ministry.Before)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if len(now) != 34 || len(before) != len(now)+len(mergers) {
		t.Errorf("%d provinces today, %d before; want 34 and %d", len(now), len(before), 34+len(mergers))
	}
	for origin, successor := range mergers {
		if got := value(now, origin, kpi.Organizations); got != -1 {
			t.Errorf("%s stands among today's provinces with %d", origin, got)
		}
		for _, key := range []string{kpi.Organizations, kpi.Products, kpi.StampsActivated} {
			sum, a, b := value(now, successor, key), value(before, origin, key), value(before, successor, key)
			if sum != a+b || a < 0 || b < 0 {
				t.Errorf("%s of %s: %d as it is; as it was %d + %d", key, successor, sum, a, b)
			}
			if key == kpi.Organizations && a == 0 {
				t.Errorf("%s has no organization of its own: the sum shows nothing", origin)
			}
		}
	}
	session := w.signIn(t, authz.Ministry, "")
	for path, want := range map[string]string{
		"/bo?dia-ban=truoc":           "Quảng Nam",
		"/bo/quang-nam?dia-ban=truoc": "như trước sáp nhập",
	} {
		if page := w.ask(http.MethodGet, path, session, nil); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), want) {
			t.Errorf("%s: %d, want it with %q", path, page.Code, want)
		}
	}
	if page := w.ask(http.MethodGet, "/bo/quang-nam", session, nil); page.Code != http.StatusNotFound {
		t.Errorf("/bo/quang-nam on today's map: %d, want 404", page.Code)
	}
}

// TestSuccessorsRecordsSayWhereTheyComeFrom opens records of Quảng Nam, an organization with its quota of stamps among
// them, as an officer of Đà Nẵng and as one of Quảng Nam.
func TestSuccessorsRecordsSayWhereTheyComeFrom(t *testing.T) {
	w := site(t)
	successor, own := w.signIn(t, authz.DOSTAdmin, "da-nang"), w.signIn(t, authz.DOSTAdmin, "quang-nam")
	conn := owner(t, w)
	for path, sql := range map[string]string{
		"/to-chuc/%d":  "select id from organization.organization where tenant_id = $1 and state = 'approved' order by id limit 1",
		"/san-pham/%d": "select id from catalog.product where tenant_id = $1 order by id limit 1",
		"/lo-hang/%d":  "select id from trace.lot where tenant_id = $1 order by id limit 1",
		"/ke-hoach/%d": "select id from plan.plan where tenant_id = $1 order by id limit 1",
		"/nhiem-vu/%d": "select id from plan.task where tenant_id = $1 order by id limit 1",
	} {
		from, err := w.db.TenantBySlug(t.Context(), "quang-nam")
		if err != nil {
			t.Fatal(err)
		}
		var id int64
		if err := conn.QueryRow(t.Context(), sql, from.ID).Scan(&id); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		path = fmt.Sprintf(path, id)
		page := w.ask(http.MethodGet, path, successor, nil)
		if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "địa bàn gốc: Quảng Nam") {
			t.Errorf("%s as Đà Nẵng: %d, or it does not say whose it is", path, page.Code)
		}
		if strings.HasPrefix(path, "/to-chuc/") && !strings.Contains(page.Body.String(), "Hạn mức tem được cấp") {
			t.Errorf("%s shows no quota", path)
		}
		if page := w.ask(http.MethodGet, path, own, nil); page.Code != http.StatusOK || strings.Contains(page.Body.String(), "địa bàn gốc") {
			t.Errorf("%s as Quảng Nam: %d, or it says that it comes from elsewhere", path, page.Code)
		}
	}
}

func TestSuccessorsListsSayWhereEachRowComesFrom(t *testing.T) {
	w := site(t)
	session := w.signIn(t, authz.DOSTAdmin, "da-nang")
	rows := func(path string) int {
		page := w.ask(http.MethodGet, path, session, nil)
		if page.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, page.Code)
		}
		return len(regexp.MustCompile(`<tr`).FindAllString(page.Body.String(), -1)) - 1
	}
	for _, list := range []string{"/to-chuc", "/san-pham", "/danh-muc", "/ke-hoach"} {
		if page := w.ask(http.MethodGet, list, session, nil).Body.String(); !strings.Contains(page, "Địa bàn gốc") || !strings.Contains(page, "Quảng Nam") {
			t.Errorf("%s does not say which rows are Quảng Nam's", list)
		}
	}
	all, da, quang := rows("/to-chuc?goc="), rows("/to-chuc?goc=da-nang"), rows("/to-chuc?goc=quang-nam")
	if all != da+quang || da == 0 || quang == 0 {
		t.Errorf("%d organizations; %d of Đà Nẵng and %d of Quảng Nam", all, da, quang)
	}
	for path, want := range map[string]int{"/to-chuc?goc=nghe-an": 404, "/to-chuc?goc=%00": 422, "/to-chuc?goc=khong-co": 404, "/chi-tieu/organizations?goc=quang-nam": 200} {
		if got := w.ask(http.MethodGet, path, session, nil).Code; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
	nghean := w.signIn(t, authz.DOSTAdmin, "nghe-an")
	if page := w.ask(http.MethodGet, "/to-chuc", nghean, nil).Body.String(); strings.Contains(page, "Địa bàn gốc") {
		t.Error("a province without predecessors shows where rows come from")
	}
	if got := w.ask(http.MethodGet, "/to-chuc?goc=quang-nam", nghean, nil).Code; got != http.StatusNotFound {
		t.Errorf("another province's origin: %d, want 404", got)
	}
}
