package unit

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
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

// atlas is the decoded data. Nothing changes it after theAtlas has returned it.
type atlas struct {
	// units are in the order of pages: level, then Vietnamese alphabet, then Ref.
	units []Unit
	// words are what Search compares, for each of units.
	words []searchWords
	// at is the index in units.
	at map[Ref]int
	// byCode has the indices of all units that ever had the code.
	byCode map[Code][]int
	// children has, in order, the provinces under the zero Ref, the districts and all communes under a province, and
	// the communes under a district.
	children map[Ref][]int
	// styles has the kinds of the few units that changed kind, oldest first.
	styles map[Ref][]style
	// successors and predecessors are in the order of units.
	successors, predecessors map[Ref][]link
}

// style is a kind and the first day on which a unit has it.
type style struct {
	from Day
	kind string
}

// link goes to the unit with index to.
type link struct {
	to          int
	part, guess bool
}

// theAtlas decodes the data once. It panics on data that no generator run could have made.
var theAtlas = sync.OnceValue(func() *atlas {
	a := &atlas{
		at: map[Ref]int{}, byCode: map[Code][]int{}, children: map[Ref][]int{}, styles: map[Ref][]style{},
		successors: map[Ref][]link{}, predecessors: map[Ref][]link{},
	}
	a.readUnits(unitsBefore, Unknown, Reorganized)
	a.readUnits(unitsSince, Reorganized, Unknown)
	a.sortUnits()
	a.readStyles()
	a.indexUnits()
	a.readSuccessions()
	a.deriveDistrictSuccessors()
	return a
})

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
func (a *atlas) readUnits(table string, from, to Day) {
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
		a.units = append(a.units, u)
	})
}

// sortUnits orders by level, Vietnamese alphabet (numbers by value), and Ref.
func (a *atlas) sortUnits() {
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
		a.units[i] = s.unit
	}
}

// readStyles reads the changes of kind since Reorganized and gives the units their latest kind.
func (a *atlas) readStyles() {
	position := map[Ref]int{}
	for i, u := range a.units {
		position[u.Ref] = i
	}
	records(kindChanges, 3, func(column []string) {
		day, err := time.ParseInLocation(time.DateOnly, column[1], vietnam)
		i, known := position[Ref{Code(column[0]), Reorganized}]
		if err != nil || !known {
			panic(fmt.Sprintf("unit: bad change of kind %q", column))
		}
		u := &a.units[i]
		if a.styles[u.Ref] == nil {
			a.styles[u.Ref] = []style{{u.Ref.From, u.Kind}}
		}
		a.styles[u.Ref] = append(a.styles[u.Ref], style{DayOf(day), column[2]})
		u.Kind = column[2]
		u.FullName = u.Kind + " " + u.Name
	})
}

// indexUnits fills the maps and words from units, which are sorted by now.
func (a *atlas) indexUnits() {
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
		for _, s := range a.styles[u.Ref] {
			kinds += " " + s.kind
		}
		a.words = append(a.words, newSearchWords(u.Name, kinds))
	}
}

func (a *atlas) readSuccessions() {
	records(successions, 4, func(column []string) {
		before, since := Ref{Code(column[0]), Unknown}, Ref{Code(column[1]), Reorganized}
		old, knownOld := a.at[before]
		heir, knownHeir := a.at[since]
		if !knownOld || !knownHeir {
			panic(fmt.Sprintf("unit: succession %q of unknown units", column))
		}
		part, guess := column[2] == "part", column[3] == "guess"
		a.successors[before] = append(a.successors[before], link{heir, part, guess})
		a.predecessors[since] = append(a.predecessors[since], link{old, part, guess})
	})
	for _, links := range []map[Ref][]link{a.successors, a.predecessors} {
		for _, l := range links {
			slices.SortFunc(l, func(x, y link) int { return x.to - y.to })
		}
	}
}

// deriveDistrictSuccessors gives every district, but the island districts that are in the data, the successors of its
// communes: a part to each when there are several, a guess when it is one for every commune that leads there.
func (a *atlas) deriveDistrictSuccessors() {
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
		a.successors[u.Ref] = links
	}
}
