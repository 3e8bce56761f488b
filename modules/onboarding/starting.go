package onboarding

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// starting is all that a province starts with, as the activation keeps it until the province's own rows are written. It
// holds no password: the account of an administrator who has one comes with the activation.
type starting struct {
	Who     int64 // the account of who starts it, 0 for the command line
	WhoName string

	Tenant                        tenant.ID
	Slug, Domain, Colour, Contact string
	Settings                      tenant.Settings
	Logo                          []byte
	Plan                          *plan.File
	AdminName, AdminEmail         string
	Invite                        bool // the administrator gets an invitation
}

func startingOf(o Onboarding, who authz.Identity) starting {
	return starting{
		Who: int64(who.Account), WhoName: who.Name, Tenant: o.Tenant, Slug: o.Slug, Domain: o.Domain, Colour: o.Colour, Contact: o.Contact,
		Settings: o.Settings, Logo: o.Logo, Plan: o.Plan, AdminName: o.AdminName, AdminEmail: o.AdminEmail, Invite: o.AdminPassword == "",
	}
}

// who is who starts the province.
func (k starting) who() authz.Identity {
	return authz.Identity{Account: authz.AccountID(k.Who), Name: k.WhoName, Role: authz.Operator}
}

// same reports whether two starts would make the same province, whoever begins them.
func (k starting) same(o starting) bool {
	k.Who, k.WhoName = o.Who, o.WhoName
	a, err := json.Marshal(k)
	b, err2 := json.Marshal(o)
	return err == nil && err2 == nil && bytes.Equal(a, b)
}

// activate is what the platform decides, in one transaction: the province runs, its first administrator has an account,
// and what it starts with is kept.
func (k starting) activate(ctx context.Context, tx tenant.Platform, was tenant.Tenant, admin *authz.NewAccount) (tenant.Tenant, error) {
	by := tenant.By{Name: k.WhoName, Account: k.Who}
	t, err := tenant.Activate(ctx, tx, by, k.Tenant, k.Colour, k.Contact)
	if err != nil {
		return t, err
	}
	if admin != nil {
		if err := appoint(ctx, tx, *admin, k.Tenant); err != nil {
			return t, err
		}
	}
	text, err := json.Marshal(k)
	if err != nil {
		return t, err
	}
	if err := tenant.SetStarting(ctx, tx, by, k.Tenant, text); err != nil {
		return t, err
	}
	// In the platform's own audit, which lives on without the tenant; the tenant's has the line with its rows.
	return t, audit.WriteChangeAsPlatform(ctx, tx, k.who(), audit.Platform, "tenant.activate", audit.Record{Subject: "tenant", ID: int64(k.Tenant)}, k.what(t), fields(was), fields(t))
}

func (k starting) what(t tenant.Tenant) string {
	return fmt.Sprintf("Đưa %s vào vận hành, quản trị đầu tiên: %s", t.Name, k.AdminEmail)
}

// fill writes the rows that are the province's own, the line in its audit among them. s.Tenant is the province as it
// runs.
func (k starting) fill(ctx context.Context, tx tenant.Tx, was tenant.Tenant, s *Started) error {
	for _, spec := range tenant.Specs {
		if value, ok := k.Settings[spec.Key]; ok {
			if err := tenant.Decide(ctx, tx, spec.Key, value); err != nil {
				return err
			}
		}
	}
	if err := tenant.SetLogo(ctx, tx, k.Logo); err != nil {
		return err
	}
	if k.Plan != nil {
		known, err := plan.Known(ctx, tx, *k.Plan)
		if err != nil {
			return err
		}
		if !known {
			if _, err := plan.Import(ctx, tx, k.who(), *k.Plan); err != nil {
				return err
			}
		}
	}
	if err := audit.WriteChange(ctx, tx, k.who(), "tenant.activate", audit.Record{Subject: "tenant", ID: int64(k.Tenant)}, k.what(s.Tenant), fields(was), fields(s.Tenant)); err != nil {
		return err
	}
	if !k.Invite {
		return nil
	}
	return k.invite(ctx, tx, s)
}

