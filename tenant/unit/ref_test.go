package unit

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"txng/tenant/fault"
)

func TestEveryRefSurvivesItsText(t *testing.T) {
	t.Parallel()
	units := theAtlas().units
	if want := 63 + 696 + 10_035 + 34 + 3_321; len(units) != want || len(theAtlas().at) != want {
		t.Fatalf("%d units with %d refs, want %d", len(units), len(theAtlas().at), want)
	}
	for _, u := range units {
		got, err := ParseRef(u.Ref.String())
		if err != nil || got != u.Ref {
			t.Fatalf("ParseRef(%q) = %v, %v", u.Ref, got, err)
		}
		if back, known := ByRef(got); !known || back != u {
			t.Fatalf("ByRef(%s) = %+v, %v; want %+v", got, back, known, u)
		}
	}
}

func TestGarbageIsRefusedAsRef(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "24", "24@", "@", "@2025-07-01", "24@2025-07-02", "24@2025-7-1", "24@2025-07-01 ", " 24@2025-07-01", "24@2025-07-01@",
		"24@0000-00-00", "49@2025-07-01", "99@0001-01-01", "024@2025-07-01", "٢٤@2025-07-01", "24@2025-02-30", "24@-001-01-01", "'; drop table",
	} {
		ref, err := ParseRef(text)
		if !errors.Is(err, fault.NotFound) || fault.Message(err) == "" || !ref.IsZero() {
			t.Errorf("ParseRef(%q) = %v, %v; want fault.NotFound with a sentence", text, ref, err)
		}
	}
}

func TestRefGoesThroughJSONAndTheDatabase(t *testing.T) {
	t.Parallel()
	type form struct{ Unit, None Ref }
	want := form{Unit: Ref{"24", Reorganized}}
	text, err := json.Marshal(want)
	if err != nil || string(text) != `{"Unit":"24@2025-07-01","None":""}` {
		t.Fatalf("as JSON %s, %v", text, err)
	}
	var got form
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("from JSON %v, %v; want %v", got, err, want)
	}
	if err := json.Unmarshal([]byte(`{"Unit":"24@1999-01-01"}`), &got); err == nil {
		t.Error("an unknown ref was read from JSON")
	}
	for _, ref := range []Ref{want.Unit, {}, {"00004", Unknown}} {
		value, err := ref.Value()
		if err != nil {
			t.Fatal(err)
		}
		back := Ref{"01", Reorganized}
		if err := back.Scan(value); err != nil || back != ref {
			t.Errorf("%v came back from the database as %v, %v", ref, back, err)
		}
	}
	var ref Ref
	if err := ref.Scan([]byte("24@2025-07-01")); err != nil || ref != want.Unit {
		t.Errorf("scanned %v, %v", ref, err)
	}
	if err := ref.Scan(24); err == nil {
		t.Error("a number was scanned as a ref")
	}
}

func TestDayIsTheOneInVietnam(t *testing.T) {
	t.Parallel()
	if got := DayOf(time.Date(2025, 6, 30, 17, 0, 0, 0, time.UTC)); got != Reorganized {
		t.Errorf("17:00 UTC on 30 June is %s in Vietnam, want 2025-07-01", got)
	}
	if got := DayOf(Reorganized.Time()); got != Reorganized {
		t.Errorf("%s became %s", Reorganized, got)
	}
	if got := DayOf(time.Time{}); got != Unknown || !Unknown.Time().IsZero() {
		t.Errorf("the zero time is %s at %v, want Unknown at zero", got, Unknown.Time())
	}
}

func FuzzParseRef(f *testing.F) {
	for _, seed := range []string{"24@2025-07-01", "24@0001-01-01", "00004@2025-07-01", "001@0001-01-01", "24@", "@@"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := ParseRef(text)
		if err == nil && ref.String() != text {
			t.Errorf("ParseRef(%q) = %q", text, ref)
		}
		if _, known := ByRef(ref); known != (err == nil) {
			t.Errorf("ParseRef(%q) = %q, %v but known is %v", text, ref, err, known)
		}
	})
}
