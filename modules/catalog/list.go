package catalog

import (
	"context"

	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
)

var listOrders = map[string]string{
	"name":  ` order by name collate "vi-x-icu", id`,
	"-name": ` order by name collate "vi-x-icu" desc, id`,
	"list":  ` order by list, name collate "vi-x-icu", id`,
	"-list": ` order by list desc, name collate "vi-x-icu", id`,
}

// searchList returns entries of the lists. They are few enough (hundreds a province) to be searched here by folded
// words instead of through a table of tokens.
func searchList(ctx context.Context, tx tenant.Tx, l web.Query) ([]ListItem, int, error) {
	all, err := tenant.List[ListItem](ctx, tx, `
		select tenant_id, id, list, name, source, official
		from catalog.list_item
		where tenant_id = any ($1)
		and ($2 = '' or list = $2)`+listOrders[l.Order], l.Get("list"))
	if err != nil {
		return nil, 0, err
	}
	found := all[:0]
	for _, i := range all {
		if vi.HasWords(i.Name, l.Get("q")) {
			found = append(found, i)
		}
	}
	total := len(found)
	from := min(l.Offset, total)
	return found[from:min(from+l.Limit, total)], total, nil
}
