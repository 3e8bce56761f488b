package authz

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"txng/tenant"
	"txng/tenant/fault"
)

// ClientID names a machine of an organization: "12-345678901234".
type ClientID struct {
	Tenant tenant.ID
	ID     int64
}

func (c ClientID) String() string { return fmt.Sprintf("%d-%d", c.Tenant, c.ID) }

// ParseClientID reads what String writes, and nothing else.
func ParseClientID(s string) (ClientID, bool) {
	left, right, ok := strings.Cut(s, "-")
	t, err := strconv.ParseInt(left, 10, 32)
	id, err2 := strconv.ParseInt(right, 10, 64)
	c := ClientID{tenant.ID(t), id}
	if !ok || err != nil || err2 != nil || t <= 0 || id <= 0 || c.String() != s {
		return ClientID{}, false
	}
	return c, true
}

// Client is a machine of an organization that asks the API by itself.
type Client struct {
	TenantID   tenant.ID
	ID         int64
	OrgID      tenant.OrgID
	Name       string
	Scopes     []string
	CreatedBy  AccountID
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt *time.Time
	RevokedAt  *time.Time
}

// ClientID returns the name that the machine signs in with.
func (c Client) ClientID() ClientID { return ClientID{c.TenantID, c.ID} }

// Live reports whether the machine may sign in at a time.
func (c Client) Live(now time.Time) bool { return c.RevokedAt == nil && c.ExpiresAt.After(now) }

const selectClient = `
	select tenant_id, id, org_id, name, scopes, created_by, created_at, expires_at, last_used_at, revoked_at
	from authz.api_client`

