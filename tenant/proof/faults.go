package proof

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
)

// faults are planted one by one into a migrated database; tenant.Inspect must find each by the rule that is named.
var faults = []struct{ name, sql, rule string }{
	{"row security off", "alter table catalog.product disable row level security", "C01"},
	{"row security not forced", "alter table catalog.product no force row level security", "C01"},
	{"new table without a tenant", "create table catalog.note (id int primary key)", "C02"},
	{"new tenant table without protection", "create table catalog.note (tenant_id int not null, id int, primary key (tenant_id, id))", "C01"},
	{"tenant may be null", "create table catalog.note (tenant_id int, id int); select tenant.protect('catalog.note')", "C03"},
	{"policy dropped", "drop policy tenant on catalog.product", "C04"},
	{"second permissive policy", "create policy more on catalog.product for select to txng_app using (state = 'published')", "C05"},
	{"second permissive policy for everybody", "create policy more on catalog.product for select using (true)", "C05"},
	{"policy that fails silently without a scope", "alter policy tenant on catalog.product using (tenant_id = current_setting('app.tenant', true)::int)", "C05"},
	{"policy of successors that fails silently without a scope", "alter policy tenants on catalog.product using (coalesce(tenant_id = any (current_setting('app.tenants', true)::int[]), false))", "C05"},
	{"policy without a check of its own", "drop policy tenant on catalog.product; create policy tenant on catalog.product for all to txng_app using (tenant_id = current_setting('app.tenant')::int)", "C05"},
	{"policy that the planner estimates with the scope of the moment", "alter policy tenants on catalog.product using (tenant_id = any (current_setting('app.tenants')::int[]))", "C05"},
	{"policy of one tenant that reads several", "alter policy tenant on catalog.product using (tenant_id = any (current_setting('app.tenants')::int[]))", "C05"},
	{"policy of several tenants for scopes of one", "alter policy tenants on catalog.product to txng_app, txng_merged, txng_confined", "C05"},
	{"policy that leaves confined scopes out", "alter policy tenants on catalog.product to txng_merged", "C04"},
	{"policy that holds for confined scopes only", "alter policy tenant on catalog.product to txng_confined", "C05"},
	{"second permissive policy for successors", "create policy more on catalog.product for select to txng_merged using (true)", "C05"},
	{"second permissive policy for confined scopes", "create policy more on catalog.product for select to txng_confined using (true)", "C05"},
	{"policy with a sub-query", "alter policy tenant on catalog.product using (tenant_id = any ((select current_setting('app.tenants'))::int[]))", "C05"},
	{"policy through an immutable wrapper", "create function tenant.mine() returns int immutable language sql as $$ select current_setting('app.tenant')::int $$; alter policy tenant on catalog.product using (tenant_id = tenant.mine())", "C06"},
	{"login role bypasses row security", "alter role txng_app bypassrls", "C07"},
	{"login role is superuser", "alter role txng_public superuser", "C07"},
	{"login role may become another", "grant pg_read_all_data to txng_ministry", "C08"},
	{"confined role may become another", "grant pg_read_all_data to txng_confined", "C08"},
	{"confined role may give its membership on", "grant txng_app to txng_confined with admin option", "C08"},
	{"confined role has the policies of scopes of one tenant, too", "grant txng_app to txng_confined", "C08"},
	{"successors' role bypasses row security", "alter role txng_merged bypassrls", "C07"},
	{"right of one of the door's roles only", "grant delete on catalog.product to txng_app", "C39"},
	{"schema that one of the door's roles may not use", "revoke usage on schema catalog from txng_merged", "C39"},
	{"column that one of the door's roles only may change", "grant update (tx) on audit.entry to txng_confined", "C39"},
	{"right that one of the door's roles has not", "revoke select on catalog.product from txng_merged", "C39"},
	{"tenant column that the planner estimates by its own statistics", "alter table catalog.product alter column tenant_id reset (n_distinct)", "C40"},
	{"confined role bypasses row security", "alter role txng_confined bypassrls", "C07"},
	{"login role owns a table", "create table catalog.note (tenant_id int not null, id int); alter table catalog.note owner to txng_app", "C09"},
	{"right to truncate", "grant truncate on catalog.product to txng_app", "C10"},
	{"right on a partition", "create table scan.log (tenant_id int not null default current_setting('app.tenant')::int, at date not null, primary key (tenant_id, at)) partition by range (at); select tenant.protect('scan.log'); create table scan.log_1 partition of scan.log for values from ('2026-01-01') to ('2027-01-01'); grant select on scan.log_1 to txng_app", "C11"},
	{"view with its owner's rights", "create view catalog.seen as select * from catalog.product", "C12"},
	{"materialized view", "create materialized view catalog.seen as select * from catalog.product", "C13"},
	{"definer function", "create function catalog.count() returns bigint security definer set search_path = '' language sql as $$ select count(*) from catalog.product $$", "C14"},
	{"definer function without a pinned path", "create function catalog.count() returns bigint security definer language sql as $$ select count(*) from catalog.product $$; revoke execute on function catalog.count() from public", "C15"},
	{"unique key across tenants", "alter table catalog.product add constraint gtin_everywhere unique (gtin)", "C16"},
	{"index not led by the tenant", "create index on catalog.product (gtin)", "C17"},
	{"foreign key without the tenant", "alter table catalog.list_item add constraint whole unique (id, tenant_id); create table catalog.note (tenant_id int not null, id int, other int, item bigint, foreign key (other, item) references catalog.list_item (tenant_id, id))", "C18"},
	{"trigger", "create function catalog.touch() returns trigger language plpgsql as $$ begin return new; end $$; create trigger touch before insert on catalog.product for each row execute function catalog.touch()", "C19"},
	{"default privileges", "alter default privileges in schema catalog grant select on tables to txng_app", "C20"},
	{"rewrite rule", "create rule shadow as on insert to catalog.list_item do also nothing", "C21"},
	{"table in a publication", "create publication p for table catalog.product", "C22"},
	{"publication of everything", "create publication p for all tables", "C23"},
	{"inheritance", "create table catalog.child () inherits (catalog.list_item)", "C24"},
	{"right to create in a schema", "grant create on schema catalog to txng_app", "C25"},
	{"tenant of another type", "create table catalog.note (tenant_id bigint not null default 1, id int, primary key (tenant_id, id))", "C26"},
	{"tenant without its default", "alter table catalog.product alter tenant_id drop default", "C26"},
	{"right to move a row to another tenant", "grant update (tenant_id) on catalog.product to txng_app, txng_merged, txng_confined", "C27"},
	{"right of successors to move a row", "grant update (tenant_id) on catalog.product to txng_merged", "C27"},
	{"index that row security cannot use", "create index on plan.task (tenant_id, (evidence::jsonb)) ; create index bad on plan.task (tenant_id, (planned::numeric))", "C28"},
	{"cascade", "alter table catalog.photo add constraint c foreign key (tenant_id, product_id) references catalog.product (tenant_id, id) on delete cascade", "C29"},
	{"right for everybody", "grant select on catalog.product to public", "C30"},
	{"policy for another door", "create policy all_of_it on plan.plan for select to txng_ministry using (true)", "C31"},
	{"organization policy weakened", "alter policy organization on catalog.product using (true)", "C32"},
	{"organization policy that holds for another door", "alter policy organization on catalog.product to txng_public", "C32"},
	{"unit policy that holds for another door", "alter policy unit on organization.organization to txng_public", "C32"},
	{"assigned policy that holds for whom nothing confines only", "alter policy assigned on catalog.product to txng_app", "C32"},
	{"field policy that holds for another door", "alter policy field on catalog.product to txng_ministry", "C32"},
	{"policy of the origin's rows that holds for confined scopes only", "alter policy home on catalog.list_item to txng_confined", "C32"},
	{"organization policy dropped", "drop policy organization on catalog.product", "C33"},
	{"unit policy weakened", "alter policy unit on organization.organization using (true)", "C32"},
	{"right of a door without a policy", "grant select on plan.plan to txng_ministry", "C34"},
	{"successor may delete its origin's rows", "drop policy home on catalog.list_item", "C38"},
	{"confined officers of a successor may delete its origin's rows", "alter policy home on catalog.list_item to txng_merged", "C38"},
	{"cascade of what is no group", "alter table catalog.list_item add unique (tenant_id, name, id); create table catalog.note (tenant_id int not null default current_setting('app.tenant')::int, id bigint, name text, item bigint, primary key (tenant_id, id), foreign key (tenant_id, name, item) references catalog.list_item (tenant_id, name, id) on update cascade); select tenant.protect('catalog.note')", "C29"},
	{"field policy weakened", "alter policy field on trace.lot using (true)", "C32"},
	{"field policy that takes no group for all", "alter policy field on trace.lot using (current_setting('app.fields')::bigint = 0 or (fields & current_setting('app.fields')::bigint) <> 0) with check (current_setting('app.fields')::bigint = 0 or (fields & current_setting('app.fields')::bigint) <> 0)", "C32"},
	{"assigned policy weakened", "alter policy assigned on trace.lot using (true)", "C32"},
	{"assigned policy that takes none for all", "alter policy assigned on trace.lot using (current_setting('app.orgs')::bigint in (-1, 0) or org_id = 0) with check (current_setting('app.orgs')::bigint in (-1, 0) or org_id = 0)", "C32"},
	{"field policy dropped", "drop policy field on trace.lot", "C35"},
	{"assigned policy dropped", "drop policy assigned on scan.scan", "C35"},
	{"table of organizations without confinement", "create table catalog.note (tenant_id int not null default current_setting('app.tenant')::int, id bigint, org_id bigint, primary key (tenant_id, id)); select tenant.protect('catalog.note'); create policy organization on catalog.note as restrictive for all to txng_confined using (current_setting('app.org')::bigint in (0, org_id)) with check (current_setting('app.org')::bigint in (0, org_id))", "C35"},
	{"group that does not follow the product", "alter table trace.event drop constraint event_tenant_id_lot_id_fkey; alter table trace.event add foreign key (tenant_id, lot_id) references trace.lot (tenant_id, id)", "C36"},
	{"rows of a product without a group", "create table catalog.note (tenant_id int not null default current_setting('app.tenant')::int, id bigint, product_id bigint, org_id bigint, primary key (tenant_id, id)); select tenant.protect('catalog.note'); select tenant.protect_org('catalog.note')", "C37"},
	{"policy of the origin's rows weakened", "alter policy home on catalog.list_item using (true)", "C32"},
}

// CatalogMutations are faults of the schema: a table, policy, right or role that is not as the rules want it. Each is
// planted in a transaction that is rolled back.
func CatalogMutations() []Mutation {
	var list []Mutation
	for _, f := range faults {
		list = append(list, Mutation{Kind: "catalog", Name: f.name, Run: func(ctx context.Context, c tenant.Config) (string, error) {
			owner, err := pgx.Connect(ctx, c.URL)
			if err != nil {
				return "", fmt.Errorf("connect as the owner: %w", err)
			}
			defer owner.Close(context.WithoutCancel(ctx))
			tx, err := owner.Begin(ctx)
			if err != nil {
				return "", err
			}
			defer tx.Rollback(context.WithoutCancel(ctx))
			if _, err := tx.Exec(ctx, f.sql); err != nil {
				return "", fmt.Errorf("plant: %w", err)
			}
			found, err := tenant.Inspect(ctx, tx)
			if err != nil {
				return "", err
			}
			for _, x := range found {
				if strings.HasPrefix(x.Rule, f.rule) {
					return x.Rule + ": " + x.Object, nil
				}
			}
			return "", nil
		}})
	}
	return list
}
