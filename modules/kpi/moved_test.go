package kpi

import (
	"slices"
	"testing"
	"time"
)

func TestDaysAreShiftedByTheNewestValueOfAPart(t *testing.T) {
	t.Parallel()
	day := func(n int, num, den int64) Rollup {
		return Rollup{Day: time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC), Numerator: num, Denominator: den}
	}
	part := []Rollup{day(3, 1, 2), day(4, 2, 3), day(7, 9, 9)}
	for sign, want := range map[int64][]Value{
		1:  {{5, 9}, {6, 11}, {7, 12}, {7, 12}, {14, 18}},
		-1: {{5, 9}, {4, 7}, {3, 6}, {3, 6}, {0, 0}},
	} {
		days := []Rollup{day(2, 5, 9), day(3, 5, 9), day(4, 5, 9), day(6, 5, 9), day(8, 5, 9)}
		Shift(days, part, sign)
		var got []Value
		for _, d := range days {
			got = append(got, d.Value())
		}
		if !slices.Equal(got, want) {
			t.Errorf("times %d: got %v, want %v", sign, got, want)
		}
	}
	days := []Rollup{day(2, 5, 9)}
	Shift(days, nil, 1)
	if days[0].Value() != (Value{5, 9}) {
		t.Errorf("without a part: %v", days[0])
	}
}

func TestEveryMeasureMovesOrSaysWhyItStays(t *testing.T) {
	t.Parallel()
	moves := 0
	for _, m := range Measures() {
		if m.Moves() {
			moves++
		}
		if m.Moves() == (m.Stays() != "") {
			t.Errorf("%s: moves is %v, why it stays is %q", m.Key, m.Moves(), m.Stays())
		}
	}
	if moves != 8 || len(Staying()) != len(Measures())-moves {
		t.Errorf("%d measures move, %d stay", moves, len(Staying()))
	}
}
