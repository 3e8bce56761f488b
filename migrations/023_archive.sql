-- A province's data are its own: what was archived for it, and which numbers of tenants must never be given again.

create schema archive;
grant usage on schema archive to txng_app, txng_merged, txng_confined, txng_platform;

-- One archive that was asked for. The file itself lies in the archives' folder, named after tenant and id.
create table archive.export (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null,
	state text not null check (state in ('waiting', 'running', 'ready', 'failed', 'expired')),
	account_id bigint not null,
	requester text not null check (length(requester) between 1 and 120),
	requested_at timestamptz not null,
	done bigint not null default 0 check (done >= 0),
	total bigint not null default 0 check (total >= 0),
	size bigint not null default 0 check (size >= 0),
	sha256 text not null default '' check (sha256 ~ '^([0-9a-f]{64})?$'),
	seen_at timestamptz not null, -- when its job last gave a sign of life
	reason text not null default '' check (length(reason) <= 500),
	ready_at timestamptz,
	expires_at timestamptz,
	primary key (tenant_id, id)
);
-- One at a time for a tenant: of two requests at once, the second is refused.
create unique index export_open on archive.export (tenant_id) where state in ('waiting', 'running');
select tenant.protect('archive.export', 'select');
-- A province that is suspended or archived writes nothing in its own scope, and must get its data all the same.
create policy platform on archive.export for all to txng_platform using (true) with check (true);
grant select, insert, update on archive.export to txng_platform;

-- Numbers of tenants that were deleted: they stand in printed serials, so nobody else may have them. A restored archive
-- takes its own number back.
create table tenant.spent (
	id int primary key,
	unit text not null,
	archive text not null check (archive ~ '^[0-9a-f]{64}$'), -- SHA-256 of the archive that was kept
	deleted_at timestamptz not null
);

---- create above / drop below ----

drop table tenant.spent;
drop schema archive cascade;
