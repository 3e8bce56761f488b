-- Lots and the critical tracking events (CTE) of their way.

create schema trace;
grant usage on schema trace to txng_app, txng_merged, txng_confined, txng_public;

create table trace.lot (
	tenant_id int not null default current_setting('app.tenant')::int,
	id bigint not null,
	org_id bigint not null,
	product_id bigint not null,
	code text not null check (length(code) between 1 and 20),
	place text not null check (length(place) <= 200),
	produced_on date not null,
	expires_on date,
	published boolean not null default false, -- true once stamps are activated for it
	created_at timestamptz not null,
	primary key (tenant_id, id),
	unique (tenant_id, product_id, code),
	foreign key (tenant_id, product_id) references catalog.product (tenant_id, id),
	check (expires_on is null or expires_on >= produced_on)
);
select tenant.protect('trace.lot');
select tenant.protect_org('trace.lot');
create policy published on trace.lot for select to txng_public using (published);
grant select (tenant_id, id, product_id, code, place, produced_on, expires_on, published) on trace.lot to txng_public;

create table trace.event (
	tenant_id int not null default current_setting('app.tenant')::int,
	id bigint not null,
	org_id bigint not null,
	lot_id bigint not null,
	kind text not null check (kind in ('produce', 'harvest', 'process', 'pack', 'store', 'ship', 'receive', 'sell')),
	at timestamptz not null,
	place text not null check (length(place) <= 200),
	note text not null default '' check (length(note) <= 500),
	published boolean not null default false, -- as its lot is
	created_at timestamptz not null,
	primary key (tenant_id, id),
	foreign key (tenant_id, lot_id) references trace.lot (tenant_id, id)
);
create index on trace.event (tenant_id, lot_id, at);
select tenant.protect('trace.event');
select tenant.protect_org('trace.event');
create policy published on trace.event for select to txng_public using (published);
grant select (tenant_id, id, lot_id, kind, at, place, published) on trace.event to txng_public;

---- create above / drop below ----

drop schema trace cascade;
