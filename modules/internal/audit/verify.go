package audit

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"txng/modules/internal/vi"
	"txng/tenant"
)

// Grace is how long an entry may stay unsealed, and how far apart the clocks of the deployment's instances may be. It is
// longer than any request or job of ours may take.
const Grace = 10 * time.Minute

// MaxFindings is the largest number of findings that a report names.
const MaxFindings = 100

// Kind is what was done to the audit behind the application's back.
type Kind string

// The kinds of findings.
const (
	Removed     Kind = "removed"      // an entry that was sealed is gone
	SealRemoved Kind = "seal removed" // seals are gone from within the chain
	Changed     Kind = "changed"      // an entry, or its seal, is not what was sealed
	Reordered   Kind = "reordered"    // the entry and its seal are genuine, in another place
	Added       Kind = "added"        // an entry that was not there when its time was sealed
	Late        Kind = "late"         // an entry that no seal has come to within Grace: added, or the sealing stands still
)

// Finding is one thing that is wrong with a tenant's audit.
type Finding struct {
	Kind     Kind
	Position int64 // of the seal; 0 for an entry without one
	Entry    int64 // number of the entry; 0 where only seals are known
	At       time.Time
	Who      string
	What     string
}

// String says the finding in a Vietnamese sentence, with the entry's number.
func (f Finding) String() string {
	entry := "dòng " + strconv.FormatInt(f.Entry, 10)
	if f.Who != "" {
		entry += fmt.Sprintf(" (%s, %s: %s)", vi.DateTime(f.At), f.Who, f.What)
	}
	place := "niêm phong số " + vi.Int(f.Position)
	switch f.Kind {
	case Removed:
		return "Mất dòng: " + entry + ", đã có " + place + "."
	case SealRemoved:
		return "Mất niêm phong: chuỗi bị khuyết ngay trước " + place + "."
	case Changed:
		return "Bị sửa: " + entry + ", " + place + " không còn khớp với nội dung, hoặc dòng đứng ngay trước đã bị lấy đi."
	case Reordered:
		return "Sai thứ tự: " + entry + ", " + place + " không nối tiếp niêm phong đứng trước."
	case Added:
		return "Thêm không qua hệ thống: " + entry + "."
	}
	return "Chưa niêm phong sau " + vi.Int(int64(Grace/time.Minute)) + " phút: " + entry + "."
}

// Report is what Verify found.
type Report struct {
	Sealed   int64     // seals that were checked
	Waiting  int       // entries that the next run will seal
	Head     []byte    // hash of the newest seal; nil without one
	At       time.Time // of the newest seal
	Found    int       // number of findings
	Findings []Finding // the first MaxFindings of them
	count    map[Kind]int
}

// add counts n findings of a kind, of which it names those that are given and for which there is room.
func (r *Report) add(k Kind, n int, named ...Finding) {
	if r.count == nil {
		r.count = map[Kind]int{}
	}
	r.count[k] += n
	r.Found += n
	r.Findings = append(r.Findings, named[:min(len(named), MaxFindings-len(r.Findings))]...)
}

// Forgive takes the findings of a kind out of the report.
func (r *Report) Forgive(k Kind) {
	r.Found -= r.count[k]
	delete(r.count, k)
	r.Findings = slices.DeleteFunc(r.Findings, func(f Finding) bool { return f.Kind == k })
}

// suspect is a seal whose hash does not follow from the seal before and its entry.
type suspect struct {
	seal
	previous []byte
	entry    content
	position int64
}

// Verify checks the chain of the transaction's tenant from its first seal, and every entry against it. Writers and Seal
// may go on meanwhile.
//
// It cannot know of what was cut off at the end of the chain together with its entries, nor of a chain that somebody with
// the owner's rights has computed anew: for that, compare Report.Head with one that was kept elsewhere.
func Verify(ctx context.Context, tx tenant.Tx) (Report, error) { return bookOf(tx).verify(ctx) }

// VerifyPlatform is Verify for the platform's own audit.
func VerifyPlatform(ctx context.Context, tx tenant.Platform) (Report, error) {
	return platformBook(tx).verify(ctx)
}

