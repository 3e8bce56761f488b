package trace

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// Path returns the address of a lot's page.
func Path(id LotID) string { return "/lo-hang/" + strconv.FormatInt(int64(id), 10) }

// status says whether consumers see the lot.
func (l Lot) status() ui.Status {
	if l.Published {
		return ui.Status{Kind: ui.Success, Word: "Đã công khai"}
	}
	return ui.Status{Kind: ui.Neutral, Word: "Chưa công khai"}
}

func (l Lot) expiry() string {
	if l.ExpiresOn == nil {
		return "—"
	}
	return vi.Date(*l.ExpiresOn)
}

func (l listed) latest() string {
	if l.Latest == nil {
		return "Chưa có sự kiện"
	}
	return l.Latest.Name()
}

func list(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	columns := []web.Column[listed]{
		{Key: "code", Label: "Mã lô", Value: func(l listed) any { return string(l.Code) }, Cell: func(l listed) templ.Component {
			return ui.AnchorTwo(Path(l.ID), string(l.Code), l.Place)
		}},
		{Key: "product", Label: "Sản phẩm", Value: func(l listed) any { return l.Product }},
	}
	if q.Who.Org == 0 {
		columns = append(columns, web.Column[listed]{Label: "Chủ thể", HidePhone: true, Value: func(l listed) any { return l.Org }})
	}
	columns = append(columns,
		web.Column[listed]{Key: "produced", Label: "Ngày sản xuất", Value: func(l listed) any { return vi.Date(l.ProducedOn) }},
		web.Column[listed]{Label: "Hạn sử dụng", HidePhone: true, Value: func(l listed) any { return l.expiry() }},
		web.Column[listed]{Label: "Số sự kiện", Numeric: true, HidePhone: true, Value: func(l listed) any { return l.Events }},
		web.Column[listed]{Label: "Sự kiện gần nhất", Value: func(l listed) any { return l.latest() }},
		web.Column[listed]{Label: "Trạng thái", Value: func(l listed) any { return l.status().Word }, Cell: func(l listed) templ.Component { return ui.Badge(l.status()) }},
	)
	page := web.Listing[listed]{
		Origin: func(row listed) tenant.ID { return row.TenantID },
		Title:  "Lô hàng", Purpose: "Mỗi lô hàng ghi nơi, ngày sản xuất và các sự kiện trên đường đi của sản phẩm.",
		File: "lo-hang", Order: "-produced", Columns: columns,
		Filters: []ui.Field{
			{Name: "q", Label: "Mã lô hoặc tên sản phẩm", Type: "search"},
			{Name: "state", Label: "Trạng thái", Type: "select", Options: []ui.Option{{Value: "", Label: "Tất cả"}, {Value: "public", Label: "Đã công khai"}, {Value: "private", Label: "Chưa công khai"}}},
		},
		Empty: ui.Empty{Icon: "package", Why: "Chưa có lô hàng nào.", Next: "Lô hàng do chủ thể tạo khi thu hoạch hoặc sản xuất."},
		Load: func(tx tenant.Tx, l web.Query) ([]listed, int, error) {
			return search(q.Context(), tx, l)
		},
	}
	if q.Who.Can(authz.LotEdit) {
		page.Primary = ui.Link{Label: "Tạo lô hàng", Href: "/lo-hang/moi", Icon: "plus"}
		page.Empty.Next = "Tạo lô đầu tiên khi thu hoạch hoặc sản xuất; sau đó ghi tiếp từng sự kiện."
		page.Empty.Action = page.Primary
	}
	return page.Answer(q, tx)
}

func showNew(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	products, err := ownProducts(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Tạo lô hàng", "Ghi lô hàng cùng sự kiện đầu tiên của nó.")
	shell.Crumbs = []ui.Link{{Label: "Lô hàng", Href: "/lo-hang"}}
	return q.Show(shell, newPage(products, newFields(q, products))), nil
}

func newFields(q *web.Request, products []choice) []ui.Field {
	options := []ui.Option{{Value: "", Label: "Chọn…"}}
	for _, p := range products {
		options = append(options, ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Name + " – " + p.GTIN.Display()})
	}
	product := q.URL.Query().Get("san-pham")
	if len(products) == 1 {
		product = options[1].Value
	}
	now := q.Now().In(vi.Zone)
	return q.Fields(
		ui.Field{Name: "product", Label: "Sản phẩm", Type: "select", Options: options, Value: product},
		ui.Field{Name: "code", Label: "Mã lô", Hint: "Tối đa 20 ký tự, không dấu. Ví dụ: CXD-2026-011", MaxLength: 20},
		ui.Field{Name: "kind", Label: "Sự kiện đầu tiên", Type: "select", Options: kindOptions(), Value: string(Harvest)},
		ui.Field{Name: "produced", Label: "Ngày sản xuất, thu hoạch", Type: "date", InputMode: "numeric", Value: now.Format(time.DateOnly)},
		ui.Field{Name: "clock", Label: "Giờ", Hint: "Theo 24 giờ, ví dụ 14:30", Value: now.Format("15:04")},
		ui.Field{Name: "place", Label: "Nơi sản xuất, thu hoạch", Hint: "Vườn, xưởng, thôn, xã", MaxLength: 200},
		ui.Field{Name: "expires", Label: "Hạn sử dụng", Type: "date", InputMode: "numeric", Optional: true},
		ui.Field{Name: "note", Label: "Ghi chú", Type: "textarea", Rows: 2, MaxLength: 500, Optional: true},
	)
}

