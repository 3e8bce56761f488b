package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"txng/modules/merger"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

type tenantCede struct {
	databaseFlags
	From      string   `help:"Tên miền con của tỉnh có xã, phường được chuyển." required:""`
	Into      string   `help:"Tên miền con của tỉnh nhận; bắt buộc khi chuyển."`
	Units     []string `help:"Tên các xã, phường, đặc khu, cách nhau bằng dấu phẩy: \"Xã Kim Liên,Xã Vạn An\"; bắt buộc khi chuyển."`
	Effective string   `help:"Ngày hiệu lực, dạng 2027-01-01; bắt buộc khi chuyển."`
	Basis     string   `help:"Căn cứ, ví dụ \"NQ 10/2027/QH16\"; bắt buộc khi chuyển."`
	List      bool     `help:"Liệt kê những lần chuyển của tỉnh với số của từng lần, không chuyển." xor:"act"`
	Undo      bool     `help:"Hủy một lần chuyển; cần --reason, và --part khi tỉnh có nhiều lần chuyển." xor:"act"`
	Part      int64    `help:"Số của lần chuyển cần hủy, xem bằng --list."`
	Reason    string   `help:"Lý do hủy, từ 10 đến 500 ký tự; bắt buộc với --undo."`
}

func (c tenantCede) Run(e *environment) error {
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	from, err := bySlug(e, db, "from", c.From)
	if err != nil {
		return err
	}
	switch {
	case c.List:
		return listParts(e, db, from)
	case c.Undo:
		return c.reclaim(e, db, from)
	}
	return c.cede(e, db, from)
}

func (c tenantCede) cede(e *environment, db *tenant.DB, from tenant.Tenant) error {
	into, err := bySlug(e, db, "into", c.Into)
	if err != nil {
		return err
	}
	day, err := parseDay("effective", c.Effective, "2027-01-01")
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
			return wrongFlag("units", "%s không có %q. Ghi đủ loại và tên, ví dụ \"Xã Kim Liên\".", from.Name, strings.TrimSpace(name))
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

// partsOf returns the parts that a province gave away and has not taken back.
func partsOf(e *environment, db *tenant.DB, from tenant.Tenant) ([]tenant.Part, error) {
	var list []tenant.Part
	err := db.Platform(e, func(tx tenant.Platform) error {
		all, err := tenant.Parts(e, tx, from.ID)
		for _, p := range all {
			if p.Origin == from.ID && p.UndoneAt == nil {
				list = append(list, p)
			}
		}
		return err
	})
	return list, err
}

func listParts(e *environment, db *tenant.DB, from tenant.Tenant) error {
	parts, err := partsOf(e, db, from)
	if err != nil {
		return err
	}
	if len(parts) == 0 {
		fmt.Fprintf(e.out, "%s không có lần chuyển xã, phường nào đang có hiệu lực hoặc sắp có.\n", from.Name)
		return nil
	}
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SỐ\tTỈNH NHẬN\tHIỆU LỰC\tCĂN CỨ\tXÃ, PHƯỜNG, ĐẶC KHU")
	for _, p := range parts {
		into, err := db.Tenant(e, p.Successor)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", p.ID, into.Name, p.Effective.Format("02/01/2006"), p.Basis, namesOf(p.Units))
	}
	return w.Flush()
}

func namesOf(units []string) string {
	var names []string
	for _, text := range units {
		if ref, err := unit.ParseRef(text); err == nil {
			if u, ok := unit.ByRef(ref); ok {
				names = append(names, u.FullName)
			}
		}
	}
	return strings.Join(names, ", ")
}

// reclaim takes back the part that was named, or the only one there is.
func (c tenantCede) reclaim(e *environment, db *tenant.DB, from tenant.Tenant) error {
	id := c.Part
	if id == 0 {
		parts, err := partsOf(e, db, from)
		if err != nil {
			return err
		}
		switch len(parts) {
		case 0:
			return refuse("%s không có lần chuyển xã, phường nào để hủy", from.Name)
		case 1:
			id = parts[0].ID
		default:
			return wrongFlag("part", "%s có %d lần chuyển; ghi số của lần cần hủy, xem bằng: txng tenant cede --from %s --list", from.Name, len(parts), from.Slug)
		}
	}
	err := merger.Reclaim(e, db, operator, from.ID, id, c.Reason)
	if errors.Is(err, fault.NotFound) {
		return wrongFlag("part", "%s không có lần chuyển số %d, hoặc đã hủy. Xem bằng: txng tenant cede --from %s --list", from.Name, id, from.Slug)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã hủy việc chuyển: các xã, phường, đặc khu trở lại %s.\n", from.Name)
	return nil
}
