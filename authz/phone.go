package authz

import (
	"context"
	"errors"
	"strconv"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// Whose a number is nobody proves: there is no gateway for text messages. It is therefore never a way to a password or to
// mail, only a second name of the account beside its address, and links go to the address alone. Somebody may claim a
// number that is not theirs; all that its owner loses by that is signing in by it, until the claim is taken away: by the
// administrator of the claimant's unit (the member's page), or by the operator, who finds it by the number
// (txng user phone).

// errPhoneTaken tells that a number is not free, and not whose it is.
var errPhoneTaken = fault.Taken("phone", "Số này đang gắn với một tài khoản khác nên chưa dùng được. Nếu là số của bạn, hãy nhờ quản trị đơn vị hoặc bộ phận hỗ trợ gỡ ra.")

// phoneTries keep a signed-in person from asking which numbers have accounts.
func phoneTries(id AccountID) bucket {
	return bucket{"phone of " + strconv.FormatInt(int64(id), 10), 5, 2 * time.Hour}
}

// takePhone gives a number to an account when no other has it. Of two at the same time the second waits.
func takePhone(ctx context.Context, tx tenant.Platform, id AccountID, number Phone) (ok bool, err error) {
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended($1, 0))", "phone "+string(number)); err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `
		update authz.account
		set phone = $2
		where id = $1 and not exists (select from authz.account where phone = $2 and id <> $1)`, id, number)
	return n == 1, err
}

// PhoneChange is a change of a person's own number that can be made.
type PhoneChange struct {
	checked Account
	number  Phone
}

// PreparePhone checks the number ("" takes the present one away) and the password of the person. It takes long: do it
// outside of a transaction. Errors: ErrByProvider; fault.Invalid for "phone" and "password"; wrong
// passwords count like wrong sign-ins.
func PreparePhone(ctx context.Context, db *tenant.DB, who Identity, number, password string, d Device) (PhoneChange, error) {
	if err := who.Owner(); err != nil {
		return PhoneChange{}, err
	}
	var wrong fault.Invalid
	var to Phone
	if number != "" {
		var err error
		if to, err = ParsePhone(number); err != nil {
			wrong = append(wrong, err.(fault.Invalid)...)
		}
	}
	checkGiven(&wrong, "password", password)
	if err := wrong.Err(); err != nil {
		return PhoneChange{}, err
	}
	account, err := checkPassword(ctx, db, string(who.Email), password, d)
	if errors.As(err, &wrong) { // errCredentials
		return PhoneChange{}, fault.Invalid{{Name: "password", Message: "Mật khẩu chưa đúng."}}
	}
	return PhoneChange{account, to}, err
}

// SetPhone makes the change. fault.Invalid for "phone" when another account has the number,
// errCredentials when the password has been changed since it was checked.
func SetPhone(ctx context.Context, tx tenant.Platform, c PhoneChange) error {
	if err := stillHas(ctx, tx, c.checked); err != nil {
		return err
	}
	if c.number == "" {
		return dropPhone(ctx, tx, c.checked.ID)
	}
	ok, err := takePhone(ctx, tx, c.checked.ID, c.number)
	if err == nil && !ok {
		err = errPhoneTaken
	}
	return err
}

// CountPhoneTry counts that a person tries a number. fault.TooMany after too many.
func CountPhoneTry(ctx context.Context, tx tenant.Platform, who Identity) error {
	err := phoneTries(who.Account).take(ctx, tx)
	if errors.Is(err, fault.TooMany) {
		err = fault.Say(fault.TooMany, "Đổi số điện thoại quá nhiều lần. Hãy thử lại sau vài giờ.")
	}
	return err
}

// ClearPhone takes the number away from an account that somebody else than its person looks after, and returns what it
// was. fault.Conflict when the account has none.
func ClearPhone(ctx context.Context, tx tenant.Platform, id AccountID) (Phone, error) {
	if _, err := lockAccount(ctx, tx, id); err != nil {
		return "", err
	}
	number, err := PhoneOf(ctx, tx, id)
	if err == nil && number == "" {
		err = fault.Say(fault.Conflict, "Tài khoản này không gắn số điện thoại nào.")
	}
	if err != nil {
		return "", err
	}
	return number, dropPhone(ctx, tx, id)
}

func dropPhone(ctx context.Context, tx tenant.Platform, id AccountID) error {
	_, err := tx.Exec(ctx, `
		update authz.account
		set phone = null
		where id = $1`, id)
	return err
}

// PhoneOf returns the number of an account, "" for none.
func PhoneOf(ctx context.Context, tx tenant.Platform, id AccountID) (Phone, error) {
	return tenant.Value[Phone](ctx, tx, `
		select coalesce(phone, '')
		from authz.account
		where id = $1`, id)
}
