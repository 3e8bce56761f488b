package unit

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"txng/tenant/fault"
)

// invented is a reform that nobody has enacted: two communes of Nghệ An are merged under the code of one of them, a third
// gives a part away, one is dissolved, and Nghệ An becomes a city under another name.
func invented(t *testing.T) (r Reform, a, b, giver, gone Unit) {
	t.Helper()
	list := Communes(Ref{"40", Reorganized}, now)
	a, b, giver, gone = list[0], list[1], list[2], list[3]
	return Reform{
		Format: ReformFormat, Resolution: "Nghị quyết giả định số 1", Effective: "2027-01-01",
		Ended:   []Ended{{Code: a.Ref.Code}, {Code: b.Ref.Code}, {Code: gone.Ref.Code, Dissolved: true}},
		Created: []Created{{a.Ref.Code, "Phường", "Sông Lam", "40"}},
		Changed: []Changed{{"40", "Thành phố", "Nghệ Tĩnh"}},
		Links:   []Passing{{From: a.Ref.Code, To: a.Ref.Code}, {From: b.Ref.Code, To: a.Ref.Code}, {From: giver.Ref.Code, To: a.Ref.Code, Part: true}},
	}, a, b, giver, gone
}

var eve, newYear = day(2026, 12, 31), day(2027, 1, 1)

func TestAReformTakesEffectOnItsDayOnly(t *testing.T) {
	t.Parallel()
	r, a, b, giver, gone := invented(t)
	after, err := Embedded().With(now, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		on   time.Time
		code Code
		want string
	}{
		{eve, a.Ref.Code, a.Address(now)}, {newYear, a.Ref.Code, "Phường Sông Lam, thành phố Nghệ Tĩnh"},
		{eve, b.Ref.Code, b.Address(now)}, {newYear, b.Ref.Code, ""}, {newYear, gone.Ref.Code, ""},
		{newYear, giver.Ref.Code, giver.FullName + ", thành phố Nghệ Tĩnh"},
	} {
		got := ""
		if u, err := after.Lookup(Commune, c.code, c.on); err == nil {
			got = after.address(u, DayOf(c.on))
		}
		if got != c.want {
			t.Errorf("%s on %s is %q, want %q", c.code, DayOf(c.on), got, c.want)
		}
	}
	count := func(on time.Time) int {
		return len(after.validOn(after.children[Ref{"40", Reorganized}], DayOf(on), Commune))
	}
	if was, is := count(eve), count(newYear); is != was-2 {
		t.Errorf("Nghệ An has %d communes, then %d; want two fewer", was, is)
	}
	if u, _ := after.ByRef(Ref{"40", Reorganized}); u.FullName != "Tỉnh Nghệ An" {
		t.Errorf("before its day the reform calls the province %q", u.FullName)
	}
	later, err := Embedded().With(newYear, r)
	if err != nil {
		t.Fatal(err)
	}
	if u, _ := later.ByRef(Ref{"40", Reorganized}); u.FullName != "Thành phố Nghệ Tĩnh" {
		t.Errorf("on its day the reform calls the province %q", u.FullName)
	}
	if got := names(Communes(Ref{"40", Reorganized}, newYear)); len(got) != count(eve) {
		t.Error("making an atlas changed the one in use")
	}
}

