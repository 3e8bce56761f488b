package onboarding

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/fault"
)

// The steps of the guided page.
const (
	stepAddress = iota + 1
	stepFace
	stepSettings
	stepAdmin
	stepReview
)

// guideStep is one step of the guided page, with the fields that it asks for. The field of a setting has its key.
type guideStep struct {
	name, purpose string
	fields        []string
}

var guideSteps = []guideStep{
	{"Địa chỉ", "Tên miền con đã có chứng chỉ của hệ thống. Tên miền riêng (nếu có) cần trỏ DNS và chứng chỉ do đơn vị vận hành cài đặt.", []string{"slug", "domain"}},
	{"Nhận diện", "Tên, biểu trưng, màu và đầu mối mà cán bộ và người dân nhìn thấy.", []string{"display_name", "colour", "contact_name", "contact"}},
	{"Hạn mức và phối hợp", "Đổi lại được bất cứ lúc nào ở mục Thiết lập của tỉnh.", []string{"free_quota", "self_signup", "api_access", "departments"}},
	{"Quản trị và kế hoạch", "Quản trị nhận thư mời và tự đặt mật khẩu. Kế hoạch có thể nhập sau.", []string{"admin_name", "admin_email"}},
	{"Xem lại", "Chưa có gì thay đổi với tỉnh cho đến khi bấm nút cuối trang.", nil},
}

// stepOf returns the step that a field is asked in.
func stepOf(field string) int {
	switch field {
	case "logo":
		return stepFace
	case "plan":
		return stepAdmin
	}
	for i, s := range guideSteps {
		if slices.Contains(s.fields, field) {
			return i + 1
		}
	}
	return stepReview
}

// guidePath returns the address of a step.
func guidePath(t tenant.Tenant, step int) string {
	return "/tinh/" + t.Slug + "/van-hanh?buoc=" + strconv.Itoa(step)
}

func askedStep(q *web.Request) int {
	text := q.URL.Query().Get("buoc")
	if text == "" {
		text = q.Value("buoc") // a form that has waited for its person to sign in again
	}
	n, _ := strconv.Atoi(text)
	return min(max(n, stepAddress), stepReview)
}

// guide is the guided page of one province.
type guide struct {
	t      tenant.Tenant
	filled tenant.Filled
	base   string // the platform's host
}

func (g guide) value(name string) string {
	if v, ok := g.filled.Fields[name]; ok {
		return strings.TrimSpace(strings.Join(v, ","))
	}
	switch name {
	case "slug":
		return g.t.Slug
	case "domain":
		return g.t.Domain
	case "colour":
		return g.t.Colour
	case "contact":
		return g.t.Contact
	case "departments":
		return strings.Join(usualDepartments, ",")
	}
	return tenant.Settings{}.Value(tenant.Setting(name))
}

// onboarding returns what has been filled in as it would start, and what is wrong with it, by field.
func (g guide) onboarding(ctx context.Context, tx tenant.Platform) (Onboarding, fault.Invalid, error) {
	var wrong fault.Invalid
	o := Onboarding{
		Tenant: g.t.ID, Slug: g.value("slug"), Domain: strings.ToLower(g.value("domain")), Base: g.base, Colour: strings.ToLower(g.value("colour")),
		Contact: g.value("contact"), Logo: g.filled.Logo, AdminName: g.value("admin_name"), AdminEmail: g.value("admin_email"),
		Settings: tenant.Settings{},
	}
	for _, key := range []tenant.Setting{tenant.DisplayName, tenant.ContactName, tenant.FreeQuota, tenant.SelfSignUp, tenant.APIAccess} {
		o.Settings[key] = g.value(string(key))
	}
	o.Settings[tenant.Departments] = joinDepartments(&wrong, strings.Split(g.value("departments"), ","))
	if err := collect(&wrong, tenant.CheckAddress(ctx, tx, g.t, o.Slug, o.Domain, o.Base)); err != nil {
		return o, nil, err
	}
	checked, _, err := o.check()
	if err := collect(&wrong, err); err != nil {
		return o, nil, err
	}
	if spec, _ := tenant.SpecOf(tenant.Contact); true {
		spec.Check(&wrong, o.Contact)
	}
	tenant.CheckName(&wrong, string(tenant.DisplayName), g.t, o.Settings[tenant.DisplayName], tx.Now())
	if o.AdminName == "" {
		wrong.Add("admin_name", "Nhập họ tên của quản trị đầu tiên.")
	}
	if err := collect(&wrong, g.readPlan(&checked)); err != nil {
		return o, nil, err
	}
	if wrong != nil {
		return o, wrong, nil
	}
	return checked, nil, nil
}

