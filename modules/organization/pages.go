package organization

import (
	"errors"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/billing"
	"txng/modules/internal/audit"
	"txng/modules/internal/picker"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// status returns a state as pages show it.
func (s State) status() ui.Status {
	switch s {
	case Approved:
		return ui.Status{Kind: "success", Word: "Đã duyệt"}
	case Refused:
		return ui.Status{Kind: "danger", Word: "Trả lại"}
	}
	return ui.Status{Kind: "warning", Word: "Chờ duyệt"}
}

func list(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	place, err := provinceOf(q.Tenant)
	if err != nil {
		return web.Answer{}, err
	}
	l := web.Listing[Organization]{
		Origin: func(row Organization) tenant.ID { return row.TenantID },
		Title:  "Chủ thể", Purpose: "Doanh nghiệp, hợp tác xã và hộ tham gia truy xuất nguồn gốc trên địa bàn.",
		File: "chu-the", Order: "-created",
		Columns: []web.Column[Organization]{
			{Key: "name", Label: "Tên", Value: func(o Organization) any { return o.Name }, Cell: func(o Organization) templ.Component {
				return ui.AnchorTwo(path(o.ID), o.Name, o.Place(q.Now()))
			}},
			{Label: "Mã số thuế", Value: func(o Organization) any { return string(o.MST) }},
			{Label: "Loại hình", HidePhone: true, Value: func(o Organization) any { return o.Kind.Name() }},
			{Label: "Trạng thái", Value: func(o Organization) any { return o.State.status().Word }, Cell: func(o Organization) templ.Component { return ui.Badge(o.State.status()) }},
			{Key: "created", Label: "Ngày đăng ký", HidePhone: true, Value: func(o Organization) any { return vi.Date(o.CreatedAt) }},
		},
		Filters: []ui.Field{
			{Name: "q", Label: "Tên hoặc mã số thuế", Type: "search"},
			{Name: "state", Label: "Trạng thái", Type: "select", Options: []ui.Option{{Value: "", Label: "Tất cả"}, {Value: "pending", Label: "Chờ duyệt"}, {Value: "approved", Label: "Đã duyệt"}, {Value: "refused", Label: "Trả lại"}}},
			{Name: "kind", Label: "Loại hình", Type: "select", Options: append([]ui.Option{{Value: "", Label: "Tất cả"}}, kindOptions()...)},
			picker.Field(q, ui.Field{Name: "unit", Label: "Địa bàn, hiện nay hoặc trước sắp xếp", Optional: true}, picker.Filter, place),
		},
		Empty: ui.Empty{Icon: "building", Why: "Chưa có chủ thể nào đăng ký.", Next: "Gửi đường dẫn đăng ký cho doanh nghiệp, hợp tác xã trên địa bàn.", Action: ui.Link{Label: "Trang đăng ký", Href: "/dang-ky?tinh=" + q.Tenant.Slug}},
		Load: func(tx tenant.Tx, l web.Query) ([]Organization, int, error) {
			return Search(q.Context(), tx, l)
		},
	}
	if why := q.Confined(); why != "" {
		l.Purpose, l.Empty = why, ui.Empty{Icon: "building", Why: "Không có chủ thể nào trong phạm vi của bạn.", Next: "Phạm vi do quản trị Sở Khoa học và Công nghệ phân công."}
	}
	return l.Answer(q, tx)
}

func show(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	return record(q, tx, tenant.OrgID(id))
}

func showOwn(q *web.Request, tx tenant.Tx) (web.Answer, error) { return record(q, tx, q.Who.Org) }

func record(q *web.Request, tx tenant.Tx, id tenant.OrgID) (web.Answer, error) {
	ctx := q.Context()
	o, err := Find(ctx, tx, id)
	if err != nil {
		return web.Answer{}, err
	}
	balance, err := billing.BalanceOf(ctx, tx, id)
	if err != nil {
		return web.Answer{}, err
	}
	history, err := audit.History(ctx, tx, o.TenantID, "organization", int64(id))
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell(o.Name, o.Kind.Name()+" · mã số thuế "+string(o.MST)+q.From(o.TenantID))
	if q.Who.Can(authz.OrganizationView) {
		shell.Crumbs = []ui.Link{{Label: "Chủ thể", Href: "/to-chuc"}}
	}
	inspected, err := inspectedBy(q, tx, o)
	if err != nil {
		return web.Answer{}, err
	}
	return q.Show(shell, recordPage(o, balance, inspected, audit.Lines(history), q)), nil
}

func approve(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	granted, err := Approve(q.Context(), tx, q.Who, tenant.OrgID(id))
	if err != nil {
		return web.Answer{}, err
	}
	said := "Đã duyệt hồ sơ; tỉnh không cấp tem miễn phí."
	if granted > 0 {
		said = "Đã duyệt hồ sơ và cấp hạn mức " + vi.Int(granted) + " tem miễn phí."
	}
	return web.See(path(tenant.OrgID(id))).Say(said), nil
}

func refuse(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	if err := Refuse(q.Context(), tx, q.Who, tenant.OrgID(id), q.Value("reason")); err != nil {
		return web.Answer{}, err
	}
	return web.See(path(tenant.OrgID(id))).Say("Đã trả lại hồ sơ cho đơn vị."), nil
}

// signUpTenant returns the tenant that a sign-up is for: by the page's own subdomain, or by the form.
func signUpTenant(q *web.Request) (tenant.Tenant, bool) {
	if t, ok := q.TenantOfHost(); ok {
		return t, t.State == tenant.Active
	}
	slug := q.URL.Query().Get("tinh")
	if s := q.Value("tinh"); s != "" {
		slug = s
	}
	t, err := q.App().DB.TenantBySlug(q.Context(), slug)
	return t, err == nil && t.State == tenant.Active
}

func showSignUp(q *web.Request) (web.Answer, error) {
	t, ok := signUpTenant(q)
	if !ok {
		all, err := q.App().DB.Tenants(q.Context())
		if err != nil {
			return web.Answer{}, err
		}
		var active []tenant.Tenant
		for _, t := range all {
			if takesSignUps(t) {
				active = append(active, t)
			}
		}
		_, own := q.TenantOfHost()
		return web.Page(chooseTenantPage(active, own || q.URL.Query().Get("tinh") != "")), nil
	}
	if !takesSignUps(t) {
		return web.Page(closedPage(t)), nil
	}
	province, err := provinceOf(t)
	if err != nil {
		return web.Answer{}, err
	}
	return web.Page(signUpPage(t, signUpFields(q, province), q.Wrong.Of(""))), nil
}

// takesSignUps reports whether organizations may sign up by themselves in a province.
func takesSignUps(t tenant.Tenant) bool {
	return t.State == tenant.Active && t.Settings.On(tenant.SelfSignUp)
}

// signUps are how many organizations one address may sign up within a minute.
const signUps = 10

func submitSignUp(limit web.Limit) web.PlainHandler {
	return func(q *web.Request) (web.Answer, error) {
		if limit.Exceeded(q) {
			return web.Answer{}, fault.Say(fault.TooMany, "Đăng ký quá nhiều lần từ một địa chỉ. Hãy chờ một phút rồi gửi lại.")
		}
		return signUp(q)
	}
}

func signUp(q *web.Request) (web.Answer, error) {
	t, ok := signUpTenant(q)
	if !ok {
		return web.Answer{}, fault.NotFound
	}
	if !takesSignUps(t) {
		return web.Answer{}, fault.Say(fault.Forbidden, "%s đang không nhận đăng ký trực tuyến. Hãy liên hệ Sở Khoa học và Công nghệ để được hướng dẫn.", t.Name)
	}
	_, err := Register(q.Context(), q.App().DB, t, SignUp{
		Kind: Kind(q.Value("kind")), Name: q.Value("name"), MST: q.Value("mst"), Address: q.Value("address"), Unit: q.Value("unit"), Printed: q.Value("printed"),
		Phone: q.Value("phone"), UsesBarcode: q.Value("uses_barcode") != "", Sectors: chosen(q.Posted["sectors"]), Person: q.Value("person"), Email: q.Value("email"),
		Password: q.Posted.Get("password"),
	})
	if err != nil {
		return web.Answer{}, err
	}
	token, _, err := authz.SignIn(q.Context(), q.App().DB, q.Value("email"), q.Posted.Get("password"), q.Device())
	if err != nil && !errors.Is(err, fault.Unavailable) {
		return web.See("/dang-nhap"), nil
	}
	answer := web.See("/don-vi").Say("Đã gửi hồ sơ đến Sở Khoa học và Công nghệ " + t.Name + ". Trong lúc chờ duyệt, bạn có thể khai báo sản phẩm.")
	q.App().SetSession(answer.Header, token)
	return answer, nil
}

func signUpFields(q *web.Request, province unit.Ref) []ui.Field {
	fields := q.Fields(
		ui.Field{Name: "kind", Label: "Loại hình", Type: "select", Options: append([]ui.Option{{Value: "", Label: "Chọn…"}}, kindOptions()...)},
		ui.Field{Name: "name", Label: "Tên đơn vị", Hint: "Đúng như giấy chứng nhận đăng ký", MaxLength: 200, Autocomplete: "organization"},
		ui.Field{Name: "mst", Label: "Mã số thuế", Hint: "10 số, 10 số kèm 3 số chi nhánh (0314409058-002), hoặc 12 số định danh cá nhân với hộ", InputMode: "numeric"},
		ui.Field{Name: "unit", Label: "Xã, phường, đặc khu", Hint: "Gõ tên hiện nay hoặc tên xã, huyện trước sắp xếp, bấm Tìm rồi chọn"},
		ui.Field{Name: "address", Label: "Số nhà, đường, thôn, xóm", MaxLength: 300, Optional: true, Autocomplete: "street-address"},
		printedField,
		ui.Field{Name: "sectors", Label: "Nhóm sản phẩm chính", Hint: "Để sở, ngành phụ trách nhóm sản phẩm theo dõi và hỗ trợ", Type: "select", Optional: true, Options: append([]ui.Option{{Value: "", Label: "Chọn…"}}, groupOptions()...)},
		ui.Field{Name: "uses_barcode", Label: "Đơn vị đang sử dụng mã số mã vạch (GS1)", Type: "checkbox", Optional: true},
		ui.Field{Name: "person", Label: "Họ tên người phụ trách", MaxLength: 120, Autocomplete: "name"},
		ui.Field{Name: "phone", Label: "Số điện thoại", Hint: "Số di động dùng để đăng nhập được thay thư điện tử", Type: "tel", InputMode: "tel", Optional: true, Autocomplete: "tel"},
		ui.Field{Name: "email", Label: "Thư điện tử", Hint: "Dùng để đăng nhập", Type: "email", Autocomplete: "email"},
		ui.Field{Name: "password", Label: "Mật khẩu", Hint: "Ít nhất 10 ký tự", Type: "password", Autocomplete: "new-password"},
	)
	for i, f := range fields {
		if f.Name == "unit" {
			fields[i] = picker.Field(q, f, picker.Commune, province)
		}
	}
	return fields
}

// chosen leaves out the empty choice.
func chosen(values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
}

func groupOptions() []ui.Option {
	var options []ui.Option
	for _, g := range authz.Groups {
		options = append(options, ui.Option{Value: g.Code, Label: g.Label()})
	}
	return options
}

func groupNames(o Organization) string {
	var names []string
	for _, g := range authz.GroupsOf(o.Fields) {
		names = append(names, g.Name)
	}
	return strings.Join(names, "; ")
}

func kindOptions() []ui.Option {
	var options []ui.Option
	for _, k := range Kinds {
		options = append(options, ui.Option{Value: string(k.Kind), Label: k.Name})
	}
	return options
}
