package web

import (
	"errors"
	"slices"

	"txng/modules/internal/ui"
	"txng/tenant"
	"txng/tenant/fault"
)

// queryOrigin narrows a page of a successor province to the records of one of the provinces that it was made from, by
// the tenant's slug: "?goc=quang-nam".
const queryOrigin = "goc"

// reading narrows a scope to the province that the address asks for.
func (q *Request) reading(s tenant.Scope) (tenant.Scope, error) {
	slug := q.URL.Query().Get(queryOrigin)
	if slug == "" {
		return s, nil
	}
	of, err := q.app.DB.TenantBySlug(q.Context(), slug)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return s, err
	}
	narrowed := s.Reading(of.ID)
	if narrowed.Home() != 0 {
		return narrowed, nil
	}
	parts, err := q.parts()
	if err != nil {
		return s, err
	}
	i := slices.IndexFunc(parts, func(p tenant.Part) bool { return p.Origin == of.ID })
	if i < 0 || !slices.Contains(inParts, q.permission) {
		return s, fault.Say(fault.NotFound, "Không có địa bàn này trong tỉnh, thành phố của bạn.")
	}
	return q.partScope(parts[i])
}

// provinces returns the person's tenant and those that were merged into it, by number; only a tenant with such has any.
func (q *Request) provinces() ([]tenant.Tenant, error) {
	if q.Who.Tenant == 0 {
		return nil, nil
	}
	origins, err := q.app.DB.Origins(q.Context(), q.Who.Tenant)
	if err != nil {
		return nil, err
	}
	parts, err := q.parts()
	if err != nil || len(origins)+len(parts) == 0 {
		return nil, err
	}
	list := []tenant.Tenant{q.Tenant}
	for _, o := range origins {
		t, err := q.app.DB.Tenant(q.Context(), o.Origin)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	for _, p := range parts {
		if !slices.Contains(inParts, q.permission) || slices.ContainsFunc(list, func(t tenant.Tenant) bool { return t.ID == p.Origin }) {
			continue
		}
		t, err := q.app.DB.Tenant(q.Context(), p.Origin)
		if err != nil {
			return nil, err
		}
		t.Name += " (phần nhận về)"
		list = append(list, t)
	}
	if len(list) == 1 {
		return nil, nil
	}
	return list, nil
}

// withOrigin adds, in a province with predecessors, where each row comes from and a filter by that.
func (l Listing[T]) withOrigin(q *Request) (Listing[T], error) {
	if l.HomeOnly || q.Who.Role.OfOrganization() {
		return l, nil
	}
	provinces, err := q.provinces()
	if err != nil || len(provinces) == 0 {
		return l, err
	}
	names := map[tenant.ID]string{}
	options := []ui.Option{{Label: "Tất cả"}}
	for _, p := range provinces {
		names[p.ID] = p.Name
		options = append(options, ui.Option{Value: p.Slug, Label: p.Name})
	}
	l.Filters = append(append([]ui.Field{}, l.Filters...), ui.Field{Name: queryOrigin, Label: "Địa bàn gốc", Type: "select", Options: options})
	if l.Origin != nil && len(l.Columns) > 0 {
		column := Column[T]{Label: "Địa bàn gốc", HidePhone: true, Value: func(row T) any { return names[l.Origin(row)] }}
		l.Columns = append(append([]Column[T]{l.Columns[0]}, column), l.Columns[1:]...)
	}
	return l, nil
}

// From names the province that a record is of when it is not the person's own, to be put behind the sentence under the
// title of the record's page: " · địa bàn gốc: Quảng Nam". It is "" for the person's own.
func (q *Request) From(of tenant.ID) string {
	if of == q.Who.Tenant {
		return ""
	}
	t, err := q.app.DB.Tenant(q.Context(), of)
	if err != nil {
		return ""
	}
	return " · địa bàn gốc: " + t.Name
}
