package archive_test

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"

	"txng/tenant"
	"txng/tenant/archive"
	"txng/tenant/fault"
)

// within changes the first row of a table, or adds the row when the table has none.
func within(t *testing.T, list []entry, table string, values map[string]any) []entry {
	t.Helper()
	name := "tables/" + table + "/000001.jsonl"
	var head archive.Header
	if err := json.Unmarshal(list[0].b, &head); err != nil {
		t.Fatal(err)
	}
	row, rest := map[string]any{}, []byte(nil)
	at := slices.IndexFunc(list, func(e entry) bool { return e.name == name })
	if at < 0 {
		place := slices.IndexFunc(head.Tables, func(of archive.HeaderTable) bool { return of.Name == table })
		at = slices.IndexFunc(list, func(e entry) bool {
			return e.name == "manifest.json" || slices.ContainsFunc(head.Tables[place+1:], func(of archive.HeaderTable) bool {
				return strings.Contains(e.name, "/"+of.Name+"/")
			})
		})
		list = slices.Insert(list, at, entry{name, nil, tar.TypeReg})
	} else {
		end := bytes.IndexByte(list[at].b, '\n')
		if err := json.Unmarshal(list[at].b[:end], &row); err != nil {
			t.Fatal(err)
		}
		rest = list[at].b[end+1:]
	}
	for column, v := range values {
		row[column] = v
	}
	b, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	list[at].b = append(append(b, '\n'), rest...)
	return list
}

