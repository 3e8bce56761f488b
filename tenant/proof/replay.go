package proof

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"txng/tenant"
)

// Replayed is what replaying the product's statements came to.
type Replayed struct {
	Statements int      // that were planned and measured
	Scanless   int      // among them, those that scan nothing (an insert of values), and so have one plan only
	Anew       int      // among them, those that the product has planned anew each time
	Unmeasured []string // could not be run again, with the reason
	Ratio      float64  // the largest of Worst
	Worst      []Ratio  // the statements with the largest ratios, largest first
	Back       Ratio    // the largest the other way round: the smallest tenant with the plan that was cached for the largest
	Slowest    []Ratio  // those that took longest
	Unnamed    []string // statements of the tenants' door that reach a tenant table without naming the tenant
}

// Ratio compares a statement's pages under the plan that was cached for another tenant with those under a plan of its
// own.
type Ratio struct {
	SQL           string
	With          string // its parameters, as `execute` takes them
	Cached, Fresh int    // pages, as the largest tenant
	Value         float64
	Took          time.Duration // of measuring its slowest execution, two or three runs
}

// fewPages is what a plan may read more or less without being called another: ratios count from here.
const fewPages = 8

// warm is the number of plans made as the first tenant: after five, PostgreSQL may keep one for all parameters.
const warm = 7

// Replay plans each recorded statement as the smallest tenant until its plan may be cached, and then runs it, on the same
// connection, as the largest: the pages it then reads, over those that it reads with a plan made for the largest. Then
// the other way round.
// Large ratios count when they stand under three samples of statistics.
// Parameters are those of the recording, with the tenant's number in the tenant's place, so that the two tenants must
// have rows with the same numbers. Everything is rolled back.
func Replay(ctx context.Context, c tenant.Config, list []Statement, small, large tenant.ID, progress func(done, total int)) (Replayed, error) {
	var r Replayed
	var measured []Statement // those of r.Worst, in their order
	var backs []Ratio        // the other way round, in the same
	conns := map[string]*pgx.Conn{}
	defer func() {
		for _, conn := range conns {
			conn.Close(context.WithoutCancel(ctx))
		}
	}()
	owner, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return r, fmt.Errorf("connect as the owner: %w", err)
	}
	conns[""] = owner
	for i, s := range list {
		progress(i+1, len(list))
		if !slices.Contains(tenant.Roles, s.Role) || !planned.MatchString(s.SQL) {
			continue
		}
		conn := conns[s.Role]
		if conn == nil || conn.IsClosed() {
			u, err := tenant.RoleURL(c.URL, c.Secret, s.Role)
			if err != nil {
				return r, err
			}
			if conn, err = pgx.Connect(ctx, u); err != nil {
				return r, fmt.Errorf("connect as %s: %w", s.Role, err)
			}
			if _, err := conn.Exec(ctx, "set statement_timeout = '"+patience+"'"); err != nil {
				return r, err
			}
			conns[s.Role] = conn
		}
		worst, scans, err := replay(ctx, conn, s, small, large)
		if err == nil && scans && s.Anew { // nobody gets the plan of another
			worst.Value, worst.Cached = 1, worst.Fresh
			r.Anew++
		}
		var back Ratio
		if err == nil && scans && !s.Anew {
			back, _, err = replay(ctx, conn, s, large, small)
		}
		switch {
		case err != nil && ctx.Err() != nil:
			return r, err
		case err != nil:
			r.Unmeasured = append(r.Unmeasured, fmt.Sprintf("%s: %.100s: %v", s.Role, flat(s.SQL), err))
			continue
		}
		r.Statements++
		if !scans {
			r.Scanless++
		}
		r.Worst, backs, measured = append(r.Worst, worst), append(backs, back), append(measured, s)
		if scopedRole(s.Role) {
			if bad, err := unnamed(ctx, owner, s, large); err != nil {
				r.Unmeasured = append(r.Unmeasured, fmt.Sprintf("as the owner: %.100s: %v", flat(s.SQL), err))
			} else if bad != "" {
				r.Unnamed = append(r.Unnamed, bad+": "+flat(s.SQL))
			}
		}
	}
	for range 2 {
		if err := doubt(ctx, owner, conns, r.Worst, doubtful, measured, small, large); err != nil {
			return r, err
		}
		if err := doubt(ctx, owner, conns, backs, doubtfulBack, measured, large, small); err != nil {
			return r, err
		}
	}
	for _, b := range backs {
		if b.Value > r.Back.Value {
			r.Back = b
		}
	}
	r.Slowest = slices.Clone(r.Worst)
	slices.SortStableFunc(r.Slowest, func(a, b Ratio) int { return int(b.Took - a.Took) })
	r.Slowest = r.Slowest[:min(len(r.Slowest), 10)]
	slices.SortStableFunc(r.Worst, func(a, b Ratio) int { return int(1000 * (b.Value - a.Value)) })
	r.Worst = r.Worst[:min(len(r.Worst), 10)]
	if len(r.Worst) > 0 {
		r.Ratio = r.Worst[0].Value
	}
	return r, nil
}

