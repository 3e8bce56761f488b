package authz

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"txng/tenant"
	"txng/tenant/fault"
)

// FactorKind is what a second factor is.
type FactorKind string

// The kinds of second factors.
const (
	TOTP    FactorKind = "totp"    // an app that shows a code each 30 seconds
	Passkey FactorKind = "passkey" // WebAuthn: a phone, a computer, a security key
)

// Name returns the kind's Vietnamese name.
func (k FactorKind) Name() string {
	if k == TOTP {
		return "Ứng dụng tạo mã"
	}
	return "Khóa truy cập"
}

// maxFactors is how many second factors an account may have.
const maxFactors = 10

// Factor is a second factor of an account, without its secret.
type Factor struct {
	ID         int64
	AccountID  AccountID
	Kind       FactorKind
	Name       string
	CreatedAt  time.Time
	LastUsedAt *time.Time
}

// Factors checks second factors. What it stores of them is sealed under the deployment's master secret.
type Factors struct {
	seal     cipher.AEAD
	recovery []byte // key of the hashes of recovery codes
	handles  []byte // key of the names by which passkeys know accounts
}

// newFactors returns what checks the second factors of the deployment with the master secret.
func newFactors(secret []byte) (*Factors, error) {
	derive := func(purpose string) ([]byte, error) {
		return hkdf.Key(sha256.New, secret, nil, "txng "+purpose, 32)
	}
	key, err := derive("seal of second factors")
	if err != nil {
		return nil, fmt.Errorf("derive the seal of second factors: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	f := new(Factors)
	if f.seal, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	if f.recovery, err = derive("hashes of recovery codes"); err != nil {
		return nil, err
	}
	f.handles, err = derive("user handles of passkeys")
	return f, err
}

// Factors returns what checks second factors.
func (s *Signer) Factors() *Factors { return s.factors }

// bound is what a sealed text belongs to: it opens nowhere else.
func bound(what string, account AccountID, id int64) []byte {
	b := binary.BigEndian.AppendUint64([]byte(what+" "), uint64(account))
	return binary.BigEndian.AppendUint64(b, uint64(id))
}

func (f *Factors) close(text, to []byte) []byte {
	nonce := make([]byte, f.seal.NonceSize())
	rand.Read(nonce)
	return f.seal.Seal(nonce, nonce, text, to)
}

func (f *Factors) open(sealed, to []byte) ([]byte, error) {
	n := f.seal.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("open a seal: %d bytes", len(sealed))
	}
	return f.seal.Open(nil, sealed[:n], sealed[n:], to)
}

// FactorsOf returns an account's second factors, oldest first.
func FactorsOf(ctx context.Context, tx tenant.Platform, account AccountID) ([]Factor, error) {
	return tenant.List[Factor](ctx, tx, `
		select id, account_id, kind, name, created_at, last_used_at
		from authz.factor
		where account_id = $1
		order by id`, account)
}

// storedFactor is a factor with what is sealed of it.
type storedFactor struct {
	ID       int64
	Sealed   []byte
	LastStep int64
}

func (f *Factors) stored(ctx context.Context, tx tenant.Platform, account AccountID, kind FactorKind) ([]storedFactor, error) {
	return tenant.List[storedFactor](ctx, tx, `
		select id, sealed, last_step
		from authz.factor
		where account_id = $1 and kind = $2
		order by id`, account, kind)
}

// factorName returns the name of a new factor. Errors: fault.Invalid for "name".
func factorName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n < 1 || n > 60 || strings.ContainsFunc(name, unicode.IsControl) {
		return "", fault.Invalid{{Name: "name", Message: "Tên có từ 1 đến 60 ký tự, ví dụ: Điện thoại của tôi."}}
	}
	return name, nil
}

