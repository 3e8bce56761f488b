-- The life of a tenant: every change of its state, what it looks like and is allowed, who asks for one, and what the
-- operator has filled in so far.

create table tenant.change (
	id bigint primary key,
	tenant int not null references tenant.tenant,
	was text not null,
	became text not null,
	reason text not null check (length(reason) between 1 and 500),
	made_by text not null check (length(made_by) between 1 and 200),
	made_by_account bigint not null default 0,
	at timestamptz not null
);
create index on tenant.change (tenant, id);
grant select, insert on tenant.change to txng_platform;

-- The province's own domain beside its subdomain. A partial index: changing it takes no lock that foreign keys wait for.
alter table tenant.tenant
	add column domain text not null default '' check (domain ~ '^([a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+)?$' and length(domain) <= 200);
create unique index tenant_domain on tenant.tenant (domain) where domain <> '';

-- The province's picture, a PNG made by us from what was uploaded.
create table tenant.logo (
	tenant_id int primary key default current_setting('app.tenant')::int references tenant.tenant,
	digest text not null check (digest ~ '^[0-9a-f]{32}$'),
	png bytea not null check (length(png) between 1 and 2000000),
	changed_at timestamptz not null
);
select tenant.protect('tenant.logo', 'select, insert, update, delete');
create policy published on tenant.logo for select to txng_public using (true);
grant select on tenant.logo to txng_public;
-- The registry knows which picture a tenant has, without the picture.
create policy platform on tenant.logo for select to txng_platform using (true);
grant select (tenant_id, digest) on tenant.logo to txng_platform;

-- What the operator has switched on or off for a tenant; what is not here is on.
create table tenant.feature (
	tenant int not null references tenant.tenant,
	feature text not null check (length(feature) between 1 and 40),
	enabled boolean not null,
	changed_at timestamptz not null,
	primary key (tenant, feature)
);
grant select, insert, update on tenant.feature to txng_platform;

-- How much a tenant may take of what all share, where the operator has said so; what is not here is the platform's default.
create table tenant.allowance (
	tenant int not null references tenant.tenant,
	what text not null check (length(what) between 1 and 40),
	amount bigint not null check (amount between 1 and 1000000),
	changed_at timestamptz not null,
	primary key (tenant, what)
);
grant select, insert, update, delete on tenant.allowance to txng_platform;

-- Requests of provinces to be taken up.
create table tenant.request (
	id bigint primary key,
	unit text not null check (length(unit) between 1 and 40),
	person text not null check (length(person) between 1 and 120),
	title text not null check (length(title) between 1 and 120),
	email text not null check (length(email) between 3 and 254),
	phone text not null check (length(phone) between 8 and 20),
	document text not null check (length(document) <= 100),
	note text not null check (length(note) <= 1000),
	network text not null check (length(network) <= 60),
	state text not null check (state in ('new', 'approved', 'refused')),
	reason text not null default '' check (length(reason) <= 500),
	decided_by text not null default '' check (length(decided_by) <= 200),
	decided_at timestamptz,
	created_at timestamptz not null,
	check ((state = 'new') = (decided_at is null)),
	check (state <> 'refused' or reason <> '')
);
create unique index request_open on tenant.request (unit, email) where state = 'new';
create index on tenant.request (network, created_at);
grant select, insert, update on tenant.request to txng_platform;

-- What the operator has filled in about a province that does not run yet; and, of one whose start was decided, all that it
-- starts with, until its own rows are written.
create table tenant.draft (
	tenant int primary key references tenant.tenant,
	fields jsonb not null check (length(fields::text) <= 20000),
	logo bytea check (length(logo) <= 2000000),
	plan bytea check (length(plan) <= 6000000),
	plan_name text not null default '' check (length(plan_name) <= 200),
	starting jsonb check (length(starting::text) <= 20000000),
	changed_by text not null check (length(changed_by) <= 200),
	changed_at timestamptz not null
);
grant select, insert, update, delete on tenant.draft to txng_platform;

---- create above / drop below ----

drop table tenant.draft;
drop table tenant.request;
drop table tenant.allowance;
drop table tenant.feature;
drop table tenant.logo;
drop index tenant.tenant_domain;
alter table tenant.tenant drop column domain;
drop table tenant.change;
