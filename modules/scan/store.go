package scan

import (
	"context"
	"errors"
	"time"

	"txng/modules/internal/gs1"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/modules/stamps"
	"txng/modules/trace"
	"txng/tenant"
	"txng/tenant/fault"
)

const productColumns = `p.tenant_id, p.id, p.gtin, p.name, p.brand, p.description, p.origin, p.shelf_life,
	p.illustrative or g.illustrative as illustrative, g.name as org, g.address, g.unit, g.printed_address, g.printed_unit,
	exists (select from catalog.photo f where f.tenant_id = p.tenant_id and f.product_id = p.id) as has_photo`

// look returns a stamp whose serial was opened for the GTIN, from what is published. There is none when its order does
// not exist, is for another GTIN or has fewer stamps: fault.NotFound.
func look(ctx context.Context, tx tenant.Public, gtin gs1.GTIN, s stamps.Stamp) (found, error) {
	f := found{Stamp: s, GTIN: gtin}
	row, err := tenant.One[struct {
		OrgID      tenant.OrgID
		ProductID  int64
		State      *stamps.State
		Reason     *string
		LotID      *trace.LotID
		Code       *string
		Place      *string
		ProducedOn *time.Time
		ExpiresOn  *time.Time
	}](ctx, tx, `
		select o.org_id, o.product_id, now.state, now.reason, l.id as lot_id, l.code, l.place, l.produced_on, l.expires_on
		from stamps.stamp_order o
		left join lateral (
			select r.state, r.reason
			from stamps.stamp_range r
			where r.tenant_id = $1 and r.order_number = o.number and r.first <= $4 and r.last >= $4
			order by r.id desc
			limit 1) now on true
		left join lateral (
			select r.lot_id
			from stamps.stamp_range r
			where r.tenant_id = $1 and r.order_number = o.number and r.first <= $4 and r.last >= $4 and r.state = 'activated'
			order by r.id desc
			limit 1) active on true
		left join trace.lot l on l.tenant_id = $1 and l.id = active.lot_id
		where o.tenant_id = $1 and o.number = $2 and o.gtin = $3 and o.quantity > $4`, s.Tenant, s.Order, gtin, s.Index)
	if err != nil {
		return found{}, err
	}
	f.OrgID = row.OrgID
	if row.State != nil {
		f.State, f.Reason = *row.State, *row.Reason
	}
	if f.Product, err = publishedProduct(ctx, tx, s.Tenant, row.ProductID); err != nil || row.LotID == nil {
		return f, err
	}
	f.Lot = &lot{ID: *row.LotID, Code: *row.Code, Place: *row.Place, ProducedOn: *row.ProducedOn, ExpiresOn: row.ExpiresOn}
	f.Events, err = tenant.List[event](ctx, tx, `
		select kind, at, place
		from trace.event
		where tenant_id = $1 and lot_id = $2
		order by at, id
		limit 100`, s.Tenant, f.Lot.ID)
	return f, err
}

// publishedProduct returns a product, or nil when it is not published.
func publishedProduct(ctx context.Context, tx tenant.Public, of int, id int64) (*Product, error) {
	p, err := tenant.One[Product](ctx, tx, `
		select `+productColumns+`
		from catalog.product p
		join organization.organization g on g.tenant_id = p.tenant_id and g.id = p.org_id
		where p.tenant_id = $1 and p.id = $2`, of, id)
	if errors.Is(err, fault.NotFound) {
		return nil, nil
	}
	return &p, err
}

// publishedByGTIN returns the published products of a GTIN, of the tenants given.
func publishedByGTIN(ctx context.Context, tx tenant.Public, of []tenant.ID, gtin gs1.GTIN) ([]Product, error) {
	return tenant.List[Product](ctx, tx, `
		select `+productColumns+`
		from catalog.product p
		join organization.organization g on g.tenant_id = p.tenant_id and g.id = p.org_id
		where p.tenant_id = any ($1) and p.gtin = $2
		order by p.tenant_id
		limit 50`, of, gtin)
}

type photo struct {
	Type      string
	Bytes     []byte
	CreatedAt time.Time
}

