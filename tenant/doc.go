// Package tenant is the kernel: who the tenants are, the administrative units, and the doors to the database through
// which alone a tenant's rows are reached.
//
// # Rules of isolation
//
// One deployment serves all provinces from one schema. A row belongs to the tenant in its column tenant_id, for ever.
//
//   - Every tenant table has tenant_id int not null, first in its primary key, in every unique constraint and in every
//     index: unique and foreign key checks look past row security, and would tell one tenant what another has.
//   - Foreign keys between tenant tables pair the tenants; none cascades, but for a product's group, within the tenant.
//   - Row security is enabled and forced by one function, tenant.protect. It makes one permissive policy for all commands
//     for scopes of one tenant (a transaction reads and writes app.tenant) and one for scopes of several (it reads the
//     tenants of app.tenants and writes app.tenant), each for roles of its own. What a policy reads must be set; unset is
//     an error and not an empty answer.
//   - What finds the rows is the tenant that every statement names itself, as $1. In a scope of one tenant it is sent as
//     tenant_id = $1: PostgreSQL then knows statement and policy to be one condition, reads an index in order, and asks
//     the policy once a statement instead of once a row. In a scope of several the policy is a filter (its condition
//     stands in a coalesce): otherwise the planner estimates with the scope of the moment.
//   - No plan that is good for one tenant and bad for another is kept. An unknown tenant is planned as one that has
//     half of the rows (n_distinct), so that a plan for all is kept only where it is the best for each; and no table is
//     read from end to end while an index leads to the tenant's rows (enable_seqscan), however small the table is that
//     day. Without the first, what was quick for the smallest tenant read up to 27 times the pages of the largest,
//     measured.
//   - A successor reads what its origins wrote; it never changes it. Updates are held off by the policy's check, deletes
//     by the restrictive policy home, because a delete has no check.
//   - Tables of one organization, and of one administrative unit, have restrictive policies more. They are asked for
//     every row, so they lie on a role of their own: a scope that is confined within its tenant signs in as
//     txng_confined, a scope of one whole tenant as txng_app, of several as txng_merged, all with the same rights. DB
//     chooses by the scope, nobody else.
//   - Each door has a login role of its own (the tenants' three), a member of no other. None owns a table, bypasses row
//     security, or has a right on a partition. What a door other than the tenants' sees is one policy for that role on
//     that table.
//   - A tenant that is suspended or archived is written by nobody (DB.In), but for what shoppers leave behind there: DB.Visit
//     records their scans whatever the state. Its transaction is a type of its own, for one module and the tables of Visited.
//   - The scope is opened by set local in the flush that begins the transaction, and ends with it.
//   - One tenant cannot take the connections of the others: see shares.
//
// Inspect checks those that the catalog shows; package proof shows the rest by attack, by a model, and by planting
// faults that must be found.
//
// # How the schema goes to Citus
//
// When one machine is too small, the same schema is distributed by tenant_id. Nothing of the code changes that keeps to
// the rules above; TestSchemaIsReadyForCitus checks on the catalog what Citus would refuse.
//
// Which tables are which:
//
//   - distributed by tenant_id, all in one co-location group: every table whose primary key begins with tenant_id.
//     Thirty-four tenants hash badly; take four times as many shards, or give each its own with
//     isolate_tenant_to_new_shard.
//   - reference tables, a copy on every node: tenant.tenant and tenant.lineage (small, hardly ever change), and what
//     distributed tables have foreign keys to among the accounts.
//   - local to the coordinator: what is asked before there is a scope (sessions, refresh tokens, reset links, throttles,
//     signing keys, roles above the tenants) and the job queue's own schema.
//
// What stays as it is: composite keys and foreign keys; policies of built-in functions only, without a sub-query; no
// update of tenant_id; no trigger, rule, inheritance or exclusion constraint; numbers made in Go (NewID), not by a
// sequence; bulk inserts of several rows; joins on tenant_id; set local and not set_config, which Citus does not hand on.
//
// What changes:
//
//   - citus.propagate_set_commands = 'local' for the roles of the doors, so that the scope reaches the workers; the
//     workers' ports are shut to everybody else, since whoever signs in there may set a scope himself.
//   - tenant.tenant keeps its identity column on the coordinator: tenants are registered there only.
//   - The foreign keys by which rows follow the group of their product (fields) cascade on update, which Citus refuses
//     when the key holds the distribution column: they become keys without the group, and the change of a product's
//     group updates the rows itself, in the same transaction, table by table.
//   - Sessions, refresh tokens and what else is local lose their foreign keys to memberships and identity providers,
//     which are distributed: looking one up joins them anyway, and a session whose membership is gone stands for
//     nobody.
//   - River stays on the coordinator. A job is added in the transaction of what caused it, which becomes a transaction of
//     two nodes: slower, and committed in two phases.
//   - Advisory locks (sealing of the audit, limits of clients, families of refresh tokens) are taken on the coordinator:
//     they go on working while all sessions come through it, and not with several query nodes.
//   - Statements that read the rows of merged tenants go to as many shards as there are tenants in the scope.
//   - insert … select from unnest is refused under row security there; it becomes values lists (see the report of scans,
//     measures and seals). on conflict, returning and for update within one tenant stay.
//   - The public door's statement that looks for a product in all provinces goes to all shards; it is cached.
//   - LISTEN and NOTIFY stay on the coordinator.
//   - DDL runs one object a transaction, grants a table at a time; tenant.protect runs before create_distributed_table.
//   - PostgreSQL 16 or newer: Citus 14 has left 15.
package tenant
