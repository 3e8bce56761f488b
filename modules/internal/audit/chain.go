package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"txng/tenant"
)

// Batch is about the largest number of entries that one Seal seals.
const Batch = 100_000

// page is how many entries or seals are read at once.
const page = 5000

// onePage is a page and one more, as it stands in a statement: a plan that is made for any number of rows is a poor one
// for this.
var onePage = strconv.Itoa(page + 1)

// content is an entry as it is sealed.
type content struct {
	ID        int64
	At        time.Time
	AccountID int64
	Who       string
	Role      string
	OrgID     int64
	Action    string
	Subject   string
	SubjectID int64
	What      string
	Address   string
	Before    *string
	After     *string
	ActingID  int64
	Acting    string
	Tx        uint64 // transaction that wrote it, 0 for one of before the chain; not sealed, as a restored database has others
}

const contentColumns = `e.id, e.at, e.account_id, e.who, e.role, e.org_id, e.action, e.subject, e.subject_id, e.what,
	e.address, e.before, e.after, e.acting_id, e.acting, coalesce(e.tx, '0'::xid8) as tx`

// seal is one link of the chain. Horizon is nil but on the last seal of a run that left nothing unsealed.
type seal struct {
	At      time.Time
	Horizon *uint64
	Hash    []byte
}

// link returns the hash that a seal over an entry has when it follows previous: SHA-256 over the hash before, the
// tenant, the seal's time and horizon, and all fields of the entry. Each is led by its length, so that no two different
// entries are encoded alike; nothing at all differs from an empty text. Who worked in the person's place comes last and
// only where somebody did, so that entries of before there was such a thing have the hashes that they have always had.
func link(previous []byte, of tenant.ID, s seal, e content) []byte {
	h := sha256.New()
	write := func(field string) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(field))))
		h.Write([]byte(field))
	}
	write(string(previous))
	write(strconv.Itoa(int(of)))
	write(stamp(s.At))
	if s.Horizon == nil {
		write("")
	} else {
		write(strconv.FormatUint(*s.Horizon, 10))
	}
	write(strconv.FormatInt(e.ID, 10))
	write(stamp(e.At))
	write(strconv.FormatInt(e.AccountID, 10))
	write(e.Who)
	write(e.Role)
	write(strconv.FormatInt(e.OrgID, 10))
	write(e.Action)
	write(e.Subject)
	write(strconv.FormatInt(e.SubjectID, 10))
	write(e.What)
	write(e.Address)
	for _, side := range []*string{e.Before, e.After} {
		if side == nil {
			write("")
			continue
		}
		write("=" + *side)
	}
	if e.ActingID != 0 || e.Acting != "" {
		write(strconv.FormatInt(e.ActingID, 10))
		write(e.Acting)
	}
	return h.Sum(nil)
}

