package demo

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"txng/modules/scan"
	"txng/modules/stamps"
	"txng/tenant"
)

// scans has stamps of an order scanned over the last two weeks: the first few several times, as on a shop's shelf.
func (l *loader) scans(ctx context.Context, t tenant.Tenant, order stamps.Order, n int) error {
	r := scan.NewRecorder(l.db, slog.New(slog.DiscardHandler))
	r.Start(ctx)
	defer r.Close()
	group, ctx := errgroup.WithContext(ctx)
	for i := range n {
		index := i
		if i%4 == 3 {
			index = 0 // one stamp that everybody scans
		}
		group.Go(func() error {
			_, err := r.Record(ctx, scan.Hit{
				Stamp: stamps.Stamp{Tenant: int(t.ID), Order: order.Number, Index: index}, Org: order.OrgID, Verdict: scan.Genuine,
				At: l.now.Add(-time.Duration(i*53%(14*24))*time.Hour - time.Duration(i*37%60)*time.Minute),
			})
			return err
		})
	}
	return group.Wait()
}
