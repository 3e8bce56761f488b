-- What confines an officer: a department's fields (groups of products) and an inspector's assigned organizations.
--
-- A group of products is one bit of a bigint (authz.Groups pins them). Every row that comes from a product carries its
-- product's bit in `fields`, an organization the bits of its products and of what it declared. Foreign keys over
-- (tenant, record, fields) hold the rows to their product's group, and `on update cascade` takes them along when the group
-- changes: within the tenant, because the key begins with it.
--
-- A confined session's bits are app.fields: -1 for everybody whom fields do not confine, 0 for a department without any. Comparing
-- bits is one leakproof operation on a column.
--
-- An inspector's organizations lie in the settings app.orgs0 … app.orgsN as ',12,34,' (',' for none), an organization in the one
-- that its number's last bits name; app.orgs is the mask of those bits, -1 for everybody who is no inspector. Of 1,000
-- organizations, a row is looked up in 2 µs this way; in one long setting, which is copied and searched anew for every row, in
-- 30 µs; cast to an array, which is parsed anew, in over 200 µs.

-- fields 1 is the group “others”, which every row has until it is classified.
alter table organization.organization
	add column sectors bigint not null default 0 check (sectors >= 0), -- what it declared
	add column fields bigint not null default 1 check (fields > 0), -- with the groups of its products
	add unique (tenant_id, id, fields);
alter table organization.token add column fields bigint not null default 1;
alter table catalog.product
	add column fields bigint not null default 1 check (fields > 0 and fields & (fields - 1) = 0), -- one bit
	add unique (tenant_id, id, fields);
alter table catalog.photo add column fields bigint not null default 1;
alter table catalog.token add column fields bigint not null default 1;
alter table trace.lot
	add column fields bigint not null default 1,
	add unique (tenant_id, id, fields);
alter table trace.event add column fields bigint not null default 1;
alter table stamps.stamp_order
	add column fields bigint not null default 1,
	add unique (tenant_id, number, fields);
alter table stamps.stamp_range add column fields bigint not null default 1;
alter table scan.serial add column fields bigint not null default 1;
alter table scan.scan add column fields bigint not null default 1;

grant update (fields, sectors) on organization.organization to txng_app, txng_merged, txng_confined;
grant update (fields) on catalog.product to txng_app, txng_merged, txng_confined;

do $$
declare
	k record;
begin
	-- The keys that a row follows its product by, in place of those without the group.
	for k in
		select *
		from (values
			('organization.token', 'org_id', 'organization.organization', 'id'),
			('catalog.photo', 'product_id', 'catalog.product', 'id'),
			('catalog.token', 'product_id', 'catalog.product', 'id'),
			('trace.lot', 'product_id', 'catalog.product', 'id'),
			('trace.event', 'lot_id', 'trace.lot', 'id'),
			('stamps.stamp_order', 'product_id', 'catalog.product', 'id'),
			('stamps.stamp_range', 'order_number', 'stamps.stamp_order', 'number'),
			('scan.serial', 'order_number', 'stamps.stamp_order', 'number'),
			('scan.scan', 'order_number', 'stamps.stamp_order', 'number')) v (child, x, parent, id)
	loop
		execute format('alter table %s drop constraint %I', k.child, split_part(k.child, '.', 2) || '_tenant_id_' || k.x || '_fkey');
		execute format('alter table %s add constraint %I foreign key (tenant_id, %I, fields) references %s (tenant_id, %I, fields) on update cascade',
			k.child, split_part(k.child, '.', 2) || '_tenant_id_' || k.x || '_fkey', k.x, k.parent, k.id);
	end loop;
end $$;

-- confine also shuts a table against officers of a department and inspectors. A table whose rows come from products has
-- the column fields; of one that has not (quota, people, history), a department sees what belongs to no organization.
create function tenant.confine(t regclass, org_column name) returns void
language plpgsql set search_path = pg_catalog as $$
declare
	mine text := '(current_setting(''app.fields'')::bigint = -1 or ' || quote_ident(org_column) || ' = 0)';
	assigned text := format('(current_setting(''app.orgs'')::bigint = -1 or %1$I = 0 or strpos(current_setting(''app.orgs'' || (%1$I & current_setting(''app.orgs'')::bigint)::text), '','' || %1$I::text || '','') > 0)', org_column);
begin
	if exists (select from pg_attribute where attrelid = t and attname = 'fields' and not attisdropped) then
		mine := '((fields & current_setting(''app.fields'')::bigint) <> 0)';
	end if;
	execute format('create policy field on %s as restrictive for all to txng_confined using (%s) with check (%s)', t, mine, mine);
	execute format('create policy assigned on %s as restrictive for all to txng_confined using (%s) with check (%s)', t, assigned, assigned);
