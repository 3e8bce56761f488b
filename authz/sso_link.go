package authz

import (
	"context"
	"errors"
	"fmt"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// account is the account that the identity stands for, vouched for by the same provider.
func (i Identity) account() Account {
	a := Account{ID: i.Account, Name: i.Name, Email: i.Email}
	if i.Provider != 0 {
		a.through = ProviderRef{i.Tenant, i.Provider}
	}
	return a
}

// vouchedFor returns what an account may work as by the word of its provider: its memberships in the provider's tenant.
func vouchedFor(ctx context.Context, tx tenant.Platform, a Account) ([]choice, error) {
	members, err := Memberships(ctx, tx, a.ID)
	if err != nil {
		return nil, err
	}
	var list []choice
	for _, m := range members {
		if m.TenantID == a.through.Tenant {
			c := choice{Identity: m.identity(), version: m.Version}
			c.Provider = a.through.ID
			list = append(list, c)
		}
	}
	return list, nil
}

// LinkOffer is a provider's claim that waits for the owner of an account to link it.
type LinkOffer struct {
	Provider  Provider
	AccountID AccountID
	Email     Email // of the account, and verified by the provider
	Name      string
	Next      string

	ref     ProviderRef
	subject string
}

// Offer returns what the browser may link. fault.Conflict when there is nothing, or no more.
func (s *SSO) Offer(ctx context.Context, tx tenant.Platform, browser Token) (LinkOffer, error) {
	row, err := tenant.One[struct {
		ProviderTenant tenant.ID
		ProviderID     int64
		Subject        string
		AccountID      AccountID
		Email          Email
		Name           string
		Next           string
	}](ctx, tx, `
		select f.provider_tenant, f.provider_id, f.subject, f.account_id, f.email, a.name, f.next
		from authz.oidc_flow f
		join authz.account a on a.id = f.account_id and a.email = f.email and a.disabled_at is null
		where f.browser_hash = $1 and f.answered_at is not null and f.linked_at is null and f.expires_at > $2`,
		browser.hash(), tx.Now())
	if errors.Is(err, fault.NotFound) {
		return LinkOffer{}, errFlow
	}
	if err != nil {
		return LinkOffer{}, err
	}
	ref := ProviderRef{row.ProviderTenant, row.ProviderID}
	c, err := s.configuration(ctx, tx, ref)
	if errors.Is(err, fault.NotFound) {
		return LinkOffer{}, errFlow
	}
	return LinkOffer{c.Provider, row.AccountID, row.Email, row.Name, row.Next, ref, row.Subject}, err
}

// Link links what the browser was offered with the account, whose owner shows it by its password (wrong ones count like
// wrong sign-ins), and opens a session by the provider. note writes it down in the same transaction. Errors:
// fault.Conflict as Offer; fault.Invalid for "password"; fault.TooMany.
func (s *SSO) Link(ctx context.Context, db *tenant.DB, browser Token, password string, d Device, note func(tenant.Platform, Arrival) error) (Arrival, error) {
	var offer LinkOffer
	if err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		offer, err = s.Offer(ctx, tx, browser)
		return err
	}); err != nil {
		return Arrival{}, err
	}
	account, err := checkPassword(ctx, db, string(offer.Email), password, d)
	var wrong fault.Invalid
	if errors.As(err, &wrong) { // errCredentials
		return Arrival{}, fault.Invalid{{Name: "password", Message: "Mật khẩu chưa đúng."}}
	}
	if err != nil {
		return Arrival{}, err
	}
	if account.ID != offer.AccountID {
		return Arrival{}, errFlow
	}
	arrival := Arrival{Provider: offer.Provider, Next: offer.Next}
	err = db.Platform(ctx, func(tx tenant.Platform) (err error) {
		if err := stillHas(ctx, tx, account); err != nil {
			return err
		}
		if offer, err = s.Offer(ctx, tx, browser); err != nil {
			return err // it was used, or the provider shut, meanwhile
		}
		if err := link(ctx, tx, offer, browser); err != nil {
			return err
		}
		account.through = offer.ref
		if arrival.Token, arrival.Who, err = enter(ctx, tx, account, offer.ref.Tenant, d); err != nil {
			return err
		}
		return note(tx, arrival)
	})
	return arrival, err
}

