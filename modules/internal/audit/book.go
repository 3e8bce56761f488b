package audit

import (
	"context"
	"time"

	"txng/tenant"
)

// Platform is the tenant under which the platform's own lines stand. No tenant has this number.
const Platform tenant.ID = 0

// book is an audit with its chain: a tenant's, through its transaction, or the platform's own.
type book struct {
	of       tenant.ID
	tx       tenant.Tx
	platform tenant.Platform // of the platform's own
}

func bookOf(tx tenant.Tx) book            { return book{of: tx.Tenant(), tx: tx} }
func platformBook(p tenant.Platform) book { return book{of: Platform, platform: p} }

func (b book) now() time.Time {
	if b.of == Platform {
		return b.platform.Now()
	}
	return b.tx.Now()
}

// reads is how a query of this package is asked: its $1 is the list of tenants that are read.
func (b book) reads(args []any) (tenant.Reader, []any) {
	if b.of == Platform {
		return b.platform, append([]any{[]tenant.ID{Platform}}, args...)
	}
	return b.tx, args
}

func listOf[T any](ctx context.Context, b book, sql string, args ...any) ([]T, error) {
	r, args := b.reads(args)
	return tenant.List[T](ctx, r, sql, args...)
}

func oneOf[T any](ctx context.Context, b book, sql string, args ...any) (T, error) {
	r, args := b.reads(args)
	return tenant.One[T](ctx, r, sql, args...)
}

func columnOf[T any](ctx context.Context, b book, sql string, args ...any) ([]T, error) {
	r, args := b.reads(args)
	return tenant.Column[T](ctx, r, sql, args...)
}

// exec runs a statement that writes; its $1 is the tenant.
func (b book) exec(ctx context.Context, sql string, args ...any) error {
	var err error
	if b.of == Platform {
		_, err = b.platform.Exec(ctx, sql, append([]any{Platform}, args...)...)
	} else {
		_, err = b.tx.Exec(ctx, sql, args...)
	}
	return err
}

// lock takes the book for sealing until the transaction ends; false when somebody else has it.
func (b book) lock(ctx context.Context) (bool, error) {
	const try = `select pg_try_advisory_xact_lock(hashtext('audit.seal'), $1::int)`
	if b.of == Platform {
		return tenant.Value[bool](ctx, b.platform, try, Platform)
	}
	return tenant.Put[bool](ctx, b.tx, try)
}
