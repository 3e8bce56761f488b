package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"txng/tenant"
	"txng/tenant/proof"
)

type benchIsolation struct {
	databaseFlags
	JSON       bool   `help:"In một đối tượng JSON phẳng."`
	Operations int    `help:"Số thao tác ngẫu nhiên." default:"200000"`
	Seed       uint64 `help:"Mầm của các lựa chọn ngẫu nhiên; 0 là lấy theo giờ."`
	Rows       int    `help:"Số dòng mỗi bảng của tỉnh lớn nhất khi đo kế hoạch truy vấn." default:"20000"`
	Rounds     int    `help:"Số khối của mỗi cách khi đo giá, và số lần đọc khi đo công bằng." default:"300"`
	Details    bool   `help:"In thêm các câu lệnh có tỷ lệ lớn nhất và những gì không đo được."`

	// examine looks at the site's database while it is still there, in tests.
	examine func(site tenant.Config, w recorded, m isolation)
	// plant are the faults; nil means faultsOf.
	plant func(w recorded) []proof.Mutation
}

// Help is what --help says beside the flags.
func (benchIsolation) Help() string {
	return `Kết quả có hai loại mục tiêu. Sự thật (vi phạm luật, rò rỉ, bảng trống, dòng của tỉnh khác, lỗi cố ý không bị phát hiện, câu lệnh không nêu tỉnh, trang đọc của kế hoạch truy vấn) không phụ thuộc máy. Số đo (giá của cách ly, công bằng) dao động theo việc khác đang chạy trên máy.

Mã kết thúc: 0 là đạt tất cả; 1 là có sự thật chưa đạt hoặc không chạy được; 2 là dòng lệnh sai; 3 là mọi sự thật đều đạt, chỉ có số đo chưa đạt.

Với --json, goals_missed là danh sách khóa của những mục tiêu chưa đạt.`
}

// Run proves isolation on two databases of its own and removes them. A goal that is missed is an error, of its own kind
// when only measured ones are: onlyMeasured.
func (c benchIsolation) Run(e *environment) error {
	d, err := c.open(e, e.err)
	if err != nil {
		return err
	}
	defer d.stop()
	if c.Seed == 0 {
		c.Seed = uint64(time.Now().UnixNano())
	}
	fmt.Fprintln(e.err, "Mầm ngẫu nhiên:", c.Seed)
	site, dropSite, err := ownDatabase(e, d.Config, "site")
	if err != nil {
		return err
	}
	defer dropSite()
	scratch, dropScratch, err := ownDatabase(e, d.Config, "faults")
	if err != nil {
		return err
	}
	defer dropScratch()

	m, err := c.measure(e, site, scratch)
	if err != nil {
		return err
	}
	if err := m.print(e, c.JSON); err != nil {
		return err
	}
	if c.Details {
		m.details(e.err)
	}
	return m.missed()
}

// isolation is what was found and measured.
type isolation struct {
	rounds   int
	findings []tenant.Finding
	attacked proof.Attacked
	modelled proof.Modelled
	mutated  proof.Mutated
	short    []string // tables with fewer rows than asked for
	replayed proof.Replayed
	costs    proof.Costs
	fair     proof.Fairness
}

// measure finds out everything, the demonstration's pages on site, faults and random operations on scratch.
func (c benchIsolation) measure(e *environment, site, scratch tenant.Config) (isolation, error) {
	m := isolation{rounds: min(max(c.Rounds, 10), 10_000)}
	var err error
	if m.findings, err = tenant.InspectURL(e, site.URL); err != nil {
		return m, err
	}
	w, err := c.record(e, site)
	if err != nil {
		return m, err
	}
	at := newSteps(e.err, "Tấn công mọi bảng").at
	if m.attacked, err = proof.Attack(e, site, proof.Places{Victim: w.large, Attacker: w.small, Origin: w.other}, at); err != nil {
		return m, err
	}
	at = newSteps(e.err, "Thao tác ngẫu nhiên").at
	if m.modelled, err = proof.Model(e, scratch, proof.ModelOptions{Operations: c.Operations, Seed: c.Seed, Progress: at}); err != nil {
		return m, err
	}
	plant := faultsOf
	if c.plant != nil {
		plant = c.plant
	}
	if m.mutated, err = proof.Mutate(e, scratch, plant(w), newSteps(e.err, "Cài lỗi cố ý").at); err != nil {
		return m, err
	}
	if m.short, err = proof.Skew(e, site, w.small, w.large, c.Rows, newSteps(e.err, "Làm lớn một tỉnh").at); err != nil {
		return m, err
	}
	if m.replayed, err = proof.Replay(e, site, w.statements, w.small, w.large, newSteps(e.err, "Kế hoạch truy vấn").at); err != nil {
		return m, err
	}
	if m.costs, err = proof.MeasureCost(e, site, w.large, m.rounds, newSteps(e.err, "Giá của cách ly").at); err != nil {
		return m, err
	}
	if m.fair, err = proof.MeasureFairness(e, site, w.large, w.other, m.rounds, newSteps(e.err, "Công bằng").at); err != nil {
		return m, err
	}
	if c.examine != nil {
		c.examine(site, w, m)
	}
	return m, nil
}

