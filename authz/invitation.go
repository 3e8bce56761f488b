package authz

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// InvitationAge is how long an invitation may be accepted.
const InvitationAge = 7 * 24 * time.Hour

// InvitationToken is the secret of an invitation's link. Only its hash is stored.
type InvitationToken string

func (t InvitationToken) hash() []byte { return Token(t).hash() }

// MayInvite returns the roles that a role may invite people to: into its own tenant or organization, none above it.
func (r Role) MayInvite() []Role {
	switch r {
	case DOSTAdmin:
		return []Role{DOSTOfficer, DOSTAdmin, Leader, DepartmentOfficer, UnitOfficer, Inspector}
	case OrgOwner:
		return []Role{OrgStaff, OrgAccountant, OrgOwner}
	}
	return nil
}

// Invitation is an offer of a role to an address.
type Invitation struct {
	TenantID              tenant.ID
	ID                    int64
	Email                 Email
	Phone                 Phone // of the account to be made; "" for none
	Name                  string
	Role                  Role
	OrgID                 tenant.OrgID
	Department, Unit      string
	DepartmentName        string // what the province calls the department, "" for the template's name
	RoleID                int64  // of Custom
	RoleName              string // of Custom
	InvitedBy             AccountID
	Inviter               string // name of who invited
	CreatedAt, ExpiresAt  time.Time
	AcceptedAt, RevokedAt *time.Time
	Batch                 int64      // the import that it came with, 0 for none
	SentAt, FailedAt      *time.Time // its letter, when it came with an import
}

// Title is the name of the role that is offered.
func (i Invitation) Title() string { return title(i.Role, i.RoleName) }

// invitationColumns are those of an invitation n.
const invitationColumns = `n.tenant_id, n.id, n.email, n.phone, n.name, n.role, n.org_id, n.department, n.unit, n.invited_by, n.inviter,
	n.created_at, n.expires_at, n.accepted_at, n.revoked_at, coalesce(n.batch, 0) as batch, n.sent_at, n.failed_at,
	coalesce(n.role_id, 0) as role_id, coalesce((
		select r.name
		from authz.role r
		where r.tenant_id = n.tenant_id and r.id = n.role_id), '') as role_name, coalesce((
		select d.name
		from authz.department d
		where d.tenant_id = n.tenant_id and d.code = n.department), '') as department_name`

// NewInvitation is what an invitation is made from, as typed.
type NewInvitation struct {
	Email, Name string
	Phone       string // may be empty
	Role        Role
	Department  string // code of the body, for a department officer
	Unit        string // commune's unit.Ref, for a unit officer
	RoleID      int64  // of Custom
}

// offer is an invitation that has been checked.
type offer struct {
	NewInvitation
	email Email
	phone Phone
}

// check says what is wrong with an invitation by who, in a province at a time. Errors: fault.Invalid for email, phone,
// name, role, department, unit; fault.Forbidden for a role that who may not give.
func (n NewInvitation) check(who Identity, province unit.Ref, now time.Time) (offer, error) {
	var wrong fault.Invalid
	email, err := ParseEmail(n.Email)
	if err != nil {
		wrong = append(wrong, err.(fault.Invalid)...)
	}
	var number Phone
	if n.Phone = strings.TrimSpace(n.Phone); n.Phone != "" {
		if number, err = ParsePhone(n.Phone); err != nil {
			wrong = append(wrong, err.(fault.Invalid)...)
		}
	}
	n.Name = strings.TrimSpace(n.Name)
	checkName(&wrong, n.Name)
	switch {
	case n.Role == "":
		wrong.Add("role", "Chưa chọn vai trò.")
	case n.Role.Name() == string(n.Role):
		wrong.Add("role", "Không có vai trò này.")
	case n.Role == Custom && (who.Role != DOSTAdmin || n.RoleID <= 0), n.Role != Custom && !slices.Contains(who.Role.MayInvite(), n.Role):
		wrong.Add("role", "Bạn không mời được vai trò “%s”.", n.Role.Name())
	}
	n.Department = strings.ToUpper(strings.TrimSpace(n.Department))
	if n.Role != DepartmentOfficer {
		n.Department = ""
	} else if c := utf8.RuneCountInString(n.Department); c == 0 || c > 40 || strings.ContainsFunc(n.Department, func(r rune) bool { return r < ' ' }) {
		wrong.Add("department", "Chọn sở, ngành của người được mời.")
	}
	if n.Role != Custom {
		n.RoleID = 0
	}
	if n.Role != UnitOfficer {
		n.Unit = ""
	} else if !isCommune(n.Unit, province, now) {
		wrong.Add("unit", "Chọn xã, phường, đặc khu thuộc tỉnh.")
	}
	return offer{n, email, number}, wrong.Err()
}

