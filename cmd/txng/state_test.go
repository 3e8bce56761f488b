package main

import (
	"regexp"
	"strings"
	"testing"

	"txng/tenant/tenanttest"
)

// TestStateAndCessionsChangeByCommandAsOnThePages: suspended, resumed, archived and opened again, communes given and taken
// back, each with its reason in the audits that the pages write to.
func TestStateAndCessionsChangeByCommandAsOnThePages(t *testing.T) {
	c := migrated(t)
	t.Setenv("TXNG_DATABASE_URL", c.URL)
	t.Setenv("TXNG_SECRET", "dHhuZyB0ZXN0IHNlY3JldCwgMzIgYnl0ZXMgb3IgbW9yZQ==")
	for code, email := range map[string]string{"40": "lan@nghean.test", "48": "hai@danang.test"} {
		if exit, said := command(t, "tenant", "create", "--province", code, "--name", "Nguyễn Thị Lan", "--email", email, "--password", "mật khẩu dài"); exit != 0 {
			t.Fatal(said)
		}
	}
	state := func(args ...string) []string {
		return append([]string{"tenant", "state", "--slug", "nghe-an"}, args...)
	}
	cede := func(args ...string) []string {
		return append([]string{"tenant", "cede", "--from", "nghe-an"}, args...)
	}
	give := func(commune string) []string {
		return cede("--into", "da-nang", "--units", commune, "--effective", "2026-07-01", "--basis", "NQ 1/2026/QH16")
	}
	const reason = "công văn số 12/UBND"
	for _, step := range []struct {
		args []string
		code int
		says string
	}{
		{state(), 0, "Nghệ An (nghe-an): Đang vận hành.\n  --to suspended  Tạm dừng:"},
		{state("--to", "archived", "--reason", reason), 1, `--to: Nghệ An đang ở trạng thái “Đang vận hành”, không chuyển sang "archived" được; chọn suspended (tạm dừng).`},
		{state("--to", "merged", "--reason", reason), 1, `không chuyển sang "merged" được`},
		{state("--to", "suspended"), 1, "--reason: Nêu lý do, từ 10 đến 500 ký tự."},
		{state("--to", "suspended", "--reason", reason), 0, "đã chuyển từ “Đang vận hành” sang “Tạm dừng”"},
		{state("--to", "suspended", "--reason", reason), 1, "chọn active (vận hành lại) hoặc archived (lưu trữ)."},
		{give("Xã Kim Liên"), 1, "Nghệ An đang tạm dừng; hãy cho vận hành lại trước khi chuyển xã, phường."},
		{state("--to", "archived", "--reason", reason), 0, "sang “Lưu trữ”"},
		{give("Xã Kim Liên"), 1, "Nghệ An đã lưu trữ, không chuyển xã, phường được."},
		{[]string{"tenant", "merge", "--from", "da-nang", "--into", "nghe-an", "--effective", "2026-07-01", "--basis", "NQ 1/2026"}, 1, "Nghệ An đã lưu trữ, không sáp nhập được."},
		{state("--to", "suspended", "--reason", reason), 0, "sang “Tạm dừng”"},
		{state("--to", "active", "--reason", reason), 0, "sang “Đang vận hành”"},
		{[]string{"tenant", "list"}, 0, "Đang vận hành"},
		{cede("--list"), 0, "không có lần chuyển"},
		{give("Xã Kim Liên"), 0, "Đã ghi nhận chuyển 1"},
		{cede("--list"), 0, "Xã Kim Liên"},
		{cede("--undo", "--reason", "ngắn"), 1, "--reason: Nêu lý do"},
		{give("Xã Vạn An"), 0, "Đã ghi nhận chuyển 1"},
		{cede("--undo", "--reason", reason), 1, "--part: Nghệ An có 2 lần chuyển"},
	} {
		if code, said := command(t, step.args...); code != step.code || !strings.Contains(said, step.says) {
			t.Errorf("%q: %d %q, want %d and %q", step.args, code, said, step.code, step.says)
		}
	}
	_, listed := command(t, cede("--list")...)
	number := regexp.MustCompile(`(?m)^(\d+) .*Xã Kim Liên$`).FindStringSubmatch(listed)
	if number == nil {
		t.Fatalf("no number of a cession in\n%s", listed)
	}
	for _, step := range []struct {
		args []string
		code int
		says string
	}{
		{cede("--undo", "--part", number[1], "--reason", reason), 0, "trở lại Nghệ An"},
		{cede("--undo", "--part", number[1], "--reason", reason), 1, "hoặc đã hủy"},
		{cede("--undo", "--reason", reason), 0, "trở lại Nghệ An"}, // the only one that is left
		{cede("--undo", "--reason", reason), 1, "không có lần chuyển xã, phường nào để hủy"},
	} {
		if code, said := command(t, step.args...); code != step.code || !strings.Contains(said, step.says) {
			t.Errorf("%q: %d %q, want %d and %q", step.args, code, said, step.code, step.says)
		}
	}
	conn := (&tenanttest.Env{Config: c}).Owner(t)
	for action, want := range map[string]string{
		"tenant.state":   "nghe-an 4, platform 4", // four steps were made
		"tenant.cede":    "da-nang 2, nghe-an 2",
		"tenant.reclaim": "da-nang 2, nghe-an 2",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), `
			select coalesce(string_agg(slug || ' ' || lines, ', ' order by slug), '')
			from (
				select coalesce(t.slug, 'platform') as slug, count(*) as lines
				from audit.entry e
				left join tenant.tenant t on t.id = e.tenant_id
				where e.action = $1 and e.who = 'Dòng lệnh txng'
				group by 1
			) counted`, action).Scan(&got); err != nil || got != want {
			t.Errorf("%s in the audits: %q, %v, want %q", action, got, err, want)
		}
	}
}
