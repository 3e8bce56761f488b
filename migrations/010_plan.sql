-- The province's programme: plans with their departments, targets and tasks.

create schema plan;
grant usage on schema plan to txng_app;

create table plan.plan (
	tenant_id int not null default current_setting('app.tenant')::int references tenant.tenant,
	id bigint not null,
	number text not null check (length(number) between 1 and 80),
	title text not null check (length(title) between 1 and 400),
	issuer text not null check (length(issuer) <= 200),
	issued text not null check (issued ~ '^[0-9]{4}(-[0-9]{2}){0,2}$'),
	from_year int not null,
	to_year int not null check (to_year >= from_year),
	orientation text not null default '' check (length(orientation) <= 200),
	basis text[] not null default '{}',
	funding text[] not null default '{}',
	notes text not null default '' check (length(notes) <= 5000),
	source text not null default '' check (length(source) <= 500),
	created_at timestamptz not null,
	primary key (tenant_id, id),
	unique (tenant_id, number, issued)
);
select tenant.protect('plan.plan', 'select, insert');

create table plan.department (
	tenant_id int not null default current_setting('app.tenant')::int,
	plan_id bigint not null,
	code text not null check (length(code) between 1 and 40),
	name text not null check (length(name) between 1 and 200),
	role text not null default '' check (length(role) <= 500),
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
	numerator text not null default '' check (length(numerator) <= 500),
	denominator text not null default '' check (length(denominator) <= 500),
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
	unit text not null default '' check (length(unit) <= 40),
	output text not null default '' check (length(output) <= 500),
	funding text not null default '' check (length(funding) <= 500),
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