// picture is a PNG with a side of so many pixels.
func picture(t *testing.T, side int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withText adds a chunk of text to a PNG, before its end of twelve bytes.
func withText(b []byte, text string) []byte {
	chunk := append([]byte("tEXtComment\x00"), text...)
	whole := binary.BigEndian.AppendUint32(nil, uint32(len(chunk)-4))
	whole = append(whole, chunk...)
	whole = binary.BigEndian.AppendUint32(whole, crc32.ChecksumIEEE(chunk))
	return slices.Concat(b[:len(b)-12], whole, b[len(b)-12:])
}

// TestForgedArchiveSaysNothingThatOnboardingWouldNotTake has somebody who knows the format write into an archive of
// Nghệ An what no form would have let through.
func TestForgedArchiveSaysNothingThatOnboardingWouldNotTake(t *testing.T) {
	s := provinces(t)
	nghean := s.tenant(t, "nghe-an")
	good, _ := export(t, s.db, nghean.ID, archive.Options{})
	c, _ := empty(t)
	conn := owner(t, c)
	const base = "txng.vn"
	take := func(list []entry) error {
		file := forged(t, list)
		if _, _, err := archive.Check(bytes.NewReader(file)); err != nil {
			t.Fatalf("the forgery itself is wrong: %v", err)
		}
		_, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{Base: base})
		return err
	}
	own := func(column string, v any) func([]entry) []entry {
		return func(l []entry) []entry { return within(t, l, "tenant.tenant", map[string]any{column: v}) }
	}
	// named changes the header and the row alike.
	named := func(key, v string) func([]entry) []entry {
		return func(l []entry) []entry {
			var head map[string]any
			if err := json.Unmarshal(l[0].b, &head); err != nil {
				t.Fatal(err)
			}
			head["tenant"].(map[string]any)[key] = v
			l[0].b, _ = json.Marshal(head)
			return own(key, v)(l)
		}
	}
	setting := func(key tenant.Setting, v string) func([]entry) []entry {
		return func(l []entry) []entry {
			return within(t, l, "tenant.setting", map[string]any{"tenant_id": nghean.ID, "key": key, "value": v, "changed_at": "2026-01-01T00:00:00Z"})
		}
	}
	logo := func(b []byte) func([]entry) []entry {
		return func(l []entry) []entry {
			l = slices.DeleteFunc(l, func(e entry) bool { return strings.HasPrefix(e.name, "files/tenant.logo/") })
			return within(t, l, "tenant.logo", map[string]any{"tenant_id": nghean.ID, "digest": tenant.LogoDigest(b), "png": base64.StdEncoding.EncodeToString(b), "changed_at": "2026-01-01T00:00:00Z"})
		}
	}
	small := picture(t, 32)
	draft := map[string]any{"tenant": nghean.ID, "fields": "{}", "logo": nil, "plan": nil, "plan_name": "", "starting": nil, "changed_by": "Kẻ giả", "changed_at": "2026-01-01T00:00:00Z"}
	drafted := func(column string, v any) func([]entry) []entry {
		return func(l []entry) []entry {
			return within(t, within(t, l, "tenant.draft", draft), "tenant.draft", map[string]any{column: v})
		}
	}
	allowance := func(what, amount string) func([]entry) []entry {
		return func(l []entry) []entry {
			return within(t, l, "tenant.allowance", map[string]any{"tenant": nghean.ID, "what": what, "amount": amount, "changed_at": "2026-01-01T00:00:00Z"})
		}
	}
	for name, k := range map[string]struct {
		change func([]entry) []entry
		want   string
	}{
		"the platform's own host":        {own("domain", base), "phải nằm ngoài txng.vn"},
		"another's subdomain":            {own("domain", "da-nang."+base), "phải nằm ngoài txng.vn"},
		"domain in mixed scripts":        {own("domain", "txng.nghеan.gov.vn"), "U+0435"},
		"domain in code":                 {own("domain", "txng.xn--nghan-b2e.vn"), "xn--"},
		"domain in capitals":             {own("domain", "TXNG.nghean.gov.vn"), "chữ thường"},
		"domain with a scheme":           {own("domain", "https://txng.nghean.gov.vn"), "không kèm https://"},
		"domain with a port":             {own("domain", "txng.nghean.gov.vn:8080"), "chữ thường"},
		"domain that is an address":      {own("domain", "10.0.0.1"), "chữ thường"},
		"domain of one label":            {own("domain", "localhost"), "chữ thường"},
		"domain that is too long":        {own("domain", strings.Repeat("a", 64)+".gov.vn"), "chữ thường"},
		"no domain but null":             {own("domain", nil), "giá trị không hợp lệ"},
		"subdomain in mixed scripts":     {named("slug", "nghe-аn"), "U+0430"},
		"subdomain in code":              {named("slug", "xn--nghe-an"), "xn--"},
		"subdomain of the platform":      {named("slug", "www"), "dành riêng"},
		"another province's subdomain":   {named("slug", "da-nang"), "trông giống “da-nang”"},
		"subdomain with look-alikes":     {named("slug", "ha-t1nh"), "trông giống “ha-tinh”"},
		"subdomain with a dot":           {named("slug", "nghe.an"), "chữ thường"},
		"no subdomain":                   {named("slug", ""), "chữ thường"},
		"row with another subdomain":     {own("slug", "nghe-an-2"), "không phải Nghệ An"},
		"row with another name":          {own("name", "Đà Nẵng"), "không phải Nghệ An"},
		"another province's name":        {named("name", "Thành phố Đà Nẵng"), "là tên của tỉnh, thành phố khác"},
		"name in mixed scripts":          {named("name", "Nghệ Аn"), "U+0410"},
		"name that moves the cursor":     {named("name", "Nghệ An\x1b[2J"), "không hiển thị được"},
		"no name":                        {named("name", " "), "để trống"},
		"unit of nothing":                {named("unit", "99@2025-07-01"), "danh mục đơn vị hành chính"},
		"unit of a commune":              {named("unit", "20194@2025-07-01"), "danh mục đơn vị hành chính"},
		"colour that is none":            {own("colour", "red"), "#rrggbb"},
		"colour too pale for white text": {own("colour", "#ffff00"), "khó đọc"},
		"contact that turns text":        {own("contact", "Sở KH&CN \u202e"), "không hiển thị được"},
		"contact that is too long":       {own("contact", strings.Repeat("a", 501)), "tối đa 500"},
		"setting that there is not":      {setting("thang_may", "on"), "Không có thiết lập"},
		"colour setting that is none":    {setting(tenant.Colour, "url(x)"), "#rrggbb"},
		"colour setting too pale":        {setting(tenant.Colour, "#eeeeee"), "khó đọc"},
		"colour setting in capitals":     {setting(tenant.Colour, "#0B5D4E"), "không đúng cách ghi"},
		"quota beyond its bounds":        {setting(tenant.FreeQuota, "99999999"), "1.000.000"},
		"quota that is no number":        {setting(tenant.FreeQuota, "nhiều"), "số nguyên"},
		"toggle that is neither":         {setting(tenant.SelfSignUp, "maybe"), "bật hoặc tắt"},
		"display name of another":        {setting(tenant.DisplayName, "TP Đà Nẵng"), "là tên của tỉnh, thành phố khác"},
		"display name in mixed scripts":  {setting(tenant.DisplayName, "Nghệ Аn"), "U+0410"},
		"display name that is too long":  {setting(tenant.DisplayName, strings.Repeat("a", 61)), "tối đa 60"},
		"logo that is a page":            {logo([]byte("<html><script>alert(1)</script>")), "không phải ảnh PNG"},
		"logo with a page behind it":     {logo(append(slices.Clone(small), "<html>"...)), "không phải ảnh PNG"},
		"logo with text within":          {logo(withText(small, "<script>")), "không phải ảnh PNG"},
		"logo cut off":                   {logo(small[:len(small)-20]), "không phải ảnh PNG"},
		"logo that is too large":         {logo(picture(t, 513)), "quá 512"},
		"logo under another digest": {func(l []entry) []entry {
			return within(t, logo(small)(l), "tenant.logo", map[string]any{"digest": strings.Repeat("0", 32)})
		}, "không khớp"},
		"start that goes on here":     {drafted("starting", `{"Tenant": 1, "AdminEmail": "ke-gia@example.vn", "Invite": true}`), "xuất lại"},
		"draft's logo that is a page": {drafted("logo", base64.StdEncoding.EncodeToString([]byte("<html>"))), "không phải ảnh PNG"},
		"feature that there is not": {func(l []entry) []entry {
			return within(t, l, "tenant.feature", map[string]any{"tenant": nghean.ID, "feature": "thang-may", "enabled": true, "changed_at": "2026-01-01T00:00:00Z"})
		}, "Không có chức năng"},
		"allowance that there is not":     {allowance("thang-may", "5"), "khoảng cho phép"},
		"allowance above what is allowed": {allowance("api", "1000000"), "khoảng cho phép"},
		"allowance that starves":          {allowance("pages", "1"), "khoảng cho phép"},
		"allowance that is no number":     {allowance("pages", "9x"), "khoảng cho phép"},
	} {
		refused(t, name, conn, func() error { return take(k.change(entries(t, good))) }, k.want)
	}

	// The same hands, with what the forms do take.
	list := entries(t, good)
	for _, change := range []func([]entry) []entry{
		named("slug", "nghe-an-txng"), own("domain", "txng.nghean.gov.vn"), own("colour", "#0b5d4e"), own("contact", "Sở KH&CN Nghệ An, 0238.3844.500"),
		setting(tenant.DisplayName, "TXNG Nghệ An"), logo(small), allowance("api", "60000"), drafted("logo", base64.StdEncoding.EncodeToString(small)),
	} {
		list = change(list)
	}
	if err := take(list); err != nil {
		t.Errorf("an archive with nothing wrong: %v", err)
	}
}

