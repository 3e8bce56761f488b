package onboarding

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/modules/merger"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/fault"
)

// maxPlan is the largest plan file in bytes.
const maxPlan = 5 << 20

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.Platform("/tinh", authz.TenantView, list)
	a.PlatformForm("/tinh/{slug}", authz.TenantCreate, show, submit)
	a.PlatformForm("/tinh/{slug}/trang-thai", authz.TenantCreate, showLife, submitLife)
	a.Menu("Vận hành", "Tỉnh, thành phố", "/tinh", "map", authz.TenantView)
}

func stateOf(s tenant.State) ui.Status {
	switch s {
	case tenant.Active:
		return ui.Status{Kind: "success", Word: "Đang vận hành"}
	case tenant.Merged:
		return ui.Status{Kind: "info", Word: "Đã sáp nhập"}
	case tenant.Suspended:
		return ui.Status{Kind: "warning", Word: "Tạm dừng"}
	case tenant.Archived:
		return ui.Status{Kind: "neutral", Word: "Lưu trữ"}
	}
	return ui.Status{Kind: "neutral", Word: "Chưa vận hành"}
}

func list(q *web.Request, _ tenant.Platform) (web.Answer, error) {
	all, err := q.App().DB.Tenants(q.Context())
	if err != nil {
		return web.Answer{}, err
	}
	active := int64(0)
	for _, t := range all {
		if t.State == tenant.Active {
			active++
		}
	}
	page := web.Listing[tenant.Tenant]{
		Title: "Tỉnh, thành phố", Purpose: vi.Int(active) + " tỉnh, thành phố đang vận hành chương trình trên hệ thống.",
		File: "tinh-thanh-pho", Order: "name", PerPage: 100,
		Columns: []web.Column[tenant.Tenant]{
			{Key: "name", Label: "Tỉnh, thành phố", Value: func(t tenant.Tenant) any { return t.Name }, Cell: func(t tenant.Tenant) templ.Component {
				return ui.Anchor("/tinh/"+t.Slug, t.Name)
			}},
			{Key: "slug", Label: "Tên miền con", HidePhone: true, Value: func(t tenant.Tenant) any { return t.Slug }},
			{Key: "state", Label: "Trạng thái", Value: func(t tenant.Tenant) any { return stateOf(t.State).Word }, Cell: func(t tenant.Tenant) templ.Component {
				return ui.Badge(stateOf(t.State))
			}},
			{Key: "since", Label: "Vận hành từ", HidePhone: true, Value: func(t tenant.Tenant) any {
				if t.ActiveAt == nil {
					return ""
				}
				return vi.Date(*t.ActiveAt)
			}},
		},
		Filters: []ui.Field{
			{Name: ui.QuerySearch, Label: "Tên", Type: "search"},
			{Name: "state", Label: "Trạng thái", Type: "select", Options: stateOptions()},
		},
		Empty: ui.Empty{Icon: "map", Why: "Chưa có tỉnh, thành phố nào trên hệ thống.", Next: "Danh sách tỉnh, thành phố được lập khi cài đặt hệ thống."},
	}
	return page.AnswerWith(q, func(l web.Query) ([]tenant.Tenant, int, error) {
		rows := slices.DeleteFunc(all, func(t tenant.Tenant) bool { return l.Get("state") != "" && l.Get("state") != string(t.State) })
		found, total := web.InMemory(rows, l, func(t tenant.Tenant) string { return t.Name }, orders)
		return found, total, nil
	})
}

func stateOptions() []ui.Option {
	options := []ui.Option{{Label: "Tất cả"}}
	for _, s := range []tenant.State{tenant.Draft, tenant.Active, tenant.Merged, tenant.Suspended, tenant.Archived} {
		options = append(options, ui.Option{Value: string(s), Label: stateOf(s).Word})
	}
	return options
}

// orders are the orders of the list. Tenants come by name; those that never ran come before all others.
var orders = map[string]func(a, b tenant.Tenant) int{
	"name":  func(a, b tenant.Tenant) int { return vi.Compare(a.Name, b.Name) },
	"slug":  func(a, b tenant.Tenant) int { return cmp.Compare(a.Slug, b.Slug) },
	"state": func(a, b tenant.Tenant) int { return vi.Compare(stateOf(a.State).Word, stateOf(b.State).Word) },
	"since": func(a, b tenant.Tenant) int { return activeAt(a).Compare(activeAt(b)) },
}

