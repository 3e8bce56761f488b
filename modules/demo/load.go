// Package demo fills an empty, migrated database with the five programmes: real plans and products that sources name,
// with organizations, orders, lots and scans that are plainly marked as illustration. Everything goes through the
// modules' own functions, so that no number is set by hand.
package demo

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"txng/authz"
	"txng/modules/internal/gs1"
	"txng/modules/internal/vi"
	"txng/modules/kpi"
	"txng/modules/merger"
	"txng/modules/onboarding"
	"txng/modules/plan"
	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/unit"
)

// Password is the password of all demonstration accounts.
const Password = "txng-demo-2026"

// domain is the mail domain of the demonstration accounts.
const domain = "demo.txng.vn"

// Account is a sign-in of the demonstration.
type Account struct {
	Role     string `json:"role"`
	Tenant   string `json:"tenant"`
	Email    string `json:"email"`
	Phone    string `json:"phone,omitempty"`
	Password string `json:"password"`
	TOTP     string `json:"totp,omitempty"` // secret of the app for the second step, base32
}

// Stamp is a stamp of the demonstration and the address that its QR code holds.
type Stamp struct {
	State  string `json:"state"`
	Tenant string `json:"tenant,omitempty"`
	URL    string `json:"url"`
}

// Result is what the demonstration consists of.
type Result struct {
	URL      string    `json:"url"`
	Accounts []Account `json:"accounts"`
	Stamps   []Stamp   `json:"stamps"`
	Tenants  []string  `json:"tenants"`
}

// loader carries what the steps of Load share.
type loader struct {
	db       *tenant.DB
	keys     *stamps.Keys
	factors  *authz.Factors
	origin   string
	now      time.Time
	result   Result
	progress func(done, total int)
	numbers  int // of organizations and products, for tax codes and GTINs
	done     int
	asked    atomic.Int64 // how often a day of the past was asked for the time
}

// Load fills the database. origin is the address that stamps lead to; progress is told how far it is.
func Load(ctx context.Context, db *tenant.DB, keys *stamps.Keys, factors *authz.Factors, origin string, progress func(done, total int)) (Result, error) {
	l := &loader{db: db, keys: keys, factors: factors, origin: origin, now: db.Now(), progress: progress}
	l.result.URL = origin
	if err := l.registerAll(ctx); err != nil {
		return Result{}, err
	}
	if err := l.platformAccounts(ctx); err != nil {
		return Result{}, err
	}
	for _, p := range provinces {
		if err := l.province(ctx, p); err != nil {
			return Result{}, fmt.Errorf("load %s: %w", p.code, err)
		}
	}
	for _, p := range provinces {
		if p.mergedTo == "" {
			continue
		}
		if err := l.merge(ctx, p); err != nil {
			return Result{}, fmt.Errorf("merge %s: %w", p.code, err)
		}
	}
	l.result.Stamps = append(l.result.Stamps, l.forged())
	return l.result, l.rollUp(ctx)
}

// ago is the database with the clock of some days before now. Its time goes on: records are numbered by it.
func (l *loader) ago(days int) *tenant.DB {
	return l.db.WithClock(func() time.Time {
		return l.now.AddDate(0, 0, -days).Add(time.Duration(l.asked.Add(1)) * time.Millisecond)
	})
}

// steps is the number of organizations that Load makes, by which progress is measured.
func steps() int {
	n := 0
	for _, p := range provinces {
		n += len(p.orgs)
	}
	return n
}

// by is who loads.
var by = authz.Identity{Name: "Nạp dữ liệu minh họa", Role: authz.Operator}

// registerAll registers the 34 provinces of today, and the predecessors that programmes name.
func (l *loader) registerAll(ctx context.Context) error {
	err := l.db.Platform(ctx, func(tx tenant.Platform) error {
		for _, u := range unit.Provinces(l.now) {
			if _, err := onboarding.Register(ctx, tx, by, tenant.New{Province: u.Ref.Code, On: l.now}); err != nil {
				return err
			}
		}
		for _, p := range provinces {
			if p.on.IsZero() {
				continue
			}
			if _, err := onboarding.Register(ctx, tx, by, tenant.New{Province: unit.Code(p.code), On: p.on}); err != nil {
				return err
			}
		}
		return nil
	})
	l.db.Forget()
	return err
}