// figures are what the command prints.
func (m isolation) figures() []figure {
	list := []figure{
		{"catalog_rules", "Luật kiểm tra trên danh mục cơ sở dữ liệu", float64(tenant.Rules), ""},
		{"catalog_findings", "Vi phạm luật", float64(len(m.findings)), ""},
		{"attack_tables", "Bảng bị tấn công", float64(m.attacked.Tables), ""},
		{"attack_empty_tables", "… trong đó không có dòng nào", float64(len(m.attacked.Empty)), ""},
		{"attack_cases", "Trường hợp tấn công", float64(m.attacked.Cases), ""},
		{"attack_cells", "Ô của ma trận tấn công: loại câu lệnh × bảng", float64(m.attacked.Cells()), ""},
		{"attack_blind_cells", "… trong đó không thể nhận ra bảo vệ bị thiếu", float64(len(m.attacked.Blind)), ""},
		{"leaks", "Rò rỉ", float64(len(m.attacked.Leaks)), ""},
		{"model_operations", "Thao tác ngẫu nhiên, mỗi thao tác một câu lệnh", float64(m.modelled.Operations), ""},
		{"model_transactions", "… trong số giao dịch", float64(m.modelled.Transactions), ""},
		{"model_disturbed", "… bị hủy, ngắt kết nối, hoảng loạn hoặc lỗi", float64(m.modelled.Cancelled + m.modelled.Killed + m.modelled.Panicked + m.modelled.Failed), ""},
		{"model_foreign_rows", "Dòng của tỉnh khác đã thấy", float64(m.modelled.Foreign), ""},
		{"model_lost_or_doubled_rows", "Dòng mất hoặc thừa", float64(m.modelled.Lost + m.modelled.Doubled), ""},
		{"model_differences", "Trả lời khác mô hình", float64(m.modelled.Differences + len(m.modelled.Residue)), ""},
		{"mutations_planted", "Lỗi cố ý đã cài", float64(m.mutated.Planted), ""},
		{"mutations_found", "Lỗi cố ý bị phát hiện", float64(m.mutated.Found), ""},
		{"plan_statements", "Câu lệnh ghi được khi chạy hệ thống, đã đo", float64(m.replayed.Statements), ""},
		{"plan_statements_unmeasured", "Câu lệnh ghi được, không chạy lại được", float64(len(m.replayed.Unmeasured)), ""},
		{"statements_without_tenant", "Câu lệnh không nêu tỉnh", float64(len(m.replayed.Unnamed)), ""},
		{"plan_buffers_ratio_max", "Trang đọc với kế hoạch của tỉnh nhỏ nhất / kế hoạch riêng: câu lệnh có tỷ lệ lớn nhất", m.replayed.Ratio, "lần"},
		{"plan_buffers_ratio_back", "… ngược lại: tỉnh nhỏ nhất với kế hoạch của tỉnh lớn nhất", m.replayed.Back.Value, "lần"},
	}
	what := "bộ xử lý của máy chủ"
	if !m.costs.CPU {
		what = "thời gian chờ"
	}
	for _, k := range m.costs.List {
		blocks := fmt.Sprintf("trung vị của tỷ số trên %d cặp khối đo xen kẽ, mỗi khối %d câu lệnh", m.rounds, k.Each)
		list = append(list,
			figure{"cost_" + k.Key() + "_open_cpu", k.Name + ": phạm vi đang mở / không phạm vi, bộ xử lý; " + blocks, k.OpenCPU, "lần"},
			figure{"cost_" + k.Key() + "_open_latency", k.Name + ": … thời gian chờ", k.OpenLatency, "lần"},
			figure{"cost_" + k.Key() + "_own_cpu", k.Name + ": phạm vi riêng / không phạm vi, bộ xử lý; " + blocks, k.OwnCPU, "lần"},
			figure{"cost_" + k.Key() + "_own_latency", k.Name + ": … thời gian chờ", k.OwnLatency, "lần"})
	}
	kinds := fmt.Sprintf("%s; trung bình nhân của %d loại câu lệnh trên", what, len(m.costs.List))
	greedy := fmt.Sprintf("Cạnh tỉnh khác luôn đòi %d câu lệnh cùng lúc trên %d kết nối", m.fair.Greedy, m.fair.Connections)
	return append(list,
		figure{"cost_open_scope_ratio", "Phạm vi đang mở / không phạm vi, " + kinds, m.costs.Open, "lần"},
		figure{"cost_own_scope_ratio", "Phạm vi riêng, một lượt gửi / không phạm vi, " + kinds, m.costs.Own, "lần"},
		figure{"fairness_median_ratio", fmt.Sprintf("%s: thời gian chờ, trung vị của %d lần đọc / trung vị của %[2]d lần khi một mình", greedy, m.rounds), m.fair.Median, "lần"},
		figure{"fairness_p99_ratio", "… phân vị 99 / phân vị 99 khi một mình", m.fair.P99, "lần"},
		figure{"fairness_shareless_ratio", "… trung vị, nếu không chia phần (để so sánh)", m.fair.Shareless, "lần"})
}

