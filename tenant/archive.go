package tenant

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ForArchive runs f with two read-only transactions of one snapshot: rows sees the tenant's own rows and no others, also
// not those of tenants merged into it; platform sees registry and accounts. They may stay open as long as f takes. For
// tenant/archive only; the arch test holds everybody else off.
func (db *DB) ForArchive(ctx context.Context, id ID, f func(rows, platform pgx.Tx) error) error {
	if id <= 0 {
		return errNoScope
	}
	const begin = "begin isolation level repeatable read read only; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0"
	scope := Scope{home: id, reads: []ID{id}}
	return db.within(ctx, db.poolOf(scope), pgx.TxOptions{BeginQuery: begin + "; " + scope.set()}, func(rows pgx.Tx) error {
		var snapshot string
		if err := rows.QueryRow(ctx, "select pg_export_snapshot()").Scan(&snapshot); err != nil {
			return fmt.Errorf("share the snapshot: %w", err)
		}
		const begin = "begin isolation level repeatable read read only"
		return db.within(ctx, db.platform, pgx.TxOptions{BeginQuery: begin + "; set transaction snapshot '" + snapshot + "'; set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0"}, func(platform pgx.Tx) error {
			return f(rows, platform)
		})
	})
}
