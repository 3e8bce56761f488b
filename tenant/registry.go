package tenant

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/tenant/fault"
	"txng/tenant/unit"
)

// State is where a tenant is in its life.
type State string

// The states of a tenant.
const (
	Draft     State = "draft"     // registered, not yet onboarded
	Active    State = "active"    // runs its programme here
	Suspended State = "suspended" // read only; shoppers go on (DB.Visit)
	Merged    State = "merged"    // its rows are read by its successor
	Archived  State = "archived"  // as suspended, and may be deleted (tenant/archive)
)

// Tenant is a province or centrally-run city in the registry.
type Tenant struct {
	ID        ID
	Slug      string // subdomain
	Name      string // "Nghệ An"
	Unit      string // unit.Ref of the province at the date that made it: "40@2025-07-01"
	State     State
	Colour    string // own primary colour "#rrggbb", or ""
	Contact   string
	Domain    string // own domain beside the subdomain, or ""
	ActiveAt  *time.Time
	CreatedAt time.Time

	// Of the registry's snapshot only:
	Settings Settings  `db:"-"` // what the tenant has decided; its colour and contact stand in for those of its onboarding
	Logo     string    `db:"-"` // digest of its picture, or ""
	Off      []Feature `db:"-"` // what the operator has switched off
	// Allowances are what the operator has set; ask Allowed.
	Allowances map[Allowance]int64 `db:"-"`
}

// Title is what the tenant calls itself on its own and its public pages.
func (t Tenant) Title() string {
	if own := t.Settings.Value(DisplayName); own != "" {
		return own
	}
	return t.Name
}

// Has reports whether a feature is on for the tenant.
func (t Tenant) Has(f Feature) bool { return !slices.Contains(t.Off, f) }

// Lineage says that successor reads the rows of origin.
type Lineage struct {
	Successor, Origin ID
	Effective         time.Time
	Basis             string // the resolution
}

// registry is a snapshot of the tenants and their lineage.
type registry struct {
	at      time.Time
	tenants []Tenant // by Vietnamese name
	lineage []Lineage
	parts   []Part // those that were not taken back
}

// registryCache holds the newest snapshot. One caller at a time reads a new one; the others go on with what there is.
type registryCache struct {
	newest  atomic.Pointer[registry]
	refresh sync.Mutex
	changes atomic.Int64 // how often it was forgotten
}

// registryAge is how old a snapshot of the registry may be. Changes made through the same DB are seen at once.
const registryAge = 2 * time.Second

