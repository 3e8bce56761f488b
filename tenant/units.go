package tenant

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"txng/tenant/fault"
	"txng/tenant/unit"
)

// unitsChannel is where every instance hears that a reform of administrative units was imported.
const unitsChannel = "txng_units"

// unitsAge is how long an instance goes on without asking for reforms, should a notification get lost.
const unitsAge = 5 * time.Second

// UnitReform is an imported reform of administrative units.
type UnitReform struct {
	ID         int
	Resolution string
	Effective  time.Time
	Content    string // its file, as unit.Reform.Text writes it
	CreatedAt  time.Time
}

// UnitReforms returns the imported reforms in the order in which they came.
func UnitReforms(ctx context.Context, tx Platform) ([]UnitReform, error) {
	list, err := List[UnitReform](ctx, tx, `
		select id, resolution, effective, content, created_at
		from tenant.unit_reform
		order by id`)
	if err != nil {
		return nil, fmt.Errorf("read the reforms of units: %w", err)
	}
	return list, nil
}

// atlasOf returns the units of the program with reforms on top, and the reforms.
func atlasOf(list []UnitReform, now time.Time, more ...unit.Reform) (*unit.Atlas, error) {
	var reforms []unit.Reform
	for _, r := range list {
		reform, err := unit.ReadReform(bytes.NewReader([]byte(r.Content)))
		if err != nil {
			return nil, fmt.Errorf("reform %d (%s): %w", r.ID, r.Resolution, err)
		}
		reforms = append(reforms, reform)
	}
	return unit.Embedded().With(now, append(reforms, more...)...)
}

// Units returns the administrative units as the database has them: those of the program and the imported reforms.
func Units(ctx context.Context, tx Platform) (*unit.Atlas, error) {
	list, err := UnitReforms(ctx, tx)
	if err != nil {
		return nil, err
	}
	return atlasOf(list, tx.Now())
}

// ImportUnits checks a reform against the map and all reforms that were imported, and stores it. It returns the map with
// it, and whether the same reform had been there before: then nothing changes. Errors: fault.Invalid by the places in the
// file; fault.Conflict when the resolution was imported with another content for the day, or contradicts a later reform.
//
// Every instance answers from the new map within seconds of the commit; what it says of days before the reform stays.
func ImportUnits(ctx context.Context, tx Platform, r unit.Reform) (after *unit.Atlas, known bool, err error) {
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtext('tenant.unit_reform'))"); err != nil {
		return nil, false, err // two imports that contradict each other do not pass one another
	}
	list, err := UnitReforms(ctx, tx)
	if err != nil {
		return nil, false, err
	}
	text := string(r.Text())
	day, err := r.Day()
	if err != nil {
		return nil, false, err
	}
	if r, err = unit.ReadReform(bytes.NewReader([]byte(text))); err != nil {
		return nil, false, err
	}
	for _, old := range list {
		switch {
		case old.Content == text:
			after, err := atlasOf(list, tx.Now())
			return after, true, err
		case old.Resolution == r.Resolution && old.Effective.Equal(date(day)):
			return nil, false, fault.Say(fault.Conflict, "%s, hiệu lực %s, đã nhập với nội dung khác. Không sửa nghị quyết đã nhập; kiểm tra lại tệp.", r.Resolution, r.Effective)
		}
	}
	if after, err = atlasOf(list, tx.Now(), r); err != nil {
		return nil, false, err
	}
	if _, err := tx.Exec(ctx, `
		insert into tenant.unit_reform (resolution, effective, content, created_at)
		values ($1, $2, $3, $4)`, r.Resolution, date(day), text, tx.Now()); err != nil {
		return nil, false, fmt.Errorf("store the reform of units: %w", err)
	}
	_, err = tx.Exec(ctx, "select pg_notify($1, '')", unitsChannel)
	return after, false, err
}

// date is a day as the database has it.
func date(d unit.Day) time.Time {
	return time.Date(int(d/10_000), time.Month(d/100%100), int(d%100), 0, 0, 0, 0, time.UTC)
}

// UnitsWatch keeps the process's administrative units those of a database.
type UnitsWatch struct {
	db   *DB
	warn func(error)
	// newest is the last reform that was read, made the day it was read for.
	newest int
	day    unit.Day
	use    func(*unit.Atlas)
}

// WatchUnits returns a watch that tells warn what it could not read; the units stay as they were then. Load reads, Run
// goes on reading.
func (db *DB) WatchUnits(warn func(error)) *UnitsWatch {
	return &UnitsWatch{db: db, warn: warn, newest: -1, use: unit.Use}
}

// Load puts the database's units to use, when a reform came or a day began since the last time.
func (w *UnitsWatch) Load(ctx context.Context) error {
	return w.db.Platform(ctx, func(tx Platform) error {
		newest, err := Value[int](ctx, tx, "select coalesce(max(id), 0) from tenant.unit_reform")
		if err != nil {
			return fmt.Errorf("ask for reforms of units: %w", err)
		}
		day := unit.DayOf(tx.Now())
		if newest == w.newest && (day == w.day || newest == 0) {
			return nil
		}
		if newest > 0 {
			atlas, err := Units(ctx, tx)
			if err != nil {
				return err
			}
			w.use(atlas)
		}
		w.newest, w.day = newest, day
		return nil
	})
}

// Run loads whenever a reform is imported anywhere, and every few seconds, until the context ends.
func (w *UnitsWatch) Run(ctx context.Context) {
	heard := make(chan struct{}, 1)
	wake := func() {
		select {
		case heard <- struct{}{}:
		default:
		}
	}
	go w.db.Listen(ctx, unitsChannel, func(bool) { wake() }, func(string) { wake() })
	tick := time.NewTicker(unitsAge)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-heard:
		case <-tick.C:
		}
		if err := w.Load(ctx); err != nil && !errors.Is(err, context.Canceled) && ctx.Err() == nil {
			w.warn(err)
		}
	}
}
