package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"txng/authz"
	"txng/modules"
	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/unit"
)

// letterFlags say where the site's letters go.
type letterFlags struct {
	SMTP string `name:"smtp-url" help:"Máy chủ gửi thư: smtp://nguoidung:matkhau@may:587 (STARTTLS) hoặc smtps://…:465. Để trống: thư ghi thành tệp." env:"TXNG_SMTP_URL"`
	From string `name:"mail-from" help:"Địa chỉ gửi thư, ví dụ: Truy xuất nguồn gốc <khong-tra-loi@txng.vn>." env:"TXNG_MAIL_FROM"`
}

type serveCommand struct {
	databaseFlags
	letterFlags
	Addr    string   `help:"Địa chỉ nghe." default:"127.0.0.1:8080" env:"TXNG_ADDR"`
	Base    string   `help:"Địa chỉ công khai của hệ thống, ví dụ https://txng.vn." required:"" env:"TXNG_BASE_URL"`
	Proxies []string `name:"trusted-proxies" help:"Địa chỉ các máy chủ trung gian của chính hệ thống, ví dụ 10.0.0.0/8; X-Forwarded-For của chúng được tin." env:"TXNG_TRUSTED_PROXIES"`
	SSO     []string `name:"sso-networks" help:"Mạng nội bộ mà hệ thống đăng nhập (SSO) của các tỉnh được phép ở trong, ví dụ 10.20.0.0/16. Mặc định chỉ kết nối tới địa chỉ công khai." env:"TXNG_SSO_NETWORKS"`
	Archive string   `name:"archive-folder" help:"Thư mục các tệp lưu trữ mà tỉnh yêu cầu; các máy chạy chung cơ sở dữ liệu dùng chung thư mục này. Để trống là thư mục archives của thư mục dữ liệu; với máy chủ PostgreSQL bên ngoài thì các tỉnh không tự lập được." type:"path" env:"TXNG_ARCHIVE_FOLDER"`
	JSON    bool     `name:"log-json" help:"Ghi nhật ký dạng JSON." env:"TXNG_LOG_JSON"`
}

func (c serveCommand) Run(e *environment) error {
	base, err := parseBase(c.Base)
	if err != nil {
		return err
	}
	proxies, err := networks("trusted-proxies", c.Proxies)
	if err != nil {
		return err
	}
	internal, err := networks("sso-networks", c.SSO)
	if err != nil {
		return err
	}
	letters, err := c.letters(c.databaseFlags, e.err)
	if err != nil {
		return err
	}
	listener, err := listen(c.Addr)
	if err != nil {
		return err
	}
	defer listener.Close()
	d, err := c.open(e, e.err)
	if err != nil {
		return err
	}
	defer d.stop()
	_, unsafe, err := tenant.ServerVersion(e, d.URL)
	if err != nil {
		return err
	}
	if unsafe != "" {
		return errors.New(unsafe)
	}
	now, newest, err := tenant.SchemaVersion(e, d.Config)
	if err != nil {
		return err
	}
	if now != newest {
		return refuse("cơ sở dữ liệu ở bước %d, chương trình cần bước %d: chạy txng migrate trước", now, newest)
	}
	sso, err := authz.NewSSO(d.Secret, authz.SSOOptions{Plain: base.Scheme == "http", Networks: internal})
	if err != nil {
		return err
	}
	site := modules.Config{Base: base, Proxies: proxies, SSO: sso, Log: logger(e.out, c.JSON), Mail: letters, Archives: c.archives(c.Archive)}
	return serve(e, d.Config, site, listener, func() { fmt.Fprintln(e.out, "txng ready", base) })
}

// networks reads the list of networks of a flag.
func networks(flag string, list []string) (all []netip.Prefix, err error) {
	for _, p := range list {
		prefix, err := netip.ParsePrefix(p)
		if err != nil {
			return nil, wrongFlag(flag, "Mạng %q chưa đúng; ví dụ 10.0.0.0/8", p)
		}
		all = append(all, prefix)
	}
	return all, nil
}

// letters returns where the site's letters go: the SMTP server, or the folder "mail" of the data folder; nil without
// either.
func (c letterFlags) letters(data databaseFlags, notice io.Writer) (*modules.Outbox, error) {
	folder, err := data.dataFolder()
	if c.SMTP != "" {
		outbox, err := modules.OpenOutbox(c.SMTP, c.From, "")
		if err != nil {
			err = refuse("--smtp-url, --mail-from: %w", err)
		}
		return outbox, err
	}
	if err != nil {
		fmt.Fprintln(notice, "Lưu ý: chưa có máy chủ SMTP (--smtp-url) và không có thư mục dữ liệu; hệ thống không gửi được thư.")
		return nil, nil
	}
	folder = filepath.Join(folder, mailFolder)
	fmt.Fprintln(notice, "Lưu ý: chưa có máy chủ SMTP (--smtp-url); thư được ghi thành tệp trong", folder)
	return modules.OpenOutbox("", c.From, folder)
}

// mailFolder is where letters become files, in the data folder, while no SMTP server is configured.
const mailFolder = "mail"

func logger(w io.Writer, asJSON bool) *slog.Logger {
	if asJSON {
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// listen takes the address, or says in a sentence why it cannot.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, refuse("cổng %s đang có chương trình khác dùng; chọn cổng khác, ví dụ --addr 127.0.0.1:8090", addr)
	}
	var wrong *net.AddrError
	var unknown *net.DNSError
	if errors.As(err, &wrong) || errors.As(err, &unknown) {
		return nil, wrongFlag("addr", "Địa chỉ %q chưa đúng; ghi máy và cổng, ví dụ 127.0.0.1:8080.", addr)
	}
	if err != nil {
		return nil, refuse("không nghe được ở %s: %w", addr, err)
	}
	return l, nil
}

// newApp makes the site of an open database from the master secret.
func newApp(db *tenant.DB, secret []byte, site modules.Config) (*modules.App, error) {
	signer, err := authz.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	keys, err := stamps.KeysOf(secret)
	if err != nil {
		return nil, err
	}
	if site.SSO == nil {
		if site.SSO, err = authz.NewSSO(secret, authz.SSOOptions{Plain: site.Base.Scheme == "http"}); err != nil {
			return nil, err
		}
	}
	site.DB, site.Signer = db, signer
	return modules.New(site, keys), nil
}

// serve runs site and jobs until the context ends, then lets running requests end.
func serve(ctx context.Context, c tenant.Config, site modules.Config, listener net.Listener, ready func()) error {
	db, err := tenant.Open(ctx, c)
	if err != nil {
		return err
	}
	defer db.Close()
	app, err := newApp(db, c.Secret, site)
	if err != nil {
		return err
	}
	unit.Provinces(time.Now()) // decode the units before the first request needs them
	units := db.WatchUnits(func(err error) { site.Log.Error("reforms of units were not read", "error", err) })
	if err := units.Load(ctx); err != nil {
		return err
	}
	server := app.Server()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return app.Work(ctx) })
	group.Go(func() error {
		units.Run(ctx)
		return nil
	})
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err := server.Shutdown(grace)
		app.Close()
		return err
	})
	ready()
	return group.Wait()
}

// localURL returns the address that a browser on this machine reaches the listener at.
func localURL(l net.Listener) *url.URL {
	host := l.Addr().String()
	if h, port, err := net.SplitHostPort(host); err == nil && strings.Trim(h, "[]:.0") == "" {
		host = net.JoinHostPort("127.0.0.1", port)
	}
	return &url.URL{Scheme: "http", Host: host}
}
