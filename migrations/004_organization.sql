-- Chủ thể: enterprises, cooperatives and households that make or trade products.

create schema organization;
grant usage on schema organization to txng_app, txng_merged, txng_confined, txng_public;

create table organization.organization (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null check (id > 0),
	kind text not null check (kind in ('enterprise', 'cooperative', 'household')),
	name text not null check (length(name) between 2 and 200),
	mst text not null check (mst ~ '^([0-9]{10}(-[0-9]{3})?|[0-9]{12})$'),
	address text not null check (length(address) <= 300),
	unit text not null check (length(unit) <= 40),
	phone text not null default '' check (length(phone) <= 20),
	email text not null default '' check (length(email) <= 254),
	uses_barcode boolean not null,
	state text not null check (state in ('pending', 'approved', 'refused')),
	state_reason text not null default '' check (length(state_reason) <= 500),
	illustrative boolean not null default false,
	source text not null default '' check (length(source) <= 500),
	created_at timestamptz not null,
	decided_at timestamptz,
	primary key (tenant_id, id)
);
-- A refused registration does not keep the tax code from its owner.
create unique index organization_mst on organization.organization (tenant_id, mst) where state <> 'refused';
create index on organization.organization (tenant_id, state, id);
select tenant.protect('organization.organization');
select tenant.protect_org('organization.organization', 'id');
select tenant.protect_unit('organization.organization');
create policy published on organization.organization for select to txng_public using (state = 'approved');
grant select (tenant_id, id, kind, name, address, unit, state, illustrative) on organization.organization to txng_public;

-- Folded words of the name and the tax code, for search without diacritics in any word order. A list asks of each row
-- whether it has a word, so the row comes before the word in the key.
create table organization.token (
	tenant_id int not null default current_setting('app.tenant')::int,
	token text not null collate "C" check (length(token) between 1 and 60),
	org_id bigint not null,
	primary key (tenant_id, org_id, token),
	foreign key (tenant_id, org_id) references organization.organization (tenant_id, id)
);
select tenant.protect('organization.token', 'select, insert, delete');
select tenant.protect_org('organization.token');

---- create above / drop below ----

drop schema organization cascade;
