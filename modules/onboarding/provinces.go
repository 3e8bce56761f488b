package onboarding

import (
	"slices"

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
