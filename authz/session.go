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
	Scopes     Scopes        // of a program: what it may do of what the role may
	Provider   int64         // the tenant's identity provider that opened the session; 0: the person's password
	Acting     Acting        // who works in this person's place; zero: the person
	Pending    Pending       // what the session lacks before its person may do anything
	RoleID     int64         // of Custom: which one
	RoleName   string        // of Custom: what it is called
	Fields     tenant.Fields // of a department officer: the groups of products that the department answers for
	Assigned   tenant.Orgs   // of an inspector: the organizations that are assigned now
	custom     Set           // of Custom: what it may do, compiled
}

// Nobody reports whether nobody is signed in.
func (i Identity) Nobody() bool { return i.Account == 0 }

// Can reports whether the person may do what the permission says.
func (i Identity) Can(p Permission) bool {
	if i.Pending != "" {
		return false
	}
	if i.Role == Custom {
		bit, ok := DefaultPolicy.bit[p]
		return ok && i.custom.has(bit) && i.Scopes.allow(p) && i.Acting.allow(p)
	}
	return DefaultPolicy.Allows(i.Role, p) && i.Scopes.allow(p) && i.Acting.allow(p)
}

// Title is the name of what the person is, on pages and in the audit.
func (i Identity) Title() string { return title(i.Role, i.RoleName) }

