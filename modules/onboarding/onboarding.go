// Package onboarding brings a province onto the platform and keeps what it decides about itself: a department asks for it
// (or the operator begins), a guided page collects what is needed, and one act activates the tenant with its settings,
// picture, plan and first administrator. A checklist then follows what is still missing until the first scan.
//
// Tables: none of its own; tenant.request, tenant.draft, tenant.setting, tenant.logo, tenant.feature, tenant.allowance through package tenant.
// URLs: /tinh and below, /dang-ky-tinh, /cau-hinh, /logo/{tenant}/{digest}.
// Permissions: tenant.view, tenant.create, tenant.settings.
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
	"txng/tenant/unit"
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

// Onboard activates a province with all that it starts with, or leaves it the draft that it was; only the address that was
// chosen stays. Errors: fault.Invalid by the form's fields, fault.Conflict when the province runs already.
func Onboard(ctx context.Context, db *tenant.DB, who authz.Identity, o Onboarding) (Started, error) {
	o, admin, err := o.check()
	if err != nil {
		return Started{}, err
	}
	defer db.Forget()
	if err := db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := tenant.Address(ctx, tx, o.Tenant, o.Slug, o.Domain, o.Base)
		return err
	}); err != nil {
		return Started{}, err
	}
	scope, err := db.Scope(ctx, o.Tenant)
	if err != nil {
		return Started{}, err
	}
	was, err := db.Tenant(ctx, o.Tenant)
	if err != nil {
		return Started{}, err
	}
	var s Started
	// The activation waits for the province's own rows: these are there when it is seen to run. Should the machine stop
	// between the two ends, they belong to a draft, and the next try finds or replaces them.
	err = db.Platform(ctx, func(tx tenant.Platform) (err error) {
		by := tenant.By{Name: who.Name, Account: int64(who.Account)}
		if s.Tenant, err = tenant.Activate(ctx, tx, by, o.Tenant, o.Colour, o.Contact); err != nil {
			return err
		}
		if admin != nil {
			if err := appoint(ctx, tx, *admin, o.Tenant); err != nil {
				return err
			}
		}
		if err := tenant.DropFilled(ctx, tx, o.Tenant); err != nil {
			return err
		}
		what := fmt.Sprintf("Đưa %s vào vận hành, quản trị đầu tiên: %s", s.Tenant.Name, o.AdminEmail)
		// In the tenant's own audit, and in that of the platform, which lives on without the tenant.
		for _, of := range []tenant.ID{o.Tenant, audit.Platform} {
			if err := audit.WriteChangeAsPlatform(ctx, tx, who, of, "tenant.activate", audit.Record{Subject: "tenant", ID: int64(o.Tenant)}, what,
				fields(was), fields(s.Tenant)); err != nil {
				return err
			}
		}
		return db.In(ctx, scope, func(own tenant.Tx) error { return o.fill(ctx, own, who, &s) })
	})
	if err != nil {
		return Started{}, err
	}
	return s, nil
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

// fill writes the rows that are the province's own. What an earlier try has left is replaced, or left as it is.
func (o Onboarding) fill(ctx context.Context, tx tenant.Tx, who authz.Identity, s *Started) error {
	for _, spec := range tenant.Specs {
		if value, ok := o.Settings[spec.Key]; ok {
			if err := tenant.Decide(ctx, tx, spec.Key, value); err != nil {
				return err
			}
		}
	}
	if err := tenant.SetLogo(ctx, tx, o.Logo); err != nil {
		return err
	}
	if o.Plan != nil {
		known, err := plan.Known(ctx, tx, *o.Plan)
		if err != nil {
			return err
		}
		if !known {
			if _, err := plan.Import(ctx, tx, who, *o.Plan); err != nil {
				return err
			}
		}
	}
	if o.AdminPassword != "" {
		return nil
	}
	province, err := unit.ParseRef(s.Tenant.Unit)
	if err != nil {
		return err
	}
	i, token, err := authz.InviteFirst(ctx, tx, who, province, o.AdminEmail, o.AdminName)
	if err != nil {
		return adminFields(err)
	}
	s.Invitation, s.Token = &i, token
	return audit.WriteChange(ctx, tx, who, "member.invite", audit.Record{Subject: "invitation", ID: i.ID}, "Mời "+i.Name+" ("+string(i.Email)+"), vai trò "+i.Role.Name(),
		nil, audit.Of("Người được mời", i.Name+" <"+string(i.Email)+">", "Vai trò", i.Role.Name(), "Trạng thái", "Chờ nhận"))
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
