package organization

import (
	"context"
	"fmt"
	"time"

	"txng/authz"
	"txng/billing"
	"txng/modules/internal/audit"
	"txng/modules/internal/measure"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

const columns = `tenant_id, id, kind, name, mst, address, unit, printed_address, printed_unit, phone, email, uses_barcode, fields, state,
	state_reason, illustrative, source, created_at, decided_at`

// Insert stores a new organization with its search words. fault.Conflict when the tax code is registered already.
func Insert(ctx context.Context, tx tenant.Tx, o Organization) (tenant.OrgID, error) {
	o.ID = tenant.OrgID(tx.NewID())
	_, err := tx.Exec(ctx, `
		insert into organization.organization (tenant_id, id, kind, name, mst, address, unit, phone, email, uses_barcode,
			state, illustrative, source, created_at, printed_address, printed_unit, sectors, fields)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17 & ~1::bigint, $17)`,
		o.ID, o.Kind, o.Name, o.MST, o.Address, o.Unit, o.Phone, o.Email, o.UsesBarcode, o.State, o.Illustrative, o.Source, o.CreatedAt,
		o.PrintedAddress, o.PrintedUnit, o.Fields)
	if tenant.Violates(err, "organization_mst") {
		return 0, fault.Taken("mst", "Mã số thuế %s đã đăng ký trên hệ thống của tỉnh.", o.MST)
	}
	if err != nil {
		return 0, fmt.Errorf("insert organization: %w", err)
	}
	_, err = tx.Exec(ctx, `
		insert into organization.token (tenant_id, token, org_id, fields)
		select $1, unnest($2::text[]), $3, $4`, append(vi.Tokens(o.Name), string(o.MST)), o.ID, o.Fields)
	return o.ID, err
}

// Register signs an organization up in a tenant: the organization, pending, and its owner's account.
func Register(ctx context.Context, db *tenant.DB, t tenant.Tenant, s SignUp) (tenant.OrgID, error) {
	province, err := provinceOf(t)
	if err != nil {
		return 0, err
	}
	o, err := s.Validate(province, db.Now())
	wrong, _ := err.(fault.Invalid)
	account, err := authz.PrepareAccount(s.Email, s.Person, s.Password)
	if e, ok := err.(fault.Invalid); ok {
		wrong = append(wrong, renamed(e)...)
	}
	if err := wrong.Err(); err != nil {
		return 0, err
	}
	account = account.WithPhone(s.Phone)
	scope, err := db.Scope(ctx, t.ID)
	if err != nil {
		return 0, err
	}
	var id tenant.OrgID
	err = db.In(ctx, scope, func(tx tenant.Tx) error {
		if id, err = Insert(ctx, tx, o); err != nil {
			return err
		}
		who := authz.Identity{Name: s.Person, Role: authz.OrgOwner}
		if err := audit.WriteChange(ctx, tx, who, "organization.register", audit.Record{Subject: "organization", ID: int64(id), Org: id},
			"Đăng ký chủ thể "+o.Name, nil, o.fields(db.Now())); err != nil {
			return err
		}
		return db.Platform(ctx, func(p tenant.Platform) error { return owner(ctx, p, t.ID, id, account) })
	})
	return id, err
}

// renamed gives the messages about an account the names that the form's fields have.
func renamed(wrong fault.Invalid) fault.Invalid {
	for i := range wrong {
		if wrong[i].Name == "name" {
			wrong[i].Name = "person"
		}
	}
	return wrong
}

// owner makes the account of the person and their role in the organization.
func owner(ctx context.Context, p tenant.Platform, t tenant.ID, org tenant.OrgID, n authz.NewAccount) error {
	account, err := n.Create(ctx, p)
	if err != nil {
		if m := fault.Message(err); m != "" {
			return fault.Taken("email", "%s", m)
		}
		return err
	}
	_, err = authz.GrantMembership(ctx, p, authz.NewMembership{Tenant: t, Account: account, Role: authz.OrgOwner, Org: org})
	return err
}

// SetFields keeps the groups of an organization: those that it declared and those of its products. Departments that
// answer for one of them see the organization.
func SetFields(ctx context.Context, tx tenant.Tx, id tenant.OrgID, products tenant.Fields) error {
	_, err := tx.Exec(ctx, `
		update organization.organization
		set fields = coalesce(nullif(sectors | $3, 0), 1)
		where tenant_id = $1 and id = $2 and fields <> coalesce(nullif(sectors | $3, 0), 1)`, id, products)
	return err
}

// Find returns an organization that the transaction may see.
func Find(ctx context.Context, tx tenant.Tx, id tenant.OrgID) (Organization, error) {
	return tenant.One[Organization](ctx, tx, `
		select `+columns+`
		from organization.organization
		where tenant_id = any ($1) and id = $2`, id)
}

// Approve admits a pending organization and grants the free quota of stamps that its province gives, for a year. It
// returns how many stamps these are.
func Approve(ctx context.Context, tx tenant.Tx, who authz.Identity, id tenant.OrgID) (granted int64, err error) {
	if err := decide(ctx, tx, who, id, Approved, ""); err != nil {
		return 0, err
	}
	settings, err := tenant.SettingsOf(ctx, tx)
	if err != nil {
		return 0, err
	}
	until := tx.Now().AddDate(1, 0, 0)
	before, err := billing.BalanceOf(ctx, tx, id)
	if err != nil {
		return 0, err
	}
	if granted = settings.Number(tenant.FreeQuota); granted > 0 {
		if err := billing.Grant(ctx, tx, billing.NewGrant{Org: id, Source: billing.Free, Key: "admission", Amount: granted, Expires: &until}); err != nil {
			return 0, err
		}
		after, err := billing.BalanceOf(ctx, tx, id)
		if err != nil {
			return 0, err
		}
		if err := audit.WriteChange(ctx, tx, who, "quota.grant", audit.Record{Subject: "quota", ID: int64(id), Org: id},
			fmt.Sprintf("Cấp %s tem miễn phí khi duyệt hồ sơ, dùng đến %s", vi.Int(granted), vi.Date(until)),
			quotaFields(before), quotaFields(after)); err != nil {
			return 0, err
		}
	}
	return granted, measure.Changed(ctx, tx)
}

func quotaFields(b billing.Balance) audit.Fields {
	return audit.Of("Tem được cấp", vi.Int(b.Granted), "Tem còn lại", vi.Int(b.Remaining))
}

// fields are the organization's values for the audit.
func (o Organization) fields(now time.Time) audit.Fields {
	return append(audit.Of("Loại hình", o.Kind.Name(), "Tên", o.Name, "Mã số thuế", string(o.MST), "Địa chỉ", o.Place(now),
		"Điện thoại", o.Phone, "Thư điện tử", o.Email, "Dùng mã số mã vạch", yesNo(o.UsesBarcode)), o.standing()...)
}

// standing is where its registration stands.
func (o Organization) standing() audit.Fields {
	return audit.Of("Trạng thái", o.State.status().Word, "Lý do", o.StateReason)
}

// Refuse returns a pending organization's registration with a reason.
func Refuse(ctx context.Context, tx tenant.Tx, who authz.Identity, id tenant.OrgID, reason string) error {
	if n := len([]rune(reason)); n < 5 || n > 500 {
		return fault.Invalid{{Name: "reason", Message: "Nêu lý do trả lại, từ 5 đến 500 ký tự."}}
	}
	return decide(ctx, tx, who, id, Refused, reason)
}

func decide(ctx context.Context, tx tenant.Tx, who authz.Identity, id tenant.OrgID, to State, reason string) error {
	o, err := Find(ctx, tx, id)
	if err != nil {
		return err
	}
	if o.State != Pending {
		return fault.Say(fault.Conflict, "Hồ sơ này đã được xử lý trước đó.")
	}
	if err := tx.Owns(o.TenantID); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `
		update organization.organization
		set state = $3, state_reason = $4, decided_at = $5
		where tenant_id = $1 and id = $2 and state = 'pending'`, id, to, reason, tx.Now())
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.Say(fault.Conflict, "Hồ sơ này vừa được người khác xử lý.")
	}
	what := "Duyệt hồ sơ " + o.Name
	if to == Refused {
		what = "Trả lại hồ sơ " + o.Name + ": " + reason
	}
	decided := o
	decided.State, decided.StateReason = to, reason
	return audit.WriteChange(ctx, tx, who, "organization."+string(to), audit.Record{Subject: "organization", ID: int64(id), Org: id},
		what, o.standing(), decided.standing())
}