func isCommune(ref string, province unit.Ref, now time.Time) bool {
	return slices.ContainsFunc(unit.Communes(province, now), func(u unit.Unit) bool { return u.Ref.String() == ref })
}

// Check is what Invite checks before it asks the database: for the preview of a list.
func (n NewInvitation) Check(who Identity, province unit.Ref, now time.Time) error {
	_, err := n.check(who, province, now)
	return err
}

// Invite offers a role in the transaction's tenant, and in its organization when it is confined to one, on behalf of
// who. An open invitation of the same address to the same role is replaced: its link ends. Errors: those of Check;
// fault.Invalid for "email" when the person has the role already; fault.TooMany after the day's last invitation.
func Invite(ctx context.Context, tx tenant.Tx, who Identity, province unit.Ref, n NewInvitation) (Invitation, InvitationToken, error) {
	return inviteIn(ctx, tx, who, province, n, 0)
}

// inviteIn is Invite for an invitation of an import, 0 for one alone.
func inviteIn(ctx context.Context, tx tenant.Tx, who Identity, province unit.Ref, n NewInvitation, batch int64) (Invitation, InvitationToken, error) {
	if who.Tenant != tx.Tenant() || who.Org != tx.Org() {
		return Invitation{}, "", fault.Forbidden
	}
	o, err := n.check(who, province, tx.Now())
	if err != nil {
		return Invitation{}, "", err
	}
	role := o.Role.Name()
	if o.Role == Custom {
		r, err := RoleByID(ctx, tx, o.RoleID)
		if errors.Is(err, fault.NotFound) || err == nil && (r.RetiredAt != nil || r.TenantID != tx.Tenant()) {
			return Invitation{}, "", fault.Invalid{{Name: "role", Message: "Không có vai trò này."}}
		}
		if err != nil {
			return Invitation{}, "", err
		}
		role = r.Name
	}
	has, err := tenant.Value[bool](ctx, tx, `
		select exists (
			select from authz.membership
			where tenant_id = any ($1) and tenant_id = $8 and email = $2 and role = $3 and org_id = $4 and department = $5 and unit = $6
			and coalesce(role_id, 0) = $9 and (valid_to is null or valid_to > $7))`,
		o.email, o.Role, tx.Org(), o.Department, o.Unit, tx.Now(), tx.Tenant(), o.RoleID)
	if err != nil {
		return Invitation{}, "", err
	}
	if has {
		return Invitation{}, "", fault.Taken("email", "Người này đã có vai trò “%s”.", role)
	}
	if batch == 0 {
		if err := withinDay(ctx, tx, who); err != nil {
			return Invitation{}, "", err
		}
	}
	if _, err := tx.Exec(ctx, `
		update authz.invitation
		set revoked_at = $2
		where tenant_id = $1 and email = $3 and role = $4 and org_id = $5 and department = $6 and unit = $7
		and coalesce(role_id, 0) = $8 and accepted_at is null and revoked_at is null`,
		tx.Now(), o.email, o.Role, tx.Org(), o.Department, o.Unit, o.RoleID); err != nil {
		return Invitation{}, "", err
	}
	token := InvitationToken(newToken())
	made, err := tenant.Puts[Invitation](ctx, tx, `
		insert into authz.invitation as n (tenant_id, id, token_hash, email, name, role, org_id, department, unit, invited_by,
			inviter, created_at, expires_at, phone, batch, role_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, nullif($15, 0::bigint), nullif($16::bigint, 0))
		returning `+invitationColumns,
		tx.NewID(), token.hash(), o.email, o.Name, o.Role, tx.Org(), o.Department, o.Unit, who.Account, who.Name, tx.Now(), tx.Now().Add(InvitationAge), o.phone, batch, o.RoleID)
	if tenant.Violates(err, "invitation_open") {
		return Invitation{}, "", fault.Say(fault.Conflict, "Người này vừa được mời ở nơi khác. Hãy tải lại trang.")
	}
	if err != nil {
		return Invitation{}, "", err
	}
	return made[0], token, nil
}