// readPlan reads the uploaded plan, if there is one.
func (g guide) readPlan(o *Onboarding) error {
	if g.filled.Plan == nil {
		return nil
	}
	file, err := plan.ReadFile(g.filled.PlanName, bytes.NewReader(g.filled.Plan))
	var places plan.Errors
	if errors.As(err, &places) {
		var wrong fault.Invalid
		for _, e := range places {
			wrong.Add("plan", "%s: %s", e.Place, e.Message)
		}
		return wrong
	}
	o.Plan = &file
	return err
}

// openGuide returns the guided page of the province that the address names, while it is a draft.
func openGuide(q *web.Request, tx tenant.Platform) (guide, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return guide{}, err
	}
	filled, err := tenant.FilledFor(q.Context(), tx, t.ID)
	return guide{t, filled, q.App().Base.Hostname()}, err
}

func showGuide(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	g, err := openGuide(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	if g.t.State != tenant.Draft {
		return web.See("/tinh/" + g.t.Slug), nil
	}
	if q.URL.Query().Has("logo") && g.filled.Logo != nil {
		return web.Bytes("image/png", g.filled.Logo), nil
	}
	step := askedStep(q)
	v := guideView{g: g, step: step}
	if step == stepReview {
		o, wrong, err := g.onboarding(q.Context(), tx)
		if err != nil {
			return web.Answer{}, err
		}
		if q.Wrong == nil {
			q.Wrong = wrong
		}
		v.review, v.wrong = g.review(o), q.Wrong
	} else {
		v.fields, v.wrong = g.fields(q, step), q.Wrong
	}
	shell := q.Shell("Đưa "+g.t.Name+" vào vận hành", guideSteps[step-1].purpose)
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}, {Label: g.t.Name, Href: "/tinh/" + g.t.Slug}}
	shell.Failed = q.Posted != nil && len(q.Wrong) > 0
	return q.Show(shell, guidePage(v)), nil
}

// guideView is what the page shows of a step.
type guideView struct {
	g      guide
	step   int
	fields []ui.Field
	review []reviewPart
	wrong  fault.Invalid
}

// fields returns the questions of a step, with what was filled in before.
func (g guide) fields(q *web.Request, step int) []ui.Field {
	var list []ui.Field
	for _, name := range guideSteps[step-1].fields {
		f := g.question(name)
		spec, _ := tenant.SpecOf(tenant.Setting(name))
		f.Value = spec.Typed(g.value(name))
		f = q.Field(f)
		if name == "departments" {
			f.Values = strings.Split(g.value(name), ",")
			if q.Posted != nil {
				f.Values = q.Posted[name]
			}
		}
		list = append(list, f)
	}
	switch step {
	case stepFace:
		f := ui.Field{Name: "logo", Label: "Biểu trưng của tỉnh", Type: "file", Accept: "image/png,image/jpeg", Optional: true, Hint: "Ảnh PNG hoặc JPEG của chính tỉnh, tối đa 2 MB; hệ thống thu nhỏ còn 512 điểm ảnh. Không dùng Quốc huy"}
		if g.filled.Logo != nil {
			f.Hint = "Đã có biểu trưng; chọn tệp khác để thay."
		}
		list = slices.Insert(list, 1, q.Field(f))
	case stepAdmin:
		f := ui.Field{Name: "plan", Label: "Tệp kế hoạch của tỉnh (YAML hoặc XLSX)", Type: "file", Accept: ".yaml,.yml,.xlsx", Optional: true, Hint: "Để trống thì quản trị của tỉnh nhập sau ở mục Kế hoạch, nơi có tệp mẫu"}
		if g.filled.Plan != nil {
			f.Hint = "Đã có tệp “" + g.filled.PlanName + "”; chọn tệp khác để thay."
		}
		list = append(list, q.Field(f))
	}
	return list
}

// question is how a field is asked for.
func (g guide) question(name string) ui.Field {
	switch name {
	case "slug":
		return ui.Field{Name: name, Label: "Tên miền con", Hint: "Chữ thường không dấu, chữ số, gạch ngang. Địa chỉ sẽ là <tên>." + g.base, MaxLength: 40}
	case "domain":
		return ui.Field{Name: name, Label: "Tên miền riêng", Hint: "Ví dụ txng.nghean.gov.vn; chứng chỉ do đơn vị vận hành lo", Optional: true, MaxLength: 200}
	case "admin_name":
		return ui.Field{Name: name, Label: "Họ tên quản trị Sở KH&CN đầu tiên", MaxLength: 120}
	case "admin_email":
		return ui.Field{Name: name, Label: "Thư điện tử của quản trị", Type: "email", Hint: "Thư mời gửi đến đây khi tỉnh vận hành, hiệu lực 7 ngày"}
	}
	spec, _ := tenant.SpecOf(tenant.Setting(name))
	return settingField(spec)
}