// CreateClient makes a machine of the organization that the transaction is confined to, with some of the maker's
// permissions, and returns its secret, which is kept nowhere. Errors: fault.Invalid for name, scopes and days;
// fault.Conflict when there are too many.
func CreateClient(ctx context.Context, tx tenant.Tx, who Identity, n NewProgram) (Client, Token, error) {
	if tx.Org() == 0 {
		return Client{}, "", fault.Forbidden
	}
	name, scopes, ends, err := n.check(who, tx.Now())
	if err != nil {
		return Client{}, "", err
	}
	// Two at a time wait for each other, so that they cannot both be the last.
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1::int, hashint8($2))", int64(tx.Org())); err != nil {
		return Client{}, "", err
	}
	live, err := tenant.Value[int](ctx, tx, `
		select count(*)::int
		from authz.api_client
		where tenant_id = any ($1) and org_id = $2 and revoked_at is null and expires_at > $3`, tx.Org(), tx.Now())
	if err != nil {
		return Client{}, "", err
	}
	if live >= maxPrograms {
		return Client{}, "", fault.Say(fault.Conflict, "Đơn vị đã có %d kết nối. Hãy thu hồi kết nối không dùng nữa.", live)
	}
	secret := newToken()
	c := Client{
		TenantID: tx.Tenant(), ID: tx.NewID(), OrgID: tx.Org(), Name: name, Scopes: scopes, CreatedBy: who.Account,
		CreatedAt: tx.Now(), ExpiresAt: ends,
	}
	_, err = tx.Exec(ctx, `
		insert into authz.api_client (tenant_id, id, org_id, name, secret_hash, scopes, created_by, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		c.ID, c.OrgID, c.Name, secret.hash(), c.Scopes, c.CreatedBy, c.CreatedAt, c.ExpiresAt)
	if tenant.Violates(err, "api_client_name") {
		return Client{}, "", fault.Taken("name", "Đơn vị đã có kết nối mang tên này.")
	}
	return c, secret, err
}

// Clients returns the machines of the organization, newest first, at most 100.
func Clients(ctx context.Context, tx tenant.Tx) ([]Client, error) {
	return tenant.List[Client](ctx, tx, selectClient+`
		where tenant_id = any ($1) and org_id = $2
		order by id desc
		limit 100`, tx.Org())
}

// RevokeClient takes a machine's right to sign in away; tokens that it has are refused from the next request on.
// fault.NotFound when the organization has none of that number or it is revoked already.
func RevokeClient(ctx context.Context, tx tenant.Tx, id int64) (Client, error) {
	c, err := tenant.One[Client](ctx, tx, selectClient+`
		where tenant_id = any ($1) and org_id = $2 and id = $3 and revoked_at is null`, tx.Org(), id)
	if err != nil {
		return Client{}, err
	}
	_, err = tx.Exec(ctx, `
		update authz.api_client
		set revoked_at = $3
		where tenant_id = $1 and id = $2`, id, tx.Now())
	return c, err
}

// errClient is the one answer to an unknown machine, a wrong secret, and a machine that may not sign in any more.
var errClient = fault.Say(fault.SignIn, "Mã kết nối hoặc khóa bí mật chưa đúng, hoặc kết nối đã hết hạn hay bị thu hồi.")

// GrantClient checks a machine's secret and returns an access token for it. scope narrows what the token is for to some
// of the machine's permissions (names with spaces between them); "" means all. Errors: fault.SignIn; fault.Invalid for
// scope; tenant.ErrAPIOff.
func (s *Signer) GrantClient(ctx context.Context, db *tenant.DB, name, secret, scope string) (string, Identity, error) {
	id, ok := ParseClientID(name)
	if !ok || len(secret) > maxToken {
		return "", Identity{}, errClient
	}
	key, err := s.ring.signing(ctx, db)
	if err != nil {
		return "", Identity{}, err
	}
	var token string
	var who Identity
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		row, err := tenant.One[struct {
			SecretHash []byte
			Scopes     []string
		}](ctx, tx, `
			select secret_hash, scopes
			from authz.api_client
			where tenant_id = $1 and id = $2`, id.Tenant, id.ID)
		if err != nil {
			return err
		}
		if subtle.ConstantTimeCompare(row.SecretHash, Token(secret).hash()) != 1 {
			return fault.NotFound
		}
		asked := strings.Fields(scope)
		for _, s := range asked {
			if !slices.Contains(row.Scopes, s) {
				return fault.Invalid{{Name: "scope", Message: "Kết nối không có quyền “" + cut(s) + "”."}}
			}
		}
		if who, err = machine(ctx, tx, id, asked); err != nil {
			return err
		}
		if err := offersAPI(ctx, db, id.Tenant); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			update authz.api_client
			set last_used_at = $3
			where tenant_id = $1 and id = $2`, id.Tenant, id.ID, tx.Now()); err != nil {
			return err
		}
		token, err = sign(key, claims{
			RegisteredClaims: jwt.RegisteredClaims{Subject: strconv.FormatInt(id.ID, 10)},
			Tenant:           id.Tenant, Client: id.ID, Scope: strings.Join(asked, " "),
		}, tx.Now())
		return err
	})
	if errors.Is(err, fault.NotFound) || errors.Is(err, fault.SignIn) {
		err = errClient
	}
	return token, who, err
}

func cut(s string) string {
	if r := []rune(strings.ToValidUTF8(s, "")); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// machine returns who a machine is, limited to its scopes and to those asked for, when any are. fault.NotFound when it
// may not sign in now.
func machine(ctx context.Context, tx tenant.Platform, id ClientID, asked []string) (Identity, error) {
	c, err := tenant.One[Client](ctx, tx, selectClient+`
		where tenant_id = $1 and id = $2 and revoked_at is null and expires_at > $3`, id.Tenant, id.ID, tx.Now())
	if err != nil {
		return Identity{}, err
	}
	scopes := limit(c.Scopes)
	if len(asked) > 0 {
		scopes = scopes.and(limit(asked))
	}
	return Identity{
		Account: AccountID(c.ID), Name: "Kết nối " + c.Name, Role: OrgOwner, Tenant: c.TenantID, Org: c.OrgID, Scopes: scopes,
	}, nil
}
