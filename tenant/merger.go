package tenant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"txng/tenant/fault"
	"txng/tenant/unit"
)

// Merger is the merging of a province into another one by a resolution: the successor reads the origin's rows from
// Effective on. No row moves, so that it can be taken back.
type Merger struct {
	ID                int64
	Origin, Successor ID
	Effective         time.Time // a day, at 00:00 UTC
	Basis             string    // the resolution: "Nghị quyết 202/2025/QH15"
	Memberships       []int64   // roles in the successor that officers of the origin got with it
	MadeBy            string
	MadeByAccount     int64
	CreatedAt         time.Time
	UndoneAt          *time.Time
	UndoneBy          string
	UndoReason        string
}

const mergerColumns = `id, origin, successor, effective, basis, memberships, made_by, made_by_account, created_at,
	undone_at, undone_by, undo_reason`

// NewMerger is what a merger is made from.
type NewMerger struct {
	Origin, Successor ID
	Effective         time.Time // any instant of the day, Vietnam's time
	Basis             string
	By                By
}

// atlasSince is the first day of which it is known which provinces there were.
var atlasSince = time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)

// farthest is how long before its day a merger may be entered.
const farthest = 366 * 24 * time.Hour

// Merge notes a merger. Of two at the same time that touch the same province, the second sees the first. Errors:
// fault.Invalid for effective and basis; fault.Conflict when the provinces cannot be merged as they are.
func Merge(ctx context.Context, tx Platform, n NewMerger) (Merger, error) {
	if n.Origin == n.Successor {
		return Merger{}, fault.Say(fault.Conflict, "Một tỉnh không thể sáp nhập vào chính nó.")
	}
	// The table is small and mergers are rare: one at a time, so that two can make no circle together.
	if _, err := tx.Exec(ctx, "lock table tenant.merger in share row exclusive mode"); err != nil {
		return Merger{}, err
	}
	origin, successor, err := both(ctx, tx, n.Origin, n.Successor)
	if err != nil {
		return Merger{}, err
	}
	day := dayOf(n.Effective)
	basis := strings.TrimSpace(n.Basis)
	if err := mayMove(ctx, tx, origin, successor, day, basis, "sáp nhập"); err != nil {
		return Merger{}, err
	}
	lineage, err := List[Lineage](ctx, tx, `
		select successor, origin, effective, basis
		from tenant.lineage`)
	if err != nil {
		return Merger{}, err
	}
	for _, l := range lineage {
		if l.Origin == n.Origin {
			into, err := successorOf(ctx, tx, n.Origin)
			if err != nil {
				return Merger{}, err
			}
			return Merger{}, fault.Say(fault.Conflict, "%s đã được ghi nhận sáp nhập vào %s trước đó (%s).", origin.Name, into, l.Basis)
		}
	}
	all := registry{lineage: lineage}
	if slices.ContainsFunc(all.origins(n.Origin, farFuture), func(l Lineage) bool { return l.Origin == n.Successor }) {
		return Merger{}, fault.Say(fault.Conflict, "%s đã sáp nhập vào %s; không thể sáp nhập ngược lại.", successor.Name, origin.Name)
	}
	m := Merger{
		ID: tx.NewID(), Origin: n.Origin, Successor: n.Successor, Effective: day, Basis: basis, Memberships: []int64{},
		MadeBy: n.By.Name, MadeByAccount: n.By.Account, CreatedAt: tx.Now(),
	}
	if _, err := tx.Exec(ctx, `
		insert into tenant.merger (id, origin, successor, effective, basis, made_by, made_by_account, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		m.ID, m.Origin, m.Successor, m.Effective, m.Basis, m.MadeBy, m.MadeByAccount, m.CreatedAt); err != nil {
		return Merger{}, fmt.Errorf("note the merger: %w", err)
	}
	if err := Succeed(ctx, tx, Lineage{Successor: m.Successor, Origin: m.Origin, Effective: m.Effective, Basis: m.Basis}); err != nil {
		return Merger{}, err
	}
	if m.Effective.After(dayOf(tx.Now())) {
		return m, nil
	}
	return m, changeState(ctx, tx, n.By, origin, Merged, "Sáp nhập vào "+successor.Name+", "+m.Basis)
}

// farFuture is a day on which every merger that is noted is in effect.
var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// dayOf returns the day it is in Vietnam at the instant, at 00:00 UTC, as dates come from the database.
func dayOf(t time.Time) time.Time {
	y, m, d := unit.DayOf(t).Time().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// mayMove says what stands against a merger of two provinces on a day, or against a cession of communes from the one to
// the other; what is the act in words.
func mayMove(ctx context.Context, tx Platform, origin, successor Tenant, day time.Time, basis, what string) error {
	var wrong fault.Invalid
	if n := utf8.RuneCountInString(basis); n < 3 || n > 200 {
		wrong.Add("basis", "Ghi căn cứ (nghị quyết), từ 3 đến 200 ký tự. Ví dụ: Nghị quyết 202/2025/QH15")
	} else if !utf8.ValidString(basis) || strings.ContainsFunc(basis, oddInLine) || strings.ContainsRune(basis, utf8.RuneError) {
		wrong.Add("basis", "Căn cứ có ký tự không đọc được; hãy gõ lại bằng bảng mã Unicode.")
	}
	for _, t := range []Tenant{origin, successor} {
		switch t.State {
		case Archived:
			return fault.Say(fault.Conflict, "%s đã lưu trữ, không %s được.", t.Name, what)
		case Draft:
			return fault.Say(fault.Conflict, "%s chưa vận hành trên hệ thống; hãy đưa vào vận hành trước.", t.Name)
		case Suspended:
			return fault.Say(fault.Conflict, "%s đang tạm dừng; hãy cho vận hành lại trước khi %s.", t.Name, what)
		case Merged:
			into, err := successorOf(ctx, tx, t.ID)
			if err != nil {
				return err
			}
			return fault.Say(fault.Conflict, "%s đã sáp nhập vào %s, không %s được.", t.Name, into, what)
		}
		since, err := existsSince(t)
		if err != nil {
			return err
		}
		if day.Before(since) {
			wrong.Add("effective", "Ngày hiệu lực %s quá sớm: danh mục đơn vị hành chính của hệ thống chỉ ghi nhận %s từ ngày %s.", day.Format("02/01/2006"), t.Name, since.Format("02/01/2006"))
			break
		}
	}
	if day.After(tx.Now().Add(farthest)) {
		wrong.Add("effective", "Ngày hiệu lực cách hôm nay quá một năm.")
	}
	return wrong.Err()
}

// successorOf returns the name of the province that a province is or will be merged into.
func successorOf(ctx context.Context, tx Platform, origin ID) (string, error) {
	into, err := Column[string](ctx, tx, `
		select t.name
		from tenant.lineage l
		join tenant.tenant t on t.id = l.successor
		where l.origin = $1`, origin)
	return cmp.Or(strings.Join(into, ", "), "tỉnh khác"), err
}

// existsSince returns the first day on which a tenant's province is known to exist.
func existsSince(t Tenant) (time.Time, error) {
	ref, err := unit.ParseRef(t.Unit)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the unit of %s: %w", t.Slug, err)
	}
	u, ok := unit.ByRef(ref)
	if !ok || u.From.IsZero() {
		return atlasSince, nil
	}
	return dayOf(u.From), nil
}

// Expected returns the name of the province that the tenant's province went to by the units' own history, "" when none
// is known: for a warning to who enters another.
func (t Tenant) Expected() string {
	ref, err := unit.ParseRef(t.Unit)
	if err != nil {
		return ""
	}
	if links := unit.Successors(ref); len(links) > 0 {
		return links[0].Name
	}
	return ""
}

// byID returns a tenant as it stands in the transaction.
func byID(ctx context.Context, tx Platform, id ID) (Tenant, error) {
	t, err := One[Tenant](ctx, tx, `
		select `+tenantColumns+`
		from tenant.tenant
		where id = $1
		for no key update`, id)
	if errors.Is(err, fault.NotFound) {
		err = fault.Say(fault.NotFound, "Không có tỉnh, thành phố này trên hệ thống.")
	}
	return t, err
}

// both returns two tenants as they stand in the transaction. Whoever holds two holds them in the same order, so that
// nobody waits for each other.
func both(ctx context.Context, tx Platform, a, b ID) (of, other Tenant, err error) {
	if a > b {
		other, of, err = both(ctx, tx, b, a)
		return of, other, err
	}
	if of, err = byID(ctx, tx, a); err == nil {
		other, err = byID(ctx, tx, b)
	}
	return of, other, err
}

// KeepMemberships notes the roles that officers got with a merger, which end when it is undone.
func (m Merger) KeepMemberships(ctx context.Context, tx Platform, ids []int64) error {
	_, err := tx.Exec(ctx, `
		update tenant.merger
		set memberships = memberships || $2
		where id = $1`, m.ID, ids)
	return err
}

// Mergers returns all mergers that a tenant has a part in, those undone too, the newest first.
func Mergers(ctx context.Context, tx Platform, of ID) ([]Merger, error) {
	return List[Merger](ctx, tx, `
		select `+mergerColumns+`
		from tenant.merger
		where origin = $1 or successor = $1
		order by id desc`, of)
}

// MergerOf returns the merger of a province that is in force, fault.NotFound when there is none.
func MergerOf(ctx context.Context, tx Platform, origin ID) (Merger, error) {
	return One[Merger](ctx, tx, `
		select `+mergerColumns+`
		from tenant.merger
		where origin = $1 and undone_at is null`, origin)
}

// Undo takes a merger back: the successor no longer reads the origin's rows, and the origin runs on its own again. It
// waits for transactions in which somebody of a successor writes as the origin, or as one that was merged into the origin
// before, so that the caller sees all of their work; none begins before it ends (holdMerger).
// Whether anything depends on the merger beside a further one, which is a fault.Conflict, the caller has asked. Errors:
// fault.Invalid for reason; fault.Conflict when it was undone before.
func Undo(ctx context.Context, tx Platform, m Merger, by By, reason string) error {
	reason = strings.TrimSpace(reason)
	if n := utf8.RuneCountInString(reason); n < 10 || n > 500 {
		return fault.Invalid{{Name: "reason", Message: "Nêu lý do hủy sáp nhập, từ 10 đến 500 ký tự."}}
	}
	if _, err := tx.Exec(ctx, "lock table tenant.merger in share row exclusive mode"); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		with recursive written as (
			select $1::int as id
			union
			select l.origin
			from written
			join tenant.lineage l on l.successor = written.id
		)
		select pg_advisory_xact_lock(hashtext('tenant.lineage'), id)
		from written
		order by id`, m.Origin); err != nil {
		return fmt.Errorf("wait for those who work as an origin: %w", err)
	}
	onward, err := Column[string](ctx, tx, `
		select t.name
		from tenant.merger m
		join tenant.tenant t on t.id = m.successor
		where m.origin = $1 and m.undone_at is null`, m.Successor)
	if err != nil {
		return err
	}
	if len(onward) > 0 {
		return fault.Say(fault.Conflict, "Tỉnh kế thừa đã sáp nhập tiếp vào %s; hãy hủy lần sáp nhập sau trước.", onward[0])
	}
	origin, err := byID(ctx, tx, m.Origin)
	if err != nil {
		return err
	}
	if origin.State == Archived {
		return fault.Say(fault.Conflict, "%s đã lưu trữ. Hãy mở lại từ lưu trữ trước khi hủy sáp nhập.", origin.Name)
	}
	if err := cededSince(ctx, tx, m); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `
		update tenant.merger
		set undone_at = $2, undone_by = $3, undo_reason = $4
		where id = $1 and undone_at is null`, m.ID, tx.Now(), cmp.Or(by.Name, "—"), reason)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.Say(fault.Conflict, "Lần sáp nhập này đã được hủy trước đó.")
	}
	if _, err := tx.Exec(ctx, `
		delete from tenant.lineage
		where successor = $1 and origin = $2`, m.Successor, m.Origin); err != nil {
		return err
	}
	if origin.State != Merged {
		return nil
	}
	return changeState(ctx, tx, by, origin, Active, "Hủy sáp nhập: "+reason)
}