func (b book) verify(ctx context.Context) (Report, error) {
	r := Report{}
	suspects, err := r.followChain(ctx, b)
	if err != nil {
		return Report{}, fmt.Errorf("verify the audit's chain: %w", err)
	}
	for _, s := range suspects {
		kind := Changed
		if s.misplaced(b.of, suspects) {
			kind = Reordered
		}
		r.add(kind, 1, s.entry.finding(kind, s.position))
	}
	if err := r.lookForUnsealed(ctx, b); err != nil {
		return Report{}, fmt.Errorf("verify the audit's entries: %w", err)
	}
	return r, nil
}

func (e content) finding(k Kind, position int64) Finding {
	return Finding{Kind: k, Position: position, Entry: e.ID, At: e.At, Who: e.Who, What: e.What}
}

// followChain reads all seals in order, and returns those that do not fit.
func (r *Report) followChain(ctx context.Context, b book) (suspects []suspect, err error) {
	type row struct {
		seal
		Position int64
		EntryID  int64
	}
	previous := none
	position := int64(0)
	var settled time.Time // of the newest horizon: what has an earlier time was sealed by then
	for {
		rows, err := listOf[row](ctx, b, `
			select s.position, s.entry_id, s.at, s.horizon, s.hash
			from audit.seal s
			where s.tenant_id = any ($1) and s.tenant_id = $2 and s.position > $3
			order by s.position
			limit $4`, b.of, position, page)
		if err != nil {
			return nil, err
		}
		if len(rows) == 0 {
			return suspects, nil
		}
		ids := make([]int64, len(rows))
		for i, s := range rows {
			ids[i] = s.EntryID
		}
		entries, err := entriesOf(ctx, b, ids)
		if err != nil {
			return nil, err
		}
		for _, s := range rows {
			e, there := entries[s.EntryID]
			switch {
			case s.Position != position+1:
				r.add(SealRemoved, 1, Finding{Kind: SealRemoved, Position: s.Position})
			case there && !bytes.Equal(link(previous, b.of, s.seal, e), s.Hash):
				if len(suspects) < MaxFindings {
					suspects = append(suspects, suspect{s.seal, previous, e, s.Position})
				} else {
					r.add(Changed, 1)
				}
			}
			switch {
			case !there:
				r.add(Removed, 1, Finding{Kind: Removed, Position: s.Position, Entry: s.EntryID})
			case e.At.Add(Grace).Before(settled), e.At.After(s.At.Add(Grace)):
				r.add(Added, 1, e.finding(Added, s.Position))
			}
			if s.Horizon != nil {
				settled = s.At
			}
			previous, position = s.Hash, s.Position
			r.Sealed, r.Head, r.At = r.Sealed+1, s.Hash, s.At
		}
	}
}

func entriesOf(ctx context.Context, b book, ids []int64) (map[int64]content, error) {
	list, err := listOf[content](ctx, b, `
		select `+contentColumns+`
		from audit.entry e
		where e.tenant_id = any ($1) and e.tenant_id = $2 and e.id = any ($3)`, b.of, ids)
	entries := make(map[int64]content, len(list))
	for _, e := range list {
		entries[e.ID] = e
	}
	return entries, err
}

// misplaced reports whether the suspect was genuine with another suspect's entry, or after another suspect.
func (s suspect) misplaced(of tenant.ID, suspects []suspect) bool {
	for _, other := range suspects {
		if other.position == s.position {
			continue
		}
		if bytes.Equal(link(s.previous, of, s.seal, other.entry), s.Hash) ||
			bytes.Equal(link(other.Hash, of, s.seal, s.entry), s.Hash) ||
			bytes.Equal(link(other.previous, of, s.seal, s.entry), s.Hash) {
			return true
		}
	}
	return false
}

// lookForUnsealed finds entries without a seal that should have one.
func (r *Report) lookForUnsealed(ctx context.Context, b book) error {
	last, err := newest(ctx, b)
	if err != nil {
		return err
	}
	grace := b.now().Add(-Grace)
	behind := last.Horizon != 0 && !last.Foreign // entries before the horizon should all be sealed
	for p, more := (&place{0, math.MinInt64}), true; more; {
		var entries []content
		if entries, more, err = p.next(ctx, b); err != nil {
			return err
		}
		for _, e := range entries {
			switch {
			case behind && e.Tx < last.Horizon:
				r.add(Added, 1, e.finding(Added, 0))
			case e.At.Before(grace):
				r.add(Late, 1, e.finding(Late, 0))
			default:
				r.Waiting++
			}
		}
	}
	return nil
}
