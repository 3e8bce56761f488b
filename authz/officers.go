package authz

import (
	"context"

	"txng/tenant"
)

// Officers returns the roles of a tenant's officers that are valid now, by the day they were given.
func Officers(ctx context.Context, tx tenant.Platform, of tenant.ID) ([]Membership, error) {
	return tenant.List[Membership](ctx, tx, selectMembership+`
		where m.tenant_id = $1 and m.org_id = 0 and m.valid_from <= $2 and (m.valid_to is null or m.valid_to > $2)
		order by m.valid_from, m.id
		limit 10000`, of, tx.Now())
}
