package proof

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
)

// Cost is what isolation costs one kind of statement: each figure a ratio to the same statement, on the same rows, with
// the same settings, by a role that has the same rights and passes row security by. All ways are measured in turn within
// one run, in blocks of Each executions; a ratio is the median of the ratios of the blocks that ran side by side.
type Cost struct {
	Name string
	Each int // executions a block
	// OpenCPU and OpenLatency: a further statement in a scope that is open, to one in a transaction that is open.
	OpenCPU, OpenLatency float64
	// OwnCPU and OwnLatency: a statement that opens its own scope, to one without a scope: reads in one flush, to
	// autocommit; the insert in begin, statement and commit, as without a scope.
	OwnCPU, OwnLatency float64
	// Latency is the statement's own, in nanoseconds: the baseline.
	Latency float64
}

// Key is the name as a part of a key.
func (c Cost) Key() string { return strings.ReplaceAll(c.Name, " ", "_") }

// Costs is what isolation costs.
type Costs struct {
	List []Cost
	// Open and Own are the geometric means of the list's ratios: of the server's processor time where it can be read,
	// else of latency.
	Open, Own float64
	CPU       bool // whether the processor time of the server could be read
}

// costed are the statements that are measured, on the rows of one tenant ($1).
var costed = []struct {
	name, sql string
	each      int // executions a block
}{
	{"point read", `
		select name
		from catalog.product
		where tenant_id = any ($1) and id = $2`, 25},
	{"list", `
		select name
		from catalog.product
		where tenant_id = any ($1)
		order by tenant_id, id desc
		limit 50`, 15},
	{"aggregate", `
		select count(*)::text as name
		from (
			select
			from catalog.product
			where tenant_id = any ($1)
			limit 2000) p`, 5},
	{"insert", `
		insert into catalog.list_item (tenant_id, id, list, name, source, official, created_at)
		values ($1, $2, 'uu-tien', $3, 'txng bench', false, now())`, 15},
}

// named is a row of the statements that read.
type named struct{ Name string }

