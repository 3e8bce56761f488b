package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"txng/modules/stamps"
	"txng/tenant"
)

type doctorCommand struct{ databaseFlags }

// errFaults ends the command with exit code 1 after the table has said what is wrong.
var errFaults = refuse("có lỗi cần xử lý, xem bảng trên")

// Run checks a deployment: server version, migrations, roles, isolation, clock, keys.
func (c doctorCommand) Run(e *environment) error {
	d, err := c.open(e, e.err)
	if err != nil {
		return err
	}
	defer d.stop()
	faults := 0
	report := func(what string, err error, detail string) {
		if err != nil {
			faults++
			fmt.Fprintf(e.out, "LỖI  %-28s %s\n", what, sentence(err, noFlag))
			return
		}
		fmt.Fprintf(e.out, "Đạt  %-28s %s\n", what, detail)
	}

	version, unsafe, err := tenant.ServerVersion(e, d.URL)
	if err == nil && unsafe != "" {
		err = errors.New(unsafe)
	}
	report("Phiên bản máy chủ", err, fmt.Sprintf("PostgreSQL %d.%d", version/10_000, version%10_000))

	now, newest, err := tenant.SchemaVersion(e, d.Config)
	if err == nil && now != newest {
		err = refuse("đang ở bước %d, cần bước %d: chạy txng migrate", now, newest)
	}
	report("Lược đồ dữ liệu", err, fmt.Sprintf("bước %d", now))

	db, err := tenant.Open(e, d.Config)
	if err != nil {
		return err
	}
	defer db.Close()
	report("Vai trò đăng nhập", db.Ping(e), fmt.Sprintf("%d vai trò đăng nhập được", len(tenant.Roles)))

	found, err := tenant.InspectURL(e, d.URL)
	if err == nil && len(found) > 0 {
		err = refuse("%d điểm hở, ví dụ %s: %s", len(found), found[0].Rule, found[0].Object)
	}
	report("Cô lập giữa các tỉnh", err, fmt.Sprintf("%d quy tắc, không có điểm hở", tenant.Rules))

	skew, err := tenant.ClockSkew(e, d.URL)
	if err == nil && math.Abs(skew.Seconds()) > 5 {
		err = refuse("đồng hồ lệch máy chủ %s", skew.Round(time.Millisecond))
	}
	report("Đồng hồ", err, "lệch "+skew.Round(time.Millisecond).String())

	_, err = stamps.KeysOf(d.Secret)
	if err == nil {
		err = checkKeys(e, db, d.Secret)
	}
	report("Khóa", err, "khóa tem và khóa token lập được")
	if faults > 0 {
		return errFaults
	}
	return nil
}