// orders are the orders of the list.
var orders = map[string]string{
	"name":     ` order by name collate "vi-x-icu", id`,
	"-name":    ` order by name collate "vi-x-icu" desc, id`,
	"created":  ` order by created_at, id`,
	"-created": ` order by created_at desc, id`,
}

// Search returns organizations by words of the name or tax code, state, kind, and unit: with a former one those of the
// communes that its area went to, with one of today also those that are still noted under what it was made from.
func Search(ctx context.Context, tx tenant.Tx, l web.Query) ([]Organization, int, error) {
	type row struct {
		Organization
		Total int
	}
	units, there := within(l.Get("unit"), tx.Now()), "$7::text[] is null"
	if units != nil { // a statement of its own, whose plan looks for the units
		there = "(o.unit = any ($7) or o.printed_unit = any ($7))"
	}
	state := "$2 = ''"
	if l.Get("state") != "" { // likewise: an index leads to the few that wait
		state = "state = $2"
	}
	rows, err := tenant.List[row](ctx, tx, `
		select `+columns+`, count(*) over () as total
		from organization.organization o
		where tenant_id = any ($1)
		and `+state+`
		and ($3 = '' or kind = $3)
		and `+there+`
		and not exists (
			select from unnest($4::text[]) w
			where not exists (
				select from organization.token t
				where t.tenant_id = any ($1) and t.tenant_id = o.tenant_id and t.org_id = o.id and t.token ^@ w))`+
		orders[l.Order]+`
		limit $5 offset $6`, l.Get("state"), l.Get("kind"), vi.Tokens(l.Get("q")), l.Limit, l.Offset, units)
	if err != nil {
		return nil, 0, err
	}
	list := make([]Organization, len(rows))
	total := 0
	for i, r := range rows {
		list[i], total = r.Organization, r.Total
	}
	return list, total, nil
}

// within returns the units whose organizations belong to the one chosen, as text; nil for no choice.
func within(chosen string, now time.Time) []string {
	if chosen == "" {
		return nil
	}
	units := []string{}
	ref, err := unit.ParseRef(chosen)
	if err != nil {
		return units // there is no such unit, so nothing is in it
	}
	for _, r := range unit.Extent(ref, now) {
		units = append(units, r.String())
	}
	return units
}

// Pending returns the number of registrations that wait for a decision and the time of the oldest.
func PendingCount(ctx context.Context, tx tenant.Tx) (n int, oldest *time.Time, err error) {
	row, err := tenant.One[struct {
		N      int
		Oldest *time.Time
	}](ctx, tx, `
		select count(*)::int as n, min(created_at) as oldest
		from organization.organization
		where tenant_id = any ($1) and state = 'pending'`)
	return row.N, row.Oldest, err
}
