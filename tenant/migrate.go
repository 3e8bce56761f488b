package tenant

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/tern/v2/migrate"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"txng/migrations"
)

// versionTable is where tern notes the schema's version.
const versionTable = "public.schema_version"

// JobSchema is the schema of the job queue's own tables.
const JobSchema = "river"

// rolesLock serializes what is done to login roles, which belong to the server and not to one database.
const rolesLock = 0x74786e67

// Migrate brings the schema to version to (-1: the newest), makes the job queue's tables, and sets the login roles'
// passwords. Two at a time wait for each other. It signs in with the URL's own user, which owns the schema.
func Migrate(ctx context.Context, c Config, to int) error {
	conn, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return fmt.Errorf("connect for migrations: %w", translate(err))
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", rolesLock); err != nil {
		return fmt.Errorf("wait for another migration: %w", err)
	}
	defer conn.Exec(ctx, "select pg_advisory_unlock($1)", rolesLock)

	m, err := migrator(ctx, conn)
	if err != nil {
		return err
	}
	if to < 0 {
		to = len(m.Migrations)
	}
	if to > len(m.Migrations) {
		return fmt.Errorf("there is no migration %d: the newest is %d", to, len(m.Migrations))
	}
	if err := m.MigrateTo(ctx, int32(to)); err != nil {
		return fmt.Errorf("migrate to %d: %w", to, err)
	}
	if to < len(m.Migrations) {
		return nil
	}
	if err := migrateJobs(ctx, c.URL); err != nil {
		return err
	}
	return setPasswords(ctx, conn, c.Secret)
}

// SchemaVersion returns the schema's version and the newest one that this program knows.
func SchemaVersion(ctx context.Context, c Config) (now, newest int, err error) {
	conn, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return 0, 0, fmt.Errorf("connect: %w", translate(err))
	}
	defer conn.Close(ctx)
	m, err := migrator(ctx, conn)
	if err != nil {
		return 0, 0, err
	}
	v, err := m.GetCurrentVersion(ctx)
	return int(v), len(m.Migrations), err
}

func migrator(ctx context.Context, conn *pgx.Conn) (*migrate.Migrator, error) {
	m, err := migrate.NewMigrator(ctx, conn, versionTable)
	if err != nil {
		return nil, fmt.Errorf("prepare migrations: %w", err)
	}
	files, err := fs.Sub(migrations.FS, ".")
	if err != nil {
		return nil, err
	}
	if err := m.LoadMigrations(files); err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return m, nil
}

// migrateJobs makes the queue's tables. The application may add jobs; the platform's door works on them.
func migrateJobs(ctx context.Context, url string) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, "create schema if not exists "+JobSchema); err != nil {
		return fmt.Errorf("make the job queue's schema: %w", err)
	}
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: JobSchema})
	if err != nil {
		return err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the job queue: %w", err)
	}
	_, err = pool.Exec(ctx, `
		grant usage on schema river to txng_app, txng_merged, txng_confined, txng_platform;
		grant select, insert, update on river.river_job to txng_app, txng_merged, txng_confined;
		grant select, insert, update, delete on all tables in schema river to txng_platform;
		grant usage on all sequences in schema river to txng_app, txng_merged, txng_confined, txng_platform`)
	return err
}

// setPasswords sets the login roles' passwords and limits. A table is not read from end to end while an index leads to
// the tenant's rows, however small it is now: a plan that is kept would read every tenant's rows when it has grown.
// Where there is no index it is all the same, and the price that PostgreSQL puts on it must not have the statement
// compiled. `alter role` takes no parameters; role names are constants and passwords are hexadecimal.
func setPasswords(ctx context.Context, conn *pgx.Conn, secret []byte) error {
	if len(secret) == 0 {
		return nil
	}
	for _, role := range Roles {
		if _, err := conn.Exec(ctx, fmt.Sprintf(`
			alter role %[1]s password '%[2]s';
			alter role %[1]s set statement_timeout = '20s';
			alter role %[1]s set idle_in_transaction_session_timeout = '30s';
			alter role %[1]s set enable_seqscan = off;
			alter role %[1]s set jit = off`, role, rolePassword(secret, role))); err != nil {
			return fmt.Errorf("set the password of %s: %w", role, err)
		}
	}
	return nil
}

// NewestMigration returns the number of the newest migration that this program knows.
func NewestMigration() (int, error) {
	files, err := fs.Glob(migrations.FS, "[0-9]*.sql")
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	return len(files), nil
}
