package stamps

import (
	"testing"
	"time"
)

// TestStateIsThatOfTheNewestRange compares ranges with one state a stamp, kept in an array.
func TestStateIsThatOfTheNewestRange(t *testing.T) {
	t.Parallel()
	r := random()
	states := []State{Activated, Void, Recalled}
	for round := range 300 {
		quantity := 1 + r.IntN(60)
		model := make([]State, quantity)
		var ranges []Range
		for n := range r.IntN(12) {
			first := r.IntN(quantity)
			run := Range{ID: int64(n + 1), First: first, Last: first + r.IntN(quantity-first), State: states[r.IntN(3)], At: time.Unix(int64(n), 0)}
			ranges = append(ranges, run)
			for i := run.First; i <= run.Last; i++ {
				model[i] = run.State
			}
		}
		present := Present(ranges, quantity)
		next := 0
		for _, run := range present {
			if run.First != next || run.Last < run.First {
				t.Fatalf("round %d: runs have a gap or overlap at %d: %+v", round, next, present)
			}
			next = run.Last + 1
			for i := run.First; i <= run.Last; i++ {
				if run.State != model[i] {
					t.Fatalf("round %d: Present says stamp %d is %q, want %q", round, i, run.State, model[i])
				}
			}
		}
		if next != quantity {
			t.Fatalf("round %d: runs end at %d, want %d", round, next, quantity)
		}
		for i := -1; i <= quantity; i++ {
			want := Inactive
			if i >= 0 && i < quantity {
				want = model[i]
			}
			if got := StateOf(ranges, i); got != want {
				t.Fatalf("round %d: StateOf(%d) = %q, want %q", round, i, got, want)
			}
		}
		for _, s := range append(states, Inactive) {
			want := 0
			for _, m := range model {
				if m == s {
					want++
				}
			}
			if got := count(present, s); got != want {
				t.Fatalf("round %d: %d stamps are %q, want %d", round, got, s, want)
			}
		}
	}
}

func TestQuantityIsReadAsPeopleWriteIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"1": 1, "1.000": 1000, "1 000": 1000, "10000000": 10_000_000, " 2.400 ": 2400} {
		if got, err := ParseQuantity(text); err != nil || got != want {
			t.Errorf("ParseQuantity(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"": "Nhập số tem cần đặt.", "0": "Số tem phải từ 1 trở lên.", "-1": "Số tem phải từ 1 trở lên.",
		"1000000000":              "Mỗi đợt tối đa 10.000.000 tem. Hãy chia thành nhiều đợt.",
		"99999999999999999999999": "Mỗi đợt tối đa 10.000.000 tem. Hãy chia thành nhiều đợt.",
		"một nghìn":               "Số tem là số nguyên, ví dụ 1.000.", "1,5": "Số tem là số nguyên, ví dụ 1.000.", "1.5": "Số tem là số nguyên, ví dụ 1.000.",
	} {
		_, err := ParseQuantity(text)
		if got := messageOf(err, "quantity"); got != want {
			t.Errorf("ParseQuantity(%q): message %q, want %q", text, got, want)
		}
	}
}

func TestOrderIsNamedOnPages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Ref{"12": {Number: 12}, "7-12": {Tenant: 7, Number: 12}} {
		got, err := ParseRef(text)
		if err != nil || got != want || got.String() != text {
			t.Errorf("ParseRef(%q) = %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "x", "7-", "-12", "2000-1", "1-2-3", "99999999"} {
		if got, err := ParseRef(text); err == nil {
			t.Errorf("ParseRef(%q) = %+v, want an error", text, got)
		}
	}
}
