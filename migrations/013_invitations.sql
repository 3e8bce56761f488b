-- What is sent by mail: links that set a new password (global, like the accounts) and invitations into a tenant.

create table authz.reset (
	token_hash bytea primary key check (length(token_hash) = 32),
	account_id bigint not null references authz.account,
	created_at timestamptz not null,
	expires_at timestamptz not null,
	used_at timestamptz
);
create index on authz.reset (account_id);
grant select, insert, update on authz.reset to txng_platform;

create table authz.invitation (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null,
	token_hash bytea not null check (length(token_hash) = 32),
	email text not null check (length(email) between 3 and 254),
	name text not null check (length(name) between 1 and 120),
	role text not null check (length(role) between 1 and 40),
	org_id bigint not null default 0,
	department text not null default '' check (length(department) <= 40),
	unit text not null default '' check (length(unit) <= 40),
	invited_by bigint not null,
	inviter text not null check (length(inviter) between 1 and 120),
	created_at timestamptz not null,
	expires_at timestamptz not null,
	accepted_at timestamptz,
	revoked_at timestamptz,
	primary key (tenant_id, id),
	unique (tenant_id, token_hash)
);
-- One open invitation for a role: of two at the same time, the second waits for the first and is refused.
create unique index invitation_open on authz.invitation (tenant_id, org_id, email, role, department, unit)
	where accepted_at is null and revoked_at is null;
select tenant.protect('authz.invitation');
select tenant.protect_org('authz.invitation');
-- Whoever has the link is nobody yet: the platform's door finds the invitation by tenant and hash.
create policy platform on authz.invitation for all to txng_platform using (true) with check (true);
grant select, update on authz.invitation to txng_platform;

---- create above / drop below ----

drop table authz.invitation;
drop table authz.reset;
