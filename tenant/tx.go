package tenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"txng/tenant/fault"
)

// errNoScope is what the zero value of a door returns for every statement.
var errNoScope = errors.New("tenant: statement outside of a transaction that a door has opened")

// Tx is a transaction of one tenant. Only DB.In and DB.View make one; without it, SQL on a tenant's tables does not
// compile, and its zero value answers every statement with an error.
//
// Every statement names its tenant, because PostgreSQL would plan it badly (and Citus would ask every shard)
// otherwise. So that none can forget: the first parameter, $1, is filled in by the transaction. In List, One and Value
// it is the array of tenants that are read (`tenant_id = any($1)`), in Exec and Put the one tenant that is written
// (`tenant_id = $1`, or $1 as the value of tenant_id). A statement that does not use $1 is refused by the database.
type Tx struct {
	*open
	_ [0]tenantDoor // a field of its own type, so that no other door's transaction converts to it
}

// Public is a transaction that sees the published rows of all tenants, read only. Its parameters are as given; name
// the tenant in every statement.
type Public struct {
	*open
	_ [0]publicDoor
}

// Nation is a transaction that sees the roll-ups of all tenants, read only, and no other row of any.
type Nation struct {
	*open
	_ [0]nationDoor
}

// Platform is a transaction over the registry of tenants, accounts, sessions and memberships: what is asked before
// there is a scope, and what the operator changes. It sees no row of a province's own data.
type Platform struct {
	*open
	_ [0]platformDoor
}

// The doors' marks.
type (
	tenantDoor   struct{}
	publicDoor   struct{}
	nationDoor   struct{}
	platformDoor struct{}
)

// open is the state behind a door's transaction.
type open struct {
	tx    pgx.Tx
	scope Scope
	now   time.Time
	last  int64 // number of the newest record
}

// Now is the time of the transaction: the same for everything that is written in it.
func (t *open) Now() time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.now
}

// NewID returns a number for a record made in this transaction. Numbers of one transaction follow each other, so that
// they sort in the order in which its records were made, and two transactions of one millisecond hardly ever meet.
func (t *open) NewID() int64 {
	switch {
	case t == nil:
		return NewID(t.Now())
	case t.last == 0:
		t.last = NewID(t.Now())
	default:
		t.last++
	}
	return t.last
}

// Tenant returns the tenant that the transaction writes as.
func (t Tx) Tenant() ID {
	if t.open == nil {
		return 0
	}
	return t.scope.home
}

// Org returns the organization that the transaction is confined to, 0 for none.
func (t Tx) Org() OrgID {
	if t.open == nil {
		return 0
	}
	return t.scope.org
}

// Reading returns the one tenant whose rows a narrowed scope (Scope.Reading) reads, and whether the scope is narrowed.
func (t Tx) Reading() (ID, bool) {
	if t.open == nil || !t.scope.narrowed {
		return 0, false
	}
	return t.scope.reads[0], true
}

// Elsewhere is the error of who is to change a record of a province that was merged into theirs: it is to be done in
// the scope of that province (DB.ScopeAs), because a row stays with its origin.
type Elsewhere struct{ Origin ID }

func (e Elsewhere) Error() string { return fmt.Sprintf("the record belongs to tenant %d", e.Origin) }

// Is makes an Elsewhere that nobody acts upon a fault.Conflict.
func (e Elsewhere) Is(target error) bool { return target == fault.Conflict }

// Owns returns an Elsewhere when a record of the tenant cannot be changed in this transaction.
func (t Tx) Owns(of ID) error {
	if of != t.Tenant() {
		return Elsewhere{of}
	}
	return nil
}

// Reader is a transaction that List, One and Value can ask.
type Reader interface {
	read(ctx context.Context, sql string, args []any) (pgx.Rows, error)
}

func (t Tx) read(ctx context.Context, sql string, args []any) (pgx.Rows, error) {
	if t.open == nil {
		return nil, errNoScope
	}
	sql, args = t.scope.naming(sql, args)
	return t.tx.Query(ctx, sql, args...)
}

func (t Public) read(ctx context.Context, sql string, args []any) (pgx.Rows, error) {
	return t.plain(ctx, sql, args)
}

func (t Nation) read(ctx context.Context, sql string, args []any) (pgx.Rows, error) {
	return t.plain(ctx, sql, args)
}

func (t Platform) read(ctx context.Context, sql string, args []any) (pgx.Rows, error) {
	return t.plain(ctx, sql, args)
}

