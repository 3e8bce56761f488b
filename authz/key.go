package authz

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"txng/tenant"
)

// KeyOverlap is how long a new signing key waits before it signs, so that every instance, and whoever keeps a copy of
// the public keys, knows it by then. It is longer than keyRefresh and JWKSAge together.
const KeyOverlap = 5 * time.Minute

// JWKSAge is how long others may keep a copy of the public keys.
const JWKSAge = time.Minute

const (
	keyRefresh = time.Minute     // how old what an instance knows of the keys may be
	keyAgain   = 5 * time.Second // how soon an unknown key id makes it ask again
	keyLock    = 0x74786e6a      // serializes making keys
)

// Key is one signing key of the deployment, without its secret half.
type Key struct {
	KID        string
	PublicKey  []byte
	CreatedAt  time.Time
	ActiveFrom time.Time
	RetiredAt  *time.Time // when it stops signing
	Usable     bool       // its seal opens with this deployment's master secret
	seed       []byte
}

// signs reports whether the key may sign at a time.
func (k Key) signs(now time.Time) bool {
	return k.Usable && !k.ActiveFrom.After(now) && (k.RetiredAt == nil || k.RetiredAt.After(now))
}

// verifies reports whether tokens of the key may still be valid at a time.
func (k Key) verifies(now time.Time) bool {
	return k.Usable && (k.RetiredAt == nil || now.Before(k.RetiredAt.Add(AccessAge+skew)))
}

func (k Key) private() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(k.seed) }

// State says in a Vietnamese word what the key is for at a time.
func (k Key) State(now time.Time) string {
	switch {
	case !k.Usable:
		return "không mở được bằng khóa bí mật chính"
	case k.signs(now):
		return "đang ký"
	case k.ActiveFrom.After(now):
		return "sắp ký"
	case k.verifies(now):
		return "chỉ còn kiểm tra"
	}
	return "đã thôi dùng"
}

// ring is the signing keys as an instance knows them.
type ring struct {
	seal cipher.AEAD

	newest  atomic.Pointer[keySet]
	refresh sync.Mutex
}

// keySet is the keys, newest first, and when they were read, by this machine's own clock.
type keySet struct {
	keys []Key
	read time.Time
}

func newRing(secret []byte) (*ring, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "txng seal of token signing keys", 32)
	if err != nil {
		return nil, fmt.Errorf("derive the seal of the signing keys: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	return &ring{seal: seal}, err
}

// load reads the keys. One whose seal does not open is there, but not usable: only who has the master secret makes keys.
func (r *ring) load(ctx context.Context, tx tenant.Platform) ([]Key, error) {
	rows, err := tenant.List[struct {
		KID        string `db:"kid"`
		PublicKey  []byte
		Sealed     []byte
		CreatedAt  time.Time
		ActiveFrom time.Time
		RetiredAt  *time.Time
	}](ctx, tx, `
		select kid, public_key, sealed, created_at, active_from, retired_at
		from authz.signing_key
		order by active_from desc, created_at desc`)
	if err != nil {
		return nil, fmt.Errorf("read the signing keys: %w", err)
	}
	keys := make([]Key, len(rows))
	for i, row := range rows {
		k := Key{KID: row.KID, PublicKey: row.PublicKey, CreatedAt: row.CreatedAt, ActiveFrom: row.ActiveFrom, RetiredAt: row.RetiredAt}
		n := r.seal.NonceSize()
		seed, err := r.seal.Open(nil, row.Sealed[:n], row.Sealed[n:], []byte(row.KID))
		if err == nil && len(seed) == ed25519.SeedSize {
			k.seed = seed
			k.Usable = slices.Equal(k.private().Public().(ed25519.PublicKey), row.PublicKey)
		}
		keys[i] = k
	}
	return keys, nil
}

// make makes a key that signs from a time on.
func (r *ring) make(ctx context.Context, tx tenant.Platform, from time.Time) (Key, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return Key{}, err
	}
	sum := sha256.Sum256(public)
	k := Key{
		KID: base64.RawURLEncoding.EncodeToString(sum[:12]), PublicKey: public, CreatedAt: tx.Now(), ActiveFrom: from,
		Usable: true, seed: private.Seed(),
	}
	nonce := make([]byte, r.seal.NonceSize())
	rand.Read(nonce)
	_, err = tx.Exec(ctx, `
		insert into authz.signing_key (kid, public_key, sealed, created_at, active_from)
		values ($1, $2, $3, $4, $5)`, k.KID, k.PublicKey, r.seal.Seal(nonce, nonce, k.seed, []byte(k.KID)), k.CreatedAt, k.ActiveFrom)
	return k, err
}