func (l *loader) platformAccounts(ctx context.Context) error {
	return l.db.Platform(ctx, func(tx tenant.Platform) error {
		for _, a := range []struct {
			mail, name string
			role       authz.Role
		}{{"vanhanh", "Đặng Quốc Bảo", authz.Operator}, {"bo", "Bùi Thị Hạnh", authz.Ministry}} {
			id, err := authz.CreateAccount(ctx, tx, a.mail+"@"+domain, a.name, Password)
			if err != nil {
				return err
			}
			if err := authz.GrantPlatformRole(ctx, tx, id, a.role); err != nil {
				return err
			}
			if err := l.enrol(ctx, tx, id); err != nil {
				return err
			}
			l.account(a.role, "", a.mail+"@"+domain)
		}
		return nil
	})
}

func (l *loader) account(role authz.Role, tenant, email string) {
	a := Account{Role: string(role), Tenant: tenant, Email: email, Password: Password}
	if needFactor[role] {
		a.TOTP = FactorSecret.String()
	}
	l.result.Accounts = append(l.result.Accounts, a)
}

// find returns the registered tenant of a province.
func (l *loader) find(ctx context.Context, p province) (tenant.Tenant, unit.Unit, error) {
	on := p.on
	if on.IsZero() {
		on = l.now
	}
	u, err := unit.Lookup(unit.Province, unit.Code(p.code), on)
	if err != nil {
		return tenant.Tenant{}, u, err
	}
	t, err := l.db.TenantBySlug(ctx, u.Slug)
	return t, u, err
}

func (l *loader) province(ctx context.Context, p province) error {
	t, u, err := l.find(ctx, p)
	if err != nil {
		return err
	}
	started, err := onboarding.Onboard(ctx, l.db, by, onboarding.Onboarding{
		Logo: logo(p.colour), Settings: tenant.Settings{tenant.SelfSignUp: tenant.On},
		Tenant: t.ID, Slug: t.Slug, Colour: p.colour, Contact: p.contact,
		AdminName: officers[0].name, AdminEmail: officers[0].mail + "@" + t.Slug + "." + domain, AdminPassword: Password, Plan: programme(p.plan),
	})
	if err != nil {
		return err
	}
	t = started.Tenant
	l.result.Tenants = append(l.result.Tenants, t.Slug)
	l.account(authz.DOSTAdmin, t.Slug, officers[0].mail+"@"+t.Slug+"."+domain)
	officer, err := l.officers(ctx, t)
	if err != nil {
		return err
	}
	scope, err := l.db.Scope(ctx, t.ID)
	if err != nil {
		return err
	}
	if err := l.tasks(ctx, scope, officer, p.stages); err != nil {
		return err
	}
	for _, o := range p.orgs {
		if err := l.organization(ctx, t, u, scope, officer, o); err != nil {
			return fmt.Errorf("%s: %w", o.name, err)
		}
		l.done++
		l.progress(l.done, steps())
	}
	return l.shares(ctx, t, scope)
}

func programme(slug string) *plan.File {
	for _, p := range plan.Programmes() {
		if p.Slug == slug {
			return &p.File
		}
	}
	return nil
}

// officers makes the accounts of a province beside its administrator, and returns the officer of the Department of
// Science and Technology.
func (l *loader) officers(ctx context.Context, t tenant.Tenant) (authz.Identity, error) {
	who := authz.Identity{Tenant: t.ID}
	err := l.db.Platform(ctx, func(tx tenant.Platform) error {
		admin, err := authz.AccountByEmail(ctx, tx, authz.Email(officers[0].mail+"@"+t.Slug+"."+domain))
		if err != nil {
			return err
		}
		if err := l.enrol(ctx, tx, admin.ID); err != nil {
			return err
		}
		for _, o := range officers[1:] {
			email := o.mail + "@" + t.Slug + "." + domain
			account, err := authz.CreateAccount(ctx, tx, email, o.name, Password)
			if err != nil {
				return err
			}
			role := authz.Role(o.role)
			id, err := authz.GrantMembership(ctx, tx, authz.NewMembership{Tenant: t.ID, Account: account, Role: role, Department: o.department, Unit: communeOf(t, role, l.now)})
			if err != nil {
				return err
			}
			l.account(role, t.Slug, email)
			if role == authz.DOSTOfficer {
				who.Account, who.Name, who.Email, who.Role, who.Membership = account, o.name, authz.Email(email), role, id
			}
		}
		return nil
	})
	return who, err
}

