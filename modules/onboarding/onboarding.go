// Package onboarding brings a province onto the platform and keeps what it decides about itself: a department asks for it
// (or the operator begins), a guided page collects what is needed, and one act activates the tenant with its settings,
// picture, plan and first administrator. A checklist then follows what is still missing until the first scan.
//
// Tables: none of its own; tenant.request, tenant.draft, tenant.setting, tenant.logo, tenant.feature, tenant.allowance
// through package tenant.
// URLs: /dang-ky-tinh, /tinh (moi, yeu-cau, yeu-cau/{id}, {slug}, {slug}/van-hanh, {slug}/trang-thai, {slug}/tinh-nang,
// {slug}/gioi-han), /cau-hinh, /cau-hinh/bieu-trung, /logo/{tenant}/{digest}.
// Permissions: tenant.view, tenant.create, tenant.settings.
package onboarding

import (
	"context"
	"errors"

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
	Domain        string // own domain, or ""
	Base          string // the platform's host, of which Domain may be no part; "" when it is not known
	Colour        string
	Contact       string
	Settings      tenant.Settings // what else is decided from the beginning
	Logo          []byte          // a PNG by ReadLogo, or nil
	AdminName     string
	AdminEmail    string
	AdminPassword string     // "": the administrator gets an invitation and sets a password of their own
	Plan          *plan.File // nil: put in later
}

// Started is a province that runs.
type Started struct {
	Tenant tenant.Tenant
	// Invitation of the first administrator, and the secret of its link; nil when they have a password.
	Invitation *authz.Invitation
	Token      authz.InvitationToken
}

// Onboard activates a province with all that it starts with, or leaves it the draft that it was; only the address that
// was chosen stays. The activation decides: should the machine stop between it and the province's own rows, these are
// written from what it has kept, by Finish or by the same call again. Another input does not come into it then. Errors:
// fault.Invalid by the form's fields, fault.Conflict when the province runs already.
func Onboard(ctx context.Context, db *tenant.DB, who authz.Identity, o Onboarding) (Started, error) {
	o, admin, err := o.check()
	if err != nil {
		return Started{}, err
	}
	defer db.Forget()
	if s, begun, err := o.again(ctx, db); begun || err != nil {
		return s, err
	}
	if err := db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := tenant.Address(ctx, tx, o.Tenant, o.Slug, o.Domain, o.Base)
		return err
	}); err != nil {
		return Started{}, err
	}
	db.Forget()
	scope, err := db.Scope(ctx, o.Tenant)
	if err != nil {
		return Started{}, err
	}
	was, err := db.Tenant(ctx, o.Tenant)
	if err != nil {
		return Started{}, err
	}
	kept := startingOf(o, who)
	s := Started{Tenant: was}
	s.Tenant.State, s.Tenant.Colour, s.Tenant.Contact = tenant.Active, o.Colour, o.Contact
	// The own rows come first, so that what is wrong with them is found while nothing is decided, and commit last.
	err = db.In(ctx, scope, func(own tenant.Tx) error {
		if err := alone(ctx, own); err != nil {
			return err
		}
		if err := kept.fill(ctx, own, was, &s); err != nil {
			return err
		}
		return db.Platform(ctx, func(tx tenant.Platform) (err error) { s.Tenant, err = kept.activate(ctx, tx, was, admin); return err })
	})
	if err != nil {
		return Started{}, err
	}
	return s, db.Platform(context.WithoutCancel(ctx), func(tx tenant.Platform) error { return tenant.DropFilled(ctx, tx, o.Tenant) })
}

// check returns the onboarding as it is stored, with the administrator's account when it has a password.
func (o Onboarding) check() (Onboarding, *authz.NewAccount, error) {
	var wrong fault.Invalid
	var admin *authz.NewAccount
	if o.AdminPassword != "" {
		a, err := authz.PrepareAccount(o.AdminEmail, o.AdminName, o.AdminPassword)
		if err := collect(&wrong, adminFields(err)); err != nil {
			return o, nil, err
		}
		admin = &a
	} else if _, err := authz.ParseEmail(o.AdminEmail); err != nil {
		if err := collect(&wrong, adminFields(err)); err != nil {
			return o, nil, err
		}
	}
	settings, err := o.Settings.Check()
	if err := collect(&wrong, err); err != nil {
		return o, nil, err
	}
	o.Settings = settings
	tenant.CheckColour(&wrong, "colour", o.Colour)
	return o, admin, wrong.Err()
}

// collect adds what is wrong by err; another error comes back.
func collect(wrong *fault.Invalid, err error) error {
	var more fault.Invalid
	if errors.As(err, &more) {
		*wrong = append(*wrong, more...)
		return nil
	}
	return err
}

// appoint makes the first administrator's account and role.
func appoint(ctx context.Context, tx tenant.Platform, admin authz.NewAccount, t tenant.ID) error {
	account, err := admin.Create(ctx, tx)
	if err != nil {
		return adminFields(err)
	}
	_, err = authz.GrantMembership(ctx, tx, authz.NewMembership{Tenant: t, Account: account, Role: authz.DOSTAdmin})
	return err
}

// fields are a tenant's values for the audit.
func fields(t tenant.Tenant) audit.Fields {
	return audit.Of("Trạng thái", stateOf(t.State).Word, "Tên miền con", t.Slug, "Tên miền riêng", t.Domain, "Màu chủ đạo", t.Colour, "Đầu mối liên hệ", t.Contact)
}

// adminFields gives the errors of an account the names that the form's fields have.
func adminFields(err error) error {
	var wrong fault.Invalid
	if err == nil {
		return nil
	}
	if !errors.As(err, &wrong) {
		m := fault.Message(err)
		switch {
		case m != "" && errors.Is(err, fault.Conflict):
			return fault.Taken("admin_email", "%s", m)
		case m != "":
			return fault.Invalid{{Name: "admin_email", Message: m}}
		}
		return err
	}
	for i := range wrong {
		wrong[i].Name = "admin_" + wrong[i].Name
	}
	return wrong
}
