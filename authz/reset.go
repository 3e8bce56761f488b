package authz

import (
	"context"
	"errors"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// ResetAge is how long a link that sets a new password is valid.
const ResetAge = time.Hour

// The links that an account gets at most: so many within so long. More requests get no link, and the same answer.
const (
	resetMost   = 3
	resetWithin = 15 * time.Minute
)

// ResetToken is the secret of a link that sets a new password. Only its hash is stored.
type ResetToken string

func (t ResetToken) hash() []byte { return Token(t).hash() }

// errDeadLink is the one answer to a link that never was, has been used, replaced, or has expired.
var errDeadLink = fault.Say(fault.Conflict, "Đường dẫn này không còn dùng được: đã được dùng, đã hết hạn hoặc chưa đúng. Hãy yêu cầu đường dẫn mới.")

// RequestReset makes a link for the account of an address or number, to be sent to the account's address; ok is false
// when there is none that may have one. The caller gives the person the same answer either way, and before this has
// run, so that neither words nor time tell; and it asks the database one thing, whether or not there is an account.
func RequestReset(ctx context.Context, db *tenant.DB, login string) (token ResetToken, who Account, ok bool, err error) {
	by, err := ParseLogin(login)
	if err != nil {
		return "", Account{}, false, nil
	}
	token = ResetToken(newToken())
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		who, err = tenant.One[Account](ctx, tx, `
			with a as (
				select `+accountColumns+`
				from authz.account
				where (email = $1 or phone = $2) and disabled_at is null),
			made as (
				insert into authz.reset (token_hash, account_id, created_at, expires_at)
				select $3, a.id, $4, $5
				from a
				where (select count(*) from authz.reset r where r.account_id = a.id and r.created_at > $6) < $7
				returning account_id)
			select a.*
			from a
			join made on made.account_id = a.id`,
			by.Email, by.Phone, token.hash(), tx.Now(), tx.Now().Add(ResetAge), tx.Now().Add(-resetWithin), resetMost)
		if ok = err == nil; errors.Is(err, fault.NotFound) {
			return nil // and commit, as for one that was found
		}
		return err
	})
	if err != nil || !ok {
		return "", Account{}, false, err
	}
	return token, who, true, nil
}

// CheckReset returns nil while the link may be used, else fault.Conflict with a sentence.
func CheckReset(ctx context.Context, db *tenant.DB, token ResetToken) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		live, err := tenant.Value[bool](ctx, tx, `
			select exists (
				select from authz.reset r
				join authz.account a on a.id = r.account_id and a.disabled_at is null
				where r.token_hash = $1 and r.used_at is null and r.expires_at > $2)`, token.hash(), tx.Now())
		if err == nil && !live {
			return errDeadLink
		}
		return err
	})
}

// NewPassword is a password that has been checked and hashed.
type NewPassword struct{ hash string }

// PrepareReset checks link and password and hashes the password, which takes long: do it outside of a transaction.
// Errors: fault.Conflict for the link, fault.Invalid for "password".
func PrepareReset(ctx context.Context, db *tenant.DB, token ResetToken, password string) (NewPassword, error) {
	if err := CheckReset(ctx, db, token); err != nil {
		return NewPassword{}, err
	}
	if err := ValidatePassword("password", password); err != nil {
		return NewPassword{}, err
	}
	return NewPassword{HashPassword(password)}, nil
}

// Reset uses the link up, sets its account's password, and ends all of the account's sessions and other links. Of two
// uses at the same time, one gets fault.Conflict.
func Reset(ctx context.Context, tx tenant.Platform, token ResetToken, n NewPassword) (Account, error) {
	account, err := tenant.One[Account](ctx, tx, `
		with used as (
			update authz.reset
			set used_at = $2
			where token_hash = $1 and used_at is null and expires_at > $2
			returning account_id)
		select a.id, a.email, coalesce(a.phone, '') as phone, a.name, a.password_hash, a.token_epoch, a.disabled_at
		from authz.account a
		join used u on u.account_id = a.id
		where a.disabled_at is null`, token.hash(), tx.Now())
	if errors.Is(err, fault.NotFound) {
		return Account{}, errDeadLink
	}
	if err != nil {
		return Account{}, err
	}
	if _, err := tx.Exec(ctx, `
		update authz.account
		set password_hash = $2
		where id = $1`, account.ID, n.hash); err != nil {
		return Account{}, err
	}
	// Whoever had the account for a minute may have made keys and linked an identity; whoever resets asks for all of that
	// to end.
	if _, err := tx.Exec(ctx, `
		update authz.api_key
		set revoked_at = $2
		where account_id = $1 and revoked_at is null`, account.ID, tx.Now()); err != nil {
		return Account{}, err
	}
	if _, err := tx.Exec(ctx, `
		delete from authz.oidc_identity
		where account_id = $1`, account.ID); err != nil {
		return Account{}, err
	}
	return account, afterNewPassword(ctx, tx, account.ID, "")
}

// afterNewPassword takes away what the old password, or whoever read the person's mail, may have opened.
func afterNewPassword(ctx context.Context, tx tenant.Platform, id AccountID, keep Token) error {
	if _, err := tx.Exec(ctx, `
		update authz.reset
		set used_at = $2
		where account_id = $1 and used_at is null`, id, tx.Now()); err != nil {
		return err
	}
	return SignOutEverywhere(ctx, tx, id, keep)
}

// PasswordChange is a change of a person's own password that can be made.
type PasswordChange struct {
	account  AccountID
	old, new string // hashes
}

// PrepareChange checks the old and the new password of the person and hashes the new one: outside of a transaction.
// Wrong old passwords count like wrong sign-ins. Errors: fault.Invalid for "old_password" and "password".
func PrepareChange(ctx context.Context, db *tenant.DB, who Identity, oldPassword, newPassword string, d Device) (PasswordChange, error) {
	if err := who.Owner(); err != nil {
		return PasswordChange{}, err
	}
	var wrong fault.Invalid
	checkGiven(&wrong, "old_password", oldPassword)
	if err := ValidatePassword("password", newPassword); err != nil {
		wrong = append(wrong, err.(fault.Invalid)...)
	}
	if err := wrong.Err(); err != nil {
		return PasswordChange{}, err
	}
	account, err := checkPassword(ctx, db, string(who.Email), oldPassword, d)
	if errors.As(err, &wrong) { // errCredentials
		return PasswordChange{}, fault.Invalid{{Name: "old_password", Message: "Mật khẩu hiện tại chưa đúng."}}
	}
	if err != nil {
		return PasswordChange{}, err
	}
	if oldPassword == newPassword {
		return PasswordChange{}, fault.Invalid{{Name: "password", Message: "Mật khẩu mới trùng với mật khẩu hiện tại."}}
	}
	return PasswordChange{account.ID, account.PasswordHash, HashPassword(newPassword)}, nil
}

// ChangePassword makes the change and ends the account's sessions but the one that is kept, and its open links.
// fault.Conflict when the password has been changed meanwhile.
func ChangePassword(ctx context.Context, tx tenant.Platform, c PasswordChange, keep Token) error {
	n, err := tx.Exec(ctx, `
		update authz.account
		set password_hash = $3
		where id = $1 and password_hash = $2`, c.account, c.old, c.new)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.Say(fault.Conflict, "Mật khẩu vừa được đổi ở nơi khác. Hãy tải lại trang.")
	}
	return afterNewPassword(ctx, tx, c.account, keep)
}