// TestImportKeepsEachDomainToItsProvince: what another province here has is a conflict that names it.
func TestImportKeepsEachDomainToItsProvince(t *testing.T) {
	s := provinces(t)
	nghean, danang := s.tenant(t, "nghe-an"), s.tenant(t, "da-nang")
	good, _ := export(t, s.db, nghean.ID, archive.Options{})
	theirs, _ := export(t, s.db, danang.ID, archive.Options{})
	c, db := empty(t)
	conn := owner(t, c)
	if _, err := archive.Import(t.Context(), c, bytes.NewReader(theirs), archive.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "update tenant.tenant set domain = 'txng.danang.gov.vn', slug = 'song-han'"); err != nil {
		t.Fatal(err)
	}
	take := func(slug, domain string) error {
		list := entries(t, good)
		list[0].b = bytes.Replace(list[0].b, []byte(`"nghe-an"`), []byte(`"`+slug+`"`), 1)
		file := forged(t, within(t, list, "tenant.tenant", map[string]any{"slug": slug, "domain": domain}))
		_, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{KeepAccounts: true, Mergers: true})
		return err
	}
	if err := take("nghe-an", "txng.danang.gov.vn"); !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), danang.Name) {
		t.Errorf("the domain of another: %v, want a conflict that names %s", err, danang.Name)
	}
	var wrong fault.Invalid
	if err := take("s0ng-han", ""); !errors.As(err, &wrong) || !strings.Contains(wrong[0].Message, "trông giống “song-han”") {
		t.Errorf("a subdomain like another's: %v, want a sentence that says so", err)
	}
	db.Forget()
	if _, err := db.Tenant(t.Context(), nghean.ID); !errors.Is(err, fault.NotFound) {
		t.Errorf("the province came in all the same (%v)", err)
	}
	if err := take("nghe-an", "txng.nghean.gov.vn"); err != nil {
		t.Errorf("a domain of its own: %v", err)
	}
}
