-- Every rule of tenant isolation that the database's own catalog can show. One row a finding: rule, object.
with
relation as (
	select c.oid, n.nspname || '.' || c.relname as name, c.relkind, c.relispartition, c.relrowsecurity,
		c.relforcerowsecurity, c.relowner, c.reloptions, a.attnum as tenant_column, a.attnotnull, a.atttypid, d.default_text
	from pg_class c
	join pg_namespace n on n.oid = c.relnamespace
	left join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
	left join lateral (
		select pg_get_expr(adbin, adrelid) as default_text
		from pg_attrdef
		where adrelid = c.oid and adnum = a.attnum) d on true
	where c.relkind in ('r', 'p', 'v', 'm', 'f')
	and n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'river')),
tenant_table as (
	select * from relation
	where relkind in ('r', 'p') and tenant_column is not null),
login as (
	select oid, rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication
	from pg_roles
	where rolname in ('txng_app', 'txng_merged', 'txng_confined', 'txng_public', 'txng_ministry', 'txng_platform')),
routine as (
	select p.oid, p.oid::regprocedure::text as name, p.prosecdef, p.proconfig, p.provolatile
	from pg_proc p
	join pg_namespace n on n.oid = p.pronamespace
	where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'river')),
policy as (
	select t.name, p.polname, p.polcmd, p.polpermissive, p.polroles, p.oid,
		pg_get_expr(p.polqual, p.polrelid) as using_text, pg_get_expr(p.polwithcheck, p.polrelid) as check_text,
		array(select rolname::text from pg_roles r where r.oid = any (p.polroles) order by 1) as roles
	from relation t
	join pg_policy p on p.polrelid = t.oid)

select 'C01 row security is not enabled and forced' as rule, name as object
from tenant_table
where not relispartition and not (relrowsecurity and relforcerowsecurity)
union all
select 'C02 table without a tenant', name
from relation
where relkind in ('r', 'p') and tenant_column is null
union all
select 'C03 tenant column may be null', name
from tenant_table
where not attnotnull
union all
select 'C04 not exactly one permissive policy, for all commands, for each role of the tenants'' door', t.name
from tenant_table t
where not t.relispartition
and exists (
	select from unnest('{txng_app,txng_merged,txng_confined}'::text[]) r (role)
	where (
		select count(*)
		from policy p
		where p.name = t.name and p.polpermissive and p.polcmd = '*' and (p.polroles = '{0}' or r.role = any (p.roles))) <> 1)
union all
select 'C05 policy text differs from tenant.protect', p.name || ' ' || p.polname
from policy p
where p.polpermissive and (p.polroles = '{0}' or p.roles && '{txng_app,txng_merged,txng_confined}')
and (p.check_text is distinct from '(tenant_id = (current_setting(''app.tenant''::text))::integer)'
or (p.polname, p.roles, p.using_text) not in (
	('tenant', '{txng_app}'::text[], '(tenant_id = (current_setting(''app.tenant''::text))::integer)'),
	('tenants', '{txng_confined,txng_merged}', 'COALESCE(((tenant_id = (current_setting(''app.tenant''::text))::integer) OR (tenant_id = ANY ((current_setting(''app.tenants''::text))::integer[]))), false)')))
union all
select 'C06 policy depends on a function that is not stable', p.name || ' ' || p.polname || ' ' || f.proname
from policy p
join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass
join pg_proc f on f.oid = d.refobjid
where f.provolatile <> 's' or f.pronamespace <> 'pg_catalog'::regnamespace
union all
select 'C07 login role has a dangerous attribute', rolname
from login
where rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
union all
select 'C08 login role is a member of another role', l.rolname || ' of ' || r.rolname || case when m.admin_option then ' with admin' else '' end
from login l
join pg_auth_members m on m.member = l.oid
join pg_roles r on r.oid = m.roleid
union all
select 'C09 login role owns a relation', r.name
from relation r
join login l on l.oid = r.relowner
union all
select 'C10 login role may truncate, reference or trigger', r.name || ' ' || l.rolname
from relation r, login l
where r.relkind in ('r', 'p') and has_table_privilege(l.oid, r.oid, 'truncate, references, trigger')
union all
select 'C11 right on a partition', r.name || ' ' || l.rolname
from relation r, login l
where r.relispartition and has_any_column_privilege(l.oid, r.oid, 'select, insert, update')
union all
select 'C12 view that runs with its owner''s rights', r.name
from relation r
where r.relkind = 'v' and not coalesce(r.reloptions::text ~ 'security_invoker=(true|on|1|yes)', false)
union all
select 'C13 materialized view or foreign table', name
from relation
where relkind in ('m', 'f')
union all
select 'C14 security definer function that a login role may call', f.name || ' ' || l.rolname
from routine f, login l
where f.prosecdef and has_function_privilege(l.oid, f.oid, 'execute')
union all
select 'C15 security definer function without a pinned search path', name
from routine
where prosecdef and not coalesce(proconfig::text ~ 'search_path=', false)
union all
select 'C16 unique index not led by the tenant', i.indexrelid::regclass::text
from tenant_table t
join pg_index i on i.indrelid = t.oid
where (i.indisunique or i.indisexclusion) and i.indkey[0] <> t.tenant_column
union all
select 'C17 secondary index not led by the tenant', i.indexrelid::regclass::text
from tenant_table t
join pg_index i on i.indrelid = t.oid
where not (i.indisunique or i.indisexclusion) and i.indkey[0] <> t.tenant_column
union all
select 'C18 foreign key that does not pair the tenants', t.name || ' ' || k.conname
from pg_constraint k
join tenant_table t on t.oid = k.conrelid
join tenant_table o on o.oid = k.confrelid
where k.contype = 'f'
and not exists (
	select from generate_subscripts(k.conkey, 1) i
	where k.conkey[i] = t.tenant_column and k.confkey[i] = o.tenant_column)
