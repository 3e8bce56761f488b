package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"txng/tenant/fault"
)

// Filled is what the operator has filled in about a province that does not run yet, as typed.
type Filled struct {
	Fields   url.Values
	Logo     []byte // a PNG, or nil
	Plan     []byte // the uploaded file, or nil
	PlanName string
}

// FilledFor returns what has been filled in about a province; empty when nothing has.
func FilledFor(ctx context.Context, tx Platform, of ID) (Filled, error) {
	row, err := One[struct {
		Fields     []byte
		Logo, Plan []byte
		PlanName   string
	}](ctx, tx, `
		select fields, logo, plan, plan_name
		from tenant.draft
		where tenant = $1`, of)
	p := Filled{Fields: url.Values{}}
	if errors.Is(err, fault.NotFound) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(row.Fields, &p.Fields); err != nil {
		return p, fmt.Errorf("read the draft of tenant %d: %w", of, err)
	}
	p.Logo, p.Plan, p.PlanName = row.Logo, row.Plan, row.PlanName
	return p, nil
}

// Keep stores what has been filled in. Errors: fault.Conflict when the province runs by now; fault.TooLarge when the
// texts are longer than any form's.
func (p Filled) Keep(ctx context.Context, tx Platform, by By, of ID) error {
	if _, err := draftOf(ctx, tx, of); err != nil {
		return err
	}
	fields, err := json.Marshal(p.Fields)
	if err != nil {
		return err
	}
	if len(fields) > 16_000 {
		return fault.Say(fault.TooLarge, "Nội dung biểu mẫu quá lớn.")
	}
	_, err = tx.Exec(ctx, `
		insert into tenant.draft (tenant, fields, logo, plan, plan_name, changed_by, changed_at)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (tenant) do update
		set fields = excluded.fields, logo = excluded.logo, plan = excluded.plan, plan_name = excluded.plan_name,
			changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
		of, fields, p.Logo, p.Plan, p.PlanName, by.Name, tx.Now())
	return err
}

// SetStarting keeps what a province starts with, in the transaction that activates it: its own rows are written by
// another one, which may fail when this one has committed. What was filled in stays until DropFilled.
func SetStarting(ctx context.Context, tx Platform, by By, of ID, what []byte) error {
	_, err := tx.Exec(ctx, `
		insert into tenant.draft (tenant, fields, starting, changed_by, changed_at)
		values ($1, '{}', $2, $3, $4)
		on conflict (tenant) do update
		set starting = excluded.starting, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
		of, what, by.Name, tx.Now())
	return err
}

// StartingOf returns what a province starts with whose own rows may be missing, and holds it until the transaction ends.
// fault.NotFound when nothing is to be finished.
func StartingOf(ctx context.Context, tx Platform, of ID) ([]byte, error) {
	return Value[[]byte](ctx, tx, `
		select starting
		from tenant.draft
		where tenant = $1 and starting is not null
		for update`, of)
}

// Unfinished returns the provinces whose start was decided before a time and has not been finished.
func Unfinished(ctx context.Context, tx Platform, before time.Time) ([]ID, error) {
	return Column[ID](ctx, tx, `
		select tenant
		from tenant.draft
		where starting is not null and changed_at < $1
		order by tenant`, before)
}

// DropFilled forgets what was filled in about a province.
func DropFilled(ctx context.Context, tx Platform, of ID) error {
	_, err := tx.Exec(ctx, `
		delete from tenant.draft
		where tenant = $1`, of)
	return err
}
