package authz

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// SessionAge is how long a session lasts.
const SessionAge = 12 * time.Hour

// Identity is who asks, and as what: one person in one role. Its zero value is nobody.
type Identity struct {
	Account    AccountID
	Name       string
	Email      Email
	Role       Role
	Tenant     tenant.ID    // 0 for a role above the tenants
	Org        tenant.OrgID // 0 for an officer
	Department string
	Unit       string
	Membership int64
	Scopes     Scopes  // of a program: what it may do of what the role may
	Provider   int64   // the tenant's identity provider that opened the session; 0: the person's password
	Pending    Pending // what the session lacks before its person may do anything
}

// Nobody reports whether nobody is signed in.
func (i Identity) Nobody() bool { return i.Account == 0 }

// Can reports whether the person may do what the permission says.
func (i Identity) Can(p Permission) bool {
	return i.Pending == "" && DefaultPolicy.Allows(i.Role, p) && i.Scopes.allow(p)
}

// Token is the secret of a session, as the cookie holds it. Only its hash is stored.
type Token string

func newToken() Token {
	b := make([]byte, 32)
	rand.Read(b)
	return Token(base64.RawURLEncoding.EncodeToString(b))
}

func (t Token) hash() []byte {
	sum := sha256.Sum256([]byte(t))
	return sum[:]
}

// errCredentials is the one answer to a wrong address and to a wrong password.
var errCredentials = fault.Invalid{{Name: "email", Message: "Thư điện tử hoặc mật khẩu chưa đúng."}}

// Device says where a sign-in comes from.
type Device struct{ Address, Agent string }

// SignIn opens a session for the account with the address and password, in its first role. It takes the same time and
// gives the same error whether or not the account exists.
func SignIn(ctx context.Context, db *tenant.DB, email, password string, d Device) (Token, Identity, error) {
	account, err := checkPassword(ctx, db, email, password, d)
	if err != nil {
		return "", Identity{}, err
	}
	var token Token
	var who Identity
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		if err := stillHas(ctx, tx, account); err != nil {
			return err
		}
		token, who, err = enter(ctx, tx, account, 0, d)
		return err
	})
	return token, who, err
}

// enter opens a session for an account that has shown who it is and is locked: in its first role in the tenant that is
// preferred (0: none), else in its first role.
func enter(ctx context.Context, tx tenant.Platform, account Account, preferred tenant.ID, d Device) (Token, Identity, error) {
	choices, err := identities(ctx, tx, account)
	if err != nil {
		return "", Identity{}, err
	}
	if len(choices) == 0 {
		return "", Identity{}, fault.Say(fault.Forbidden, "Tài khoản chưa được gán vai trò nào. Liên hệ quản trị của đơn vị.")
	}
	c := choices[0]
	if i := slices.IndexFunc(choices, func(c choice) bool { return c.Tenant == preferred }); preferred != 0 && i >= 0 {
		c = choices[i]
	}
	if c.Pending, err = lacks(ctx, tx, c.Identity, false); err != nil {
		return "", Identity{}, err
	}
	token, err := open(ctx, tx, c, d)
	return token, c.Identity, err
}

// checkPassword returns the account, or errCredentials; errSlowDown after too many wrong tries.
func checkPassword(ctx context.Context, db *tenant.DB, email, password string, d Device) (Account, error) {
	var account Account
	var taken []bucket
	found := true
	address, parseErr := ParseEmail(email)
	err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		if taken, err = tryOne(ctx, tx, address, d); err != nil {
			return err
		}
		account, err = AccountByEmail(ctx, tx, address)
		if errors.Is(err, fault.NotFound) {
			found, err = false, nil // the try counts all the same
		}
		return err
	})
	if err != nil {
		return Account{}, err
	}
	hash := account.PasswordHash
	if hash == "" {
		hash = nobody
	}
	ok := CheckPassword(hash, password)
	if !ok || parseErr != nil || !found || account.DisabledAt != nil {
		return Account{}, errCredentials
	}
	return account, giveBack(ctx, db, taken)
}

// lockAccount makes what gives an account something (a session, a token) wait for what takes all of that away, and
// returns the password's hash as it is now.
func lockAccount(ctx context.Context, tx tenant.Platform, id AccountID) (hash string, err error) {
	return tenant.Value[string](ctx, tx, `
		select password_hash
		from authz.account
		where id = $1
		for no key update`, id)
}

