-- Where an entry came from, what was before and after it, and the chain of hashes that shows what was tampered with.

alter table audit.entry
	-- the requester's network address; '' for the platform's own work and for entries of before this step
	add column address text not null default '' check (length(address) <= 100),
	-- JSON as it was written; text and not jsonb, because it is sealed byte for byte
	add column before text check (length(before) <= 20000),
	add column after text check (length(after) <= 20000),
	-- the transaction that wrote it, so that sealing looks at new entries only; null for entries of before this step
	add column tx xid8;
alter table audit.entry alter column tx set default pg_current_xact_id();
create index entry_tx on audit.entry (tenant_id, coalesce(tx, '0'::xid8), id);
create index entry_at on audit.entry (tenant_id, at, id);

-- One seal an entry, in the order of sealing, which is not that of ids: a transaction may commit late. hash covers the
-- seal before, this seal's time and horizon, and the entry. No foreign key: a removed entry is to be found, not hidden.
create table audit.seal (
	tenant_id int not null default current_setting('app.tenant')::int,
	position bigint not null check (position > 0),
	entry_id bigint not null,
	at timestamptz not null,
	-- On the last seal of a run that left no entry unsealed: every transaction before this one had ended by then.
	horizon xid8,
	hash bytea not null check (length(hash) = 32),
	primary key (tenant_id, position)
);
create unique index seal_entry on audit.seal (tenant_id, entry_id);
create index seal_horizon on audit.seal (tenant_id, position) where horizon is not null;
select tenant.protect('audit.seal', 'select, insert');

---- create above / drop below ----

drop table audit.seal;
alter table audit.entry drop column tx, drop column after, drop column before, drop column address;
drop index audit.entry_at;
