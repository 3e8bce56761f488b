-- Who people are (accounts, sessions: global) and what they are in a tenant (memberships: the tenant's rows).

create schema authz;
grant usage on schema authz to txng_app, txng_merged, txng_confined, txng_platform;

create table authz.account (
	id bigint primary key,
	email text not null unique check (length(email) between 3 and 254),
	name text not null check (length(name) between 1 and 120),
	password_hash text not null,
	disabled_at timestamptz,
	created_at timestamptz not null
);
grant select, insert, update on authz.account to txng_platform;

-- Roles above the tenants: the operator and the ministry's viewers.
create table authz.platform_role (
	account_id bigint primary key references authz.account,
	role text not null check (role in ('operator', 'ministry')),
	created_at timestamptz not null
);
grant select, insert, delete on authz.platform_role to txng_platform;

create table authz.membership (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null,
	account_id bigint not null,
	email text not null,
	name text not null,
	role text not null check (length(role) between 1 and 40),
	org_id bigint not null default 0,
	department text not null default '' check (length(department) <= 40),
	unit text not null default '' check (length(unit) <= 40),
	version int not null default 1,
	valid_from timestamptz not null,
	valid_to timestamptz,
	primary key (tenant_id, id)
);
create index on authz.membership (tenant_id, account_id);
select tenant.protect('authz.membership');
select tenant.protect_org('authz.membership');
-- Signing in happens before there is a scope: the platform's door finds the memberships of an account.
create policy platform on authz.membership for all to txng_platform using (true) with check (true);
grant select, insert, update on authz.membership to txng_platform;

create table authz.session (
	token_hash bytea primary key check (length(token_hash) = 32),
	account_id bigint not null references authz.account,
	tenant_id int,
	membership_id bigint,
	membership_version int,
	created_at timestamptz not null,
	expires_at timestamptz not null,
	ended_at timestamptz,
	address text not null default '',
	agent text not null default '' check (length(agent) <= 400),
	foreign key (tenant_id, membership_id) references authz.membership (tenant_id, id)
);
create index on authz.session (account_id);
grant select, insert, update on authz.session to txng_platform;

---- create above / drop below ----

drop schema authz cascade;
