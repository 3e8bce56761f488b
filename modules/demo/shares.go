package demo

import (
	"context"

	"txng/authz"
	"txng/tenant"
)

// assignedOrgs is how many organizations a province's inspector is assigned.
const assignedOrgs = 3

// shares says who of a province's officers answers for what: its inspector gets the first organizations. Nghệ An also has
// a role of its own and has decided about a department's groups of products.
func (l *loader) shares(ctx context.Context, t tenant.Tenant, scope tenant.Scope) error {
	admin := authz.Identity{Name: officers[0].name, Role: authz.DOSTAdmin, Tenant: t.ID}
	var own authz.CustomRole
	err := l.ago(10).In(ctx, scope, func(tx tenant.Tx) error {
		orgs, err := tenant.Column[tenant.OrgID](ctx, tx, `
			select id
			from organization.organization
			where tenant_id = any ($1) and tenant_id = $2 and state = 'approved'
			order by id
			limit $3`, tx.Tenant(), assignedOrgs)
		if err != nil {
			return err
		}
		inspectors, err := authz.Inspectors(ctx, tx)
		if err != nil {
			return err
		}
		for _, i := range inspectors {
			if len(orgs) == 0 {
				continue
			}
			if _, err := authz.Assign(ctx, tx, admin, authz.NewAssignment{Membership: i.ID, Orgs: orgs, Basis: "Quyết định phân công kiểm tra (dữ liệu minh họa)", From: tx.Now()}); err != nil {
				return err
			}
		}
		if t.Slug != "nghe-an" {
			return nil
		}
		if _, err := authz.SetFields(ctx, tx, admin, "SCT", []string{"thuc-pham", "do-uong", "cong-nghiep"}); err != nil {
			return err
		}
		own, err = authz.CreateRole(ctx, tx, admin, authz.NewRole{Name: "Cán bộ tổng hợp", Permissions: []string{
			string(authz.OrganizationView), string(authz.CatalogView), string(authz.PlanView), string(authz.KPIView), string(authz.AuditView),
		}})
		return err
	})
	if err != nil || own.ID == 0 {
		return err
	}
	return l.db.Platform(ctx, func(tx tenant.Platform) error {
		email := "tonghop@" + t.Slug + "." + domain
		account, err := authz.CreateAccount(ctx, tx, email, "Ngô Thị Mai", Password)
		if err != nil {
			return err
		}
		l.account(authz.Custom, t.Slug, email)
		_, err = authz.GrantMembership(ctx, tx, authz.NewMembership{Tenant: t.ID, Account: account, Role: authz.Custom, RoleID: own.ID})
		return err
	})
}
