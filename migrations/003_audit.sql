-- What was done: who, when, what, to which record. Append-only; no foreign keys, so that history outlives its records.

create schema audit;
grant usage on schema audit to txng_app, txng_merged, txng_confined, txng_platform;

create table audit.entry (
	tenant_id int not null default current_setting('app.tenant')::int,
	id bigint not null,
	at timestamptz not null,
	account_id bigint not null,
	who text not null,
	role text not null,
	org_id bigint not null default 0,
	action text not null check (length(action) between 1 and 80),
	subject text not null check (length(subject) between 1 and 40),
	subject_id bigint not null,
	what text not null check (length(what) <= 1000),
	primary key (tenant_id, id)
);
create index on audit.entry (tenant_id, subject, subject_id, id);
select tenant.protect('audit.entry', 'select, insert');
select tenant.protect_org('audit.entry');
-- What the platform does to a tenant (onboarding, sign-in) stands in the tenant's own audit.
create policy platform on audit.entry for insert to txng_platform with check (true);
grant insert on audit.entry to txng_platform;

---- create above / drop below ----

drop schema audit cascade;
