package authz

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"strconv"
	"strings"
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

	// maxToken is longer than any token of ours.
	maxToken = 4096
)

// Signer makes and reads the access tokens of the API: JWT, EdDSA, with a key id. Its keys are rows of
// authz.signing_key, sealed under the deployment's master secret.
type Signer struct {
	ring    *ring
	factors *Factors
}

// NewSigner returns the signer of the deployment with the master secret. It asks the database at its first use.
func NewSigner(secret []byte) (*Signer, error) {
	r, err := newRing(secret)
	if err != nil {
		return nil, err
	}
	f, err := newFactors(secret)
	return &Signer{ring: r, factors: f}, err
}

// claims of an access token: whose it is and in which membership, with the version that it had; or which machine's.
type claims struct {
	jwt.RegisteredClaims
	Membership int64     `json:"mid,string,omitempty"`
	Tenant     tenant.ID `json:"tid,omitempty"`
	Version    int       `json:"ver,omitempty"`
	Epoch      int       `json:"epo,omitempty"`        // of the account: see SignOutEverywhere
	Client     int64     `json:"cid,string,omitempty"` // of a machine: its number, as in Subject
	Scope      string    `json:"scope,omitempty"`      // of a machine: what the token is for
}

// claimsOf returns the claims of a person's token.
func claimsOf(c choice) claims {
	return claims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: strconv.FormatInt(int64(c.Account), 10)},
		Membership:       c.Membership, Tenant: c.Tenant, Version: c.version, Epoch: c.epoch,
	}
}

// sign returns the claims as a token that is valid from now on.
func sign(k Key, c claims, now time.Time) (string, error) {
	c.Issuer, c.Audience = issuer, jwt.ClaimStrings{audience}
	c.IssuedAt, c.NotBefore, c.ExpiresAt = jwt.NewNumericDate(now), jwt.NewNumericDate(now), jwt.NewNumericDate(now.Add(AccessAge))
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
	t.Header["kid"] = k.KID
	return t.SignedString(k.private())
}

// errToken is why a token is refused; nobody is told more.
var errToken = errors.New("token refused")

// parse returns the claims of a token that one of the keys has signed and that is valid now. key returns the public key
// of an id, or an error. One algorithm is known, whatever the token says of itself.
func parse(token string, now func() time.Time, key func(kid string) (ed25519.PublicKey, error)) (claims, error) {
	if len(token) > maxToken {
		return claims{}, errToken
	}
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		return key(kid)
	}, jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithLeeway(skew), jwt.WithTimeFunc(now), jwt.WithStrictDecoding())
	switch {
	case err != nil:
		return claims{}, err
	case c.NotBefore == nil, c.Client != 0 && c.Membership != 0, c.Client != 0 && c.Tenant == 0:
		return claims{}, errToken
	}
	return c, nil
}

// Read returns who an access token, or a personal key ("txng_…"), stands for. fault.SignIn when it is not ours, not
// valid now, or what it stands for has been taken away or changed since.
func (s *Signer) Read(ctx context.Context, db *tenant.DB, token string) (Identity, error) {
	if strings.HasPrefix(token, keyPrefix) {
		return readAPIKey(ctx, db, token)
	}
	var asking error // why the keys could not be asked for
	c, err := parse(token, db.Now, func(kid string) (ed25519.PublicKey, error) {
		k, ok, err := s.ring.verifying(ctx, db, kid)
		if err != nil {
			asking = err
			return nil, err
		}
		if !ok {
			return nil, errToken
		}
		return k.PublicKey, nil
	})
	if asking != nil {
		return Identity{}, asking
	}
	if err != nil {
		return Identity{}, fault.SignIn
	}
	var who Identity
	err = db.Platform(ctx, func(tx tenant.Platform) (err error) {
		if c.Client != 0 {
			who, err = machine(ctx, tx, ClientID{c.Tenant, c.Client}, strings.Fields(c.Scope))
			return err
		}
		account, err := strconv.ParseInt(c.Subject, 10, 64)
		if err != nil {
			return fault.SignIn
		}
		k, err := choiceOf(ctx, tx, AccountID(account), c.Tenant, c.Membership, c.Version)
		if err == nil && k.epoch != c.Epoch { // read with the account: it costs no round trip of its own
			err = fault.SignIn
		}
		if err != nil {
			return err
		}
		who = k.Identity
		return stillMay(ctx, tx, who)
	})
	return who, refused(err)
}

// choiceOf returns the role that an account was working in, when it still has it as it was then. fault.NotFound or
// fault.SignIn otherwise.
func choiceOf(ctx context.Context, tx tenant.Platform, id AccountID, t tenant.ID, membership int64, version int) (choice, error) {
	account, err := tenant.One[Account](ctx, tx, `
		select `+accountColumns+`
		from authz.account
		where id = $1 and disabled_at is null`, id)
	if err != nil {
		return choice{}, err
	}
	choices, err := identities(ctx, tx, account)
	if err != nil {
		return choice{}, err
	}
	i := slices.IndexFunc(choices, func(k choice) bool {
		return k.Tenant == t && k.Membership == membership && k.version == version
	})
	if i < 0 {
		return choice{}, fault.SignIn
	}
	return choices[i], nil
}

// refused turns "there is no such thing" into the one answer to whoever has no right to know.
func refused(err error) error {
	if errors.Is(err, fault.NotFound) {
		return fault.SignIn
	}
	return err
}
