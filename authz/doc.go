// Package authz knows who people are and what they may do.
//
// An account is a person; a membership is a role of an account in a tenant, perhaps in one organization of it; a
// session or an access token stands for one account in one membership. Casbin holds the static policy only (role to
// permission, policy.csv), compiled at start into one bit set a role.
//
// Tables: authz.account, authz.session, authz.platform_role (global, the platform's door only), authz.membership (the
// tenant's rows).
package authz