end $$;
revoke execute on function tenant.confine(regclass, name) from public;

do $$
declare
	p record;
begin
	for p in
		select polrelid::regclass as t, case when polrelid = 'organization.organization'::regclass then 'id' else 'org_id' end as org_column
		from pg_policy
		where polname = 'organization'
	loop
		perform tenant.confine(p.t, p.org_column);
	end loop;
end $$;

-- From here on, a table that is shut between organizations is shut against confined officers, too.
create or replace function tenant.protect_org(t regclass, org_column name default 'org_id') returns void
language plpgsql set search_path = pg_catalog as $$
begin
	execute format('create policy organization on %s as restrictive for all to txng_confined'
		' using (current_setting(''app.org'')::bigint in (0, %2$I))'
		' with check (current_setting(''app.org'')::bigint in (0, %2$I))', t, org_column);
	perform tenant.confine(t, org_column);
end $$;

-- What a department of the province is called, and which groups of products it answers for, where the province has changed
-- the template: '' and null leave it as it is.
create table authz.department (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	code text not null check (length(code) between 1 and 40),
	name text not null default '' check (length(name) <= 120),
	fields bigint check (fields >= 0),
	changed_by text not null check (length(changed_by) between 1 and 120),
	changed_at timestamptz not null,
	primary key (tenant_id, code)
);
select tenant.protect('authz.department');
create policy platform on authz.department for select to txng_platform using (true);
grant select on authz.department to txng_platform;

-- The organizations that an inspector is to inspect. No key to the organization: a successor province assigns those of
-- its predecessors, too, whose rows have another tenant.
create table authz.assignment (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null,
	membership_id bigint not null,
	org_id bigint not null check (org_id > 0),
	basis text not null check (length(basis) between 3 and 200),
	assigned_by text not null check (length(assigned_by) between 1 and 120),
	created_at timestamptz not null,
	valid_from timestamptz not null,
	valid_to timestamptz check (valid_to > valid_from),
	ended_at timestamptz,
	primary key (tenant_id, id),
	foreign key (tenant_id, membership_id) references authz.membership (tenant_id, id)
);
create unique index assignment_open on authz.assignment (tenant_id, membership_id, org_id) where ended_at is null;
create index assignment_org on authz.assignment (tenant_id, org_id);
select tenant.protect('authz.assignment');
select tenant.protect_org('authz.assignment');
create policy platform on authz.assignment for select to txng_platform using (true);
grant select on authz.assignment to txng_platform;

---- create above / drop below ----

drop table authz.assignment, authz.department;

create or replace function tenant.protect_org(t regclass, org_column name default 'org_id') returns void
language plpgsql set search_path = pg_catalog as $$
begin
	execute format('create policy organization on %s as restrictive for all to txng_confined'
		' using (current_setting(''app.org'')::bigint in (0, %2$I))'
		' with check (current_setting(''app.org'')::bigint in (0, %2$I))', t, org_column);
end $$;

do $$
declare
	p record;
	k record;
	t text;
begin
	for p in select polrelid::regclass as t, polname from pg_policy where polname in ('field', 'assigned') loop
		execute format('drop policy %I on %s', p.polname, p.t);
	end loop;
	-- Children before parents: a column goes with the keys that it is in.
	foreach t in array array['scan.scan', 'scan.serial', 'stamps.stamp_range', 'stamps.stamp_order', 'trace.event', 'trace.lot',
		'catalog.token', 'catalog.photo', 'catalog.product', 'organization.token', 'organization.organization']
	loop
		execute format('alter table %s drop column fields', t);
	end loop;
	for k in
		select *
		from (values
			('organization.token', 'org_id', 'organization.organization', 'id'),
			('catalog.photo', 'product_id', 'catalog.product', 'id'),
			('catalog.token', 'product_id', 'catalog.product', 'id'),
			('trace.lot', 'product_id', 'catalog.product', 'id'),
			('trace.event', 'lot_id', 'trace.lot', 'id'),
			('stamps.stamp_order', 'product_id', 'catalog.product', 'id'),
			('stamps.stamp_range', 'order_number', 'stamps.stamp_order', 'number'),
			('scan.serial', 'order_number', 'stamps.stamp_order', 'number'),
			('scan.scan', 'order_number', 'stamps.stamp_order', 'number')) v (child, x, parent, id)
	loop
		execute format('alter table %s add constraint %I foreign key (tenant_id, %I) references %s (tenant_id, %I)',
			k.child, split_part(k.child, '.', 2) || '_tenant_id_' || k.x || '_fkey', k.x, k.parent, k.id);
	end loop;
end $$;
alter table organization.organization drop column sectors;
drop function tenant.confine(regclass, name);
