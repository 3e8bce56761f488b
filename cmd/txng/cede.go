package main

import (
	"fmt"
	"strings"
	"time"

	"txng/modules/merger"
	"txng/tenant"
)

type tenantCede struct {
	databaseFlags
	From      string   `help:"Tên miền con của tỉnh có xã, phường được chuyển." required:""`
	Into      string   `help:"Tên miền con của tỉnh nhận." required:""`
	Units     []string `help:"Tên các xã, phường, đặc khu, cách nhau bằng dấu phẩy: \"Xã Kim Liên,Xã Vạn An\"." required:""`
	Effective string   `help:"Ngày hiệu lực, dạng 2027-01-01." required:""`
	Basis     string   `help:"Căn cứ, ví dụ \"NQ 10/2027/QH16\"." required:""`
}

func (c tenantCede) Run(e *environment) error {
	day, err := time.Parse(time.DateOnly, c.Effective)
	if err != nil {
		return fmt.Errorf("ngày %q chưa đúng dạng 2027-01-01", c.Effective)
	}
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	from, err := bySlug(e, db, c.From)
	if err != nil {
		return err
	}
	into, err := bySlug(e, db, c.Into)
	if err != nil {
		return err
	}
	communes, err := merger.CommunesOf(from, time.Now())
	if err != nil {
		return err
	}
	n := tenant.NewPart{Origin: from.ID, Successor: into.ID, Effective: day, Basis: c.Basis}
	for _, name := range c.Units {
		found := ""
		for _, u := range communes {
			if strings.EqualFold(u.FullName, strings.TrimSpace(name)) {
				found = u.Ref.String()
			}
		}
		if found == "" {
			return fmt.Errorf("%s không có %q", from.Name, name)
		}
		n.Units = append(n.Units, found)
	}
	p, err := merger.Cede(e, db, operator, n)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã ghi nhận chuyển %d xã, phường, đặc khu của %s sang %s, hiệu lực %s. Không dòng dữ liệu nào bị chuyển.\n", len(p.Units), from.Name, into.Name, p.Effective.Format("02/01/2006"))
	return nil
}
