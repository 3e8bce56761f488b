package stamps

import (
	"errors"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/internal/address"
	"txng/modules/internal/label"
	"txng/modules/trace/tracetest"
	"txng/tenant/fault"
)

func TestLabelPrintsTheFormerAddressUntil30June2027Only(t *testing.T) {
	t.Parallel()
	const today, former = "16690@2025-07-01", "17971@0001-01-01"
	const printed = "xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An"
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	lastMoment, after := time.Date(2027, 6, 30, 16, 59, 59, 0, time.UTC), time.Date(2027, 6, 30, 17, 0, 0, 0, time.UTC)
	both := address.Of("Xóm 5", today, printed, former, now)
	none := address.Of("Xóm 5", today, "", "", now)
	for name, c := range map[string]struct {
		which string
		of    address.Both
		sheet label.Sheet
		at    time.Time
		want  string
		says  string
	}{
		"none":                      {"", both, label.A4x24, now, "", ""},
		"today":                     {"nay", both, label.A4x24, now, both.Today, ""},
		"former":                    {"cu", both, label.A4x24, now, printed, ""},
		"former, last moment":       {"cu", both, label.A4x24, lastMoment, printed, ""},
		"former, a second later":    {"cu", both, label.A4x24, after, "", "đến hết 30/6/2027 (Nghị định 37/2026/NĐ-CP, Điều 98 khoản 5)"},
		"today, after that":         {"nay", both, label.A4x24, after, both.Today, ""},
		"former, there is none":     {"cu", none, label.A4x24, now, "", "không có địa chỉ cũ"},
		"on a small label":          {"nay", both, label.A4x65, now, "", "nhỏ quá"},
		"former, on a small label":  {"cu", both, label.A4x65, now, "", "nhỏ quá"},
		"none, on a small label":    {"", both, label.A4x65, now, "", ""},
		"unknown choice":            {"khac", both, label.A4x24, now, "", "trong danh sách"},
		"no address at all":         {"nay", address.Both{}, label.A4x24, now, "", "chưa khai địa chỉ"},
		"today's is not known well": {"nay", address.Of("Thôn 1", "20443@0001-01-01", "", "", now), label.A4x24, now, "", "Chưa rõ xã, phường hiện nay"},
	} {
		got, err := addressOf(c.which, c.of, c.sheet, c.at)
		var wrong fault.Invalid
		if got != c.want || (err == nil) != (c.says == "") || err != nil && (!errors.As(err, &wrong) || !strings.Contains(wrong.Of("dia-chi"), c.says)) {
			t.Errorf("%s: %q, %v; want %q, %q", name, got, err, c.want, c.says)
		}
	}
	for at, want := range map[time.Time]int{now: 3, after: 2} {
		if got := addressOptions(both, at); len(got) != want {
			t.Errorf("at %s the form offers %d, want %d", at, len(got), want)
		}
	}
}

func TestWhoPrintsChoosesTheAddress(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, routes(keysOf(t, 1, 1)))
	o := ordered(t, w, 50, "address")
	owner := site.SignIn(t, authz.OrgOwner)
	const printed = "xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An"
	if _, err := w.Env.Owner(t).Exec(t.Context(), `
		update organization.organization
		set address = 'Xóm 5', unit = '16690@2025-07-01', printed_address = $2, printed_unit = '17971@0001-01-01'
		where id = $1`, w.Org, printed); err != nil {
		t.Fatal(err)
	}
	path := Ref{Number: o.Number}.Path()
	page := html.UnescapeString(site.Get(t, owner, path).Body)
	for _, want := range []string{"Không in địa chỉ", "Địa chỉ hiện nay: Xóm 5", "Địa chỉ cũ (dùng đến hết 30/6/2027): " + printed} {
		if !strings.Contains(page, want) {
			t.Errorf("the order's page lacks %q", want)
		}
	}
	sizes := map[string]int{}
	for _, which := range []string{"", "nay", "cu"} {
		got := site.Get(t, owner, path+"/nhan.pdf?"+url.Values{"tu": {"1"}, "den": {"24"}, "kho": {"24"}, "dia-chi": {which}}.Encode())
		if got.Status != 200 || !strings.HasPrefix(got.Body, "%PDF") {
			t.Fatalf("address %q: %d", which, got.Status)
		}
		sizes[which] = len(got.Body)
	}
	if sizes[""] >= sizes["nay"] || sizes[""] >= sizes["cu"] {
		t.Errorf("the files hold %v bytes: an address prints nothing", sizes)
	}
	if got := site.Get(t, owner, path+"/nhan.pdf?tu=1&den=24&kho=65&dia-chi=cu"); got.Status != 422 || !strings.Contains(got.Body, "nhỏ quá") {
		t.Errorf("on a small label: %d, want 422", got.Status)
	}
	var lines int
	if err := w.Env.Owner(t).QueryRow(t.Context(), "select count(*) from audit.entry where tenant_id = $1 and action = 'stamp.print' and what ^@ 'Tải nhãn' and what like '%in địa chỉ: xóm 5, xã Kim Liên%'", w.Tenant.ID).Scan(&lines); err != nil || lines != 1 {
		t.Errorf("%d downloads with the former address in the audit, %v; want 1", lines, err)
	}
	if _, err := w.Env.Owner(t).Exec(t.Context(), "update organization.organization set printed_address = $2 where id = $1", w.Org, strings.Repeat("xóm dài ", 36)); err != nil {
		t.Fatal(err)
	}
	if got := site.Get(t, owner, path+"/nhan.pdf?tu=1&den=24&kho=24&dia-chi=cu"); got.Status != 422 || !strings.Contains(got.Body, "không in hết được") {
		t.Errorf("an address that does not fit: %d, want 422", got.Status)
	}
}
