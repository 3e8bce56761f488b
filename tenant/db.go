package tenant

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"txng/tenant/fault"
)

// Config says where the database is.
type Config struct {
	// URL names server and database. Its user is the owner of the schema and is used by Migrate and Inspect only; the
	// doors sign in as their own roles.
	URL string
	// Secret is the deployment's master secret (32 bytes or more). The passwords of the login roles are derived from it.
	Secret []byte
	// MaxConns is the size of each of the application's pools; 0 means 8. All tenants together hold no more at a time.
	MaxConns int32
	// Clock tells the time; nil means time.Now.
	Clock func() time.Time
	// Tracer sees every statement of every door; nil for none.
	Tracer pgx.QueryTracer
}

// The login roles. None owns a table, none bypasses row security.
const (
	roleApp      = "txng_app"
	roleMerged   = "txng_merged"
	roleConfined = "txng_confined"
	rolePublic   = "txng_public"
	roleMinistry = "txng_ministry"
	rolePlatform = "txng_platform"
)

// Roles are the login roles, one a door, but for the tenants' door: see TenantRoles.
var Roles = append(slices.Clone(TenantRoles), rolePublic, roleMinistry, rolePlatform)

// TenantRoles are the login roles of the tenants' door: txng_app for scopes of one whole tenant, txng_merged for those
// that read its origins, too, txng_confined, on which the policies of organizations, units, fields and assignments lie,
// for those that are confined within their tenant. DB chooses by the scope. Their rights are the same.
var TenantRoles = []string{roleApp, roleMerged, roleConfined}

// DB is the database through its doors: In, View and Visit for a tenant, Public, Nation and Platform. Each door signs in as
// its own role; no connection is ever handed out.
type DB struct {
	app, merged, confined, public, ministry, platform *pgxpool.Pool
	// lookup is for the registry alone, so that whoever holds a connection of another pool can always ask it.
	lookup *pgxpool.Pool

	clock    func() time.Time
	registry *registryCache
	shares   *shares // of app, merged and confined together, by tenant
}

// Open connects the doors. It does not ask the database anything yet: a server that is away is found by the first use.
func Open(ctx context.Context, c Config) (*DB, error) {
	if len(c.Secret) < 32 {
		return nil, errors.New("open database: the master secret has fewer than 32 bytes")
	}
	db := &DB{clock: c.Clock, registry: new(registryCache)}
	if db.clock == nil {
		db.clock = time.Now
	}
	size := max(c.MaxConns, 0)
	if size == 0 {
		size = 8
	}
	db.shares = newShares(int(size))
	for _, door := range []struct {
		pool **pgxpool.Pool
		role string
		size int32
	}{
		{&db.app, roleApp, size},
		{&db.merged, roleMerged, size},
		{&db.confined, roleConfined, size},
		{&db.public, rolePublic, size},
		{&db.ministry, roleMinistry, max(2, size/4)},
		{&db.platform, rolePlatform, size},
		{&db.lookup, rolePlatform, 2},
	} {
		pool, err := connect(ctx, c, door.role, door.size)
		if err != nil {
			db.Close()
			return nil, err
		}
		*door.pool = pool
	}
	return db, nil
}

func connect(ctx context.Context, c Config, role string, size int32) (*pgxpool.Pool, error) {
	u, err := RoleURL(c.URL, c.Secret, role)
	if err != nil {
		return nil, err
	}
	pc, err := pgxpool.ParseConfig(u)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err)
	}
	pc.MaxConns = size
	pc.ConnConfig.ConnectTimeout = 5 * time.Second
	pc.ConnConfig.Tracer = c.Tracer
	pc.ConnConfig.RuntimeParams["application_name"] = "txng " + role
	pc.ConnConfig.RuntimeParams["timezone"] = "UTC"
	return pgxpool.NewWithConfig(ctx, pc)
}

// RoleURL returns the connection URL of a login role on the server and database of base.
func RoleURL(base string, secret []byte, role string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", errors.New("the database URL must look like postgres://user:password@host:port/database")
	}
	u.User = url.UserPassword(role, rolePassword(secret, role))
	return u.String(), nil
}

// rolePassword derives a login role's password from the master secret.
func rolePassword(secret []byte, role string) string {
	mac := hmac.New(sha256.New, secret)
	io.WriteString(mac, "txng login role "+role)
	return hex.EncodeToString(mac.Sum(nil))
}

// Close ends all connections.
func (db *DB) Close() {
	for _, p := range []*pgxpool.Pool{db.app, db.merged, db.confined, db.public, db.ministry, db.platform, db.lookup} {
		if p != nil {
			p.Close()
		}
	}
}

// WithClock returns the same database with another clock: what is written through it has that clock's time. For
// demonstration data and tests.
func (db *DB) WithClock(clock func() time.Time) *DB {
	other := *db
	other.clock = clock
	return &other
}

// Now is the time by the database's clock of choice.
func (db *DB) Now() time.Time { return db.clock() }