// insert stores a factor of a locked account, and makes recovery codes when it is the first one.
func (f *Factors) insert(ctx context.Context, tx tenant.Platform, account AccountID, kind FactorKind, name string, credential, secret []byte, step int64) ([]string, error) {
	name, err := factorName(name)
	if err != nil {
		return nil, err
	}
	list, err := FactorsOf(ctx, tx, account)
	if err != nil {
		return nil, err
	}
	if len(list) >= maxFactors {
		return nil, fault.Say(fault.Conflict, "Tài khoản đã có %d phương thức. Hãy gỡ phương thức không dùng nữa.", len(list))
	}
	id := tx.NewID()
	if _, err := tx.Exec(ctx, `
		insert into authz.factor (id, account_id, kind, name, credential_id, sealed, last_step, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		id, account, kind, name, credential, f.close(secret, bound(string(kind), account, id)), step, tx.Now()); err != nil {
		if tenant.Violates(err, "factor_credential_id_key") {
			return nil, fault.Say(fault.Conflict, "Khóa truy cập này đã được thêm trước đó.")
		}
		return nil, err
	}
	if err := revokeAccount(ctx, tx, account); err != nil || len(list) > 0 {
		return nil, err
	}
	return f.makeRecoveryCodes(ctx, tx, account)
}

// Enrol gives an account an app with a secret that is known already, and returns its recovery codes when that is its
// first factor. For tools; people confirm an Offer.
func (f *Factors) Enrol(ctx context.Context, tx tenant.Platform, account AccountID, name string, secret TOTPSecret) ([]string, error) {
	if _, err := lockAccount(ctx, tx, account); err != nil {
		return nil, err
	}
	return f.insert(ctx, tx, account, TOTP, name, nil, secret, 0)
}

// Added is a factor that was added: the session's token from now on and, with the first factor, the recovery codes.
type Added struct {
	Name  string
	Kind  FactorKind
	Token Token
	Codes []string
}

// offerAge is how long an offered secret may be confirmed.
const offerAge = 30 * time.Minute

// Offer returns a new secret for an app of an account, and the same sealed: whoever confirms it by a code sends it back.
func (f *Factors) Offer(account AccountID, now time.Time) (TOTPSecret, string) {
	secret := newTOTPSecret()
	text := binary.BigEndian.AppendUint64(nil, uint64(now.Unix()))
	return secret, base64.RawURLEncoding.EncodeToString(f.close(append(text, secret...), bound("offer", account, 0)))
}

// Offered opens a sealed offer of an account. fault.Conflict when it is not one of ours or too old.
func (f *Factors) Offered(account AccountID, sealed string, now time.Time) (TOTPSecret, error) {
	expired := fault.Say(fault.Conflict, "Mã QR này không còn dùng được. Hãy quét mã mới dưới đây.")
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(b) > 200 {
		return nil, expired
	}
	text, err := f.open(b, bound("offer", account, 0))
	if err != nil || len(text) != 8+totpBytes {
		return nil, expired
	}
	if age := now.Sub(time.Unix(int64(binary.BigEndian.Uint64(text)), 0)); age < -time.Minute || age > offerAge {
		return nil, expired
	}
	return text[8:], nil
}

// AddTOTP gives the session's account the app of an offer, which the code confirms; the session has shown a second
// factor from then on, under a new token. Errors: fault.Invalid for code and name; fault.Conflict for the offer; errProve
// when its person has not shown lately who they are.
func (f *Factors) AddTOTP(ctx context.Context, tx tenant.Platform, session Token, offer, code, name string) (Added, error) {
	s, err := f.proved(ctx, tx, session)
	if err != nil {
		return Added{}, err
	}
	secret, err := f.Offered(s.Account, offer, tx.Now())
	if err != nil {
		return Added{}, err
	}
	if code, err = parseCode(code); err != nil {
		return Added{}, err
	}
	step, ok := secret.match(code, tx.Now())
	if !ok {
		return Added{}, fault.Invalid{{Name: "code", Message: "Mã chưa đúng. Kiểm tra đồng hồ của điện thoại (đặt giờ tự động) rồi nhập mã mới."}}
	}
	codes, err := f.insert(ctx, tx, s.Account, TOTP, name, nil, secret, step)
	if err != nil {
		return Added{}, err
	}
	token, err := rotate(ctx, tx, session, true)
	return Added{strings.TrimSpace(name), TOTP, token, codes}, err
}

// useCode uses up a code of one of the account's apps. A step, and those before it, opens once; of two at the same time
// one is refused. Errors: fault.Invalid for "code".
func (f *Factors) useCode(ctx context.Context, tx tenant.Platform, account AccountID, code string) error {
	list, err := f.stored(ctx, tx, account, TOTP)
	if err != nil {
		return err
	}
	var right storedFactor
	var step int64
	for _, s := range list { // all of them: the time does not tell which
		secret, err := f.open(s.Sealed, bound(string(TOTP), account, s.ID))
		if err != nil {
			return fmt.Errorf("open second factor %d: %w", s.ID, err)
		}
		if n, ok := TOTPSecret(secret).match(code, tx.Now()); ok && n > s.LastStep {
			right, step = s, n
		}
	}
	n := int64(0)
	if right.ID != 0 {
		if n, err = tx.Exec(ctx, `
			update authz.factor
			set last_step = $2, last_used_at = $3
			where id = $1 and last_step < $2`, right.ID, step, tx.Now()); err != nil {
			return err
		}
	}
	if n == 0 {
		return fault.Invalid{{Name: "code", Message: "Mã chưa đúng hoặc đã được dùng. Chờ mã tiếp theo rồi nhập lại."}}
	}
	return nil
}

// RemoveFactor takes a factor from the session's account; with the last one go the recovery codes. Errors: errProve when
// its person has not shown lately who they are; fault.NotFound; fault.Conflict for the last one where the role needs one.
func (f *Factors) RemoveFactor(ctx context.Context, tx tenant.Platform, session Token, who Identity, id int64) (Factor, error) {
	s, err := f.proved(ctx, tx, session)
	if err != nil {
		return Factor{}, err
	}
	list, err := FactorsOf(ctx, tx, s.Account)
	if err != nil {
		return Factor{}, err
	}
	var gone Factor
	for _, one := range list {
		if one.ID == id {
			gone = one
		}
	}
	if gone.ID == 0 {
		return Factor{}, fault.NotFound
	}
	if len(list) == 1 {
		needs, err := needsFactor(ctx, tx, who)
		if err != nil {
			return Factor{}, err
		}
		if needs {
			return Factor{}, fault.Say(fault.Conflict, "Vai trò “%s” bắt buộc xác thực hai lớp. Hãy thêm phương thức khác trước khi gỡ phương thức cuối cùng.", who.Role.Name())
		}
		if err := dropRecoveryCodes(ctx, tx, s.Account); err != nil {
			return Factor{}, err
		}
	}
	if _, err := tx.Exec(ctx, `
		delete from authz.factor
		where id = $1 and account_id = $2`, id, s.Account); err != nil {
		return Factor{}, err
	}
	return gone, revokeAccount(ctx, tx, s.Account)
}
