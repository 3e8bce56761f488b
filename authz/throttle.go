package authz

import (
	"context"
	"errors"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// bucket is a token bucket: size wrong tries at once, then one more each refill.
type bucket struct {
	size   float64
	refill time.Duration
}

// The buckets of wrong sign-ins. An account's bucket is kept by the name that was tried, whether or not it exists, so
// that being slowed down tells nothing; an address may stand for a whole office.
var (
	accountBucket = bucket{size: 10, refill: 30 * time.Second}
	addressBucket = bucket{size: 60, refill: 2 * time.Second}
)

// errSlowDown is what a sign-in gets while its bucket is empty, right password or not.
var errSlowDown = fault.Say(fault.TooMany, "Đăng nhập sai quá nhiều lần. Hãy chờ vài phút rồi thử lại.")

// left returns the tokens in a bucket now.
func (b bucket) left(ctx context.Context, tx tenant.Platform, key string) (float64, error) {
	row, err := tenant.One[struct {
		Tokens float64
		At     time.Time
	}](ctx, tx, `
		select tokens, at
		from authz.throttle
		where key = $1`, key)
	if errors.Is(err, fault.NotFound) {
		return b.size, nil
	}
	return min(b.size, row.Tokens+tx.Now().Sub(row.At).Seconds()/b.refill.Seconds()), err
}

// take takes one token out of a bucket, in one statement, so that tries at the same time are all counted.
func (b bucket) take(ctx context.Context, tx tenant.Platform, key string) error {
	_, err := tx.Exec(ctx, `
		insert into authz.throttle as t (key, tokens, at)
		values ($1, $2 - 1, $3)
		on conflict (key) do update
		set tokens = greatest(-1, least($2, t.tokens + extract(epoch from $3 - t.at) / $4) - 1), at = $3`,
		key, b.size, tx.Now(), b.refill.Seconds())
	return err
}

// throttles are the buckets of a sign-in and their keys.
func throttles(email Email, d Device) map[string]bucket {
	return map[string]bucket{"account " + string(email): accountBucket, "address " + d.Address: addressBucket}
}

// slowDown returns errSlowDown while a bucket of the sign-in is empty.
func slowDown(ctx context.Context, tx tenant.Platform, email Email, d Device) error {
	for key, b := range throttles(email, d) {
		n, err := b.left(ctx, tx, key)
		if err != nil {
			return err
		}
		if n < 1 {
			return errSlowDown
		}
	}
	return nil
}

// countWrong counts a wrong sign-in against its buckets.
func countWrong(ctx context.Context, db *tenant.DB, email Email, d Device) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		for key, b := range throttles(email, d) {
			if err := b.take(ctx, tx, key); err != nil {
				return err
			}
		}
		return nil
	})
}