// tasks reports the tasks of the groups as done.
func (l *loader) tasks(ctx context.Context, scope tenant.Scope, who authz.Identity, groups []string) error {
	return l.db.In(ctx, scope, func(tx tenant.Tx) error {
		for _, g := range groups {
			tasks, err := plan.Tasks(ctx, tx, plan.TaskFilter{Group: plan.Group(g)})
			if err != nil {
				return err
			}
			for _, t := range tasks {
				if t.TenantID != tx.Tenant() {
					continue
				}
				done := max(t.Planned, 1)
				for _, state := range []plan.TaskState{plan.Doing, plan.Done} {
					if err := plan.ReportTask(ctx, tx, who, t.ID, done, state, "Dữ liệu minh họa"); err != nil {
						return fmt.Errorf("task %s: %w", t.Code, err)
					}
				}
			}
		}
		return nil
	})
}

// mst makes a tax code that no office gives out: numbers that begin with 99.
func (l *loader) mst() string {
	for {
		l.numbers++
		nine := fmt.Sprintf("99%07d", l.numbers)
		if check, ok := vi.CheckMST(nine); ok {
			return nine + string(check)
		}
	}
}

// gtin makes a number under GS1's prefix 952, which is kept for demonstrations and examples.
func (l *loader) gtin() (gs1.GTIN, error) {
	l.numbers++
	twelve := fmt.Sprintf("952000%06d", l.numbers)
	check, err := gs1.CheckDigit(twelve)
	if err != nil {
		return "", err
	}
	return gs1.ParseGTIN(twelve + string(check))
}

// commune returns a commune of the province: the one that the words find, else the first in the list.
func commune(u unit.Unit, words string, on time.Time) string {
	if words != "" {
		for _, c := range unit.Search(words, on, unit.Commune, u.Ref, 1) {
			return c.Ref.String()
		}
	}
	for _, c := range unit.Communes(u.Ref, on) {
		return c.Ref.String()
	}
	return ""
}

// merge merges a province into its successor as of the day of the mergers, its officers with the roles that are proposed.
func (l *loader) merge(ctx context.Context, origin province) error {
	t, _, err := l.find(ctx, origin)
	if err != nil {
		return err
	}
	into, err := l.db.TenantBySlug(ctx, origin.mergedTo)
	if err != nil {
		return err
	}
	order := merger.Order{Origin: t.ID, Successor: into.ID, Effective: mergers, Basis: mergerBasis, Roles: map[int64]authz.Role{}}
	if err := l.db.Platform(ctx, func(tx tenant.Platform) error {
		officers, err := merger.Propose(ctx, tx, t.ID)
		for _, o := range officers {
			if o.Proposed != "" {
				order.Roles[o.ID] = o.Proposed
			}
		}
		return err
	}); err != nil {
		return err
	}
	_, err = merger.Merge(ctx, l.db, authz.Identity{Name: "Nạp dữ liệu minh họa", Role: authz.Operator}, order)
	return err
}

// days is how far back the demonstration goes.
const days = 30

// rollUp computes the roll-ups of all active tenants, for the ministry's page to have them at once: today's, and those of
// the days before of what the rows carry their own time for.
func (l *loader) rollUp(ctx context.Context) error {
	all, err := l.db.Tenants(ctx)
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.State != tenant.Active && t.State != tenant.Merged {
			continue
		}
		scope, err := l.db.Scope(ctx, t.ID)
		if err != nil {
			return err
		}
		if err := l.db.In(ctx, scope, func(tx tenant.Tx) error {
			return kpi.Backfill(ctx, tx, days)
		}); err != nil {
			return err
		}
		if err := kpi.RefreshTenant(ctx, l.db, t.ID); err != nil {
			return err
		}
	}
	return nil
}

// Rebase changes the address that the stamps lead to: the demonstration may listen at another one this time.
func (r *Result) Rebase(origin string) {
	for i, s := range r.Stamps {
		r.Stamps[i].URL = origin + strings.TrimPrefix(s.URL, r.URL)
	}
	r.URL = origin
}

// communeOf returns the commune of a unit officer: the one of the province's first organization.
func communeOf(t tenant.Tenant, role authz.Role, on time.Time) string {
	if role != authz.UnitOfficer {
		return ""
	}
	ref, err := unit.ParseRef(t.Unit)
	if err != nil {
		return ""
	}
	u, ok := unit.ByRef(ref)
	if !ok {
		return ""
	}
	for _, p := range provinces {
		if p.code == string(ref.Code) && (p.on.IsZero() || !u.To.IsZero()) && len(p.orgs) > 0 {
			return commune(u, p.orgs[0].commune, dayWithin(u, on))
		}
	}
	return commune(u, "", dayWithin(u, on))
}

// dayWithin returns the day, or the last one of a unit that had ended by then.
func dayWithin(u unit.Unit, on time.Time) time.Time {
	if !u.To.IsZero() && u.To.Before(on) {
		return u.To.AddDate(0, 0, -1)
	}
	return on
}
