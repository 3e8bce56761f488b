package stamps

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"txng/authz"
	"txng/billing"
	"txng/modules/internal/audit"
	"txng/modules/internal/measure"
	"txng/modules/internal/vi"
	"txng/modules/trace"
	"txng/tenant"
	"txng/tenant/fault"
)

// PlaceOrder orders stamps for a product of the organization's own, within its quota. The same request again returns
// the order that it made. Errors: fault.Invalid for product, quantity (also when the quota does not suffice) and
// request; fault.Conflict when the organization is not approved, the product belongs to a merged predecessor, or the
// request has ordered something else.
func PlaceOrder(ctx context.Context, tx tenant.Tx, who authz.Identity, n NewOrder) (Order, error) {
	if err := n.Validate(); err != nil {
		return Order{}, err
	}
	product, err := tenant.One[struct {
		TenantID tenant.ID
		OrgID    tenant.OrgID
		GTIN     string `db:"gtin"`
		Name     string
		OrgState string
	}](ctx, tx, `
		select p.tenant_id, p.org_id, p.gtin, p.name, o.state as org_state
		from catalog.product p
		join organization.organization o on o.tenant_id = p.tenant_id and o.id = p.org_id
		where p.tenant_id = any ($1) and p.id = $2`, n.Product)
	switch {
	case errors.Is(err, fault.NotFound), err == nil && who.Org != 0 && who.Org != product.OrgID:
		return Order{}, fault.Invalid{{Name: "product", Message: "Chọn một sản phẩm của đơn vị mình."}}
	case err != nil:
		return Order{}, fmt.Errorf("look for the order's product: %w", err)
	case product.TenantID != tx.Tenant():
		return Order{}, fault.Say(fault.Conflict, "Sản phẩm này khai báo tại tỉnh trước sáp nhập; hãy đặt tem bằng vai trò của tỉnh đó.")
	case product.OrgState != "approved":
		return Order{}, fault.Say(fault.Conflict, "Hồ sơ của đơn vị chưa được duyệt nên chưa đặt tem được.")
	}
	// Consuming locks the organization's account, so that the same request sent twice at once finds its order here.
	if err := billing.Consume(ctx, tx, product.OrgID, "stamp-order "+n.Request, int64(n.Quantity)); err != nil {
		return Order{}, err
	}
	before, err := tenant.One[Order](ctx, tx, `
		select `+orderColumns+`
		from stamps.stamp_order o
		where o.tenant_id = any ($1) and o.tenant_id = $2 and o.org_id = $3 and o.request = $4`, tx.Tenant(), product.OrgID, n.Request)
	switch {
	case err == nil && before.ProductID == n.Product:
		return before, nil
	case err == nil:
		return Order{}, fault.Say(fault.Conflict, "Yêu cầu này đã đặt tem cho sản phẩm khác. Hãy mở lại trang đặt tem.")
	case !errors.Is(err, fault.NotFound):
		return Order{}, err
	}
	number, err := nextNumber(ctx, tx)
	if err != nil {
		return Order{}, err
	}
	if _, err := tx.Exec(ctx, `
		insert into stamps.stamp_order (tenant_id, number, org_id, product_id, gtin, quantity, request, created_at, fields)
		select $1, $2, $3, $4, $5, $6, $7, $8, p.fields
		from catalog.product p
		where p.tenant_id = $1 and p.id = $4`,
		number, product.OrgID, n.Product, product.GTIN, n.Quantity, n.Request, tx.Now()); err != nil {
		return Order{}, fmt.Errorf("insert stamp order: %w", err)
	}
	o, err := Find(ctx, tx, Ref{Number: number})
	if err != nil {
		return Order{}, err
	}
	return o, noted(ctx, tx, who, o, "stamps.order", fmt.Sprintf("Đặt %s tem cho %s", vi.Int(int64(n.Quantity)), product.Name),
		nil, audit.Of("Sản phẩm", product.Name, "Số tem", vi.Int(int64(n.Quantity))))
}

// nextNumber counts the tenant's orders. The counter's row stays locked until the transaction ends.
func nextNumber(ctx context.Context, tx tenant.Tx) (int, error) {
	number, err := tenant.Put[int](ctx, tx, `
		insert into stamps.counter (tenant_id, last)
		values ($1, 1)
		on conflict (tenant_id) do update
		set last = stamps.counter.last + 1
		where stamps.counter.last < $2
		returning last`, MaxOrder)
	if errors.Is(err, fault.NotFound) {
		return 0, fault.Say(fault.Conflict, "Tỉnh đã dùng hết số đợt tem. Liên hệ đơn vị vận hành hệ thống.")
	}
	return number, err
}

// noted writes the history of an order, and says that what is measured has changed.
func noted(ctx context.Context, tx tenant.Tx, who authz.Identity, o Order, action, what string, before, after audit.Fields) error {
	if err := audit.WriteChange(ctx, tx, who, action, audit.Record{Subject: "stamp_order", ID: int64(o.Number), Org: o.OrgID}, what, before, after); err != nil {
		return err
	}
	return measure.Changed(ctx, tx)
}

