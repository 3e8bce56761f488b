package authz

import (
	"context"
	"errors"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"txng/tenant"
	"txng/tenant/fault"
)

// AccountID is the number of a person's account.
type AccountID int64

// Email is an address in its one normal form: NFKC, lower case, ASCII only.
type Email string

// ParseEmail returns the address in normal form. Errors: fault.Invalid for field "email".
func ParseEmail(s string) (Email, error) {
	s = strings.ToLower(norm.NFKC.String(strings.TrimSpace(s)))
	bad := fault.Invalid{{Name: "email", Message: "Địa chỉ thư điện tử chưa đúng. Ví dụ: ten@donvi.vn"}}
	if len(s) > 254 {
		return "", bad
	}
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return "", bad
		}
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || !strings.Contains(s[strings.LastIndex(s, "@")+1:], ".") {
		return "", bad
	}
	return Email(s), nil
}

// Account is a person who may sign in.
type Account struct {
	ID           AccountID
	Email        Email
	Name         string
	PasswordHash string
	DisabledAt   *time.Time

	through ProviderRef // the identity provider that vouches for the person; zero: nobody but themselves
}

// ValidatePassword says in Vietnamese why a new password is refused, under the given field name.
func ValidatePassword(field, password string) error {
	var wrong fault.Invalid
	switch {
	case utf8.RuneCountInString(password) < MinPassword:
		wrong.Add(field, "Mật khẩu cần ít nhất %d ký tự.", MinPassword)
	case len(password) > MaxPassword:
		wrong.Add(field, "Mật khẩu dài quá %d byte.", MaxPassword)
	case tooCommon(password):
		wrong.Add(field, "Mật khẩu này quá phổ biến, dễ bị đoán.")
	}
	return wrong.Err()
}

// NewAccount is an account that can be made: checked, its password hashed.
type NewAccount struct {
	email      Email
	name, hash string
}

// PrepareAccount checks what an account is made from and hashes the password, which takes long: do it outside of a
// transaction. Errors: fault.Invalid for email, name, password.
func PrepareAccount(email, name, password string) (NewAccount, error) {
	var wrong fault.Invalid
	address, err := ParseEmail(email)
	if err != nil {
		wrong = append(wrong, err.(fault.Invalid)...)
	}
	name = strings.TrimSpace(name)
	checkName(&wrong, name)
	if err := ValidatePassword("password", password); err != nil {
		wrong = append(wrong, err.(fault.Invalid)...)
	}
	if err := wrong.Err(); err != nil {
		return NewAccount{}, err
	}
	return NewAccount{address, name, HashPassword(password)}, nil
}

// checkName notes what is wrong with a person's name. It stands in letters, so that it may hold neither line breaks nor
// an address to click on.
func checkName(wrong *fault.Invalid, name string) {
	switch n := utf8.RuneCountInString(name); {
	case n == 0 || n > 120:
		wrong.Add("name", "Họ tên có từ 1 đến 120 ký tự.")
	case strings.ContainsFunc(name, unicode.IsControl) || strings.Contains(name, "://"):
		wrong.Add("name", "Họ tên có ký tự không hợp lệ.")
	}
}

// Create makes the account. fault.Conflict when the address has one already.
func (n NewAccount) Create(ctx context.Context, tx tenant.Platform) (AccountID, error) {
	id := AccountID(tx.NewID())
	_, err := tx.Exec(ctx, `
		insert into authz.account (id, email, name, password_hash, created_at)
		values ($1, $2, $3, $4, $5)`, id, n.email, n.name, n.hash, tx.Now())
	if tenant.Violates(err, "account_email_key") {
		return 0, fault.Say(fault.Conflict, "Địa chỉ %s đã có tài khoản.", n.email)
	}
	return id, err
}

// CreateAccount is PrepareAccount and Create in one, for tools that nobody waits for.
func CreateAccount(ctx context.Context, tx tenant.Platform, email, name, password string) (AccountID, error) {
	n, err := PrepareAccount(email, name, password)
	if err != nil {
		return 0, err
	}
	return n.Create(ctx, tx)
}

// AccountByEmail returns the account of an address, or fault.NotFound.
func AccountByEmail(ctx context.Context, tx tenant.Platform, email Email) (Account, error) {
	return tenant.One[Account](ctx, tx, `
		select id, email, name, password_hash, disabled_at
		from authz.account
		where email = $1`, email)
}

// PlatformRole returns the role above the tenants that an account has, "" for none.
func PlatformRole(ctx context.Context, tx tenant.Platform, id AccountID) (Role, error) {
	role, err := tenant.Value[Role](ctx, tx, `
		select role
		from authz.platform_role
		where account_id = $1`, id)
	if errors.Is(err, fault.NotFound) {
		return "", nil
	}
	return role, err
}

// GrantPlatformRole gives an account a role above the tenants.
func GrantPlatformRole(ctx context.Context, tx tenant.Platform, id AccountID, role Role) error {
	_, err := tx.Exec(ctx, `
		insert into authz.platform_role (account_id, role, created_at)
		values ($1, $2, $3)`, id, role, tx.Now())
	return err
}

// Membership is a role of an account in a tenant.
type Membership struct {
	TenantID   tenant.ID
	ID         int64
	AccountID  AccountID
	Email      Email
	Name       string
	Role       Role
	OrgID      tenant.OrgID
	Department string
	Unit       string
	Version    int
	ValidFrom  time.Time
	ValidTo    *time.Time
}

// NewMembership is what a role in a tenant consists of.
type NewMembership struct {
	Tenant     tenant.ID
	Account    AccountID
	Role       Role
	Org        tenant.OrgID // for a role of an organization
	Department string       // for a department officer
	Unit       string       // for a unit officer: the commune's unit.Ref
}

// GrantMembership gives an account a role in a tenant.
func GrantMembership(ctx context.Context, tx tenant.Platform, n NewMembership) (int64, error) {
	if n.Role.AboveTenants() || n.Role.OfOrganization() != (n.Org > 0) {
		return 0, fault.Invalid{{Name: "role", Message: "Vai trò “" + n.Role.Name() + "” không hợp với phạm vi đã chọn."}}
	}
	id := tx.NewID()
	_, err := tx.Exec(ctx, `
		insert into authz.membership (tenant_id, id, account_id, email, name, role, org_id, department, unit, valid_from)
		select $1, $2, a.id, a.email, a.name, $4, $5, $6, $7, $8
		from authz.account a
		where a.id = $3`, n.Tenant, id, n.Account, n.Role, n.Org, n.Department, n.Unit, tx.Now())
	return id, err
}

// EndMembership ends a role now. Sessions and tokens that were opened with it are refused from the next request on.
func EndMembership(ctx context.Context, tx tenant.Platform, t tenant.ID, id int64) error {
	n, err := tx.Exec(ctx, `
		update authz.membership
		set valid_to = $3, version = version + 1
		where tenant_id = $1 and id = $2 and (valid_to is null or valid_to > $3)`, t, id, tx.Now())
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.NotFound
	}
	return revokeMembership(ctx, tx, t, id)
}

// Memberships returns the roles of an account that are valid now, in all tenants.
func Memberships(ctx context.Context, tx tenant.Platform, account AccountID) ([]Membership, error) {
	return tenant.List[Membership](ctx, tx, `
		select tenant_id, id, account_id, email, name, role, org_id, department, unit, version, valid_from, valid_to
		from authz.membership
		where account_id = $1
		and valid_from <= $2 and (valid_to is null or valid_to > $2)
		order by valid_from, id`, account, tx.Now())
}