func kindOptions() []ui.Option {
	var options []ui.Option
	for _, k := range Kinds {
		options = append(options, ui.Option{Value: string(k.Kind), Label: k.Name})
	}
	return options
}

// typedDate reads a date as typed; what is wrong with it is noted under the field's name. Empty is the zero time.
func typedDate(wrong *fault.Invalid, field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := vi.ParseDate(text)
	if bad, ok := err.(fault.Invalid); ok {
		wrong.Add(field, "%s", bad[0].Message)
	}
	return t
}

// typedClock is typedDate for a time of day.
func typedClock(wrong *fault.Invalid, field, text string) time.Duration {
	d, err := ParseClock(text)
	if bad, ok := err.(fault.Invalid); ok {
		wrong.Add(field, "%s", bad[0].Message)
	}
	return d
}

// also notes what else is wrong, each field once.
func also(wrong *fault.Invalid, err error, rename map[string]string) {
	var more fault.Invalid
	errors.As(err, &more)
	for _, f := range more {
		if name, ok := rename[f.Name]; ok {
			f.Name = name
		}
		if wrong.Of(f.Name) == "" {
			*wrong = append(*wrong, f)
		}
	}
}

func submitNew(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	ctx := q.Context()
	var wrong fault.Invalid
	product, _ := strconv.ParseInt(q.Value("product"), 10, 64)
	lot := NewLot{
		Product: product, Code: q.Value("code"), Place: q.Value("place"),
		Produced: typedDate(&wrong, "produced", q.Value("produced")), Expires: typedDate(&wrong, "expires", q.Value("expires")),
	}
	first := NewEvent{
		Kind: Kind(q.Value("kind")), Place: lot.Place, Note: q.Value("note"),
		At: lot.Produced.Add(typedClock(&wrong, "clock", q.Value("clock"))),
	}
	_, err := lot.Validate(tx.Now())
	also(&wrong, err, nil)
	if wrong.Of("produced") == "" {
		_, err = first.Validate(tx.Now())
		also(&wrong, err, map[string]string{"at": "clock"})
	}
	if err := wrong.Err(); err != nil {
		return web.Answer{}, err
	}
	if first.Lot, err = CreateLot(ctx, tx, q.Who, lot); err != nil {
		return web.Answer{}, err
	}
	if _, err := Record(ctx, tx, q.Who, first); err != nil {
		return web.Answer{}, err
	}
	return web.See(Path(first.Lot)).Say("Đã tạo lô " + lot.Code + ". Bước tiếp theo: kích hoạt tem cho lô này; ghi thêm sự kiện khi chúng diễn ra."), nil
}

func show(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	ctx := q.Context()
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	l, err := findListed(ctx, tx, LotID(id))
	if err != nil {
		return web.Answer{}, err
	}
	events, err := EventsOf(ctx, tx, l.ID)
	if err != nil {
		return web.Answer{}, err
	}
	history, err := audit.History(ctx, tx, l.TenantID, "lot", id)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Lô "+string(l.Code), l.Product+" · "+l.Org+q.From(l.TenantID))
	shell.Crumbs = []ui.Link{{Label: "Lô hàng", Href: "/lo-hang"}}
	if q.Who.Can(authz.StampActivate) && l.TenantID == tx.Tenant() {
		shell.Primary = ui.Link{Label: "Kích hoạt tem", Href: "/tem?q=" + url.QueryEscape(l.Product), Icon: "qrcode"}
	}
	return q.Show(shell, recordPage(l, events, audit.Lines(history), eventFields(q, l), q.Who.Can(authz.LotEdit) && l.TenantID == tx.Tenant())), nil
}

func eventFields(q *web.Request, l listed) []ui.Field {
	now := q.Now().In(vi.Zone)
	return q.Fields(
		ui.Field{Name: "kind", Label: "Loại sự kiện", Type: "select", Options: append([]ui.Option{{Value: "", Label: "Chọn…"}}, kindOptions()...)},
		ui.Field{Name: "date", Label: "Ngày", Type: "date", InputMode: "numeric", Value: now.Format(time.DateOnly)},
		ui.Field{Name: "clock", Label: "Giờ", Hint: "Theo 24 giờ, ví dụ 14:30", Value: now.Format("15:04")},
		ui.Field{Name: "place", Label: "Nơi diễn ra", MaxLength: 200, Value: l.Place},
		ui.Field{Name: "note", Label: "Ghi chú", Hint: "Chỉ đơn vị và cơ quan quản lý đọc được", Type: "textarea", Rows: 2, MaxLength: 500, Optional: true},
	)
}

func submitEvent(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	var wrong fault.Invalid
	date := typedDate(&wrong, "date", q.Value("date"))
	n := NewEvent{Lot: LotID(id), Kind: Kind(q.Value("kind")), Place: q.Value("place"), Note: q.Value("note")}
	if clock := typedClock(&wrong, "clock", q.Value("clock")); !date.IsZero() {
		n.At = date.Add(clock)
	}
	_, err = n.Validate(tx.Now())
	field := "date"
	if !date.IsZero() && !date.After(tx.Now()) && !date.Before(earliest) {
		field = "clock"
	}
	also(&wrong, err, map[string]string{"at": field})
	if err := wrong.Err(); err != nil {
		return web.Answer{}, err
	}
	if _, err := Record(q.Context(), tx, q.Who, n); err != nil {
		return web.Answer{}, err
	}
	return web.See(Path(n.Lot)).Say("Đã ghi sự kiện “" + n.Kind.Name() + "”."), nil
}
