package tenant

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"txng/tenant/fault"
	"txng/tenant/unit"
)

// Part is some communes of a province that went to another one by a resolution: from Effective on, the successor looks
// after the organizations there. Their rows stay with the origin, so that it can be taken back.
type Part struct {
	ID                int64
	Origin, Successor ID
	Units             []string  // unit.Ref texts of the communes, as the origin has them
	Effective         time.Time // a day, at 00:00 UTC
	Basis             string
	MadeBy            string
	MadeByAccount     int64
	CreatedAt         time.Time
	UndoneAt          *time.Time
	UndoneBy          string
	UndoReason        string

	// Of the registry only:
	tenants []ID     // the origin, and the provinces that were merged into it
	area    []string // Units with the former communes all of which went to one of them, and their heirs
}

// Standing returns the tenants whose organizations go with the part, and the units in which these stand, as records have
// them: those with an address of before a reform too. A part that is not of the registry (Ceded, Gave, Took, PartsOf) has
// those of its origin that stand in its communes.
func (p Part) Standing() (tenants []ID, units []string) {
	if len(p.tenants) == 0 {
		return []ID{p.Origin}, p.Units
	}
	return p.tenants, p.area
}

// Join returns the part with the communes of another one of the same origin.
func (p Part) Join(o Part) Part {
	p.Units, p.area = slices.Concat(p.Units, o.Units), slices.Concat(p.area, o.area)
	return p
}

// settled returns a part of the registry with the tenants whose organizations go with it on a day.
func (r *registry) settled(p Part, day time.Time) Part {
	p.tenants = []ID{p.Origin}
	for _, l := range r.origins(p.Origin, day) {
		p.tenants = append(p.tenants, l.Origin)
	}
	return p
}

// areaOf returns communes with the units whose records stand in them beyond doubt on a day. What is no unit stays alone.
func areaOf(communes []string, day time.Time) (area []string) {
	for _, text := range communes {
		ref, err := unit.ParseRef(text)
		if err != nil {
			area = append(area, text)
			continue
		}
		for _, u := range unit.Core(ref, day) {
			if s := u.String(); !slices.Contains(area, s) {
				area = append(area, s)
			}
		}
	}
	return area
}

const partColumns = `id, origin, successor, units, effective, basis, made_by, made_by_account, created_at, undone_at, undone_by, undo_reason`

// maxPart is the largest number of communes that go at once.
const maxPart = 500

// NewPart is what a Part is made from.
type NewPart struct {
	Origin, Successor ID
	Units             []string
	Effective         time.Time
	Basis             string
	By                By
}

