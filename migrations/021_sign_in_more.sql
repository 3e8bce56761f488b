-- Signing in by a mobile number, the end of access tokens, tries that were refused, and the letters of a large import.

alter table authz.account
	-- The number that the person signs in with beside the address, in the international form.
	add column phone text unique check (phone ~ '^\+84[35789][0-9]{8}$'),
	-- Access tokens carry it; what signs an account out everywhere raises it.
	add column token_epoch int not null default 1;

-- How the person showed who they are: 'password', 'phone' (number and password), or what other ways name themselves.
alter table authz.session add column how text not null default '' check (length(how) <= 20);

-- Wrong passwords for an account, for its owner's list of sign-ins.
create table authz.refusal (
	id bigint primary key,
	account_id bigint not null references authz.account,
	at timestamptz not null,
	address text not null default '',
	agent text not null default '' check (length(agent) <= 400)
);
create index on authz.refusal (account_id, at);
create index on authz.refusal (at);
grant select, insert, delete on authz.refusal to txng_platform;

alter table authz.invitation
	add column phone text not null default '' check (phone = '' or phone ~ '^\+84[35789][0-9]{8}$'),
	-- The import that it came with; null: it was made alone, and its letter is sent right away.
	add column batch bigint,
	add column sent_at timestamptz,
	add column failed_at timestamptz;
grant update (sent_at, failed_at) on authz.invitation to txng_app, txng_merged, txng_confined;
create index invitation_made on authz.invitation (tenant_id, created_at);
create index invitation_batch on authz.invitation (tenant_id, batch) where batch is not null;

---- create above / drop below ----

alter table authz.invitation drop column failed_at, drop column sent_at, drop column batch, drop column phone;
drop index if exists authz.invitation_made;
drop table authz.refusal;
alter table authz.session drop column how;
alter table authz.account drop column token_epoch, drop column phone;
