package onboarding_test

import (
	"net/url"
	"strconv"
	"strings"
	"testing"

	"txng/authz"
	"txng/billing"
	"txng/modules/internal/web"
	"txng/modules/journal"
	"txng/modules/onboarding"
	"txng/modules/organization"
	"txng/modules/scan"
	"txng/modules/stamps"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/tenanttest"
)

func number(n int64) string { return strconv.FormatInt(n, 10) }

func settingsForm() url.Values {
	return url.Values{
		"display_name": {"Tem thật xứ Nghệ"}, "colour": {"#7a1f1f"}, "contact_name": {"Chi cục TĐC"}, "contact": {"0238 3844 500"},
		"free_quota": {"1.234"}, "self_signup": {"off"}, "api_access": {"on"},
	}
}

func TestSettingsAreCheckedDoSomethingAndAreAudited(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, onboarding.Routes, organization.Routes, journal.Routes)
	session := site.SignIn(t, authz.DOSTAdmin)
	for field, value := range map[string]string{
		"free_quota": "1000001", "colour": "#ffff00", "self_signup": "maybe", "display_name": strings.Repeat("a", 61), "contact": "xin\u202echào",
	} {
		form := settingsForm()
		form.Set(field, value)
		if got := site.Post(t, session, "/cau-hinh", form); got.Status != 422 || !strings.Contains(got.Body, "Chi cục TĐC") {
			t.Errorf("%s %q: %d, want 422 with the rest as typed", field, value, got.Status)
		}
	}
	if got := site.Post(t, session, "/cau-hinh", settingsForm()); got.Status != 303 {
		t.Fatalf("settings: %d %.500s", got.Status, got.Body)
	}
	w.DB.Forget()
	page := site.Get(t, session, "/cau-hinh").Body
	for _, want := range []string{"Tem thật xứ Nghệ", "--txng-primary:#7a1f1f", `value="1.234"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	closed := site.Get(t, nil, "/dang-ky?tinh="+w.Tenant.Slug).Body
	if !strings.Contains(closed, "không nhận") || !strings.Contains(closed, "Chi cục TĐC: 0238 3844 500") || strings.Contains(closed, "Gửi hồ sơ đăng ký") {
		t.Error("the public page does not say that self sign-up is closed, or by whom")
	}
	if got := site.Post(t, nil, "/dang-ky", url.Values{"tinh": {w.Tenant.Slug}, "name": {"HTX"}}); got.Status != 403 || !strings.Contains(got.Body, "không nhận đăng ký") {
		t.Errorf("signing up where it is closed: %d, want 403", got.Status)
	}
	var before, after string
	w.In(t, w.Scope, func(tx tenant.Tx) error {
		row, err := tenant.One[struct{ What, Before, After string }](t.Context(), tx, `
			select what, before::text, after::text
			from audit.entry
			where tenant_id = any ($1) and action = 'tenant.settings'`)
		before, after = row.Before, row.After
		if !strings.Contains(row.What, "Số tem miễn phí khi duyệt: 10.000 → 1.234") || !strings.Contains(row.What, "tự đăng ký: bật → tắt") {
			t.Errorf("the audit says %q", row.What)
		}
		return err
	})
	if !strings.Contains(before, `"10.000"`) || !strings.Contains(after, `"1.234"`) {
		t.Errorf("before %s after %s", before, after)
	}
	if got := site.Get(t, site.SignIn(t, authz.DOSTOfficer), "/cau-hinh"); got.Status != 403 {
		t.Errorf("settings for an officer: %d, want 403", got.Status)
	}
}

func TestApprovalGrantsTheProvincesQuotaAndAnOddOneCountsAsTheDefault(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]int64{"1234": 1234, "0": 0, "-5": 10_000, "99999999999999999999": 10_000, "nhiều": 10_000} {
		w := tracetest.New(t)
		var granted, balance int64
		w.In(t, w.Scope, func(tx tenant.Tx) error {
			if err := tenant.Decide(t.Context(), tx, tenant.FreeQuota, stored); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), "update organization.organization set state = 'pending' where tenant_id = $1 and id = $2", w.Org); err != nil {
				return err
			}
			was, err := billing.BalanceOf(t.Context(), tx, w.Org)
			if err != nil {
				return err
			}
			if granted, err = organization.Approve(t.Context(), tx, w.Officer, w.Org); err != nil {
				return err
			}
			is, err := billing.BalanceOf(t.Context(), tx, w.Org)
			balance = is.Granted - was.Granted
			return err
		})
		if granted != want || balance != want {
			t.Errorf("setting %q: granted %d, balance %d, want %d", stored, granted, balance, want)
		}
	}
}

func TestFeatureSwitchedOffIsGoneAndItsDataStay(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	other, _ := w.NewTenant(t)
	keys, err := stamps.KeysOf(tenanttest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	site := w.Serve(t, onboarding.Routes, organization.Routes, func(a *web.App) { scan.Routes(a, keys, scan.NewRecorder(w.DB, a.Log)) })
	admin, op := site.SignIn(t, authz.DOSTAdmin), operator(t, w)
	if got := site.Get(t, admin, "/luot-quet"); got.Status != 200 || !strings.Contains(got.Body, `href="/luot-quet"`) {
		t.Fatalf("before: %d", got.Status)
	}
	form := url.Values{"label-pdf": {"on"}, "api": {"on"}, "scan-statistics": {"off"}, "member-import": {"on"}}
	if got := site.Post(t, op, "/tinh/"+w.Tenant.Slug+"/tinh-nang", form); got.Status != 303 {
		t.Fatalf("switch: %d %.300s", got.Status, got.Body)
	}
	if got := site.Get(t, admin, "/luot-quet"); got.Status != 403 || !strings.Contains(got.Body, "Thống kê lượt quét") || !strings.Contains(got.Body, "đang tắt") {
		t.Errorf("switched off: %d, want 403 and a sentence", got.Status)
	}
	if got := site.Get(t, admin, "/to-chuc").Body; strings.Contains(got, `href="/luot-quet"`) {
		t.Error("the menu still leads there")
	}
	if now, _ := w.DB.Tenant(t.Context(), other.ID); !now.Has(tenant.ScanStatistics) {
		t.Error("another tenant has lost the feature, too")
	}
	form.Set("scan-statistics", "on")
	site.Post(t, op, "/tinh/"+w.Tenant.Slug+"/tinh-nang", form)
	if got := site.Get(t, admin, "/luot-quet"); got.Status != 200 {
		t.Errorf("switched on again: %d, want 200", got.Status)
	}
	form.Set("api", "")
	if got := site.Post(t, op, "/tinh/"+w.Tenant.Slug+"/tinh-nang", form); got.Status != 422 {
		t.Errorf("neither on nor off: %d, want 422", got.Status)
	}
}

func TestEverySettingHasADefaultWithinItsBounds(t *testing.T) {
	t.Parallel()
	for _, spec := range tenant.Specs {
		var wrong fault.Invalid
		if got := spec.Check(&wrong, spec.Default); got != spec.Default || wrong != nil {
			t.Errorf("%s: the default %q is %v", spec.Key, spec.Default, wrong)
		}
	}
}

func TestLogoIsRemovedAfterAQuestionAndOnce(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, onboarding.Routes, journal.Routes)
	session := site.SignIn(t, authz.DOSTAdmin)
	const path = "/cau-hinh/bieu-trung"
	if got := site.Get(t, session, path); got.Status != 303 {
		t.Errorf("without a picture: %d, want 303", got.Status)
	}
	if got := send(t, site, session, "/cau-hinh", nil, map[string][]byte{"logo": picture(t, 64, 64)}); got.Status != 303 {
		t.Fatalf("upload: %d", got.Status)
	}
	w.DB.Forget()
	now, err := w.DB.Tenant(t.Context(), w.Tenant.ID)
	if err != nil || now.Logo == "" {
		t.Fatalf("logo %q, %v", now.Logo, err)
	}
	if page := site.Get(t, session, "/cau-hinh").Body; !strings.Contains(page, `href="`+path+`"`) {
		t.Error("the settings do not lead to the removal")
	}
	if page := site.Get(t, session, path); page.Status != 200 || !strings.Contains(page.Body, "/logo/"+w.Tenant.Slug+"/"+now.Logo) || !strings.Contains(page.Body, "Giữ lại") {
		t.Errorf("the question: %d", page.Status)
	}
	if after, _ := w.DB.Tenant(t.Context(), w.Tenant.ID); after.Logo == "" {
		t.Error("the question has removed it already")
	}
	if got := site.Post(t, site.SignIn(t, authz.DOSTOfficer), path, url.Values{}); got.Status != 403 {
		t.Errorf("an officer: %d, want 403", got.Status)
	}
	for range 2 { // pressed twice
		if got := site.Post(t, session, path, url.Values{}); got.Status != 303 {
			t.Fatalf("remove: %d %.300s", got.Status, got.Body)
		}
	}
	w.DB.Forget()
	if after, err := w.DB.Tenant(t.Context(), w.Tenant.ID); err != nil || after.Logo != "" {
		t.Errorf("afterwards: logo %q, %v", after.Logo, err)
	}
	if got := site.Get(t, nil, "/logo/"+w.Tenant.Slug+"/"+now.Logo); got.Status != 404 {
		t.Errorf("the picture's address: %d, want 404", got.Status)
	}
	var lines int
	var before, after string
	if err := w.Env.Owner(t).QueryRow(t.Context(), `
		select count(*), min(before::text), min(after::text)
		from audit.entry
		where tenant_id = $1 and action = 'tenant.settings' and what = 'Gỡ biểu trưng'`, w.Tenant.ID).Scan(&lines, &before, &after); err != nil {
		t.Fatal(err)
	}
	if lines != 1 || !strings.Contains(before, now.Logo) || strings.Contains(after, now.Logo) || !strings.Contains(after, "Biểu trưng") {
		t.Errorf("the audit has %d lines, before %s after %s", lines, before, after)
	}
}
