package authz

import (
	"context"

	"txng/tenant"
)

// Officers returns the roles of a tenant's officers that are valid now, by the day they were given.
func Officers(ctx context.Context, tx tenant.Platform, of tenant.ID) ([]Membership, error) {
	return tenant.List[Membership](ctx, tx, `
		select `+membershipColumns+`
		from authz.membership
		where tenant_id = $1 and org_id = 0 and valid_from <= $2 and (valid_to is null or valid_to > $2)
		order by valid_from, id
		limit 10000`, of, tx.Now())
}
