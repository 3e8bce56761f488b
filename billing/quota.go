// Package billing keeps what an organization may use and has paid for.
//
// Today: the quota of stamps. An organization's account holds grants (free, subsidised by the province, of a plan,
// bought); issuing stamps consumes them in the order public money first, soonest expiry first. The ledger is
// append-only; limits are checked under the account's row lock, and a request carries a key so that sending it twice
// consumes once.
//
// Tables: billing.account, billing.quota_grant, billing.quota_issue, billing.quota_entry.
package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"txng/tenant"
	"txng/tenant/fault"
)

// Source is where a grant comes from.
type Source string

// The sources of a grant, in the order in which they are consumed.
const (
	Free    Source = "free"
	Subsidy Source = "subsidy"
	Plan    Source = "plan"
	TopUp   Source = "topup"
)

var priority = map[Source]int{Free: 10, Subsidy: 10, Plan: 20, TopUp: 30}

// NewGrant is a grant to be made.
type NewGrant struct {
	Org     tenant.OrgID
	Source  Source
	Key     string // what it is granted for; the same key grants once
	Amount  int64
	Expires *time.Time
}

// Grant adds stamps to an organization's quota. A key that was granted before changes nothing.
func Grant(ctx context.Context, tx tenant.Tx, g NewGrant) error {
	if g.Amount <= 0 {
		return fault.Invalid{{Name: "amount", Message: "Số tem cấp phải lớn hơn 0."}}
	}
	if err := lock(ctx, tx, g.Org); err != nil {
		return err
	}
	id := tx.NewID()
	n, err := tx.Exec(ctx, `
		insert into billing.quota_grant (tenant_id, id, org_id, source, source_key, priority, amount, remaining, effective_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)
		on conflict (tenant_id, org_id, source_key) do nothing`,
		id, g.Org, g.Source, g.Key, priority[g.Source], g.Amount, tx.Now(), g.Expires)
	if err != nil || n == 0 {
		return err
	}
	return enter(ctx, tx, g.Org, id, "grant", g.Key, g.Amount)
}

// lock takes the organization's account row, making it first when there is none.
func lock(ctx context.Context, tx tenant.Tx, org tenant.OrgID) error {
	if _, err := tx.Exec(ctx, `
		insert into billing.account (tenant_id, org_id, created_at)
		values ($1, $2, $3)
		on conflict (tenant_id, org_id) do nothing`, org, tx.Now()); err != nil {
		return fmt.Errorf("open the quota account: %w", err)
	}
	_, err := tenant.Put[tenant.OrgID](ctx, tx, `
		select org_id
		from billing.account
		where tenant_id = $1 and org_id = $2
		for update`, org)
	return err
}

func enter(ctx context.Context, tx tenant.Tx, org tenant.OrgID, grant int64, kind, key string, delta int64) error {
	_, err := tx.Exec(ctx, `
		insert into billing.quota_entry (tenant_id, id, org_id, grant_id, kind, key, delta, at)
		values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp())`, tx.NewID(), org, grant, kind, key, delta)
	return err
}

// Consume takes n stamps off the organization's quota for the request named key. A key that consumed the same number
// before takes nothing again; with another number it is fault.Conflict. fault.Invalid for "quantity" when the quota
// does not suffice.
func Consume(ctx context.Context, tx tenant.Tx, org tenant.OrgID, key string, n int64) error {
	if n <= 0 {
		return fault.Invalid{{Name: "quantity", Message: "Số tem phải lớn hơn 0."}}
	}
	if err := lock(ctx, tx, org); err != nil {
		return err
	}
	before, err := tenant.Put[int64](ctx, tx, `
		select amount
		from billing.quota_issue
		where tenant_id = $1 and org_id = $2 and key = $3`, org, key)
	switch {
	case err == nil && before == n:
		return nil
	case err == nil:
		return fault.Say(fault.Conflict, "Yêu cầu này đã được ghi nhận với %s tem.", count(before))
	case !errors.Is(err, fault.NotFound):
		return err
	}
	if err := take(ctx, tx, org, key, n); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into billing.quota_issue (tenant_id, org_id, key, amount, at)
		values ($1, $2, $3, $4, clock_timestamp())`, org, key, n)
	return err
}

// take empties live grants in their order until n is reached. The account's row is locked, so nobody else does. The
// time is the clock's and not the transaction's: a grant may have been made while this one waited for the lock.
func take(ctx context.Context, tx tenant.Tx, org tenant.OrgID, key string, n int64) error {
	grants, err := tenant.List[struct{ ID, Remaining int64 }](ctx, tx, `
		select id, remaining
		from billing.quota_grant
		where tenant_id = any ($1) and tenant_id = $3 and org_id = $2 and remaining > 0
		and effective_at <= clock_timestamp() and (expires_at is null or expires_at > clock_timestamp())
		order by priority, expires_at nulls last, id`, org, tx.Tenant())
	if err != nil {
		return err
	}
	var have int64
	for _, g := range grants {
		have += g.Remaining
	}
	if have < n {
		return fault.Invalid{{Name: "quantity", Message: fmt.Sprintf("Hạn mức còn %s tem, không đủ cho %s tem.", count(have), count(n))}}
	}
	for _, g := range grants {
		part := min(n, g.Remaining)
		if _, err := tx.Exec(ctx, `
			update billing.quota_grant
			set remaining = remaining - $3
			where tenant_id = $1 and id = $2`, g.ID, part); err != nil {
			return err
		}
		if err := enter(ctx, tx, org, g.ID, "consume", key, -part); err != nil {
			return err
		}
		if n -= part; n == 0 {
			break
		}
	}
	return nil
}

// count writes a number of stamps as Vietnamese does: 10.000.
func count(n int64) string { return message.NewPrinter(language.Vietnamese).Sprint(n) }

// Balance is an organization's quota of stamps now.
type Balance struct{ Granted, Used, Remaining int64 }

// BalanceOf returns the organization's quota: what live grants hold, and what was consumed of them.
func BalanceOf(ctx context.Context, tx tenant.Tx, org tenant.OrgID) (Balance, error) {
	return tenant.One[Balance](ctx, tx, `
		select coalesce(sum(amount), 0)::bigint as granted, coalesce(sum(amount - remaining), 0)::bigint as used,
			coalesce(sum(remaining), 0)::bigint as remaining
		from billing.quota_grant
		where tenant_id = any ($1) and org_id = $2
		and effective_at <= clock_timestamp() and (expires_at is null or expires_at > clock_timestamp())`, org)
}
