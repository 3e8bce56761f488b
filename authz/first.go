package authz

import (
	"context"

	"txng/tenant"
	"txng/tenant/unit"
)

// InviteFirst offers the role of the department's administrator in the transaction's tenant, which nobody there can give
// yet, on behalf of the platform. An earlier offer to the address is replaced. Errors: those of Invite, for email and
// name.
func InviteFirst(ctx context.Context, tx tenant.Tx, who Identity, province unit.Ref, email, name string) (Invitation, InvitationToken, error) {
	inviter := Identity{Account: who.Account, Name: who.Name, Role: DOSTAdmin, Tenant: tx.Tenant()}
	return Invite(ctx, tx, inviter, province, NewInvitation{Email: email, Name: name, Role: DOSTAdmin})
}