union all
select 'C19 trigger on a tenant table', t.name || ' ' || g.tgname
from tenant_table t
join pg_trigger g on g.tgrelid = t.oid and not g.tgisinternal
union all
select 'C20 default privileges', d.defaclobjtype::text || ' ' || d.defaclacl::text
from pg_default_acl d
union all
select 'C21 rewrite rule on a tenant table', t.name
from tenant_table t
join pg_rewrite r on r.ev_class = t.oid
where r.ev_type <> '1'
union all
select 'C22 table in a publication', t.name
from tenant_table t
join pg_publication_rel r on r.prrelid = t.oid
union all
select 'C23 publication of all tables', pubname::text
from pg_publication
where puballtables
union all
select 'C24 inheritance child', t.name
from tenant_table t
join pg_inherits h on h.inhrelid = t.oid
where not t.relispartition
union all
select 'C25 login role may create in a schema', n.nspname || ' ' || l.rolname
from pg_namespace n, login l
where n.nspname !~ '^pg_' and has_schema_privilege(l.oid, n.oid, 'create')
union all
select 'C26 tenant column is not an int that defaults to the scope', name
from tenant_table
where atttypid <> 'int'::regtype or default_text is distinct from '(current_setting(''app.tenant''::text))::integer'
union all
select 'C27 application may change a row''s tenant', t.name || ' ' || l.rolname
from tenant_table t, login l
where l.rolname in ('txng_app', 'txng_merged', 'txng_confined') and has_column_privilege(l.oid, t.oid, t.tenant_column, 'update')
union all
select 'C28 index whose operators are not leakproof', i.indexrelid::regclass::text
from tenant_table t
join pg_index i on i.indrelid = t.oid
where exists (
	select from unnest(i.indclass::oid[]) c(o)
	join pg_opclass k on k.oid = c.o
	join pg_amop m on m.amopfamily = k.opcfamily and m.amoplefttype = k.opcintype and m.amoprighttype = k.opcintype
	join pg_operator op on op.oid = m.amopopr
	join pg_proc f on f.oid = op.oprcode
	where not f.proleakproof)
union all
select 'C29 foreign key that cascades', t.name || ' ' || k.conname
from pg_constraint k
join tenant_table t on t.oid = k.conrelid
where k.contype = 'f' and (k.confdeltype not in ('a', 'r') or k.confupdtype not in ('a', 'r')
	-- A row follows its product's group: (tenant_id, …, fields), within the tenant.
	and not (k.confupdtype = 'c' and (
		select array_agg(a.attname::text order by x.n)
		from unnest(k.conkey) with ordinality x (c, n)
		join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.c)::text ~ '^{tenant_id,[a-z_]+,fields}$'))
union all
select 'C30 right given to everybody', r.name
from relation r
where exists (
	select from pg_class c, aclexplode(c.relacl) a
	where c.oid = r.oid and a.grantee = 0)
