package main

import (
	"encoding/hex"
	"fmt"

	"txng/modules/journal"
	"txng/tenant"
)

type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Kiểm tra chuỗi niêm phong: tìm dòng bị xóa, thêm, sửa hoặc đảo thứ tự. Mã thoát 1 khi có."`
}

type auditVerify struct {
	databaseFlags
	Tenant string `help:"Tên miền con của tỉnh; bỏ trống là mọi tỉnh đã vận hành."`
}

func (c auditVerify) Run(e *environment) error {
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	tenants, err := c.tenants(e, db)
	if err != nil {
		return err
	}
	found := 0
	if c.Tenant == "" {
		r, err := journal.VerifyPlatform(e, db)
		if err != nil {
			return err
		}
		found += tell(e, "Toàn hệ thống (cấp trên các tỉnh)", r)
	}
	for _, t := range tenants {
		n, err := verifyTenant(e, db, t)
		if err != nil {
			return err
		}
		found += n
	}
	if found > 0 {
		return refuse("có %d dấu hiệu nhật ký bị can thiệp", found)
	}
	return nil
}

// tenants returns the tenant that was asked for, or all that have ever been onboarded.
func (c auditVerify) tenants(e *environment, db *tenant.DB) ([]tenant.Tenant, error) {
	if c.Tenant != "" {
		t, err := bySlug(e, db, "tenant", c.Tenant)
		return []tenant.Tenant{t}, err
	}
	all, err := db.Tenants(e)
	var list []tenant.Tenant
	for _, t := range all {
		if t.State != tenant.Draft {
			list = append(list, t)
		}
	}
	return list, err
}

// verifyTenant prints a tenant's line and what was found, and returns the number of findings.
func verifyTenant(e *environment, db *tenant.DB, t tenant.Tenant) (int, error) {
	r, err := journal.Verify(e, db, t)
	if err != nil {
		return 0, err
	}
	return tell(e, fmt.Sprintf("%s (%s)", t.Name, t.Slug), r), nil
}

// tell prints what was found in an audit, and returns the number of findings.
func tell(e *environment, name string, r journal.Report) int {
	verdict := "nguyên vẹn"
	if r.Found > 0 {
		verdict = fmt.Sprintf("%d dấu hiệu bị can thiệp", r.Found)
	}
	head := "chưa có"
	if r.Head != nil {
		head = hex.EncodeToString(r.Head)
	}
	fmt.Fprintf(e.out, "%s: %s; %d dòng đã niêm phong, %d dòng đang chờ, mã cuối chuỗi %s.\n",
		name, verdict, r.Sealed, r.Waiting, head)
	for _, f := range r.Findings {
		fmt.Fprintf(e.out, "  %s\n", f)
	}
	if more := r.Found - len(r.Findings); more > 0 {
		fmt.Fprintf(e.out, "  … và %d dấu hiệu nữa.\n", more)
	}
	return r.Found
}
