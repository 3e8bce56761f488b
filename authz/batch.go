package authz

import (
	"context"
	"fmt"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// The invitations that can be made within 24 hours.
const (
	InvitesPerPerson = 100 // by one person, one by one
	InvitesPerOrg    = 50  // in one organization, one by one
	InvitesPerImport = 500 // in one tenant, by lists
)

// invitingLock makes everybody who invites in a tenant wait for the others, so that the counts are right.
func invitingLock(ctx context.Context, tx tenant.Tx) error {
	_, err := tx.Exec(ctx, "select pg_advisory_xact_lock(hashtextextended('inviting in ' || $1::int, 0))")
	return err
}

// withinDay returns fault.TooMany when the person, or their organization, has made the last invitation of the day.
func withinDay(ctx context.Context, tx tenant.Tx, who Identity) error {
	if err := invitingLock(ctx, tx); err != nil {
		return err
	}
	made, err := tenant.One[struct{ Mine, Orgs int }](ctx, tx, `
		select count(*) filter (where invited_by = $2)::int as mine, count(*) filter (where org_id = $3 and org_id <> 0)::int as orgs
		from authz.invitation
		where tenant_id = any ($1) and tenant_id = $5 and batch is null and created_at > $4`,
		who.Account, tx.Org(), tx.Now().Add(-24*time.Hour), tx.Tenant())
	switch {
	case err != nil:
		return err
	case made.Orgs >= InvitesPerOrg:
		return fault.Say(fault.TooMany, "Đơn vị đã gửi %d lời mời trong 24 giờ qua, là mức tối đa. Hãy mời tiếp vào ngày mai.", InvitesPerOrg)
	case made.Mine >= InvitesPerPerson:
		return fault.Say(fault.TooMany, "Bạn đã gửi %d lời mời trong 24 giờ qua, là mức tối đa. Hãy mời tiếp vào ngày mai, hoặc nhập danh sách từ tệp.", InvitesPerPerson)
	}
	return nil
}

// InviteAll offers roles to everybody of a list and returns the batch that they came with. Their letters are sent by
// Letter, one by one. Errors: those of Invite, with the place in the list; fault.TooMany when the tenant's day has fewer
// left.
func InviteAll(ctx context.Context, tx tenant.Tx, who Identity, province unit.Ref, list []NewInvitation) (batch int64, made []Invitation, err error) {
	if err := invitingLock(ctx, tx); err != nil {
		return 0, nil, err
	}
	today, err := tenant.Value[int](ctx, tx, `
		select count(*)::int
		from authz.invitation
		where tenant_id = any ($1) and tenant_id = $3 and batch is not null and created_at > $2`, tx.Now().Add(-24*time.Hour), tx.Tenant())
	if err != nil {
		return 0, nil, err
	}
	if left := InvitesPerImport - today; len(list) > left {
		return 0, nil, fault.Say(fault.TooMany, "Tỉnh đã mời %d người bằng danh sách trong 24 giờ qua; còn mời được %d người. Hãy chia nhỏ danh sách hoặc nhập vào ngày mai.", today, max(left, 0))
	}
	batch = tx.NewID()
	for n, one := range list {
		i, _, err := inviteIn(ctx, tx, who, province, one, batch) // nobody has this link: Letter makes the one that is sent
		if err != nil {
			return 0, nil, InList{n, err}
		}
		made = append(made, i)
	}
	return batch, made, nil
}

// InList is an error of one entry of a list.
type InList struct {
	Place int // from 0
	Err   error
}

func (e InList) Error() string { return fmt.Sprintf("entry %d: %v", e.Place, e.Err) }
func (e InList) Unwrap() error { return e.Err }

// Batch says how far the letters of an import are.
type Batch struct {
	ID                  int64
	CreatedAt           time.Time
	Total, Sent, Failed int
}

// Waiting is the number of letters that nobody has tried to send yet.
func (b Batch) Waiting() int { return b.Total - b.Sent - b.Failed }

// Batches returns the imports of the transaction's tenant within the last 7 days, newest first. What was accepted,
// revoked or replaced before its letter was sent needs none, and counts as sent.
func Batches(ctx context.Context, tx tenant.Tx) ([]Batch, error) {
	return tenant.List[Batch](ctx, tx, `
		select batch as id, min(created_at) as created_at, count(*)::int as total,
			count(*) filter (where sent_at is not null or accepted_at is not null or revoked_at is not null)::int as sent,
			count(*) filter (where sent_at is null and failed_at is not null and accepted_at is null and revoked_at is null)::int as failed
		from authz.invitation
		where tenant_id = any ($1) and tenant_id = $3 and org_id = $4 and batch is not null and created_at > $2
		group by batch
		order by batch desc
		limit 5`, tx.Now().Add(-InvitationAge), tx.Tenant(), tx.Org())
}

// Letter makes a new link for an invitation whose letter is to be sent, in place of the one it had: links are stored
// nowhere, so the one of an earlier try is gone. ok is false when there is nothing to send any more.
func Letter(ctx context.Context, tx tenant.Tx, id int64) (i Invitation, token InvitationToken, ok bool, err error) {
	token = InvitationToken(newToken())
	list, err := tenant.Puts[Invitation](ctx, tx, `
		update authz.invitation n
		set token_hash = $3
		where tenant_id = $1 and id = $2 and sent_at is null and accepted_at is null and revoked_at is null and expires_at > $4
		returning `+invitationColumns, id, token.hash(), tx.Now())
	if err != nil || len(list) == 0 {
		return Invitation{}, "", false, err
	}
	return list[0], token, true, nil
}

// LetterDone notes whether a letter was sent.
func LetterDone(ctx context.Context, tx tenant.Tx, id int64, failed error) error {
	_, err := tx.Exec(ctx, `
		update authz.invitation n
		set sent_at = case when $3 then null else $4::timestamptz end, failed_at = case when $3 then $4::timestamptz end
		where tenant_id = $1 and id = $2`, id, failed != nil, tx.Now())
	return err
}

// AgainLetters forgets that letters of a batch could not be sent, and returns their invitations, to be tried again.
// fault.NotFound when there is no such one in the transaction's tenant and organization.
func AgainLetters(ctx context.Context, tx tenant.Tx, batch int64) ([]int64, error) {
	list, err := tenant.Puts[struct{ ID int64 }](ctx, tx, `
		update authz.invitation n
		set failed_at = null
		where tenant_id = $1 and batch = $2 and org_id = $3 and sent_at is null and failed_at is not null
		and accepted_at is null and revoked_at is null and expires_at > $4
		returning id`, batch, tx.Org(), tx.Now())
	if err == nil && len(list) == 0 {
		err = fault.NotFound
	}
	var ids []int64
	for _, one := range list {
		ids = append(ids, one.ID)
	}
	return ids, err
}