// cededSince refuses a merger whose successor gave communes of the origin, or of one that was merged into the origin
// before, to another province.
func cededSince(ctx context.Context, tx Platform, m Merger) error {
	provinces, err := Column[string](ctx, tx, `
		with recursive merged as (
			select $1::int as id
			union
			select l.origin
			from merged
			join tenant.lineage l on l.successor = merged.id
		)
		select unit
		from merged
		join tenant.tenant using (id)`, m.Origin)
	if err != nil {
		return err
	}
	given, err := List[struct {
		Units []string
		Name  string
	}](ctx, tx, `
		select p.units, t.name
		from tenant.part p
		join tenant.tenant t on t.id = p.successor
		where p.origin = $1 and p.undone_at is null
		order by p.id`, m.Successor)
	if err != nil {
		return err
	}
	for _, g := range given {
		for _, text := range areaOf(g.Units, farFuture) {
			ref, _ := unit.ParseRef(text)
			if u, ok := unit.ByRef(ref); ok && slices.Contains(provinces, u.ProvinceRef.String()) {
				return fault.Say(fault.Conflict, "Không hủy được: sau khi sáp nhập, địa bàn của %s đã chuyển sang %s. Hãy hủy việc chuyển đó trước.", u.Address(u.From), g.Name)
			}
		}
	}
	return nil
}

