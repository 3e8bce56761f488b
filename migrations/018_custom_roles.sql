-- Roles that a province makes for its own officers, out of permissions that its administrator holds.

create table authz.role (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null check (id > 0),
	name text not null check (length(name) between 1 and 60),
	-- the name without case and diacritics: of two names that look alike, one is refused
	folded text not null check (length(folded) between 1 and 120),
	permissions text[] not null check (cardinality(permissions) between 1 and 64),
	maker text not null check (length(maker) between 1 and 120),
	created_at timestamptz not null,
	changed_at timestamptz not null,
	retired_at timestamptz,
	primary key (tenant_id, id)
);
create unique index role_name on authz.role (tenant_id, folded) where retired_at is null;
select tenant.protect('authz.role');
-- What a membership may do is asked before there is a scope.
create policy platform on authz.role for select to txng_platform using (true);
grant select on authz.role to txng_platform;

alter table authz.membership
	add column role_id bigint,
	add foreign key (tenant_id, role_id) references authz.role (tenant_id, id),
	add check ((role = 'custom') = (role_id is not null)),
	add check (role_id is null or org_id = 0);
create index membership_role on authz.membership (tenant_id, role_id) where role_id is not null;
grant update (role_id) on authz.membership to txng_app, txng_merged, txng_confined;

alter table authz.invitation
	add column role_id bigint,
	add foreign key (tenant_id, role_id) references authz.role (tenant_id, id),
	add check ((role = 'custom') = (role_id is not null)),
	add check (role_id is null or org_id = 0);
grant update (role_id) on authz.invitation to txng_app, txng_merged, txng_confined;
drop index authz.invitation_open;
create unique index invitation_open on authz.invitation (tenant_id, org_id, email, role, department, unit, coalesce(role_id, 0))
	where accepted_at is null and revoked_at is null;

---- create above / drop below ----

drop index authz.invitation_open;
delete from authz.invitation where role_id is not null;
create unique index invitation_open on authz.invitation (tenant_id, org_id, email, role, department, unit)
	where accepted_at is null and revoked_at is null;
alter table authz.invitation drop column role_id;
-- A role that is no more leaves an ended membership of one that may do nothing but see its own account.
update authz.membership set role = 'ended', role_id = null, valid_to = least(valid_to, now()), version = version + 1 where role_id is not null;
alter table authz.membership drop column role_id;
drop table authz.role;
