package onboarding

import (
	"slices"
	"time"

	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/unit"
)

// waiting returns the provinces of today that do not run yet, as choices.
func waiting(q *web.Request) ([]ui.Option, error) {
	all, err := q.App().DB.Tenants(q.Context())
	if err != nil {
		return nil, err
	}
	options := []ui.Option{{Label: "Chọn…"}}
	provinces := unit.Provinces(q.Now())
	slices.SortFunc(provinces, func(a, b unit.Unit) int { return vi.Compare(a.Name, b.Name) })
	for _, p := range provinces {
		runs := slices.ContainsFunc(all, func(t tenant.Tenant) bool { return t.Unit == p.Ref.String() && t.State != tenant.Draft })
		if !runs {
			options = append(options, ui.Option{Value: p.Ref.String(), Label: p.Name})
		}
	}
	return options, nil
}

// namesake returns the name of another province that people would read in a display name, or "".
func namesake(of tenant.Tenant, name string) string {
	said := vi.Fold(name)
	if said == "" || vi.HasWords(name, of.Name) {
		return ""
	}
	for _, p := range unit.Provinces(time.Now()) {
		if p.Name != of.Name && (said == vi.Fold(p.Name) || said == "tinh "+vi.Fold(p.Name) || said == "thanh pho "+vi.Fold(p.Name)) {
			return p.Name
		}
	}
	return ""
}