// The ratios above which a statement is measured again.
const (
	doubtful     = 1.8
	doubtfulBack = 3.0
)

// doubt measures the statements with the largest ratios again under statistics that were taken anew. The server takes them
// from a sample: what it reads by one sample only is no property of the statement, and the lower ratio counts.
func doubt(ctx context.Context, owner *pgx.Conn, conns map[string]*pgx.Conn, ratios []Ratio, above float64, of []Statement, first, second tenant.ID) error {
	if !slices.ContainsFunc(ratios, func(x Ratio) bool { return x.Value > above }) {
		return nil
	}
	if _, err := owner.Exec(ctx, "analyze"); err != nil {
		return err
	}
	for i, x := range ratios {
		if x.Value <= above || conns[of[i].Role].IsClosed() {
			continue
		}
		if again, _, err := replay(ctx, conns[of[i].Role], of[i], first, second); err != nil {
			return fmt.Errorf("measure once more: %w", err)
		} else if again.Value < x.Value {
			ratios[i] = again
		}
	}
	return nil
}

// A statement may take this long on the large tenant; a cached plan that takes longer reads endless times the pages.
const (
	patience = "20s"
	timedOut = "57014"
	slow     = 2 * time.Second
	endless  = 1e6
)

// planned are statements that have a plan and belong to the product, not to the job queue's library.
var planned = regexp.MustCompile(`(?is)^(\s|--[^\n]*\n)*(select|insert|update|delete|with|values)\b`)

func flat(sql string) string { return strings.Join(strings.Fields(sql), " ") }

// call is a statement ready to be prepared, and the texts of its parameters.
type call struct {
	sql    string
	types  []string
	values [][]string // literals by execution
	tenant []int      // places of parameters that are the tenant
}

func (c call) prepare() string {
	if len(c.types) == 0 {
		return "prepare replayed as " + c.sql
	}
	return "prepare replayed (" + strings.Join(c.types, ", ") + ") as " + c.sql
}

// execute is the statement's nth execution as a tenant.
func (c call) execute(n int, as tenant.ID) string {
	if len(c.types) == 0 {
		return "execute replayed"
	}
	values := slices.Clone(c.values[n])
	for _, i := range c.tenant {
		if strings.HasSuffix(c.types[i], "[]") {
			values[i] = fmt.Sprintf("'{%d}'", as)
		} else {
			values[i] = strconv.Itoa(int(as))
		}
	}
	return "execute replayed (" + strings.Join(values, ", ") + ")"
}

var tenantParameter = regexp.MustCompile(`tenant_id = (?:any \()?\$(\d+)`)

