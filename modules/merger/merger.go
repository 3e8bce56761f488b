package merger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/vi"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// Officer is an officer of a province that is to be merged, with the role that they are proposed for in the successor.
type Officer struct {
	authz.Membership
	Proposed authz.Role // "" for none
	Unit     string     // commune's unit.Ref in the successor, for a unit officer
	Why      string     // why none is proposed
}

// Propose returns the officers of origin with a role each in the successor: their own; an administrator's is that of an
// officer, since the successor has administrators. A commune's officer keeps their area when exactly one commune of the
// successor took over theirs.
func Propose(ctx context.Context, tx tenant.Platform, origin tenant.ID) ([]Officer, error) {
	members, err := authz.Officers(ctx, tx, origin)
	if err != nil {
		return nil, err
	}
	list := make([]Officer, len(members))
	for i, m := range members {
		o := Officer{Membership: m, Proposed: m.Role}
		switch m.Role {
		case authz.DOSTAdmin:
			o.Proposed = authz.DOSTOfficer
		case authz.UnitOfficer:
			if o.Unit = communeNow(m.Unit, tx.Now()); o.Unit == "" {
				o.Proposed, o.Why = "", "Xã, phường cũ không rõ nay thuộc đơn vị nào: mời riêng sau khi sáp nhập."
			}
		default:
			if !slices.Contains(authz.DOSTAdmin.MayInvite(), m.Role) {
				o.Proposed, o.Why = "", "Vai trò riêng của tỉnh cũ: mời riêng sau khi sáp nhập."
			}
		}
		list[i] = o
	}
	return list, nil
}

// communeNow returns the commune of today that a commune is or went to, "" unless that is exactly one.
func communeNow(ref string, now time.Time) string {
	r, err := unit.ParseRef(ref)
	if err != nil {
		return ""
	}
	u, ok := unit.ByRef(r)
	if !ok {
		return ""
	}
	if u.To.IsZero() || u.To.After(now) {
		return ref
	}
	if links := unit.Successors(r); len(links) == 1 && links[0].Certain && !links[0].Partial {
		return links[0].Ref.String()
	}
	return ""
}

// Order is a merger as the operator decides it.
type Order struct {
	Origin, Successor tenant.ID
	Effective         time.Time
	Basis             string
	// Roles are the reviewed roles in the successor, by the number of the officer's role in the origin. Who is not in it
	// gets none.
	Roles map[int64]authz.Role
}

// Merge merges the provinces and gives the reviewed roles. Errors: those of tenant.Merge; fault.Invalid for "roles".
func Merge(ctx context.Context, db *tenant.DB, who authz.Identity, o Order) (tenant.Merger, error) {
	var m tenant.Merger
	err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		m, err = tenant.Merge(ctx, tx, tenant.NewMerger{
			Origin: o.Origin, Successor: o.Successor, Effective: o.Effective, Basis: o.Basis, By: by(who),
		})
		if err != nil {
			return err
		}
		granted, err := grant(ctx, tx, who, o)
		if err != nil {
			return err
		}
		if err := m.KeepMemberships(ctx, tx, granted); err != nil {
			return err
		}
		return noted(ctx, tx, who, m, "tenant.merge", func(origin, successor string) string {
			return fmt.Sprintf("Sáp nhập %s vào %s, hiệu lực %s, căn cứ %s; %s cán bộ nhận vai trò tại %s",
				origin, successor, vi.Date(m.Effective), m.Basis, vi.Int(int64(len(granted))), successor)
		})
	})
	db.Forget()
	return m, err
}

func by(who authz.Identity) tenant.By { return tenant.By{Name: who.Name, Account: int64(who.Account)} }

