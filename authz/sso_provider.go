package authz

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"txng/tenant"
	"txng/tenant/fault"
)

// maxProviders is how many identity providers a tenant may have.
const maxProviders = 5

// ProviderRef names an identity provider: the tenant whose it is, and its number.
type ProviderRef struct {
	Tenant tenant.ID
	ID     int64
}

// Provider is an identity provider of a tenant, without its client's secret.
type Provider struct {
	TenantID  tenant.ID
	ID        int64
	Name      string // on the sign-in page's button
	Issuer    string
	ClientID  string
	HasSecret bool
	Scopes    []string
	EnabledAt *time.Time // nil: nobody signs in with it
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Ref returns the provider's name in the system.
func (p Provider) Ref() ProviderRef { return ProviderRef{p.TenantID, p.ID} }

// Ready reports whether the provider has all that it needs to be enabled.
func (p Provider) Ready() bool { return p.ClientID != "" && p.HasSecret }

const selectProvider = `
	select tenant_id, id, name, issuer, client_id, sealed is not null as has_secret, scopes, enabled_at, created_at, updated_at
	from authz.oidc_provider`

// Providers returns the identity providers of the transaction's own tenant, by name.
func Providers(ctx context.Context, tx tenant.Tx) ([]Provider, error) {
	return tenant.List[Provider](ctx, tx, selectProvider+`
		where tenant_id = any ($1) and tenant_id = $2
		order by name collate "vi-x-icu"`, tx.Tenant())
}

// ProviderOf returns one of those that Providers lists, or fault.NotFound.
func ProviderOf(ctx context.Context, tx tenant.Tx, id int64) (Provider, error) {
	return tenant.One[Provider](ctx, tx, selectProvider+`
		where tenant_id = any ($1) and tenant_id = $2 and id = $3`, tx.Tenant(), id)
}

// ProviderAt returns a provider, enabled or not, or fault.NotFound.
func ProviderAt(ctx context.Context, tx tenant.Platform, ref ProviderRef) (Provider, error) {
	return tenant.One[Provider](ctx, tx, selectProvider+`
		where tenant_id = $1 and id = $2`, ref.Tenant, ref.ID)
}

// Enabled returns the identity providers that people may sign in with: of a tenant, or of all when t is 0.
func Enabled(ctx context.Context, tx tenant.Platform, t tenant.ID) ([]Provider, error) {
	return tenant.List[Provider](ctx, tx, selectProvider+`
		where $1::int in (0, tenant_id) and enabled_at <= $2
		order by tenant_id, name collate "vi-x-icu"`, t, tx.Now())
}

// AddProvider adds an identity provider, shut: its page tells the address that the provider wants to know before it
// gives a client id. The issuer never changes, because subjects mean nothing at another one. Errors: fault.Invalid for
// name and issuer, fault.Conflict when there are too many.
func (s *SSO) AddProvider(ctx context.Context, tx tenant.Tx, who Identity, name, issuer string) (Provider, error) {
	var wrong fault.Invalid
	name = strings.TrimSpace(name)
	checkProviderName(&wrong, name)
	issuer, err := s.parseIssuer(issuer)
	if err != nil {
		wrong = append(wrong, err.(fault.Invalid)...)
	}
	if err := wrong.Err(); err != nil {
		return Provider{}, err
	}
	// Two at a time wait for each other, so that they cannot both be the last.
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1::int, $2)", int32(maxProviders)); err != nil {
		return Provider{}, err
	}
	all, err := Providers(ctx, tx)
	if err != nil {
		return Provider{}, err
	}
	if len(all) >= maxProviders {
		return Provider{}, fault.Say(fault.Conflict, "Mỗi tỉnh có tối đa %d hệ thống đăng nhập.", maxProviders)
	}
	id := tx.NewID()
	_, err = tx.Exec(ctx, `
		insert into authz.oidc_provider (tenant_id, id, name, issuer, scopes, created_by, created_at, updated_by, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7, $6, $7)`, id, name, issuer, []string{"openid", "email"}, who.Account, tx.Now())
	if err != nil {
		return Provider{}, sameName(err)
	}
	return ProviderOf(ctx, tx, id)
}

func checkProviderName(wrong *fault.Invalid, name string) {
	if n := utf8.RuneCountInString(name); n < 1 || n > 60 || strings.ContainsFunc(name, unicode.IsControl) {
		wrong.Add("name", "Tên có từ 1 đến 60 ký tự.")
	}
}

func sameName(err error) error {
	if tenant.Violates(err, "oidc_provider_name") {
		return fault.Taken("name", "Tỉnh đã có hệ thống đăng nhập mang tên này.")
	}
	return err
}

// ProviderChange is what may be changed of an identity provider.
type ProviderChange struct {
	Name, ClientID string
	Secret         string // "" keeps the one that there is
	Scopes         string // beside openid, with spaces between them
}

