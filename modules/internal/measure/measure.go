// Package measure tells the KPI module that something which measures count has changed.
package measure

import (
	"context"
	"time"

	"github.com/riverqueue/river"

	"txng/modules/internal/job"
	"txng/tenant"
)

// Refresh is the job that computes the roll-ups of a tenant anew.
type Refresh struct {
	Tenant tenant.ID `json:"tenant" river:"unique"`
}

// Kind names the job.
func (Refresh) Kind() string { return "kpi_refresh" }

// delay gathers changes that come close together into one job.
const delay = time.Second

// Changed enqueues a refresh of the tenant's roll-ups, one for all changes of the same second. A transaction that stays
// open for longer than that may come after its refresh; the refresh of all tenants every minute catches it.
func Changed(ctx context.Context, tx tenant.Tx) error {
	return job.Enqueue(ctx, tx, Refresh{Tenant: tx.Tenant()}, &job.Options{
		ScheduledAt: tx.Now().Add(delay),
		UniqueOpts:  river.UniqueOpts{ByArgs: true, ByPeriod: delay},
	})
}

// Moved enqueues refreshes of two provinces of which one gave communes to the other, or got them back: the giver first,
// whose figures of them the other copies.
func Moved(ctx context.Context, tx tenant.Platform, origin, successor tenant.ID) error {
	for i, id := range []tenant.ID{origin, successor} {
		at := tx.Now().Add(time.Duration(1+5*i) * time.Second)
		if err := job.EnqueueAsPlatform(ctx, tx, Refresh{Tenant: id}, &job.Options{ScheduledAt: at}); err != nil {
			return err
		}
	}
	return nil
}

// RefreshAll is the job that refreshes every active tenant, as a safety net.
type RefreshAll struct{}

// Kind names the job.
func (RefreshAll) Kind() string { return "kpi_refresh_all" }