func activeAt(t tenant.Tenant) time.Time {
	if t.ActiveAt == nil {
		return time.Time{}
	}
	return *t.ActiveAt
}

func show(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	mergers, merging, err := merger.Standing(q, tx, t)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell(t.Name, "Đơn vị trên hệ thống, địa chỉ "+strings.TrimPrefix(q.App().OriginOf(t), q.App().Base.Scheme+"://"))
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}}
	return q.Show(shell, tenantPage(t, mergers, merging, onboardingFields(q, t), planErrors(q), since(t))), nil
}

func since(t tenant.Tenant) string {
	if t.ActiveAt == nil {
		return "—"
	}
	return vi.DateTime(*t.ActiveAt)
}

func onboardingFields(q *web.Request, t tenant.Tenant) []ui.Field {
	return q.Fields(
		ui.Field{Name: "slug", Label: "Tên miền con", Value: t.Slug, Hint: "Chữ thường không dấu, ví dụ nghe-an", MaxLength: 40},
		ui.Field{Name: "colour", Label: "Màu chủ đạo", Value: t.Colour, Hint: "Dạng #rrggbb, đủ đậm để đọc chữ trắng; để trống dùng màu của hệ thống", Optional: true, MaxLength: 7},
		ui.Field{Name: "contact", Label: "Đầu mối liên hệ", Hint: "Hiển thị cho người dân khi báo lỗi, báo hàng giả", Optional: true, MaxLength: 500},
		ui.Field{Name: "admin_name", Label: "Họ tên quản trị Sở KH&CN đầu tiên", MaxLength: 120},
		ui.Field{Name: "admin_email", Label: "Thư điện tử của quản trị", Type: "email"},
		ui.Field{Name: "admin_password", Label: "Mật khẩu tạm", Type: "password", Hint: "Ít nhất 10 ký tự; đưa riêng cho quản trị", Autocomplete: "new-password"},
		ui.Field{Name: "plan", Label: "Tệp kế hoạch của tỉnh (YAML hoặc XLSX)", Type: "file", Accept: ".yaml,.yml,.xlsx", Optional: true, Hint: "Có thể nhập sau. Mẫu tải tại mục Kế hoạch"},
	)
}

// planErrors returns the messages about the plan's file, place by place.
func planErrors(q *web.Request) []string {
	var list []string
	for _, f := range q.Wrong {
		if f.Name == "plan" {
			list = append(list, f.Message)
		}
	}
	return list
}

func submit(q *web.Request) (web.Answer, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	o := Onboarding{
		Tenant: t.ID, Slug: q.Value("slug"), Colour: strings.ToLower(q.Value("colour")), Contact: q.Value("contact"),
		AdminName: q.Value("admin_name"), AdminEmail: q.Value("admin_email"), AdminPassword: q.Posted.Get("admin_password"),
	}
	if o.Colour != "" && !ui.CarriesWhiteText(o.Colour) {
		return web.Answer{}, fault.Invalid{{Name: "colour", Message: "Chữ trắng trên màu này khó đọc. Chọn màu đậm hơn, ví dụ #0b5d4e."}}
	}
	if o.Plan, err = readPlan(q); err != nil {
		return web.Answer{}, err
	}
	start := time.Now()
	if t, err = Onboard(q.Context(), q.App().DB, q.Who, o); err != nil {
		return web.Answer{}, err
	}
	q.App().Log.Info("tenant onboarded", "tenant", t.Slug, "took", time.Since(start))
	return web.See("/tinh/" + t.Slug).Say("Đã đưa " + t.Name + " vào vận hành."), nil
}

// readPlan returns the uploaded plan, nil when there is none.
func readPlan(q *web.Request) (*plan.File, error) {
	f, name, err := q.File("plan")
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxPlan+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxPlan {
		return nil, fault.Invalid{{Name: "plan", Message: "Tệp kế hoạch lớn quá 5 MB."}}
	}
	file, err := plan.ReadFile(name, bytes.NewReader(b))
	var wrong plan.Errors
	if errors.As(err, &wrong) {
		var fields fault.Invalid
		for _, e := range wrong {
			fields.Add("plan", "%s: %s", e.Place, e.Message)
		}
		return nil, fields
	}
	return &file, err
}
