package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

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

// Keep stores what has been filled in. Errors: fault.Conflict when the province runs by now; fault.TooLarge when the texts are
// longer than any form's.
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

// DropFilled forgets what was filled in about a province.
func DropFilled(ctx context.Context, tx Platform, of ID) error {
	_, err := tx.Exec(ctx, `
		delete from tenant.draft
		where tenant = $1`, of)
	return err
}