// settingField is how a setting is asked for.
func settingField(spec tenant.Spec) ui.Field {
	f := ui.Field{Name: string(spec.Key), Label: spec.Label, Hint: spec.Hint, Optional: true}
	switch spec.Kind {
	case tenant.Toggle:
		f.Type, f.Optional, f.Options = "radio", false, []ui.Option{{Value: spec.Yes, Label: "Bật"}, {Value: spec.No, Label: "Tắt"}}
	case tenant.Number:
		f.InputMode, f.Optional, f.MaxLength = "numeric", false, 12
	case tenant.Paint:
		f.MaxLength = 7
	case tenant.Text:
		f.MaxLength = int(spec.Max)
	}
	return f
}

// submitGuide keeps what was typed, whether right or wrong, and goes on when it is right. The last step starts the province.
func submitGuide(q *web.Request) (web.Answer, error) {
	step := askedStep(q)
	var g guide
	var wrong fault.Invalid
	var o Onboarding
	err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		if g, err = openGuide(q, tx); err != nil || g.t.State != tenant.Draft {
			return err
		}
		if step < stepReview {
			files := g.take(q, step)
			if err := g.filled.Keep(q.Context(), tx, by(q), g.t.ID); err != nil {
				return err
			}
			if err := collect(&wrong, files); err != nil {
				return err
			}
		}
		var all fault.Invalid
		o, all, err = g.onboarding(q.Context(), tx)
		for _, f := range all {
			if stepOf(f.Name) == step || step == stepReview {
				wrong = append(wrong, f)
			}
		}
		return err
	})
	switch {
	case err != nil:
		return web.Answer{}, err
	case g.t.State != tenant.Draft:
		a, id := q.App(), g.t.ID
		return web.See("/tinh/" + g.t.Slug).Say(g.t.Name + " đã được đưa vào vận hành.").Later(func(ctx context.Context) error { return finish(ctx, a, id) }), nil
	case q.Value("di") == "lui" && step > stepAddress:
		return web.See(guidePath(g.t, step-1)), nil
	case wrong != nil:
		return web.Answer{}, wrong
	case step < stepReview:
		return web.See(guidePath(g.t, step+1)), nil
	}
	return start(q, o)
}

// take puts what a step has sent into what is filled in. A file that is wrong is named by the error, and not taken.
func (g *guide) take(q *web.Request, step int) error {
	for _, name := range guideSteps[step-1].fields {
		g.filled.Fields[name] = append([]string{}, q.Posted[name]...)
	}
	var name string
	if step == stepFace {
		name = "logo"
	} else if step == stepAdmin {
		name = "plan"
	}
	if name == "" {
		return nil
	}
	f, fileName, err := q.File(name)
	if err != nil {
		return nil // none was chosen
	}
	defer f.Close()
	if name == "logo" {
		logo, err := ReadLogo(f)
		if err == nil {
			g.filled.Logo = logo
		}
		return err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxPlan+1))
	if err != nil {
		return err
	}
	if len(b) > maxPlan {
		return fault.Invalid{{Name: "plan", Message: "Tệp kế hoạch lớn quá 5 MB."}}
	}
	try := guide{filled: tenant.Filled{Plan: b, PlanName: shortName(fileName)}}
	if err := try.readPlan(&Onboarding{}); err != nil {
		return err
	}
	g.filled.Plan, g.filled.PlanName = try.filled.Plan, try.filled.PlanName
	return nil
}

// shortName keeps the end of a file's name, which says what kind of file it is.
func shortName(name string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if r < ' ' {
			return -1
		}
		return r
	}, name))
	return string(runes[max(0, len(runes)-150):])
}

// by returns who changes a tenant.
func by(q *web.Request) tenant.By { return tenant.By{Name: q.Who.Name, Account: int64(q.Who.Account)} }

// start brings the province into operation and sends its first administrator the invitation.
func start(q *web.Request, o Onboarding) (web.Answer, error) {
	a, began := q.App(), time.Now()
	s, err := Onboard(q.Context(), a.DB, q.Who, o)
	if err != nil {
		return web.Answer{}, err
	}
	a.Log.Info("tenant onboarded", "tenant", s.Tenant.Slug, "took", time.Since(began))
	said := "Đã đưa " + s.Tenant.Name + " vào vận hành."
	answer := web.See("/tinh/" + s.Tenant.Slug)
	if s.Invitation == nil {
		return answer.Say(said), nil
	}
	letter := Letter(a.Base, q.Who.Name, s)
	said += " Thư mời quản trị gửi đến " + string(s.Invitation.Email) + "."
	return answer.Say(said).Later(func(ctx context.Context) error { return send(ctx, a, letter) }), nil
}

