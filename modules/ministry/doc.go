// Package ministry shows the ministry every province side by side: a map, the national funnel, a table, and a province's
// measures over time. It reads roll-ups (counts) and the registry of tenants through the nation's door, and can read
// nothing else.
//
// Tables: none of its own; reads kpi.rollup, kpi.part, tenant.tenant, tenant.lineage, and of tenant.part which communes
// went where.
// URLs: /bo, /bo/{slug}.
// Permission: nation.view.
package ministry
