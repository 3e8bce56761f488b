-- Every change of a tenant's state: who, why, when.

create table tenant.change (
	id bigint primary key,
	tenant int not null references tenant.tenant,
	was text not null,
	became text not null,
	reason text not null check (length(reason) between 1 and 500),
	made_by text not null check (length(made_by) between 1 and 200),
	made_by_account bigint not null default 0,
	at timestamptz not null
);
create index on tenant.change (tenant, id);
grant select, insert on tenant.change to txng_platform;

---- create above / drop below ----

drop table tenant.change;
