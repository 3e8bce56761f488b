package authz

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"txng/tenant"
	"txng/tenant/fault"
)

// AccessAge is how long an access token of the API is valid.
const AccessAge = 15 * time.Minute

// skew is how far the clocks of two machines may lie apart.
const skew = time.Minute

const (
	issuer   = "txng"
	audience = "txng-api"
)

// Signer makes and reads the access tokens of the API: JWT, EdDSA, with a key id.
type Signer struct {
	kid string
	key ed25519.PrivateKey
}

// NewSigner derives the signing key from the deployment's master secret.
func NewSigner(secret []byte) (*Signer, error) {
	const kid = "1"
	seed, err := hkdf.Key(sha256.New, secret, nil, "txng access token key "+kid, ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("derive the token key: %w", err)
	}
	return &Signer{kid: kid, key: ed25519.NewKeyFromSeed(seed)}, nil
}

// claims of an access token: whose it is and in which membership, with the version that it had.
type claims struct {
	jwt.RegisteredClaims
	Membership int64     `json:"mid,string,omitempty"`
	Tenant     tenant.ID `json:"tid,omitempty"`
	Version    int       `json:"ver,omitempty"`
}

// Grant checks address and password and returns an access token for the person's membership in the tenant, or for the
// role above the tenants when t is 0.
func (s *Signer) Grant(ctx context.Context, db *tenant.DB, email, password string, t tenant.ID) (string, error) {
	account, err := checkPassword(ctx, db, email, password)
	if err != nil {
		return "", err
	}
	var token string
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		choices, err := identities(ctx, tx, account)
		if err != nil {
			return err
		}
		for _, c := range choices {
			if c.Tenant == t {
				token, err = s.sign(c, tx.Now())
				return err
			}
		}
		return errCredentials
	})
	return token, err
}

func (s *Signer) sign(c choice, now time.Time) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: strconv.FormatInt(int64(c.Account), 10),
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(AccessAge)),
		},
		Membership: c.Membership, Tenant: c.Tenant, Version: c.version,
	})
	t.Header["kid"] = s.kid
	return t.SignedString(s.key)
}

// Read returns who an access token stands for. fault.SignIn when it is not ours, not valid now, or its role has been
// taken away or changed since.
func (s *Signer) Read(ctx context.Context, db *tenant.DB, token string) (Identity, error) {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		if t.Header["kid"] != s.kid {
			return nil, errors.New("unknown key")
		}
		return s.key.Public(), nil
	}, jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithLeeway(skew), jwt.WithTimeFunc(db.Now))
	if err != nil {
		return Identity{}, fault.SignIn
	}
	id, err := strconv.ParseInt(c.Subject, 10, 64)
	if err != nil {
		return Identity{}, fault.SignIn
	}
	var who Identity
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		account, err := tenant.One[Account](ctx, tx, `
			select id, email, name, password_hash, disabled_at
			from authz.account
			where id = $1 and disabled_at is null`, id)
		if err != nil {
			return err
		}
		choices, err := identities(ctx, tx, account)
		if err != nil {
			return err
		}
		for _, k := range choices {
			if k.Tenant == c.Tenant && k.Membership == c.Membership && k.version == c.Version {
				who = k.Identity
				return nil
			}
		}
		return fault.SignIn
	})
	if errors.Is(err, fault.NotFound) {
		return Identity{}, fault.SignIn
	}
	return who, err
}
