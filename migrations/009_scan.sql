-- Scans: every one in a log, and per scanned serial how often since when.

create schema scan;
grant usage on schema scan to txng_app, txng_merged, txng_confined;

create table scan.serial (
	tenant_id int not null default current_setting('app.tenant')::int,
	order_number int not null,
	index int not null check (index >= 0),
	org_id bigint not null,
	count bigint not null check (count > 0),
	first_at timestamptz not null,
	last_at timestamptz not null,
	primary key (tenant_id, order_number, index),
	foreign key (tenant_id, order_number) references stamps.stamp_order (tenant_id, number)
);
select tenant.protect('scan.serial');
select tenant.protect_org('scan.serial');

create table scan.scan (
	tenant_id int not null default current_setting('app.tenant')::int,
	id bigint not null,
	org_id bigint not null,
	order_number int not null,
	index int not null,
	verdict text not null check (verdict in ('genuine', 'inactive', 'void', 'recalled', 'expired')),
	at timestamptz not null,
	primary key (tenant_id, id),
	foreign key (tenant_id, order_number) references stamps.stamp_order (tenant_id, number)
);
select tenant.protect('scan.scan', 'select, insert');
select tenant.protect_org('scan.scan');

---- create above / drop below ----

drop schema scan cascade;
