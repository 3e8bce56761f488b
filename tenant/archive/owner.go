package archive

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
	"txng/tenant/fault"
)

// asOwner runs f in a transaction of the schema's owner, whom row security does not hold off. An owner who is no
// superuser and may not bypass it lifts `force` from the tenant tables for the transaction; others wait for it meanwhile.
//
// Only this program's newest schema is worked on.
func asOwner(ctx context.Context, c tenant.Config, f func(tx pgx.Tx) error) error {
	now, newest, err := tenant.SchemaVersion(ctx, c)
	if err != nil {
		return err
	}
	if now != newest {
		return fault.Say(fault.Conflict, "Cơ sở dữ liệu ở bước %d, chương trình cần bước %d: chạy txng migrate trước.", now, newest)
	}
	conn, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return fmt.Errorf("connect as the owner: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set local timezone = 'UTC'; set local statement_timeout = 0"); err != nil {
			return err
		}
		held, err := heldOff(ctx, tx)
		if err != nil {
			return err
		}
		for _, t := range held {
			if _, err := tx.Exec(ctx, "alter table "+quote(t)+" no force row level security"); err != nil {
				return fmt.Errorf("lift row security from %s: %w", t, err)
			}
		}
		if err := f(tx); err != nil {
			return err
		}
		for _, t := range held {
			if _, err := tx.Exec(ctx, "alter table "+quote(t)+" force row level security"); err != nil {
				return fmt.Errorf("put row security back on %s: %w", t, err)
			}
		}
		return nil
	})
}

// heldOff returns the tables whose rows row security hides from the connection's user.
func heldOff(ctx context.Context, q querier) ([]string, error) {
	rows, err := q.Query(ctx, `
		select n.nspname || '.' || c.relname
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
		and row_security_active(c.oid)
		order by 1`)
	if err != nil {
		return nil, fmt.Errorf("ask for row security: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("ask for row security: %w", err)
	}
	return list, nil
}
