-- Signing in through a tenant's own identity provider (OpenID Connect): its configuration, who is linked, ways that are
-- under way, and which sessions came that way.

create table authz.oidc_provider (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null,
	name text not null check (length(name) between 1 and 60),
	issuer text not null check (length(issuer) between 1 and 500),
	client_id text not null default '' check (length(client_id) <= 200),
	-- the client's secret, sealed under the master secret; null while there is none
	sealed bytea check (length(sealed) between 29 and 2000),
	scopes text[] not null check (cardinality(scopes) between 1 and 20),
	-- since when it may be used; null while it may not. What it opened before that time stays shut.
	enabled_at timestamptz,
	created_by bigint not null,
	created_at timestamptz not null,
	updated_by bigint not null,
	updated_at timestamptz not null,
	primary key (tenant_id, id),
	check (enabled_at is null or client_id <> '' and sealed is not null)
);
create unique index oidc_provider_name on authz.oidc_provider (tenant_id, name);
select tenant.protect('authz.oidc_provider');
-- Signing in happens before there is a scope: the platform's door finds the tenant's providers.
create policy platform on authz.oidc_provider for select to txng_platform using (true);
grant select on authz.oidc_provider to txng_platform;

-- Whom a provider's subject stands for. Nothing is linked without the account's own password.
create table authz.oidc_identity (
	id bigint primary key,
	provider_tenant int not null,
	provider_id bigint not null,
	subject text not null check (length(subject) between 1 and 255),
	account_id bigint not null references authz.account,
	email text not null check (length(email) between 3 and 254), -- that the provider named when it was linked
	linked_at timestamptz not null,
	used_at timestamptz not null,
	unique (provider_tenant, provider_id, subject),
	foreign key (provider_tenant, provider_id) references authz.oidc_provider (tenant_id, id)
);
create index on authz.oidc_identity (account_id);
grant select, insert, update (used_at), delete on authz.oidc_identity to txng_platform;

-- One way to a provider and back. Nonce and PKCE verifier are drawn from the browser's secret, so that a copy of this
-- table completes none of them.
create table authz.oidc_flow (
	state_hash bytea primary key check (length(state_hash) = 32),
	browser_hash bytea not null unique check (length(browser_hash) = 32),
	provider_tenant int not null,
	provider_id bigint not null,
	next text not null check (length(next) <= 2000),
	created_at timestamptz not null,
	expires_at timestamptz not null,
	answered_at timestamptz, -- the provider's answer was taken, once
	-- of an answer that waits to be linked: whom it names, and the account with that address
	subject text check (length(subject) between 1 and 255),
	email text check (length(email) between 3 and 254),
	account_id bigint references authz.account,
	linked_at timestamptz,
	foreign key (provider_tenant, provider_id) references authz.oidc_provider (tenant_id, id)
);
create index on authz.oidc_flow (expires_at);
grant select, insert, update, delete on authz.oidc_flow to txng_platform;

-- A session that a provider opened is one of the provider's own tenant: the foreign key pairs the two.
alter table authz.session
	add column provider_id bigint,
	add constraint session_provider foreign key (tenant_id, provider_id) references authz.oidc_provider (tenant_id, id),
	add constraint session_provider_tenant check (provider_id is null or tenant_id is not null);

---- create above / drop below ----

alter table authz.session drop constraint session_provider, drop constraint session_provider_tenant, drop column provider_id;
drop table authz.oidc_flow, authz.oidc_identity, authz.oidc_provider;
