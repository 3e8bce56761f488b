package tenant

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// Visited are the tables in which shoppers leave something behind in a province: what DB.Visit may write, and what may
// grow while the province is suspended or archived.
var Visited = []string{"scan.scan", "scan.serial"}

// Visitor is a transaction that writes what a shopper leaves behind in a tenant, and nothing else: the scan of a stamp.
// Only DB.Visit makes one. It is no Tx, so that what changes a province's records, notes it in the audit, enqueues a job
// or uses up a quota does not compile with it; it takes statements of Puts only, with the tenant as $1.
type Visitor struct {
	*open
	_ [0]visitorDoor
}

type visitorDoor struct{}

// Visit runs f in a transaction that writes in one tenant, whatever its state. In refuses a tenant that is suspended or
// archived; here shoppers go on leaving behind that they were there, because the verdict on a stamp rests on it: without
// the scans that came before, a copied stamp would be called scanned for the first time. The state is not even asked,
// so a province that is suspended or archived at this moment loses no scan.
//
// For modules/scan only; the arch test holds everybody else off. What is written is in the tables of Visited. Errors:
// fault.NotFound when there is no such tenant; fault.TooMany when it has too many waiting already.
func (db *DB) Visit(ctx context.Context, id ID, f func(Visitor) error) error {
	t, err := db.Tenant(ctx, id)
	if err != nil {
		return err
	}
	s := Scope{home: id, reads: []ID{id}, timeout: t.StatementTimeout()}
	return db.scoped(ctx, s, "begin", func(tx Tx) error { return f(Visitor{open: tx.open}) })
}

// Writer is a transaction that Puts can ask: a Tx or a Visitor.
type Writer interface {
	put(ctx context.Context, sql string, args []any) (pgx.Rows, error)
}

func (t Tx) put(ctx context.Context, sql string, args []any) (pgx.Rows, error) {
	return t.home(ctx, sql, args)
}

func (t Visitor) put(ctx context.Context, sql string, args []any) (pgx.Rows, error) {
	return t.home(ctx, sql, args)
}

// home runs a statement with the tenant that is written as $1.
func (t *open) home(ctx context.Context, sql string, args []any) (pgx.Rows, error) {
	if t == nil {
		return nil, errNoScope
	}
	return t.tx.Query(ctx, sql, append([]any{t.scope.home}, args...)...)
}
