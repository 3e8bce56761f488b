-- What people show besides their password (factors, recovery codes), and what a tenant decides for itself (settings).

-- A factor is an app that shows codes (totp) or a passkey. Its secret or credential is sealed under the master secret,
-- bound to the factor and the account, so that neither a copy of the database nor a row slipped into it opens anything.
create table authz.factor (
	id bigint primary key,
	account_id bigint not null references authz.account,
	kind text not null check (kind in ('totp', 'passkey')),
	name text not null check (length(name) between 1 and 60),
	credential_id bytea unique check (length(credential_id) between 1 and 1023),
	sealed bytea not null,
	last_step bigint not null default 0,
	created_at timestamptz not null,
	last_used_at timestamptz,
	check ((kind = 'passkey') = (credential_id is not null))
);
create index on authz.factor (account_id);
grant select, insert, update, delete on authz.factor to txng_platform;

-- Codes for whoever has lost the device, by a keyed hash; each opens once.
create table authz.recovery_code (
	account_id bigint not null references authz.account,
	hash bytea not null check (length(hash) = 32),
	created_at timestamptz not null,
	used_at timestamptz,
	primary key (account_id, hash)
);
grant select, insert, update, delete on authz.recovery_code to txng_platform;

-- A challenge that a passkey has to sign, once.
create table authz.challenge (
	hash bytea primary key check (length(hash) = 32),
	purpose text not null check (length(purpose) between 1 and 20),
	account_id bigint references authz.account,
	data text not null,
	expires_at timestamptz not null
);
create index on authz.challenge (expires_at);
grant select, insert, delete on authz.challenge to txng_platform;

-- When a session has shown a second factor, and when its person last showed who they are (null: at its beginning).
alter table authz.session
	add column factor_at timestamptz,
	add column proved_at timestamptz;

-- Whether the sign-in that a refresh token comes from showed a second factor.
alter table authz.refresh_token add column factor boolean not null default false;

-- What a tenant decides for itself, by key; what is not here is as the platform has it.
create table tenant.setting (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	key text not null check (length(key) between 1 and 60),
	value text not null check (length(value) <= 2000),
	changed_at timestamptz not null,
	primary key (tenant_id, key)
);
select tenant.protect('tenant.setting');
-- Whether a session needs a second factor is asked before it has a scope.
create policy platform on tenant.setting for select to txng_platform using (true);
grant select on tenant.setting to txng_platform;

---- create above / drop below ----

drop table tenant.setting;
alter table authz.refresh_token drop column factor;
alter table authz.session drop column proved_at, drop column factor_at;
drop table authz.challenge;
drop table authz.recovery_code;
drop table authz.factor;
