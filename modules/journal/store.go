package journal

import (
	"context"
	"time"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/web"
	"txng/tenant"
)

// line is one entry of the audit as the page lists it.
type line struct {
	TenantID  tenant.ID
	ID        int64
	At        time.Time
	Who       string
	Role      authz.Role
	Action    string
	Subject   string
	SubjectID int64
	What      string
	Address   string
	Before    *string
	After     *string
	Acting    string // who worked in the person's place; "" for nobody
	Seal      int64  // position of its seal; 0 while it waits
}

// orders are the orders of the list.
var orders = map[string]string{
	"at":  ` order by e.at, e.id`,
	"-at": ` order by e.at desc, e.id desc`,
}

// search returns entries by text of the sentence, action, name of the person or of who worked in their place, kind of
// record, days, and whether somebody worked in another's place.
func search(ctx context.Context, tx tenant.Tx, l web.Query, between web.Days) ([]line, int, error) {
	rows, err := tenant.List[row](ctx, tx, searchText(l), searchArgs(l, between)...)
	if err != nil {
		return nil, 0, err
	}
	return lines(rows)
}

// searchPlatform is search in the platform's own audit.
func searchPlatform(ctx context.Context, tx tenant.Platform, l web.Query, between web.Days) ([]line, int, error) {
	rows, err := tenant.List[row](ctx, tx, searchText(l), append([]any{[]tenant.ID{audit.Platform}}, searchArgs(l, between)...)...)
	if err != nil {
		return nil, 0, err
	}
	return lines(rows)
}

type row struct {
	line
	Total int
}

// searchText is the query; $1 are the tenants.
func searchText(l web.Query) string {
	return `
		select e.tenant_id, e.id, e.at, e.who, e.role, e.action, e.subject, e.subject_id, e.what, e.address, e.before, e.after,
			e.acting, count(*) over ()::int as total,
			coalesce((
				select s.position
				from audit.seal s
				where s.tenant_id = any ($1) and s.tenant_id = e.tenant_id and s.entry_id = e.id), 0) as seal
		from audit.entry e
		where e.tenant_id = any ($1)
		and ($2 = '' or position(lower(normalize($2, nfc)) in lower(e.what)) > 0)
		and ($3 = '' or e.action = $3)
		and ($4 = '' or position(lower(normalize($4, nfc)) in lower(e.who || ' ' || e.acting)) > 0)
		and ($5 = '' or e.subject = $5)
		and e.at >= coalesce($6::timestamptz, '-infinity')
		and e.at < coalesce($7::timestamptz, 'infinity')
		and ($10 = '' or e.acting_id <> 0)` + orders[l.Order] + `
		limit $8 offset $9`
}

func searchArgs(l web.Query, between web.Days) []any {
	var from, to *time.Time
	if !between.From.IsZero() {
		from = &between.From
	}
	if end := between.End(); !end.IsZero() {
		to = &end
	}
	return []any{l.Get("q"), l.Get("action"), l.Get("who"), l.Get("subject"), from, to, l.Limit, l.Offset, l.Get("thay")}
}

// lines returns the lines of a page and how many there are in all.
func lines(rows []row) ([]line, int, error) {
	list, total := make([]line, len(rows)), 0
	for i, r := range rows {
		list[i], total = r.line, r.Total
	}
	return list, total, nil
}