func title(r Role, custom string) string {
	if r == Custom && custom != "" {
		return custom
	}
	return r.Name()
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
var errCredentials = fault.Invalid{{Name: "email", Message: "Thư điện tử, số điện thoại hoặc mật khẩu chưa đúng."}}

// Device says where a sign-in comes from, and how it was made where that is known (see Session.How).
type Device struct{ Address, Agent, How string }

// SignIn opens a session for the account with the login (an address or a mobile number) and password, in its first role.
// It takes the same time and gives the same error whether or not the account exists.
func SignIn(ctx context.Context, db *tenant.DB, login, password string, d Device) (Token, Identity, error) {
	account, err := checkPassword(ctx, db, login, password, d)
	if err != nil {
		return "", Identity{}, err
	}
	if by, _ := ParseLogin(login); d.How == "" {
		d.How = by.way()
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

// checkGiven notes a password that is missing or longer than any: neither is a try.
func checkGiven(wrong *fault.Invalid, field, password string) {
	switch {
	case password == "":
		wrong.Add(field, "Chưa nhập mật khẩu.")
	case len(password) > MaxPassword:
		wrong.Add(field, "Mật khẩu dài quá %d byte.", MaxPassword)
	}
}

// IsWrongTry reports whether an error of signing in is about a wrong password or name, and not about what was left out.
func IsWrongTry(err error) bool {
	var wrong fault.Invalid
	return errors.As(err, &wrong) && wrong.Of("email") == errCredentials[0].Message
}

// checkPassword returns the account, or errCredentials; fault.Invalid for "email" and "password" when they are missing;
// errSlowDown after too many wrong tries. For a login without an account it asks the database and computes as much as for
// one with.
func checkPassword(ctx context.Context, db *tenant.DB, login, password string, d Device) (Account, error) {
	var wrong fault.Invalid
	if strings.TrimSpace(login) == "" {
		wrong.Add("email", "Chưa nhập thư điện tử hoặc số điện thoại.")
	}
	checkGiven(&wrong, "password", password)
	if err := wrong.Err(); err != nil {
		return Account{}, err
	}
	var account Account
	var taken []bucket
	found := true
	by, parseErr := ParseLogin(login)
	err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		account, err = AccountByLogin(ctx, tx, by)
		if errors.Is(err, fault.NotFound) {
			found, err = false, nil // the try counts all the same
		}
		if err != nil {
			return err
		}
		name := by.String()
		if found {
			name = string(account.Email) // tries by the number and by the address are tries for one account
		}
		taken, err = tryOne(ctx, tx, name, account.ID, d)
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
	epoch   int // of the account's access tokens
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
		list = append(list, choice{Identity: Identity{Account: a.ID, Name: a.Name, Email: a.Email, Role: r}, epoch: a.TokenEpoch})
	}
	members, err := Memberships(ctx, tx, a.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		list = append(list, choice{Identity: m.identity(), version: m.Version, epoch: a.TokenEpoch})
	}
	return list, nil
}

func (m Membership) identity() Identity {
	who := Identity{
		Account: m.AccountID, Name: m.Name, Email: m.Email, Role: m.Role, Tenant: m.TenantID, Org: m.OrgID,
		Department: m.Department, Unit: m.Unit, Membership: m.ID,
		Fields: fieldsOf(m.Role, m.Department, m.OwnFields), Assigned: tenant.OrgsOf(m.Assigned),
	}
	if m.Role == Custom {
		who.RoleID, who.RoleName, who.custom = m.RoleID, m.RoleName, compileCustom(m.Permissions)
	}
	return who
}

// agent returns what the browser calls itself, as it can be stored.
func (d Device) agent() string {
	return strings.ReplaceAll(strings.ToValidUTF8(d.Agent[:min(len(d.Agent), 400)], ""), "\x00", "")
}

func open(ctx context.Context, tx tenant.Platform, c choice, d Device) (Token, error) {
	token := newToken()
	var t, m, v, provider any
	if c.Membership != 0 {
		t, m, v = c.Tenant, c.Membership, c.version
	}
	if c.Provider != 0 {
		provider, d.How = c.Provider, BySSO
	}
	_, err := tx.Exec(ctx, `
		insert into authz.session (token_hash, account_id, tenant_id, membership_id, membership_version, created_at, expires_at, address, agent, provider_id, how)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		token.hash(), c.Account, t, m, v, tx.Now(), tx.Now().Add(SessionAge), d.Address, d.agent(), provider, d.How)
	return token, err
}

// Resume returns who a session's token stands for. fault.SignIn when there is no such session, it has ended, or the
// role that it was opened with has been taken away or changed.
func Resume(ctx context.Context, db *tenant.DB, token Token) (Identity, error) {
	who, _, err := resume(ctx, db, token)
	return who, err
}

// resumed is a session with what it stands for.
type resumed struct {
	AccountID  AccountID
	Email      Email
	Name       string
	Role       *Role // nil when it has been taken away
	TenantID   *tenant.ID
	Membership *int64 // nil above the tenants
	OrgID      *tenant.OrgID
	Department *string
	Unit       *string
	limits
	Ends      time.Time
	Provider  int64
	ActingID  *AccountID // the operator who works in the person's place; nil for the person
	Acting    *string
	Reason    *string
	HasFactor bool
	Shown     bool // the second factor, in this session
	Asked     bool // for a second factor, by the tenant
}

// identity returns who the session stands for. It must have a role.
func (r resumed) identity() Identity {
	who := Identity{Account: r.AccountID, Name: r.Name, Email: r.Email, Role: *r.Role}
	if r.Membership != nil {
		who = Membership{
			TenantID: *r.TenantID, ID: *r.Membership, AccountID: r.AccountID, Email: r.Email, Name: r.Name, Role: *r.Role,
			OrgID: *r.OrgID, Department: *r.Department, Unit: *r.Unit, limits: r.limits,
		}.identity()
	}
	who.Provider = r.Provider
	if r.ActingID != nil { // who works in another's place has shown factors of their own
		who.Acting = Acting{Account: *r.ActingID, Name: *r.Acting, Reason: *r.Reason, Until: r.Ends}
	} else {
		who.Pending = pendingOf(who.Role, r.HasFactor, r.Shown, r.Asked)
	}
	return who
}

// resume also returns when the session, or the membership that it was opened with, ends by itself.
func resume(ctx context.Context, db *tenant.DB, token Token) (who Identity, ends time.Time, err error) {
	if len(token) != 43 { // 32 bytes in base64
		return Identity{}, ends, fault.SignIn
	}
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		row, err := tenant.One[resumed](ctx, tx, `
			select a.id as account_id, a.email, a.name, coalesce(m.role, p.role) as role, s.tenant_id,
				s.membership_id as membership, m.org_id, m.department, m.unit, `+limitColumns+`,
				least(s.expires_at, m.valid_to, i.changes, o.ends) as ends, coalesce(s.provider_id, 0) as provider,
				s.impersonator_id as acting_id, o.name as acting, s.reason,
				exists (select from authz.factor f where f.account_id = a.id) as has_factor, s.factor_at is not null as shown,
				exists (select from tenant.setting g where g.tenant_id = s.tenant_id and g.key = $4 and g.value = $5) as asked
			from authz.session s
			join authz.account a on a.id = s.account_id and a.disabled_at is null
			left join authz.membership m on m.tenant_id = s.tenant_id and m.id = s.membership_id
				and m.version = s.membership_version and m.valid_from <= $2 and (m.valid_to is null or m.valid_to > $2)
			`+limitJoins+`
			left join authz.platform_role p on p.account_id = s.account_id and s.membership_id is null
			`+actingOperator+`
			where s.token_hash = $1 and s.ended_at is null and s.expires_at > $2
			and (s.impersonator_id is null or o.name is not null)
			and (s.provider_id is null or exists (
				select from authz.oidc_provider i
				where i.tenant_id = s.tenant_id and i.id = s.provider_id and i.enabled_at <= s.created_at))`,
			token.hash(), tx.Now(), Operator, tenant.OfficerFactor, tenant.Required)
		if err != nil {
			return err
		}
		if row.Role == nil {
			return fault.SignIn
		}
		who, ends = row.identity(), row.Ends
		return nil
	})
	if errors.Is(err, fault.NotFound) {
		return Identity{}, ends, fault.SignIn
	}
	return who, ends, err
}

// SignOut ends a session, and with one in another's place the operator's own, whose token nobody holds meanwhile. Ending
// one that has ended already is no error.
func SignOut(ctx context.Context, db *tenant.DB, token Token) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := tx.Exec(ctx, `
			update authz.session
			set ended_at = $2
			where token_hash in (
				select $1::bytea
				union all
				select impersonator_session from authz.session where token_hash = $1)
			and ended_at is null`, token.hash(), tx.Now())
		if err != nil {
			return err
		}
		return revokeSession(ctx, tx, token)
	})
}

// SignOutEverywhere ends all sessions of an account but the one that is kept ("" keeps none), and the access and refresh
// tokens that programs hold in its name: from the commit on, whichever instance is asked.
func SignOutEverywhere(ctx context.Context, tx tenant.Platform, account AccountID, keep Token) error {
	if _, err := lockAccount(ctx, tx, account); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		update authz.session
		set ended_at = $2
		where (account_id = $1 or impersonator_id = $1) and ended_at is null and token_hash <> $3`, account, tx.Now(), keep.hash()); err != nil {
		return err
	}
	if err := RevokeRefreshTokens(ctx, tx, account); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		update authz.account
		set token_epoch = token_epoch + 1
		where id = $1`, account); err != nil {
		return err
	}
	return revokeAccount(ctx, tx, account)
}

// Session is one sign-in of an account, for the list of its devices.
type Session struct {
	CreatedAt, ExpiresAt time.Time
	EndedAt              *time.Time
	Address, Agent       string
	How                  string // ByPassword, ByPhone or what another way calls itself; "" is not known
	Current              bool
	Acting               bool // an operator worked in the person's place
}

// SessionsOf returns the newest sign-ins of an account, at most 50; current is the token of the one that asks. One that
// an identity provider opened sees those of its own kind in its tenant.
func SessionsOf(ctx context.Context, tx tenant.Platform, account AccountID, current Token) ([]Session, error) {
	return tenant.List[Session](ctx, tx, `
		select created_at, expires_at, ended_at, address, agent, how, token_hash = $2 as current, impersonator_id is not null as acting
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
	if who.Impersonated() {
		return "", ErrPersonal
	}
	var next Token
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		if _, err := lockAccount(ctx, tx, who.Account); err != nil {
			return err
		}
		d.How, err = tenant.Value[string](ctx, tx, `
			update authz.session
			set ended_at = $2
			where token_hash = $1 and ended_at is null
			returning how`, token.hash(), tx.Now())
		if err != nil {
			return refused(err) // it was ended meanwhile
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
