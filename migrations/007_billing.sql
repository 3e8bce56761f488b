-- Stamp quota of an organization: lots that are granted, and an append-only ledger of what was done to each.

create schema billing;
grant usage on schema billing to txng_app, txng_merged, txng_confined;

create table billing.account (
	tenant_id int not null default current_setting('app.tenant')::int,
	org_id bigint not null,
	created_at timestamptz not null,
	primary key (tenant_id, org_id),
	foreign key (tenant_id, org_id) references organization.organization (tenant_id, id)
);
select tenant.protect('billing.account', 'select, insert, update');
select tenant.protect_org('billing.account');

create table billing.quota_grant (
	tenant_id int not null default current_setting('app.tenant')::int,
	id bigint not null,
	org_id bigint not null,
	source text not null check (source in ('free', 'subsidy', 'plan', 'topup')),
	source_key text not null check (length(source_key) between 1 and 80),
	priority int not null,
	amount bigint not null check (amount > 0),
	remaining bigint not null check (remaining between 0 and amount),
	effective_at timestamptz not null,
	expires_at timestamptz,
	primary key (tenant_id, id),
	unique (tenant_id, org_id, source_key),
	foreign key (tenant_id, org_id) references billing.account (tenant_id, org_id)
);
select tenant.protect('billing.quota_grant');
select tenant.protect_org('billing.quota_grant');

create table billing.quota_issue (
	tenant_id int not null default current_setting('app.tenant')::int,
	org_id bigint not null,
	key text not null check (length(key) between 1 and 80),
	amount bigint not null check (amount > 0),
	at timestamptz not null,
	primary key (tenant_id, org_id, key),
	foreign key (tenant_id, org_id) references billing.account (tenant_id, org_id)
);
select tenant.protect('billing.quota_issue', 'select, insert');
select tenant.protect_org('billing.quota_issue');

create table billing.quota_entry (
	tenant_id int not null default current_setting('app.tenant')::int,
	id bigint not null,
	org_id bigint not null,
	grant_id bigint not null,
	kind text not null check (kind in ('grant', 'consume')),
	key text not null,
	delta bigint not null check (delta <> 0),
	at timestamptz not null,
	primary key (tenant_id, id),
	unique (tenant_id, grant_id, kind, key),
	foreign key (tenant_id, grant_id) references billing.quota_grant (tenant_id, id)
);
select tenant.protect('billing.quota_entry', 'select, insert');
select tenant.protect_org('billing.quota_entry');

---- create above / drop below ----

drop schema billing cascade;