// known returns the keys, read anew when what is known is older than age. The first use of a deployment makes a key;
// two instances that start at the same time make one.
func (r *ring) known(ctx context.Context, db *tenant.DB, age time.Duration) ([]Key, error) {
	old := r.newest.Load()
	if old != nil && time.Since(old.read) < age {
		return old.keys, nil
	}
	if old != nil && !r.refresh.TryLock() {
		return old.keys, nil // somebody is at it
	}
	if old == nil {
		r.refresh.Lock()
		if s := r.newest.Load(); s != nil {
			r.refresh.Unlock()
			return s.keys, nil
		}
	}
	defer r.refresh.Unlock()
	var keys []Key
	err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		if keys, err = r.load(ctx, tx); err != nil || slices.ContainsFunc(keys, func(k Key) bool { return k.Usable && k.RetiredAt == nil }) {
			return err
		}
		if err := lockKeys(ctx, tx); err != nil {
			return err
		}
		if keys, err = r.load(ctx, tx); err != nil || slices.ContainsFunc(keys, func(k Key) bool { return k.Usable && k.RetiredAt == nil }) {
			return err
		}
		k, err := r.make(ctx, tx, tx.Now())
		keys = slices.Insert(keys, 0, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.newest.Store(&keySet{keys, time.Now()})
	return keys, nil
}

func lockKeys(ctx context.Context, tx tenant.Platform) error {
	_, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", keyLock)
	return err
}

// signing returns the key that signs now.
func (r *ring) signing(ctx context.Context, db *tenant.DB) (Key, error) {
	keys, err := r.known(ctx, db, keyRefresh)
	if err != nil {
		return Key{}, err
	}
	for _, k := range keys {
		if k.signs(db.Now()) {
			return k, nil
		}
	}
	return Key{}, fmt.Errorf("no signing key is active at %s", db.Now())
}

// verifying returns the key of an id, while tokens that it signed may still be valid. An id that is not known makes the
// instance read the keys anew, not more often than every keyAgain.
func (r *ring) verifying(ctx context.Context, db *tenant.DB, kid string) (Key, bool, error) {
	for _, age := range []time.Duration{keyRefresh, keyAgain} {
		keys, err := r.known(ctx, db, age)
		if err != nil {
			return Key{}, false, err
		}
		for _, k := range keys {
			if k.KID == kid {
				return k, k.verifies(db.Now()), nil
			}
		}
	}
	return Key{}, false, nil
}

// Rotate makes a new signing key. It signs after KeyOverlap (at once when no other key does); from then on the keys
// before it only verify, until the last token that they signed has expired. note, unless nil, writes the rotation down in
// its transaction; was is the keys that were not retired until then.
func (s *Signer) Rotate(ctx context.Context, db *tenant.DB, note func(tx tenant.Platform, was []Key, k Key) error) (Key, error) {
	var k Key
	err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		if err := lockKeys(ctx, tx); err != nil {
			return err
		}
		keys, err := s.ring.load(ctx, tx)
		if err != nil {
			return err
		}
		from := tx.Now().Add(KeyOverlap)
		if !slices.ContainsFunc(keys, func(k Key) bool { return k.signs(tx.Now()) }) {
			from = tx.Now() // nobody else can sign until then
		}
		if _, err := tx.Exec(ctx, `
			update authz.signing_key
			set retired_at = $1
			where retired_at is null`, from); err != nil {
			return err
		}
		if k, err = s.ring.make(ctx, tx, from); err != nil || note == nil {
			return err
		}
		return note(tx, slices.DeleteFunc(keys, func(k Key) bool { return k.RetiredAt != nil }), k)
	})
	s.ring.newest.Store(nil)
	return k, err
}

// Keys returns all signing keys that there ever were, newest first, without making one.
func (s *Signer) Keys(ctx context.Context, db *tenant.DB) (keys []Key, err error) {
	err = db.Platform(ctx, func(tx tenant.Platform) (err error) {
		keys, err = s.ring.load(ctx, tx)
		return err
	})
	return keys, err
}

// JWK is a public key by RFC 8037.
type JWK struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	KID       string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

// JWKS is a set of public keys by RFC 7517.
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWKS returns the public keys that tokens are verified with, now or soon.
func (s *Signer) JWKS(ctx context.Context, db *tenant.DB) (JWKS, error) {
	keys, err := s.ring.known(ctx, db, keyRefresh)
	set := JWKS{Keys: []JWK{}}
	for _, k := range keys {
		if k.verifies(db.Now()) {
			set.Keys = append(set.Keys, JWK{"OKP", "Ed25519", base64.RawURLEncoding.EncodeToString(k.PublicKey), k.KID, "sig", "EdDSA"})
		}
	}
	return set, err
}