// fields are what was done to the stamps, for the audit.
func (r Range) fields() audit.Fields {
	return audit.Of("Tem", r.Numbers(), "Trạng thái", r.State.Name(), "Lý do", r.Reason)
}

// fieldsOf are the states that the stamps of a run had before it, for the audit: "Chưa kích hoạt (1–100)".
func fieldsOf(o Order, ranges []Range, run Range) audit.Fields {
	var states, reasons []string
	for _, part := range within(Present(ranges, o.Quantity), run.First, run.Last) {
		word := part.State.Name()
		if part.Len() < run.Len() {
			word += " (" + part.Numbers() + ")"
		}
		states = append(states, word)
		if part.Reason != "" {
			reasons = append(reasons, part.Reason)
		}
	}
	return audit.Of("Tem", run.Numbers(), "Trạng thái", strings.Join(states, ", "), "Lý do", strings.Join(reasons, ", "))
}

const orderColumns = `o.tenant_id, o.number, o.org_id, o.product_id, o.gtin, o.quantity, o.created_at`

// Find returns an order that the transaction may see.
func Find(ctx context.Context, tx tenant.Tx, r Ref) (Order, error) {
	if r.Tenant == 0 {
		r.Tenant = tx.Tenant()
	}
	return tenant.One[Order](ctx, tx, `
		select `+orderColumns+`
		from stamps.stamp_order o
		where o.tenant_id = any ($1) and o.tenant_id = $2 and o.number = $3`, r.Tenant, r.Number)
}

// RangesOf returns what was done to the stamps of an order, oldest first.
func RangesOf(ctx context.Context, tx tenant.Tx, of tenant.ID, number int) ([]Range, error) {
	return tenant.List[Range](ctx, tx, `
		select id, first, last, state, lot_id, reason, at
		from stamps.stamp_range
		where tenant_id = any ($1) and tenant_id = $2 and order_number = $3
		order by id`, of, number)
}

// lock takes the row of an order for changing its stamps, checks that first..last lie in it, and returns the order with
// its ranges.
func lock(ctx context.Context, tx tenant.Tx, r Ref, first, last int) (Order, []Range, error) {
	if r.Tenant != 0 && r.Tenant != tx.Tenant() {
		if _, err := Find(ctx, tx, r); err != nil {
			return Order{}, nil, err
		}
		return Order{}, nil, tx.Owns(r.Tenant)
	}
	locked, err := tenant.Puts[Order](ctx, tx, `
		select `+orderColumns+`
		from stamps.stamp_order o
		where o.tenant_id = $1 and o.number = $2
		for update`, r.Number)
	if err != nil {
		return Order{}, nil, fmt.Errorf("lock stamp order: %w", err)
	}
	if len(locked) == 0 {
		return Order{}, nil, fault.NotFound
	}
	o := locked[0]
	if err := checkBounds(first, last, o.Quantity); err != nil {
		return Order{}, nil, err
	}
	ranges, err := RangesOf(ctx, tx, o.TenantID, o.Number)
	return o, ranges, err
}

// checkBounds checks a range, from 0, against an order's quantity. Errors: fault.Invalid for from and to.
func checkBounds(first, last, quantity int) error {
	var wrong fault.Invalid
	if first < 0 || first >= quantity {
		wrong.Add("from", "Tem đầu phải từ 1 đến %s.", vi.Int(int64(quantity)))
	}
	switch {
	case last < 0 || last >= quantity:
		wrong.Add("to", "Tem cuối phải từ 1 đến %s.", vi.Int(int64(quantity)))
	case last < first:
		wrong.Add("to", "Tem cuối phải từ tem đầu trở đi.")
	}
	return wrong.Err()
}

// put adds a range to an order whose row is locked. Its number is above those before it, whatever the clocks say,
// because the newest range decides.
func put(ctx context.Context, tx tenant.Tx, o Order, before []Range, r Range) error {
	r.ID = tx.NewID()
	if n := len(before); n > 0 {
		r.ID = max(r.ID, before[n-1].ID+1)
	}
	_, err := tx.Exec(ctx, `
		insert into stamps.stamp_range (tenant_id, id, org_id, order_number, first, last, state, lot_id, reason, at, fields)
		select $1, $2, $3, o.number, $5, $6, $7, $8, $9, $10, o.fields
		from stamps.stamp_order o
		where o.tenant_id = $1 and o.number = $4`,
		r.ID, o.OrgID, o.Number, r.First, r.Last, r.State, r.LotID, r.Reason, tx.Now())
	if err != nil {
		return fmt.Errorf("insert stamp range: %w", err)
	}
	return nil
}

