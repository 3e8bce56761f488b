// Package audit writes what was done, in the transaction that does it, and reads it back as a record's history. A job
// seals the entries into a chain of hashes for each tenant, so that writers never wait for each other; Verify finds what
// was removed, added, changed or reordered behind the application's back.
//
// Tables: audit.entry and audit.seal, append-only for the application.
package audit

import (
	"context"
	"encoding/json"
	"fmt"
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

// addressKey is the key of the requester's address in a context.
type addressKey struct{}

// From returns a context in which entries note the network address of the requester.
func From(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

// maxAddress is the length of an address that an entry holds.
const maxAddress = 100

func addressOf(ctx context.Context) string {
	address, _ := ctx.Value(addressKey{}).(string)
	return cut(address, maxAddress)
}

// maxWhat is the length of an entry's sentence.
const maxWhat = 1000

func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

// Write notes that who did action ("product.create") to the record; what says it in a Vietnamese sentence.
func Write(ctx context.Context, tx tenant.Tx, who authz.Identity, action string, r Record, what string) error {
	return write(ctx, tx, who, action, r, what, nil, nil)
}

// WriteChange is Write with the record before and after: values that become JSON, nil for what there was not or is no
// more. JSON of more than 20,000 characters is refused by the table.
func WriteChange(ctx context.Context, tx tenant.Tx, who authz.Identity, action string, r Record, what string, before, after any) error {
	old, err := encode(before)
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	new, err := encode(after)
	if err != nil {
		return fmt.Errorf("audit %s: %w", action, err)
	}
	return write(ctx, tx, who, action, r, what, old, new)
}

// encode returns a value as JSON, nil as null.
func encode(v any) (*string, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	text := string(b)
	return &text, err
}

func write(ctx context.Context, tx tenant.Tx, who authz.Identity, action string, r Record, what string, before, after *string) error {
	_, err := tx.Exec(ctx, `
		insert into audit.entry (tenant_id, id, at, account_id, who, role, org_id, action, subject, subject_id, what, address, before, after)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		tx.NewID(), tx.Now(), who.Account, who.Name, roleOf(who), r.Org, action, r.Subject, r.ID, cut(what, maxWhat), addressOf(ctx), before, after)
	return err
}

// roleOf is the role as an entry holds it: of a role that the province has made, the name that it had then.
func roleOf(who authz.Identity) authz.Role {
	if who.Role == authz.Custom {
		return authz.Role(who.Title())
	}
	return who.Role
}

// WriteAsPlatform notes what the platform did to a tenant, in the tenant's own audit.
func WriteAsPlatform(ctx context.Context, tx tenant.Platform, who authz.Identity, t tenant.ID, action string, r Record, what string) error {
	_, err := tx.Exec(ctx, `
		insert into audit.entry (tenant_id, id, at, account_id, who, role, org_id, action, subject, subject_id, what, address)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		t, tx.NewID(), tx.Now(), who.Account, who.Name, roleOf(who), r.Org, action, r.Subject, r.ID, cut(what, maxWhat), addressOf(ctx))
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