// OpenInvitations returns what is neither accepted nor revoked, newest first, of the transaction's organization or, for
// officers (organization 0), of the tenant's officers. Expired ones are among them.
func OpenInvitations(ctx context.Context, tx tenant.Tx) ([]Invitation, error) {
	return tenant.List[Invitation](ctx, tx, `
		select `+invitationColumns+`
		from authz.invitation n
		where n.tenant_id = any ($1) and n.tenant_id = $2 and n.org_id = $3 and n.accepted_at is null and n.revoked_at is null
		order by n.id desc
		limit 1000`, tx.Tenant(), tx.Org())
}

// RevokeInvitation ends an open invitation: its link is refused from now on. fault.NotFound when there is no such one
// in the transaction's tenant and organization.
func RevokeInvitation(ctx context.Context, tx tenant.Tx, id int64) (Invitation, error) {
	list, err := tenant.Puts[Invitation](ctx, tx, `
		update authz.invitation n
		set revoked_at = $3
		where tenant_id = $1 and id = $2 and org_id = $4 and accepted_at is null and revoked_at is null
		returning `+invitationColumns, id, tx.Now(), tx.Org())
	if err == nil && len(list) == 0 {
		err = fault.NotFound
	}
	if err != nil {
		return Invitation{}, err
	}
	return list[0], nil
}

// RevokeInvitationsBy ends the open invitations that a member made in the organization of their role, for when that role
// ends: what they could have given away, they can no more. It returns how many there were.
func RevokeInvitationsBy(ctx context.Context, tx tenant.Platform, m Membership) (int64, error) {
	return tx.Exec(ctx, `
		update authz.invitation
		set revoked_at = $4
		where tenant_id = $1 and org_id = $2 and invited_by = $3 and accepted_at is null and revoked_at is null`,
		m.TenantID, m.OrgID, m.AccountID, tx.Now())
}

// InvitationByLink returns the invitation that a link leads to, and whether its address has an account. fault.NotFound
// when there is none, or it has been accepted or revoked, or has expired.
func InvitationByLink(ctx context.Context, tx tenant.Platform, t tenant.ID, token InvitationToken) (i Invitation, hasAccount bool, err error) {
	i, err = tenant.One[Invitation](ctx, tx, `
		select `+invitationColumns+`
		from authz.invitation n
		where tenant_id = $1 and token_hash = $2 and accepted_at is null and revoked_at is null and expires_at > $3`,
		t, token.hash(), tx.Now())
	if err != nil {
		return Invitation{}, false, err
	}
	_, err = AccountByEmail(ctx, tx, i.Email)
	if errors.Is(err, fault.NotFound) {
		return i, false, nil
	}
	return i, err == nil, err
}

// Acceptance is an acceptance that can be made: the person has shown who they are, or chosen name and password.
type Acceptance struct {
	tenant  tenant.ID
	token   InvitationToken
	account AccountID // 0 for a new one
	fresh   NewAccount
}

