package authz

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"txng/tenant"
	"txng/tenant/fault"
)

// Assignment is an organization that an inspector is to inspect, and so sees, for a time.
type Assignment struct {
	TenantID   tenant.ID
	ID         int64
	Membership int64 `db:"membership_id"`
	OrgID      tenant.OrgID
	Basis      string // the document: "Quyết định 12/QĐ-SKHCN ngày 05/11/2026"
	AssignedBy string
	CreatedAt  time.Time
	ValidFrom  time.Time
	ValidTo    *time.Time
	EndedAt    *time.Time
	Inspector  string // name of the person
	Org        string // name of the organization; "" when the transaction may not see it
}

// InForce reports whether the inspector sees the organization because of it at a time.
func (a Assignment) InForce(now time.Time) bool {
	return a.EndedAt == nil && !a.ValidFrom.After(now) && (a.ValidTo == nil || a.ValidTo.After(now))
}

// Open reports whether it is, or is going to be, in force.
func (a Assignment) Open(now time.Time) bool {
	return a.EndedAt == nil && (a.ValidTo == nil || a.ValidTo.After(now))
}

// NewAssignment is what is decided about organizations and an inspector.
type NewAssignment struct {
	Membership int64
	Orgs       []tenant.OrgID
	Basis      string
	From, To   time.Time // To zero: until it is ended
}

// check refuses what cannot be decided at a time, whoever the inspector and the organizations are.
func (n NewAssignment) check(now time.Time) error {
	var wrong fault.Invalid
	if c := utf8.RuneCountInString(strings.TrimSpace(n.Basis)); c < 3 || c > 200 {
		wrong.Add("basis", "Ghi số, ngày văn bản phân công, từ 3 đến 200 ký tự.")
	}
	if !n.To.IsZero() && (!n.To.After(n.From) || !n.To.After(now)) {
		wrong.Add("to", "Ngày kết thúc phải sau ngày bắt đầu và chưa qua.")
	}
	if len(n.Orgs) == 0 {
		wrong.Add("orgs", "Chọn ít nhất một chủ thể.")
	}
	return wrong.Err()
}

// maxAssigned is how many organizations an inspector may have at a time: the list comes with every session.
const maxAssigned = 5000