// ChangeProvider changes an identity provider of the transaction's tenant. Errors: fault.NotFound; fault.Invalid for
// name, client_id, client_secret and scopes.
func (s *SSO) ChangeProvider(ctx context.Context, tx tenant.Tx, who Identity, id int64, c ProviderChange) (Provider, error) {
	p, err := ProviderOf(ctx, tx, id)
	if err != nil {
		return Provider{}, err
	}
	var wrong fault.Invalid
	c.Name, c.ClientID, c.Secret = strings.TrimSpace(c.Name), strings.TrimSpace(c.ClientID), strings.TrimSpace(c.Secret)
	checkProviderName(&wrong, c.Name)
	if len(c.ClientID) > 200 || c.ClientID == "" && p.EnabledAt != nil || !printable(c.ClientID) {
		wrong.Add("client_id", "Nhập mã ứng dụng (client_id) do hệ thống đăng nhập cấp, tối đa 200 ký tự.")
	}
	if len(c.Secret) > 1000 || !printable(c.Secret) {
		wrong.Add("client_secret", "Khóa bí mật dài quá 1000 ký tự hoặc có ký tự không hợp lệ.")
	}
	scopes, ok := parseScopes(c.Scopes)
	if !ok {
		wrong.Add("scopes", "Các phạm vi viết cách nhau bằng dấu cách, tối đa 20. Ví dụ: email profile")
	}
	if err := wrong.Err(); err != nil {
		return Provider{}, err
	}
	var sealed []byte
	if c.Secret != "" {
		sealed = s.sealSecret(p, c.Secret)
	}
	if _, err := tx.Exec(ctx, `
		update authz.oidc_provider
		set name = $3, client_id = $4, sealed = coalesce($5, sealed), scopes = $6, updated_by = $7, updated_at = $8
		where tenant_id = $1 and id = $2`, id, c.Name, c.ClientID, sealed, scopes, who.Account, tx.Now()); err != nil {
		return Provider{}, sameName(err)
	}
	return ProviderOf(ctx, tx, id)
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// parseScopes returns the scopes to ask for, openid first.
func parseScopes(text string) ([]string, bool) {
	list := []string{"openid"}
	for _, s := range strings.Fields(text) {
		if len(s) > 60 || !printable(s) || strings.ContainsAny(s, `"\`) {
			return nil, false
		}
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list, len(list) <= 20
}

// OpenProvider lets people sign in with a provider from now on, or no more. Shutting it ends every session that it
// opened, and opening it again revives none. Errors: fault.NotFound; fault.Conflict while it lacks something.
func OpenProvider(ctx context.Context, tx tenant.Tx, who Identity, id int64, open bool) (Provider, error) {
	p, err := ProviderOf(ctx, tx, id)
	if err != nil {
		return Provider{}, err
	}
	if open && !p.Ready() {
		return Provider{}, fault.Say(fault.Conflict, "Nhập mã ứng dụng (client_id) và khóa bí mật trước khi bật.")
	}
	if open == (p.EnabledAt != nil) {
		return p, nil
	}
	var at *time.Time
	if open {
		now := tx.Now()
		at = &now
	}
	if _, err := tx.Exec(ctx, `
		update authz.oidc_provider
		set enabled_at = $3, updated_by = $4, updated_at = $5
		where tenant_id = $1 and id = $2`, id, at, who.Account, tx.Now()); err != nil {
		return Provider{}, err
	}
	// All instances forget what they know of its sessions once this commits.
	if _, err := tx.Exec(ctx, "select pg_notify($2, 'p ' || $1::int || ' ' || $3::bigint)", revokedChannel, id); err != nil {
		return Provider{}, err
	}
	return ProviderOf(ctx, tx, id)
}

// configured is an enabled provider with its client's secret.
type configured struct {
	Provider
	secret string
}

// errNoProvider is the answer to a provider that is not there, or shut.
var errNoProvider = fault.Say(fault.NotFound, "Cách đăng nhập này không còn dùng được. Hãy đăng nhập bằng mật khẩu hoặc hỏi quản trị của tỉnh.")

// configuration returns an enabled provider, or errNoProvider.
func (s *SSO) configuration(ctx context.Context, tx tenant.Platform, ref ProviderRef) (configured, error) {
	p, err := tenant.One[Provider](ctx, tx, selectProvider+`
		where tenant_id = $1 and id = $2 and enabled_at <= $3`, ref.Tenant, ref.ID, tx.Now())
	if errors.Is(err, fault.NotFound) {
		return configured{}, errNoProvider
	}
	if err != nil {
		return configured{}, err
	}
	sealed, err := tenant.Value[[]byte](ctx, tx, `
		select sealed
		from authz.oidc_provider
		where tenant_id = $1 and id = $2`, ref.Tenant, ref.ID)
	if err != nil {
		return configured{}, err
	}
	secret, err := s.openSecret(p, sealed)
	return configured{p, secret}, err
}

// bound is what a sealed secret belongs to: it opens for no other provider, and for no other issuer.
func (p Provider) bound() []byte { return fmt.Appendf(nil, "%d %d %s", p.TenantID, p.ID, p.Issuer) }

func (s *SSO) sealSecret(p Provider, secret string) []byte {
	nonce := make([]byte, s.seal.NonceSize())
	rand.Read(nonce)
	return s.seal.Seal(nonce, nonce, []byte(secret), p.bound())
}

func (s *SSO) openSecret(p Provider, sealed []byte) (string, error) {
	n := s.seal.NonceSize()
	if len(sealed) < n {
		return "", errNoProvider
	}
	secret, err := s.seal.Open(nil, sealed[:n], sealed[n:], p.bound())
	if err != nil {
		return "", fmt.Errorf("open the client secret of provider %d of tenant %d: another master secret sealed it: %w", p.ID, p.TenantID, err)
	}
	return string(secret), nil
}
