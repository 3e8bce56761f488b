package tenant

import (
	"context"
	"fmt"
	"regexp"
	"slices"
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
	Suspended State = "suspended" // read only
	Merged    State = "merged"    // its rows are read by its successor
	Archived  State = "archived"
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
	ActiveAt  *time.Time
	CreatedAt time.Time
}

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
}

// registryCache holds the newest snapshot. One caller at a time reads a new one; the others go on with what there is.
type registryCache struct {
	newest  atomic.Pointer[registry]
	refresh sync.Mutex
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
	r := &registry{at: time.Now()}
	err := db.within(ctx, db.lookup, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(t pgx.Tx) (err error) {
		tx := Platform{open: &open{tx: t, now: db.clock()}}
		r.tenants, err = List[Tenant](ctx, tx, `
			select id, slug, name, unit, state, colour, contact, active_at, created_at
			from tenant.tenant
			order by name collate "vi-x-icu"`)
		if err != nil {
			return err
		}
		r.lineage, err = List[Lineage](ctx, tx, `
			select successor, origin, effective, basis
			from tenant.lineage
			order by successor, origin`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the registry of tenants: %w", err)
	}
	c.newest.Store(r)
	return r, nil
}

// Forget drops the snapshot of the registry, so that the next use reads it anew.
func (db *DB) Forget() { db.registry.newest.Store(nil) }

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
	return r.origins(id, db.clock()), nil
}

// origins follows the lineage that is in effect down from id; a lineage in a circle ends where it began.
func (r *registry) origins(id ID, now time.Time) []Lineage {
	var found []Lineage
	seen := map[ID]bool{id: true}
	for next := []ID{id}; len(next) > 0; next = next[1:] {
		for _, l := range r.lineage {
			if l.Successor == next[0] && !seen[l.Origin] && !l.Effective.After(now) {
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
	s := Scope{home: id, reads: []ID{id}, frozen: state == Suspended || state == Archived}
	for _, l := range r.origins(id, db.clock()) {
		s.reads = append(s.reads, l.Origin)
	}
	return s, nil
}

// ScopeAs returns the scope in which somebody of a successor works on the records of a province that was merged into it:
// it reads and writes as the origin. fault.NotFound when origin was not merged into id, or not yet.
func (db *DB) ScopeAs(ctx context.Context, id, origin ID) (Scope, error) {
	r, err := db.snapshot(ctx)
	if err != nil {
		return Scope{}, err
	}
	if !slices.ContainsFunc(r.origins(id, db.clock()), func(l Lineage) bool { return l.Origin == origin }) {
		return Scope{}, fault.NotFound
	}
	s, err := db.Scope(ctx, origin)
	if err != nil {
		return Scope{}, err
	}
	successor, err := db.Scope(ctx, id)
	s.frozen = s.frozen || successor.frozen
	return s.Alone(), err
}

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

var slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// reservedSlugs are subdomains that the platform itself uses.
var reservedSlugs = []string{"www", "api", "static", "admin", "mail", "id", "bo", "qr", "txng"}

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
	switch {
	case !slugForm.MatchString(t.Slug) || len(t.Slug) > 40:
		wrong.Add("slug", "Tên miền con chỉ gồm chữ thường không dấu, chữ số và dấu gạch ngang, tối đa 40 ký tự. Ví dụ: %s", province.Slug)
	case slices.Contains(reservedSlugs, t.Slug):
		wrong.Add("slug", "Tên miền con “%s” dành riêng cho hệ thống.", t.Slug)
	}
	if t.Colour != "" && !colourForm.MatchString(t.Colour) {
		wrong.Add("colour", "Màu viết dạng #rrggbb, ví dụ #0b5d4e.")
	}
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

var colourForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

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

// Activate onboards a registered province under a name, subdomain and colour of its choice.
func Activate(ctx context.Context, tx Platform, by By, id ID, slug, colour, contact string) (Tenant, error) {
	t, err := One[Tenant](ctx, tx, `
		select id, slug, name, unit, state, colour, contact, active_at, created_at
		from tenant.tenant
		where id = $1
		for update`, id)
	if err != nil {
		return Tenant{}, err
	}
	if t.State != Draft {
		return Tenant{}, fault.Say(fault.Conflict, "%s đã được đưa vào vận hành.", t.Name)
	}
	var wrong fault.Invalid
	if !slugForm.MatchString(slug) || len(slug) > 40 || slices.Contains(reservedSlugs, slug) {
		wrong.Add("slug", "Tên miền con chỉ gồm chữ thường không dấu, chữ số và dấu gạch ngang, tối đa 40 ký tự. Ví dụ: %s", t.Slug)
	}
	if colour != "" && !colourForm.MatchString(colour) {
		wrong.Add("colour", "Màu viết dạng #rrggbb, ví dụ #0b5d4e.")
	}
	if len([]rune(contact)) > 500 {
		wrong.Add("contact", "Thông tin liên hệ dài quá 500 ký tự.")
	}
	if err := wrong.Err(); err != nil {
		return Tenant{}, err
	}
	now := tx.Now()
	t.Slug, t.Colour, t.Contact, t.ActiveAt = slug, colour, contact, &now
	if _, err = tx.Exec(ctx, `
		update tenant.tenant
		set slug = $2, colour = $3, contact = $4, active_at = $5
		where id = $1`, id, slug, colour, contact, now); err != nil {
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
	if _, err := tx.Exec(ctx, `
		insert into tenant.lineage (successor, origin, effective, basis, created_at)
		values ($1, $2, $3, $4, $5)`, l.Successor, l.Origin, l.Effective, l.Basis, tx.Now()); err != nil {
		return fmt.Errorf("note the merger: %w", err)
	}
	if l.Effective.After(tx.Now()) {
		return nil
	}
	_, err := tx.Exec(ctx, `
		update tenant.tenant
		set state = $2
		where id = $1`, l.Origin, Merged)
	return err
}