// reviewPart is a step as the last one shows it.
type reviewPart struct {
	step  int
	pairs []ui.Pair
}

func (g guide) review(o Onboarding) []reviewPart {
	text := func(label, value string) ui.Pair {
		if value == "" {
			value = "—"
		}
		return ui.Pair{Label: label, Value: ui.Text(value)}
	}
	face := []ui.Pair{text("Tên hiển thị", cmp.Or(o.Settings[tenant.DisplayName], g.t.Name))}
	if g.filled.Logo != nil {
		face = append(face, ui.Pair{Label: "Biểu trưng", Value: picture(guidePath(g.t, stepFace)+"&logo=1", "Biểu trưng đã tải lên")})
	} else {
		face = append(face, text("Biểu trưng", "Chưa có"))
	}
	planName := "Nhập sau"
	if g.filled.Plan != nil {
		planName = g.filled.PlanName
	}
	settings := []ui.Pair{}
	for _, key := range []tenant.Setting{tenant.FreeQuota, tenant.SelfSignUp, tenant.APIAccess} {
		spec, _ := tenant.SpecOf(key)
		settings = append(settings, text(spec.Label, upperFirst(strings.Trim(spec.Words(o.Settings[key]), "“”"))))
	}
	return []reviewPart{
		{stepAddress, []ui.Pair{text("Tên miền con", o.Slug+"."+g.base), text("Tên miền riêng", o.Domain)}},
		{stepFace, append(face, colourPair(o.Colour), text("Cơ quan đầu mối", cmp.Or(o.Settings[tenant.ContactName], "Sở Khoa học và Công nghệ")), text("Cách liên hệ", o.Contact))},
		{stepSettings, append(settings, text("Sở, ngành tham gia", chosenNames(o.Settings[tenant.Departments])))},
		{stepAdmin, []ui.Pair{text("Quản trị đầu tiên", o.AdminName), text("Thư điện tử", o.AdminEmail), text("Kế hoạch", planName)}},
	}
}

// Routes of the guided page.
func guideRoutes(a *web.App) {
	a.PlatformForm("/tinh/moi", authz.TenantCreate, showChoose, submitChoose)
	a.PlatformForm("/tinh/{slug}/van-hanh", authz.TenantCreate, showGuide, submitGuide)
	a.Open(http.MethodGet, "/logo/{tenant}/{digest}", "a province's picture on its public pages", showLogo)
}

// showLogo serves a province's picture. Its address changes with the picture, so that it may be kept for ever.
func showLogo(q *web.Request) (web.Answer, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("tenant"))
	if err != nil {
		return web.Answer{}, err
	}
	var png []byte
	if err := q.App().DB.Public(q.Context(), func(tx tenant.Public) (err error) {
		png, err = tenant.LogoPNG(q.Context(), tx, t.ID, q.Path("digest"))
		return err
	}); err != nil {
		return web.Answer{}, err
	}
	return web.Bytes("image/png", png).With("Cache-Control", "public, max-age=31536000, immutable"), nil
}

func showChoose(q *web.Request, _ tenant.Platform) (web.Answer, error) {
	options, err := waiting(q)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Đưa một tỉnh vào vận hành", "Chọn tỉnh, thành phố theo danh mục đơn vị hành chính hiện hành; nội dung điền dở được giữ lại để làm tiếp.")
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}}
	field := q.Field(ui.Field{Name: "unit", Label: "Tỉnh, thành phố", Type: "select", Options: options})
	return q.Show(shell, choosePage(field, len(options) > 1)), nil
}

func submitChoose(q *web.Request) (web.Answer, error) {
	var t tenant.Tenant
	err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) (err error) {
		t, err = registerUnit(q.Context(), tx, q.Who, q.Value("unit"))
		return err
	})
	q.App().DB.Forget()
	if err != nil {
		return web.Answer{}, err
	}
	return web.See(guidePath(t, stepAddress)), nil
}

// colourPair is a province's colour as the review shows it.
func colourPair(colour string) ui.Pair {
	if colour == "" {
		return ui.Pair{Label: "Màu chủ đạo", Value: ui.Text("Màu của hệ thống")}
	}
	return ui.Pair{Label: "Màu chủ đạo", Value: ui.Swatch(colour)}
}
