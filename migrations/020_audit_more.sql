-- Who worked in another's place, what the platform itself did, and the sessions of those who work in another's place.

-- Tenant 0 is none: its lines are what happens above the tenants (sign-ins of the operator and the ministry, refusals,
-- tenants that are made). They are sealed into a chain of their own, by the platform's door, which reads no other.
alter table audit.entry
	-- the account that worked in the place of account_id, with its name; 0 and '' when nobody did
	add column acting_id bigint not null default 0,
	add column acting text not null default '' check (length(acting) <= 120);
alter table audit.entry add check ((acting_id = 0) = (acting = ''));
create index entry_acting on audit.entry (tenant_id, at, id) where acting_id <> 0;

create policy platform_own on audit.entry for select to txng_platform using (tenant_id = 0);
grant select on audit.entry to txng_platform;
create policy platform_own on audit.seal for select to txng_platform using (tenant_id = 0);
create policy platform_seals on audit.seal for insert to txng_platform with check (tenant_id = 0);
grant select, insert on audit.seal to txng_platform;

-- Whoever ends an owner's role may end the machines that the owner has made.
grant update (revoked_at) on authz.api_client to txng_platform;

-- A session of somebody (account_id, in a membership) that an operator works in.
alter table authz.session
	add column impersonator_id bigint references authz.account,
	add column impersonator_session bytea check (length(impersonator_session) = 32),
	add column reason text check (length(reason) between 10 and 500),
	-- when the audit was told that the work in another's place is over
	add column closed_at timestamptz,
	add check ((impersonator_id is null) = (impersonator_session is null) and (impersonator_id is null) = (reason is null)),
	add check (impersonator_id is null or membership_id is not null and expires_at <= created_at + interval '30 minutes');
create index session_impersonator on authz.session (impersonator_id) where impersonator_id is not null;

---- create above / drop below ----

drop index authz.session_impersonator;
alter table authz.session
	drop column closed_at, drop column reason, drop column impersonator_session, drop column impersonator_id;
revoke update (revoked_at) on authz.api_client from txng_platform;
revoke select, insert on audit.seal from txng_platform;
drop policy platform_seals on audit.seal;
drop policy platform_own on audit.seal;
revoke select on audit.entry from txng_platform;
drop policy platform_own on audit.entry;
drop index audit.entry_acting;
alter table audit.entry drop column acting, drop column acting_id;
