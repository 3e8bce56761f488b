package authz

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"txng/tenant"
	"txng/tenant/fault"
)

// ImpersonationAge is how long an operator may work in another's place. It is never extended.
const ImpersonationAge = 30 * time.Minute

// Acting is the operator who works in another's place, why, and until when.
type Acting struct {
	Account AccountID
	Name    string
	Reason  string
	Until   time.Time
}

// Impersonated reports whether an operator works in the person's place.
func (i Identity) Impersonated() bool { return i.Acting.Account != 0 }

// allow reports whether whoever works in a person's place may do what the permission says. Somebody who works as
// themselves may do everything.
func (a Acting) allow(p Permission) bool { return a.Account == 0 || inPlace[p] }

// inPlace are the permissions that an operator has in another's place, where that person has them. What is missing is
// the person's own: who else gets in (members, machines, how people sign in) and what stands above the tenants. A new
// permission is missing until somebody decides otherwise.
var inPlace = func() map[Permission]bool {
	all := map[Permission]bool{}
	for _, p := range []Permission{
		AccountSelf, // of which the site allows the first page, the search and the way out
		OrganizationView, OrganizationOwn, OrganizationAdmit, CatalogView, CatalogList, ProductEdit, LotView, LotEdit,
		StampView, StampOrder, StampActivate, StampPrint, StampRecall, ScanView, PlanView, PlanImport, TaskReport,
		KPIView, QuotaView, QuotaGrant, AuditView, MemberView,
	} {
		all[p] = true
	}
	return all
}()

// ErrPersonal refuses what is a person's own to who works in their place.
var ErrPersonal = fault.Say(fault.Forbidden, "Đang làm việc thay người khác: không xem, không đổi được những gì là của riêng người đó. Hãy thôi làm việc thay trước.")

// actingOperator joins the operator of a session (s) that somebody works in: none when they have lost the role, the
// account, or the session that they began from. $2 is now, $3 the role.
const actingOperator = `left join lateral (
				select i.name, own.expires_at as ends
				from authz.account i
				join authz.platform_role r on r.account_id = i.id and r.role = $3
				join authz.session own on own.token_hash = s.impersonator_session and own.account_id = i.id
					and own.ended_at is null and own.expires_at > $2
				where i.id = s.impersonator_id and i.disabled_at is null) o on true`

