package authz

import (
	"context"
	"crypto/subtle"
	"fmt"
	"strconv"
	"strings"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// keyPrefix begins every personal key, so that people and scanners know one when they see it. The whole key is
// "txng_<number of the tenant>_<32 random bytes in base64>".
const keyPrefix = "txng_"

// APIKey is a key that a person has made for a program of their own, for one membership.
type APIKey struct {
	TenantID   tenant.ID
	ID         int64
	OrgID      tenant.OrgID
	AccountID  AccountID
	Name       string
	Prefix     string // the first characters of the key, to tell keys apart
	Scopes     []string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
}

// Live reports whether the key opens something at a time.
func (k APIKey) Live(now time.Time) bool { return k.RevokedAt == nil && k.ExpiresAt.After(now) }

const selectKey = `
	select tenant_id, id, org_id, account_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at
	from authz.api_key`

// CreateAPIKey makes a key for the membership that the person works in, with some of their permissions, and returns
// it; only its hash is kept. Errors: fault.Invalid for name, scopes and days; fault.Conflict above the tenants, and
// when there are too many; ErrByProvider.
func CreateAPIKey(ctx context.Context, tx tenant.Platform, who Identity, n NewProgram) (APIKey, string, error) {
	if who.Membership == 0 || who.Scopes.limited {
		return APIKey{}, "", fault.Say(fault.Conflict, "Khóa API thuộc về một vai trò trong tỉnh, thành phố; vai trò đang dùng không có.")
	}
	if err := who.Owner(); err != nil {
		return APIKey{}, "", err
	}
	name, scopes, ends, err := n.check(who, tx.Now())
	if err != nil {
		return APIKey{}, "", err
	}
	// The membership's lock makes two at a time wait for each other, so that they cannot both be the last.
	version, err := tenant.Value[int](ctx, tx, `
		select version
		from authz.membership
		where tenant_id = $1 and id = $2
		for update`, who.Tenant, who.Membership)
	if err != nil {
		return APIKey{}, "", err
	}
	live, err := tenant.Value[int](ctx, tx, `
		select count(*)::int
		from authz.api_key
		where tenant_id = $1 and account_id = $2 and revoked_at is null and expires_at > $3`, who.Tenant, who.Account, tx.Now())
	if err != nil {
		return APIKey{}, "", err
	}
	if live >= maxPrograms {
		return APIKey{}, "", fault.Say(fault.Conflict, "Bạn đã có %d khóa API. Hãy thu hồi khóa không dùng nữa.", live)
	}
	secret := Token(keyPrefix + strconv.Itoa(int(who.Tenant)) + "_" + string(newToken()))
	k := APIKey{
		TenantID: who.Tenant, ID: tx.NewID(), OrgID: who.Org, AccountID: who.Account, Name: name,
		Prefix: string(secret[:len(keyPrefix)+len(strconv.Itoa(int(who.Tenant)))+6]), Scopes: scopes, CreatedAt: tx.Now(), ExpiresAt: ends,
	}
	_, err = tx.Exec(ctx, `
		insert into authz.api_key (tenant_id, id, org_id, account_id, membership_id, membership_version, name, prefix, hash,
			scopes, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		k.TenantID, k.ID, k.OrgID, k.AccountID, who.Membership, version, k.Name, k.Prefix, secret.hash(), k.Scopes, k.CreatedAt, k.ExpiresAt)
	if tenant.Violates(err, "api_key_name") {
		return APIKey{}, "", fault.Taken("name", "Bạn đã có khóa API mang tên này.")
	}
	return k, string(secret), err
}

// APIKeys returns the keys that a person has made in the tenant of their role, newest first, at most 100.
func APIKeys(ctx context.Context, tx tenant.Platform, who Identity) ([]APIKey, error) {
	return tenant.List[APIKey](ctx, tx, selectKey+`
		where tenant_id = $1 and account_id = $2
		order by id desc
		limit 100`, who.Tenant, who.Account)
}

// RevokeAPIKey ends a key of the person's: the next request with it is refused. fault.NotFound when they have none of
// that number or it is revoked already.
func RevokeAPIKey(ctx context.Context, tx tenant.Platform, who Identity, id int64) (APIKey, error) {
	k, err := tenant.One[APIKey](ctx, tx, selectKey+`
		where tenant_id = $1 and account_id = $2 and id = $3 and revoked_at is null`, who.Tenant, who.Account, id)
	if err != nil {
		return APIKey{}, err
	}
	_, err = tx.Exec(ctx, `
		update authz.api_key
		set revoked_at = $3
		where tenant_id = $1 and id = $2`, who.Tenant, id, tx.Now())
	return k, err
}

// parseAPIKey returns the tenant that a key names, when it is written as keys are.
func parseAPIKey(key string) (tenant.ID, error) {
	rest, ok := strings.CutPrefix(key, keyPrefix)
	number, secret, ok2 := strings.Cut(rest, "_")
	t, err := strconv.ParseInt(number, 10, 32)
	if !ok || !ok2 || err != nil || t <= 0 || len(secret) != 43 || fmt.Sprintf("%s%d_%s", keyPrefix, t, secret) != key {
		return 0, fault.SignIn
	}
	return tenant.ID(t), nil
}

// usedEvery is how exactly the time of a key's last use is kept: not every request writes.
const usedEvery = time.Minute

// readAPIKey returns who a personal key stands for: its maker in the membership that it was made for, limited to its
// scopes. fault.SignIn when there is no such key, it has ended, or the membership has ended or changed.
func readAPIKey(ctx context.Context, db *tenant.DB, key string) (Identity, error) {
	t, err := parseAPIKey(key)
	if err != nil {
		return Identity{}, err
	}
	var who Identity
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		row, err := tenant.One[struct {
			ID         int64
			Hash       []byte
			AccountID  AccountID
			Membership int64
			Version    int
			Scopes     []string
			LastUsedAt *time.Time
		}](ctx, tx, `
			select id, hash, account_id, membership_id as membership, membership_version as version, scopes, last_used_at
			from authz.api_key
			where tenant_id = $1 and hash = $2 and revoked_at is null and expires_at > $3`, t, Token(key).hash(), tx.Now())
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare(row.Hash, Token(key).hash()) != 1 {
			return fault.NotFound
		}
		c, err := choiceOf(ctx, tx, row.AccountID, t, row.Membership, row.Version)
		if err != nil {
			return err
		}
		who = c.Identity
		who.Scopes = limit(row.Scopes)
		if err := stillMay(ctx, tx, who); err != nil {
			return err
		}
		if row.LastUsedAt != nil && tx.Now().Sub(*row.LastUsedAt) < usedEvery {
			return nil
		}
		_, err = tx.Exec(ctx, `
			update authz.api_key
			set last_used_at = $3
			where tenant_id = $1 and id = $2`, t, row.ID, tx.Now())
		return err
	})
	return who, refused(err)
}
