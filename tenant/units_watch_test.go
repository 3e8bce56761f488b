package tenant

import (
	"testing"

	"txng/tenant/unit"
)

// WatchUnitsInto is WatchUnits for tests: what it reads goes to use, not to the process.
func (db *DB) WatchUnitsInto(t *testing.T, use func(*unit.Atlas)) *UnitsWatch {
	w := db.WatchUnits(func(err error) { t.Error(err) })
	w.use = use
	return w
}
