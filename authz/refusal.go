package authz

import (
	"context"
	"time"

	"txng/tenant"
)

// refusalAge is how long refused tries are kept for the account's owner to see.
const refusalAge = 90 * 24 * time.Hour

// Refusal is a wrong password for an account.
type Refusal struct {
	At             time.Time
	Address, Agent string
}

// NoteRefusal writes a wrong password for an account down. How many there may be, the throttle bounds.
func NoteRefusal(ctx context.Context, tx tenant.Platform, account AccountID, d Device) error {
	_, err := tx.Exec(ctx, `
		insert into authz.refusal (id, account_id, at, address, agent)
		values ($1, $2, $3, $4, $5)`, tx.NewID(), account, tx.Now(), d.Address, d.agent())
	return err
}

// RefusalsOf returns the newest refused tries of an account within 90 days, at most 20, and how many there were in all.
func RefusalsOf(ctx context.Context, tx tenant.Platform, account AccountID) (list []Refusal, total int, err error) {
	type row struct {
		Refusal
		Total int
	}
	rows, err := tenant.List[row](ctx, tx, `
		select at, address, agent, count(*) over ()::int as total
		from authz.refusal
		where account_id = $1 and at > $2
		order by at desc
		limit 20`, account, tx.Now().Add(-refusalAge))
	for _, r := range rows {
		list, total = append(list, r.Refusal), r.Total
	}
	return list, total, err
}

// SweepRefusals removes what is older than anybody is shown.
func SweepRefusals(ctx context.Context, db *tenant.DB) error {
	return db.Platform(ctx, func(tx tenant.Platform) error {
		_, err := tx.Exec(ctx, `
			delete from authz.refusal
			where at < $1`, tx.Now().Add(-refusalAge))
		return err
	})
}