// describe asks the server for the parameters' types and texts.
func describe(ctx context.Context, conn *pgx.Conn, s Statement) (call, error) {
	c := call{sql: s.SQL}
	d, err := conn.PgConn().Prepare(ctx, "", s.SQL, nil)
	if err != nil {
		return c, err
	}
	if len(d.ParamOIDs) == 0 {
		return c, nil
	}
	oids := make([]int64, len(d.ParamOIDs))
	for i, o := range d.ParamOIDs {
		oids[i] = int64(o)
	}
	if err := conn.QueryRow(ctx, `
		select array(
			select format_type(o::oid, null)
			from unnest($1::bigint[]) with ordinality x (o, place)
			order by place)`, oids).Scan(&c.types); err != nil {
		return c, err
	}
	texts := make([]string, len(c.types))
	for i, t := range c.types {
		texts[i] = fmt.Sprintf("quote_nullable($%d::%s::text)", i+1, t)
	}
	for _, v := range s.Values {
		if len(v.Bytes) != len(c.types) {
			continue
		}
		result := conn.PgConn().ExecParams(ctx, "select "+strings.Join(texts, ", "), v.Bytes, d.ParamOIDs, v.Formats, nil).Read()
		if result.Err != nil {
			return c, result.Err
		}
		var values []string
		for _, b := range result.Rows[0] {
			values = append(values, string(b))
		}
		c.values = append(c.values, values)
	}
	if len(c.values) == 0 {
		return c, errors.New("no execution was recorded")
	}
	if scopedRole(s.Role) {
		c.tenant = []int{0}
	}
	for _, m := range tenantParameter.FindAllStringSubmatch(s.SQL, -1) {
		if n, _ := strconv.Atoi(m[1]); !slices.Contains(c.tenant, n-1) && n <= len(c.types) {
			c.tenant = append(c.tenant, n-1)
		}
	}
	return c, nil
}

// scopeOf opens a transaction as the tenants' door would; other doors' roles do not look at it.
func scopeOf(id tenant.ID) string {
	return fmt.Sprintf("begin; set local app.tenant = '%[1]d'; set local app.tenants = '{%[1]d}'; set local app.org = '0'; set local app.units = ''; set local app.fields = '-1'; set local app.orgs = '-1'; savepoint s", id)
}

// replay measures one statement, planned for the first tenant, as the second: the worst of its recorded executions.
func replay(ctx context.Context, conn *pgx.Conn, s Statement, first, second tenant.ID) (worst Ratio, scans bool, err error) {
	worst.SQL = s.Role + ": " + flat(s.SQL)
	c, err := describe(ctx, conn, s)
	if err != nil {
		return worst, false, fmt.Errorf("describe: %w", err)
	}
	exec := func(sql string) error {
		_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		return err
	}
	defer func() {
		back := exec("rollback; deallocate all")
		conn.DeallocateAll(ctx)
		err = errors.Join(err, back)
	}()
	if err := exec(c.prepare()); err != nil {
		return worst, false, fmt.Errorf("prepare: %w", err)
	}
	if err := exec(scopeOf(first)); err != nil {
		return worst, false, err
	}
	for n := range warm {
		if err := exec("explain " + c.execute(n%max(len(c.values), 1), first)); err != nil {
			return worst, false, fmt.Errorf("plan: %w", err)
		}
	}
	if err := exec("rollback; " + scopeOf(second)); err != nil {
		return worst, false, err
	}
	const own = "set local plan_cache_mode = force_custom_plan; "
	for n := range max(len(c.values), 1) {
		statement := c.execute(n, second)
		plan, err := explain(ctx, conn, "", statement)
		if err != nil {
			return worst, false, fmt.Errorf("explain: %w", err)
		}
		if !plan.scans() {
			worst.Value = max(worst.Value, 1)
			continue
		}
		scans = true
		var fresh int
		start := time.Now()
		// The cached plan first: one that a time-out ends is as wrong as one that reads much.
		cached, err := pages(ctx, conn, "", statement)
		if err == nil {
			if fresh, err = pages(ctx, conn, own, statement); err == nil && cached > fresh+fewPages {
				cached, err = pages(ctx, conn, "", statement) // not what the first reader tidies up
			}
		}
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == timedOut {
			if _, err := pages(ctx, conn, own, statement); err == nil {
				return Ratio{SQL: worst.SQL, Value: endless}, true, nil // only the cached plan is so slow
			}
			return worst, true, errors.New("more than " + patience + " with any plan")
		}
		if errors.As(err, &pg) && (pg.Code[:2] == "23" || pg.Code == "55P03") && n+1 < max(len(c.values), 1) {
			continue // the row is there already; another execution may do
		}
		if err != nil {
			if worst.Value > 0 {
				continue
			}
			return worst, scans, err
		}
		worst.Took = max(worst.Took, time.Since(start))
		if v := float64(max(cached, fewPages)) / float64(max(fresh, fewPages)); v > worst.Value {
			worst.With, worst.Cached, worst.Fresh, worst.Value = statement, cached, fresh, v
		}
		if worst.Took > slow {
			break // its other executions would take as long
		}
	}
	if worst.Value == 0 {
		return worst, scans, errors.New("no execution could be repeated")
	}
	return worst, scans, nil
}

