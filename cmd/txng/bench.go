package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"text/tabwriter"
	"time"

	"txng/authz"
	"txng/modules"
	"txng/modules/stamps"
	"txng/tenant"
)

type benchCommand struct {
	Scope     benchScope     `cmd:"" help:"Giá của việc mở phạm vi một tỉnh, so với đọc không phạm vi."`
	Stamps    benchStamps    `cmd:"" help:"Tạo và mở số sê-ri của tem, so với tra một dòng trong cơ sở dữ liệu."`
	Isolation benchIsolation `cmd:"" help:"Chứng minh các tỉnh được cách ly, trên cơ sở dữ liệu riêng: luật, tấn công, thao tác ngẫu nhiên, lỗi cố ý, kế hoạch truy vấn, giá."`
	Authz     benchAuthz     `cmd:"" help:"Kiểm tra quyền, so với casbin.Enforce."`
}

// figure is one line of a benchmark's table.
type figure struct {
	key, says string
	value     float64
	unit      string
}

// printFigures prints a table for people, or one flat JSON object.
func printFigures(e *environment, asJSON bool, list []figure) error {
	if asJSON {
		flat := map[string]float64{}
		for _, f := range list {
			flat[f.key] = f.value
		}
		return json.NewEncoder(e.out).Encode(flat)
	}
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	for _, f := range list {
		fmt.Fprintf(w, "%s\t%.4g %s\n", f.says, f.value, f.unit)
	}
	return w.Flush()
}

type benchScope struct {
	databaseFlags
	JSON   bool `help:"In một đối tượng JSON phẳng."`
	Rounds int  `help:"Số lần đo mỗi cách." default:"2000"`
}

func (c benchScope) Run(e *environment) error {
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	id, err := activeTenant(e, db)
	if err != nil {
		return err
	}
	cost, err := tenant.MeasureScope(e, d.Config, id, min(max(c.Rounds, 10), 100_000))
	if err != nil {
		return err
	}
	return printFigures(e, c.JSON, []figure{
		{"plain_ns", "Đọc một dòng, không phạm vi (mốc so sánh)", cost.Plain, "ns"},
		{"open_scope_over_plain", "Đọc trong phạm vi đang mở / mốc", cost.Open / cost.Plain, "lần"},
		{"one_flush_over_plain", "Mở phạm vi, đọc, đóng trong một lượt gửi / mốc", cost.OneFlush / cost.Plain, "lần"},
		{"four_trips_over_plain", "Mở phạm vi, đọc, đóng trong bốn lượt gửi / mốc", cost.FourTrips / cost.Plain, "lần"},
	})
}

// activeTenant returns an active tenant of the database.
func activeTenant(ctx context.Context, db *tenant.DB) (tenant.ID, error) {
	all, err := db.Tenants(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range all {
		if t.State == tenant.Active {
			return t.ID, nil
		}
	}
	return 0, refuse("cần ít nhất một tỉnh đang vận hành; chạy txng demo trước")
}

type benchStamps struct {
	databaseFlags
	JSON   bool `help:"In một đối tượng JSON phẳng."`
	Rounds int  `help:"Số con tem." default:"200000"`
}

func (c benchStamps) Run(e *environment) error {
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	id, err := activeTenant(e, db)
	if err != nil {
		return err
	}
	keys, err := stamps.KeysOf(d.Secret)
	if err != nil {
		return err
	}
	n := min(max(c.Rounds, 1000), stamps.MaxIndex)
	const gtin = "09520000000011"
	minter := keys.Order(gtin, int(id), 1)
	serials := make([]stamps.Serial, n)
	start := time.Now()
	for i := range serials {
		serials[i] = minter.Serial(i)
	}
	mint := float64(time.Since(start).Nanoseconds()) / float64(n)
	start = time.Now()
	for _, s := range serials {
		if _, err := keys.Open(gtin, s); err != nil {
			return err
		}
	}
	open := float64(time.Since(start).Nanoseconds()) / float64(n)
	cost, err := tenant.MeasureScope(e, d.Config, id, 2000)
	if err != nil {
		return err
	}
	return printFigures(e, c.JSON, []figure{
		{"lookup_ns", "Tra một dòng theo khóa (mốc so sánh)", cost.Plain, "ns"},
		{"mint_ns", "Tạo một số sê-ri", mint, "ns"},
		{"open_ns", "Mở và xác thực một số sê-ri", open, "ns"},
		{"lookup_over_open", "Tra một dòng / mở số sê-ri", cost.Plain / open, "lần"},
	})
}

type benchAuthz struct {
	databaseFlags
	JSON     bool   `help:"In một đối tượng JSON phẳng."`
	Rounds   int    `help:"Số lần kiểm tra." default:"20000"`
	Email    string `help:"Tài khoản để đo một yêu cầu đã đăng nhập, không có xác thực hai lớp." default:"chuyenvien@nghe-an.demo.txng.vn"`
	Password string `help:"Mật khẩu của tài khoản đó." default:"txng-demo-2026" env:"TXNG_PASSWORD"`
}

func (c benchAuthz) Run(e *environment) error {
	rounds := min(max(c.Rounds, 1000), 1_000_000)
	check, casbin, err := authz.MeasureCheck(rounds)
	if err != nil {
		return err
	}
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	session, _, err := authz.SignIn(e, db, c.Email, c.Password, authz.Device{Agent: "txng bench"})
	if err != nil {
		return err
	}
	defer authz.SignOut(e, db, session)
	site := modules.Config{DB: db, Base: &url.URL{Scheme: "http", Host: "txng.bench"}, Log: slog.New(slog.DiscardHandler)}
	if site.Signer, err = authz.NewSigner(d.Secret); err != nil {
		return err
	}
	times, err := modules.MeasureSignedIn(e, site, session, min(rounds, 20_000))
	if err != nil {
		return err
	}
	answers, err := modules.MeasureAnswers(e, site, c.Email, min(max(rounds/1000, 5), 15))
	if err != nil {
		return err
	}
	return printFigures(e, c.JSON, []figure{
		{"casbin_enforce_ns", "casbin.Enforce trên cùng chính sách (mốc so sánh)", casbin, "ns"},
		{"check_ns", "Kiểm tra quyền bằng tập bit", check, "ns"},
		{"casbin_over_check", "casbin / tập bit", casbin / check, "lần"},
		{"anonymous_ns", "Một yêu cầu không đăng nhập, trang trống (mốc so sánh)", times.Nobody, "ns"},
		{"signed_in_over_anonymous", "Một yêu cầu đã đăng nhập / mốc", times.SignedIn / times.Nobody, "lần"},
		{"rate_limit_over_none", "… có đếm giới hạn của tỉnh / không đếm", times.SignedIn / times.Uncounted, "lần"},
		{"signin_unknown_ns", "Trả lời mật khẩu sai, tài khoản không có (mốc so sánh)", answers.SignInUnknown, "ns"},
		{"signin_known_over_unknown", "Trả lời mật khẩu sai, tài khoản có / mốc", answers.SignInKnown / answers.SignInUnknown, "lần"},
		{"reset_unknown_ns", "Trả lời quên mật khẩu, tài khoản không có (mốc so sánh)", answers.ResetUnknown, "ns"},
		{"reset_known_over_unknown", "Trả lời quên mật khẩu, tài khoản có / mốc", answers.ResetKnown / answers.ResetUnknown, "lần"},
	})
}
