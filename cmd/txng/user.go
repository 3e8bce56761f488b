package main

import (
	"fmt"

	"txng/authz"
	"txng/modules/accounts"
	"txng/tenant"
	"txng/tenant/fault"
)

type userCommand struct {
	Create userCreate `cmd:"" help:"Tạo tài khoản với một vai trò."`
	Phone  userPhone  `cmd:"" help:"Xem, đặt hoặc gỡ số điện thoại đăng nhập của một tài khoản."`
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
	d, err := c.open(e, e.err)
	if err != nil {
		return err
	}
	defer d.stop()
	db, err := tenant.Open(e, d.Config)
	if err != nil {
		return err
	}
	defer db.Close()
	role := authz.Role(c.Role)
	if role.Name() == c.Role {
		return fault.Invalid{{Name: "role", Message: "Không có vai trò này."}}
	}
	var t tenant.Tenant
	if !role.AboveTenants() {
		if t, err = db.TenantBySlug(e, c.Tenant); err != nil {
			return err
		}
	}
	if err := accounts.Create(e, db, operator, c.Email, c.Name, c.Password, authz.NewMembership{Tenant: t.ID, Role: role, Department: c.Dept}); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã tạo tài khoản %s, vai trò %s.\n", c.Email, role.Name())
	return nil
}