// Activate binds the stamps first..last (from 0, both included) of an order to a lot of its product, and makes the lot
// public. Errors: fault.NotFound for the order; fault.Invalid for from, to and lot; fault.Conflict when a stamp of the
// range has a state already, the product is not published, a compulsory item of NĐ 37/2026 Điều 23.5 is missing, or the
// order belongs to a merged predecessor.
func Activate(ctx context.Context, tx tenant.Tx, who authz.Identity, r Ref, first, last int, lot trace.LotID) error {
	o, ranges, err := lock(ctx, tx, r, first, last)
	if err != nil {
		return err
	}
	l, err := trace.FindLot(ctx, tx, lot)
	if errors.Is(err, fault.NotFound) || err == nil && (l.ProductID != o.ProductID || l.TenantID != o.TenantID) {
		return fault.Invalid{{Name: "lot", Message: "Chọn một lô của chính sản phẩm này."}}
	}
	if err != nil {
		return err
	}
	var taken []Range
	for _, part := range within(Present(ranges, o.Quantity), first, last) {
		if part.State != Inactive {
			taken = append(taken, part)
		}
	}
	if len(taken) > 0 {
		return fault.Say(fault.Conflict, "Không kích hoạt được các tem: %s.", spelled(taken))
	}
	if err := complete(ctx, tx, o, lot); err != nil {
		return err
	}
	run := Range{First: first, Last: last, State: Activated, LotID: &lot}
	if err := put(ctx, tx, o, ranges, run); err != nil {
		return err
	}
	if err := trace.Publish(ctx, tx, lot); err != nil {
		return err
	}
	return noted(ctx, tx, who, o, "stamps.activate", fmt.Sprintf("Kích hoạt tem %s cho lô %s", run.Numbers(), l.Code),
		fieldsOf(o, ranges, run), run.fields().With("Lô hàng", string(l.Code)))
}

// complete checks that consumers will see all that the decree asks for.
func complete(ctx context.Context, tx tenant.Tx, o Order, lot trace.LotID) error {
	f, err := tenant.One[facts](ctx, tx, `
		select p.name, p.origin, p.standard, p.state, o.name as org, o.address, o.unit,
			exists (select from catalog.photo f where f.tenant_id = p.tenant_id and f.product_id = p.id) as has_photo,
			(select count(*) from trace.event e where e.tenant_id = p.tenant_id and e.lot_id = $3) as events
		from catalog.product p
		join organization.organization o on o.tenant_id = p.tenant_id and o.id = p.org_id
		where p.tenant_id = any ($1) and p.id = $2`, o.ProductID, lot)
	if err != nil {
		return fmt.Errorf("read what the decree asks for: %w", err)
	}
	if list := f.missing(); len(list) > 0 {
		return fault.Say(fault.Conflict, "%s", missingWords(list))
	}
	if f.State != "published" {
		return fault.Say(fault.Conflict, "Sản phẩm chưa được công bố. Hãy công bố sản phẩm rồi kích hoạt tem.")
	}
	return nil
}

// SetVoid makes the stamps first..last of an order void: spoilt, lost, or not to be used. Errors as Activate, and
// fault.Invalid for reason; stamps that are void or recalled already are fault.Conflict.
func SetVoid(ctx context.Context, tx tenant.Tx, who authz.Identity, r Ref, first, last int, reason string) error {
	reason, err := checkReason(reason, "Nêu lý do hủy tem")
	if err != nil {
		return err
	}
	o, ranges, err := lock(ctx, tx, r, first, last)
	if err != nil {
		return err
	}
	var done []Range
	for _, part := range within(Present(ranges, o.Quantity), first, last) {
		if part.State == Void || part.State == Recalled {
			done = append(done, part)
		}
	}
	if len(done) > 0 {
		return fault.Say(fault.Conflict, "Không hủy được các tem: %s.", spelled(done))
	}
	run := Range{First: first, Last: last, State: Void, Reason: reason}
	if err := put(ctx, tx, o, ranges, run); err != nil {
		return err
	}
	return noted(ctx, tx, who, o, "stamps.void", fmt.Sprintf("Hủy tem %s: %s", run.Numbers(), reason), fieldsOf(o, ranges, run), run.fields())
}

// Recall recalls the stamps first..last of an order from any state: whoever scans one is warned. For officers; the
// caller has checked the permission. Errors: as SetVoid, but no state is in the way.
func Recall(ctx context.Context, tx tenant.Tx, who authz.Identity, r Ref, first, last int, reason string) error {
	reason, err := checkReason(reason, "Nêu lý do thu hồi; người tiêu dùng sẽ đọc được")
	if err != nil {
		return err
	}
	o, ranges, err := lock(ctx, tx, r, first, last)
	if err != nil {
		return err
	}
	run := Range{First: first, Last: last, State: Recalled, Reason: reason}
	if err := put(ctx, tx, o, ranges, run); err != nil {
		return err
	}
	return noted(ctx, tx, who, o, "stamps.recall", fmt.Sprintf("Thu hồi tem %s: %s", run.Numbers(), reason), fieldsOf(o, ranges, run), run.fields())
}

func checkReason(reason, ask string) (string, error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n == 0 || n > 300 {
		return "", fault.Invalid{{Name: "reason", Message: ask + ", tối đa 300 ký tự."}}
	}
	return reason, nil
}
