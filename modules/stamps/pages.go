package stamps

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/billing"
	"txng/modules/internal/audit"
	"txng/modules/internal/label"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/modules/organization"
	"txng/modules/trace"
	"txng/tenant"
	"txng/tenant/fault"
)

// status returns a state as pages show it.
func (s State) status() ui.Status {
	kind := ui.Neutral
	switch s {
	case Activated:
		kind = ui.Success
	case Void:
		kind = ui.Warning
	case Recalled:
		kind = ui.Danger
	}
	return ui.Status{Kind: kind, Word: s.Name()}
}

func list(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	home := q.Who.Tenant // also of the orders of a part of another province, in whose place the transaction reads
	columns := []web.Column[listed]{
		{Key: "product", Label: "Đợt tem", Value: func(l listed) any { return RefOf(home, l.TenantID, l.Number).String() + " – " + l.Product }, Cell: func(l listed) templ.Component {
			r := RefOf(home, l.TenantID, l.Number)
			return ui.AnchorTwo(r.Path(), l.Product, "Đợt "+r.String())
		}},
	}
	if q.Who.Org == 0 {
		columns = append(columns, web.Column[listed]{Label: "Chủ thể", Value: func(l listed) any { return l.Org }})
	}
	columns = append(columns,
		web.Column[listed]{Key: "created", Label: "Ngày đặt", HidePhone: true, Value: func(l listed) any { return vi.Date(l.CreatedAt) }},
		web.Column[listed]{Key: "quantity", Label: "Số tem", Numeric: true, Value: func(l listed) any { return int64(l.Quantity) }},
		web.Column[listed]{Label: "Đã kích hoạt", Numeric: true, Value: func(l listed) any { return l.count(Activated) }},
		web.Column[listed]{Label: "Đã hủy", Numeric: true, HidePhone: true, Value: func(l listed) any { return l.count(Void) }},
		web.Column[listed]{Label: "Thu hồi", Numeric: true, HidePhone: true, Value: func(l listed) any { return l.count(Recalled) }},
		web.Column[listed]{Label: "Tem đã quét", Numeric: true, Value: func(l listed) any { return l.Scanned }},
	)
	page := web.Listing[listed]{
		Origin: func(row listed) tenant.ID { return row.TenantID },
		Title:  "Tem truy xuất", Purpose: "Các đợt tem đã đặt, số tem đã kích hoạt và đã được người tiêu dùng quét.",
		File: "dot-tem", Order: "-created", Columns: columns,
		Filters: []ui.Field{{Name: "q", Label: "Sản phẩm, chủ thể hoặc số đợt", Type: "search"}},
		Empty:   ui.Empty{Icon: "stamp", Why: "Chưa có đợt tem nào.", Next: "Đợt tem do chủ thể đặt trong hạn mức của mình."},
		Load: func(tx tenant.Tx, l web.Query) ([]listed, int, error) {
			return search(q.Context(), tx, l)
		},
	}
	if q.Who.Can(authz.StampOrder) {
		page.Primary = ui.Link{Label: "Đặt tem", Href: "/tem/dat", Icon: "plus"}
		page.Empty.Next, page.Empty.Action = "Đặt đợt tem đầu tiên cho sản phẩm của đơn vị.", page.Primary
	}
	return page.Answer(q, tx)
}

