package organization

import (
	"fmt"

	"txng/authz"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/unit"
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	a.OpenForm("/dang-ky", "an organization signs up before it has an account", showSignUp, submitSignUp(web.NewLimit(signUps)))
	a.Get("/to-chuc", authz.OrganizationView, list)
	a.Get("/to-chuc/{id}", authz.OrganizationView, show)
	a.Submit("/to-chuc/{id}/duyet", authz.OrganizationAdmit, show, approve)
	a.Submit("/to-chuc/{id}/tra-lai", authz.OrganizationAdmit, show, refuse)
	a.Get("/don-vi", authz.OrganizationOwn, showOwn)
	a.Form("/don-vi/dia-chi-nhan", authz.ProductEdit, showPrinted, submitPrinted)
	a.Menu("Chủ thể và sản phẩm", "Chủ thể", "/to-chuc", "building", authz.OrganizationView)
	inspections(a)
	a.Menu("Đơn vị", "Đơn vị của tôi", "/don-vi", "building", authz.OrganizationOwn)
}

// provinceOf returns the administrative unit of a tenant.
func provinceOf(t tenant.Tenant) (unit.Ref, error) {
	ref, err := unit.ParseRef(t.Unit)
	if err != nil {
		return unit.Ref{}, fmt.Errorf("unit of tenant %s: %w", t.Slug, err)
	}
	return ref, nil
}