func publishedPhoto(ctx context.Context, tx tenant.Public, of int, product int64) (photo, error) {
	return tenant.One[photo](ctx, tx, `
		select type, bytes, created_at
		from catalog.photo
		where tenant_id = $1 and product_id = $2`, of, product)
}

// listed is a scan as the list shows it.
type listed struct {
	TenantID    tenant.ID
	OrderNumber int
	Index       int
	Verdict     Verdict
	At          time.Time
	Product     string
	Org         string
}

// productName is the name of the product of a scan s. It is looked up by key, whatever the plan: a list reads it for the rows
// that it shows, and a plan that joins all scans of a province with its products is good for another one only.
const productName = `(
			select p.name
			from stamps.stamp_order o
			join catalog.product p on p.tenant_id = any ($1) and p.tenant_id = o.tenant_id and p.id = o.product_id
			where o.tenant_id = any ($1) and o.tenant_id = s.tenant_id and o.number = s.order_number)`

// orders are the orders of the list. A scan's number begins with its time.
var orders = map[string]string{
	"at":       ` order by s.id`,
	"-at":      ` order by s.id desc`,
	"product":  ` order by ` + productName + ` collate "vi-x-icu", s.id desc`,
	"-product": ` order by ` + productName + ` collate "vi-x-icu" desc, s.id desc`,
}

// firstID returns the lowest number that a scan at t can have.
func firstID(t time.Time) int64 { return tenant.NewID(t) &^ (1<<21 - 1) }

// search returns scans by words of product or organization, verdict and days. The days are not shown to the planner: one
// plan, along the order of the list, for few days and for all.
func search(ctx context.Context, tx tenant.Tx, l web.Query, between web.Days) ([]listed, int, error) {
	type row struct {
		listed
		Total int
	}
	low, high := int64(0), int64(1<<63-1)
	if !between.From.IsZero() {
		low = max(0, firstID(between.From))
	}
	if end := between.End(); !end.IsZero() {
		high = firstID(end)
	}
	rows, err := tenant.List[row](ctx, tx, `
		select s.tenant_id, s.order_number, s.index, s.verdict, s.at, coalesce(`+productName+`, '') as product, coalesce((
				select g.name
				from organization.organization g
				where g.tenant_id = any ($1) and g.tenant_id = s.tenant_id and g.id = s.org_id), '') as org,
			count(*) over () as total
		from scan.scan s
		where s.tenant_id = any ($1) and s.id >= (select $2::bigint) and s.id < (select $3::bigint)
		and ($4 = '' or s.verdict = $4)
		and ($5 = '' or s.order_number::text = $5)
		and not exists (
			select from unnest($6::text[]) w
			where not exists (
				select from stamps.stamp_order o
				join catalog.token t on t.tenant_id = any ($1) and t.tenant_id = o.tenant_id and t.product_id = o.product_id and t.token ^@ w
				where o.tenant_id = any ($1) and o.tenant_id = s.tenant_id and o.number = s.order_number)
			and not exists (
				select from organization.token t
				where t.tenant_id = any ($1) and t.tenant_id = s.tenant_id and t.org_id = s.org_id and t.token ^@ w))`+
		orders[l.Order]+`
		limit $7 offset $8`, low, high, l.Get("verdict"), l.Get("order"), vi.Tokens(l.Get("q")), l.Limit, l.Offset)
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

// perDay returns the number of scans of each day from the day of since on, by the day's number in Việt Nam, and of
// those the number of scans whose verdict was not Genuine.
func perDay(ctx context.Context, tx tenant.Tx, since time.Time) (map[string][2]int64, error) {
	rows, err := tenant.List[struct {
		Day        time.Time
		All, Wrong int64
	}](ctx, tx, `
		select (at at time zone 'Asia/Ho_Chi_Minh')::date as day, count(*) as all, count(*) filter (where verdict <> 'genuine') as wrong
		from scan.scan
		where tenant_id = any ($1) and id >= $2
		group by day`, firstID(since))
	days := map[string][2]int64{}
	for _, r := range rows {
		days[r.Day.Format(time.DateOnly)] = [2]int64{r.All, r.Wrong}
	}
	return days, err
}
