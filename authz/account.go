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
	Phone        Phone // "" when the person signs in by the address only
	Name         string
	PasswordHash string
	TokenEpoch   int // access tokens of an earlier one are refused
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
	phone      Phone
}

// WithPhone returns the account to be made with a number to sign in with. What is no mobile number is left out, and so
// is, when the account is made, one that another account has: that there is one is nothing for whoever signs up.
func (n NewAccount) WithPhone(number string) NewAccount {
	n.phone, _ = ParsePhone(number)
	return n
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
	return NewAccount{email: address, name: name, hash: HashPassword(password)}, nil
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
	if err == nil && n.phone != "" {
		_, err = takePhone(ctx, tx, id, n.phone)
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
		select `+accountColumns+`
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
	limits
}

// Title is the name of the role, on pages and in the audit.
func (m Membership) Title() string { return title(m.Role, m.RoleName) }

// Fields returns the groups of products of a department officer, none for other roles.
func (m Membership) Fields() tenant.Fields { return fieldsOf(m.Role, m.Department, m.OwnFields) }

// limits is what a membership is confined to or made of beside its own row, read with it in one statement.
type limits struct {
	RoleID      int64          // of Custom
	RoleName    string         // of Custom
	Permissions []string       // of Custom, as stored; none of a retired role
	OwnFields   *tenant.Fields // of a department officer whose province has its own share-out
	Assigned    []tenant.OrgID // of an inspector, those in force now
	// DepartmentName is what the province calls the department, "" for the template's name.
	DepartmentName string
}

// limitColumns and limitJoins add limits to a statement about a membership m, at the time $2; i.changes is when the
// assignments change by themselves.
const (
	limitColumns = `coalesce(m.role_id, 0) as role_id, coalesce(r.name, '') as role_name,
		case when r.retired_at is null then r.permissions end as permissions, d.fields as own_fields, i.orgs as assigned,
		coalesce(d.name, '') as department_name`
	// The limits keep the planner from joining whole tables where a membership or two are asked for.
	limitJoins = `left join lateral (
			select x.name, x.retired_at, x.permissions
			from authz.role x
			where x.tenant_id = m.tenant_id and x.id = m.role_id
			limit 1) r on true
		left join lateral (
			select x.fields, x.name
			from authz.department x
			where x.tenant_id = m.tenant_id and x.code = m.department and m.role = 'department_officer'
			limit 1) d on true
		left join lateral (
			select array_agg(x.org_id) filter (where x.valid_from <= $2) as orgs,
				min(case when x.valid_from > $2 then x.valid_from else x.valid_to end) as changes
			from authz.assignment x
			where m.role = 'inspector' and x.tenant_id = m.tenant_id and x.membership_id = m.id
			and x.ended_at is null and (x.valid_to is null or x.valid_to > $2)) i on true`
)

// NewMembership is what a role in a tenant consists of.
type NewMembership struct {
	Tenant     tenant.ID
	Account    AccountID
	Role       Role
	Org        tenant.OrgID // for a role of an organization
	Department string       // for a department officer
	Unit       string       // for a unit officer: the commune's unit.Ref
	RoleID     int64        // for Custom: which role of the tenant
}

// GrantMembership gives an account a role in a tenant.
func GrantMembership(ctx context.Context, tx tenant.Platform, n NewMembership) (int64, error) {
	if n.Role.AboveTenants() || n.Role.OfOrganization() != (n.Org > 0) || (n.Role == Custom) != (n.RoleID > 0) {
		return 0, fault.Invalid{{Name: "role", Message: "Vai trò “" + n.Role.Name() + "” không hợp với phạm vi đã chọn."}}
	}
	id := tx.NewID()
	_, err := tx.Exec(ctx, `
		insert into authz.membership (tenant_id, id, account_id, email, name, role, org_id, department, unit, valid_from, role_id)
		select $1, $2, a.id, a.email, a.name, $4, $5, $6, $7, $8, nullif($9::bigint, 0)
		from authz.account a
		where a.id = $3`, n.Tenant, id, n.Account, n.Role, n.Org, n.Department, n.Unit, tx.Now(), n.RoleID)
	if err != nil || n.RoleID == 0 {
		return id, err
	}
	// The foreign key has waited for whoever was retiring the role.
	retired, err := tenant.Value[bool](ctx, tx, `
		select retired_at is not null
		from authz.role
		where tenant_id = $1 and id = $2`, n.Tenant, n.RoleID)
	if err == nil && retired {
		err = fault.Say(fault.Conflict, "Vai trò này đã được bỏ. Hãy liên hệ người mời.")
	}
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
		select `+membershipColumns+`, `+limitColumns+`
		from authz.membership m
		`+limitJoins+`
		where m.account_id = $1
		and m.valid_from <= $2 and (m.valid_to is null or m.valid_to > $2)
		order by m.valid_from, m.id`, account, tx.Now())
}
