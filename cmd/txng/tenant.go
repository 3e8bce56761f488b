package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"txng/authz"
	"txng/modules/onboarding"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/unit"
)

type tenantCommand struct {
	Create tenantCreate `cmd:"" help:"Đưa một tỉnh, thành phố vào vận hành."`
	Merge  tenantMerge  `cmd:"" help:"Sáp nhập một tỉnh vào tỉnh khác, hoặc hủy sáp nhập (--undo)."`
	List   tenantList   `cmd:"" help:"Liệt kê."`
	Export tenantExport `cmd:"" help:"Xuất toàn bộ dữ liệu của một tỉnh ra một tệp lưu trữ."`
	Import tenantImport `cmd:"" help:"Nhập một tỉnh từ tệp lưu trữ vào hệ thống chưa có tỉnh đó."`
	Check  tenantCheck  `cmd:"" help:"Kiểm tra một tệp lưu trữ còn nguyên vẹn không."`
	Delete tenantDelete `cmd:"" help:"Xóa hẳn một tỉnh đã lưu trữ; cần tệp lưu trữ khớp với dữ liệu đang có."`
}

// operator is who the command line acts as in audits.
var operator = authz.Identity{Name: "Dòng lệnh txng", Role: authz.Operator}

type tenantCreate struct {
	databaseFlags
	Province string `help:"Mã tỉnh, thành phố, ví dụ 40 (Nghệ An)." required:""`
	On       string `help:"Ngày của mã, dạng 2026-01-31; bỏ trống là hôm nay. Mã đã được dùng lại từ 01/7/2025."`
	Slug     string `help:"Tên miền con; bỏ trống là tên tỉnh không dấu."`
	Colour   string `help:"Màu chủ đạo #rrggbb."`
	Contact  string `help:"Đầu mối liên hệ."`
	Name     string `help:"Họ tên quản trị Sở KH&CN đầu tiên." required:""`
	Email    string `help:"Thư điện tử của quản trị." required:""`
	Password string `help:"Mật khẩu tạm của quản trị." required:"" env:"TXNG_PASSWORD"`
	Plan     string `help:"Tệp kế hoạch YAML hoặc XLSX." type:"existingfile"`
}

func (c tenantCreate) Run(e *environment) error {
	on := time.Now()
	if c.On != "" {
		var err error
		if on, err = time.Parse(time.DateOnly, c.On); err != nil {
			return fmt.Errorf("ngày %q chưa đúng dạng 2026-01-31", c.On)
		}
	}
	var file *plan.File
	if c.Plan != "" {
		f, err := readPlan(c.Plan)
		if err != nil {
			return err
		}
		file = &f
	}
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
	if err := db.WatchUnits(nil).Load(e); err != nil {
		return err
	}
	t, err := draft(e, db, unit.Code(c.Province), on, c.Slug)
	if err != nil {
		return err
	}
	if t, err = onboarding.Onboard(e, db, operator, onboarding.Onboarding{
		Tenant: t.ID, Slug: t.Slug, Colour: c.Colour, Contact: c.Contact,
		AdminName: c.Name, AdminEmail: c.Email, AdminPassword: c.Password, Plan: file,
	}); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%s đã vận hành: tên miền con %s, quản trị %s.\n", t.Name, t.Slug, c.Email)
	return nil
}

// draft returns the registered province of a code, registering it first when it is not.
func draft(e *environment, db *tenant.DB, code unit.Code, on time.Time, slug string) (tenant.Tenant, error) {
	province, err := unit.Lookup(unit.Province, code, on)
	if err != nil {
		return tenant.Tenant{}, err
	}
	all, err := db.Tenants(e)
	if err != nil {
		return tenant.Tenant{}, err
	}
	for _, t := range all {
		if t.Unit == province.Ref.String() {
			if slug != "" {
				t.Slug = slug
			}
			return t, nil
		}
	}
	var t tenant.Tenant
	err = db.Platform(e, func(tx tenant.Platform) (err error) {
		t, err = tenant.Register(e, tx, tenant.New{Province: code, On: on, Slug: slug, State: tenant.Draft})
		return err
	})
	db.Forget()
	return t, err
}

func readPlan(path string) (plan.File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return plan.File{}, fmt.Errorf("không đọc được tệp kế hoạch: %w", err)
	}
	return plan.ReadFile(filepath.Base(path), bytes.NewReader(b))
}

type tenantList struct{ databaseFlags }

func (c tenantList) Run(e *environment) error {
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
	all, err := db.Tenants(e)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SỐ\tTÊN\tTÊN MIỀN CON\tĐƠN VỊ\tTRẠNG THÁI")
	for _, t := range all {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.Slug, t.Unit, t.State)
	}
	return w.Flush()
}

type importCommand struct {
	Plan importPlan `cmd:"" help:"Nhập kế hoạch của một tỉnh."`
}

type importPlan struct {
	databaseFlags
	Tenant string `help:"Tên miền con của tỉnh." required:""`
	File   string `arg:"" help:"Tệp YAML hoặc XLSX." type:"existingfile"`
}

func (c importPlan) Run(e *environment) error {
	file, err := readPlan(c.File)
	if err != nil {
		return err
	}
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
	t, err := db.TenantBySlug(e, c.Tenant)
	if err != nil {
		return err
	}
	scope, err := db.Scope(e, t.ID)
	if err != nil {
		return err
	}
	if err := db.In(e, scope, func(tx tenant.Tx) error {
		_, err := plan.Import(e, tx, operator, file)
		return err
	}); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã nhập kế hoạch: %d chỉ tiêu, %d nhiệm vụ.\n", len(file.Targets), len(file.Tasks))
	return nil
}