// link uses the offer up. Of two at the same time one gets fault.Conflict: the account is locked.
func link(ctx context.Context, tx tenant.Platform, o LinkOffer, browser Token) error {
	n, err := tx.Exec(ctx, `
		update authz.oidc_flow
		set linked_at = $2
		where browser_hash = $1 and linked_at is null`, browser.hash(), tx.Now())
	if err != nil {
		return err
	}
	if n == 0 {
		return errFlow
	}
	_, err = tx.Exec(ctx, `
		insert into authz.oidc_identity (id, provider_tenant, provider_id, subject, account_id, email, linked_at, used_at)
		values ($1, $2, $3, $4, $5, $6, $7, $7)`, tx.NewID(), o.ref.Tenant, o.ref.ID, o.subject, o.AccountID, o.Email, tx.Now())
	if tenant.Violates(err, "oidc_identity_provider_tenant_provider_id_subject_key") {
		return fault.Say(fault.Conflict, "Danh tính này vừa được liên kết với một tài khoản. Hãy đăng nhập lại.")
	}
	return err
}

// Linked is an identity at a provider that an account is linked with.
type Linked struct {
	ID        int64
	TenantID  tenant.ID
	Provider  string // its name
	Email     Email  // that the provider named
	LinkedAt  time.Time
	UsedAt    time.Time
	AccountID AccountID
	Number    int64 // of the provider
}

const selectLinked = `
	select i.id, i.provider_tenant as tenant_id, p.name as provider, i.email, i.linked_at, i.used_at, i.account_id, p.id as number
	from authz.oidc_identity i
	join authz.oidc_provider p on p.tenant_id = i.provider_tenant and p.id = i.provider_id`

// LinkedOf returns the identities that the person's account is linked with, newest first. Who is signed in by a
// provider sees those of its tenant.
func LinkedOf(ctx context.Context, tx tenant.Platform, who Identity) ([]Linked, error) {
	return tenant.List[Linked](ctx, tx, selectLinked+`
		where i.account_id = $1 and ($2::bigint = 0 or i.provider_tenant = $3)
		order by i.linked_at desc
		limit 100`, who.Account, who.Provider, who.Tenant)
}

// Unlink parts the person's account from one of those that LinkedOf lists, and ends the sessions that its provider has
// opened for the account. fault.NotFound when there is no such one.
func Unlink(ctx context.Context, tx tenant.Platform, who Identity, id int64) (Linked, error) {
	if _, err := lockAccount(ctx, tx, who.Account); err != nil {
		return Linked{}, err
	}
	l, err := tenant.One[Linked](ctx, tx, selectLinked+`
		where i.account_id = $1 and ($2::bigint = 0 or i.provider_tenant = $3) and i.id = $4`, who.Account, who.Provider, who.Tenant, id)
	if err != nil {
		return Linked{}, err
	}
	if _, err := tx.Exec(ctx, `
		delete from authz.oidc_identity
		where id = $1`, id); err != nil {
		return Linked{}, err
	}
	return l, endThrough(ctx, tx, l.AccountID, ProviderRef{l.TenantID, l.Number}, "")
}

// SignOutThrough ends the sessions that the person's provider has opened for them, but the one that is kept: all that
// who is signed in by a provider may end.
func SignOutThrough(ctx context.Context, tx tenant.Platform, who Identity, keep Token) error {
	if _, err := lockAccount(ctx, tx, who.Account); err != nil {
		return err
	}
	return endThrough(ctx, tx, who.Account, ProviderRef{who.Tenant, who.Provider}, keep)
}

func endThrough(ctx context.Context, tx tenant.Platform, account AccountID, ref ProviderRef, keep Token) error {
	if _, err := tx.Exec(ctx, `
		update authz.session
		set ended_at = $4
		where account_id = $1 and tenant_id = $2 and provider_id = $3 and ended_at is null and token_hash <> $5`,
		account, ref.Tenant, ref.ID, tx.Now(), keep.hash()); err != nil {
		return err
	}
	return revokeAccount(ctx, tx, account)
}

// ErrByProvider is the answer to who is signed in by a provider and asks for what concerns the whole account.
var ErrByProvider = fault.Say(fault.Forbidden, "Bạn đang đăng nhập bằng hệ thống của tỉnh. Việc này liên quan đến cả tài khoản: hãy đăng xuất rồi đăng nhập bằng mật khẩu.")

// Owner returns nil for who has shown the account to be theirs by its own password, else ErrByProvider.
func (i Identity) Owner() error {
	if i.Provider != 0 {
		return fmt.Errorf("account %d: %w", i.Account, ErrByProvider)
	}
	return nil
}
