package stamps

import (
	"context"

	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/modules/trace"
	"txng/tenant"
)

// listed is an order as the list and its own page show it.
type listed struct {
	Order
	Product, Org string
	Scanned      int64 // stamps that were scanned at least once
	present      []Range
}

func (l listed) count(s State) int64 { return int64(count(l.present, s)) }

const listedColumns = orderColumns + `, p.name as product, g.name as org,
	(select count(*) from scan.serial s where s.tenant_id = o.tenant_id and s.order_number = o.number) as scanned`

const listedFrom = `
	from stamps.stamp_order o
	join catalog.product p on p.tenant_id = o.tenant_id and p.id = o.product_id
	join organization.organization g on g.tenant_id = o.tenant_id and g.id = o.org_id
	where o.tenant_id = any ($1)`

// listedRow is a row of the list's query, and how many rows its filters leave.
type listedRow struct {
	Order
	Product, Org   string
	Scanned, Total int64
}

func (r listedRow) listed() listed {
	return listed{Order: r.Order, Product: r.Product, Org: r.Org, Scanned: r.Scanned}
}

func findListed(ctx context.Context, tx tenant.Tx, r Ref) (listed, error) {
	if r.Tenant == 0 {
		r.Tenant = tx.Tenant()
	}
	row, err := tenant.One[listedRow](ctx, tx, `
		select `+listedColumns+`, 1::bigint as total`+listedFrom+` and o.tenant_id = $2 and o.number = $3`, r.Tenant, r.Number)
	return row.listed(), err
}

// orders are the orders of the list.
var orders = map[string]string{
	"created":   ` order by o.created_at, o.number`,
	"-created":  ` order by o.created_at desc, o.number desc`,
	"product":   ` order by p.name collate "vi-x-icu", o.number`,
	"-product":  ` order by p.name collate "vi-x-icu" desc, o.number`,
	"quantity":  ` order by o.quantity, o.number`,
	"-quantity": ` order by o.quantity desc, o.number`,
}

// search returns orders by words of the product or the organization.
func search(ctx context.Context, tx tenant.Tx, l web.Query) ([]listed, int, error) {
	rows, err := tenant.List[listedRow](ctx, tx, `
		select `+listedColumns+`, count(*) over () as total`+listedFrom+`
		and not exists (
			select from unnest($2::text[]) w
			where o.number::text <> w
			and not exists (
				select from catalog.token t
				where t.tenant_id = any ($1) and t.tenant_id = o.tenant_id and t.product_id = o.product_id and t.token ^@ w)
			and not exists (
				select from organization.token t
				where t.tenant_id = any ($1) and t.tenant_id = o.tenant_id and t.org_id = o.org_id and t.token ^@ w))`+
		orders[l.Order]+`
		limit $3 offset $4`, vi.Tokens(l.Get("q")), l.Limit, l.Offset)
	if err != nil {
		return nil, 0, err
	}
	list := make([]listed, len(rows))
	total := 0
	for i, r := range rows {
		list[i], total = r.listed(), int(r.Total)
	}
	return list, total, fill(ctx, tx, list)
}

// fill reads what the stamps of the orders are now.
func fill(ctx context.Context, tx tenant.Tx, list []listed) error {
	type key struct {
		of     tenant.ID
		number int
	}
	var of, numbers []int
	for _, l := range list {
		of, numbers = append(of, int(l.TenantID)), append(numbers, l.Number)
	}
	rows, err := tenant.List[struct {
		TenantID    tenant.ID
		OrderNumber int
		Range
	}](ctx, tx, `
		select r.tenant_id, r.order_number, r.id, r.first, r.last, r.state, r.lot_id, r.reason, r.at
		from unnest($2::int[], $3::int[]) as o (tenant_id, number)
		join stamps.stamp_range r on r.tenant_id = o.tenant_id and r.order_number = o.number
		where r.tenant_id = any ($1)
		order by r.id`, of, numbers)
	if err != nil {
		return err
	}
	ranges := map[key][]Range{}
	for _, r := range rows {
		k := key{r.TenantID, r.OrderNumber}
		ranges[k] = append(ranges[k], r.Range)
	}
	for i, l := range list {
		list[i].present = Present(ranges[key{l.TenantID, l.Number}], l.Quantity)
	}
	return nil
}

// choice is a product that stamps may be ordered for.
type choice struct {
	ID   int64
	Name string
}

// ownProducts returns the products of the home tenant that the transaction may see.
func ownProducts(ctx context.Context, tx tenant.Tx) ([]choice, error) {
	return tenant.List[choice](ctx, tx, `
		select id, name
		from catalog.product
		where tenant_id = any ($1) and tenant_id = $2
		order by name collate "vi-x-icu", id
		limit 1000`, tx.Tenant())
}

// lotCodes returns the codes of a product's lots by their numbers.
func lotCodes(lots []trace.Lot) map[trace.LotID]string {
	codes := map[trace.LotID]string{}
	for _, l := range lots {
		codes[l.ID] = string(l.Code)
	}
	return codes
}