// Assign gives an inspector organizations of the province or its predecessors to inspect, on behalf of who. An
// organization that the inspector has already keeps its assignment; one whose time is over gets a new one. It returns
// the new assignments. Errors: fault.Invalid for membership, orgs, basis, from, to; fault.NotFound for an organization
// that the transaction does not see; fault.Conflict above maxAssigned.
func Assign(ctx context.Context, tx tenant.Tx, who Identity, n NewAssignment) ([]Assignment, error) {
	if who.Tenant != tx.Tenant() || !who.Can(InspectionAssign) {
		return nil, fault.Forbidden
	}
	if err := n.check(tx.Now()); err != nil {
		return nil, err
	}
	n.Orgs = slices.Compact(slices.Sorted(slices.Values(n.Orgs)))
	inspector, err := lockInspector(ctx, tx, n.Membership)
	if err != nil {
		return nil, err
	}
	seen, err := tenant.Value[int](ctx, tx, `
		select count(*)::int
		from organization.organization
		where tenant_id = any ($1) and id = any ($2)`, n.Orgs)
	if err != nil {
		return nil, err
	}
	if seen != len(n.Orgs) {
		return nil, fault.NotFound
	}
	open, err := openAssignments(ctx, tx, n.Membership)
	if err != nil {
		return nil, err
	}
	var made []Assignment
	for _, org := range n.Orgs {
		if slices.Contains(open, org) {
			continue
		}
		a := Assignment{
			TenantID: tx.Tenant(), ID: tx.NewID(), Membership: n.Membership, OrgID: org, Basis: strings.TrimSpace(n.Basis), AssignedBy: who.Name,
			CreatedAt: tx.Now(), ValidFrom: n.From, Inspector: inspector,
		}
		if !n.To.IsZero() {
			a.ValidTo = &n.To
		}
		made = append(made, a)
	}
	if len(open)+len(made) > maxAssigned {
		return nil, fault.Say(fault.Conflict, "Một kiểm tra viên được phân công tối đa %d chủ thể.", maxAssigned)
	}
	for _, a := range made {
		if _, err := tx.Exec(ctx, `
			insert into authz.assignment (tenant_id, id, membership_id, org_id, basis, assigned_by, created_at, valid_from, valid_to)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			a.ID, a.Membership, a.OrgID, a.Basis, a.AssignedBy, a.CreatedAt, a.ValidFrom, a.ValidTo); err != nil {
			return nil, err
		}
	}
	if len(made) == 0 {
		return nil, nil
	}
	return made, announceMembership(ctx, tx, n.Membership)
}

// lockInspector makes two who assign to an inspector at a time wait for each other, and returns the inspector's name.
func lockInspector(ctx context.Context, tx tenant.Tx, membership int64) (name string, err error) {
	locked, err := tenant.Puts[struct{ Name string }](ctx, tx, `
		select name
		from authz.membership
		where tenant_id = $1 and id = $2 and role = 'inspector' and (valid_to is null or valid_to > $3)
		for no key update`, membership, tx.Now())
	if err != nil {
		return "", err
	}
	if len(locked) == 0 {
		return "", fault.Invalid{{Name: "membership", Message: "Chọn một kiểm tra viên của tỉnh đang hiệu lực."}}
	}
	return locked[0].Name, nil
}

// openAssignments ends what has run out, which makes room for what is new, and returns the organizations of the rest.
func openAssignments(ctx context.Context, tx tenant.Tx, membership int64) ([]tenant.OrgID, error) {
	if _, err := tx.Exec(ctx, `
		update authz.assignment
		set ended_at = valid_to
		where tenant_id = $1 and membership_id = $2 and ended_at is null and valid_to <= $3`, membership, tx.Now()); err != nil {
		return nil, err
	}
	return tenant.Column[tenant.OrgID](ctx, tx, `
		select org_id
		from authz.assignment
		where tenant_id = any ($1) and tenant_id = $2 and membership_id = $3 and ended_at is null`, tx.Tenant(), membership)
}

// EndAssignment ends an assignment of the home tenant: the inspector's next request no longer sees the organization.
// fault.NotFound when there is none, or it has ended.
func EndAssignment(ctx context.Context, tx tenant.Tx, who Identity, id int64) (Assignment, error) {
	if who.Tenant != tx.Tenant() || !who.Can(InspectionAssign) {
		return Assignment{}, fault.Forbidden
	}
	ended, err := tenant.Puts[struct{ ID int64 }](ctx, tx, `
		update authz.assignment
		set ended_at = $3
		where tenant_id = $1 and id = $2 and ended_at is null and (valid_to is null or valid_to > $3)
		returning id`, id, tx.Now())
	if err != nil {
		return Assignment{}, err
	}
	if len(ended) == 0 {
		return Assignment{}, fault.NotFound
	}
	a, err := tenant.One[Assignment](ctx, tx, selectAssignment+`
		where a.tenant_id = any ($1) and a.tenant_id = $2 and a.id = $3`, tx.Tenant(), id)
	if err != nil {
		return Assignment{}, err
	}
	return a, announceMembership(ctx, tx, a.Membership)
}

const selectAssignment = `
	select a.tenant_id, a.id, a.membership_id, a.org_id, a.basis, a.assigned_by, a.created_at, a.valid_from, a.valid_to,
		a.ended_at, m.name as inspector, coalesce((
			select o.name
			from organization.organization o
			where o.tenant_id = any ($1) and o.id = a.org_id
			limit 1), '') as org
	from authz.assignment a
	join authz.membership m on m.tenant_id = a.tenant_id and m.id = a.membership_id`

// AssignmentsOf returns the assignments of an inspector, open ones first, newest first, at most 5,000.
func AssignmentsOf(ctx context.Context, tx tenant.Tx, m Membership) ([]Assignment, error) {
	return tenant.List[Assignment](ctx, tx, selectAssignment+`
		where a.tenant_id = any ($1) and a.tenant_id = $2 and a.membership_id = $3
		order by (a.ended_at is null and (a.valid_to is null or a.valid_to > $4)) desc, a.id desc
		limit 5000`, m.TenantID, m.ID, tx.Now())
}

// AssignmentsTo returns who inspects an organization: the open assignments, newest first, at most 100.
func AssignmentsTo(ctx context.Context, tx tenant.Tx, org tenant.OrgID) ([]Assignment, error) {
	return tenant.List[Assignment](ctx, tx, selectAssignment+`
		where a.tenant_id = any ($1) and a.org_id = $2 and a.ended_at is null and (a.valid_to is null or a.valid_to > $3)
		order by a.id desc
		limit 100`, org, tx.Now())
}

// Inspectors returns the inspectors of the home tenant whose role is in force.
func Inspectors(ctx context.Context, tx tenant.Tx) ([]Membership, error) {
	return tenant.List[Membership](ctx, tx, selectMembership+`
		where m.tenant_id = any ($1) and m.tenant_id = $3 and m.role = 'inspector' and (m.valid_to is null or m.valid_to > $2)
		order by m.name collate "vi-x-icu", m.id`, tx.Now(), tx.Tenant())
}