// MeasureCost measures on a tenant that has products. The rows that it inserts are removed. Blocks are short and in
// random order, so that what else the machine does meets all ways alike. The database's own user must be a superuser:
// it makes the role for comparison, as which nobody can sign in, and drops it.
func MeasureCost(ctx context.Context, c tenant.Config, of tenant.ID, blocks int, progress func(done, total int)) (Costs, error) {
	var all Costs
	c.MaxConns = 1
	db, err := tenant.Open(ctx, c)
	if err != nil {
		return all, err
	}
	defer db.Close()
	scope, err := db.Scope(ctx, of)
	if err != nil {
		return all, err
	}
	owner, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return all, fmt.Errorf("connect as the owner: %w", err)
	}
	defer owner.Close(context.WithoutCancel(ctx))
	defer owner.Exec(context.WithoutCancel(ctx), "delete from catalog.list_item where tenant_id = $1 and source = 'txng bench'", of)
	free := "txng_bench_" + strconv.Itoa(os.Getpid())
	if _, err := owner.Exec(ctx, fmt.Sprintf(`
		create role %[1]s nologin bypassrls;
		grant usage on schema catalog to %[1]s;
		grant select on catalog.product to %[1]s;
		grant insert on catalog.list_item to %[1]s`, free)); err != nil {
		return all, fmt.Errorf("make the role for comparison: %w", err)
	}
	defer owner.Exec(context.WithoutCancel(ctx), fmt.Sprintf("drop owned by %[1]s; drop role %[1]s", free))
	var product int64
	if err := owner.QueryRow(ctx, "select max(id) from catalog.product where tenant_id = $1", of).Scan(&product); err != nil {
		return all, fmt.Errorf("find a product of tenant %d: %w", of, err)
	}
	// The planner's settings are those of the door: what is compared is row security.
	if _, err := owner.Exec(ctx, "set jit = off; set enable_seqscan = off; set role "+free); err != nil {
		return all, err
	}
	defer owner.Exec(context.WithoutCancel(ctx), "reset role")
	pids, err := tenant.Fetch[named](ctx, db, scope, "select pg_backend_pid()::text as name where $1::int[] is not null")
	if err != nil {
		return all, err
	}
	appPID, _ := strconv.Atoi(pids[0].Name)
	ownerPID := int(owner.PgConn().PID())
	all.CPU = isPostgres(appPID) && isPostgres(ownerPID)
	id := int64(1) << 40

	for i, m := range costed {
		args := []any{}
		if strings.Contains(m.sql, "$2") {
			args = append(args, product)
		}
		write := strings.Contains(m.sql, "insert")
		parameters := func() []any {
			if write {
				id++
				return []any{id, strconv.FormatInt(id, 10)}
			}
			return args
		}
		// Without row security the statement is the one that the scope sends: see Scope.
		text := strings.Replace(m.sql, "= any ($1)", "= $1", 1)
		plain := func(q interface {
			Query(context.Context, string, ...any) (pgx.Rows, error)
		}) error {
			rows, err := q.Query(ctx, text, append([]any{int32(of)}, parameters()...)...)
			if err != nil {
				return err
			}
			_, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		}
		scoped := func(tx tenant.Tx) error {
			if write {
				_, err := tx.Exec(ctx, m.sql, parameters()...)
				return err
			}
			_, err := tenant.List[named](ctx, tx, m.sql, parameters()...)
			return err
		}
		var cpu, latency [4][]float64
		warm := false
		// measure notes what each of a way's statements takes.
		measure := func(way, pid int, f func() error) error {
			used, _ := processorTime(pid)
			start := time.Now()
			for range m.each {
				if err := f(); err != nil {
					return err
				}
			}
			took := time.Since(start)
			now, _ := processorTime(pid)
			if warm {
				cpu[way] = append(cpu[way], float64(now-used)/float64(m.each))
				latency[way] = append(latency[way], float64(took)/float64(m.each))
			}
			return nil
		}
		ways := [4]func() error{
			func() error { // in a transaction that is open
				return pgx.BeginFunc(ctx, owner, func(tx pgx.Tx) error {
					return measure(0, ownerPID, func() error { return plain(tx) })
				})
			},
			func() error { // in a scope that is open
				return db.In(ctx, scope, func(tx tenant.Tx) error {
					return measure(1, appPID, func() error { return scoped(tx) })
				})
			},
			func() error { // on its own
				return measure(2, ownerPID, func() error {
					if write {
						return pgx.BeginFunc(ctx, owner, func(tx pgx.Tx) error { return plain(tx) })
					}
					return plain(owner)
				})
			},
			func() error { // in its own scope
				return measure(3, appPID, func() error {
					if write {
						return db.In(ctx, scope, scoped)
					}
					_, err := tenant.Fetch[named](ctx, db, scope, m.sql, parameters()...)
					return err
				})
			},
		}
		for block := range blocks + 2 {
			warm = block >= 2 // the first ones prepare statements
			for _, w := range rand.Perm(len(ways)) {
				if err := ways[w](); err != nil {
					return all, fmt.Errorf("%s, way %d: %w", m.name, w, err)
				}
			}
			progress(i*(blocks+2)+block+1, len(costed)*(blocks+2))
		}
		k := Cost{
			Name:        m.name,
			Each:        m.each,
			OpenCPU:     ratio(cpu[1], cpu[0]),
			OpenLatency: ratio(latency[1], latency[0]),
			OwnCPU:      ratio(cpu[3], cpu[2]),
			OwnLatency:  ratio(latency[3], latency[2]),
			Latency:     median(latency[2]),
		}
		all.List = append(all.List, k)
	}
	all.Open, all.Own = 1, 1
	for _, k := range all.List {
		open, own := k.OpenLatency, k.OwnLatency
		if all.CPU {
			open, own = k.OpenCPU, k.OwnCPU
		}
		all.Open *= math.Pow(open, 1/float64(len(all.List)))
		all.Own *= math.Pow(own, 1/float64(len(all.List)))
	}
	return all, nil
}

// ratio is the median of the ratios of blocks that were measured side by side.
func ratio(a, b []float64) float64 {
	list := make([]float64, 0, len(a))
	for i := range a {
		if b[i] > 0 {
			list = append(list, a[i]/b[i])
		}
	}
	if len(list) == 0 {
		return 0
	}
	return median(list)
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// isPostgres reports whether a process of this machine is a PostgreSQL server: the server may be elsewhere.
func isPostgres(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	_, readable := processorTime(pid)
	return err == nil && readable && strings.HasPrefix(string(b), "postgres")
}

// processorTime returns the nanoseconds that a process of this machine has run, where the system tells (Linux).
func processorTime(pid int) (int64, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/schedstat")
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(b), " ")
	n, err := strconv.ParseInt(first, 10, 64)
	return n, err == nil
}