func (db *DB) snapshot(ctx context.Context) (*registry, error) {
	c := db.registry
	old := c.newest.Load()
	if old != nil && time.Since(old.at) < registryAge {
		return old, nil
	}
	if old != nil && !c.refresh.TryLock() {
		return old, nil // somebody is at it
	}
	if old == nil {
		c.refresh.Lock()
		if r := c.newest.Load(); r != nil {
			c.refresh.Unlock()
			return r, nil
		}
	}
	defer c.refresh.Unlock()
	r, before := &registry{at: time.Now()}, c.changes.Load()
	err := db.within(ctx, db.lookup, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(t pgx.Tx) (err error) {
		tx := Platform{open: &open{tx: t, now: db.clock()}}
		r.tenants, err = List[Tenant](ctx, tx, `
			select `+tenantColumns+`
			from tenant.tenant
			order by name collate "vi-x-icu"`)
		if err != nil {
			return err
		}
		if err = r.decide(ctx, tx); err != nil {
			return err
		}
		r.lineage, err = List[Lineage](ctx, tx, `
			select successor, origin, effective, basis
			from tenant.lineage
			order by successor, origin`)
		if err != nil {
			return err
		}
		r.parts, err = List[Part](ctx, tx, `
			select `+partColumns+`
			from tenant.part
			where undone_at is null
			order by id`)
		for i := range r.parts {
			r.parts[i].area = areaOf(r.parts[i].Units, dayOf(db.clock()))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the registry of tenants: %w", err)
	}
	// What was read before a change is not kept; nor when the change comes at this very moment.
	if c.changes.Load() == before {
		c.newest.Store(r)
		if c.changes.Load() != before {
			c.newest.CompareAndSwap(r, nil)
		}
	}
	return r, nil
}

const tenantColumns = "id, slug, name, unit, state, colour, contact, domain, active_at, created_at"

// decide adds to the tenants what they, and the operator for them, have decided.
func (r *registry) decide(ctx context.Context, tx Platform) error {
	rows, err := List[struct {
		ID        ID
		What      string
		Key, Text string
	}](ctx, tx, `
		select tenant_id as id, 'setting' as what, key, value as text
		from tenant.setting
		union all
		select tenant_id, 'logo', '', digest
		from tenant.logo
		union all
		select tenant, 'off', feature, ''
		from tenant.feature
		where not enabled
		union all
		select tenant, 'allowance', what, amount::text
		from tenant.allowance`)
	if err != nil {
		return err
	}
	for i := range r.tenants {
		t := &r.tenants[i]
		t.Settings, t.Allowances = Settings{}, map[Allowance]int64{}
		for _, row := range rows {
			switch {
			case row.ID != t.ID:
			case row.What == "setting":
				t.Settings[Setting(row.Key)] = row.Text
			case row.What == "logo":
				t.Logo = row.Text
			case row.What == "allowance":
				n, _ := strconv.ParseInt(row.Text, 10, 64) // a bigint
				t.Allowances[Allowance(row.Key)] = n
			default:
				t.Off = append(t.Off, Feature(row.Key))
			}
		}
		if own, ok := t.Settings.Decided(Colour); ok {
			t.Colour = own
		}
		if own, ok := t.Settings.Decided(Contact); ok {
			t.Contact = own
		}
	}
	return nil
}

// Forget drops the snapshot of the registry, so that the next use reads it anew.
func (db *DB) Forget() {
	db.registry.changes.Add(1)
	db.registry.newest.Store(nil)
}

// Tenants returns all tenants, by name in Vietnamese order.
func (db *DB) Tenants(ctx context.Context) ([]Tenant, error) {
	r, err := db.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(r.tenants), nil
}

// Tenant returns a tenant by its number.
func (db *DB) Tenant(ctx context.Context, id ID) (Tenant, error) {
	return db.find(ctx, func(t Tenant) bool { return t.ID == id })
}

// TenantBySlug returns a tenant by its subdomain.
func (db *DB) TenantBySlug(ctx context.Context, slug string) (Tenant, error) {
	return db.find(ctx, func(t Tenant) bool { return t.Slug == slug })
}

// TenantByDomain returns a tenant by its own domain.
func (db *DB) TenantByDomain(ctx context.Context, domain string) (Tenant, error) {
	return db.find(ctx, func(t Tenant) bool { return t.Domain != "" && t.Domain == domain })
}

func (db *DB) find(ctx context.Context, is func(Tenant) bool) (Tenant, error) {
	r, err := db.snapshot(ctx)
	if err != nil {
		return Tenant{}, err
	}
	if i := slices.IndexFunc(r.tenants, is); i >= 0 {
		return r.tenants[i], nil
	}
	return Tenant{}, fault.Say(fault.NotFound, "Không có tỉnh, thành phố này trên hệ thống.")
}

// Origins returns the tenants whose rows id reads beside its own, with the reason.
func (db *DB) Origins(ctx context.Context, id ID) ([]Lineage, error) {
	r, err := db.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return r.origins(id, dayOf(db.clock())), nil
}

// origins follows the lineage that is in effect on a day (dayOf) down from id; a lineage in a circle ends where it began.
func (r *registry) origins(id ID, day time.Time) []Lineage {
	var found []Lineage
	seen := map[ID]bool{id: true}
	for next := []ID{id}; len(next) > 0; next = next[1:] {
		for _, l := range r.lineage {
			if l.Successor == next[0] && !seen[l.Origin] && !l.Effective.After(day) {
				seen[l.Origin] = true
				found = append(found, l)
				next = append(next, l.Origin)
			}
		}
	}
	return found
}

// Scope returns the scope of a tenant: it writes as id, and reads id and every tenant that was merged into it.
func (db *DB) Scope(ctx context.Context, id ID) (Scope, error) {
	r, err := db.snapshot(ctx)
	if err != nil {
		return Scope{}, err
	}
	i := slices.IndexFunc(r.tenants, func(t Tenant) bool { return t.ID == id })
	if i < 0 {
		return Scope{}, fault.Say(fault.NotFound, "Không có tỉnh, thành phố này trên hệ thống.")
	}
	state := r.tenants[i].State
	s := Scope{home: id, reads: []ID{id}, timeout: r.tenants[i].StatementTimeout()}
	if state == Suspended || state == Archived {
		s.frozen = state
	}
	day := dayOf(db.clock())
	for _, l := range r.origins(id, day) {
		s.reads = append(s.reads, l.Origin)
	}
	s.gave, s.took = r.moved(s.reads, day)
	return s, nil
}

// ScopeAs returns the scope in which somebody of a successor works on the records of a province that was merged into it:
// it reads and writes as the origin. What it writes is refused once the merger is undone, also when that happens after the
// scope was made. fault.NotFound when origin was not merged into id, or not yet.
func (db *DB) ScopeAs(ctx context.Context, id, origin ID) (Scope, error) {
	r, err := db.snapshot(ctx)
	if err != nil {
		return Scope{}, err
	}
	if !slices.ContainsFunc(r.origins(id, dayOf(db.clock())), func(l Lineage) bool { return l.Origin == origin }) {
		return Scope{}, fault.NotFound
	}
	s, err := db.Scope(ctx, origin)
	if err != nil {
		return Scope{}, err
	}
	successor, err := db.Scope(ctx, id)
	s.frozen = cmp.Or(s.frozen, successor.frozen)
	s.heir = id
	return s.Alone(), err
}

// InEffect reports whether the merger is in effect at an instant: from the beginning of its day, Vietnam's time.
func (l Lineage) InEffect(at time.Time) bool { return !l.Effective.After(dayOf(at)) }

// New is what the registration of a tenant needs.
type New struct {
	Province unit.Code // official code of the province
	On       time.Time // the day at which the code is read: codes were re-used in 2025
	Name     string    // "" means the official name
	Slug     string    // "" means made from the name
	Colour   string
	Contact  string
	State    State // Draft or Active
}

// Register puts a province into the registry. Errors: fault.Invalid for a wrong field, fault.Conflict when the
// province or the subdomain is taken.
func Register(ctx context.Context, tx Platform, n New) (Tenant, error) {
	var wrong fault.Invalid
	province, err := unit.Lookup(unit.Province, n.Province, n.On)
	if err != nil {
		wrong.Add("province", "%s", fault.Message(err))
		return Tenant{}, wrong.Err()
	}
	t := Tenant{Slug: n.Slug, Name: n.Name, Unit: province.Ref.String(), State: n.State, Colour: n.Colour, Contact: n.Contact}
	if t.Name == "" {
		t.Name = province.Name
	}
	if t.Slug == "" {
		t.Slug = province.Slug
	}
	if len([]rune(t.Name)) > 100 {
		wrong.Add("name", "Tên dài quá 100 ký tự.")
	}
	checkSlug(&wrong, t.Slug, province.Slug, nil, n.On)
	CheckColour(&wrong, "colour", t.Colour)
	checkContact(&wrong, t.Contact)
	if err := wrong.Err(); err != nil {
		return Tenant{}, err
	}
	if t.State == Active {
		now := tx.Now()
		t.ActiveAt = &now
	}
	t.CreatedAt = tx.Now()
	t.ID, err = Value[ID](ctx, tx, `
		insert into tenant.tenant (slug, name, unit, state, colour, contact, active_at, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		returning id`, t.Slug, t.Name, t.Unit, t.State, t.Colour, t.Contact, t.ActiveAt, t.CreatedAt)
	return t, taken(err, t)
}

// taken says which part of a tenant another one has already.
func taken(err error, t Tenant) error {
	switch {
	case err == nil:
		return nil
	case Violates(err, "tenant_slug_key"):
		return fault.Say(fault.Conflict, "Tên miền con “%s” đã có tỉnh khác dùng.", t.Slug)
	case Violates(err, "tenant_unit_key"):
		return fault.Say(fault.Conflict, "%s đã có trên hệ thống.", t.Name)
	}
	return fmt.Errorf("register %s: %w", t.Slug, err)
}

// Address gives a registered province that does not run yet its subdomain and, unless "", its own domain; base is the
// platform's host. Errors: fault.Invalid for "slug" and "domain", a fault.Conflict when they are taken; fault.Conflict
// when the province runs.
func Address(ctx context.Context, tx Platform, id ID, slug, domain, base string) (Tenant, error) {
	t, err := draftOf(ctx, tx, id)
	if err != nil {
		return Tenant{}, err
	}
	if err := CheckAddress(ctx, tx, t, slug, domain, base); err != nil {
		return Tenant{}, err
	}
	_, err = tx.Exec(ctx, `
		update tenant.tenant
		set slug = $2, domain = $3
		where id = $1`, id, slug, domain)
	switch {
	case Violates(err, "tenant_slug_key"):
		return t, fault.Taken("slug", "Tên miền con “%s” đã có tỉnh khác dùng.", slug)
	case Violates(err, "tenant_domain"):
		return t, fault.Taken("domain", "Tên miền “%s” đã có tỉnh khác dùng.", domain)
	}
	t.Slug, t.Domain = slug, domain
	return t, err
}

// CheckAddress is what Address checks.
func CheckAddress(ctx context.Context, tx Platform, t Tenant, slug, domain, base string) error {
	others, err := List[Place](ctx, tx, `
		select slug, domain
		from tenant.tenant
		where id <> $1`, t.ID)
	if err != nil {
		return err
	}
	var wrong fault.Invalid
	CheckPlace(&wrong, t, Place{slug, domain}, others, base, tx.Now())
	return wrong.Err()
}

// draftOf returns a province that does not run yet, and holds it until the transaction ends. The lock lets foreign keys
// through: rows of the province may be written beside it.
func draftOf(ctx context.Context, tx Platform, id ID) (Tenant, error) {
	t, err := One[Tenant](ctx, tx, `
		select `+tenantColumns+`
		from tenant.tenant
		where id = $1
		for no key update`, id)
	if err == nil && t.State != Draft {
		err = fault.Say(fault.Conflict, "%s đã được đưa vào vận hành.", t.Name)
	}
	return t, err
}

// Activate onboards a registered province with a colour and a contact.
func Activate(ctx context.Context, tx Platform, by By, id ID, colour, contact string) (Tenant, error) {
	t, err := draftOf(ctx, tx, id)
	if err != nil {
		return Tenant{}, err
	}
	var wrong fault.Invalid
	CheckColour(&wrong, "colour", colour)
	checkContact(&wrong, contact)
	if err := wrong.Err(); err != nil {
		return Tenant{}, err
	}
	now := tx.Now()
	t.Colour, t.Contact, t.ActiveAt = colour, contact, &now
	if _, err = tx.Exec(ctx, `
		update tenant.tenant
		set colour = $2, contact = $3, active_at = $4
		where id = $1`, id, colour, contact, now); err != nil {
		return t, taken(err, t)
	}
	err = changeState(ctx, tx, by, t, Active, "Đưa vào vận hành")
	t.State = Active
	return t, err
}

// Succeed notes that successor reads the rows of origin from effective on, by the resolution basis. The origin's state
// becomes Merged when that day has come; no row moves. Merge, which checks and keeps the history, is the way to call it.
func Succeed(ctx context.Context, tx Platform, l Lineage) error {
	if l.Successor == l.Origin {
		return fault.Say(fault.Conflict, "Một tỉnh không thể sáp nhập vào chính nó.")
	}
	l.Effective = dayOf(l.Effective)
	if _, err := tx.Exec(ctx, `
		insert into tenant.lineage (successor, origin, effective, basis, created_at)
		values ($1, $2, $3, $4, $5)`, l.Successor, l.Origin, l.Effective, l.Basis, tx.Now()); err != nil {
		return fmt.Errorf("note the merger: %w", err)
	}
	if l.Effective.After(dayOf(tx.Now())) {
		return nil
	}
	_, err := tx.Exec(ctx, `
		update tenant.tenant
		set state = $2
		where id = $1`, l.Origin, Merged)
	return err
}
