package unit

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// The tables of folder data; its README tells their columns.
var (
	//go:embed data/until_2025-06-30.tsv
	unitsBefore string
	//go:embed data/from_2025-07-01.tsv
	unitsSince string
	//go:embed data/kinds.tsv
	kindChanges string
	//go:embed data/successors.tsv
	successions string
)

// facts are the units and what happened to them, in no order: what an Atlas is made from.
type facts struct {
	units []Unit
	// styles has the kinds and names of the few units that changed them, oldest first, beginning with the first ones.
	styles map[Ref][]style
	links  []succession
	// floor is the last day that the facts tell all of: no reform can change the map on it or before.
	floor Day
}

// style is how a unit is called, and the first day on which it is.
type style struct {
	from       Day
	kind, name string
}

// succession says that area of one unit went to another on a day.
type succession struct {
	from, to    Ref
	on          Day
	part, guess bool
}

// Atlas is the administrative units of all days. It never changes; With makes another one.
type Atlas struct {
	facts facts
	// day is the one that ByRef styles units for.
	day Day
	// units are in the order of pages: level, then Vietnamese alphabet, then Ref.
	units []Unit
	// words are what Search compares, for each of units.
	words []searchWords
	// at is the index in units.
	at map[Ref]int
	// byCode has the indices of all units that ever had the code, oldest first.
	byCode map[Code][]int
	// byName has the indices of all units whose folded name is the key.
	byName map[string][]int
	// children has, in order, the provinces under the zero Ref, the districts and all communes under a province, and
	// the communes under a district.
	children map[Ref][]int
	// successors and predecessors are in the order of units.
	successors, predecessors map[Ref][]link
}

// link goes to the unit with index to.
type link struct {
	to          int
	part, guess bool
}

// Embedded returns the units that this program was built with. It panics on data that no generator run could have made.
var Embedded = sync.OnceValue(func() *Atlas { return compose(embedded(), forEver) })

// forEver is later than every day.
const forEver Day = 9999_12_31

// inUse is the atlas that the functions of the package ask; nil for Embedded.
var inUse atomic.Pointer[Atlas]

// Use makes the functions of the package answer from the atlas. Callers that are at it finish with the one before.
func Use(a *Atlas) { inUse.Store(a) }

func theAtlas() *Atlas {
	if a := inUse.Load(); a != nil {
		return a
	}
	return Embedded()
}

// embedded decodes the tables.
func embedded() facts {
	f := facts{styles: map[Ref][]style{}, floor: Reorganized}
	f.readUnits(unitsBefore, Unknown, Reorganized)
	f.readUnits(unitsSince, Reorganized, Unknown)
	f.readStyles()
	f.readSuccessions()
	return f
}

// clone returns facts that can be changed without changing f.
func (f facts) clone() facts {
	f.units, f.links, f.styles = slices.Clone(f.units), slices.Clone(f.links), maps.Clone(f.styles)
	for ref, styles := range f.styles {
		f.styles[ref] = slices.Clone(styles)
	}
	return f
}

// compose makes the atlas of facts, which it keeps.
func compose(f facts, day Day) *Atlas {
	a := &Atlas{
		facts: f, day: day, units: slices.Clone(f.units),
		at: map[Ref]int{}, byCode: map[Code][]int{}, byName: map[string][]int{}, children: map[Ref][]int{},
		successors: map[Ref][]link{}, predecessors: map[Ref][]link{},
	}
	a.sortUnits()
	a.indexUnits()
	a.indexLinks()
	a.deriveDistrictSuccessors()
	return a
}

// records calls read with the columns of each line.
func records(table string, columns int, read func(column []string)) {
	for line := range strings.Lines(table) {
		column := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(column) != columns {
			panic(fmt.Sprintf("unit: line %q has %d columns, want %d", line, len(column), columns))
		}
		read(column)
	}
}

// readUnits appends the units of one period; to Unknown means that it has not ended. A parent's line comes first.
func (f *facts) readUnits(table string, from, to Day) {
	parents := map[Code]Unit{}
	records(table, 4, func(column []string) {
		u := Unit{
			Ref: Ref{Code(column[0]), from}, Level: Code(column[0]).level(),
			Kind: column[1], Name: column[2], FullName: column[1] + " " + column[2],
			From: from.Time(), To: to.Time(),
		}
		parent, known := parents[Code(column[3])]
		switch {
		case u.Level == 0 || known != (u.Level != Province):
			panic(fmt.Sprintf("unit: line %q has no level or no parent", column))
		case u.Level == Province:
			u.Slug = strings.Join(folded(u.Name), "-")
			u.ProvinceRef = u.Ref
		default:
			u.ProvinceRef, u.DistrictRef = parent.ProvinceRef, parent.DistrictRef
		}
		if u.Level == District {
			u.DistrictRef = u.Ref
		}
		if u.Level != Commune {
			parents[u.Ref.Code] = u
		}
		f.units = append(f.units, u)
	})
}