func (t *open) plain(ctx context.Context, sql string, args []any) (pgx.Rows, error) {
	if t == nil {
		return nil, errNoScope
	}
	return t.tx.Query(ctx, sql, args...)
}

// List returns the rows of a query, each put into the fields of T by column name (field names folded, or a `db` tag).
func List[T any](ctx context.Context, r Reader, sql string, args ...any) ([]T, error) {
	rows, err := r.read(ctx, sql, args)
	if err != nil {
		return nil, translate(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	return list, translate(err)
}

// One returns the only row of a query. No row is fault.NotFound.
func One[T any](ctx context.Context, r Reader, sql string, args ...any) (T, error) {
	rows, err := r.read(ctx, sql, args)
	if err != nil {
		var zero T
		return zero, translate(err)
	}
	one, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	return one, translate(err)
}

// Value returns the only column of the only row of a query. No row is fault.NotFound.
func Value[T any](ctx context.Context, r Reader, sql string, args ...any) (T, error) {
	rows, err := r.read(ctx, sql, args)
	if err != nil {
		var zero T
		return zero, translate(err)
	}
	one, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	return one, translate(err)
}

// Column returns the only column of all rows of a query.
func Column[T any](ctx context.Context, r Reader, sql string, args ...any) ([]T, error) {
	rows, err := r.read(ctx, sql, args)
	if err != nil {
		return nil, translate(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[T])
	return list, translate(err)
}

// Exec runs a statement that writes, with the tenant that is written as $1, and returns the number of rows it touched.
func (t Tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if t.open == nil {
		return 0, errNoScope
	}
	tag, err := t.tx.Exec(ctx, sql, append([]any{t.scope.home}, args...)...)
	return tag.RowsAffected(), translate(err)
}

// Put runs a statement that writes and returns one value (`returning …`), with the tenant that is written as $1.
func Put[T any](ctx context.Context, t Tx, sql string, args ...any) (T, error) {
	var zero T
	if t.open == nil {
		return zero, errNoScope
	}
	rows, err := t.tx.Query(ctx, sql, append([]any{t.scope.home}, args...)...)
	if err != nil {
		return zero, translate(err)
	}
	one, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
	return one, translate(err)
}

// Puts is Put for statements that return several rows, each put into the fields of T by column name.
func Puts[T any](ctx context.Context, w Writer, sql string, args ...any) ([]T, error) {
	rows, err := w.put(ctx, sql, args)
	if err != nil {
		return nil, translate(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	return list, translate(err)
}

// Exec runs a statement that writes to the registry or the accounts.
func (t Platform) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if t.open == nil {
		return 0, errNoScope
	}
	tag, err := t.tx.Exec(ctx, sql, args...)
	return tag.RowsAffected(), translate(err)
}

// ForJobs hands the transaction under a Tx to the job queue, which inserts its jobs with it. For modules/internal/job
// only; the arch test holds everybody else off.
func ForJobs(t Tx) pgx.Tx { return t.tx }

// PlatformForJobs is ForJobs for a transaction of the platform's door.
func PlatformForJobs(t Platform) pgx.Tx { return t.tx }

// translate gives a database error its kind. The text stays inside: it is logged, never shown.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.NotFound
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if pg.Code == queryCanceled {
			return fmt.Errorf("%w: %w", fault.Say(fault.Unavailable, "Việc này cần nhiều thời gian hơn mức cho phép nên đã dừng lại; chưa có gì được ghi. Hãy thu hẹp điều kiện lọc hoặc khoảng thời gian rồi thử lại."), err)
		}
		switch pg.Code[:2] {
		case "08", "57", "53", "58": // connection, operator intervention (shutdown, time-out), resources, system
			return fmt.Errorf("%w: %w", fault.Unavailable, err)
		}
		switch pg.Code {
		case "22001", "22003", "22021", "23514": // too long, out of range, no such character, a check of the table
			return fmt.Errorf("%w: %w", fault.Invalid{{Name: "", Message: "Có giá trị vượt giới hạn hoặc có ký tự không lưu được. Hãy kiểm tra lại nội dung đã nhập."}}, err)
		}
		if pg.Code == uniqueViolation {
			return fmt.Errorf("%w: %w", fault.Conflict, err)
		}
		return err
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || pgconn.SafeToRetry(err) || isNetwork(err) {
		return fmt.Errorf("%w: %w", fault.Unavailable, err)
	}
	return err
}

const (
	uniqueViolation = "23505"
	queryCanceled   = "57014" // by its time-out, or because whoever asked has gone
)

// Violates reports whether err is the violation of the named constraint or unique index.
func Violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.ConstraintName == constraint
}
