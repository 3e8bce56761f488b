package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"txng/modules/internal/job"
	"txng/tenant"
	"txng/tenant/archive"
	"txng/tenant/fault"
)

// makeOne is the job that makes an archive.
type makeOne struct {
	Tenant tenant.ID `json:"tenant"`
	Export int64     `json:"export"`
}

// Kind names the job.
func (makeOne) Kind() string { return "archive_export" }

// InsertOpts put it among the jobs that take long.
func (makeOne) InsertOpts() job.Options { return job.Options{Queue: job.Long} }

// sweep is the job that removes what nobody may download any more.
type sweep struct{}

// Kind names the job.
func (sweep) Kind() string { return "archive_sweep" }

// Jobs registers what makes the archives, in the folder, and removes them.
func Jobs(w *job.Workers, folder, stampKey string) {
	job.HandleLong(w, 6*time.Hour, func(ctx context.Context, j makeOne) error {
		return maker{w.DB, folder, stampKey}.make(ctx, j.Tenant, j.Export)
	})
	job.Handle(w, func(ctx context.Context, _ sweep) error { return sweepAll(ctx, w.DB, folder) })
	w.Every(time.Hour, sweep{})
}

// maker makes archives.
type maker struct {
	db               *tenant.DB
	folder, stampKey string
}

// fileOf returns where the file of an export lies.
func fileOf(folder string, of tenant.ID, id int64) string {
	return filepath.Join(archive.Folder(folder, of), strconv.FormatInt(id, 10)+".tar.gz")
}

// make makes an export's file. What goes wrong with it is noted for the people who wait, and not tried again by itself.
func (m maker) make(ctx context.Context, of tenant.ID, id int64) error {
	var mine bool
	if err := m.db.Platform(ctx, func(tx tenant.Platform) (err error) {
		mine, err = claim(ctx, tx, of, id)
		return err
	}); err != nil || !mine {
		return err
	}
	r, err := m.write(ctx, of, id)
	if err == nil {
		err = m.db.Platform(ctx, func(tx tenant.Platform) error {
			return ready(ctx, tx, of, id, r.Manifest.Rows, r.Size, r.SHA256)
		})
	}
	if err == nil {
		return nil
	}
	_ = os.Remove(fileOf(m.folder, of, id)) // a file that nobody knows of is nobody's
	reason := "Không lập được tệp do trục trặc của hệ thống. Hãy yêu cầu lại sau ít phút."
	if said := fault.Message(err); said != "" {
		reason = said
	}
	ctx = context.WithoutCancel(ctx)
	if noted := m.db.Platform(ctx, func(tx tenant.Platform) error { return failed(ctx, tx, of, id, reason) }); noted != nil {
		return errors.Join(err, noted)
	}
	return fmt.Errorf("make archive %d of tenant %d: %w", id, of, err) // claim turns the next try away
}

// write writes the file beside its place and renames it, so that it is whole or not there.
func (m maker) write(ctx context.Context, of tenant.ID, id int64) (r archive.Result, err error) {
	if m.folder == "" {
		return r, errNoFolder
	}
	place := fileOf(m.folder, of, id)
	if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
		return r, fmt.Errorf("make the folder of archives: %w", err)
	}
	// A name that nobody else has: an instance that was taken for dead may still write to its own.
	file, err := os.CreateTemp(filepath.Dir(place), filepath.Base(place)+".*.part")
	if err != nil {
		return r, fmt.Errorf("make the file: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var last time.Time
	r, err = archive.Export(ctx, m.db, of, file, archive.Options{StampKey: m.stampKey, Progress: func(done, total int64) {
		if time.Since(last) < time.Second {
			return
		}
		last = time.Now()
		if err := m.db.Platform(ctx, func(tx tenant.Platform) error { return progress(ctx, tx, of, id, done, total) }); err != nil {
			stop(err)
		}
	}})
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = file.Close()
	}
	if err == nil {
		err = os.Rename(file.Name(), place)
	}
	return r, err
}

// sweepAll ends the exports whose time is over and removes every file that is older than that.
func sweepAll(ctx context.Context, db *tenant.DB, folder string) error {
	tenants, err := db.Tenants(ctx)
	if err != nil {
		return err
	}
	for _, t := range tenants {
		if err := db.Platform(ctx, func(tx tenant.Platform) error { return expire(ctx, tx, t.ID) }); err != nil {
			return fmt.Errorf("end archives of %s: %w", t.Slug, err)
		}
	}
	if folder == "" {
		return nil
	}
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nobody has asked for one yet, or somebody else removed it
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil || db.Now().Sub(info.ModTime()) < Keep {
			return nil
		}
		return os.Remove(path)
	})
}
