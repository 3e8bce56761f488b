-- What opens the API: signing keys, refresh tokens, an organization's machines, a person's own keys.

-- The keys that sign access tokens, of the whole deployment. A seed is sealed under the master secret, so that neither
-- a copy of the database nor a row slipped into it makes a token.
create table authz.signing_key (
	kid text primary key check (length(kid) between 1 and 40),
	public_key bytea not null check (length(public_key) = 32),
	sealed bytea not null check (length(sealed) = 60),
	created_at timestamptz not null,
	active_from timestamptz not null,
	retired_at timestamptz
);
grant select, insert, update on authz.signing_key to txng_platform;

-- A family is what one sign-in has led to: each token was made when the one before it was used.
create table authz.refresh_token (
	token_hash bytea primary key check (length(token_hash) = 32),
	family bigint not null,
	account_id bigint not null references authz.account,
	membership_tenant int,
	membership_id bigint,
	membership_version int,
	created_at timestamptz not null,
	expires_at timestamptz not null,
	used_at timestamptz,
	revoked_at timestamptz,
	foreign key (membership_tenant, membership_id) references authz.membership (tenant_id, id)
);
create index on authz.refresh_token (family);
create index on authz.refresh_token (account_id);
grant select, insert, update, delete on authz.refresh_token to txng_platform;

-- A machine of an organization (its ERP, its scales), confined to the organization and to its scopes.
create table authz.api_client (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null,
	org_id bigint not null,
	name text not null check (length(name) between 1 and 120),
	secret_hash bytea not null check (length(secret_hash) = 32),
	scopes text[] not null check (cardinality(scopes) between 1 and 64),
	created_by bigint not null,
	created_at timestamptz not null,
	expires_at timestamptz not null,
	last_used_at timestamptz,
	revoked_at timestamptz,
	primary key (tenant_id, id),
	foreign key (tenant_id, org_id) references organization.organization (tenant_id, id)
);
create unique index api_client_name on authz.api_client (tenant_id, org_id, name) where revoked_at is null;
select tenant.protect('authz.api_client');
select tenant.protect_org('authz.api_client');
-- A machine signs in before there is a scope.
create policy platform on authz.api_client for all to txng_platform using (true) with check (true);
grant select, update (last_used_at) on authz.api_client to txng_platform;

-- A key that a person has made for a program of their own, for one membership.
create table authz.api_key (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null,
	org_id bigint not null default 0,
	account_id bigint not null,
	membership_id bigint not null,
	membership_version int not null,
	name text not null check (length(name) between 1 and 120),
	prefix text not null check (length(prefix) between 1 and 40),
	hash bytea not null check (length(hash) = 32),
	scopes text[] not null check (cardinality(scopes) between 1 and 64),
	created_at timestamptz not null,
	expires_at timestamptz not null,
	last_used_at timestamptz,
	revoked_at timestamptz,
	primary key (tenant_id, id),
	unique (tenant_id, hash),
	foreign key (tenant_id, membership_id) references authz.membership (tenant_id, id)
);
create unique index api_key_name on authz.api_key (tenant_id, account_id, name) where revoked_at is null;
select tenant.protect('authz.api_key', 'select');
select tenant.protect_org('authz.api_key');
-- Keys are found before there is a scope, and made where a person's own account is.
create policy platform on authz.api_key for all to txng_platform using (true) with check (true);
grant select, insert, update (last_used_at, revoked_at) on authz.api_key to txng_platform;

---- create above / drop below ----

drop table authz.api_key, authz.api_client, authz.refresh_token, authz.signing_key;
