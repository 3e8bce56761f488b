package tenant

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Listen calls heard with the payload of each notification on the channel until the context ends. It holds a connection
// of its own and connects anew when that breaks; up is told when it begins to listen and when it no longer does.
// Notifications sent in between are lost: whoever keeps a cache must not trust it while Listen is down.
func (db *DB) Listen(ctx context.Context, channel string, up func(bool), heard func(payload string)) {
	for wait := 100 * time.Millisecond; ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		if db.listenOnce(ctx, channel, up, heard) {
			wait = 100 * time.Millisecond
		}
		up(false)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// listenOnce listens until the connection breaks, and reports whether it ever did.
func (db *DB) listenOnce(ctx context.Context, channel string, up func(bool), heard func(string)) (listened bool) {
	conn, err := pgx.ConnectConfig(ctx, db.lookup.Config().ConnConfig)
	if err != nil {
		return false
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "listen "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return false
	}
	up(true)
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return true
		}
		heard(n.Payload)
	}
}
