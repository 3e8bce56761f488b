package tenant

import (
	"context"
)

// A Setting is something that a tenant decides for itself. What it has not decided is as the platform has it: "".
type Setting string

// The settings.
const (
	// OfficerFactor: Required when all officers of the tenant need a second factor to sign in.
	OfficerFactor Setting = "officer_factor"
)

// Required is the value of a setting that makes something compulsory.
const Required = "required"

// ValueOf returns a setting of the transaction's own tenant, "" while it has not decided.
func ValueOf(ctx context.Context, tx Tx, s Setting) (string, error) {
	return Value[string](ctx, tx, `
		select coalesce((
			select value
			from tenant.setting
			where tenant_id = any ($1) and tenant_id = $2 and key = $3), '')`, tx.Tenant(), s)
}

// Decide sets a setting of the transaction's own tenant. The caller writes the audit.
func Decide(ctx context.Context, tx Tx, s Setting, value string) error {
	_, err := tx.Exec(ctx, `
		insert into tenant.setting (tenant_id, key, value, changed_at)
		values ($1, $2, $3, $4)
		on conflict (tenant_id, key) do update
		set value = excluded.value, changed_at = excluded.changed_at`, s, value, tx.Now())
	return err
}
