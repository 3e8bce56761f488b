package authz

import (
	"context"
	"time"

	"txng/tenant"
	"txng/tenant/fault"
)

// Gone is what ended together with a role.
type Gone struct {
	Invitations int64    // that the person had sent
	Keys        int64    // of the person, for this role
	Clients     []Client // that the person had made for the organization
}

// keeper reports whether a role is one of which a tenant, or an organization, must keep somebody.
func keeper(r Role) bool { return r == DOSTAdmin || r == OrgOwner }

// aboutToGo is how soon the end of a role must be for its holder not to count as somebody who stays. It is longer than
// any request takes.
const aboutToGo = 5 * time.Minute

// Dismiss ends a role in force on somebody's behalf, and what its person could still reach through it: invitations that
// they have sent, their own keys; and the machines that they have made, when revokeClients says so. Two at the same time
// wait for each other. Errors: fault.Conflict for the last administrator of a tenant and the last owner of an
// organization; fault.NotFound when the role has ended already.
func Dismiss(ctx context.Context, tx tenant.Platform, m Membership, revokeClients bool) (Gone, error) {
	if keeper(m.Role) {
		// All who hold it, in one order: whoever ends another of them waits here, and finds one less. Whom the other one has
		// ended meanwhile has an end after the beginning of this transaction: so does not count who is about to go.
		holders, err := tenant.Column[int64](ctx, tx, `
			select id
			from authz.membership
			where tenant_id = $1 and org_id = $2 and role = $3 and valid_from <= $4 and (valid_to is null or valid_to > $5)
			and not exists (select from authz.account a where a.id = account_id and a.disabled_at is not null)
			order by id
			for no key update`, m.TenantID, m.OrgID, m.Role, tx.Now(), tx.Now().Add(aboutToGo))
		if err != nil {
			return Gone{}, err
		}
		others := 0
		for _, id := range holders {
			if id != m.ID {
				others++
			}
		}
		if others == 0 {
			return Gone{}, fault.Say(fault.Conflict, "Đây là người cuối cùng có vai trò “%s”. Hãy mời người khác giữ vai trò này trước.", m.Role.Name())
		}
	}
	if err := EndMembership(ctx, tx, m.TenantID, m.ID); err != nil {
		return Gone{}, err
	}
	var gone Gone
	var err error
	if gone.Invitations, err = RevokeInvitationsBy(ctx, tx, m); err != nil {
		return Gone{}, err
	}
	if gone.Keys, err = tx.Exec(ctx, `
		update authz.api_key
		set revoked_at = $3
		where tenant_id = $1 and membership_id = $2 and revoked_at is null and expires_at > $3`, m.TenantID, m.ID, tx.Now()); err != nil {
		return Gone{}, err
	}
	if !revokeClients || m.OrgID == 0 {
		return gone, nil
	}
	gone.Clients, err = tenant.List[Client](ctx, tx, `
		update authz.api_client
		set revoked_at = $4
		where tenant_id = $1 and org_id = $2 and created_by = $3 and revoked_at is null and expires_at > $4
		returning tenant_id, id, org_id, name, scopes, created_by, created_at, expires_at, last_used_at, revoked_at`,
		m.TenantID, m.OrgID, m.AccountID, tx.Now())
	return gone, err
}

// ClientsBy returns the machines of the transaction's organization that a member has made and that may sign in now.
func ClientsBy(ctx context.Context, tx tenant.Tx, m Membership) ([]Client, error) {
	return tenant.List[Client](ctx, tx, selectClient+`
		where tenant_id = any ($1) and tenant_id = $2 and org_id = $3 and created_by = $4 and revoked_at is null and expires_at > $5
		order by id`, m.TenantID, m.OrgID, m.AccountID, tx.Now())
}
