package web

import (
	"errors"
	"slices"
	"strings"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
)

// inParts are the permissions that an officer has on organizations of communes that came from another province: those
// over what belongs to an organization. The other province's plan, people and history stay its own.
var inParts = []authz.Permission{
	authz.OrganizationView, authz.OrganizationAdmit, authz.CatalogView, authz.LotView, authz.StampView, authz.StampRecall, authz.ScanView,
}

// origins of parts: what the person's province looks after in others, joined by province. Whoever sees a part of their
// own province only has none.
func (q *Request) parts() ([]tenant.Part, error) {
	switch q.Who.Role {
	case authz.DOSTAdmin, authz.DOSTOfficer, authz.Leader, authz.Custom:
	default:
		return nil, nil
	}
	all, err := q.app.DB.Ceded(q.Context(), q.Who.Tenant)
	if err != nil {
		return nil, err
	}
	var joined []tenant.Part
	for _, p := range all {
		i := slices.IndexFunc(joined, func(j tenant.Part) bool { return j.Origin == p.Origin })
		if i < 0 {
			joined = append(joined, p)
			continue
		}
		joined[i] = joined[i].Join(p)
	}
	return joined, nil
}

// partScope returns the scope of the organizations that stand in a part.
func (q *Request) partScope(p tenant.Part) (tenant.Scope, error) {
	if !slices.Contains(inParts, q.permission) {
		return tenant.Scope{}, fault.NotFound
	}
	area, err := q.app.DB.Area(q.Context(), p)
	if err != nil {
		return tenant.Scope{}, err
	}
	orgs, err := q.organizations(area)
	if err != nil {
		return tenant.Scope{}, err
	}
	return q.app.DB.ScopeOfPart(q.Context(), q.Who.Tenant, p, orgs)
}

// elsewhere runs a handler that has found no such record in the person's province in the parts that the province looks
// after, until one has it.
func (q *Request) elsewhere(found error, run func(tenant.Scope) error) error {
	if !errors.Is(found, fault.NotFound) || !strings.Contains(q.pattern, "{") || !slices.Contains(inParts, q.permission) {
		return found
	}
	parts, err := q.parts()
	if err != nil {
		return err
	}
	for _, p := range parts {
		scope, err := q.partScope(p)
		if err != nil {
			return err
		}
		if err := run(scope); !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	return q.notFound(found)
}
