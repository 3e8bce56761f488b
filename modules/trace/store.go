package trace

import (
	"context"
	"errors"
	"fmt"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/gs1"
	"txng/modules/internal/measure"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// CreateLot stores a lot of a product of the organization's own. Errors: fault.Invalid for product, code (also when the
// product has such a lot), place, produced and expires; fault.Conflict when the product belongs to a merged predecessor.
func CreateLot(ctx context.Context, tx tenant.Tx, who authz.Identity, n NewLot) (LotID, error) {
	l, err := n.Validate(tx.Now())
	if err != nil {
		return 0, err
	}
	product, err := tenant.One[struct {
		TenantID tenant.ID
		OrgID    tenant.OrgID
		Name     string
	}](ctx, tx, `
		select tenant_id, org_id, name
		from catalog.product
		where tenant_id = any ($1) and id = $2`, n.Product)
	switch {
	case errors.Is(err, fault.NotFound), err == nil && who.Org != 0 && who.Org != product.OrgID:
		return 0, fault.Invalid{{Name: "product", Message: "Chọn một sản phẩm của đơn vị mình."}}
	case err != nil:
		return 0, fmt.Errorf("look for the lot's product: %w", err)
	case product.TenantID != tx.Tenant():
		return 0, errPredecessor
	}
	l.ID = LotID(tx.NewID())
	_, err = tx.Exec(ctx, `
		insert into trace.lot (tenant_id, id, org_id, product_id, code, place, produced_on, expires_on, created_at, fields)
		select $1, $2, $3, $4, $5, $6, $7, $8, $9, p.fields
		from catalog.product p
		where p.tenant_id = $1 and p.id = $4`,
		l.ID, product.OrgID, l.ProductID, l.Code, l.Place, l.ProducedOn, l.ExpiresOn, l.CreatedAt)
	if tenant.Violates(err, "lot_tenant_id_product_id_code_key") {
		return 0, fault.Taken("code", "Sản phẩm này đã có lô %s. Hãy dùng mã lô khác.", l.Code)
	}
	if err != nil {
		return 0, fmt.Errorf("insert lot: %w", err)
	}
	expires := ""
	if l.ExpiresOn != nil {
		expires = vi.Date(*l.ExpiresOn)
	}
	err = audit.WriteChange(ctx, tx, who, "lot.create", record(l.ID, product.OrgID), fmt.Sprintf("Tạo lô %s của %s", l.Code, product.Name),
		nil, audit.Of("Mã lô", string(l.Code), "Sản phẩm", product.Name, "Nơi sản xuất", l.Place, "Ngày sản xuất", vi.Date(l.ProducedOn), "Hạn sử dụng", expires))
	if err != nil {
		return 0, err
	}
	return l.ID, measure.Changed(ctx, tx)
}

// errPredecessor refuses to write to what a merged predecessor has left.
var errPredecessor = fault.Say(fault.Conflict, "Dữ liệu này thuộc tỉnh trước sáp nhập, chỉ xem được; hãy làm việc bằng vai trò của tỉnh đó.")

func record(id LotID, org tenant.OrgID) audit.Record {
	return audit.Record{Subject: "lot", ID: int64(id), Org: org}
}

// Record notes an event of a lot; it is public when the lot is. Errors: fault.NotFound for the lot, fault.Invalid for
// kind, at, place and note, fault.Conflict when the lot belongs to a merged predecessor.
func Record(ctx context.Context, tx tenant.Tx, who authz.Identity, n NewEvent) (int64, error) {
	l, err := FindLot(ctx, tx, n.Lot)
	if err != nil {
		return 0, err
	}
	e, err := n.Validate(tx.Now())
	if err != nil {
		return 0, err
	}
	if l.TenantID != tx.Tenant() {
		return 0, errPredecessor
	}
	id := tx.NewID()
	// The lot's row is read under lock, so that an event cannot slip past a Publish that runs at the same time.
	locked, err := tenant.Puts[struct {
		Published bool
		Fields    tenant.Fields
	}](ctx, tx, `
		select published, fields
		from trace.lot
		where tenant_id = $1 and id = $2
		for update`, l.ID)
	if err == nil && len(locked) == 0 {
		err = fault.NotFound
	}
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `
		insert into trace.event (tenant_id, id, org_id, lot_id, kind, at, place, note, published, created_at, fields)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, l.OrgID, l.ID, e.Kind, e.At, e.Place, e.Note, locked[0].Published, tx.Now(), locked[0].Fields); err != nil {
		return 0, fmt.Errorf("insert event: %w", err)
	}
	what := fmt.Sprintf("Ghi sự kiện “%s” lúc %s tại %s", e.Kind.Name(), vi.DateTime(e.At), e.Place)
	if err := audit.WriteChange(ctx, tx, who, "lot.event", record(l.ID, l.OrgID), what,
		nil, audit.Of("Sự kiện", e.Kind.Name(), "Lúc", vi.DateTime(e.At), "Tại", e.Place, "Ghi chú", e.Note)); err != nil {
		return 0, err
	}
	return id, measure.Changed(ctx, tx)
}

// Publish makes a lot of the home tenant and its events public. Publishing twice is no error; no such lot is
// fault.NotFound.
func Publish(ctx context.Context, tx tenant.Tx, id LotID) error {
	n, err := tx.Exec(ctx, `
		update trace.lot
		set published = true
		where tenant_id = $1 and id = $2`, id)
	if err != nil {
		return fmt.Errorf("publish lot: %w", err)
	}
	if n == 0 {
		return fault.NotFound
	}
	_, err = tx.Exec(ctx, `
		update trace.event
		set published = true
		where tenant_id = $1 and lot_id = $2 and not published`, id)
	return err
}

const lotColumns = `l.tenant_id, l.id, l.org_id, l.product_id, l.code, l.place, l.produced_on, l.expires_on, l.published, l.created_at`

// FindLot returns a lot that the transaction may see.
func FindLot(ctx context.Context, tx tenant.Tx, id LotID) (Lot, error) {
	return tenant.One[Lot](ctx, tx, `
		select `+lotColumns+`
		from trace.lot l
		where l.tenant_id = any ($1) and l.id = $2`, id)
}

// LotsOf returns the lots of a product, newest first, at most 500.
func LotsOf(ctx context.Context, tx tenant.Tx, product int64) ([]Lot, error) {
	return tenant.List[Lot](ctx, tx, `
		select `+lotColumns+`
		from trace.lot l
		where l.tenant_id = any ($1) and l.product_id = $2
		order by l.id desc
		limit 500`, product)
}

// EventsOf returns the events of a lot in the order in which they happened.
func EventsOf(ctx context.Context, tx tenant.Tx, lot LotID) ([]Event, error) {
	return tenant.List[Event](ctx, tx, `
		select id, kind, at, place, note, published
		from trace.event
		where tenant_id = any ($1) and lot_id = $2
		order by at, id`, lot)
}

// listed is a lot as the list and its own page show it.
type listed struct {
	Lot
	Product, Org string
	GTIN         gs1.GTIN `db:"gtin"`
	Events       int64
	Latest       *Kind
}

const listedColumns = lotColumns + `, p.name as product, o.name as org, p.gtin,
	(select count(*) from trace.event e where e.tenant_id = l.tenant_id and e.lot_id = l.id) as events,
	(select e.kind from trace.event e where e.tenant_id = l.tenant_id and e.lot_id = l.id order by e.at desc, e.id desc limit 1) as latest`

const listedFrom = `
	from trace.lot l
	join catalog.product p on p.tenant_id = l.tenant_id and p.id = l.product_id
	join organization.organization o on o.tenant_id = l.tenant_id and o.id = l.org_id
	where l.tenant_id = any ($1)`

func findListed(ctx context.Context, tx tenant.Tx, id LotID) (listed, error) {
	return tenant.One[listed](ctx, tx, `select `+listedColumns+listedFrom+` and l.id = $2`, id)
}

// orders are the orders of the list.
var orders = map[string]string{
	"code":      ` order by l.code, l.id`,
	"-code":     ` order by l.code desc, l.id`,
	"product":   ` order by p.name collate "vi-x-icu", l.id`,
	"-product":  ` order by p.name collate "vi-x-icu" desc, l.id`,
	"produced":  ` order by l.produced_on, l.id`,
	"-produced": ` order by l.produced_on desc, l.id desc`,
}

// search returns lots by words of the product or parts of the code, and by whether they are public.
func search(ctx context.Context, tx tenant.Tx, l web.Query) ([]listed, int, error) {
	type row struct {
		listed
		Total int
	}
	rows, err := tenant.List[row](ctx, tx, `
		select `+listedColumns+`, count(*) over () as total`+listedFrom+`
		and ($2 = '' or l.published = ($2 = 'public'))
		and not exists (
			select from unnest($3::text[]) w
			where strpos(lower(l.code), w) = 0
			and not exists (
				select from catalog.token t
				where t.tenant_id = any ($1) and t.tenant_id = l.tenant_id and t.product_id = l.product_id and t.token ^@ w))`+
		orders[l.Order]+`
		limit $4 offset $5`, l.Get("state"), vi.Tokens(l.Get("q")), l.Limit, l.Offset)
	if err != nil {
		return nil, 0, err
	}
	list := make([]listed, len(rows))
	total := 0
	for i, r := range rows {
		list[i], total = r.listed, r.Total
	}
	return list, total, nil
}

// choice is a product that a lot may be made of.
type choice struct {
	ID   int64
	Name string
	GTIN gs1.GTIN `db:"gtin"`
}

// ownProducts returns the products of the home tenant that the transaction may see.
func ownProducts(ctx context.Context, tx tenant.Tx) ([]choice, error) {
	return tenant.List[choice](ctx, tx, `
		select id, name, gtin
		from catalog.product
		where tenant_id = any ($1) and tenant_id = $2
		order by name collate "vi-x-icu", id
		limit 1000`, tx.Tenant())
}
