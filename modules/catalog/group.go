package catalog

import (
	"context"
	"slices"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/modules/organization"
	"txng/tenant"
	"txng/tenant/fault"
)

// groupsOf tells an organization the groups of its products, so that the departments that answer for them see it.
func groupsOf(ctx context.Context, tx tenant.Tx, org tenant.OrgID) error {
	products, err := tenant.Value[tenant.Fields](ctx, tx, `
		select coalesce(bit_or(fields), 0)::bigint
		from catalog.product
		where tenant_id = any ($1) and tenant_id = $2 and org_id = $3`, tx.Tenant(), org)
	if err != nil {
		return err
	}
	return organization.SetFields(ctx, tx, org, products)
}

// SetGroup puts a product into another group, and with it its lots, events, stamps and scans: they follow by their
// foreign keys. From then on the departments of the other group see them. Errors: fault.NotFound; fault.Invalid for
// "group"; fault.Conflict when the product belongs to a merged predecessor.
func SetGroup(ctx context.Context, tx tenant.Tx, who authz.Identity, id ProductID, group string) error {
	p, err := own(ctx, tx, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(authz.Groups, func(g authz.Group) bool { return g.Code == group })
	if i < 0 {
		return fault.Invalid{{Name: "group", Message: "Chọn nhóm sản phẩm trong danh sách."}}
	}
	to := authz.Groups[i]
	if p.Fields == to.Fields {
		return nil
	}
	if _, err := tx.Exec(ctx, `
		update catalog.product
		set fields = $3
		where tenant_id = $1 and id = $2`, id, to.Fields); err != nil {
		return err
	}
	if err := groupsOf(ctx, tx, p.OrgID); err != nil {
		return err
	}
	return audit.WriteChange(ctx, tx, who, "product.group", audit.Record{Subject: "product", ID: int64(id), Org: p.OrgID},
		"Chuyển sản phẩm "+p.Name+" sang nhóm “"+to.Name+"”", audit.Of("Nhóm sản phẩm", p.group().Name), audit.Of("Nhóm sản phẩm", to.Name))
}

func (p Product) group() authz.Group {
	for _, g := range authz.GroupsOf(p.Fields) {
		return g
	}
	return authz.Groups[0]
}

// groupOptions are the groups of products to choose from.
func groupOptions() []ui.Option {
	var options []ui.Option
	for _, g := range authz.Groups {
		options = append(options, ui.Option{Value: g.Code, Label: g.Label()})
	}
	return options
}

func submitGroup(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	if err := SetGroup(q.Context(), tx, q.Who, ProductID(id), q.Value("group")); err != nil {
		return web.Answer{}, err
	}
	return web.See(path(ProductID(id))).Say("Đã lưu nhóm sản phẩm."), nil
}