// missed is the error of the goals that were missed, nil for none; onlyMeasured when all of isolation's own were met.
func (m isolation) missed() error {
	var list []error
	var measured onlyMeasured
	for _, j := range m.judged() {
		switch {
		case j.goal == nil || j.met():
		case j.goal.measured:
			measured = append(measured, j)
		default:
			list = append(list, errors.New(j.sentence()))
		}
	}
	say := func(what string, items []string) {
		for _, i := range items[:min(len(items), 20)] {
			list = append(list, errors.New(what+": "+i))
		}
	}
	for _, f := range m.findings {
		list = append(list, errors.New("vi phạm luật: "+f.Rule+": "+f.Object))
	}
	say("rò rỉ", m.attacked.Leaks)
	say("không có dòng nào khi bị tấn công", m.attacked.Empty)
	say("khác mô hình", m.modelled.Wrong)
	say("còn sót trên kết nối", m.modelled.Residue)
	say("lỗi cố ý không bị phát hiện", m.mutated.Missed)
	say("câu lệnh không nêu tỉnh", m.replayed.Unnamed)
	r := m.replayed
	if r.Ratio > goalPlans {
		list = append(list, errors.New("kế hoạch của tỉnh nhỏ: "+r.Worst[0].SQL))
	}
	if r.Back.Value > goalPlansBack {
		list = append(list, errors.New("kế hoạch của tỉnh lớn: "+r.Back.SQL))
	}
	if len(list) == 0 && len(measured) > 0 {
		return measured
	}
	if list == nil {
		return nil
	}
	return refuse("%w", errors.Join(list...))
}

// details are the statements with the largest figures, and what could not be measured.
func (m isolation) details(out io.Writer) {
	for _, v := range m.attacked.Verbs {
		fmt.Fprintf(out, "%s: không có bảo vệ thì thành công trên %d, bị ràng buộc chặn trên %d trong %d bảng\n", v.Name, v.Whole, v.Halted, v.Cells)
	}
	r := m.replayed
	for _, x := range r.Worst {
		fmt.Fprintf(out, "%.2f (%d / %d trang) %.160s\n", x.Value, x.Cached, x.Fresh, x.SQL)
	}
	for _, x := range r.Slowest {
		fmt.Fprintf(out, "%s (%d trang) %.300s\n", x.Took.Round(time.Millisecond), x.Fresh, x.SQL)
	}
	for _, x := range r.Unmeasured {
		fmt.Fprintln(out, "không đo được:", x)
	}
	for _, x := range m.attacked.Blind {
		fmt.Fprintln(out, "ô không thể nhận ra:", x)
	}
	for _, x := range m.short {
		fmt.Fprintln(out, "ít dòng:", x)
	}
}

// ownDatabase makes a migrated database that the bench has for itself, and returns how to remove it.
func ownDatabase(ctx context.Context, c tenant.Config, purpose string) (tenant.Config, func(), error) {
	base, err := url.Parse(c.URL)
	if err != nil {
		return c, nil, refuse("đọc địa chỉ cơ sở dữ liệu: %w", err)
	}
	name := fmt.Sprintf("txng_bench_%s_%d", purpose, os.Getpid())
	server := base.String()
	if err := tenant.DropDatabase(ctx, server, name); err != nil {
		return c, nil, err
	}
	if err := tenant.CreateDatabase(ctx, server, name); err != nil {
		return c, nil, err
	}
	drop := func() {
		if err := tenant.DropDatabase(context.WithoutCancel(ctx), server, name); err != nil {
			slog.Error("bench database stays", "name", name, "error", err)
		}
	}
	base.Path = "/" + name
	c.URL = base.String()
	if err := tenant.Migrate(ctx, c, -1); err != nil {
		drop()
		return c, nil, err
	}
	return c, drop, nil
}

// steps is a progress bar that may be told from several goroutines.
type steps struct{ *progressbar.ProgressBar }

func newSteps(out io.Writer, what string) steps {
	return steps{progressbar.NewOptions(-1, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(200*time.Millisecond))}
}

func (b steps) at(done, total int) {
	b.ChangeMax(total)
	_ = b.Set(done)
	if done >= total {
		_ = b.Finish()
	}
}
