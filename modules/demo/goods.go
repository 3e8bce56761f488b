package demo

import (
	"context"
	"fmt"
	"time"

	"txng/authz"
	"txng/modules/catalog"
	"txng/modules/internal/gs1"
	"txng/modules/organization"
	"txng/modules/stamps"
	"txng/modules/trace"
	"txng/tenant"
	"txng/tenant/unit"
)

func (l *loader) organization(ctx context.Context, t tenant.Tenant, u unit.Unit, scope tenant.Scope, officer authz.Identity, o org) error {
	on := dayWithin(u, l.now)
	l.numbers++
	email := fmt.Sprintf("chu%d@%s.%s", l.numbers, t.Slug, domain)
	number := fmt.Sprintf("0999 000 %03d", l.numbers) // made up, of a range that a network has
	at := l.ago(days - l.done%8)                      // not all on one day
	id, err := organization.Register(ctx, at, t, organization.SignUp{
		Kind: o.kind, Name: o.name, MST: l.mst(), Unit: commune(u, o.commune, on), UsesBarcode: !o.noBarcode,
		Person: "Chủ cơ sở " + fmt.Sprint(l.numbers), Email: email, Phone: number, Password: Password, Illustrative: true, Source: "Tên và địa chỉ chủ thể là minh họa.",
	})
	if err != nil {
		return err
	}
	l.account(authz.OrgOwner, t.Slug, email)
	l.result.Accounts[len(l.result.Accounts)-1].Phone = number
	if o.pending {
		return nil
	}
	if err := at.In(ctx, scope, func(tx tenant.Tx) error {
		_, err := organization.Approve(ctx, tx, officer, id)
		return err
	}); err != nil {
		return err
	}
	owner := authz.Identity{Name: "Chủ cơ sở", Email: authz.Email(email), Role: authz.OrgOwner, Tenant: t.ID, Org: id}
	for _, p := range o.products {
		if err := l.product(ctx, t, scope, officer, owner, p); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

func (l *loader) product(ctx context.Context, t tenant.Tenant, scope tenant.Scope, officer, owner authz.Identity, p product) error {
	item, err := l.listItem(ctx, scope, officer, p)
	if err != nil {
		return err
	}
	gtin, err := l.gtin()
	if err != nil {
		return err
	}
	own := scope.Of(owner.Org)
	var id catalog.ProductID
	err = l.ago(days-2-l.done%8).In(ctx, own, func(tx tenant.Tx) error {
		if id, err = catalog.Create(ctx, tx, owner, catalog.NewProduct{
			GTIN: string(gtin), Name: p.name, Brand: p.brand, Origin: t.Name + ", Việt Nam", Standard: p.standard, ShelfLife: p.shelfLife,
			ListItemID: item, Group: p.group, Exported: p.exported, Illustrative: true, Source: p.source,
		}); err != nil {
			return err
		}
		picture, err := photo(p.name)
		if err != nil {
			return err
		}
		if err := catalog.SetPhoto(ctx, tx, owner, id, picture); err != nil {
			return err
		}
		if p.standard == "" {
			return nil // stays a draft: an item that the decree asks for is missing
		}
		return catalog.Publish(ctx, tx, owner, id)
	})
	if err != nil || p.stamps == 0 {
		return err
	}
	return l.stamps(ctx, t, own, owner, id, gtin, p)
}

// listItem returns the entry of the province's lists that a product falls under, making it when the plan did not.
func (l *loader) listItem(ctx context.Context, scope tenant.Scope, who authz.Identity, p product) (int64, error) {
	if p.item == "" {
		return 0, nil
	}
	var id int64
	err := l.db.In(ctx, scope, func(tx tenant.Tx) error {
		find := func() (err error) {
			items, err := catalog.ListItems(ctx, tx)
			for _, i := range items {
				if i.Name == p.item && i.TenantID == tx.Tenant() {
					id = i.ID
				}
			}
			return err
		}
		if err := find(); err != nil || id != 0 {
			return err
		}
		list := p.list
		if list == "" {
			list = catalog.Specific
		}
		if _, err := catalog.AddListItems(ctx, tx, who, []catalog.NewListItem{{List: list, Name: p.item, Source: p.source}}); err != nil {
			return err
		}
		return find()
	})
	return id, err
}

// stamps orders a product's stamps, activates some for a lot, and has some of those scanned over the last two weeks.
func (l *loader) stamps(ctx context.Context, t tenant.Tenant, own tenant.Scope, owner authz.Identity, id catalog.ProductID, gtin gs1.GTIN, p product) error {
	var order stamps.Order
	if err := l.ago(20-l.done%4).In(ctx, own, func(tx tenant.Tx) (err error) {
		order, err = stamps.PlaceOrder(ctx, tx, owner, stamps.NewOrder{Product: int64(id), Quantity: p.stamps, Request: fmt.Sprintf("demo-%d", id)})
		return err
	}); err != nil {
		return err
	}
	minter := l.keys.Order(string(gtin), int(t.ID), order.Number)
	show := func(state string, index int) {
		l.result.Stamps = append(l.result.Stamps, Stamp{State: state, Tenant: t.Slug, URL: gs1.Link{GTIN: gtin, Serial: gs1.Serial(minter.Serial(index))}.URI(l.origin)})
	}
	show("inactive", p.stamps-1)
	if p.active == 0 {
		return nil
	}
	made := l.now.AddDate(0, 0, -16)
	if err := l.ago(15).In(ctx, own, func(tx tenant.Tx) error {
		lot, err := trace.CreateLot(ctx, tx, owner, trace.NewLot{Product: int64(id), Code: made.Format("060102") + "-01", Place: p.place, Produced: made})
		if err != nil {
			return err
		}
		for n, kind := range []trace.Kind{trace.Kind(p.kind), "pack", "ship"} {
			if err := l.event(ctx, tx, owner, lot, kind, made.Add(time.Duration(n)*6*time.Hour), p.place); err != nil {
				return err
			}
		}
		if err := stamps.Activate(ctx, tx, owner, stamps.Ref{Number: order.Number}, 0, p.active-1, lot); err != nil {
			return err
		}
		if p.active+10 < p.stamps-1 {
			show("void", p.active+5)
			return stamps.SetVoid(ctx, tx, owner, stamps.Ref{Number: order.Number}, p.active, p.active+9, "Tem in hỏng (dữ liệu minh họa)")
		}
		return nil
	}); err != nil {
		return err
	}
	show("activated", p.active-1)
	if p.scans == 0 {
		return nil
	}
	show("scanned", 0)
	return l.scans(ctx, t, order, p.scans)
}

func (l *loader) event(ctx context.Context, tx tenant.Tx, who authz.Identity, lot trace.LotID, kind trace.Kind, at time.Time, place string) error {
	_, err := trace.Record(ctx, tx, who, trace.NewEvent{Lot: lot, Kind: kind, At: at, Place: place})
	return err
}

// forged is a serial that nobody minted.
func (l *loader) forged() Stamp {
	return Stamp{State: "unknown", URL: l.origin + "/01/09520000000059/21/1ABCDEFGHJKMNPQRSTVW"}
}