func TestAnOldCommuneIsFollowedOverTwoReforms(t *testing.T) {
	t.Parallel()
	r, a, b, giver, gone := invented(t)
	after, err := Embedded().With(now, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []Unit{a, b} {
		for _, old := range Predecessors(u.Ref) {
			found := false
			for _, heir := range after.Heirs(old.Ref, newYear) {
				found = found || heir.FullName == "Phường Sông Lam" && heir.Ref.From == 2027_01_01
			}
			if !found {
				t.Errorf("%s leads to %v, want Phường Sông Lam among them", old.FullName, after.Heirs(old.Ref, newYear))
			}
		}
	}
	if got := after.Heirs(giver.Ref, newYear); len(got) != 1 || got[0].Ref != giver.Ref {
		t.Errorf("who gave a part leads to %v, want itself", got)
	}
	if got := after.Heirs(gone.Ref, newYear); len(got) != 0 {
		t.Errorf("a dissolved commune leads to %v", got)
	}
}

// TestTheReformOf2025AsAFile takes the history that the program was built with apart into files and puts it together
// again on the map of March 2025.
func TestTheReformOf2025AsAFile(t *testing.T) {
	t.Parallel()
	base := facts{styles: map[Ref][]style{}, floor: Unknown}
	base.readUnits(unitsBefore, Unknown, Unknown)
	old := compose(base, forEver)
	var reforms []Reform
	for _, on := range Embedded().ChangeDays() {
		var file bytes.Buffer
		file.Write(Embedded().Export(on, "Nghị quyết có hiệu lực "+on.String()).Text())
		r, err := ReadReform(&file)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d ended, %d created, %d changed, %d links", on, len(r.Ended), len(r.Created), len(r.Changed), len(r.Links))
		reforms = append(reforms, r)
	}
	if len(reforms) != 2 || reforms[1].Effective != "2026-04-30" || len(reforms[1].Changed) != 11 {
		t.Fatalf("the map changed on %v, want 1 July 2025 and, for Đồng Nai, 30 April 2026", Embedded().ChangeDays())
	}
	got, err := old.With(day(9999, 12, 31), reforms...)
	if err != nil {
		t.Fatal(err)
	}
	want := Embedded()
	if !reflect.DeepEqual(got.units, want.units) {
		t.Error("units differ")
	}
	for name, pair := range map[string][2]any{
		"styles": {got.facts.styles, want.facts.styles}, "successors": {got.successors, want.successors},
		"predecessors": {got.predecessors, want.predecessors}, "children": {got.children, want.children}, "codes": {got.byCode, want.byCode},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s differ", name)
		}
	}
}

func TestAReformThatContradictsTheMapIsRefused(t *testing.T) {
	t.Parallel()
	good, a, b, giver, _ := invented(t)
	hanoi := Communes(Ref{"01", Reorganized}, now)[0]
	for name, c := range map[string]struct {
		change func(r *Reform)
		place  string
	}{
		"other format":          {func(r *Reform) { r.Format = "csv" }, "format"},
		"no resolution":         {func(r *Reform) { r.Resolution = "" }, "resolution"},
		"no day":                {func(r *Reform) { r.Effective = "1/1/2027" }, "effective"},
		"before the map's data": {func(r *Reform) { r.Effective = "2025-07-01" }, "effective"},
		"empty":                 {func(r *Reform) { *r = Reform{Format: r.Format, Resolution: r.Resolution, Effective: r.Effective} }, ""},
		"unknown code ends":     {func(r *Reform) { r.Ended[0].Code = "99999" }, "ended[0]"},
		"ends twice":            {func(r *Reform) { r.Ended = append(r.Ended, r.Ended[0]) }, "ended[3]"},
		"an old code ends":      {func(r *Reform) { r.Ended[0].Code = "00001" }, "ended[0]"},
		"no successor":          {func(r *Reform) { r.Links = r.Links[:1] }, "ended[1]"},
		"dissolved and linked":  {func(r *Reform) { r.Ended[0].Dissolved = true }, "ended[0]"},
		"code is taken":         {func(r *Reform) { r.Created[0].Code = hanoi.Ref.Code }, "created[0]"},
		"code is no code":       {func(r *Reform) { r.Created[0].Code = "12a45" }, "created[0]"},
		"a new district":        {func(r *Reform) { r.Created[0].Code = "123" }, "created[0]"},
		"unknown parent":        {func(r *Reform) { r.Created[0].Parent = "99" }, "created[0]"},
		"parent is a commune":   {func(r *Reform) { r.Created[0].Parent = giver.Ref.Code }, "created[0]"},
		"kind of other level":   {func(r *Reform) { r.Created[0].Kind = "Tỉnh" }, "created[0]"},
		"no name":               {func(r *Reform) { r.Created[0].Name = " " }, "created[0]"},
		"odd name":              {func(r *Reform) { r.Created[0].Name = "A\x00B" }, "created[0]"},
		"nothing changes":       {func(r *Reform) { r.Changed[0] = Changed{"40", "Tỉnh", ""} }, "changed[0]"},
		"changes what ends":     {func(r *Reform) { r.Changed[0] = Changed{a.Ref.Code, "", "Khác"} }, "changed[0]"},
		"link from nowhere":     {func(r *Reform) { r.Links[0].From = "99999" }, "links[0]"},
		"link to what ends":     {func(r *Reform) { r.Links[0].To = b.Ref.Code }, "links[0]"},
		"link twice":            {func(r *Reform) { r.Links = append(r.Links, r.Links[0]) }, "links[3]"},
		"link to itself":        {func(r *Reform) { r.Links[2].To = giver.Ref.Code }, "links[2]"},
		"whole of what goes on": {func(r *Reform) { r.Links[2].Part = false }, "links[2]"},
		"link across levels":    {func(r *Reform) { r.Links[0].To = "40" }, "links[0]"},
		"a circle": {func(r *Reform) {
			r.Links = append(r.Links, Passing{From: giver.Ref.Code, To: hanoi.Ref.Code, Part: true}, Passing{From: hanoi.Ref.Code, To: giver.Ref.Code, Part: true})
		}, "links[4]"},
		"two wholes":             {func(r *Reform) { r.Links = append(r.Links, Passing{From: a.Ref.Code, To: hanoi.Ref.Code}) }, "ended[0]"},
		"communes outlive it":    {func(r *Reform) { r.Ended = append(r.Ended, Ended{Code: "01", Dissolved: true}) }, "ended"},
		"two provinces one name": {func(r *Reform) { r.Created = append(r.Created, Created{"99", "Tỉnh", "Hà Nội", ""}) }, "created"},
	} {
		r, err := ReadReform(bytes.NewReader(good.Text()))
		if err != nil {
			t.Fatal(err)
		}
		r.Ended, r.Links = good.Ended[:len(good.Ended):len(good.Ended)], append([]Passing(nil), good.Links...)
		r.Ended = append([]Ended(nil), r.Ended...)
		c.change(&r)
		after, err := Embedded().With(now, r)
		var wrong fault.Invalid
		if !errors.As(err, &wrong) || after != nil || wrong.Of(c.place) == "" {
			t.Errorf("%s: %v, want a message at %q", name, err, c.place)
		}
	}
}

