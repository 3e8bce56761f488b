-- Token buckets that slow down whoever guesses passwords, by account name and by address; shared by all instances.

create table authz.throttle (
	key text primary key check (length(key) between 1 and 300),
	tokens double precision not null,
	at timestamptz not null
);
grant select, insert, update, delete on authz.throttle to txng_platform;

---- create above / drop below ----

drop table authz.throttle;