union all
select 'C31 right or policy of another door', p.name || ' ' || p.polname || ' for ' || array_to_string(p.roles, ', ')
from policy p
where p.polpermissive and not (p.polroles = '{0}' or p.roles && '{txng_app,txng_merged,txng_confined}')
union all
select 'C32 restrictive policy text differs from tenant.protect_org', p.name || ' ' || p.polname
from policy p
where not p.polpermissive
and (p.roles <> case p.polname when 'home' then '{txng_confined,txng_merged}' else '{txng_confined}' end::text[]
or not (p.polname = 'field' and p.polcmd = '*' and p.using_text is not distinct from p.check_text
	and p.using_text in (
		'((fields & (current_setting(''app.fields''::text))::bigint) <> 0)',
		'(((current_setting(''app.fields''::text))::bigint = ''-1''::integer) OR (org_id = 0))'))
and not (p.polname = 'assigned' and p.polcmd = '*' and p.using_text is not distinct from p.check_text
	and replace(p.using_text, '(id', '(org_id') = '(((current_setting(''app.orgs''::text))::bigint = ''-1''::integer) OR (org_id = 0)'
		' OR (strpos(current_setting((''app.orgs''::text || ((org_id & (current_setting(''app.orgs''::text))::bigint))::text)),'
		' (('',''::text || (org_id)::text) || '',''::text)) > 0))')
and not (p.polname = 'home' and p.polcmd = 'd' and p.using_text = '(tenant_id = (current_setting(''app.tenant''::text))::integer)')
and not (p.polname = 'unit' and p.polcmd = '*' and p.using_text is not distinct from p.check_text
	and p.using_text = '((current_setting(''app.units''::text) = ''''::text) OR (unit = ANY (string_to_array(current_setting(''app.units''::text), '',''::text))))')
and (p.polname <> 'organization' or p.polcmd <> '*' or p.using_text is distinct from p.check_text
	or p.using_text !~ '^\(\(\(current_setting\(''app\.org''::text\)\)::bigint = 0\) OR \(\(current_setting\(''app\.org''::text\)\)::bigint = (org_id|id)\)\)$'))
union all
select 'C33 column org_id without the organization policy', t.name
from tenant_table t
join pg_attribute a on a.attrelid = t.oid and a.attname = 'org_id' and not a.attisdropped
where not exists (select from policy p where p.name = t.name and p.polname = 'organization')
union all
select 'C35 table of organizations on which departments and inspectors are not confined', t.name || ' ' || missing
from tenant_table t
cross join (values ('field'), ('assigned')) v (missing)
where exists (select from policy p where p.name = t.name and p.polname = 'organization')
and not exists (select from policy p where p.name = t.name and p.polname = missing)
union all
select 'C36 rows of a product that do not follow its group', t.name
from tenant_table t
join pg_attribute a on a.attrelid = t.oid and a.attname = 'fields' and not a.attisdropped
where t.name not in ('organization.organization', 'catalog.product', 'authz.department')
and not exists (
	select from pg_constraint k
	where k.conrelid = t.oid and k.contype = 'f' and a.attnum = any (k.conkey) and k.confupdtype = 'c')
union all
select 'C37 rows of a product without its group', t.name
from tenant_table t
where exists (
	select from pg_attribute a
	where a.attrelid = t.oid and not a.attisdropped and a.attname in ('product_id', 'lot_id', 'order_number'))
and not exists (
	select from pg_attribute a
	where a.attrelid = t.oid and not a.attisdropped and a.attname = 'fields')
union all
select 'C34 table right of another door without a policy of its own', t.name || ' ' || l.rolname
from tenant_table t, login l
where l.rolname not in ('txng_app', 'txng_merged', 'txng_confined') and has_any_column_privilege(l.oid, t.oid, 'select, insert, update')
and not exists (select from policy p where p.name = t.name and l.rolname::text = any (p.roles))
union all
select 'C38 successor may delete its origin''s rows', t.name || ' ' || l.rolname
from tenant_table t, login l
where not t.relispartition and l.rolname in ('txng_merged', 'txng_confined') and has_table_privilege(l.oid, t.oid, 'delete')
and not exists (select from policy p where p.name = t.name and p.polname = 'home' and not p.polpermissive and l.rolname::text = any (p.roles))
union all
select 'C39 right that not all roles of the tenants'' door have', r.name || ' ' || a.privilege_type
from (
	select oid::regclass::text, relacl
	from pg_class
	union all
	select nspname::text, nspacl
	from pg_namespace
	union all
	select attrelid::regclass || '.' || attname, attacl
	from pg_attribute
	union all
	select oid::regprocedure::text, proacl
	from pg_proc) r (name, acl), aclexplode(r.acl) a, login l
where a.grantee = l.oid and l.rolname in ('txng_app', 'txng_merged', 'txng_confined')
group by r.name, a.privilege_type
having count(distinct l.rolname) < 3
union all
select 'C40 tenant column that the planner takes for one of few rows', t.name
from tenant_table t
join pg_attribute a on a.attrelid = t.oid and a.attnum = t.tenant_column
where not coalesce(a.attoptions @> '{n_distinct=2}', false)
and exists (select from policy p where p.name = t.name and p.polname = 'tenant')
order by 1, 2
