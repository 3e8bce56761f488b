package authz

import (
	"context"
	"errors"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// RefreshAge is how long a refresh token is valid; each use gives a new one.
const RefreshAge = 30 * 24 * time.Hour

// Tokens is what a sign-in to the API gives: a token to ask with, and one that gives the next two.
type Tokens struct {
	Access  string
	Refresh Token
}

// Event is something that happens to tokens and that the audit wants to know.
type Event string

// The events.
const (
	TokenGranted Event = "token.grant" // somebody signed in to the API
	TokenReused  Event = "token.reuse" // a refresh token was used twice: its family is revoked
)

// Note writes an event down, in the transaction in which it happens. nil notes nothing.
type Note func(ctx context.Context, tx tenant.Platform, who Identity, e Event) error

func (n Note) write(ctx context.Context, tx tenant.Platform, who Identity, e Event) error {
	if n == nil {
		return nil
	}
	return n(ctx, tx, who, e)
}

// Grant checks address, password and the code of an app, which an account with a second factor needs, and returns tokens
// for the person's membership in the tenant, or for the role above the tenants when t is 0. Errors: fault.Invalid for
// email and code; ErrFactorNeeded without a code; fault.Forbidden for a role that needs a factor while there is none;
// tenant.ErrAPIOff, before the password is looked at.
func (s *Signer) Grant(ctx context.Context, db *tenant.DB, email, password, code string, t tenant.ID, d Device, note Note) (Tokens, error) {
	if err := offersAPI(ctx, db, t); err != nil {
		return Tokens{}, err
	}
	account, err := checkPassword(ctx, db, email, password, d)
	if err != nil {
		return Tokens{}, err
	}
	useFactor, taken, err := s.factors.grantStep(ctx, db, account, code, d)
	if err != nil {
		return Tokens{}, err
	}
	key, err := s.ring.signing(ctx, db)
	if err != nil {
		return Tokens{}, err
	}
	var tokens Tokens
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		if err := stillHas(ctx, tx, account); err != nil {
			return err
		}
		choices, err := identities(ctx, tx, account)
		if err != nil {
			return err
		}
		shown, err := useFactor(ctx, tx)
		if err != nil {
			return err
		}
		for _, c := range choices {
			if c.Tenant == t {
				if missing, err := lacks(ctx, tx, c.Identity, shown); err != nil {
					return err
				} else if missing != "" {
					return fault.Say(fault.Forbidden, "Vai trò “%s” bắt buộc xác thực hai lớp. Hãy đăng nhập trên trang web để thiết lập trước.", c.Role.Name())
				}
				if tokens, err = issue(ctx, tx, key, c, tx.NewID(), shown); err != nil {
					return err
				}
				return note.write(ctx, tx, c.Identity, TokenGranted)
			}
		}
		return errCredentials
	})
	if err != nil {
		return Tokens{}, err
	}
	return tokens, giveBack(ctx, db, taken)
}

// offersAPI refuses a token for a tenant whose API is closed: tenant.ErrAPIOff.
func offersAPI(ctx context.Context, db *tenant.DB, id tenant.ID) error {
	if id == 0 {
		return nil
	}
	t, err := db.Tenant(ctx, id)
	if err != nil {
		return err
	}
	return t.OffersAPI()
}