// In runs f in a transaction of the scope, which commits when f returns nil and is rolled back otherwise. A tenant that
// is suspended or archived is read only: fault.Conflict (but see Visit). One that has too many waiting already: fault.TooMany.
func (db *DB) In(ctx context.Context, s Scope, f func(Tx) error) error {
	switch s.frozen {
	case Suspended:
		return fault.Say(fault.Conflict, "Tỉnh, thành phố đang tạm dừng vận hành: chỉ xem được, chưa ghi được dữ liệu mới.")
	case Archived:
		return fault.Say(fault.Conflict, "Tỉnh, thành phố đã đóng chương trình: chỉ xem và xuất được dữ liệu, không ghi được nữa.")
	}
	if s.heir == 0 {
		return db.scoped(ctx, s, "begin", f)
	}
	return db.scoped(ctx, s, "begin", func(tx Tx) error {
		if err := tx.holdMerger(ctx); err != nil {
			return err
		}
		return f(tx)
	})
}

// View runs f in a read-only transaction of the scope.
func (db *DB) View(ctx context.Context, s Scope, f func(Tx) error) error {
	return db.scoped(ctx, s, "begin read only", f)
}

func (db *DB) scoped(ctx context.Context, s Scope, begin string, f func(Tx) error) error {
	if s.home <= 0 || len(s.reads) == 0 {
		return errNoScope
	}
	release, err := db.shares.take(ctx, s.home)
	if err != nil {
		return err
	}
	defer release()
	return db.within(ctx, db.poolOf(s), pgx.TxOptions{BeginQuery: begin + "; " + s.set()}, func(tx pgx.Tx) error {
		return f(Tx{open: &open{tx: tx, scope: s, now: db.clock()}})
	})
}

// poolOf returns the connections that a scope's transactions run on.
func (db *DB) poolOf(s Scope) *pgxpool.Pool {
	switch {
	case s.confined():
		return db.confined
	case s.single():
		return db.app
	default:
		return db.merged
	}
}

// Public runs f in a read-only transaction that sees what is published, of all tenants.
func (db *DB) Public(ctx context.Context, f func(Public) error) error {
	return db.within(ctx, db.public, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return f(Public{open: &open{tx: tx, now: db.clock()}})
	})
}

// Nation runs f in a read-only transaction that sees the roll-ups of all tenants.
func (db *DB) Nation(ctx context.Context, f func(Nation) error) error {
	return db.within(ctx, db.ministry, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		return f(Nation{open: &open{tx: tx, now: db.clock()}})
	})
}

// Platform runs f in a transaction over registry, accounts, sessions and memberships.
func (db *DB) Platform(ctx context.Context, f func(Platform) error) error {
	return db.within(ctx, db.platform, pgx.TxOptions{}, func(tx pgx.Tx) error {
		return f(Platform{open: &open{tx: tx, now: db.clock()}})
	})
}

// within runs f in a transaction of the pool. A panic in f rolls back and goes on.
func (db *DB) within(ctx context.Context, pool *pgxpool.Pool, o pgx.TxOptions, f func(pgx.Tx) error) error {
	if err := pgx.BeginTxFunc(ctx, pool, o, f); err != nil {
		return translate(err)
	}
	return nil
}

// Fetch runs one read in the scope: begin, scope, statement and commit go to the server in one flush, a third of the
// processor time of four round trips. As in List, $1 is the array of tenants.
func Fetch[T any](ctx context.Context, db *DB, s Scope, sql string, args ...any) ([]T, error) {
	if s.home <= 0 || len(s.reads) == 0 {
		return nil, errNoScope
	}
	release, err := db.shares.take(ctx, s.home)
	if err != nil {
		return nil, err
	}
	defer release()
	var list []T
	var b pgx.Batch
	b.Queue("begin read only")
	for _, set := range s.each() {
		b.Queue(set)
	}
	sql, args = s.naming(sql, args)
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(rows, pgx.RowToStructByName[T])
		return err
	})
	b.Queue("commit")
	if err := db.poolOf(s).SendBatch(ctx, &b).Close(); err != nil {
		return nil, translate(err)
	}
	return list, nil
}

// JobPool is the pool that the job queue works with, its rights those of the platform's door. For
// modules/internal/job only; the arch test holds everybody else off.
func (db *DB) JobPool() *pgxpool.Pool { return db.platform }

// Ping asks every door for a sign of life.
func (db *DB) Ping(ctx context.Context) error {
	for role, p := range map[string]*pgxpool.Pool{roleApp: db.app, roleMerged: db.merged, roleConfined: db.confined, rolePublic: db.public, roleMinistry: db.ministry, rolePlatform: db.platform} {
		if err := p.Ping(ctx); err != nil {
			return fmt.Errorf("sign in as %s: %w", role, translate(err))
		}
	}
	return nil
}

// isNetwork reports whether err comes from a connection that broke, and not from an ended context.
func isNetwork(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, fault.Unavailable) {
		return false
	}
	var n net.Error
	return errors.As(err, &n) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, net.ErrClosed)
}
