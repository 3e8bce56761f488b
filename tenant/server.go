package tenant

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// CreateDatabase makes the named database on the server that url signs in to, unless it exists.
func CreateDatabase(ctx context.Context, url, name string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to create a database: %w", translate(err))
	}
	defer conn.Close(ctx)
	var exists bool
	if err := conn.QueryRow(ctx, "select exists (select from pg_database where datname = $1)", name).Scan(&exists); err != nil {
		return err
	}
	if exists {
		return nil
	}
	_, err = conn.Exec(ctx, "create database "+pgx.Identifier{name}.Sanitize()+" template template0 encoding 'UTF8'")
	return err
}

// DropDatabase removes the named database and whoever is connected to it.
func DropDatabase(ctx context.Context, url, name string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to drop a database: %w", translate(err))
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "drop database if exists "+pgx.Identifier{name}.Sanitize()+" with (force)")
	return err
}

// safeMinors are the first minor versions without the row security faults CVE-2026-14666, CVE-2026-116311 and
// CVE-2026-120154: 15.20 and those released with it on 12 November 2026, by major version.
var safeMinors = map[int]int{15: 20, 16: 16, 17: 12, 18: 6}

// ServerVersion returns the server's version number (150020 for 15.20), and what to do when it is unsafe ("" when safe).
func ServerVersion(ctx context.Context, url string) (number int, unsafe string, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, "", fmt.Errorf("connect: %w", translate(err))
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&number); err != nil {
		return 0, "", err
	}
	return number, unsafeVersion(number), nil
}

func unsafeVersion(number int) string {
	major, minor := number/10_000, number%10_000
	least, known := safeMinors[major]
	switch {
	case major < 15:
		return fmt.Sprintf("PostgreSQL %d.%d quá cũ: cần từ 15.20 trở lên.", major, minor)
	case known && minor < least:
		return fmt.Sprintf("PostgreSQL %d.%d có lỗ hổng về phân quyền theo dòng: hãy nâng cấp lên %d.%d trở lên.", major, minor, major, least)
	}
	return ""
}

// InspectURL is Inspect on a connection of its own.
func InspectURL(ctx context.Context, url string) ([]Finding, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", translate(err))
	}
	defer conn.Close(ctx)
	return Inspect(ctx, conn)
}

// ClockSkew returns how far the server's clock is ahead of this machine's.
func ClockSkew(ctx context.Context, url string) (time.Duration, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, fmt.Errorf("connect: %w", translate(err))
	}
	defer conn.Close(ctx)
	var there time.Time
	before := time.Now()
	if err := conn.QueryRow(ctx, "select clock_timestamp()").Scan(&there); err != nil {
		return 0, err
	}
	after := time.Now()
	return there.Sub(before.Add(after.Sub(before) / 2)), nil
}
