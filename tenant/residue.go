package tenant

import (
	"context"
	"fmt"
	"slices"
)

// Residue asks every connection of the tenants' pools that is idle now what it still holds of a scope. Anything is a
// breach: the next user of the connection would start with it. For proofs.
func Residue(ctx context.Context, db *DB) ([]string, error) {
	var found []string
	for _, conn := range slices.Concat(db.app.AcquireAllIdle(ctx), db.merged.AcquireAllIdle(ctx), db.confined.AcquireAllIdle(ctx)) {
		for _, name := range []string{"app.tenant", "app.tenants", "app.org", "app.units", "app.fields", "app.orgs"} {
			var value string
			if err := conn.QueryRow(ctx, "select coalesce(current_setting($1, true), '')", name).Scan(&value); err != nil {
				conn.Release()
				return nil, fmt.Errorf("ask an idle connection for %s: %w", name, err)
			}
			if value != "" {
				found = append(found, name+" = "+value)
			}
		}
		conn.Release()
	}
	return found, nil
}
