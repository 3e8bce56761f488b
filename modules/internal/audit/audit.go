// Package audit writes what was done, in the transaction that does it, and reads it back as a record's history.
//
// Table: audit.entry, append-only for the application.
package audit

import (
	"context"
	"time"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/tenant"
)

// Entry is one line of history.
type Entry struct {
	At      time.Time
	Who     string
	Role    authz.Role
	Action  string
	What    string
	Subject string
}

// Record is a thing that has a history: its kind ("product") and number.
type Record struct {
	Subject string
	ID      int64
	Org     tenant.OrgID // whose it is; 0 when it belongs to no organization
}

// Write notes that who did action ("product.create") to the record; what says it in a Vietnamese sentence.
func Write(ctx context.Context, tx tenant.Tx, who authz.Identity, action string, r Record, what string) error {
	if runes := []rune(what); len(runes) > 1000 {
		what = string(runes[:999]) + "…"
	}
	_, err := tx.Exec(ctx, `
		insert into audit.entry (tenant_id, id, at, account_id, who, role, org_id, action, subject, subject_id, what)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		tx.NewID(), tx.Now(), who.Account, who.Name, who.Role, r.Org, action, r.Subject, r.ID, what)
	return err
}

// WriteAsPlatform notes what the platform did to a tenant, in the tenant's own audit.
func WriteAsPlatform(ctx context.Context, tx tenant.Platform, who authz.Identity, t tenant.ID, action string, r Record, what string) error {
	_, err := tx.Exec(ctx, `
		insert into audit.entry (tenant_id, id, at, account_id, who, role, org_id, action, subject, subject_id, what)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t, tx.NewID(), tx.Now(), who.Account, who.Name, who.Role, r.Org, action, r.Subject, r.ID, what)
	return err
}

// History returns the newest entries of a record of the tenant of, at most 50. Numbers of some records (stamp orders) are
// unique within their tenant only.
func History(ctx context.Context, tx tenant.Tx, of tenant.ID, subject string, id int64) ([]Entry, error) {
	return tenant.List[Entry](ctx, tx, `
		select at, who, role, action, what, subject
		from audit.entry
		where tenant_id = any ($1) and tenant_id = $4 and subject = $2 and subject_id = $3
		order by id desc
		limit 50`, subject, id, of)
}

// Lines returns a history as pages show it.
func Lines(entries []Entry) []ui.HistoryEntry {
	lines := make([]ui.HistoryEntry, len(entries))
	for i, e := range entries {
		who := e.Who
		if e.Role != "" {
			who += " (" + e.Role.Name() + ")"
		}
		lines[i] = ui.HistoryEntry{When: vi.DateTime(e.At), Who: who, What: e.What}
	}
	return lines
}