func TestTwoResolutionsMustAgree(t *testing.T) {
	t.Parallel()
	first, a, _, giver, _ := invented(t)
	later := Reform{
		Format: ReformFormat, Resolution: "Nghị quyết giả định số 2", Effective: "2028-01-01",
		Ended: []Ended{{Code: a.Ref.Code}}, Links: []Passing{{From: a.Ref.Code, To: giver.Ref.Code}},
	}
	both, err := Embedded().With(now, later, first) // the order of files makes no difference
	if err != nil {
		t.Fatal(err)
	}
	if got := both.Heirs(a.Ref, day(2028, 1, 1)); len(got) != 1 || got[0].Ref != giver.Ref {
		t.Errorf("after both, the commune is in %v, want %s", got, giver.FullName)
	}
	if got := both.byCode[a.Ref.Code]; len(got) < 2 {
		t.Errorf("code %s has %d meanings, want two at least", a.Ref.Code, len(got))
	}
	for _, day := range []string{"2027-01-01", "2026-12-01"} {
		again := first
		again.Resolution, again.Effective = "Nghị quyết giả định số 3", day
		if _, err := Embedded().With(now, first, again); err == nil {
			t.Errorf("the same units end by another resolution on %s", day)
		}
	}
}

func TestAFileThatIsNoReformIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", "[]", "null x", `{"format":"txng-units/1","formatt":1}`, `{"ended":{}}`, "{} {}", "\xff{}", `{"ended":[{"code":1}]}`} {
		if r, err := ReadReform(strings.NewReader(text)); err == nil {
			t.Errorf("ReadReform(%q) = %+v", text, r)
		}
	}
	if _, err := ReadReform(strings.NewReader(strings.Repeat(" ", MaxReform+1))); !errors.Is(err, fault.TooLarge) {
		t.Errorf("a huge file: %v", err)
	}
}

func TestTheTextOfAReformIsTheSameForTheSameContent(t *testing.T) {
	t.Parallel()
	r, _, _, _, _ := invented(t)
	other := r
	other.Links = []Passing{r.Links[2], r.Links[0], r.Links[1]}
	other.Resolution = "  Nghị quyết  giả định số 1 "
	if !bytes.Equal(r.Text(), other.Text()) {
		t.Error("order and spacing make another text")
	}
	other.Effective = "2027-01-02"
	if bytes.Equal(r.Text(), other.Text()) {
		t.Error("another day has the same text")
	}
}