func showNew(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	products, err := ownProducts(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	balance, err := billing.BalanceOf(q.Context(), tx, q.Who.Org)
	if err != nil {
		return web.Answer{}, err
	}
	options := []ui.Option{{Value: "", Label: "Chọn…"}}
	for _, p := range products {
		options = append(options, ui.Option{Value: strconv.FormatInt(p.ID, 10), Label: p.Name})
	}
	product := q.URL.Query().Get("san-pham")
	if len(products) == 1 {
		product = options[1].Value
	}
	fields := q.Fields(
		ui.Field{Name: "product", Label: "Sản phẩm", Type: "select", Options: options, Value: product},
		ui.Field{Name: "quantity", Label: "Số tem", Hint: "Từ 1 đến " + vi.Int(MaxQuantity) + ". Ví dụ: 1.000", InputMode: "numeric", MaxLength: 12},
		ui.Field{Name: "request", Label: "Biểu mẫu", Type: "hidden", Value: rand.Text()},
	)
	shell := q.Shell("Đặt tem", "Mỗi tem có mã riêng, in được ngay sau khi đặt và kích hoạt khi dán lên sản phẩm.")
	shell.Crumbs = []ui.Link{{Label: "Tem truy xuất", Href: "/tem"}}
	return q.Show(shell, newPage(products, balance, fields, q.Who.Can(authz.QuotaView))), nil
}

func submitNew(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	product, _ := strconv.ParseInt(q.Value("product"), 10, 64)
	quantity, err := ParseQuantity(q.Value("quantity"))
	n := NewOrder{Product: product, Quantity: quantity, Request: q.Value("request")}
	if bad, ok := err.(fault.Invalid); ok {
		n.Quantity = 1
		others, _ := n.Validate().(fault.Invalid)
		return web.Answer{}, append(others, bad...)
	}
	o, err := PlaceOrder(q.Context(), tx, q.Who, n)
	if err != nil {
		return web.Answer{}, err
	}
	return web.See(RefOf(tx.Tenant(), o.TenantID, o.Number).Path()).Say("Đã đặt " + vi.Int(int64(o.Quantity)) + " tem. Tải nhãn về in, dán rồi kích hoạt cho lô hàng."), nil
}

// refOf reads the order that the request's path names. A number alone is one of the person's own province, also where the
// request goes on in another one's records.
func refOf(q *web.Request) (Ref, error) {
	r, err := ParseRef(q.Path("number"))
	if err == nil && r.Tenant == 0 {
		r.Tenant = q.Who.Tenant
	}
	return r, err
}

// find returns the order that the request's path names, with the present state of its stamps and its product's lots.
func find(q *web.Request, tx tenant.Tx) (o listed, r Ref, ranges []Range, lots []trace.Lot, err error) {
	ctx := q.Context()
	if r, err = refOf(q); err != nil {
		return o, r, nil, nil, err
	}
	if o, err = findListed(ctx, tx, r); err != nil {
		return o, r, nil, nil, err
	}
	r = RefOf(q.Who.Tenant, o.TenantID, o.Number)
	if ranges, err = RangesOf(ctx, tx, o.TenantID, o.Number); err != nil {
		return o, r, nil, nil, err
	}
	o.present = Present(ranges, o.Quantity)
	lots, err = trace.LotsOf(ctx, tx, o.ProductID)
	return o, r, ranges, lots, err
}

func show(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	o, r, ranges, lots, err := find(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	history, err := audit.History(q.Context(), tx, o.TenantID, "stamp_order", int64(o.Number))
	if err != nil {
		return web.Answer{}, err
	}
	own := o.TenantID == tx.Tenant()
	page := recordView{
		order: o, ref: r, ranges: ranges, lots: lots, codes: lotCodes(lots),
		activate: own && q.Who.Can(authz.StampActivate), recall: q.Who.Can(authz.StampRecall),
		print:   own && q.Who.Can(authz.StampPrint),
		seesLot: q.Who.Can(authz.LotView), history: audit.Lines(history),
		fields: q.Fields,
	}
	page.did = page.which(q.URL.Path)
	if page.print {
		org, err := organization.Find(q.Context(), tx, o.OrgID)
		if err != nil {
			return web.Answer{}, err
		}
		page.addresses = addressOptions(org.Both(q.Now()), q.Now())
	}
	shell := q.Shell("Đợt tem "+r.String(), o.Product+" · "+o.Org+q.From(o.TenantID))
	shell.Crumbs = []ui.Link{{Label: "Tem truy xuất", Href: "/tem"}}
	return q.Show(shell, recordPage(page)), nil
}

// voidPrefix tells the fields of the form that voids stamps from those of the one that activates them.
const voidPrefix = "void_"

// typedRange reads the range of a form whose fields' names begin with prefix.
func typedRange(q *web.Request, tx tenant.Tx, prefix string) (r Ref, first, last int, err error) {
	if r, err = refOf(q); err != nil {
		return r, 0, 0, err
	}
	o, err := Find(q.Context(), tx, r)
	if err != nil {
		return r, 0, 0, err
	}
	first, last, err = parseRange(q.Value(prefix+"from"), q.Value(prefix+"to"), o.Quantity)
	if wrong, ok := err.(fault.Invalid); ok {
		for i := range wrong {
			wrong[i].Name = prefix + wrong[i].Name
		}
	}
	return r, first, last, err
}

func said(what string, first, last int) string {
	return fmt.Sprintf("Đã %s %s tem (%s).", what, vi.Int(int64(last-first+1)), Range{First: first, Last: last}.Numbers())
}

func submitActivate(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	r, first, last, err := typedRange(q, tx, "")
	if err != nil {
		return web.Answer{}, err
	}
	lot, _ := strconv.ParseInt(q.Value("lot"), 10, 64)
	if err := Activate(q.Context(), tx, q.Who, r, first, last, trace.LotID(lot)); err != nil {
		return web.Answer{}, err
	}
	return web.See(RefOf(q.Who.Tenant, r.Tenant, r.Number).Path()).Say(said("kích hoạt", first, last)), nil
}

func submitVoid(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	r, first, last, err := typedRange(q, tx, voidPrefix)
	if err != nil {
		return web.Answer{}, err
	}
	if err := SetVoid(q.Context(), tx, q.Who, r, first, last, q.Value("reason")); err != nil {
		return web.Answer{}, err
	}
	return web.See(RefOf(q.Who.Tenant, r.Tenant, r.Number).Path()).Say(said("hủy", first, last)), nil
}

func submitRecall(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	r, first, last, err := typedRange(q, tx, "")
	if err != nil {
		return web.Answer{}, err
	}
	if err := Recall(q.Context(), tx, q.Who, r, first, last, q.Value("reason")); err != nil {
		return web.Answer{}, err
	}
	return web.See(RefOf(q.Who.Tenant, r.Tenant, r.Number).Path()).Say(said("thu hồi", first, last)), nil
}

// download answers with a PDF of labels.
func (k *Keys) download(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	o, r, _, lots, err := find(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	asked := q.URL.Query()
	first, last, err := parseRange(asked.Get("tu"), asked.Get("den"), o.Quantity)
	if err != nil {
		return web.Answer{}, err
	}
	if last-first+1 > MaxLabels {
		return web.Answer{}, fault.Invalid{{Name: "den", Message: "Mỗi tệp tối đa " + vi.Int(MaxLabels) + " tem. Hãy tải thành nhiều tệp."}}
	}
	sheet, err := sheetOf(asked.Get("kho"))
	if err != nil {
		return web.Answer{}, err
	}
	sheet.Made = q.Now()
	org, err := organization.Find(q.Context(), tx, o.OrgID)
	if err != nil {
		return web.Answer{}, err
	}
	place, err := addressOf(asked.Get("dia-chi"), org.Both(q.Now()), sheet, q.Now())
	if err != nil {
		return web.Answer{}, err
	}
	what := "Tải nhãn để in, tem " + Range{First: first, Last: last}.Numbers()
	if place != "" {
		what += ", in địa chỉ: " + place
	}
	of, err := q.App().DB.Tenant(q.Context(), o.TenantID)
	if err != nil {
		return web.Answer{}, err
	}
	all := k.labels(o, q.App().OriginOf(of), first, last, lotCodes(lots), place)
	title := fmt.Sprintf("Đợt tem %s, tem %s – %s", r, Range{First: first, Last: last}.Numbers(), o.Product)
	if place != "" { // whether it fits is seen before the download is noted
		for one := range all {
			if err := label.WritePDF(io.Discard, sheet, title, slices.Values([]label.Label{one})); err != nil {
				return web.Answer{}, err
			}
			break
		}
	}
	// Whoever has the sheet can print the stamps: the order's history says who took it.
	if err := audit.Write(q.Context(), tx, q.Who, "stamp.print", audit.Record{Subject: "stamp_order", ID: int64(o.Number), Org: o.OrgID},
		what); err != nil {
		return web.Answer{}, err
	}
	return web.File(fmt.Sprintf("tem-%s-%d-%d.pdf", r, first+1, last+1), "application/pdf", func(w io.Writer) error {
		return label.WritePDF(w, sheet, title, all)
	}), nil
}
