package demo

import (
	"context"
	"fmt"
	"slices"

	"txng/authz"
	"txng/modules/archive"
	"txng/modules/kpi"
	"txng/modules/merger"
	"txng/tenant"
	"txng/tenant/unit"
)

// restIn are the provinces in which Rest works.
var restIn = []string{"nghe-an", "da-nang", "ho-chi-minh"}

// Rest gives the tenant tables that the demonstration itself leaves empty rows, those of organizations in several of each
// province: for what attacks, measures or counts every table. Nobody who tries the product sees any of it.
func Rest(ctx context.Context, db *tenant.DB, sso *authz.SSO, r Result) error {
	for _, a := range r.Accounts {
		if !slices.Contains(restIn, a.Tenant) || a.Role != string(authz.DOSTAdmin) && a.Role != string(authz.OrgOwner) {
			continue
		}
		who, err := identity(ctx, db, a)
		if err != nil {
			return err
		}
		if who.Org == 0 {
			err = restOfProvince(ctx, db, sso, who)
		} else {
			err = restOfOrganization(ctx, db, who)
		}
		if err != nil {
			return fmt.Errorf("the rest by %s: %w", a.Email, err)
		}
	}
	return nil
}

// identity returns who a demonstration account is, without signing in.
func identity(ctx context.Context, db *tenant.DB, a Account) (who authz.Identity, err error) {
	t, err := db.TenantBySlug(ctx, a.Tenant)
	if err != nil {
		return who, err
	}
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		account, err := authz.AccountByEmail(ctx, tx, authz.Email(a.Email))
		if err != nil {
			return err
		}
		roles, err := authz.Memberships(ctx, tx, account.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(roles, func(m authz.Membership) bool { return m.TenantID == t.ID && m.Role == authz.Role(a.Role) })
		if i < 0 {
			return fmt.Errorf("%s is not %s of %s", a.Email, a.Role, a.Tenant)
		}
		who = authz.Identity{Account: account.ID, Name: account.Name, Email: account.Email, Role: roles[i].Role, Tenant: t.ID, Org: roles[i].OrgID, Membership: roles[i].ID}
		return nil
	})
	return who, err
}

// restOfProvince has an administrator invite a leader, add a provider of sign-in that does not answer, and ask for an
// archive; and keeps the figures of a commune that went to another province and came back.
func restOfProvince(ctx context.Context, db *tenant.DB, sso *authz.SSO, admin authz.Identity) error {
	t, err := db.Tenant(ctx, admin.Tenant)
	if err != nil {
		return err
	}
	communes, err := merger.CommunesOf(t, db.Now())
	if err != nil {
		return err
	}
	scope, err := db.Scope(ctx, t.ID)
	if err != nil {
		return err
	}
	if err := db.In(ctx, scope, func(tx tenant.Tx) error {
		if err := invite(ctx, tx, admin, authz.Leader); err != nil {
			return err
		}
		if _, err := sso.AddProvider(ctx, tx, admin, "SSO của "+t.Name, "http://127.0.0.1:1/sso"); err != nil {
			return err
		}
		return kpi.RefreshPart(ctx, tx, tenant.Part{ID: tx.NewID(), Origin: t.ID, Units: []string{communes[0].Ref.String()}})
	}); err != nil {
		return err
	}
	return db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := archive.Request(ctx, tx, admin, t.ID)
		return err
	})
}

// restOfOrganization has an owner invite somebody, and make a machine's sign-in and a key.
func restOfOrganization(ctx context.Context, db *tenant.DB, owner authz.Identity) error {
	scope, err := db.Scope(ctx, owner.Tenant)
	if err != nil {
		return err
	}
	program := authz.NewProgram{Name: "Phần mềm kho", Scopes: []string{string(authz.CatalogView)}, Days: 90}
	if err := db.In(ctx, scope.Of(owner.Org), func(tx tenant.Tx) error {
		if err := invite(ctx, tx, owner, authz.OrgStaff); err != nil {
			return err
		}
		_, _, err := authz.CreateClient(ctx, tx, owner, program)
		return err
	}); err != nil {
		return err
	}
	return db.Platform(ctx, func(tx tenant.Platform) error {
		_, _, err := authz.CreateAPIKey(ctx, tx, owner, program)
		return err
	})
}

func invite(ctx context.Context, tx tenant.Tx, who authz.Identity, role authz.Role) error {
	_, _, err := authz.Invite(ctx, tx, who, unit.Ref{}, authz.NewInvitation{Email: "duoc-moi@example.vn", Name: "Người được mời", Role: role})
	return err
}

// MoreRequests lets everybody ask for as many pages a minute as a province may ever be allowed: for what visits every page
// as everybody within minutes.
func MoreRequests(ctx context.Context, db *tenant.DB) error {
	all, err := db.Tenants(ctx)
	if err != nil {
		return err
	}
	defer db.Forget()
	return db.Platform(ctx, func(tx tenant.Platform) error {
		for _, t := range all {
			for _, spec := range tenant.Allowances {
				if spec.Allowance == tenant.StatementTime {
					continue
				}
				if err := tenant.Allow(ctx, tx, t.ID, spec.Allowance, spec.Max); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
