-- Products with the nine items of Nghị định 37/2026 Điều 23(5), and each province's lists of mandatory, priority and
-- specific products.

create schema catalog;
grant usage on schema catalog to txng_app, txng_merged, txng_confined, txng_public;

create table catalog.list_item (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null,
	list text not null check (list in ('bat-buoc', 'uu-tien', 'dac-thu')),
	name text not null check (length(name) between 1 and 200),
	source text not null default '' check (length(source) <= 500),
	official boolean not null,
	created_at timestamptz not null,
	primary key (tenant_id, id),
	unique (tenant_id, list, name)
);
select tenant.protect('catalog.list_item', 'select, insert, update, delete');

create table catalog.product (
	tenant_id int not null default current_setting('app.tenant')::int,
	id bigint not null,
	org_id bigint not null,
	gtin text not null check (gtin ~ '^[0-9]{14}$'),
	name text not null check (length(name) between 2 and 200),
	brand text not null default '' check (length(brand) <= 120),
	description text not null default '' check (length(description) <= 2000),
	origin text not null check (length(origin) <= 200),
	standard text not null default '' check (length(standard) <= 200),
	shelf_life text not null default '' check (length(shelf_life) <= 120),
	list_item_id bigint,
	exported boolean not null default false,
	state text not null check (state in ('draft', 'published')),
	illustrative boolean not null default false,
	source text not null default '' check (length(source) <= 500),
	created_at timestamptz not null,
	primary key (tenant_id, id),
	unique (tenant_id, gtin),
	foreign key (tenant_id, org_id) references organization.organization (tenant_id, id),
	foreign key (tenant_id, list_item_id) references catalog.list_item (tenant_id, id)
);
create index on catalog.product (tenant_id, org_id, id);
select tenant.protect('catalog.product');
select tenant.protect_org('catalog.product');
create policy published on catalog.product for select to txng_public using (state = 'published');
grant select (tenant_id, id, org_id, gtin, name, brand, description, origin, shelf_life, state, illustrative)
	on catalog.product to txng_public;

create table catalog.photo (
	tenant_id int not null default current_setting('app.tenant')::int,
	product_id bigint not null,
	org_id bigint not null,
	type text not null check (type in ('image/jpeg', 'image/png')),
	bytes bytea not null check (length(bytes) <= 2097152),
	published boolean not null, -- as its product is; a policy may not look into another table
	created_at timestamptz not null,
	primary key (tenant_id, product_id),
	foreign key (tenant_id, product_id) references catalog.product (tenant_id, id)
);
select tenant.protect('catalog.photo');
select tenant.protect_org('catalog.photo');
create policy published on catalog.photo for select to txng_public using (published);
grant select on catalog.photo to txng_public;

create table catalog.token (
	tenant_id int not null default current_setting('app.tenant')::int,
	token text not null collate "C" check (length(token) between 1 and 60),
	product_id bigint not null,
	org_id bigint not null,
	primary key (tenant_id, product_id, token),
	foreign key (tenant_id, product_id) references catalog.product (tenant_id, id)
);
select tenant.protect('catalog.token', 'select, insert, delete');
select tenant.protect_org('catalog.token');

---- create above / drop below ----

drop schema catalog cascade;
