package catalog

import "txng/tenant/unit"

// placeOf returns the address of a product's organization with its commune and province.
func placeOf(p Product) string {
	ref, err := unit.ParseRef(p.OrgUnit)
	if err != nil {
		return p.OrgPlace
	}
	u, ok := unit.ByRef(ref)
	if !ok {
		return p.OrgPlace
	}
	if p.OrgPlace == "" {
		return u.Address(p.CreatedAt)
	}
	return p.OrgPlace + ", " + u.Address(p.CreatedAt)
}
