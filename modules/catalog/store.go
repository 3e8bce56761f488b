package catalog

import (
	"context"
	"errors"
	"fmt"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/measure"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

const selectProduct = `
	select p.tenant_id, p.id, p.org_id, p.gtin, p.name, p.brand, p.description, p.origin, p.standard, p.shelf_life,
		p.fields, p.list_item_id, p.exported, p.state, p.illustrative, p.source, p.created_at,
		o.name as org_name, o.address as org_place, o.unit as org_unit, o.printed_address as org_printed, o.printed_unit as org_printed_unit,
		exists (select from catalog.photo f where f.tenant_id = any ($1) and f.tenant_id = p.tenant_id and f.product_id = p.id) as has_photo,
		exists (
			select from trace.lot l
			join trace.event e on e.tenant_id = l.tenant_id and e.lot_id = l.id
			where l.tenant_id = any ($1) and l.tenant_id = p.tenant_id and l.product_id = p.id) as has_event`

const fromProduct = `
	from catalog.product p
	join organization.organization o on o.tenant_id = p.tenant_id and o.id = p.org_id
	where p.tenant_id = any ($1)`

// Find returns a product that the transaction may see.
func Find(ctx context.Context, tx tenant.Tx, id ProductID) (Product, error) {
	return tenant.One[Product](ctx, tx, selectProduct+fromProduct+`
	and p.id = $2`, id)
}

// Create declares a product of the organization that the transaction is confined to. Errors: fault.Invalid, for gtin
// also when the province has the number already.
func Create(ctx context.Context, tx tenant.Tx, who authz.Identity, n NewProduct) (ProductID, error) {
	org := tx.Org()
	if org == 0 {
		return 0, fault.Forbidden
	}
	p, err := n.Validate()
	if err != nil {
		return 0, err
	}
	id := ProductID(tx.NewID())
	_, err = tx.Exec(ctx, `
		insert into catalog.product (tenant_id, id, org_id, gtin, name, brand, description, origin, standard, shelf_life,
			list_item_id, exported, state, illustrative, source, created_at, fields)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		id, org, p.GTIN, p.Name, p.Brand, p.Description, p.Origin, p.Standard, p.ShelfLife, p.ListItemID, p.Exported,
		p.State, p.Illustrative, p.Source, tx.Now(), p.Fields)
	switch {
	case tenant.Violates(err, "product_tenant_id_gtin_key"):
		return 0, fault.Taken("gtin", "Mã %s đã được khai báo trên hệ thống của tỉnh.", p.GTIN.Display())
	case tenant.Violates(err, "product_tenant_id_list_item_id_fkey"):
		return 0, fault.Invalid{{Name: "list_item", Message: "Nhóm sản phẩm không có trong danh mục của tỉnh."}}
	case err != nil:
		return 0, fmt.Errorf("insert product: %w", err)
	}
	if _, err = tx.Exec(ctx, `
		insert into catalog.token (tenant_id, token, product_id, org_id, fields)
		select $1, unnest($2::text[]), $3, $4, $5`, append(vi.Tokens(p.Name+" "+p.Brand), string(p.GTIN), p.GTIN.Display()), id, org, p.Fields); err != nil {
		return 0, err
	}
	if err := groupsOf(ctx, tx, org); err != nil {
		return 0, err
	}
	return id, write(ctx, tx, who, "product.create", Product{ID: id, OrgID: org}, "Khai báo sản phẩm "+p.Name, nil, p.fields())
}

func write(ctx context.Context, tx tenant.Tx, who authz.Identity, action string, p Product, what string, before, after audit.Fields) error {
	if err := audit.WriteChange(ctx, tx, who, action, audit.Record{Subject: "product", ID: int64(p.ID), Org: p.OrgID}, what, before, after); err != nil {
		return err
	}
	return measure.Changed(ctx, tx)
}

// own returns a product that may be changed in this transaction.
func own(ctx context.Context, tx tenant.Tx, id ProductID) (Product, error) {
	p, err := Find(ctx, tx, id)
	if err == nil && p.TenantID != tx.Tenant() {
		err = fault.Say(fault.Conflict, "Sản phẩm được khai báo tại tỉnh trước sáp nhập; hãy sửa bằng vai trò của đơn vị tại tỉnh đó.")
	}
	return p, err
}

// SetPhoto stores a product's photo, in place of the one before.
func SetPhoto(ctx context.Context, tx tenant.Tx, who authz.Identity, id ProductID, ph Photo) error {
	p, err := own(ctx, tx, id)
	if err != nil {
		return err
	}
	var had *Photo
	switch old, err := PhotoOf(ctx, tx, id); {
	case err == nil:
		had = &old
	case !errors.Is(err, fault.NotFound):
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into catalog.photo (tenant_id, product_id, org_id, type, bytes, published, created_at, fields)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (tenant_id, product_id) do update
		set type = excluded.type, bytes = excluded.bytes, created_at = excluded.created_at`,
		id, p.OrgID, ph.Type, ph.Bytes, p.State == Published, tx.Now(), p.Fields)
	if err != nil {
		return err
	}
	before := audit.Of("Hình ảnh", "")
	if had != nil {
		before = photoFields(*had)
	}
	return write(ctx, tx, who, "product.photo", p, "Cập nhật hình ảnh sản phẩm "+p.Name, before, photoFields(ph))
}

// PhotoOf returns a product's photo.
func PhotoOf(ctx context.Context, tx tenant.Tx, id ProductID) (Photo, error) {
	return tenant.One[Photo](ctx, tx, `
		select type, bytes
		from catalog.photo
		where tenant_id = any ($1) and product_id = $2`, id)
}

// Publish shows a draft to everybody. The items of the product itself must be there: a, b, c, d, đ and i.
func Publish(ctx context.Context, tx tenant.Tx, who authz.Identity, id ProductID) error {
	p, err := own(ctx, tx, id)
	if err != nil {
		return err
	}
	if p.State != Draft {
		return fault.Say(fault.Conflict, "Sản phẩm đã được công bố.")
	}
	approved, err := tenant.Value[bool](ctx, tx, `
		select state = 'approved'
		from organization.organization
		where tenant_id = any ($1) and tenant_id = $3 and id = $2`, p.OrgID, p.TenantID)
	if err != nil {
		return err
	}
	if !approved {
		return fault.Say(fault.Conflict, "Hồ sơ của đơn vị chưa được duyệt nên chưa công bố được sản phẩm.")
	}
	var wrong fault.Invalid
	for _, i := range Missing(p) {
		if !i.Optional && i.Letter != "e" {
			wrong.Add("", "Còn thiếu: %s (điểm %s khoản 5 Điều 23 Nghị định 37/2026/NĐ-CP).", i.Name, i.Letter)
		}
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		update catalog.product
		set state = 'published'
		where tenant_id = $1 and id = $2`, id); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		update catalog.photo
		set published = true
		where tenant_id = $1 and product_id = $2`, id); err != nil {
		return err
	}
	published := p
	published.State = Published
	return write(ctx, tx, who, "product.publish", p, "Công bố sản phẩm "+p.Name, p.standing(), published.standing())
}

// orders are the orders of the list.
var orders = map[string]string{
	"name":     ` order by p.name collate "vi-x-icu", p.id`,
	"-name":    ` order by p.name collate "vi-x-icu" desc, p.id`,
	"created":  ` order by p.created_at, p.id`,
	"-created": ` order by p.created_at desc, p.id`,
}

// Search returns products by words of name, brand or number, by state and by list.
func Search(ctx context.Context, tx tenant.Tx, l web.Query) ([]Product, int, error) {
	type row struct {
		Product
		Total int
	}
	rows, err := tenant.List[row](ctx, tx, selectProduct+`, count(*) over () as total`+fromProduct+`
		and ($2 = '' or p.state = $2)
		and ($3 = '' or exists (
			select from catalog.list_item i
			where i.tenant_id = p.tenant_id and i.id = p.list_item_id and i.list = $3))
		and not exists (
			select from unnest($4::text[]) w
			where not exists (
				select from catalog.token t
				where t.tenant_id = any ($1) and t.tenant_id = p.tenant_id and t.product_id = p.id and t.token ^@ w))`+
		orders[l.Order]+`
		limit $5 offset $6`, l.Get("state"), l.Get("list"), vi.Tokens(l.Get("q")), l.Limit, l.Offset)
	if err != nil {
		return nil, 0, err
	}
	list := make([]Product, len(rows))
	total := 0
	for i, r := range rows {
		list[i], total = r.Product, r.Total
	}
	return list, total, nil
}

// NewListItem is an entry to be put on a list.
type NewListItem struct {
	List         List
	Name, Source string
	Official     bool
}

// AddListItems puts entries on the province's lists; one that is there already stays as it is. It returns the number
// of new entries.
func AddListItems(ctx context.Context, tx tenant.Tx, who authz.Identity, items []NewListItem) (int, error) {
	added := 0
	for _, i := range items {
		n := len([]rune(i.Name))
		if n < 1 || n > 200 || i.List.Name() == string(i.List) {
			return added, fault.Invalid{{Name: "name", Message: "Tên nhóm sản phẩm có từ 1 đến 200 ký tự, thuộc một trong ba danh mục."}}
		}
		if len([]rune(i.Source)) > 500 {
			return added, fault.Invalid{{Name: "source", Message: "Căn cứ dài quá 500 ký tự."}}
		}
		id := tx.NewID()
		rows, err := tx.Exec(ctx, `
			insert into catalog.list_item (tenant_id, id, list, name, source, official, created_at)
			values ($1, $2, $3, $4, $5, $6, $7)
			on conflict (tenant_id, list, name) do nothing`, id, i.List, i.Name, i.Source, i.Official, tx.Now())
		if err != nil {
			return added, err
		}
		if rows == 0 {
			continue
		}
		added++
		if err := audit.WriteChange(ctx, tx, who, "catalog.add", audit.Record{Subject: "list_item", ID: id}, "Thêm “"+i.Name+"” vào danh mục "+i.List.Name(),
			nil, audit.Of("Danh mục", i.List.Name(), "Tên", i.Name, "Căn cứ", i.Source, "Do tỉnh ban hành", yesNo(i.Official))); err != nil {
			return added, err
		}
	}
	if added == 0 {
		return 0, nil
	}
	return added, measure.Changed(ctx, tx)
}

// ListItems returns the entries of the province's lists.
func ListItems(ctx context.Context, tx tenant.Tx) ([]ListItem, error) {
	return tenant.List[ListItem](ctx, tx, `
		select tenant_id, id, list, name, source, official
		from catalog.list_item
		where tenant_id = any ($1)
		order by list, name collate "vi-x-icu"`)
}

// listItemOf returns the entry that a product falls under, if any.
func listItemOf(ctx context.Context, tx tenant.Tx, p Product) (ListItem, bool, error) {
	if p.ListItemID == nil {
		return ListItem{}, false, nil
	}
	i, err := tenant.One[ListItem](ctx, tx, `
		select tenant_id, id, list, name, source, official
		from catalog.list_item
		where tenant_id = any ($1) and id = $2`, *p.ListItemID)
	if errors.Is(err, fault.NotFound) {
		return ListItem{}, false, nil
	}
	return i, err == nil, err
}