// sortUnits orders by level, Vietnamese alphabet (numbers by value), and Ref.
func (a *Atlas) sortUnits() {
	type keyed struct {
		unit Unit
		key  []byte
	}
	alphabet := collate.New(language.Vietnamese, collate.Numeric)
	var buffer collate.Buffer
	sorted := make([]keyed, len(a.units))
	for i, u := range a.units {
		sorted[i] = keyed{u, alphabet.KeyFromString(&buffer, u.Name)}
	}
	slices.SortFunc(sorted, func(x, y keyed) int {
		return cmp.Or(
			cmp.Compare(x.unit.Level, y.unit.Level),
			bytes.Compare(x.key, y.key),
			cmp.Compare(x.unit.Ref.Code, y.unit.Ref.Code),
			cmp.Compare(x.unit.Ref.From, y.unit.Ref.From),
		)
	})
	for i, s := range sorted {
		a.units[i] = a.styled(s.unit, a.day)
	}
}

// readStyles reads the changes of kind since Reorganized.
func (f *facts) readStyles() {
	position := map[Ref]int{}
	for i, u := range f.units {
		position[u.Ref] = i
	}
	records(kindChanges, 3, func(column []string) {
		day, err := time.ParseInLocation(time.DateOnly, column[1], vietnam)
		i, known := position[Ref{Code(column[0]), Reorganized}]
		if err != nil || !known {
			panic(fmt.Sprintf("unit: bad change of kind %q", column))
		}
		f.restyle(f.units[i], style{DayOf(day), column[2], f.units[i].Name})
	})
}

// restyle notes how a unit is called from a day on.
func (f *facts) restyle(u Unit, s style) {
	if f.styles[u.Ref] == nil {
		f.styles[u.Ref] = []style{{u.Ref.From, u.Kind, u.Name}}
	}
	f.styles[u.Ref] = append(f.styles[u.Ref], s)
}

// readSuccessions reads the links across Reorganized.
func (f *facts) readSuccessions() {
	records(successions, 4, func(column []string) {
		f.links = append(f.links, succession{
			Ref{Code(column[0]), Unknown}, Ref{Code(column[1]), Reorganized}, Reorganized, column[2] == "part", column[3] == "guess",
		})
	})
}

// indexUnits fills the maps and words from units, which are sorted by now.
func (a *Atlas) indexUnits() {
	for i, u := range a.units {
		a.at[u.Ref] = i
		a.byCode[u.Ref.Code] = append(a.byCode[u.Ref.Code], i)
		above := []Ref{{}}
		switch {
		case u.Level == District:
			above = []Ref{u.ProvinceRef}
		case u.Level == Commune && u.DistrictRef.IsZero():
			above = []Ref{u.ProvinceRef}
		case u.Level == Commune:
			above = []Ref{u.ProvinceRef, u.DistrictRef}
		}
		for _, ref := range above {
			a.children[ref] = append(a.children[ref], i)
		}
		kinds := u.Kind
		names := []string{u.Name}
		for _, s := range a.facts.styles[u.Ref] {
			kinds += " " + s.kind
			if s.name != u.Name {
				kinds, names = kinds+" "+s.name, append(names, s.name)
			}
		}
		a.words = append(a.words, newSearchWords(u.Name, kinds))
		for _, name := range names {
			key := nameKey(folded(name))
			a.byName[key] = append(a.byName[key], i)
		}
	}
	for _, same := range a.byCode {
		slices.SortFunc(same, func(x, y int) int { return cmp.Compare(a.units[x].Ref.From, a.units[y].Ref.From) })
	}
}

// indexLinks fills successors and predecessors.
func (a *Atlas) indexLinks() {
	for _, s := range a.facts.links {
		old, knownOld := a.at[s.from]
		heir, knownHeir := a.at[s.to]
		if !knownOld || !knownHeir {
			panic(fmt.Sprintf("unit: succession %v of unknown units", s))
		}
		a.successors[s.from] = append(a.successors[s.from], link{heir, s.part, s.guess})
		a.predecessors[s.to] = append(a.predecessors[s.to], link{old, s.part, s.guess})
	}
	for _, links := range []map[Ref][]link{a.successors, a.predecessors} {
		for _, l := range links {
			slices.SortFunc(l, func(x, y link) int { return x.to - y.to })
		}
	}
}

// deriveDistrictSuccessors gives every district, but the island districts that are in the data, the successors of its
// communes: a part to each when there are several, a guess when it is one for every commune that leads there.
func (a *Atlas) deriveDistrictSuccessors() {
	for _, u := range a.units {
		if u.Level != District || a.successors[u.Ref] != nil {
			continue
		}
		heirs := map[int]bool{} // true when only guessed
		for _, commune := range a.children[u.Ref] {
			for _, l := range a.successors[a.units[commune].Ref] {
				guessed, seen := heirs[l.to]
				heirs[l.to] = l.guess && (guessed || !seen)
			}
		}
		var links []link
		for to, guessed := range heirs {
			links = append(links, link{to, len(heirs) > 1, guessed})
		}
		slices.SortFunc(links, func(x, y link) int { return x.to - y.to })
		if len(links) > 0 {
			a.successors[u.Ref] = links
		}
	}
}