// Impersonate opens a session in a membership of the tenant for the operator who, whose own session is own. The
// operator's own session stays as it is; another that they work in for somebody ends. The caller writes the audit, in
// the same transaction. Errors: fault.Invalid for reason; fault.Forbidden for who is no operator, works in another's
// place already, or chose somebody with a role above the tenants; fault.NotFound for the membership; fault.SignIn when
// the operator's session has ended meanwhile.
func Impersonate(ctx context.Context, tx tenant.Platform, who Identity, own Token, t tenant.ID, membership int64, reason string, d Device) (Token, Identity, error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < 10 || n > 500 {
		return "", Identity{}, fault.Invalid{{Name: "reason", Message: "Nêu lý do làm việc thay, từ 10 đến 500 ký tự. Quản trị của tỉnh sẽ đọc được."}}
	}
	if who.Impersonated() || who.Role != Operator || !who.Can(PlatformImpersonate) {
		return "", Identity{}, fault.Forbidden
	}
	if _, err := lockAccount(ctx, tx, who.Account); err != nil {
		return "", Identity{}, err
	}
	alive, err := tenant.Value[bool](ctx, tx, `
		select exists (
			select from authz.session s
			join authz.platform_role r on r.account_id = s.account_id and r.role = $4
			join authz.account a on a.id = s.account_id and a.disabled_at is null
			where s.token_hash = $1 and s.account_id = $2 and s.membership_id is null and s.ended_at is null and s.expires_at > $3)`,
		own.hash(), who.Account, tx.Now(), Operator)
	if err != nil {
		return "", Identity{}, err
	}
	if !alive {
		return "", Identity{}, fault.SignIn
	}
	m, above, err := replaceable(ctx, tx, t, membership)
	if err != nil {
		return "", Identity{}, err
	}
	if above {
		return "", Identity{}, fault.Say(fault.Conflict, "%s có vai trò trên các tỉnh nên không ai làm việc thay được.", m.Name)
	}
	if err := endImpersonations(ctx, tx, who.Account); err != nil {
		return "", Identity{}, err
	}
	token := newToken()
	until := tx.Now().Add(ImpersonationAge)
	_, err = tx.Exec(ctx, `
		insert into authz.session (token_hash, account_id, tenant_id, membership_id, membership_version, created_at, expires_at,
			address, agent, impersonator_id, impersonator_session, reason)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		token.hash(), m.AccountID, t, m.ID, m.Version, tx.Now(), until, d.Address, d.agent(), who.Account, own.hash(), reason)
	instead := m.identity()
	instead.Acting = Acting{Account: who.Account, Name: who.Name, Reason: reason, Until: until}
	return token, instead, err
}

// replaceable returns a membership that is in force, of an account that is not disabled, and whether the account has a
// role above the tenants.
func replaceable(ctx context.Context, tx tenant.Platform, t tenant.ID, membership int64) (m Membership, above bool, err error) {
	row, err := tenant.One[struct {
		Membership
		Above bool
	}](ctx, tx, `
		select `+membershipColumns+`, `+limitColumns+`,
			exists (select from authz.platform_role p where p.account_id = m.account_id) as above
		from authz.membership m
		`+limitJoins+`
		join authz.account a on a.id = m.account_id and a.disabled_at is null
		where m.tenant_id = $1 and m.id = $3 and m.valid_from <= $2 and (m.valid_to is null or m.valid_to > $2)`, t, tx.Now(), membership)
	return row.Membership, row.Above, err
}

// endImpersonations ends the sessions in which an operator works in others' places.
func endImpersonations(ctx context.Context, tx tenant.Platform, operator AccountID) error {
	if _, err := tx.Exec(ctx, `
		update authz.session
		set ended_at = $2
		where impersonator_id = $1 and ended_at is null`, operator, tx.Now()); err != nil {
		return err
	}
	return revokeAccount(ctx, tx, operator)
}

// StopImpersonating ends the session token, in which an operator works in another's place, and returns the operator's
// own under a new token: the same sign-in, with the same end. back is "" when that has ended meanwhile. The caller writes
// the audit, in the same transaction. fault.SignIn when it is no such session, or it has ended.
func StopImpersonating(ctx context.Context, tx tenant.Platform, token Token) (back Token, err error) {
	own, err := tenant.Value[[]byte](ctx, tx, `
		update authz.session
		set ended_at = $2, closed_at = $2
		where token_hash = $1 and ended_at is null and expires_at > $2 and impersonator_id is not null
		returning impersonator_session`, token.hash(), tx.Now())
	if errors.Is(err, fault.NotFound) {
		return "", fault.SignIn
	}
	if err != nil {
		return "", err
	}
	if err := revokeSession(ctx, tx, token); err != nil {
		return "", err
	}
	// The browser has given the token of the operator's own session up for this one, and nobody keeps it: it gets a new one.
	back = newToken()
	n, err := tx.Exec(ctx, `
		update authz.session
		set token_hash = $2
		where token_hash = $1 and ended_at is null and expires_at > $3`, own, back.hash(), tx.Now())
	if err != nil || n == 0 {
		return "", err
	}
	return back, nil
}

// Over is work in another's place that is over without anybody having said so: its time was up, or the operator's own
// session ended, or their role.
type Over struct {
	Who Identity // the person, with who worked in their place
	At  time.Time
}

// CloseImpersonations ends what is over, at most 100, and returns it, each once. The caller writes the audit, in the same
// transaction.
func CloseImpersonations(ctx context.Context, tx tenant.Platform) ([]Over, error) {
	rows, err := tenant.List[struct {
		AccountID  AccountID
		Name       string
		Role       Role
		TenantID   tenant.ID
		Membership int64
		OrgID      tenant.OrgID
		ActingID   AccountID
		Acting     string
		Reason     string
		Until      time.Time
	}](ctx, tx, `
		with over as (
			select s.token_hash
			from authz.session s
			left join authz.membership m on m.tenant_id = s.tenant_id and m.id = s.membership_id and m.version = s.membership_version
			`+actingOperator+`
			where s.impersonator_id is not null and s.closed_at is null
			and (s.ended_at is not null or s.expires_at <= $2 or o.name is null or m.id is null)
			limit $1
			for update of s skip locked),
		closed as (
			update authz.session s
			set closed_at = $2, ended_at = coalesce(s.ended_at, least(s.expires_at, $2))
			from over
			where s.token_hash = over.token_hash
			returning s.*)
		select c.account_id, a.name, m.role, c.tenant_id, c.membership_id as membership, m.org_id,
			c.impersonator_id as acting_id, i.name as acting, c.reason, c.ended_at as until
		from closed c
		join authz.account a on a.id = c.account_id
		join authz.account i on i.id = c.impersonator_id
		join authz.membership m on m.tenant_id = c.tenant_id and m.id = c.membership_id`, 100, tx.Now(), Operator)
	list := make([]Over, len(rows))
	for i, r := range rows {
		list[i] = Over{At: r.Until, Who: Identity{
			Account: r.AccountID, Name: r.Name, Role: r.Role, Tenant: r.TenantID, Org: r.OrgID, Membership: r.Membership,
			Acting: Acting{Account: r.ActingID, Name: r.Acting, Reason: r.Reason, Until: r.Until},
		}}
	}
	return list, err
}

// RevokePlatformRole takes a role above the tenants away: sessions in it, and in others' places, are refused from the
// next request on. Errors: fault.NotFound for an account without one; fault.Conflict for the only operator, without whom
// nobody would look after the deployment.
func RevokePlatformRole(ctx context.Context, tx tenant.Platform, id AccountID) error {
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('roles above the tenants', 0))"); err != nil {
		return fmt.Errorf("wait for another change of platform roles: %w", err)
	}
	roles, err := tenant.List[struct {
		AccountID AccountID
		Role      Role
	}](ctx, tx, `
		select account_id, role
		from authz.platform_role`)
	if err != nil {
		return err
	}
	var ended Role
	operators := 0
	for _, r := range roles {
		if r.AccountID == id {
			ended = r.Role
		}
		if r.Role == Operator {
			operators++
		}
	}
	switch {
	case ended == "":
		return fault.NotFound
	case ended == Operator && operators == 1:
		return fault.Say(fault.Conflict, "Đây là người vận hành duy nhất. Hãy tạo người vận hành khác trước.")
	}
	if _, err := tx.Exec(ctx, `
		delete from authz.platform_role
		where account_id = $1`, id); err != nil {
		return err
	}
	return revokeAccount(ctx, tx, id)
}

// MembersOf returns the roles in force of a tenant, by name: for the operator, who sees no more of a tenant than who
// works in it.
func MembersOf(ctx context.Context, tx tenant.Platform, t tenant.ID) ([]Membership, error) {
	return tenant.List[Membership](ctx, tx, selectMembership+`
		where m.tenant_id = $1 and m.valid_from <= $2 and (m.valid_to is null or m.valid_to > $2)
		order by m.name, m.id
		limit 20000`, t, tx.Now())
}

// MemberOf returns one of those that MembersOf lists whom an operator may work for, or fault.NotFound.
func MemberOf(ctx context.Context, tx tenant.Platform, t tenant.ID, membership int64) (Membership, error) {
	m, _, err := replaceable(ctx, tx, t, membership)
	return m, err
}