// node is a part of a plan.
type node struct {
	Type     string `json:"Node Type"`
	Schema   string
	Relation string `json:"Relation Name"`
	Alias    string
	Index    string `json:"Index Cond"`
	Recheck  string `json:"Recheck Cond"`
	Filter   string
	Hash     string `json:"Hash Cond"`
	Merge    string `json:"Merge Cond"`
	Join     string `json:"Join Filter"`
	Hit      int    `json:"Shared Hit Blocks"`
	Read     int    `json:"Shared Read Blocks"`
	Plans    []node
}

// scans reports whether a plan reads any relation.
func (n node) scans() bool {
	return strings.Contains(n.Type, "Scan") && n.Relation != "" || slices.ContainsFunc(n.Plans, node.scans)
}

func explain(ctx context.Context, conn *pgx.Conn, options, statement string) (node, error) {
	results, err := conn.PgConn().Exec(ctx, "explain (verbose, format json"+options+") "+statement).ReadAll()
	if err != nil {
		return node{}, err
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal(results[0].Rows[0][0], &plans); err != nil {
		return node{}, fmt.Errorf("read a plan: %w", err)
	}
	return plans[0].Plan, nil
}

// pages runs a statement, takes it back, and returns the pages it read.
func pages(ctx context.Context, conn *pgx.Conn, before, statement string) (int, error) {
	if before != "" {
		if _, err := conn.PgConn().Exec(ctx, before).ReadAll(); err != nil {
			return 0, err
		}
	}
	n, err := explain(ctx, conn, ", analyze, buffers, timing off, summary off", statement)
	if _, back := conn.PgConn().Exec(ctx, "rollback to s").ReadAll(); back != nil {
		return 0, back
	}
	return n.Hit + n.Read, err
}

// unnamed plans a statement past row security, and returns the tenant table that it would reach without a condition on
// the tenant; "" when it names the tenant everywhere.
func unnamed(ctx context.Context, owner *pgx.Conn, s Statement, as tenant.ID) (string, error) {
	c, err := describe(ctx, owner, s)
	if err != nil {
		return "", err
	}
	exec := func(sql string) error {
		_, err := owner.PgConn().Exec(ctx, sql).ReadAll()
		return err
	}
	defer func() {
		_ = exec("rollback; deallocate all")
		owner.DeallocateAll(ctx)
	}()
	if err := exec(scopeOf(as) + "; set local enable_seqscan = off; " + c.prepare()); err != nil {
		return "", err
	}
	plan, err := explain(ctx, owner, "", c.execute(0, as))
	if err != nil {
		return "", err
	}
	global := map[string]bool{}
	rows, err := owner.Query(ctx, `
		select n.nspname || '.' || c.relname
		from pg_class c
		join pg_namespace n on n.oid = c.relnamespace
		where not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id')`)
	if err != nil {
		return "", err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range names {
		global[name] = true
	}
	return plan.unnamed(global, ""), err
}

func (n node) unnamed(global map[string]bool, joins string) string {
	joins += n.Hash + n.Merge + n.Join
	if strings.Contains(n.Type, "Scan") && n.Relation != "" && !global[n.Schema+"."+n.Relation] &&
		!strings.Contains(n.Index+n.Recheck+n.Filter, "tenant_id") && !strings.Contains(joins, n.Alias+".tenant_id") {
		return n.Schema + "." + n.Relation
	}
	for _, child := range n.Plans {
		if bad := child.unnamed(global, joins); bad != "" {
			return bad
		}
	}
	return ""
}
