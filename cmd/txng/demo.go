package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"

	"txng/authz"
	"txng/modules"
	"txng/modules/demo"
	"txng/modules/stamps"
	"txng/tenant"
)

// demoFile is where the demonstration's sign-ins and stamps are written, in the data folder.
const demoFile = "demo.json"

type demoCommand struct {
	databaseFlags
	Addr  string `help:"Địa chỉ nghe." default:"127.0.0.1:8080" env:"TXNG_ADDR"`
	Reset bool   `help:"Xóa dữ liệu chạy thử và làm lại từ đầu."`
}

func (c demoCommand) Run(e *environment) error {
	listener, err := listen(c.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	if c.Reset {
		if err := c.reset(); err != nil {
			return err
		}
	}
	d, err := c.open(e, e.err)
	if err != nil {
		return err
	}
	defer d.stop()
	if _, unsafe, err := tenant.ServerVersion(e, d.URL); err != nil {
		return err
	} else if unsafe != "" {
		fmt.Fprintln(e.out, "Lưu ý:", unsafe, "Bản chạy thử vẫn tiếp tục.")
	}
	base := localURL(listener)
	file := demoFile
	if d.folder != "" {
		file = filepath.Join(d.folder, demoFile)
	}
	result, err := c.load(e, d, base, file, e.out)
	if err != nil {
		return err
	}
	printDemo(e.out, result, file)
	letters, err := modules.OpenOutbox("", "", filepath.Join(filepath.Dir(file), mailFolder))
	if err != nil {
		return err
	}
	fmt.Fprintln(e.out, "Thư của bản chạy thử:", base.JoinPath("dev", "mail"))
	site := modules.Config{Base: base, Log: logger(e.out, false), Mail: letters, Demo: true, DemoCode: demo.Code, Archives: filepath.Join(filepath.Dir(file), archivesFolder)}
	return serve(e, d.Config, site, listener, func() { fmt.Fprintln(e.out, "txng ready", base) })
}

// load returns the demonstration of an earlier start, or fills the database. A load that was interrupted left no file,
// so its database is made anew.
func (c demoCommand) load(ctx context.Context, d deployment, base *url.URL, file string, out io.Writer) (demo.Result, error) {
	result, err := readDemo(file)
	if err == nil {
		if err := tenant.Migrate(ctx, d.Config, -1); err != nil {
			return result, err
		}
		result.Rebase(base.String())
		return result, writeDemo(file, result)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return result, refuse("không đọc được %s; xóa tệp này hoặc chạy lại với --reset: %w", file, err)
	}
	if d.folder != "" {
		if err := freshDatabase(ctx, d.Config); err != nil {
			return result, err
		}
	}
	if err := tenant.Migrate(ctx, d.Config, -1); err != nil {
		return result, err
	}
	db, err := tenant.Open(ctx, d.Config)
	if err != nil {
		return result, err
	}
	defer db.Close()
	if all, err := db.Tenants(ctx); err != nil {
		return result, err
	} else if len(all) > 0 {
		return result, refuse("cơ sở dữ liệu đã có dữ liệu; bản chạy thử cần một cơ sở dữ liệu trống")
	}
	keys, err := stamps.KeysOf(d.Secret)
	if err != nil {
		return result, err
	}
	signer, err := authz.NewSigner(d.Secret)
	if err != nil {
		return result, err
	}
	bar := progressbar.NewOptions(-1, progressbar.OptionSetWriter(out), progressbar.OptionSetDescription("Nạp dữ liệu chạy thử"), progressbar.OptionClearOnFinish())
	result, err = demo.Load(ctx, db, keys, signer.Factors(), base.String(), func(done, total int) {
		bar.ChangeMax(total)
		_ = bar.Set(done)
	})
	_ = bar.Finish()
	if err != nil {
		return result, err
	}
	return result, writeDemo(file, result)
}

// freshDatabase makes the embedded server's database anew.
func freshDatabase(ctx context.Context, c tenant.Config) error {
	u, err := url.Parse(c.URL)
	if err != nil {
		return err
	}
	u.Path = "/postgres"
	if err := tenant.DropDatabase(ctx, u.String(), databaseName); err != nil {
		return err
	}
	return tenant.CreateDatabase(ctx, u.String(), databaseName)
}

func readDemo(file string) (demo.Result, error) {
	var r demo.Result
	b, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(b, &r)
}

// writeDemo writes the file beside its place and renames it, so that it is whole or not there.
func writeDemo(file string, r demo.Result) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o600); err != nil {
		return refuse("không ghi được %s: %w", file, err)
	}
	return os.Rename(file+".new", file)
}

// printDemo prints a table of sign-ins: every role once a province, and the first business.
func printDemo(out io.Writer, r demo.Result, file string) {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "VAI TRÒ\tTỈNH, THÀNH PHỐ\tTHƯ ĐIỆN TỬ\tSỐ ĐIỆN THOẠI\tMẬT KHẨU\tBƯỚC HAI")
	seen := map[string]bool{}
	for _, a := range r.Accounts {
		if key := a.Role + a.Tenant; !seen[key] {
			seen[key] = true
			second := ""
			if a.TOTP != "" {
				second = "mã hiện ở trang đăng nhập"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", authz.Role(a.Role).Name(), a.Tenant, a.Email, a.Phone, a.Password, second)
		}
	}
	w.Flush()
	fmt.Fprintln(out, "Tem mẫu để quét:")
	states := map[string]bool{}
	for _, s := range r.Stamps {
		if !states[s.State] {
			states[s.State] = true
			fmt.Fprintf(out, "  %-10s %s\n", s.State, s.URL)
		}
	}
	fmt.Fprintln(out, "Toàn bộ tài khoản và tem:", file)
}
