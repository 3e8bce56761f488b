package authz

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// RecoveryCodes is how many recovery codes an account gets at a time.
const RecoveryCodes = 10

// recoveryLetters are Crockford's base32: no letter looks like a digit.
const recoveryLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// recoveryLength is the number of characters of a code: 60 bits.
const recoveryLength = 12

func newRecoveryCode() string {
	b := make([]byte, recoveryLength)
	rand.Read(b)
	for i := range b {
		b[i] = recoveryLetters[b[i]%32]
	}
	return string(b[:4]) + "-" + string(b[4:8]) + "-" + string(b[8:])
}

// parseRecoveryCode returns a code as it is hashed: upper case, without spaces and hyphens, letters that look like digits
// read as those. Errors: fault.Invalid for "recovery".
func parseRecoveryCode(typed string) (string, error) {
	bad := fault.Invalid{{Name: "recovery", Message: "Mã dự phòng gồm 12 chữ cái và chữ số, ví dụ 7K2M-9QXD-4HTB."}}
	if len(typed) > 60 {
		return "", bad
	}
	code := strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(strings.TrimSpace(typed)))
	if len(code) != recoveryLength || strings.Trim(code, recoveryLetters) != "" {
		return "", bad
	}
	return code, nil
}

// hashRecovery returns what is stored of a code: keyed, so that a copy of the database is no list to guess from.
func (f *Factors) hashRecovery(account AccountID, code string) []byte {
	mac := hmac.New(sha256.New, f.recovery)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(account)))
	mac.Write([]byte(code))
	return mac.Sum(nil)
}

// makeRecoveryCodes replaces an account's recovery codes and returns the new ones, which nobody can show again.
func (f *Factors) makeRecoveryCodes(ctx context.Context, tx tenant.Platform, account AccountID) ([]string, error) {
	if err := dropRecoveryCodes(ctx, tx, account); err != nil {
		return nil, err
	}
	codes := make([]string, RecoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
		if _, err := tx.Exec(ctx, `
			insert into authz.recovery_code (account_id, hash, created_at)
			values ($1, $2, $3)`, account, f.hashRecovery(account, strings.ReplaceAll(codes[i], "-", "")), tx.Now()); err != nil {
			return nil, err
		}
	}
	return codes, nil
}

func dropRecoveryCodes(ctx context.Context, tx tenant.Platform, account AccountID) error {
	_, err := tx.Exec(ctx, `
		delete from authz.recovery_code
		where account_id = $1`, account)
	return err
}

// useRecoveryCode uses a code up. Of two at the same time one is refused: fault.Invalid for "recovery".
func (f *Factors) useRecoveryCode(ctx context.Context, tx tenant.Platform, account AccountID, code string) error {
	n, err := tx.Exec(ctx, `
		update authz.recovery_code
		set used_at = $3
		where account_id = $1 and hash = $2 and used_at is null`, account, f.hashRecovery(account, code), tx.Now())
	if err == nil && n == 0 {
		err = fault.Invalid{{Name: "recovery", Message: "Mã dự phòng chưa đúng hoặc đã được dùng."}}
	}
	return err
}

// RecoveryCodesLeft returns how many recovery codes an account has not used, and when they were made (zero: never).
func RecoveryCodesLeft(ctx context.Context, tx tenant.Platform, account AccountID) (left int, made time.Time, err error) {
	row, err := tenant.One[struct {
		Count int
		Made  *time.Time
	}](ctx, tx, `
		select count(*) filter (where used_at is null)::int as count, max(created_at) as made
		from authz.recovery_code
		where account_id = $1`, account)
	if row.Made != nil {
		made = *row.Made
	}
	return row.Count, made, err
}

// NewRecoveryCodes replaces the recovery codes of the session's account. errProve when its person has not shown lately
// who they are; fault.Conflict for an account without a second factor.
func (f *Factors) NewRecoveryCodes(ctx context.Context, tx tenant.Platform, session Token) ([]string, error) {
	s, err := f.proved(ctx, tx, session)
	if err != nil {
		return nil, err
	}
	if !s.HasFactor {
		return nil, fault.Say(fault.Conflict, "Tài khoản chưa bật xác thực hai lớp nên chưa cần mã dự phòng.")
	}
	return f.makeRecoveryCodes(ctx, tx, s.Account)
}