// alone waits until nobody else writes what the transaction's tenant starts with.
func alone(ctx context.Context, tx tenant.Tx) error {
	_, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtext('onboarding.start'), $1::int)")
	return err
}

// invite offers the first administrator their role.
func (k starting) invite(ctx context.Context, tx tenant.Tx, s *Started) error {
	province, err := unit.ParseRef(s.Tenant.Unit)
	if err != nil {
		return err
	}
	i, token, err := authz.InviteFirst(ctx, tx, k.who(), province, k.AdminEmail, k.AdminName)
	if err != nil {
		return adminFields(err)
	}
	s.Invitation, s.Token = &i, token
	return audit.WriteChange(ctx, tx, k.who(), "member.invite", audit.Record{Subject: "invitation", ID: i.ID}, "Mời "+i.Name+" ("+string(i.Email)+"), vai trò "+i.Role.Name(),
		nil, audit.Of("Người được mời", i.Name+" <"+string(i.Email)+">", "Vai trò", i.Role.Name(), "Trạng thái", "Chờ nhận"))
}

// again finishes a start that was decided before and stopped, when the input is the same; begun is whether there is one.
// Another input is fault.Conflict: what was decided stands, and is finished by Finish.
func (o Onboarding) again(ctx context.Context, db *tenant.DB) (s Started, begun bool, err error) {
	var kept starting
	err = db.Platform(ctx, func(tx tenant.Platform) (err error) {
		kept, begun, err = readStarting(ctx, tx, o.Tenant)
		return err
	})
	if err != nil || !begun {
		return Started{}, begun, err
	}
	if !kept.same(startingOf(o, kept.who())) {
		return Started{}, true, fault.Say(fault.Conflict, "Tỉnh này đã được đưa vào vận hành bằng nội dung của lần bấm trước, phần còn dở đang được làm nốt. Nội dung vừa gửi không được dùng; đổi tiếp ở Thiết lập của tỉnh.")
	}
	s, _, err = Finish(ctx, db, o.Tenant)
	return s, true, err
}

func readStarting(ctx context.Context, tx tenant.Platform, id tenant.ID) (kept starting, found bool, err error) {
	text, err := tenant.StartingOf(ctx, tx, id)
	if errors.Is(err, fault.NotFound) {
		return kept, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &kept)
	}
	return kept, err == nil, err
}

// Finish writes the own rows of a province whose start was decided and stopped there, and returns it with a new
// invitation of its first administrator; false when there is nothing to finish. What has been written is not written
// again.
func Finish(ctx context.Context, db *tenant.DB, id tenant.ID) (s Started, found bool, err error) {
	defer db.Forget()
	scope, err := db.Scope(ctx, id)
	if err != nil {
		return Started{}, false, err
	}
	err = db.Platform(ctx, func(tx tenant.Platform) error {
		kept, begun, err := readStarting(ctx, tx, id)
		if found = begun; err != nil || !begun {
			return err
		}
		if s.Tenant, err = db.Tenant(ctx, id); err != nil {
			return err
		}
		was := s.Tenant
		was.State, was.Colour, was.Contact = tenant.Draft, "", ""
		if err := db.In(ctx, scope, func(own tenant.Tx) error {
			if err := alone(ctx, own); err != nil {
				return err
			}
			lines, err := audit.History(ctx, own, id, "tenant", int64(id))
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(lines, func(e audit.Entry) bool { return e.Action == "tenant.activate" }) {
				return kept.fill(ctx, own, was, &s)
			}
			if !kept.Invite {
				return nil
			}
			// The rows are there. The invitation's letter may have gone or not: a new one replaces it, unless it was accepted.
			if err := kept.invite(ctx, own, &s); !errors.Is(err, fault.Conflict) {
				return err
			}
			return nil
		}); err != nil {
			return err
		}
		return tenant.DropFilled(ctx, tx, id)
	})
	if err != nil {
		return Started{}, found, err
	}
	return s, found, nil
}
