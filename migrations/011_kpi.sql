-- Roll-ups of a tenant's measures, one row a measure and day, written in the tenant's own scope. They are all that the
-- ministry reads: counts, never a business's rows.

create schema kpi;
grant usage on schema kpi to txng_app, txng_merged, txng_confined, txng_ministry;

create table kpi.rollup (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	measure text not null check (length(measure) between 1 and 80),
	day date not null,
	numerator bigint not null check (numerator >= 0),
	denominator bigint not null check (denominator >= 0),
	computed_at timestamptz not null,
	primary key (tenant_id, measure, day)
);
select tenant.protect('kpi.rollup');
create policy ministry on kpi.rollup for select to txng_ministry using (true);
grant select on kpi.rollup to txng_ministry;

---- create above / drop below ----

drop schema kpi cascade;