// holdMerger keeps the mergers by which the scope works on an origin's records from being undone until the transaction
// ends. fault.Conflict when they are being undone or were.
func (t Tx) holdMerger(ctx context.Context) error {
	var held, merged bool
	// Tried and not waited for: who undoes waits for this transaction, and needs a connection to look at its work.
	if err := t.tx.QueryRow(ctx, "select pg_try_advisory_xact_lock_shared(hashtext('tenant.lineage'), $1)", t.scope.home).Scan(&held); err != nil {
		return translate(err)
	}
	if !held {
		return fault.Say(fault.Conflict, "Một lần sáp nhập đang được hủy. Xin thử lại sau ít giây.")
	}
	if err := t.tx.QueryRow(ctx, `
		with recursive read as (
			select $1::int as id
			union
			select l.origin
			from read
			join tenant.lineage l on l.successor = read.id
		)
		select exists (select from read where id = $2)`, t.scope.heir, t.scope.home).Scan(&merged); err != nil {
		return translate(err)
	}
	if !merged {
		return fault.Say(fault.Conflict, "Việc sáp nhập vừa được hủy: hồ sơ này thuộc tỉnh cũ, không còn ghi được từ đây.")
	}
	return nil
}

// SettleMergers gives provinces whose merger has come into effect by now their state, and returns how many there were.
// Their rows are read by the successor from the first instant of the day on, whether or not this has run.
func SettleMergers(ctx context.Context, db *DB) (int64, error) {
	var n int64
	err := db.Platform(ctx, func(tx Platform) (err error) {
		due, err := List[struct {
			Origin ID
			Basis  string
		}](ctx, tx, `
			select l.origin, l.basis
			from tenant.lineage l
			join tenant.tenant t on t.id = l.origin
			where l.effective <= $1 and t.state = $2`, dayOf(tx.Now()), Active)
		if err != nil {
			return err
		}
		for _, d := range due {
			t, err := byID(ctx, tx, d.Origin)
			if err != nil {
				return err
			}
			if t.State != Active {
				continue // another instance was quicker
			}
			if err := changeState(ctx, tx, By{Name: "Hệ thống"}, t, Merged, "Đến ngày hiệu lực sáp nhập, "+d.Basis); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if n > 0 {
		db.Forget()
	}
	return n, err
}
