-- The kernel: login roles, the registry of tenants, and the function that shuts a table between tenants.

do $$
declare
	r text;
begin
	-- The tenants' door has three roles with the same rights and each its own policies: txng_app for a scope of one whole
	-- tenant, txng_merged for one that reads its origins, too, txng_confined for one that is confined within its tenant
	-- (to an organization, units, groups of products, assignments). So nobody pays for the policies of another scope.
	foreach r in array array['txng_app', 'txng_merged', 'txng_confined', 'txng_public', 'txng_ministry', 'txng_platform'] loop
		begin
			execute format('create role %I login nosuperuser nobypassrls nocreatedb nocreaterole noreplication noinherit', r);
		exception when duplicate_object or unique_violation then
			null; -- roles belong to the server; another database of it has made them
		end;
	end loop;
	-- An earlier version had made the one a member of the other.
	if pg_has_role('txng_confined', 'txng_app', 'member') then
		revoke txng_app from txng_confined;
	end if;
end $$;

revoke create on schema public from public;

create schema tenant;
grant usage on schema tenant to txng_app, txng_merged, txng_confined, txng_public, txng_ministry, txng_platform;

-- The provinces that the deployment knows. Global: which provinces exist is public knowledge.
create table tenant.tenant (
	id int primary key generated always as identity,
	slug text not null unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 40),
	name text not null check (length(name) between 1 and 100),
	unit text not null unique,
	state text not null check (state in ('draft', 'active', 'suspended', 'merged', 'archived')),
	colour text not null default '' check (colour ~ '^(#[0-9a-f]{6})?$'),
	contact text not null default '' check (length(contact) <= 500),
	active_at timestamptz,
	created_at timestamptz not null,
	check (id <= 1023) -- a stamp's serial has ten bits for its tenant
);
grant select on tenant.tenant to txng_app, txng_merged, txng_confined, txng_public, txng_ministry;
grant select, insert, update on tenant.tenant to txng_platform;

-- Whose rows a successor reads: a row's tenant_id is its origin and never changes.
create table tenant.lineage (
	successor int not null references tenant.tenant,
	origin int not null references tenant.tenant,
	effective date not null,
	basis text not null check (length(basis) between 1 and 200),
	created_at timestamptz not null,
	primary key (successor, origin),
	check (successor <> origin)
);
grant select on tenant.lineage to txng_app, txng_merged, txng_confined, txng_public, txng_ministry;
grant select, insert, delete on tenant.lineage to txng_platform;

-- protect shuts a table between tenants: row security enabled and forced, a policy for scopes of one tenant and one for
-- scopes of several, one that keeps a successor from deleting what its origins wrote (a delete has no check), and the
-- rights given to the application, which never include changing a row's tenant.
--
-- A scope of one tenant: statements name it as tenant_id = $1, so that the planner knows policy and statement to be one
-- condition, finds the rows by the parameter, and asks once a statement whether it is the scope's tenant.
--
-- A scope of several: the coalesce keeps the policy a filter. Without it the planner would estimate with the scope of the
-- moment, and a plan that was cached while a tiny tenant was at work would read all of a large one (every index led by
-- the tenant looks as good as the key). What finds the rows is the list of tenants that each statement names. The tenant
-- itself is asked first: to read the list for each row would cost several times as much.
create function tenant.protect(t regclass, rights text default 'select, insert, update') returns void
language plpgsql set search_path = pg_catalog as $$
declare
	verb text;
	columns text;
begin
	execute format('alter table %s enable row level security', t);
	execute format('alter table %s force row level security', t);
	execute format('alter table %s alter column tenant_id set (n_distinct = 2)', t);
	execute format('create policy tenant on %s for all to txng_app'
		' using (tenant_id = current_setting(''app.tenant'')::int)'
		' with check (tenant_id = current_setting(''app.tenant'')::int)', t);
	execute format('create policy tenants on %s for all to txng_merged, txng_confined'
		' using (coalesce(tenant_id = current_setting(''app.tenant'')::int or tenant_id = any (current_setting(''app.tenants'')::int[]), false))'
		' with check (tenant_id = current_setting(''app.tenant'')::int)', t);
	execute format('create policy home on %s as restrictive for delete to txng_merged, txng_confined'
		' using (tenant_id = current_setting(''app.tenant'')::int)', t);
	foreach verb in array string_to_array(rights, ', ') loop
		if verb = 'update' then
			select string_agg(quote_ident(attname), ', ') into columns
			from pg_attribute
			where attrelid = t and attnum > 0 and not attisdropped and attname <> 'tenant_id';
			execute format('grant update (%s) on %s to txng_app, txng_merged, txng_confined', columns, t);
		else
			execute format('grant %s on %s to txng_app, txng_merged, txng_confined', verb, t);
		end if;
	end loop;
end $$;

-- protect_org also shuts a table between the organizations of a tenant: a session of a business sees the rows of its
-- own organization, a confined officer's (app.org = 0) those of the whole tenant, as far as nothing else confines it.
create function tenant.protect_org(t regclass, org_column name default 'org_id') returns void
language plpgsql set search_path = pg_catalog as $$
begin
	execute format('create policy organization on %s as restrictive for all to txng_confined'
		' using (current_setting(''app.org'')::bigint in (0, %2$I))'
		' with check (current_setting(''app.org'')::bigint in (0, %2$I))', t, org_column);
end $$;

-- protect_unit also shuts a table by administrative unit: an officer of a commune sees the rows of the units that
-- app.units lists, everybody else (app.units empty) all.
create function tenant.protect_unit(t regclass, unit_column name default 'unit') returns void
language plpgsql set search_path = pg_catalog as $$
begin
	execute format('create policy unit on %s as restrictive for all to txng_confined'
		' using (current_setting(''app.units'') = '''' or %2$I = any (string_to_array(current_setting(''app.units''), '','')))'
		' with check (current_setting(''app.units'') = '''' or %2$I = any (string_to_array(current_setting(''app.units''), '','')))', t, unit_column);
end $$;

revoke execute on function tenant.protect(regclass, text), tenant.protect_org(regclass, name), tenant.protect_unit(regclass, name) from public;

---- create above / drop below ----

drop schema tenant cascade;