// stillHas locks the account and returns errCredentials when its password is no longer the one that was checked.
func stillHas(ctx context.Context, tx tenant.Platform, checked Account) error {
	hash, err := lockAccount(ctx, tx, checked.ID)
	if err == nil && hash != checked.PasswordHash {
		return errCredentials
	}
	return err
}

// choice is one role that an account may work in.
type choice struct {
	Identity
	version int
}

// identities returns what an account may work as: its roles above the tenants, then its memberships. Of one that an
// identity provider vouches for: its memberships in the provider's tenant, whose administrator rules the provider.
func identities(ctx context.Context, tx tenant.Platform, a Account) ([]choice, error) {
	if a.through != (ProviderRef{}) {
		return vouchedFor(ctx, tx, a)
	}
	var list []choice
	roles, err := tenant.Column[Role](ctx, tx, `
		select role
		from authz.platform_role
		where account_id = $1`, a.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		list = append(list, choice{Identity: Identity{Account: a.ID, Name: a.Name, Email: a.Email, Role: r}})
	}
	members, err := Memberships(ctx, tx, a.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		list = append(list, choice{Identity: m.identity(), version: m.Version})
	}
	return list, nil
}

func (m Membership) identity() Identity {
	return Identity{
		Account: m.AccountID, Name: m.Name, Email: m.Email, Role: m.Role, Tenant: m.TenantID, Org: m.OrgID,
		Department: m.Department, Unit: m.Unit, Membership: m.ID,
	}
}

func open(ctx context.Context, tx tenant.Platform, c choice, d Device) (Token, error) {
	token := newToken()
	var t, m, v, provider any
	if c.Membership != 0 {
		t, m, v = c.Tenant, c.Membership, c.version
	}
	if c.Provider != 0 {
		provider = c.Provider
	}
	agent := strings.ReplaceAll(strings.ToValidUTF8(d.Agent[:min(len(d.Agent), 400)], ""), "\x00", "")
	_, err := tx.Exec(ctx, `
		insert into authz.session (token_hash, account_id, tenant_id, membership_id, membership_version, created_at, expires_at, address, agent, provider_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		token.hash(), c.Account, t, m, v, tx.Now(), tx.Now().Add(SessionAge), d.Address, agent, provider)
	return token, err
}

// Resume returns who a session's token stands for. fault.SignIn when there is no such session, it has ended, or the
// role that it was opened with has been taken away or changed.
func Resume(ctx context.Context, db *tenant.DB, token Token) (Identity, error) {
	who, _, err := resume(ctx, db, token)
	return who, err
}

// resume also returns when the session, or the membership that it was opened with, ends by itself.
func resume(ctx context.Context, db *tenant.DB, token Token) (who Identity, ends time.Time, err error) {
	if len(token) != 43 { // 32 bytes in base64
		return Identity{}, ends, fault.SignIn
	}
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		row, err := tenant.One[struct {
			AccountID  AccountID
			Email      Email
			Name       string
			Role       *Role
			TenantID   *tenant.ID
			Membership *int64
			OrgID      *tenant.OrgID
			Department *string
			Unit       *string
			Ends       time.Time
			Provider   int64
			HasFactor  bool
			Shown      bool
			Asked      bool
		}](ctx, tx, `
			select a.id as account_id, a.email, a.name, coalesce(m.role, p.role) as role, s.tenant_id,
				s.membership_id as membership, m.org_id, m.department, m.unit, least(s.expires_at, m.valid_to) as ends,
				coalesce(s.provider_id, 0) as provider,
				exists (select from authz.factor f where f.account_id = a.id) as has_factor, s.factor_at is not null as shown,
				exists (select from tenant.setting g where g.tenant_id = s.tenant_id and g.key = $3 and g.value = $4) as asked
			from authz.session s
			join authz.account a on a.id = s.account_id and a.disabled_at is null
			left join authz.membership m on m.tenant_id = s.tenant_id and m.id = s.membership_id
				and m.version = s.membership_version and m.valid_from <= $2 and (m.valid_to is null or m.valid_to > $2)
			left join authz.platform_role p on p.account_id = s.account_id and s.membership_id is null
			where s.token_hash = $1 and s.ended_at is null and s.expires_at > $2
			and (s.provider_id is null or exists (
				select from authz.oidc_provider o
				where o.tenant_id = s.tenant_id and o.id = s.provider_id and o.enabled_at <= s.created_at))`,
			token.hash(), tx.Now(), tenant.OfficerFactor, tenant.Required)
		if err != nil {
			return err
		}
		if row.Role == nil {
			return fault.SignIn
		}
		ends = row.Ends
		who = Identity{Account: row.AccountID, Name: row.Name, Email: row.Email, Role: *row.Role, Provider: row.Provider}
		if row.Membership != nil {
			who.Tenant, who.Membership, who.Org = *row.TenantID, *row.Membership, *row.OrgID
			who.Department, who.Unit = *row.Department, *row.Unit
		}
		who.Pending = pendingOf(who.Role, row.HasFactor, row.Shown, row.Asked)
		return nil
	})
	if errors.Is(err, fault.NotFound) {
		return Identity{}, ends, fault.SignIn
	}
	return who, ends, err
}

// SignOut ends a session. Ending one that has ended already is no error.
func SignOut(ctx context.Context, db *tenant.DB, token Token) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := tx.Exec(ctx, `
			update authz.session
			set ended_at = $2
			where token_hash = $1 and ended_at is null`, token.hash(), tx.Now())
		if err != nil {
			return err
		}
		return revokeSession(ctx, tx, token)
	})
}

// SignOutEverywhere ends all sessions of an account but the one that is kept ("" keeps none), and the refresh tokens that
// programs hold in its name. Access tokens that are out end by themselves within AccessAge.
func SignOutEverywhere(ctx context.Context, tx tenant.Platform, account AccountID, keep Token) error {
	if _, err := lockAccount(ctx, tx, account); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		update authz.session
		set ended_at = $2
		where account_id = $1 and ended_at is null and token_hash <> $3`, account, tx.Now(), keep.hash()); err != nil {
		return err
	}
	if err := RevokeRefreshTokens(ctx, tx, account); err != nil {
		return err
	}
	return revokeAccount(ctx, tx, account)
}

