package authz

import (
	"context"
	"strings"

	"golang.org/x/text/unicode/norm"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/phone"
)

// Phone is a mobile number that its account signs in with, in the one normal form +84912345678; "" is none.
type Phone string

// ParsePhone returns a mobile number in normal form, from any way that phone.Parse reads. A land line is refused: it is
// not one person's. Errors: fault.Invalid for field "phone".
func ParsePhone(s string) (Phone, error) {
	n, err := phone.Parse(s)
	if err == nil && !n.Mobile() {
		err = fault.Invalid{{Name: "phone", Message: "Số cố định là của cả cơ quan, gia đình; hãy nhập số di động."}}
	}
	if err != nil {
		return "", err
	}
	return Phone(n), nil
}

// Home returns the number as people at home write it: "0912 345 678".
func (p Phone) Home() string { return phone.Number(p).Home() }

// Masked returns the number with its middle hidden: "0912 ••• 678"; "" for none.
func (p Phone) Masked() string {
	part := strings.Fields(p.Home())
	if len(part) != 3 {
		return ""
	}
	return part[0] + " ••• " + part[2]
}

// Login is what a person types to say whose account they want: an address or a mobile number. One of the two is set;
// neither, when it was neither.
type Login struct {
	Email Email
	Phone Phone
}

// ParseLogin reads an address or a mobile number. Errors: fault.Invalid for field "email", the form's one field for both.
func ParseLogin(s string) (Login, error) {
	if len(s) <= 300 && strings.Contains(norm.NFKC.String(s), "@") {
		email, err := ParseEmail(s)
		return Login{Email: email}, err
	}
	number, err := ParsePhone(s)
	if err != nil {
		return Login{}, fault.Invalid{{Name: "email", Message: "Nhập thư điện tử (ten@donvi.vn) hoặc số di động (0912 345 678)."}}
	}
	return Login{Phone: number}, nil
}

// String returns the address or number in normal form, "" for neither.
func (l Login) String() string { return string(l.Email) + string(l.Phone) }

// way names how the login showed who it is, for the list of sign-ins.
func (l Login) way() string {
	if l.Phone != "" {
		return ByPhone
	}
	return ByPassword
}

// Ways of signing in, as Session.How names them; other ways name themselves in Device.How.
const (
	ByPassword = "password"
	ByPhone    = "phone"   // the number, and the password
	BySSO      = "sso"     // an identity provider
	ByKey      = "passkey" // a passkey alone
)

// AccountByLogin returns the account of an address or number, or fault.NotFound: by one statement, whichever it is.
func AccountByLogin(ctx context.Context, tx tenant.Platform, l Login) (Account, error) {
	return tenant.One[Account](ctx, tx, `
		select `+accountColumns+`
		from authz.account
		where email = $1 or phone = $2`, l.Email, l.Phone)
}

// accountColumns are the columns of an Account.
const accountColumns = `id, email, coalesce(phone, '') as phone, name, password_hash, token_epoch, disabled_at`
