// Package audit writes what was done, in the transaction that does it, and reads it back as a record's history. A job
// seals the entries into a chain of hashes for each tenant, so that writers never wait for each other; Verify finds what
// was removed, added, changed or reordered behind the application's back.
//
// What happens above the tenants (the operator's and the ministry's sign-ins and refusals, tenants that are made) stands
// in the platform's own audit: the same tables under tenant 0, with a chain of its own.
//
// Tables: audit.entry and audit.seal, append-only for the application.
package audit

import (
	"context"
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
	Before  *string
	After   *string
	Acting  string // who worked in the person's place; "" for nobody
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

// Write notes that who did something that changes no official record ("stamp.print", "list.export"); what says it in a
// Vietnamese sentence. A write of a record is WriteChange: a test of the modules finds who calls the wrong one.
func Write(ctx context.Context, tx tenant.Tx, who authz.Identity, action string, r Record, what string) error {
	return write(ctx, tx, who, action, r, what, nil, nil)
}

// WriteChange notes that who did action ("product.update") to a record, with its values before and after; nil for what
// there was not yet or is no more. Without either the change is refused.
func WriteChange(ctx context.Context, tx tenant.Tx, who authz.Identity, action string, r Record, what string, before, after Fields) error {
	if before == nil && after == nil {
		return fmt.Errorf("audit %s: neither before nor after", action)
	}
	return write(ctx, tx, who, action, r, what, before, after)
}

// WriteAsPlatform is Write through the platform's door, into the audit of the tenant t: what happens to accounts and
// sessions. Platform (0) is the platform's own, for what happens above the tenants.
func WriteAsPlatform(ctx context.Context, tx tenant.Platform, who authz.Identity, t tenant.ID, action string, r Record, what string) error {
	return writeAsPlatform(ctx, tx, who, t, action, r, what, nil, nil)
}

// roleOf is the role as an entry holds it: of a role that the province has made, the name that it had then.
func roleOf(who authz.Identity) authz.Role {
	if who.Role == authz.Custom {
		return authz.Role(who.Title())
	}
	return who.Role
}

// WriteChangeAsPlatform is WriteChange through the platform's door.
func WriteChangeAsPlatform(ctx context.Context, tx tenant.Platform, who authz.Identity, t tenant.ID, action string, r Record, what string, before, after Fields) error {
	if before == nil && after == nil {
		return fmt.Errorf("audit %s: neither before nor after", action)
	}
	return writeAsPlatform(ctx, tx, who, t, action, r, what, before, after)
}

// insert is the statement that adds an entry.
const insert = `
	insert into audit.entry (tenant_id, id, at, account_id, who, role, org_id, action, subject, subject_id, what, address, before, after, acting_id, acting)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`

func values(ctx context.Context, id int64, at time.Time, who authz.Identity, action string, r Record, what string, before, after Fields) []any {
	return []any{
		id, at, who.Account, who.Name, roleOf(who), r.Org, action, r.Subject, r.ID, cut(what, maxWhat), addressOf(ctx),
		before.encode(), after.encode(), who.Acting.Account, who.Acting.Name,
	}
}

func write(ctx context.Context, tx tenant.Tx, who authz.Identity, action string, r Record, what string, before, after Fields) error {
	_, err := tx.Exec(ctx, insert, values(ctx, tx.NewID(), tx.Now(), who, action, r, what, before, after)...)
	return err
}

func writeAsPlatform(ctx context.Context, tx tenant.Platform, who authz.Identity, t tenant.ID, action string, r Record, what string, before, after Fields) error {
	args := values(ctx, tx.NewID(), tx.Now(), who, action, r, what, before, after)
	_, err := tx.Exec(ctx, insert, append([]any{t}, args...)...)
	return err
}

// History returns the newest entries of a record of the tenant of, at most 50. Numbers of some records (stamp orders) are
// unique within their tenant only.
func History(ctx context.Context, tx tenant.Tx, of tenant.ID, subject string, id int64) ([]Entry, error) {
	return tenant.List[Entry](ctx, tx, `
		select at, who, role, action, what, subject, before, after, acting
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
		what := e.What
		if changed := inWords(Decode(e.Before), Decode(e.After)); changed != "" {
			what += ". " + changed
		}
		lines[i] = ui.HistoryEntry{When: vi.DateTime(e.At), Who: InPlace(e.Acting, who), What: what}
	}
	return lines
}

// InPlace says who did something: the person, or somebody in their place: "Nguyễn A (vận hành) làm việc thay Trần B".
func InPlace(acting, person string) string {
	if acting == "" {
		return person
	}
	return acting + " (vận hành) làm việc thay " + person
}

// Where a line comes from that no request has written.
const (
	ByCommand = "lệnh của người vận hành"
	ByJob     = "tác vụ của hệ thống"
)
