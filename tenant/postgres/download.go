//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
)

// download returns the bin folder of a PostgreSQL in the user's cache, fetching it there the first time (some 30 MB,
// at most 5 minutes).
func download(ctx context.Context, log io.Writer) (string, error) {
	cache := "/var/cache/txng" // root's own cache is closed to the account that runs the server
	if os.Geteuid() != 0 {
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("finding the cache folder: %w", err)
		}
		cache = filepath.Join(dir, "txng")
	}
	return fetch(ctx, embeddedpostgres.DefaultConfig(), cache, log)
}

// fetch is download from the repository of a configuration into a cache folder.
func fetch(ctx context.Context, from embeddedpostgres.Config, cache string, log io.Writer) (string, error) {
	version := embeddedpostgres.V18
	home := filepath.Join(cache, "postgresql-"+string(version))
	bin := filepath.Join(home, "bin")
	if _, err := os.Stat(bin); err == nil {
		return bin, nil
	}
	if err := makeDirs(cache); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	stage, err := os.MkdirTemp(cache, "download-*")
	if err != nil {
		return "", fmt.Errorf("making a download folder: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	// The library fetches and unpacks only on the way to a server of its own. A locale that no system has makes it
	// stop right after unpacking, at initdb.
	throwAway := embeddedpostgres.NewDatabase(from.
		Version(version).
		Locale("no-such-locale").
		Port(uint32(port)).
		CachePath(filepath.Join(stage, "archive")).
		RuntimePath(filepath.Join(stage, "runtime")).
		BinariesPath(filepath.Join(stage, "unpacked")).
		Logger(io.Discard))
	fmt.Fprintf(log, "Máy chưa cài PostgreSQL: đang tải PostgreSQL %s về %s …\n", version, cache)
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		err := throwAway.Start()
		switch {
		case err == nil: // initdb took the locale after all
			err = throwAway.Stop()
		case strings.Contains(err.Error(), "unable to init database"):
			err = nil
		}
		if err == nil {
			err = os.Rename(filepath.Join(stage, "unpacked"), home)
		}
		os.RemoveAll(stage)
		done <- err
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if _, there := os.Stat(bin); err != nil && there != nil {
		return "", errors.Join(errors.New("fetching PostgreSQL"), err)
	}
	return bin, nil
}
