-- The province's programme: plans with their departments, targets and tasks. Lengths are those of the plan's file.

create schema plan;
grant usage on schema plan to txng_app, txng_merged, txng_confined;

create table plan.plan (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null,
	number text not null check (length(number) <= 200),
	title text not null check (length(title) between 1 and 1000),
	issuer text not null check (length(issuer) <= 1000),
	issued text not null check (issued ~ '^[0-9]{4}(-[0-9]{2}){0,2}$'),
	from_year int not null,
	to_year int not null check (to_year >= from_year),
	orientation text not null default '' check (length(orientation) <= 1000),
	basis text[] not null default '{}',
	funding text[] not null default '{}',
	notes text[] not null default '{}',
	source text not null default '' check (length(source) <= 1000),
	created_at timestamptz not null,
	primary key (tenant_id, id)
);
-- A plan is known by number and day; one whose number is not known by its title.
create unique index plan_number on plan.plan (tenant_id, number, issued) where number <> '';
create unique index plan_title on plan.plan (tenant_id, md5(title), issued) where number = '';
select tenant.protect('plan.plan', 'select, insert');

create table plan.department (
	tenant_id int not null default current_setting('app.tenant')::int,
	plan_id bigint not null,
	code text not null check (length(code) between 1 and 40),
	name text not null check (length(name) between 1 and 1000),
	role text not null default '' check (length(role) <= 1000),
	primary key (tenant_id, plan_id, code),
	foreign key (tenant_id, plan_id) references plan.plan (tenant_id, id)
);
select tenant.protect('plan.department', 'select, insert');

-- value is in thousandths, so that 33.3 % is 33300.
create table plan.target (
	tenant_id int not null default current_setting('app.tenant')::int,
	id bigint not null,
	plan_id bigint not null,
	position int not null,
	code text not null check (length(code) between 1 and 40),
	text text not null check (length(text) between 1 and 1000),
	kind text not null check (kind in ('percent', 'count', 'area', 'money', 'milestone', 'text')),
	op text not null check (op in ('', '>=', '<=', '=')),
	value bigint,
	due int not null,
	measure text not null default '' check (length(measure) <= 80),
	numerator text not null default '' check (length(numerator) <= 1000),
	denominator text not null default '' check (length(denominator) <= 1000),
	lead text not null default '',
	with_departments text[] not null default '{}',
	primary key (tenant_id, id),
	unique (tenant_id, plan_id, code),
	foreign key (tenant_id, plan_id) references plan.plan (tenant_id, id)
);
select tenant.protect('plan.target', 'select, insert');

create table plan.task (
	tenant_id int not null default current_setting('app.tenant')::int,
	id bigint not null,
	plan_id bigint not null,
	position int not null,
	code text not null check (length(code) between 1 and 40),
	text text not null check (length(text) between 1 and 1000),
	task_group text not null check (length(task_group) between 1 and 40),
	lead text not null,
	with_departments text[] not null default '{}',
	due text not null default '' check (length(due) <= 10),
	planned int not null default 0 check (planned >= 0),
	unit text not null default '' check (length(unit) <= 1000),
	output text not null default '' check (length(output) <= 1000),
	funding text not null default '' check (length(funding) <= 1000),
	state text not null default 'assigned' check (state in ('assigned', 'doing', 'done')),
	done int not null default 0 check (done >= 0),
	evidence text not null default '' check (length(evidence) <= 1000),
	changed_at timestamptz not null,
	primary key (tenant_id, id),
	unique (tenant_id, plan_id, code),
	foreign key (tenant_id, plan_id) references plan.plan (tenant_id, id)
);
create index on plan.task (tenant_id, task_group, state);
select tenant.protect('plan.task');

---- create above / drop below ----

drop schema plan cascade;
