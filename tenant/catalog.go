package tenant

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed catalog.sql
var catalogSQL string

// Finding is a rule of isolation that something in the database breaks.
type Finding struct{ Rule, Object string }

// Rules is the number of rules that Inspect checks.
var Rules = strings.Count(catalogSQL, "\nselect 'C")

// allowed lists what looks like a breach and is none, each with its reason. A finding's key is "rule number object".
var allowed = map[string]string{
	"C02 tenant.tenant":                                       "the registry: which provinces exist is public",
	"C02 tenant.change":                                       "changes of tenants' states: who, why, when; the operator's",
	"C02 tenant.feature":                                      "which features a tenant has; the operator's switches",
	"C02 tenant.allowance":                                    "how much a tenant may take of what all share; the operator's",
	"C02 tenant.request":                                      "a province asks to be taken up before it is a tenant; only the platform's door has rights on it",
	"C02 tenant.draft":                                        "what the operator has filled in about a province that does not run yet; only the platform's door has rights on it",
	"C31 tenant.logo published for txng_public":               "the province's picture on public pages",
	"C31 tenant.logo platform for txng_platform":              "the registry knows which picture a tenant has; it can select the digest only",
	"C02 tenant.part":                                         "communes that went to another province: which resolution, entered by whom; the operator's",
	"C02 tenant.merger":                                       "mergers of provinces: which resolution, entered by whom; the operator's",
	"C02 tenant.lineage":                                      "the registry: which province succeeded which is public",
	"C02 tenant.unit_reform":                                  "reforms of administrative units: the map is public and the same for every tenant",
	"C02 authz.account":                                       "a person may work in several tenants; only the platform's door has rights on it",
	"C02 authz.reset":                                         "a link that sets a new password belongs to an account, not to a tenant; only the platform's door has rights on it",
	"C02 authz.refusal":                                       "wrong passwords for an account, which belongs to no tenant; only the platform's door has rights on it",
	"C02 authz.throttle":                                      "asked before anybody is signed in; only the platform's door has rights on it",
	"C02 authz.factor":                                        "a second factor belongs to an account, not to a tenant; only the platform's door has rights on it",
	"C02 authz.recovery_code":                                 "as authz.factor",
	"C02 authz.challenge":                                     "signed before anybody is signed in; only the platform's door has rights on it",
	"C31 tenant.setting platform for txng_platform":           "whether a session needs a second factor is asked before it has a scope; it can only select",
	"C02 authz.signing_key":                                   "keys of the whole deployment; only the platform's door has rights on it",
	"C02 authz.refresh_token":                                 "found by the hash of a secret before there is a scope; only the platform's door has rights on it",
	"C31 authz.api_client platform for txng_platform":         "a machine signs in before there is a scope",
	"C31 authz.api_key platform for txng_platform":            "a key is found before there is a scope",
	"C02 authz.oidc_identity":                                 "whom a provider's subject stands for is asked before anybody is signed in; only the platform's door has rights on it",
	"C02 authz.oidc_flow":                                     "found by the hash of a secret before anybody is signed in; only the platform's door has rights on it",
	"C31 authz.oidc_provider platform for txng_platform":      "signing in finds the tenant's identity providers; it can read, not write",
	"C02 authz.platform_role":                                 "roles above the tenants; only the platform's door has rights on it",
	"C02 tenant.spent":                                        "numbers that no tenant may have any more; no door has rights on it",
	"C31 archive.export platform for txng_platform":           "a province that writes nothing any more gets its data all the same; the job and its page work through the platform's door",
	"C02 public.schema_version":                               "the migrations' own table; no door has rights on it",
	"C01 authz.session":                                       "found by the hash of a secret before there is a scope; only the platform's door has rights on it",
	"C03 authz.session":                                       "a session of a role above the tenants has no tenant",
	"C04 authz.session":                                       "as C01",
	"C16 authz.session_pkey":                                  "as C01: the key is the hash of 256 random bits",
	"C17 authz.session_account_id_idx":                        "as C01",
	"C17 authz.session_impersonator":                          "as C01",
	"C26 authz.session":                                       "as C03",
	"C34 authz.session txng_platform":                         "as C01",
	"C31 authz.membership platform for txng_platform":         "signing in finds the memberships of an account in all tenants",
	"C31 authz.invitation platform for txng_platform":         "whoever opens an invitation is nobody yet: found by tenant and the hash of a secret",
	"C31 authz.role platform for txng_platform":               "what a membership may do is asked before there is a scope; it can only read",
	"C31 authz.department platform for txng_platform":         "what confines a membership is asked before there is a scope; it can only read",
	"C31 authz.assignment platform for txng_platform":         "as authz.department",
	"C31 audit.entry platform for txng_platform":              "what the platform does to a tenant is written into the tenant's audit; it can insert, not read",
	"C31 audit.entry platform_own for txng_platform":          "the platform's own lines, under tenant 0, which no tenant has",
	"C31 audit.seal platform_own for txng_platform":           "as the platform's own lines",
	"C31 audit.seal platform_seals for txng_platform":         "as the platform's own lines: it seals no other",
	"C31 organization.organization published for txng_public": "approved organizations' public columns",
	"C31 catalog.product published for txng_public":           "published products' public columns",
	"C31 catalog.photo published for txng_public":             "photos of published products",
	"C31 trace.lot published for txng_public":                 "lots that stamps were activated for",
	"C31 trace.event published for txng_public":               "events of those lots, without notes",
	"C31 stamps.stamp_order published for txng_public":        "what a stamp's serial leads to; the serial's MAC keeps guessers off",
	"C31 stamps.stamp_range published for txng_public":        "as the stamp's order",
	"C31 kpi.rollup ministry for txng_ministry":               "counts a province; the ministry's only right",
	"C31 kpi.part ministry for txng_ministry":                 "as kpi.rollup: counts the communes that went to another province",
}

// Querier is a connection or pool that Inspect asks; it must be the schema's owner or a superuser.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Inspect checks every table, view, function, policy, partition and grant of the database against the rules of
// isolation and returns what breaks one and stands on no allow-list.
func Inspect(ctx context.Context, q Querier) ([]Finding, error) {
	rows, err := q.Query(ctx, catalogSQL)
	if err != nil {
		return nil, fmt.Errorf("inspect the catalog: %w", err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[Finding])
	if err != nil {
		return nil, fmt.Errorf("inspect the catalog: %w", err)
	}
	var found []Finding
	for _, f := range all {
		if _, ok := allowed[f.Rule[:3]+" "+f.Object]; !ok {
			found = append(found, f)
		}
	}
	return found, nil
}