// Session is one sign-in of an account, for the list of its devices.
type Session struct {
	CreatedAt, ExpiresAt time.Time
	EndedAt              *time.Time
	Address, Agent       string
	Current              bool
}

// SessionsOf returns the newest sign-ins of an account, at most 50; current is the token of the one that asks. One that
// an identity provider opened sees those of its own kind in its tenant.
func SessionsOf(ctx context.Context, tx tenant.Platform, account AccountID, current Token) ([]Session, error) {
	return tenant.List[Session](ctx, tx, `
		select created_at, expires_at, ended_at, address, agent, token_hash = $2 as current
		from authz.session s
		where account_id = $1
		and not exists (
			select from authz.session c
			where c.token_hash = $2 and c.provider_id is not null
			and (s.provider_id is null or s.tenant_id <> c.tenant_id))
		order by created_at desc
		limit 50`, account, current.hash())
}

// Choices returns what the person may work as.
func Choices(ctx context.Context, db *tenant.DB, who Identity) ([]Identity, error) {
	var list []Identity
	err := db.Platform(ctx, func(tx tenant.Platform) error {
		choices, err := identities(ctx, tx, who.account())
		for _, c := range choices {
			list = append(list, c.Identity)
		}
		return err
	})
	return list, err
}

// Switch ends a session and opens another in the membership (0: in the role above the tenants). fault.Forbidden when
// the person has no such role.
func Switch(ctx context.Context, db *tenant.DB, token Token, membership int64, d Device) (Token, error) {
	who, err := Resume(ctx, db, token)
	if err != nil {
		return "", err
	}
	var next Token
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		if _, err := lockAccount(ctx, tx, who.Account); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `
			update authz.session
			set ended_at = $2
			where token_hash = $1 and ended_at is null`, token.hash(), tx.Now())
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.SignIn // it was ended meanwhile
		}
		if err := revokeSession(ctx, tx, token); err != nil {
			return err
		}
		choices, err := identities(ctx, tx, who.account())
		if err != nil {
			return err
		}
		for _, c := range choices {
			if c.Membership == membership {
				if next, err = open(ctx, tx, c, d); err != nil {
					return err
				}
				return inherit(ctx, tx, token, next)
			}
		}
		return fault.Forbidden
	})
	return next, err
}
