package onboarding

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/modules/merger"
	"txng/tenant"
)

// maxPlan is the largest plan file in bytes.
const maxPlan = 5 << 20

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.Platform("/tinh", authz.TenantView, list)
	a.Platform("/tinh/{slug}", authz.TenantCreate, show)
	a.PlatformForm("/tinh/{slug}/trang-thai", authz.TenantCreate, showLife, submitLife)
	guideRoutes(a)
	a.PlatformForm("/tinh/{slug}/tinh-nang", authz.TenantCreate, showFeatures, submitFeatures)
	a.PlatformForm("/tinh/{slug}/gioi-han", authz.TenantCreate, showAllowances, submitAllowances)
	requestRoutes(a)
	a.Form("/cau-hinh", authz.TenantSettings, showSettings, submitSettings)
	a.Form(logoPath, authz.TenantSettings, showLogoRemoval, submitLogoRemoval)
	a.Menu("Vận hành", "Tỉnh, thành phố", "/tinh", "map", authz.TenantView)
	a.Menu("Vận hành", "Yêu cầu tham gia", "/tinh/yeu-cau", "list", authz.TenantCreate)
	a.Menu("Quản trị", "Thiết lập của tỉnh", "/cau-hinh", "settings", authz.TenantSettings)
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

func list(q *web.Request, tx tenant.Platform) (web.Answer, error) {
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
	asked, err := tenant.OpenRequests(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	page := web.Listing[tenant.Tenant]{
		Above: askedNotice(asked),
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
		Primary: ui.Link{Label: "Đưa một tỉnh vào vận hành", Href: "/tinh/moi", Icon: "plus"},
		Empty:   ui.Empty{Icon: "map", Why: "Chưa có tỉnh, thành phố nào trên hệ thống.", Next: "Danh sách tỉnh, thành phố được lập khi cài đặt hệ thống."},
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
	shell := q.Shell(t.Name, "Địa chỉ trên hệ thống: "+strings.TrimPrefix(q.App().OriginOf(t), q.App().Base.Scheme+"://"))
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}}
	items, err := progress(q, t)
	if err != nil {
		return web.Answer{}, err
	}
	return q.Show(shell, tenantPage(t, mergers, merging, items, q.Who, since(t))), nil
}

// progress returns the checklist of a province that runs; what a draft lacks is everything.
func progress(q *web.Request, t tenant.Tenant) (items []Item, err error) {
	if t.State != tenant.Active {
		return nil, nil
	}
	scope, err := q.App().DB.Scope(q.Context(), t.ID)
	if err != nil {
		return nil, err
	}
	err = q.App().DB.View(q.Context(), scope, func(tx tenant.Tx) error {
		items, err = Checklist(q.Context(), tx)
		return err
	})
	return items, err
}

func since(t tenant.Tenant) string {
	if t.ActiveAt == nil {
		return "—"
	}
	return vi.DateTime(*t.ActiveAt)
}
