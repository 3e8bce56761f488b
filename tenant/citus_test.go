package tenant_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/tenant/tenanttest"
)

// references are the tables that would be copied to every node: small, and foreign keys lead to them.
var references = []string{"tenant.tenant", "tenant.lineage", "authz.account"}

// dropped are the foreign keys that would go: from tables that stay on the coordinator to distributed ones.
var dropped = []string{
	"authz.session session_tenant_id_membership_id_fkey",
	"authz.refresh_token refresh_token_membership_tenant_membership_id_fkey",
	"authz.oidc_identity oidc_identity_provider_tenant_provider_id_fkey",
	"authz.oidc_flow oidc_flow_provider_tenant_provider_id_fkey",
	"authz.session session_provider",
}

// TestSchemaIsReadyForCitus checks the rules of the package's documentation on the catalog: what Citus refuses of a table
// that is distributed by tenant_id. Such is every table whose primary key begins with tenant_id.
func TestSchemaIsReadyForCitus(t *testing.T) {
	t.Parallel()
	e := tenanttest.New(t)
	conn := e.Owner(t)
	const distributed = `
		with distributed as (
			select c.oid, c.oid::regclass::text as name, a.attnum as tenant_column
			from pg_class c
			join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
			join pg_index i on i.indrelid = c.oid and i.indisprimary and i.indkey[0] = a.attnum
			where c.relkind in ('r', 'p') and not c.relispartition)`
	list := func(sql string, args ...any) []string {
		t.Helper()
		rows, err := conn.Query(t.Context(), distributed+sql, args...)
		if err != nil {
			t.Fatal(err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if names := list(" select name from distributed order by 1"); len(names) < 20 {
		t.Fatalf("only %d tables would be distributed: %v", len(names), names)
	}
	for what, sql := range map[string]string{
		"unique key without the tenant in front": `
			select i.indexrelid::regclass::text
			from distributed d
			join pg_index i on i.indrelid = d.oid
			where i.indisunique and i.indkey[0] <> d.tenant_column`,
		"exclusion constraint": `
			select k.conname::text
			from distributed d
			join pg_constraint k on k.conrelid = d.oid and k.contype = 'x'`,
		"tenant of another type": `
			select d.name
			from distributed d
			join pg_attribute a on a.attrelid = d.oid and a.attnum = d.tenant_column
			where a.atttypid <> 'int'::regtype`,
		"policy with a sub-query": `
			select d.name || ' ' || p.polname
			from distributed d
			join pg_policy p on p.polrelid = d.oid
			where coalesce(p.polqual::text, '') || coalesce(p.polwithcheck::text, '') ~ 'SUBLINK|SUBPLAN'`,
		"policy with a function that is not built in": `
			select d.name || ' ' || p.polname
			from distributed d
			join pg_policy p on p.polrelid = d.oid
			join pg_depend x on x.classid = 'pg_policy'::regclass and x.objid = p.oid and x.refclassid = 'pg_proc'::regclass`,
		"right to change the tenant": `
			select d.name || ' ' || r.rolname
			from distributed d, pg_roles r
			where r.rolname in ('txng_app', 'txng_merged', 'txng_confined', 'txng_public', 'txng_ministry') and has_column_privilege(r.oid, d.oid, d.tenant_column, 'update')`,
		"foreign key between distributed tables that does not pair the tenants in the same place": `
			select k.conname::text
			from distributed d
			join pg_constraint k on k.conrelid = d.oid and k.contype = 'f'
			join distributed o on o.oid = k.confrelid
			where not exists (
				select from generate_subscripts(k.conkey, 1) i
				where k.conkey[i] = d.tenant_column and k.confkey[i] = o.tenant_column)`,
		"foreign key that sets or cascades": `
			select k.conname::text
			from distributed d
			join pg_constraint k on k.conrelid = d.oid and k.contype = 'f'
			where k.confdeltype not in ('a', 'r') or k.confupdtype not in ('a', 'r')
			-- Those by which a row follows its product's group are written out on the way to Citus: see the package's doc.
			and not (k.confupdtype = 'c' and k.confdeltype = 'a' and exists (
				select from pg_attribute a
				where a.attrelid = d.oid and a.attnum = k.conkey[3] and a.attname = 'fields' and cardinality(k.conkey) = 3))`,
		"trigger": `
			select g.tgname::text
			from distributed d
			join pg_trigger g on g.tgrelid = d.oid and not g.tgisinternal`,
		"rule": `
			select r.rulename::text
			from distributed d
			join pg_rewrite r on r.ev_class = d.oid`,
		"inheritance": `
			select d.name
			from distributed d
			join pg_inherits i on i.inhrelid = d.oid`,
		"sequence": `
			select d.name || ' ' || a.attname
			from distributed d
			join pg_attribute a on a.attrelid = d.oid and (a.attidentity <> '' or pg_get_serial_sequence(d.name, a.attname) is not null)
			where a.attnum > 0 and not a.attisdropped`,
		"generated from the tenant": `
			select d.name || ' ' || a.attname
			from distributed d
			join pg_attribute a on a.attrelid = d.oid and a.attgenerated <> ''
			join pg_attrdef f on f.adrelid = d.oid and f.adnum = a.attnum
			where pg_get_expr(f.adbin, f.adrelid) ~ 'tenant_id'`,
		"partition key other than one range": `
			select d.name
			from distributed d
			join pg_partitioned_table p on p.partrelid = d.oid
			where p.partstrat <> 'r' or p.partnatts <> 1`,
	} {
		for _, name := range list(sql) {
			t.Errorf("%s: %s", what, name)
		}
	}
	for _, name := range list(`
		select distinct k.confrelid::regclass::text
		from distributed d
		join pg_constraint k on k.conrelid = d.oid and k.contype = 'f'
		where k.confrelid not in (select oid from distributed)`) {
		if !slices.Contains(references, name) {
			t.Errorf("a distributed table has a foreign key to %s, which is no reference table", name)
		}
	}
	// The other way round there is none: neither a reference table nor a local one may lead to a distributed one.
	for _, name := range list(`
		select k.conrelid::regclass::text || ' ' || k.conname
		from pg_constraint k
		where k.contype = 'f' and k.confrelid in (select oid from distributed) and k.conrelid not in (select oid from distributed)`) {
		if slices.Contains(dropped, name) {
			continue
		}
		t.Errorf("foreign key from a table that is not distributed: %s", name)
	}
}