// grant gives the reviewed roles and returns their numbers. Who has the same role in the successor already keeps that.
func grant(ctx context.Context, tx tenant.Platform, who authz.Identity, o Order) ([]int64, error) {
	officers, err := Propose(ctx, tx, o.Origin)
	if err != nil {
		return nil, err
	}
	theirs, err := authz.Officers(ctx, tx, o.Successor)
	if err != nil {
		return nil, err
	}
	granted := []int64{}
	asked := 0
	for _, f := range officers {
		role, ok := o.Roles[f.ID]
		if !ok {
			continue
		}
		asked++
		if !slices.Contains(authz.DOSTAdmin.MayInvite(), role) || role == authz.UnitOfficer && f.Unit == "" || role == authz.DepartmentOfficer && f.Department == "" {
			return nil, fault.Invalid{{Name: "roles", Message: f.Name + ": không nhận được vai trò “" + role.Name() + "”."}}
		}
		n := authz.NewMembership{Tenant: o.Successor, Account: f.AccountID, Role: role}
		switch role {
		case authz.UnitOfficer:
			n.Unit = f.Unit
		case authz.DepartmentOfficer:
			n.Department = f.Department
		}
		if slices.ContainsFunc(theirs, func(m authz.Membership) bool {
			return m.AccountID == n.Account && m.Role == n.Role && m.Department == n.Department && m.Unit == n.Unit
		}) {
			continue
		}
		id, err := authz.GrantMembership(ctx, tx, n)
		if err != nil {
			return nil, err
		}
		granted = append(granted, id)
		if err := audit.WriteChangeAsPlatform(ctx, tx, who, o.Successor, "member.merge", audit.Record{Subject: "membership", ID: id},
			f.Name+" nhận vai trò “"+role.Name()+"” khi sáp nhập, trước là “"+f.Role.Name()+"”",
			nil, audit.Of("Người", f.Name, "Vai trò", role.Name(), "Mã sở, ngành", n.Department, "Xã, phường, đặc khu", n.Unit)); err != nil {
			return nil, err
		}
	}
	if asked != len(o.Roles) {
		return nil, fault.Say(fault.Conflict, "Danh sách cán bộ vừa thay đổi, hoặc có người không thuộc tỉnh được sáp nhập. Hãy lấy lại danh sách và rà soát lại.")
	}
	return granted, nil
}

// Undo takes the merger of a province back, and ends the roles that its officers got with it. fault.Conflict while
// something depends on the merger; fault.NotFound when the province is not merged.
func Undo(ctx context.Context, db *tenant.DB, who authz.Identity, origin tenant.ID, reason string) (tenant.Merger, error) {
	var m tenant.Merger
	if err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		m, err = tenant.MergerOf(ctx, tx, origin)
		return err
	}); err != nil {
		return m, err
	}
	err := db.Platform(ctx, func(tx tenant.Platform) error {
		if err := tenant.Undo(ctx, tx, m, by(who), reason); err != nil {
			return err
		}
		// As late as can be: work that is done up to now counts.
		if err := free(ctx, db, m); err != nil {
			return err
		}
		for _, id := range m.Memberships {
			if err := authz.EndMembership(ctx, tx, m.Successor, id); err != nil && !errors.Is(err, fault.NotFound) {
				return err
			}
		}
		return noted(ctx, tx, who, m, "tenant.unmerge", func(origin, successor string) string {
			return fmt.Sprintf("Hủy sáp nhập %s vào %s: %s", origin, successor, reason)
		})
	})
	db.Forget()
	return m, err
}

// free says what depends on a merger: officers of the successor have worked on records of the origin, or of one that was
// merged into the origin before.
func free(ctx context.Context, db *tenant.DB, m tenant.Merger) error {
	scope, err := db.Scope(ctx, m.Origin)
	if err != nil {
		return err
	}
	return db.View(ctx, scope, func(tx tenant.Tx) error {
		work, err := tenant.One[struct {
			Lines int64
			Last  *string
		}](ctx, tx, `
			select count(*) as lines, (array_agg(e.what order by e.id desc))[1] as last
			from audit.entry e
			where e.tenant_id = any ($1) and e.at >= $2 and e.account_id <> 0 and e.role not in ('operator', 'ministry')
			and not exists (
				select from authz.membership m
				where m.tenant_id = any ($1) and m.account_id = e.account_id)`, m.CreatedAt)
		if err != nil {
			return err
		}
		if work.Lines > 0 {
			return fault.Say(fault.Conflict, "Không hủy được: từ ngày sáp nhập, cán bộ tỉnh kế thừa đã xử lý %s việc trên hồ sơ của tỉnh cũ (gần nhất: %s).", vi.Int(work.Lines), *work.Last)
		}
		return nil
	})
}

// noted writes a line into the audits of both provinces and of the platform.
func noted(ctx context.Context, tx tenant.Platform, who authz.Identity, m tenant.Merger, action string, what func(origin, successor string) string) error {
	names := map[tenant.ID]string{}
	for _, id := range []tenant.ID{m.Origin, m.Successor} {
		name, err := tenant.Value[string](ctx, tx, `
			select name
			from tenant.tenant
			where id = $1`, id)
		if err != nil {
			return err
		}
		names[id] = name
	}
	apart, merged := audit.Of(names[m.Origin], "tỉnh riêng"), audit.Of(names[m.Origin], "đã sáp nhập vào "+names[m.Successor])
	if action == "tenant.unmerge" {
		apart, merged = merged, apart
	}
	for _, id := range []tenant.ID{m.Origin, m.Successor, audit.Platform} {
		if err := audit.WriteChangeAsPlatform(ctx, tx, who, id, action, audit.Record{Subject: "tenant", ID: int64(m.Origin)},
			what(names[m.Origin], names[m.Successor]), apart, merged); err != nil {
			return err
		}
	}
	return nil
}
