-- Mergers of provinces: what was merged into what, why, by whom, and whether it was taken back. tenant.lineage holds what
-- is in force; this is its history. And the measures as they were before a merger.

create table tenant.merger (
	id bigint primary key,
	origin int not null references tenant.tenant,
	successor int not null references tenant.tenant,
	effective date not null,
	basis text not null check (length(basis) between 3 and 200),
	memberships bigint[] not null default '{}',
	made_by text not null check (length(made_by) between 1 and 200),
	made_by_account bigint not null default 0,
	created_at timestamptz not null,
	undone_at timestamptz,
	undone_by text not null default '' check (length(undone_by) <= 200),
	undo_reason text not null default '' check (length(undo_reason) <= 500),
	check (origin <> successor)
);
-- A province goes into one other, once.
create unique index merger_in_force on tenant.merger (origin) where undone_at is null;
grant select, insert, update on tenant.merger to txng_platform;

-- Parts of provinces that went to another one: some communes, whose organizations the successor looks after from a day on.
-- Their rows stay with the origin.
create table tenant.part (
	id bigint primary key,
	origin int not null references tenant.tenant,
	successor int not null references tenant.tenant,
	units text[] not null check (cardinality(units) between 1 and 500),
	effective date not null,
	basis text not null check (length(basis) between 3 and 200),
	made_by text not null check (length(made_by) between 1 and 200),
	made_by_account bigint not null default 0,
	created_at timestamptz not null,
	undone_at timestamptz,
	undone_by text not null default '' check (length(undone_by) <= 200),
	undo_reason text not null default '' check (length(undo_reason) <= 500),
	check (origin <> successor)
);
create index on tenant.part (origin);
grant select, insert, update on tenant.part to txng_platform;

-- A day's value over the rows of the tenant alone, without those of provinces that were merged into it: what it would be
-- without the merger. Only tenants with predecessors have such rows.
alter table kpi.rollup add column alone boolean not null default false;
alter table kpi.rollup drop constraint rollup_pkey;
alter table kpi.rollup add primary key (tenant_id, measure, day, alone);

-- A day's value over the rows that stand in the communes of a part which the tenant gave to another one: what the ministry
-- and the successor count there and no longer here. The successor keeps a copy in its own scope.
create table kpi.part (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	part bigint not null,
	measure text not null check (length(measure) between 1 and 80),
	day date not null,
	numerator bigint not null check (numerator >= 0),
	denominator bigint not null check (denominator >= 0),
	computed_at timestamptz not null,
	primary key (tenant_id, part, measure, day)
);
select tenant.protect('kpi.part');
create policy ministry on kpi.part for select to txng_ministry using (true);
grant select on kpi.part to txng_ministry;
grant select (id, origin, successor, units, effective, undone_at) on tenant.part to txng_ministry;

---- create above / drop below ----

drop table kpi.part;
delete from kpi.rollup where alone;
alter table kpi.rollup drop constraint rollup_pkey;
alter table kpi.rollup add primary key (tenant_id, measure, day);
alter table kpi.rollup drop column alone;
drop table tenant.part;
drop table tenant.merger;