// stamp writes a time as exactly as the database holds it.
func stamp(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// none is the hash before the first seal.
var none = make([]byte, sha256.Size)

// Seal chains the entries of the transaction's tenant that are not sealed yet, and returns their number; when that is
// Batch or more, call it again in another transaction. What commits after a run, whatever its number, is sealed by a
// later one. Two at a time: the second seals nothing.
//
// Of a big audit it looks at new entries only: those of transactions from the newest horizon on. In a database restored
// into another server, whose transaction numbers are behind, it looks at all until it has sealed something.
func Seal(ctx context.Context, tx tenant.Tx) (sealed int, err error) { return bookOf(tx).seal(ctx) }

// SealPlatform is Seal for the platform's own audit.
func SealPlatform(ctx context.Context, tx tenant.Platform) (sealed int, err error) {
	return platformBook(tx).seal(ctx)
}

func (b book) seal(ctx context.Context) (sealed int, err error) {
	mine, err := b.lock(ctx)
	if err != nil || !mine {
		return 0, err
	}
	last, err := newest(ctx, b)
	if err != nil {
		return 0, err
	}
	for from := last.start(); sealed < Batch; {
		rows, more, err := from.next(ctx, b)
		if err != nil {
			return 0, fmt.Errorf("find what is not sealed: %w", err)
		}
		if err := last.append(ctx, b, rows, !more); err != nil {
			return 0, fmt.Errorf("seal the audit: %w", err)
		}
		sealed += len(rows)
		if !more {
			break
		}
	}
	return sealed, nil
}

// place is a place among a tenant's entries in the order of their transactions.
type place struct {
	tx uint64
	id int64
}

// next returns the unsealed entries among the next ones after the place, which moves on, and whether there are more.
//
// Which are sealed is asked in a second statement: in one, PostgreSQL without statistics walks the whole chain for each.
func (p *place) next(ctx context.Context, b book) (unsealed []content, more bool, err error) {
	rows, err := listOf[content](ctx, b, `
		select `+contentColumns+`
		from audit.entry e
		where e.tenant_id = any ($1) and e.tenant_id = $2
		and (coalesce(e.tx, '0'::xid8), e.id) > ($3::xid8, $4::bigint)
		order by coalesce(e.tx, '0'::xid8), e.id
		limit `+onePage, b.of, p.tx, p.id)
	if err != nil {
		return nil, false, err
	}
	if more = len(rows) > page; more {
		rows = rows[:page]
	}
	if len(rows) == 0 {
		return nil, false, nil
	}
	*p = place{rows[len(rows)-1].Tx, rows[len(rows)-1].ID}
	first, last := rows[0].ID, rows[0].ID
	for _, r := range rows {
		first, last = min(first, r.ID), max(last, r.ID)
	}
	sealed, err := columnOf[int64](ctx, b, `
		select s.entry_id
		from audit.seal s
		where s.tenant_id = any ($1) and s.tenant_id = $2 and s.entry_id >= $3 and s.entry_id <= $4
		order by s.entry_id`, b.of, first, last)
	for _, r := range rows {
		if _, ok := slices.BinarySearch(sealed, r.ID); !ok {
			unsealed = append(unsealed, r)
		}
	}
	return unsealed, more, err
}

// head is the end of a tenant's chain, as a statement has seen it.
type head struct {
	Position int64
	Hash     []byte
	At       time.Time
	Horizon  uint64 // newest horizon, on this seal or before; 0 without one
	Xmin     uint64 // every transaction before this one has ended: the next horizon
	Foreign  bool   // the horizon is of another server
}

// newest returns the end of a book's chain.
func newest(ctx context.Context, b book) (head, error) {
	return oneOf[head](ctx, b, `
		select coalesce(s.position, 0) as position, coalesce(s.hash, $3) as hash, coalesce(s.at, 'epoch') as at,
			coalesce(h.horizon, '0'::xid8) as horizon, now.xmin as xmin, coalesce(h.horizon > now.xmin, false) as foreign
		from (select pg_snapshot_xmin(pg_current_snapshot()) as xmin) now
		left join lateral (
			select position, hash, at
			from audit.seal
			where tenant_id = any ($1) and tenant_id = $2
			order by position desc
			limit 1) s on true
		left join lateral (
			select horizon
			from audit.seal
			where tenant_id = any ($1) and tenant_id = $2 and horizon is not null
			order by position desc
			limit 1) h on true`, b.of, none)
}

// start returns the place from which on there may be unsealed entries.
func (h head) start() *place {
	if h.Horizon == 0 || h.Foreign {
		return &place{0, math.MinInt64}
	}
	return &place{h.Horizon, math.MinInt64}
}

// append seals entries behind the chain's end, which moves on. The last seal of a run that leaves nothing behind gets
// the run's horizon, which was taken before it looked for entries.
func (h *head) append(ctx context.Context, b book, entries []content, done bool) error {
	if len(entries) == 0 {
		return nil
	}
	now := b.now().Truncate(time.Microsecond)
	positions, ids := make([]int64, len(entries)), make([]int64, len(entries))
	hashes, horizons := make([][]byte, len(entries)), make([]*uint64, len(entries))
	for i, e := range entries {
		s := seal{At: now}
		if done && i == len(entries)-1 {
			s.Horizon, horizons[i] = &h.Xmin, &h.Xmin
		}
		h.Position++
		h.Hash = link(h.Hash, b.of, s, e)
		positions[i], ids[i], hashes[i] = h.Position, e.ID, h.Hash
	}
	return b.exec(ctx, `
		insert into audit.seal (tenant_id, position, entry_id, at, horizon, hash)
		select $1, s.position, s.entry_id, $2, s.horizon, s.hash
		from unnest($3::bigint[], $4::bigint[], $5::xid8[], $6::bytea[]) s (position, entry_id, horizon, hash)`,
		now, positions, ids, horizons, hashes)
}

// State is how far a tenant's audit is sealed.
type State struct {
	Sealed  int64     // entries that are
	At      time.Time // of the newest seal; of no meaning without one
	Waiting int       // entries that the next run will seal, as far as 5,000 after the newest horizon show
}

// StateOf returns how far the audit of the transaction's tenant is sealed, without verifying it.
func StateOf(ctx context.Context, tx tenant.Tx) (State, error) { return bookOf(tx).state(ctx) }

// StateOfPlatform is StateOf for the platform's own audit.
func StateOfPlatform(ctx context.Context, tx tenant.Platform) (State, error) {
	return platformBook(tx).state(ctx)
}

func (b book) state(ctx context.Context) (State, error) {
	last, err := newest(ctx, b)
	if err != nil {
		return State{}, err
	}
	waiting, _, err := last.start().next(ctx, b)
	return State{Sealed: last.Position, At: last.At, Waiting: len(waiting)}, err
}
