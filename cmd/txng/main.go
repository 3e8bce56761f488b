// Command txng runs the platform: the site, its demo, and the tools of its operator.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"txng/modules"
)

type commands struct {
	Demo    demoCommand    `cmd:"" help:"Chạy thử toàn bộ hệ thống với năm chương trình mẫu, không cần cài đặt gì."`
	Serve   serveCommand   `cmd:"" help:"Chạy hệ thống thật."`
	Migrate migrateCommand `cmd:"" help:"Nâng cấp cơ sở dữ liệu."`
	Tenant  tenantCommand  `cmd:"" help:"Tỉnh, thành phố trên hệ thống."`
	User    userCommand    `cmd:"" help:"Tài khoản và vai trò."`
	Keys    keysCommand    `cmd:"" help:"Khóa ký access token của API."`
	Audit   auditCommand   `cmd:"" help:"Nhật ký thao tác."`
	Units   unitsCommand   `cmd:"" help:"Đơn vị hành chính theo thời gian."`
	Import  importCommand  `cmd:"" help:"Nhập dữ liệu từ tệp."`
	Doctor  doctorCommand  `cmd:"" help:"Kiểm tra một hệ thống đang cài đặt."`
	Bench   benchCommand   `cmd:"" help:"Đo và so sánh trên chính máy này."`
}

// environment is what a command gets from its process.
type environment struct {
	context.Context
	out io.Writer // answers
	err io.Writer // notices
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs one command and returns the process's exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	code := -1
	parser, err := kong.New(&commands{}, kong.Name("txng"), kong.Description("Nền tảng truy xuất nguồn gốc sản phẩm, hàng hóa của các tỉnh, thành phố."),
		kong.Writers(out, errOut), kong.Exit(func(c int) { code = c }), kong.Help(printHelp), kong.NamedMapper("existingfile", kong.MapperFunc(existingFile)))
	if err != nil {
		fmt.Fprintln(errOut, err)
		return 1
	}
	parser.Model.HelpFlag.Help = "Hiện hướng dẫn này."
	k, err := parser.Parse(args)
	if code >= 0 {
		return code // --help
	}
	if err != nil {
		fmt.Fprintln(errOut, "txng:", parseSentence(err))
		return 2
	}
	if err := k.Run(&environment{modules.ByCommand(ctx), out, errOut}); err != nil {
		fmt.Fprintln(errOut, "txng:", sentence(err, flagOf(k.Selected())))
		if measured, ok := errors.AsType[onlyMeasured](err); ok {
			return measured.exitCode()
		}
		return 1
	}
	return 0
}
