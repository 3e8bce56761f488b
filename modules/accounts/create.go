package accounts

import (
	"context"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/tenant"
)

// Create makes an account with a role on behalf of who, by a command, and notes it in the audit of the role's tenant, or
// above the tenants in the platform's. Errors: fault.Invalid for email, name, password and role; fault.Conflict when the
// address has an account.
func Create(ctx context.Context, db *tenant.DB, who authz.Identity, email, name, password string, n authz.NewMembership) error {
	prepared, err := authz.PrepareAccount(email, name, password)
	if err != nil {
		return err
	}
	return db.Platform(ctx, func(tx tenant.Platform) error {
		if n.Account, err = prepared.Create(ctx, tx); err != nil {
			return err
		}
		record := audit.Record{Subject: "account", ID: int64(n.Account), Org: n.Org}
		if n.Role.AboveTenants() {
			n.Tenant = audit.Platform
			err = authz.GrantPlatformRole(ctx, tx, n.Account, n.Role)
		} else {
			record.Subject = "membership"
			record.ID, err = authz.GrantMembership(ctx, tx, n)
		}
		if err != nil {
			return err
		}
		return audit.WriteChangeAsPlatform(ctx, tx, who, n.Tenant, "role.grant", record, "Tạo tài khoản "+name+" <"+email+">, vai trò "+n.Role.Name(),
			nil, audit.Of("Người", name+" <"+email+">", "Vai trò", n.Role.Name(), "Phạm vi", placeOfWork(n.Department, "", n.Unit)))
	})
}

// EndPlatformRole takes a role above the tenants from the account with the address, on behalf of who, by a command, and
// notes it in the platform's audit. It returns the role that ended. Errors: fault.NotFound for an address without such a
// role; fault.Conflict for the only operator.
func EndPlatformRole(ctx context.Context, db *tenant.DB, who authz.Identity, email string) (authz.Role, error) {
	address, err := authz.ParseEmail(email)
	if err != nil {
		return "", err
	}
	var role authz.Role
	return role, db.Platform(ctx, func(tx tenant.Platform) error {
		account, err := authz.AccountByEmail(ctx, tx, address)
		if err != nil {
			return err
		}
		if role, err = authz.PlatformRole(ctx, tx, account.ID); err != nil {
			return err
		}
		if err := authz.RevokePlatformRole(ctx, tx, account.ID); err != nil {
			return err
		}
		person := account.Name + " <" + string(account.Email) + ">"
		return audit.WriteChangeAsPlatform(ctx, tx, who, audit.Platform, "role.end", audit.Record{Subject: "account", ID: int64(account.ID)},
			"Kết thúc vai trò "+role.Name()+" của "+person, audit.Of("Người", person, "Vai trò", role.Name()), nil)
	})
}
