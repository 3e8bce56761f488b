-- Stamp orders. A stamp is computed, not stored: an order is one row, the state of its stamps lives in ranges.

create schema stamps;
grant usage on schema stamps to txng_app, txng_merged, txng_confined, txng_public;

create table stamps.counter (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	last int not null check (last between 1 and 4194303), -- 22 bits of a serial
	primary key (tenant_id)
);
select tenant.protect('stamps.counter');

create table stamps.stamp_order (
	tenant_id int not null default current_setting('app.tenant')::int,
	number int not null check (number between 1 and 4194303),
	org_id bigint not null,
	product_id bigint not null,
	gtin text not null check (gtin ~ '^[0-9]{14}$'),
	quantity int not null check (quantity between 1 and 10000000),
	request text not null check (length(request) between 1 and 80),
	created_at timestamptz not null,
	primary key (tenant_id, number),
	unique (tenant_id, org_id, request),
	foreign key (tenant_id, product_id) references catalog.product (tenant_id, id)
);
create index on stamps.stamp_order (tenant_id, product_id, number);
select tenant.protect('stamps.stamp_order', 'select, insert, update');
select tenant.protect_org('stamps.stamp_order');
create policy published on stamps.stamp_order for select to txng_public using (true);
grant select (tenant_id, number, product_id, org_id, gtin, quantity, created_at) on stamps.stamp_order to txng_public;

-- Stamps first..last (both included, from 0) of an order were activated for a lot, made void or recalled. The newest
-- row that covers a stamp is its state; a stamp that none covers is not activated.
create table stamps.stamp_range (
	tenant_id int not null default current_setting('app.tenant')::int,
	id bigint not null,
	org_id bigint not null,
	order_number int not null,
	first int not null check (first >= 0),
	last int not null,
	state text not null check (state in ('activated', 'void', 'recalled')),
	lot_id bigint,
	reason text not null default '' check (length(reason) <= 300),
	at timestamptz not null,
	primary key (tenant_id, id),
	foreign key (tenant_id, order_number) references stamps.stamp_order (tenant_id, number),
	foreign key (tenant_id, lot_id) references trace.lot (tenant_id, id),
	check (last >= first),
	check ((state = 'activated') = (lot_id is not null))
);
create index on stamps.stamp_range (tenant_id, order_number, id);
select tenant.protect('stamps.stamp_range', 'select, insert');
select tenant.protect_org('stamps.stamp_range');
create policy published on stamps.stamp_range for select to txng_public using (true);
grant select (tenant_id, id, order_number, first, last, state, lot_id, reason, at) on stamps.stamp_range to txng_public;

---- create above / drop below ----

drop schema stamps cascade;
