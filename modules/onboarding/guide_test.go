package onboarding_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/onboarding"
	"txng/modules/plan"
	"txng/modules/trace/tracetest"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// draft registers a province that does not run yet, one that the test has not.
func draft(t *testing.T, w *tracetest.World) tenant.Tenant {
	t.Helper()
	return draftOn(t, w, w.DB.Now(), "")
}

// draftOn is draft for a province of a day, with the end of its subdomain.
func draftOn(t *testing.T, w *tracetest.World, on time.Time, end string) tenant.Tenant {
	t.Helper()
	defer w.DB.Forget()
	var d tenant.Tenant
	for _, p := range slices.Backward(unit.Provinces(on)) { // the worlds take theirs from the front
		err := w.DB.Platform(t.Context(), func(tx tenant.Platform) (err error) {
			d, err = tenant.Register(t.Context(), tx, tenant.New{Province: p.Ref.Code, On: on, Slug: p.Slug + end, State: tenant.Draft})
			return err
		})
		if err == nil {
			return d
		}
	}
	t.Fatal("every province is registered")
	return d
}

// send sends a form with files.
func send(t *testing.T, site *tracetest.Site, session *http.Cookie, path string, texts map[string]string, files map[string][]byte) tracetest.Answer {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, text := range texts {
		_ = m.WriteField(name, text)
	}
	for name, content := range files {
		part, _ := m.CreateFormFile(name, name+".png")
		_, _ = part.Write(content)
	}
	m.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, site.URL+path, &b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.AddCookie(session)
	got, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	body, _ := io.ReadAll(got.Body)
	return tracetest.Answer{Status: got.StatusCode, Header: got.Header, Body: string(body)}
}

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w {
		img.Set(i, i%h, color.RGBA{200, 30, 30, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func started(t *testing.T, w *tracetest.World, id tenant.ID) tenant.State {
	t.Helper()
	w.DB.Forget()
	now, err := w.DB.Tenant(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return now.State
}

func TestGuidedPageKeepsWhatWasTypedAndStartsTheProvince(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, onboarding.Routes)
	session := operator(t, w)
	d := draft(t, w)
	page := "/tinh/" + d.Slug + "/van-hanh?buoc="

	// Wrong, and kept all the same: for the page itself, and for whoever comes back later.
	got := send(t, site, session, page+"2", map[string]string{"colour": "#ffff00", "contact": "Sở KH&amp;CN, 0238"}, map[string][]byte{"logo": picture(t, 900, 600)})
	if got.Status != 422 || !strings.Contains(got.Body, "khó đọc") || !strings.Contains(got.Body, "#ffff00") {
		t.Fatalf("light colour: %d, want 422, the sentence and the colour\n%.300s", got.Status, got.Body)
	}
	if back := site.Get(t, session, page+"2").Body; !strings.Contains(back, "#ffff00") || !strings.Contains(back, "Đã có biểu trưng") {
		t.Error("the draft does not have what was typed and uploaded")
	}
	for step, form := range map[string]url.Values{
		"2": {"colour": {"#0B5D4E"}, "contact": {"0238 3844 500"}, "display_name": {""}, "contact_name": {""}},
		"1": {"slug": {d.Slug}, "domain": {"txng-" + d.Slug + ".gov.vn"}},
		"3": {"free_quota": {"2.500"}, "self_signup": {"off"}, "api_access": {"on"}, "departments": {"SKHCN", "SCT"}},
		"4": {"admin_name": {"Nguyễn Thị Lan"}, "admin_email": {"lan-" + d.Slug + "@example.vn"}},
	} {
		if got := site.Post(t, session, page+step, form); got.Status != 303 {
			t.Fatalf("step %s: %d, want 303\n%.600s", step, got.Status, got.Body)
		}
	}
	review := site.Get(t, session, page+"5").Body
	for _, want := range []string{"2.500", "Sở Công Thương", "Nguyễn Thị Lan", "#0b5d4e", "txng-" + d.Slug + ".gov.vn"} {
		if !strings.Contains(review, want) {
			t.Errorf("the review lacks %q", want)
		}
	}
	if got := started(t, w, d.ID); got != tenant.Draft {
		t.Fatalf("state before the last button: %s", got)
	}
	if got := site.Post(t, session, page+"5", url.Values{}); got.Status != 303 {
		t.Fatalf("start: %d\n%.900s", got.Status, got.Body)
	}
	if got := started(t, w, d.ID); got != tenant.Active {
		t.Fatalf("state after the last button: %s", got)
	}
	now, _ := w.DB.TenantByDomain(t.Context(), "txng-"+d.Slug+".gov.vn")
	if now.Settings.Number(tenant.FreeQuota) != 2500 || now.Settings.On(tenant.SelfSignUp) || now.Colour != "#0b5d4e" || now.Logo == "" {
		t.Errorf("the registry has %+v", now)
	}
	logo := site.Get(t, nil, "/logo/"+d.Slug+"/"+now.Logo)
	config, err := png.DecodeConfig(strings.NewReader(logo.Body))
	if err != nil || config.Width != 512 || logo.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(logo.Header.Get("Cache-Control"), "immutable") || logo.Header.Get("Content-Type") != "image/png" {
		t.Errorf("the logo: %v %v %v", config.Width, err, logo.Header)
	}
	// The back button and a second press do no harm.
	if got := site.Post(t, session, page+"5", url.Values{}); got.Status != 303 {
		t.Errorf("pressed twice: %d, want 303", got.Status)
	}
	if got := site.Get(t, session, page+"3"); got.Status != 303 {
		t.Errorf("back after the start: %d, want 303", got.Status)
	}
}

// TestUploadsOf50MegabytesLoseNothingTyped sends what no page takes to every file field of the module.
func TestUploadsOf50MegabytesLoseNothingTyped(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, onboarding.Routes)
	d := draft(t, w)
	above, admin := operator(t, w), site.SignIn(t, authz.DOSTAdmin)
	for _, c := range []struct {
		session    *http.Cookie
		path, file string
		texts      map[string]string
	}{
		{above, "/tinh/" + d.Slug + "/van-hanh?buoc=2", "logo", map[string]string{"contact": "Gọi 0238 3844 500"}},
		{above, "/tinh/" + d.Slug + "/van-hanh?buoc=4", "plan", map[string]string{"admin_name": "Gọi 0238 3844 500"}},
		{admin, "/cau-hinh", "logo", map[string]string{"contact": "Gọi 0238 3844 500"}},
	} {
		got := send(t, site, c.session, c.path, c.texts, map[string][]byte{c.file: make([]byte, 50<<20)})
		if got.Status != http.StatusRequestEntityTooLarge || !strings.Contains(got.Body, "quá lớn") || !strings.Contains(got.Body, "Gọi 0238 3844 500") {
			t.Errorf("%s %s: %d, want 413, a sentence and what was typed", c.path, c.file, got.Status)
		}
	}
}

func TestLogoIsReadByItsContent(t *testing.T) {
	t.Parallel()
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)
	for name, b := range map[string][]byte{
		"svg": svg, "svg behind a png's head": append([]byte("\x89PNG\r\n\x1a\n"), svg...), "empty": nil, "gif": []byte("GIF89a\x10\x00\x10\x00\x00\x00\x00;"),
		"too small": picture(t, 4, 4), "too wide": picture(t, 4001, 16), "too heavy": append(picture(t, 64, 64), make([]byte, onboarding.MaxLogo)...), "cut off": picture(t, 600, 600)[:900],
	} {
		var wrong fault.Invalid
		if out, err := onboarding.ReadLogo(bytes.NewReader(b)); !errors.As(err, &wrong) || wrong[0].Name != "logo" || out != nil {
			t.Errorf("%s: %v, want a sentence for logo", name, err)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 1000, 500)), nil); err != nil {
		t.Fatal(err)
	}
	out, err := onboarding.ReadLogo(io.MultiReader(&b, strings.NewReader("<script>secret-of-the-file</script>")))
	if err != nil || bytes.Contains(out, []byte("secret-of-the-file")) {
		t.Fatalf("a JPEG with a tail: %v", err)
	}
	if config, err := png.DecodeConfig(bytes.NewReader(out)); err != nil || config.Width != 512 || config.Height != 256 {
		t.Errorf("made anew: %v %v, want a PNG of 512 × 256", config, err)
	}
}

