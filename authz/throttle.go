package authz

import (
	"context"
	"net/netip"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// bucket is a token bucket in the database, shared by all instances: size wrong tries at once, then one more each refill.
type bucket struct {
	key    string
	size   float64
	refill time.Duration
}

// errSlowDown is what a sign-in gets while a bucket is empty, right password or not.
var errSlowDown = fault.Say(fault.TooMany, "Đăng nhập sai quá nhiều lần. Hãy chờ vài phút rồi thử lại.")

// buckets are those of a sign-in, in the order in which everybody takes from them, the most shared last. They are kept by
// the address of the account, and where there is none by the name that is tried, so that being slowed down tells nothing.
//
// The strict one is of the name from one network, so that a stranger who guesses does not lock the owner out; the loose
// one of the name from everywhere, for guessers with many networks, does not count where the owner has signed in lately;
// a network may stand for a whole office.
func buckets(name string, d Device, known bool) []bucket {
	network := NetworkOf(d.Address)
	list := []bucket{{"account " + name + " " + network, 10, 30 * time.Second}}
	if !known {
		list = append(list, bucket{"account " + name, 100, 10 * time.Second})
	}
	return append(list, bucket{"network " + network, 60, 2 * time.Second})
}

// NetworkOf returns what limits count an address by: an IPv4 address itself, of IPv6 the network of 64 bits that one
// connection has all of.
func NetworkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if p, err := ip.Prefix(64); err == nil && ip.Is6() {
		return p.String()
	}
	return ip.String()
}

// take takes one token before the password is looked at, so that tries at the same time are all counted. errSlowDown
// when there is none.
func (b bucket) take(ctx context.Context, tx tenant.Platform) error {
	n, err := tx.Exec(ctx, `
		insert into authz.throttle as t (key, tokens, at)
		values ($1, $2::float8 - 1, $3)
		on conflict (key) do update
		set tokens = least($2, t.tokens + extract(epoch from $3 - t.at) / $4) - 1, at = $3
		where least($2, t.tokens + extract(epoch from $3 - t.at) / $4) >= 1`, b.key, b.size, tx.Now(), b.refill.Seconds())
	if err == nil && n == 0 {
		err = errSlowDown
	}
	return err
}

// tryOne takes one try of a sign-in out of its buckets and returns them, to be given back when the password is right.
func tryOne(ctx context.Context, tx tenant.Platform, name string, account AccountID, d Device) ([]bucket, error) {
	known, err := tenant.Value[bool](ctx, tx, `
		select exists (
			select from authz.session
			where account_id = $1 and address = $2 and created_at > $3)`, account, d.Address, tx.Now().AddDate(0, 0, -30))
	if err != nil {
		return nil, err
	}
	list := buckets(name, d, known)
	for _, b := range list {
		if err := b.take(ctx, tx); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// giveBack returns the tokens of a try that was right.
func giveBack(ctx context.Context, db *tenant.DB, list []bucket) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		for _, b := range list {
			if _, err := tx.Exec(ctx, `
				update authz.throttle
				set tokens = least($2, tokens + 1)
				where key = $1`, b.key, b.size); err != nil {
				return err
			}
		}
		return nil
	})
}

// SweepThrottles removes buckets that have long been full again: names that somebody made up would stay for ever.
func SweepThrottles(ctx context.Context, db *tenant.DB) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := tx.Exec(ctx, `
			delete from authz.throttle
			where at < $1`, tx.Now().Add(-time.Hour))
		return err
	})
}