// issue makes an access token and the family's next refresh token; factor is whether its sign-in has shown a second
// factor. What the account no longer needs is removed.
func issue(ctx context.Context, tx tenant.Platform, key Key, c choice, family int64, factor bool) (Tokens, error) {
	access, err := sign(key, claimsOf(c), tx.Now())
	if err != nil {
		return Tokens{}, err
	}
	refresh := newToken()
	var t, m, v any
	if c.Membership != 0 {
		t, m, v = c.Tenant, c.Membership, c.version
	}
	if _, err := tx.Exec(ctx, `
		delete from authz.refresh_token
		where account_id = $1 and expires_at < $2`, c.Account, tx.Now()); err != nil {
		return Tokens{}, err
	}
	_, err = tx.Exec(ctx, `
		insert into authz.refresh_token (token_hash, family, account_id, membership_tenant, membership_id, membership_version, created_at, expires_at, factor)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, refresh.hash(), family, c.Account, t, m, v, tx.Now(), tx.Now().Add(RefreshAge), factor)
	return Tokens{access, refresh}, err
}

// Refresh returns new tokens for a refresh token, which is used up by that. fault.SignIn when it is unknown, expired,
// revoked or used, or its membership has ended or changed; tenant.ErrAPIOff, which leaves the token as it was.
//
// Using a token twice revokes its whole family, at once and however short the time between the two (RFC 9700, section
// 4.14.2): of two uses, one is a thief's, and nobody can tell which. A time of grace would let a thief who is a second
// faster keep the family. The price: of two uses at the same time exactly one gets tokens, and those are revoked, too;
// a client refreshes in one place.
func (s *Signer) Refresh(ctx context.Context, db *tenant.DB, token Token, note Note) (Tokens, error) {
	if len(token) != 43 { // 32 bytes in base64
		return Tokens{}, fault.SignIn
	}
	key, err := s.ring.signing(ctx, db)
	if err != nil {
		return Tokens{}, err
	}
	var tokens Tokens
	reused := false
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		of, err := tenant.One[struct {
			Family    int64
			AccountID AccountID
		}](ctx, tx, `
			select family, account_id
			from authz.refresh_token
			where token_hash = $1`, token.hash())
		if err != nil {
			return err
		}
		family := of.Family
		if _, err := lockAccount(ctx, tx, of.AccountID); err != nil {
			return err
		}
		// One at a time in a family, so that a revocation misses no token that is being made.
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", family); err != nil {
			return err
		}
		row, err := tenant.One[struct {
			AccountID  AccountID
			TenantID   tenant.ID
			Membership int64
			Version    int
			ExpiresAt  time.Time
			UsedAt     *time.Time
			RevokedAt  *time.Time
			Factor     bool
		}](ctx, tx, `
			select account_id, coalesce(membership_tenant, 0) as tenant_id, coalesce(membership_id, 0) as membership,
				coalesce(membership_version, 0) as version, expires_at, used_at, revoked_at, factor
			from authz.refresh_token
			where token_hash = $1`, token.hash())
		if err != nil {
			return err
		}
		if row.RevokedAt != nil || !row.ExpiresAt.After(tx.Now()) {
			return fault.SignIn
		}
		c, lost := choiceOf(ctx, tx, row.AccountID, row.TenantID, row.Membership, row.Version)
		if lost != nil && !errors.Is(lost, fault.NotFound) && !errors.Is(lost, fault.SignIn) {
			return lost
		}
		if row.UsedAt != nil {
			reused = true
			if _, err := tx.Exec(ctx, `
				update authz.refresh_token
				set revoked_at = $2
				where family = $1 and revoked_at is null`, family, tx.Now()); err != nil || lost != nil {
				return err
			}
			return note.write(ctx, tx, c.Identity, TokenReused)
		}
		if lost != nil {
			return lost
		}
		if err := offersAPI(ctx, db, c.Tenant); err != nil {
			return err
		}
		// A factor that was set up, or made compulsory, since then is asked for.
		if missing, err := lacks(ctx, tx, c.Identity, row.Factor); err != nil {
			return err
		} else if missing != "" {
			return fault.SignIn
		}
		if _, err := tx.Exec(ctx, `
			update authz.refresh_token
			set used_at = $2
			where token_hash = $1`, token.hash(), tx.Now()); err != nil {
			return err
		}
		tokens, err = issue(ctx, tx, key, c, family, row.Factor)
		return err
	})
	if err == nil && reused {
		err = fault.SignIn
	}
	if err != nil {
		return Tokens{}, refused(err)
	}
	return tokens, nil
}

// RevokeRefreshTokens ends all refresh tokens of an account, as a changed password does.
func RevokeRefreshTokens(ctx context.Context, tx tenant.Platform, account AccountID) error {
	_, err := tx.Exec(ctx, `
		update authz.refresh_token
		set revoked_at = $2
		where account_id = $1 and revoked_at is null`, account, tx.Now())
	return err
}
