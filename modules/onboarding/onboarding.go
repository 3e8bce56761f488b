// Package onboarding brings a province onto the platform: it activates the tenant, gives the first administrator of its
// Department of Science and Technology an account, and puts the province's plan in.
//
// Tables: none of its own. URLs: /tinh, /tinh/{slug}. Permissions: tenant.view, tenant.create.
package onboarding

import (
	"context"
	"errors"
	"fmt"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/fault"
)

// Onboarding is what a province needs to start.
type Onboarding struct {
	Tenant        tenant.ID // a registered province, still a draft
	Slug          string
	Colour        string
	Contact       string
	AdminName     string
	AdminEmail    string
	AdminPassword string
	Plan          *plan.File // nil: put in later
}

// Onboard activates a province with its first administrator, and puts its plan in. Errors: fault.Invalid by the form's
// fields, fault.Conflict when the province runs already.
func Onboard(ctx context.Context, db *tenant.DB, who authz.Identity, o Onboarding) (tenant.Tenant, error) {
	admin, err := authz.PrepareAccount(o.AdminEmail, o.AdminName, o.AdminPassword)
	if err != nil {
		return tenant.Tenant{}, adminFields(err)
	}
	scope, err := db.Scope(ctx, o.Tenant)
	if err != nil {
		return tenant.Tenant{}, err
	}
	was, err := db.Tenant(ctx, o.Tenant)
	if err != nil {
		return tenant.Tenant{}, err
	}
	if was.State != tenant.Draft {
		return tenant.Tenant{}, fault.Say(fault.Conflict, "%s đã được đưa vào vận hành.", was.Name)
	}
	putPlanIn := func(then error) error {
		if o.Plan == nil {
			return nil
		}
		return db.In(ctx, scope, func(tx tenant.Tx) error {
			if _, err := plan.Import(ctx, tx, who, *o.Plan); err != nil {
				return err
			}
			return then
		})
	}
	// A rehearsal: a plan that cannot be put in leaves the province a draft. The plan's rows hold on to the tenant's row,
	// which the activation changes, so that the two cannot share a transaction.
	if err := putPlanIn(errRehearsed); err != nil && !errors.Is(err, errRehearsed) {
		return tenant.Tenant{}, err
	}
	var t tenant.Tenant
	err = db.Platform(ctx, func(tx tenant.Platform) (err error) {
		if t, err = tenant.Activate(ctx, tx, tenant.By{Name: who.Name, Account: int64(who.Account)}, o.Tenant, o.Slug, o.Colour, o.Contact); err != nil {
			return err
		}
		account, err := admin.Create(ctx, tx)
		if err != nil {
			return adminFields(err)
		}
		if _, err := authz.GrantMembership(ctx, tx, authz.NewMembership{Tenant: t.ID, Account: account, Role: authz.DOSTAdmin}); err != nil {
			return err
		}
		what := fmt.Sprintf("Đưa %s vào vận hành, quản trị đầu tiên: %s", t.Name, o.AdminEmail)
		// In the tenant's own audit, and in that of the platform, which lives on without the tenant.
		for _, of := range []tenant.ID{t.ID, audit.Platform} {
			if err := audit.WriteChangeAsPlatform(ctx, tx, who, of, "tenant.activate", audit.Record{Subject: "tenant", ID: int64(t.ID)}, what,
				fields(was), fields(t)); err != nil {
				return err
			}
		}
		return nil
	})
	db.Forget()
	if err != nil {
		return tenant.Tenant{}, err
	}
	return t, putPlanIn(nil)
}

// fields are a tenant's values for the audit.
func fields(t tenant.Tenant) audit.Fields {
	return audit.Of("Trạng thái", stateOf(t.State).Word, "Tên miền con", t.Slug, "Màu chủ đạo", t.Colour, "Đầu mối liên hệ", t.Contact)
}

// errRehearsed undoes the rehearsal of a plan's import.
var errRehearsed = errors.New("rehearsed")

// adminFields gives the errors of an account the names that the form's fields have.
func adminFields(err error) error {
	var wrong fault.Invalid
	if !errors.As(err, &wrong) {
		if m := fault.Message(err); m != "" {
			return fault.Invalid{{Name: "admin_email", Message: m}}
		}
		return err
	}
	for i := range wrong {
		wrong[i].Name = "admin_" + wrong[i].Name
	}
	return wrong
}