// PrepareAcceptance checks who accepts: with an account, by its password (wrong ones count like wrong sign-ins);
// without, by the name and password of the account to be made. It takes long: do it outside of a transaction. Errors:
// fault.NotFound for the link, fault.Invalid for "password" and "name".
func PrepareAcceptance(ctx context.Context, db *tenant.DB, t tenant.ID, token InvitationToken, name, password string, d Device) (Acceptance, error) {
	var i Invitation
	var hasAccount bool
	if err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		i, hasAccount, err = InvitationByLink(ctx, tx, t, token)
		return err
	}); err != nil {
		return Acceptance{}, err
	}
	a := Acceptance{tenant: t, token: token}
	if !hasAccount {
		fresh, err := PrepareAccount(string(i.Email), name, password)
		a.fresh = fresh.WithPhone(string(i.Phone))
		return a, err
	}
	var wrong fault.Invalid
	checkGiven(&wrong, "password", password)
	if err := wrong.Err(); err != nil {
		return Acceptance{}, err
	}
	account, err := checkPassword(ctx, db, string(i.Email), password, d)
	if errors.As(err, &wrong) { // errCredentials
		return Acceptance{}, fault.Invalid{{Name: "password", Message: "Mật khẩu của tài khoản " + string(i.Email) + " chưa đúng."}}
	}
	a.account = account.ID
	return a, err
}

// AcceptInvitation uses the invitation up and gives its role, making the account when the address has none. Of two at
// the same time one gets fault.NotFound. The caller writes the audit.
func AcceptInvitation(ctx context.Context, tx tenant.Platform, a Acceptance) (Membership, error) {
	i, err := tenant.One[Invitation](ctx, tx, `
		update authz.invitation n
		set accepted_at = $3
		where tenant_id = $1 and token_hash = $2 and accepted_at is null and revoked_at is null and expires_at > $3
		returning `+invitationColumns, a.tenant, a.token.hash(), tx.Now())
	if err != nil {
		return Membership{}, err
	}
	if a.account == 0 {
		if a.account, err = a.fresh.Create(ctx, tx); err != nil {
			return Membership{}, err
		}
	}
	has, err := tenant.Value[bool](ctx, tx, `
		select exists (
			select from authz.membership
			where tenant_id = $1 and account_id = $2 and role = $3 and org_id = $4 and department = $5 and unit = $6
			and coalesce(role_id, 0) = $8 and (valid_to is null or valid_to > $7))`,
		i.TenantID, a.account, i.Role, i.OrgID, i.Department, i.Unit, tx.Now(), i.RoleID)
	if err != nil {
		return Membership{}, err
	}
	if has {
		return Membership{}, fault.Say(fault.Conflict, "Bạn đã có vai trò “%s”; hãy đăng nhập để làm việc.", i.Title())
	}
	id, err := GrantMembership(ctx, tx, NewMembership{
		Tenant: i.TenantID, Account: a.account, Role: i.Role, Org: i.OrgID, Department: i.Department, Unit: i.Unit, RoleID: i.RoleID,
	})
	if err != nil {
		return Membership{}, err
	}
	return tenant.One[Membership](ctx, tx, `
		select `+membershipColumns+`, `+limitColumns+`
		from authz.membership m
		`+limitJoins+`
		where m.tenant_id = $1 and m.id = $3`, i.TenantID, tx.Now(), id)
}

const membershipColumns = `m.tenant_id, m.id, m.account_id, m.email, m.name, m.role, m.org_id, m.department, m.unit, m.version,
	m.valid_from, m.valid_to`

// selectMembership reads memberships m with what confines them. $2 is the time.
const selectMembership = `
	select ` + membershipColumns + `, ` + limitColumns + `
	from authz.membership m
	` + limitJoins

// Members returns the roles that were ever given in the transaction's organization or, for officers (organization 0),
// to the tenant's officers; those that are valid now first.
func Members(ctx context.Context, tx tenant.Tx) ([]Membership, error) {
	return tenant.List[Membership](ctx, tx, selectMembership+`
		where m.tenant_id = any ($1) and m.org_id = $3
		order by (m.valid_to is null or m.valid_to > $2) desc, m.valid_from desc, m.id desc
		limit 10000`, tx.Now(), tx.Org())
}

// Member returns one role of those that Members lists, or fault.NotFound.
func Member(ctx context.Context, tx tenant.Tx, id int64) (Membership, error) {
	return tenant.One[Membership](ctx, tx, selectMembership+`
		where m.tenant_id = any ($1) and m.org_id = $3 and m.id = $4`, tx.Now(), tx.Org(), id)
}
