package main

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"txng/tenant"
	"txng/tenant/tenanttest"
	"txng/tenant/unit"
)

// TestAReformIsPreviewedThenImported runs `txng units` on a database of its own.
func TestAReformIsPreviewedThenImported(t *testing.T) {
	c := tenanttest.Empty(t)
	if err := tenant.Migrate(t.Context(), c, -1); err != nil {
		t.Fatal(err)
	}
	communes := unit.Communes(unit.Ref{Code: "40", From: unit.Reorganized}, time.Now())
	a, b := communes[0], communes[1]
	reform := unit.Reform{
		Format: unit.ReformFormat, Resolution: "Nghị quyết giả định số 9", Effective: "2027-01-01",
		Ended:   []unit.Ended{{Code: a.Ref.Code}, {Code: b.Ref.Code}},
		Created: []unit.Created{{Code: a.Ref.Code, Kind: "Phường", Name: "Sông Lam", Parent: "40"}},
		Changed: []unit.Changed{{Code: "40", Kind: "Thành phố"}},
		Links:   []unit.Passing{{From: a.Ref.Code, To: a.Ref.Code}, {From: b.Ref.Code, To: a.Ref.Code}},
	}
	write := func(r unit.Reform) string {
		path := filepath.Join(t.TempDir(), "nghi-quyet.json")
		if err := os.WriteFile(path, r.Text(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file := write(reform)
	at := []string{"--database-url", c.URL, "--secret", base64.StdEncoding.EncodeToString(tenanttest.Secret)}
	wrong := reform
	wrong.Links = wrong.Links[:1]
	changed := reform
	changed.Changed = nil
	for _, step := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"import", file}, 0, []string{"hiệu lực từ 01/01/2027", "Chấm dứt 2 đơn vị", "+ " + string(a.Ref.Code) + " Phường Sông Lam, thành phố Nghệ An", "~ 40 Tỉnh Nghệ An → 40 Thành phố Nghệ An", "chưa ghi gì"}},
		{[]string{"import", "--dry-run", file}, 0, []string{"chưa ghi gì"}},
		{[]string{"import", write(wrong)}, 1, []string{"chấm dứt mà không ghi đơn vị tiếp nhận"}},
		{[]string{"import", "--apply", file}, 0, []string{"Đã ghi"}},
		{[]string{"import", "--apply", file}, 0, []string{"không có gì để làm"}},
		{[]string{"import", "--apply", write(changed)}, 1, []string{"đã nhập với nội dung khác"}},
		{[]string{"list"}, 0, []string{"01/7/2025", "30/4/2026", "01/01/2027", "Nghị quyết giả định số 9", "kèm chương trình"}},
		{[]string{"export", "--on", "2027-01-01", "--resolution", "Nghị quyết giả định số 9"}, 0, []string{string(reform.Text())}},
		{[]string{"export", "--on", "2026-04-30"}, 0, []string{`"Thành phố"`}},
		{[]string{"export", "--on", "hôm nay"}, 1, []string{"2027-01-01"}},
	} {
		code, text := command(t, append(append([]string{"units"}, step.args...), at...)...)
		for _, says := range step.says {
			if code != step.code || !strings.Contains(text, says) {
				t.Errorf("units %v: %d, want %d with %q\n%.1500s", step.args, code, step.code, says, text)
			}
		}
	}
	var noted []string
	if err := (&tenanttest.Env{Config: c}).Owner(t).QueryRow(t.Context(), "select array_agg(what) from audit.entry where tenant_id = 0 and action = 'units.import'").Scan(&noted); err != nil {
		t.Fatal(err)
	}
	if len(noted) != 1 || !strings.Contains(noted[0], "Nghị quyết giả định số 9, hiệu lực 2027-01-01: chấm dứt 2") {
		t.Errorf("the platform's audit says %q, want one line of what was written", noted)
	}
}
