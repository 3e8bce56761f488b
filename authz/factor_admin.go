package authz

import (
	"context"

	"txng/tenant"
)

// OfficersNeedFactor reports whether the transaction's tenant wants a second factor of all its officers.
func OfficersNeedFactor(ctx context.Context, tx tenant.Tx) (bool, error) {
	v, err := tenant.ValueOf(ctx, tx, tenant.OfficerFactor)
	return v == tenant.Required, err
}

// NeedOfficersFactor says whether the transaction's tenant wants a second factor of all its officers. Sessions that are
// open lack it from their next request on. The caller writes the audit.
func NeedOfficersFactor(ctx context.Context, tx tenant.Tx, on bool) error {
	value := ""
	if on {
		value = tenant.Required
	}
	if err := tenant.Decide(ctx, tx, tenant.OfficerFactor, value); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "select pg_notify($2, 't ' || $1::int)", revokedChannel)
	return err
}

// OfficersWithoutFactor returns the roles of a tenant's officers, valid now, whose accounts have no second factor, by
// name; total is how many roles of officers there are.
func OfficersWithoutFactor(ctx context.Context, tx tenant.Platform, t tenant.ID) (without []Membership, total int, err error) {
	total, err = tenant.Value[int](ctx, tx, `
		select count(*)::int
		from authz.membership
		where tenant_id = $1 and org_id = 0 and valid_from <= $2 and (valid_to is null or valid_to > $2)`, t, tx.Now())
	if err != nil {
		return nil, 0, err
	}
	without, err = tenant.List[Membership](ctx, tx, selectMembership+`
		where m.tenant_id = $1 and m.org_id = 0 and m.valid_from <= $2 and (m.valid_to is null or m.valid_to > $2)
		and coalesce((select false from authz.factor f where f.account_id = m.account_id limit 1), true)
		order by m.name collate "vi-x-icu", m.id
		limit 1000`, t, tx.Now())
	return without, total, err
}

// MayResetFactors reports whether who runs a tenant (organization 0), or an organization of it, may take an account's
// second factors away: not when the account also works elsewhere, which would be weakened too.
func MayResetFactors(ctx context.Context, tx tenant.Platform, account AccountID, t tenant.ID, org tenant.OrgID) (bool, error) {
	return tenant.Value[bool](ctx, tx, `
		select not exists (
			select from authz.platform_role
			where account_id = $1)
		and not exists (
			select from authz.membership
			where account_id = $1 and (tenant_id, org_id) <> ($2, $3) and (valid_to is null or valid_to > $4))`, account, t, org, tx.Now())
}

// ResetFactors takes all second factors and recovery codes of an account away and ends its sessions and refresh tokens.
// It returns how many factors there were. The caller has checked that it may, writes the audit and the person a letter.
func ResetFactors(ctx context.Context, tx tenant.Platform, account AccountID) (int64, error) {
	if _, err := lockAccount(ctx, tx, account); err != nil {
		return 0, err
	}
	n, err := tx.Exec(ctx, `
		delete from authz.factor
		where account_id = $1`, account)
	if err != nil {
		return 0, err
	}
	if err := dropRecoveryCodes(ctx, tx, account); err != nil {
		return 0, err
	}
	return n, SignOutEverywhere(ctx, tx, account, "")
}

// LastStep returns the newest step that a code of an account's apps was used of; ok is false for an account without one.
func LastStep(ctx context.Context, tx tenant.Platform, email Email) (step int64, ok bool, err error) {
	step, err = tenant.Value[int64](ctx, tx, `
		select coalesce(max(f.last_step), -1)
		from authz.factor f
		join authz.account a on a.id = f.account_id
		where a.email = $1 and f.kind = $2`, email, TOTP)
	return step, step >= 0, err
}