// Cede notes that communes of a province go to another one. Errors: fault.Invalid for units, effective and basis;
// fault.Conflict when the provinces cannot, as for Merge.
func Cede(ctx context.Context, tx Platform, n NewPart) (Part, error) {
	if n.Origin == n.Successor {
		return Part{}, fault.Say(fault.Conflict, "Xã, phường không thể chuyển sang chính tỉnh của mình.")
	}
	if _, err := tx.Exec(ctx, "lock table tenant.part in share row exclusive mode"); err != nil {
		return Part{}, err
	}
	origin, successor, err := both(ctx, tx, n.Origin, n.Successor)
	if err != nil {
		return Part{}, err
	}
	p := Part{
		ID: tx.NewID(), Origin: n.Origin, Successor: n.Successor, Effective: dayOf(n.Effective), Basis: strings.TrimSpace(n.Basis),
		MadeBy: cmp.Or(n.By.Name, "—"), MadeByAccount: n.By.Account, CreatedAt: tx.Now(),
	}
	p.Units = slices.Compact(slices.Sorted(slices.Values(n.Units)))
	if err := mayMove(ctx, tx, origin, successor, p.Effective, p.Basis, "chuyển xã, phường"); err != nil {
		return Part{}, err
	}
	if err := p.checkUnits(ctx, tx, origin); err != nil {
		return Part{}, err
	}
	_, err = tx.Exec(ctx, `
		insert into tenant.part (id, origin, successor, units, effective, basis, made_by, made_by_account, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		p.ID, p.Origin, p.Successor, p.Units, p.Effective, p.Basis, p.MadeBy, p.MadeByAccount, p.CreatedAt)
	if err != nil {
		return Part{}, fmt.Errorf("note the part: %w", err)
	}
	return p, nil
}

// checkUnits refuses what is no commune of the province until the day, and what has gone already.
func (p Part) checkUnits(ctx context.Context, tx Platform, origin Tenant) error {
	if len(p.Units) == 0 || len(p.Units) > maxPart {
		return fault.Invalid{{Name: "units", Message: fmt.Sprintf("Chọn từ 1 đến %d xã, phường, đặc khu.", maxPart)}}
	}
	province, err := unit.ParseRef(origin.Unit)
	if err != nil {
		return fmt.Errorf("read the unit of %s: %w", origin.Slug, err)
	}
	for _, text := range p.Units {
		ref, err := unit.ParseRef(text)
		u, ok := unit.ByRef(ref)
		if err != nil || !ok || u.Level != unit.Commune || u.ProvinceRef != province {
			return fault.Invalid{{Name: "units", Message: "Chỉ chọn được xã, phường, đặc khu của " + origin.Name + "."}}
		}
	}
	var now registry
	if now.lineage, err = List[Lineage](ctx, tx, `
		select successor, origin, effective, basis
		from tenant.lineage`); err != nil {
		return err
	}
	open, err := List[Part](ctx, tx, `
		select `+partColumns+`
		from tenant.part
		where undone_at is null
		order by id`)
	if err != nil {
		return err
	}
	p.area = areaOf(p.Units, p.Effective)
	p = now.settled(p, farFuture)
	for _, o := range open {
		o.area = areaOf(o.Units, p.Effective)
		o = now.settled(o, farFuture)
		if !slices.ContainsFunc(o.tenants, func(id ID) bool { return slices.Contains(p.tenants, id) }) {
			continue
		}
		if i := slices.IndexFunc(p.area, func(u string) bool { return slices.Contains(o.area, u) }); i >= 0 {
			ref, _ := unit.ParseRef(p.area[i])
			u, _ := unit.ByRef(ref)
			return fault.Invalid{{Name: "units", Message: u.FullName + " đã chuyển sang tỉnh khác trước đó."}}
		}
	}
	return nil
}

// Parts returns what a province gave away and took over, also what was taken back, the newest first.
func Parts(ctx context.Context, tx Platform, of ID) ([]Part, error) {
	return List[Part](ctx, tx, `
		select `+partColumns+`
		from tenant.part
		where origin = $1 or successor = $1
		order by id desc`, of)
}

// Reclaim takes a part back. Errors: fault.Invalid for reason; fault.NotFound for a part that is none of the origin's or
// was taken back.
func Reclaim(ctx context.Context, tx Platform, by By, origin ID, id int64, reason string) (Part, error) {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < 10 || n > 500 {
		return Part{}, fault.Invalid{{Name: "reason", Message: "Nêu lý do, từ 10 đến 500 ký tự."}}
	}
	return One[Part](ctx, tx, `
		update tenant.part
		set undone_at = $3, undone_by = $4, undo_reason = $5
		where origin = $1 and id = $2 and undone_at is null
		returning `+partColumns, origin, id, tx.Now(), cmp.Or(by.Name, "—"), reason)
}

// Ceded returns the parts of other provinces that a tenant looks after now: those that went to it, and to provinces that
// were merged into it since; one for each tenant whose organizations stand there, as Origin. What the tenant reads whole,
// because it was merged into it too, is not among them.
func (db *DB) Ceded(ctx context.Context, to ID) ([]Part, error) {
	r, err := db.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	day := dayOf(db.clock())
	reads := []ID{to}
	for _, l := range r.origins(to, day) {
		reads = append(reads, l.Origin)
	}
	var list []Part
	for _, p := range r.parts {
		if !slices.Contains(reads, p.Successor) || p.Effective.After(day) {
			continue
		}
		p = r.settled(p, day)
		for _, of := range p.tenants {
			if !slices.Contains(reads, of) {
				p.Origin = of
				list = append(list, p)
			}
		}
	}
	return list, nil
}

// ScopeOfPart returns the scope in which somebody of a tenant works on organizations of a part that it looks after (Ceded):
// it reads and writes as the origin, confined to them. orgs are to be those that stand in the part's communes; the empty set
// sees none. fault.NotFound when the tenant does not look after the part.
func (db *DB) ScopeOfPart(ctx context.Context, by ID, p Part, orgs Orgs) (Scope, error) {
	ceded, err := db.Ceded(ctx, by)
	if err != nil {
		return Scope{}, err
	}
	if !slices.ContainsFunc(ceded, func(c Part) bool { return c.ID == p.ID && c.Origin == p.Origin }) {
		return Scope{}, fault.NotFound
	}
	s, err := db.Scope(ctx, p.Origin)
	if err != nil {
		return Scope{}, err
	}
	successor, err := db.Scope(ctx, by)
	s.frozen = cmp.Or(s.frozen, successor.frozen)
	return s.Alone().Only(orgs), err
}

// Area returns the scope that reads the organizations of a part: of its Origin, confined to where they stand.
func (db *DB) Area(ctx context.Context, p Part) (Scope, error) {
	s, err := db.Scope(ctx, p.Origin)
	_, units := p.Standing()
	return s.Alone().Within(units), err
}

// Moved is a part in effect as one of its two sides sees it, with the province on the other side.
type Moved struct {
	Part
	Other Tenant
}

// moved returns the parts in effect on a day that went out of a set of provinces, and those that came into it.
func (r *registry) moved(reads []ID, day time.Time) (gave, took []Moved) {
	for _, p := range r.parts {
		from, to := slices.Contains(reads, p.Origin), slices.Contains(reads, p.Successor)
		if from == to || p.Effective.After(day) {
			continue
		}
		other := p.Successor
		if to {
			other = p.Origin
		}
		m := Moved{Part: r.settled(p, day)}
		if i := slices.IndexFunc(r.tenants, func(t Tenant) bool { return t.ID == other }); i >= 0 {
			m.Other = r.tenants[i]
		}
		if from {
			gave = append(gave, m)
		} else {
			took = append(took, m)
		}
	}
	return gave, took
}

// Gave returns the parts that went from the provinces whose rows the scope reads to others. A narrowed scope (Reading,
// Alone) shows a province as it was: it has given nothing.
func (s Scope) Gave() []Moved { return s.gave }

// Took returns the parts that the provinces whose rows the scope reads look after for others; their rows are not among
// those that it reads. None in a narrowed scope, as in Gave, and none in one that is confined within its tenant.
func (s Scope) Took() []Moved {
	if s.confined() {
		return nil
	}
	return s.took
}

// Gave is Scope.Gave of the transaction's scope.
func (t Tx) Gave() []Moved {
	if t.open == nil {
		return nil
	}
	return t.scope.Gave()
}

// Took is Scope.Took of the transaction's scope.
func (t Tx) Took() []Moved {
	if t.open == nil {
		return nil
	}
	return t.scope.Took()
}

// PartsOf returns the parts in effect that a tenant itself gave, also those to provinces that were merged with it since.
func (db *DB) PartsOf(ctx context.Context, origin ID) ([]Part, error) {
	r, err := db.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	day := dayOf(db.clock())
	var list []Part
	for _, p := range r.parts {
		if p.Origin == origin && !p.Effective.After(day) {
			list = append(list, r.settled(p, day))
		}
	}
	return list, nil
}
