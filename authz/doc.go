// Package authz knows who people are and what they may do.
//
// An account is a person; a membership is a role of an account in a tenant, perhaps in one organization of it; a
// session or an access token stands for one account in one membership. Casbin holds the static policy only (role to
// permission, policy.csv), compiled at start into one bit set a role.
//
// Programs ask the API as a machine of an organization (Client) or with a person's own key (APIKey), limited to Scopes.
// Access tokens are signed by keys that rotate (Signer, Key); refresh tokens are used once.
//
// What confines an officer is read with the membership, in the same statement: the groups of products of a department
// (Department; the province's own share-out or the template), the organizations assigned to an inspector (Assignment),
// the permissions of a role that the province has made (CustomRole). It is remembered with the session, and dropped on
// every instance when it changes. Who gives what: a custom role holds only what its maker holds and what such a role
// may have (customizable), asked when it is written and again whenever it is used.
//
// Tables of the platform's door alone: authz.account, authz.platform_role, authz.session, authz.reset, authz.factor,
// authz.recovery_code, authz.challenge, authz.oidc_provider, authz.oidc_identity, authz.oidc_flow, authz.signing_key,
// authz.refresh_token, authz.throttle, authz.refusal. Tables of the tenants: authz.membership, authz.invitation,
// authz.role, authz.department, authz.assignment, authz.api_client, authz.api_key.
package authz
