package onboarding

import (
	"context"
	"slices"

	"txng/authz"
	"txng/modules/internal/vi"
	"txng/tenant"
)

// Item is a thing that a province needs to run its programme.
type Item struct {
	Label, Hint, Href string
	Done              bool
	Needs             authz.Permission // to do it
}

// Finished says whether there is nothing left of a checklist.
func Finished(items []Item) bool {
	return !slices.ContainsFunc(items, func(i Item) bool { return !i.Done })
}

// Checklist says what a province has of what leads to its first scan, by the rows that there are.
func Checklist(ctx context.Context, tx tenant.Tx) ([]Item, error) {
	row, err := tenant.One[struct{ Plans, Items, Invited, Officers, Organizations, Orders, Active, Scans int64 }](ctx, tx, `
		select (select count(*) from plan.plan where tenant_id = any ($1)) as plans,
			(select count(*) from catalog.list_item where tenant_id = any ($1)) as items,
			(select count(*) from authz.invitation
				where tenant_id = any ($1) and org_id = 0 and accepted_at is null and revoked_at is null and expires_at > $2) as invited,
			(select count(distinct account_id) from authz.membership
				where tenant_id = any ($1) and org_id = 0 and (valid_to is null or valid_to > $2)) as officers,
			(select count(*) from organization.organization where tenant_id = any ($1) and state = 'approved') as organizations,
			(select count(*) from stamps.stamp_order where tenant_id = any ($1)) as orders,
			(select count(*) from stamps.stamp_range where tenant_id = any ($1) and state = 'activated') as active,
			(select count(*) from (select from scan.scan where tenant_id = any ($1) limit 1) as first) as scans`, tx.Now())
	if err != nil {
		return nil, err
	}
	officers := vi.Int(row.Officers) + " người đã tham gia"
	if row.Invited > 0 {
		officers += ", " + vi.Int(row.Invited) + " lời mời chưa nhận"
	}
	return []Item{
		{"Nhập kế hoạch của tỉnh", "Chỉ tiêu, nhiệm vụ và phân công", "/ke-hoach", row.Plans > 0, authz.PlanView},
		{"Lập danh mục sản phẩm", "Sản phẩm bắt buộc, ưu tiên, đặc thù", "/danh-muc", row.Items > 0, authz.CatalogView},
		{"Mời cán bộ cùng làm", officers, "/thanh-vien", row.Officers > 1, authz.MemberView},
		{"Có chủ thể được duyệt", "Doanh nghiệp, hợp tác xã, hộ", "/to-chuc", row.Organizations > 0, authz.OrganizationView},
		{"Có đợt tem đầu tiên", "Do chủ thể đặt trong hạn mức", "/tem", row.Orders > 0, authz.StampView},
		{"Có tem được kích hoạt", "Sản phẩm bắt đầu truy xuất được", "/tem", row.Active > 0, authz.StampView},
		{"Có lượt quét đầu tiên", "Người tiêu dùng tra cứu được con tem", "/luot-quet", row.Scans > 0, authz.ScanView},
	}, nil
}
