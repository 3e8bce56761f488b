package onboarding

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// asks are how many requests one address may send within a minute; tenant.Ask has the limits of a day.
const asks = 5

func requestRoutes(a *web.App) {
	limit := web.NewLimit(asks)
	a.OpenForm("/dang-ky-tinh", "a province asks before anybody there has an account", showAsk, func(q *web.Request) (web.Answer, error) {
		if limit.Exceeded(q) {
			return web.Answer{}, fault.Say(fault.TooMany, "Gửi quá nhiều lần từ một địa chỉ. Hãy chờ một phút rồi gửi lại.")
		}
		return submitAsk(q)
	})
	a.Platform("/tinh/yeu-cau", authz.TenantCreate, requests)
	a.PlatformForm("/tinh/yeu-cau/{id}", authz.TenantCreate, showRequest, submitRequest)
}

func showAsk(q *web.Request) (web.Answer, error) {
	options, err := waiting(q)
	if err != nil {
		return web.Answer{}, err
	}
	fields := q.Fields(
		ui.Field{Name: "unit", Label: "Tỉnh, thành phố", Type: "select", Options: options, Hint: "Chỉ gồm tỉnh, thành phố chưa vận hành trên hệ thống"},
		ui.Field{Name: "person", Label: "Họ tên người liên hệ", MaxLength: 120, Autocomplete: "name"},
		ui.Field{Name: "title", Label: "Chức vụ, phòng", MaxLength: 120, Hint: "Tại Sở Khoa học và Công nghệ, ví dụ: Trưởng phòng Tiêu chuẩn Đo lường Chất lượng", Autocomplete: "organization-title"},
		ui.Field{Name: "email", Label: "Thư điện tử công vụ", Type: "email", Autocomplete: "email"},
		ui.Field{Name: "phone", Label: "Điện thoại", Type: "tel", Autocomplete: "tel"},
		ui.Field{Name: "document", Label: "Số công văn", MaxLength: 100, Optional: true, Hint: "Ví dụ: 1234/SKHCN-TĐC"},
		ui.Field{Name: "note", Label: "Ghi chú", Type: "textarea", Rows: 3, MaxLength: 1000, Optional: true},
	)
	return web.Page(askPage(fields, q.URL.Query().Has("da-gui"), q.Wrong.Of(""))), nil
}

func submitAsk(q *web.Request) (web.Answer, error) {
	var wrong fault.Invalid
	email, err := authz.ParseEmail(q.Value("email"))
	if err := collect(&wrong, err); err != nil {
		return web.Answer{}, err
	}
	phone, err := vi.ParsePhone(q.Value("phone"))
	if err != nil {
		wrong.Add("phone", "Số điện thoại chưa đúng. Ví dụ: 0912 345 678")
	}
	r := tenant.Request{
		Unit: q.Value("unit"), Person: q.Value("person"), Title: q.Value("title"), Email: string(email), Phone: phone,
		Document: q.Value("document"), Note: q.Value("note"), Network: authz.NetworkOf(q.Device().Address),
	}
	if err := collect(&wrong, r.Check(q.Now())); err != nil || wrong != nil {
		return web.Answer{}, cmp.Or[error](err, wrong.Err())
	}
	a := q.App()
	if err := a.DB.Platform(q.Context(), func(tx tenant.Platform) error {
		r, err = tenant.Ask(q.Context(), tx, r)
		return err
	}); err != nil {
		return web.Answer{}, err
	}
	return web.See("/dang-ky-tinh?da-gui=1").Later(func(ctx context.Context) error { return send(ctx, a, receipt(r)) }), nil
}

func requestState(s tenant.RequestState) ui.Status {
	switch s {
	case tenant.RequestApproved:
		return ui.Status{Kind: "success", Word: "Đã chấp nhận"}
	case tenant.RequestRefused:
		return ui.Status{Kind: "danger", Word: "Đã từ chối"}
	}
	return ui.Status{Kind: "warning", Word: "Chờ xem xét"}
}

func requests(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	all, err := tenant.Requests(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	states := []ui.Option{{Label: "Tất cả"}}
	for _, s := range []tenant.RequestState{tenant.RequestNew, tenant.RequestApproved, tenant.RequestRefused} {
		states = append(states, ui.Option{Value: string(s), Label: requestState(s).Word})
	}
	page := web.Listing[tenant.Request]{
		Title: "Yêu cầu tham gia", Purpose: "Sở Khoa học và Công nghệ gửi từ trang công khai; gọi lại để xác nhận trước khi chấp nhận.",
		File: "yeu-cau-tham-gia", Order: "-created", Crumbs: []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}},
		Columns: []web.Column[tenant.Request]{
			{Key: "province", Label: "Tỉnh, thành phố", Value: func(r tenant.Request) any { return r.ProvinceName() }, Cell: func(r tenant.Request) templ.Component {
				return ui.AnchorTwo(requestPath(r), r.ProvinceName(), r.Person)
			}},
			{Key: "person", Label: "Người liên hệ", HidePhone: true, Value: func(r tenant.Request) any { return r.Person }},
			{Label: "Chức vụ", HidePhone: true, Value: func(r tenant.Request) any { return r.Title }},
			{Label: "Thư điện tử", HidePhone: true, Value: func(r tenant.Request) any { return r.Email }},
			{Label: "Điện thoại", HidePhone: true, Value: func(r tenant.Request) any { return r.Phone }},
			{Label: "Trạng thái", Value: func(r tenant.Request) any { return requestState(r.State).Word }, Cell: func(r tenant.Request) templ.Component { return ui.Badge(requestState(r.State)) }},
			{Key: "created", Label: "Gửi lúc", Value: func(r tenant.Request) any { return vi.DateTime(r.CreatedAt) }},
		},
		Filters: []ui.Field{
			{Name: ui.QuerySearch, Label: "Tỉnh, người gửi, thư điện tử", Type: "search"},
			{Name: "state", Label: "Trạng thái", Type: "select", Options: states},
		},
		Empty: ui.Empty{Icon: "list", Why: "Chưa có yêu cầu nào khớp.", Next: "Gửi cho Sở Khoa học và Công nghệ địa chỉ trang đăng ký.", Action: ui.Link{Label: "Trang đăng ký của tỉnh", Href: "/dang-ky-tinh"}},
	}
	return page.AnswerWith(q, func(l web.Query) ([]tenant.Request, int, error) {
		rows := slices.DeleteFunc(all, func(r tenant.Request) bool { return l.Get("state") != "" && l.Get("state") != string(r.State) })
		found, total := web.InMemory(rows, l, func(r tenant.Request) string { return r.ProvinceName() + " " + r.Person + " " + r.Email }, requestOrders)
		return found, total, nil
	})
}

