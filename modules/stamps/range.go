package stamps

import (
	"slices"
	"time"

	"txng/modules/internal/vi"
	"txng/modules/trace"
)

// State is what a stamp is worth.
type State string

// The states of a stamp.
const (
	Inactive  State = "" // no range covers it
	Activated State = "activated"
	Void      State = "void"
	Recalled  State = "recalled"
)

// Name returns the state's name on pages.
func (s State) Name() string {
	switch s {
	case Activated:
		return "Đã kích hoạt"
	case Void:
		return "Đã hủy"
	case Recalled:
		return "Đã thu hồi"
	}
	return "Chưa kích hoạt"
}

// Range says what was done to the stamps First to Last of an order, both included, from 0.
type Range struct {
	ID          int64
	First, Last int
	State       State
	LotID       *trace.LotID // of an activation
	Reason      string
	At          time.Time
}

// Len is the number of stamps in the range.
func (r Range) Len() int { return r.Last - r.First + 1 }

// Numbers writes the range as people count: "1–1.240", or "7" for a single stamp.
func (r Range) Numbers() string {
	if r.First == r.Last {
		return vi.Int(int64(r.First) + 1)
	}
	return vi.Int(int64(r.First)+1) + "–" + vi.Int(int64(r.Last)+1)
}

// StateOf returns the state of a stamp: that of the newest range which covers it. ranges are oldest first.
func StateOf(ranges []Range, index int) State {
	for _, r := range slices.Backward(ranges) {
		if r.First <= index && index <= r.Last {
			return r.State
		}
	}
	return Inactive
}

// Present returns what the stamps 0 to quantity-1 are now, as ranges that follow one another without gap or overlap; a
// run that none of ranges (oldest first) covers is Inactive. Each carries the lot, reason and time of what made it so.
func Present(ranges []Range, quantity int) []Range {
	cuts := []int{0, quantity}
	for _, r := range ranges {
		cuts = append(cuts, r.First, r.Last+1)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var present []Range
	made := -1 // which of ranges made the last run, len(ranges) for none
	for i := 0; i+1 < len(cuts); i++ {
		first, next := cuts[i], cuts[i+1]
		if first < 0 || next > quantity {
			continue
		}
		by := len(ranges)
		for j, r := range slices.Backward(ranges) {
			if r.First <= first && first <= r.Last {
				by = j
				break
			}
		}
		if by == made && len(present) > 0 {
			present[len(present)-1].Last = next - 1
			continue
		}
		made = by
		run := Range{}
		if by < len(ranges) {
			run = ranges[by]
		}
		run.First, run.Last = first, next-1
		present = append(present, run)
	}
	return present
}

// count returns how many stamps of present are in a state.
func count(present []Range, s State) int {
	n := 0
	for _, r := range present {
		if r.State == s {
			n += r.Len()
		}
	}
	return n
}

// within returns the parts of present that lie in first..last.
func within(present []Range, first, last int) []Range {
	var parts []Range
	for _, r := range present {
		if r.Last < first || r.First > last {
			continue
		}
		r.First, r.Last = max(r.First, first), min(r.Last, last)
		parts = append(parts, r)
	}
	return parts
}
