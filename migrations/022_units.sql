-- Reforms of administrative units after those that the program was built with, and the address that an organization has
-- printed on its labels since before one (NĐ 37/2026/NĐ-CP, Điều 98.5).

-- One resolution on one day: the text of its file (tenant/unit, Reform). Global: the map is the same for every tenant.
create table tenant.unit_reform (
	id int primary key generated always as identity,
	resolution text not null check (length(resolution) between 5 and 200),
	effective date not null,
	content text not null check (length(content) <= 8388608),
	created_at timestamptz not null,
	unique (resolution, effective)
);
grant select, insert on tenant.unit_reform to txng_platform;

alter table organization.organization
	add column printed_address text not null default '' check (length(printed_address) <= 300),
	add column printed_unit text not null default '' check (length(printed_unit) <= 40),
	add constraint printed_has_unit check ((printed_address = '') = (printed_unit = ''));
grant insert (printed_address, printed_unit), update (printed_address, printed_unit) on organization.organization to txng_app, txng_merged, txng_confined;
grant select (printed_address, printed_unit) on organization.organization to txng_public;

---- create above / drop below ----

alter table organization.organization
	drop constraint printed_has_unit,
	drop column printed_address,
	drop column printed_unit;
drop table tenant.unit_reform;