var requestOrders = map[string]func(a, b tenant.Request) int{
	"province": func(a, b tenant.Request) int { return vi.Compare(a.ProvinceName(), b.ProvinceName()) },
	"person":   func(a, b tenant.Request) int { return vi.ByGivenName(a.Person, b.Person) },
	"created":  func(a, b tenant.Request) int { return cmp.Compare(a.ID, b.ID) },
}

func requestPath(r tenant.Request) string { return "/tinh/yeu-cau/" + strconv.FormatInt(r.ID, 10) }

func showRequest(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	r, err := tenant.RequestByID(q.Context(), tx, id)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Yêu cầu của "+r.ProvinceName(), "Gửi lúc "+vi.DateTime(r.CreatedAt)+". Xác nhận qua công văn hoặc điện thoại của Sở trước khi chấp nhận.")
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}, {Label: "Yêu cầu tham gia", Href: "/tinh/yeu-cau"}}
	reason := q.Field(ui.Field{Name: "reason", Label: "Lý do từ chối", Type: "textarea", Rows: 2, MaxLength: 500, Hint: "Người gửi đọc được trong thư; từ 10 ký tự"})
	return q.Show(shell, requestPage(r, reason)), nil
}

// submitRequest settles a request. An approved one opens the guided page with what is known of the province.
// noteRequest writes the decision of a request into an audit.
func noteRequest(q *web.Request, tx tenant.Platform, of tenant.ID, r tenant.Request, decided, what string) error {
	return audit.WriteChangeAsPlatform(q.Context(), tx, q.Who, of, "tenant.request", audit.Record{Subject: "request", ID: r.ID}, what,
		audit.Of("Tỉnh, thành phố", r.ProvinceName(), "Yêu cầu", "Chờ xử lý"), audit.Of("Tỉnh, thành phố", r.ProvinceName(), "Yêu cầu", decided))
}

func submitRequest(q *web.Request) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	to := tenant.RequestRefused
	if q.Value("lam") == "nhan" {
		to = tenant.RequestApproved
	}
	a := q.App()
	var r tenant.Request
	var t tenant.Tenant
	err = a.DB.Platform(q.Context(), func(tx tenant.Platform) error {
		if r, err = tenant.DecideRequest(q.Context(), tx, by(q), id, to, oneLine(q.Value("reason"))); err != nil {
			return err
		}
		if to == tenant.RequestRefused { // there may be no tenant yet: the line is the platform's
			return noteRequest(q, tx, audit.Platform, r, "Từ chối", "Từ chối yêu cầu tham gia của "+r.ProvinceName())
		}
		if t, err = registerUnit(q.Context(), tx, q.Who, r.Unit); err != nil {
			return err
		}
		if err := prefill(q, tx, t, r); err != nil {
			return err
		}
		for _, of := range []tenant.ID{t.ID, audit.Platform} {
			if err := noteRequest(q, tx, of, r, "Chấp nhận", "Chấp nhận yêu cầu tham gia của "+r.Person+" ("+r.Title+")"); err != nil {
				return err
			}
		}
		return nil
	})
	a.DB.Forget()
	if err != nil {
		return web.Answer{}, err
	}
	answer := web.See("/tinh/yeu-cau").Say("Đã từ chối yêu cầu của " + r.ProvinceName() + "; thư nêu lý do gửi đến " + r.Email + ".")
	if to == tenant.RequestApproved {
		answer = web.See(guidePath(t, stepAddress)).Say("Đã chấp nhận yêu cầu của " + r.ProvinceName() + ". Hoàn tất năm bước dưới đây để đưa tỉnh vào vận hành.")
	}
	return answer.Later(func(ctx context.Context) error { return send(ctx, a, decision(r)) }), nil
}

// prefill puts who asked into the guided page, where nothing has been filled in yet.
func prefill(q *web.Request, tx tenant.Platform, t tenant.Tenant, r tenant.Request) error {
	filled, err := tenant.FilledFor(q.Context(), tx, t.ID)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{"admin_name": r.Person, "admin_email": r.Email} {
		if strings.TrimSpace(filled.Fields.Get(name)) == "" {
			filled.Fields.Set(name, value)
		}
	}
	return filled.Keep(q.Context(), tx, by(q), t.ID)
}

// oneLine is a text without line breaks, as a letter's paragraph is.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
