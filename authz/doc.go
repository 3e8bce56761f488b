// Package authz knows who people are and what they may do.
//
// An account is a person; a membership is a role of an account in a tenant, perhaps in one organization of it; a
// session or an access token stands for one account in one membership. Casbin holds the static policy only (role to
// permission, policy.csv), compiled at start into one bit set a role.
//
// Programs ask the API as a machine of an organization (Client) or with a person's own key (APIKey), limited to Scopes.
// Access tokens are signed by keys that rotate (Signer, Key); refresh tokens are used once.
//
// Tables: authz.account, authz.session, authz.platform_role, authz.signing_key, authz.refresh_token, authz.refusal (global, the
// platform's door only), authz.membership, authz.api_client, authz.api_key (the tenant's rows).
package authz
