package main

import (
	"errors"
	"fmt"

	"txng/authz"
	"txng/modules"
	"txng/modules/accounts"
	"txng/tenant"
	"txng/tenant/fault"
)

type userCommand struct {
	Create      userCreate      `cmd:"" help:"Tạo tài khoản với một vai trò."`
	EndRole     userEndRole     `cmd:"" help:"Kết thúc vai trò toàn quốc (vận hành, Bộ) của một tài khoản; mọi phiên của họ bị đăng xuất."`
	Phone       userPhone       `cmd:"" help:"Xem hoặc gỡ số điện thoại đăng nhập của một tài khoản."`
	ResetFactor userResetFactor `cmd:"" help:"Gỡ mọi phương thức xác thực hai lớp của một tài khoản."`
}

type userCreate struct {
	databaseFlags
	Email    string `required:"" help:"Thư điện tử đăng nhập."`
	Name     string `required:"" help:"Họ tên."`
	Password string `required:"" help:"Mật khẩu." env:"TXNG_PASSWORD"`
	Role     string `required:"" help:"operator, ministry, dost_admin, dost_officer, leader, department_officer, unit_officer, inspector."`
	Tenant   string `help:"Tên miền con của tỉnh, với vai trò trong một tỉnh."`
	Dept     string `name:"department" help:"Mã sở, ngành, với chuyên viên sở, ngành."`
}

func (c userCreate) Run(e *environment) error {
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	role := authz.Role(c.Role)
	if role.Name() == c.Role {
		return wrongFlag("role", "Không có vai trò %q; chọn một trong: operator, ministry, dost_admin, dost_officer, leader, department_officer, unit_officer, inspector.", c.Role)
	}
	var t tenant.Tenant
	if !role.AboveTenants() {
		if t, err = bySlug(e, db, "tenant", c.Tenant); err != nil {
			return err
		}
	}
	if err := accounts.Create(e, db, operator, c.Email, c.Name, c.Password, authz.NewMembership{Tenant: t.ID, Role: role, Department: c.Dept}); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã tạo tài khoản %s, vai trò %s.\n", c.Email, role.Name())
	if role.AboveTenants() || role == authz.DOSTAdmin {
		fmt.Fprintln(e.out, "Vai trò này bắt buộc xác thực hai lớp: lần đăng nhập đầu tiên dẫn đến trang thiết lập.")
	}
	return nil
}

type userEndRole struct {
	databaseFlags
	Email string `required:"" help:"Thư điện tử đăng nhập."`
}

func (c userEndRole) Run(e *environment) error {
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	role, err := accounts.EndPlatformRole(e, db, operator, c.Email)
	if errors.Is(err, fault.NotFound) {
		return wrongFlag("email", "Không có tài khoản %s với vai trò toàn quốc.", c.Email)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã kết thúc vai trò %s của %s; mọi phiên đã bị đăng xuất.\n", role.Name(), c.Email)
	return nil
}

type userResetFactor struct {
	databaseFlags
	letterFlags
	Email string `required:"" help:"Thư điện tử đăng nhập của người đã mất thiết bị; họ nhận thư báo."`
	Base  string `help:"Địa chỉ công khai của hệ thống, để ghi vào thư." default:"http://127.0.0.1:8080" env:"TXNG_BASE_URL"`
}

func (c userResetFactor) Run(e *environment) error {
	base, err := parseBase(c.Base)
	if err != nil {
		return err
	}
	letters, err := c.letters(c.databaseFlags, e.err)
	if err != nil {
		return err
	}
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	n, err := modules.ResetFactors(e, modules.Config{DB: db, Base: base, Log: logger(e.err, false), Mail: letters}, c.Email)
	if errors.Is(err, fault.NotFound) {
		return wrongFlag("email", "Không có tài khoản %s.", c.Email)
	}
	if err != nil && n == 0 {
		return err
	}
	if err != nil {
		fmt.Fprintf(e.err, "Lưu ý: chưa gửi được thư báo (%v).\n", err)
	}
	fmt.Fprintf(e.out, "Đã gỡ %d phương thức xác thực hai lớp của %s; mọi phiên đã bị đăng xuất.\n", n, c.Email)
	return nil
}
