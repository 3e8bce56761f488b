package main

import (
	"strings"
	"testing"

	"txng/authz"
	"txng/modules/journal"
	"txng/modules/onboarding"
	"txng/tenant"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

func TestAuditVerifyFindsATamperedTenantAndFails(t *testing.T) {
	e := tenanttest.New(t)
	t.Setenv("TXNG_DATABASE_URL", e.Config.URL)
	t.Setenv("TXNG_SECRET", "dHhuZyB0ZXN0IHNlY3JldCwgMzIgYnl0ZXMgb3IgbW9yZQ==")
	made := onboard(t, e, "40", "vinh-test")
	other := onboard(t, e, "79", "sai-gon-test")
	if err := journal.SealAll(t.Context(), e.DB); err != nil {
		t.Fatal(err)
	}
	code, text := command(t, "audit", "verify")
	if code != 0 || strings.Count(text, "nguyên vẹn") < 3 || !strings.Contains(text, "vinh-test") {
		t.Errorf("untouched: %d\n%s\nwant 0 and a line for each tenant", code, text)
	}
	tag, err := e.Owner(t).Exec(t.Context(), "update audit.entry set what = 'Không có gì' where tenant_id = $1", made.ID)
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%d rows, %v", tag.RowsAffected(), err)
	}
	for _, args := range [][]string{{"audit", "verify"}, {"audit", "verify", "--tenant", made.Slug}} {
		if code, text := command(t, args...); code != 1 || !strings.Contains(text, "(vinh-test): 1 dấu hiệu bị can thiệp") || !strings.Contains(text, "Bị sửa: dòng ") {
			t.Errorf("%v after tampering: %d\n%s\nwant 1 and the line named", args, code, text)
		}
	}
	if code, text := command(t, "audit", "verify", "--tenant", other.Slug); code != 0 || strings.Contains(text, "vinh-test") || !strings.Contains(text, "nguyên vẹn; 1 dòng đã niêm phong") {
		t.Errorf("the other tenant: %d\n%s", code, text)
	}
	if tag, err := e.Owner(t).Exec(t.Context(), "delete from audit.entry where tenant_id = 0 and id = (select min(entry_id) from audit.seal where tenant_id = 0)"); err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("%d rows of the platform's own, %v", tag.RowsAffected(), err)
	}
	if code, text := command(t, "audit", "verify"); code != 1 || !strings.Contains(text, "Toàn hệ thống (cấp trên các tỉnh): 1 dấu hiệu bị can thiệp") || !strings.Contains(text, "Mất dòng: ") {
		t.Errorf("the platform's own after tampering: %d\n%s\nwant 1 and the line named", code, text)
	}
	if code, text := command(t, "audit", "verify", "--tenant", "atlantis"); code != 1 || !strings.Contains(text, "Không có tỉnh") {
		t.Errorf("a tenant that is unknown: %d %s", code, text)
	}
}

// onboard makes a tenant with one line in its audit.
func onboard(t *testing.T, e *tenanttest.Env, code unit.Code, slug string) tenant.Tenant {
	t.Helper()
	env := &environment{Context: t.Context()}
	made, err := draft(env, e.DB, code, e.DB.Now(), slug)
	if err != nil {
		t.Fatal(err)
	}
	started, err := onboarding.Onboard(t.Context(), e.DB, authz.Identity{Name: "Dòng lệnh txng", Role: authz.Operator}, onboarding.Onboarding{
		Tenant: made.ID, Slug: slug, AdminName: "Nguyễn Thị Lan", AdminEmail: slug + "@example.vn", AdminPassword: "mat khau rat dai",
	})
	if err != nil {
		t.Fatal(err)
	}
	return started.Tenant
}
