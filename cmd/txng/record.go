package main

import (
	"fmt"
	"net/url"

	"txng/authz"
	"txng/modules/demo"
	"txng/modules/journal"
	"txng/modules/kpi"
	"txng/modules/merger"
	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/proof"
)

// recorded is the demonstration's site and the statements that it was seen to send.
type recorded struct {
	statements          []proof.Statement
	large, small, other tenant.ID
}

// record loads the demonstration, completes it, moves communes between its provinces, visits every page as every role,
// and notes the statements.
func (c benchIsolation) record(e *environment, own tenant.Config) (recorded, error) {
	var r recorded
	tapped, wire, err := proof.Tap(own, nil)
	if err != nil {
		return r, err
	}
	defer wire.Close()
	db, err := tenant.Open(e, tapped)
	if err != nil {
		return r, err
	}
	defer db.Close()
	keys, err := stamps.KeysOf(own.Secret)
	if err != nil {
		return r, err
	}
	bar := newSteps(e.err, "Nạp dữ liệu mẫu")
	base := &url.URL{Scheme: "http", Host: "txng.bench"}
	signer, err := authz.NewSigner(own.Secret)
	if err != nil {
		return r, err
	}
	sso, err := authz.NewSSO(own.Secret, authz.SSOOptions{Plain: true})
	if err != nil {
		return r, err
	}
	result, err := demo.Load(e, db, keys, signer.Factors(), base.String(), bar.at)
	if err != nil {
		return r, err
	}
	if err := journal.SealAll(e, db); err != nil {
		return r, err
	}
	if err := demo.Rest(e, db, sso, result); err != nil {
		return r, err
	}
	if err := demo.MoreRequests(e, db); err != nil {
		return r, err
	}
	var successor tenant.ID
	for slug, id := range map[string]*tenant.ID{"nghe-an": &r.large, "ha-noi": &r.small, "ho-chi-minh": &r.other, "da-nang": &successor} {
		t, err := db.TenantBySlug(e, slug)
		if err != nil {
			return r, err
		}
		*id = t.ID
	}
	// The largest tenant, as which statements are measured, is on either side of a cession; Đà Nẵng, which was made from
	// two provinces, too.
	if err := cede(e, db, r.large, successor); err != nil {
		return r, err
	}
	if err := cede(e, db, r.other, r.large); err != nil {
		return r, err
	}
	for _, id := range []tenant.ID{r.large, r.other, successor, r.large} { // figures come after those of who gave them
		if err := kpi.RefreshTenant(e, db, id); err != nil {
			return r, err
		}
	}
	if err := visit(e, db, own.Secret, keys, base, result, newSteps(e.err, "Xem mọi trang")); err != nil {
		return r, err
	}
	r.statements = wire.Statements()
	return r, nil
}

// cede gives a commune of a province, in which stamps were ordered, to another one.
func cede(e *environment, db *tenant.DB, from, into tenant.ID) error {
	scope, err := db.Scope(e, from)
	if err != nil {
		return err
	}
	var communes []string
	if err := db.View(e, scope, func(tx tenant.Tx) (err error) {
		communes, err = tenant.Column[string](e, tx, `
			select o.unit
			from organization.organization o
			join stamps.stamp_order s on s.tenant_id = o.tenant_id and s.org_id = o.id
			where o.tenant_id = any ($1)
			order by o.id
			limit 1`)
		return err
	}); err != nil {
		return err
	}
	if _, err := merger.Cede(e, db, operator, tenant.NewPart{Origin: from, Successor: into, Units: communes, Effective: db.Now(), Basis: "Nghị quyết minh họa"}); err != nil {
		return fmt.Errorf("cede %v: %w", communes, err)
	}
	return nil
}