func TestAddressesAndNamesThatMislead(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	site := w.Serve(t, onboarding.Routes)
	session := operator(t, w)
	d := draft(t, w)
	other, _ := w.NewTenant(t)
	taken := "txng." + strings.ReplaceAll(other.Slug, "-", "") + ".gov.vn"
	if _, err := w.Env.Owner(t).Exec(t.Context(), "update tenant.tenant set domain = $2 where id = $1", other.ID, taken); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ slug, domain, says string }{
		{"nghе-an", "", "không phải chữ Latinh"}, // a Cyrillic е
		{"ｎghe-an", "", "không phải chữ Latinh"},
		{"nghệ-an", "", "không phải chữ Latinh"},
		{"xn--ngh-an", "", "xn--"},
		{"www", "", "dành riêng"},
		{"NGHE-AN", "", "chữ thường"},
		{strings.Repeat("a", 41), "", "tối đa 40"},
		{other.Slug, "", "đã có tỉnh khác dùng"},
		{strings.ReplaceAll(other.Slug, "-", "--"), "", "chữ thường"},
		{strings.ReplaceAll(other.Slug, "-", ""), "", "trông giống"},
		{d.Slug, "txng.nghеan.gov.vn", "không phải chữ Latinh"},
		{d.Slug, "xn--abc.vn", "xn--"},
		{d.Slug, "a.txng.test", "ngoài txng.test"},
		{d.Slug, "txng.test", "ngoài txng.test"},
		{d.Slug, "127.0.0.1", "Tên miền chỉ gồm"},
		{d.Slug, "https://a.vn/", "Tên miền chỉ gồm"},
		{d.Slug, strings.Repeat("a", 64) + ".vn", "Tên miền chỉ gồm"},
		{d.Slug, taken, "đã có tỉnh khác dùng"},
		{other.Slug, "xn--abc.vn", "đã có tỉnh khác dùng"},
	} {
		want := 422
		if c.slug == other.Slug && c.domain == "" || c.domain == taken {
			want = 409 // nothing is wrong with what was typed, but another province has it
		}
		got := site.Post(t, session, "/tinh/"+d.Slug+"/van-hanh?buoc=1", url.Values{"slug": {c.slug}, "domain": {c.domain}})
		if !strings.Contains(got.Body, `value="`+c.slug+`"`) || !strings.Contains(got.Body, `value="`+c.domain+`"`) {
			t.Errorf("%q %q: what was typed is gone", c.slug, c.domain)
		}
		if got.Status != want || !strings.Contains(got.Body, c.says) || !strings.Contains(got.Body, `aria-invalid`) {
			t.Errorf("%q %q: %d, want %d and %q at the field", c.slug, c.domain, got.Status, want, c.says)
		}
	}

	// Names that people take for another province's.
	namesake := "Đà Nẵng"
	if d.Name == namesake {
		namesake = "Nghệ An"
	}
	for _, name := range []string{
		namesake, strings.ToUpper(namesake), "Tỉnh " + namesake, "  " + namesake + "  ", norm(namesake),
		strings.Replace(strings.Replace(namesake, "n", "п", 1), "a", "а", 1) + " а", // Cyrillic
		strings.Replace(namesake, "N", "Ｎ", 1),                                      // full width
		namesake + "\u200b", "\u202e" + namesake, namesake + "\u00ad",
	} {
		got := site.Post(t, session, "/tinh/"+d.Slug+"/van-hanh?buoc=2", url.Values{"display_name": {name}, "colour": {"#0b5d4e"}, "contact": {"0238"}, "contact_name": {""}})
		if got.Status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d, want 422", name, got.Status)
		}
	}
	for _, name := range []string{d.Name, "Chương trình truy xuất nguồn gốc " + d.Name, "TXNG 4.0 – " + d.Name + " (OCOP & HTX)"} {
		if got := site.Post(t, session, "/tinh/"+d.Slug+"/van-hanh?buoc=2", url.Values{"display_name": {name}, "colour": {"#0b5d4e"}, "contact": {"0238"}, "contact_name": {""}}); got.Status != http.StatusSeeOther {
			t.Errorf("%q: %d, want 303", name, got.Status)
		}
	}
}

func TestOnboardingIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := tracetest.New(t)
	d := draft(t, w)
	who := authz.Identity{Name: "Người vận hành", Role: authz.Operator}
	file := plan.Programmes()[0].File
	o := onboarding.Onboarding{
		Tenant: d.ID, Slug: d.Slug, AdminName: "Nguyễn Thị Lan", AdminEmail: "lan-" + d.Slug + "@example.vn", AdminPassword: "mat khau dai 10",
		Settings: tenant.Settings{tenant.FreeQuota: "77"}, Plan: &file,
	}
	nothing := func(when string) {
		t.Helper()
		if got := started(t, w, d.ID); got != tenant.Draft {
			t.Errorf("%s: state %s, want draft", when, got)
		}
		scope, err := w.DB.Scope(t.Context(), d.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.DB.View(t.Context(), scope, func(tx tenant.Tx) error {
			n, err := tenant.Value[int64](t.Context(), tx, `
				select (select count(*) from plan.plan where tenant_id = any ($1))
					+ (select count(*) from tenant.setting where tenant_id = any ($1))
					+ (select count(*) from authz.membership where tenant_id = any ($1))
					+ (select count(*) from audit.entry where tenant_id = any ($1))`)
			if err == nil && n != 0 {
				t.Errorf("%s: %d rows were left", when, n)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	broken := o
	bad := file
	bad.Targets = append([]plan.FileTarget{}, file.Targets...)
	if len(bad.Targets) > 0 {
		bad.Targets = append(bad.Targets, bad.Targets[0]) // the same code twice
	}
	broken.Plan = &bad
	if _, err := onboarding.Onboard(t.Context(), w.DB, who, broken); err == nil {
		t.Error("a plan with a target twice was taken")
	}
	nothing("after a plan that cannot be put in")
	wrong := o
	wrong.Settings = tenant.Settings{tenant.FreeQuota: "-1"}
	var fields fault.Invalid
	if _, err := onboarding.Onboard(t.Context(), w.DB, who, wrong); !errors.As(err, &fields) || fields[0].Name != "free_quota" {
		t.Errorf("a quota below zero: %v", err)
	}
	nothing("after a wrong setting")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := onboarding.Onboard(ctx, w.DB, who, o); err == nil {
		t.Error("a request that has gone away succeeded")
	}
	nothing("after a request that has gone away")

	// The province's own rows were written, and then the machine stopped: the next try goes through.
	scope, err := w.DB.Scope(t.Context(), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.In(t, scope, func(tx tenant.Tx) error {
		_, err := plan.Import(t.Context(), tx, who, file)
		return err
	})
	if _, err := onboarding.Onboard(t.Context(), w.DB, who, o); err != nil {
		t.Fatalf("the try after a stop: %v", err)
	}
	if got := started(t, w, d.ID); got != tenant.Active {
		t.Errorf("state %s, want active", got)
	}
	if _, err := onboarding.Onboard(t.Context(), w.DB, who, o); !errors.Is(err, fault.Conflict) {
		t.Errorf("once more: %v, want a conflict", err)
	}
}

func TestRegistrationOfADraftStandsInThePlatformsAuditOnce(t *testing.T) {
	t.Parallel()
	w := tracetest.Alone(t)
	site := w.Serve(t, onboarding.Routes)
	session := operator(t, w)
	d := draft(t, w) // registered without us: no line
	lines := func(of tenant.ID) (n int) {
		t.Helper()
		if err := w.Env.Owner(t).QueryRow(t.Context(), `
			select count(*)
			from audit.entry
			where tenant_id = 0 and action = 'tenant.register' and subject = 'tenant' and subject_id = $1 and after is not null`, of).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, p := range slices.Backward(unit.Provinces(w.DB.Now())) {
		all, err := w.DB.Tenants(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(all, func(x tenant.Tenant) bool { return x.Unit == p.Ref.String() }) {
			continue
		}
		for range 2 { // the second finds the province registered
			if got := site.Post(t, session, "/tinh/moi", url.Values{"unit": {p.Ref.String()}}); got.Status != 303 {
				t.Fatalf("%s: %d", p.Name, got.Status)
			}
		}
		if all, err = w.DB.Tenants(t.Context()); err != nil {
			t.Fatal(err)
		}
		made := all[slices.IndexFunc(all, func(x tenant.Tenant) bool { return x.Unit == p.Ref.String() })]
		if got := lines(made.ID); got != 1 {
			t.Errorf("%s, registered by the page: %d lines in the platform's audit, want 1", p.Name, got)
		}
		break
	}
	if got := lines(d.ID); got != 0 {
		t.Errorf("a province that was there: %d lines", got)
	}
}

// norm writes a name with its marks apart from their letters.
func norm(s string) string {
	return strings.NewReplacer("à", "a\u0300", "ẵ", "a\u0306\u0303", "ệ", "e\u0323\u0302").Replace(s)
}
