package web

import (
	"strings"

	"txng/modules/internal/ui"
	"txng/tenant"
)

// underFeature says which routes, with all below them, belong to a feature that the operator can switch off. Their menu
// entries go with them. API operations all belong to tenant.API; see Bearer, and authz for the tokens.
var underFeature = map[string]tenant.Feature{
	"/tem/{number}/nhan.pdf": tenant.LabelPDF,
	"/ket-noi":               tenant.API,
	"/tai-khoan/khoa-api":    tenant.API,
	"/luot-quet":             tenant.ScanStatistics,
	"/thanh-vien/nhap":       tenant.MemberImport,
	"/thanh-vien/mau.xlsx":   tenant.MemberImport,
}

// featureOf returns the feature that a route belongs to, "" for none.
func featureOf(path string) tenant.Feature {
	for route, f := range underFeature {
		if path == route || strings.HasPrefix(path, route+"/") {
			return f
		}
	}
	return ""
}

// offers refuses a route whose feature is switched off for the tenant.
func offers(t tenant.Tenant, path string) error {
	f := featureOf(path)
	if f == "" {
		return nil
	}
	return t.Offers(f)
}

// LogoOf returns the address of a tenant's picture, "" when it has none.
func LogoOf(t tenant.Tenant) string {
	if t.Logo == "" {
		return ""
	}
	return "/logo/" + t.Slug + "/" + t.Logo
}

// Of puts into a public page's frame whose it is, also when the province is paused or closed: it remains the one to turn
// to. A province that was merged has no pages of its own any more; ask tenant.DB.Heir before.
func Of(t tenant.Tenant, s ui.PublicShell) ui.PublicShell {
	if t.ID == 0 || t.State == tenant.Draft || t.State == tenant.Merged {
		return s
	}
	s.Owner, s.Logo, s.Colour, s.Contact = t.Title(), LogoOf(t), t.Colour, ContactOf(t)
	return s
}

// ContactOf says whom people turn to in a tenant: the body and how to reach it, "" when nothing is known.
func ContactOf(t tenant.Tenant) string {
	name := t.Settings.Value(tenant.ContactName)
	if name != "" && t.Contact != "" {
		return name + ": " + t.Contact
	}
	return name + t.Contact
}
