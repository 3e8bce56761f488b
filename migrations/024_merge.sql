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

---- create above / drop below ----

delete from kpi.rollup where alone;
alter table kpi.rollup drop constraint rollup_pkey;
alter table kpi.rollup add primary key (tenant_id, measure, day);
alter table kpi.rollup drop column alone;
drop table tenant.part;
drop table tenant.merger;
