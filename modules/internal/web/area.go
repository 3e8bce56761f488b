package web

import (
	"slices"
	"time"

	"txng/tenant/unit"
)

// areaOf returns the units whose records an officer of a commune sees: the commune itself; once a reform has ended it,
// the communes of the day that its area went to for certain, over however many reforms; those that these were made from
// by later reforms, and of before the mergers of 1 July 2025 all communes of the former districts that they were made
// from. An officer of a commune that has ended so sees what an officer of its successor sees, until somebody gives them
// that role. What was only concluded from names gives nobody a view of a commune.
func areaOf(commune string, now time.Time) []string {
	ref, err := unit.ParseRef(commune)
	if err != nil {
		return nil
	}
	refs := []unit.Ref{ref}
	if u, ok := unit.ByRef(ref); ok && u.Former(now) {
		for _, h := range unit.Heirs(ref, now) {
			if h.Certain {
				refs = append(refs, h.Ref)
			}
		}
	}
	var area []string
	add := func(r unit.Ref) {
		if s := r.String(); !slices.Contains(area, s) {
			area = append(area, s)
		}
	}
	for _, r := range refs {
		add(r)
	}
	for ; len(refs) > 0; refs = refs[1:] {
		for _, p := range unit.Predecessors(refs[0]) {
			if !p.Former(now) {
				continue // gave a part away and goes on, or has yet to end
			}
			communes := []unit.Unit{p.Unit}
			if p.DistrictRef.IsZero() {
				refs = append(refs, p.Ref)
			} else {
				communes = unit.Communes(p.DistrictRef, p.Last())
			}
			for _, c := range communes {
				add(c.Ref)
			}
		}
	}
	return area
}
