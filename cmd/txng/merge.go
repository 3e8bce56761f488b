package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"txng/authz"
	"txng/modules/merger"
	"txng/tenant"
	"txng/tenant/fault"
)

type tenantMerge struct {
	databaseFlags
	From      string `help:"Tên miền con của tỉnh được sáp nhập." required:""`
	Into      string `help:"Tên miền con của tỉnh kế thừa; bắt buộc khi sáp nhập."`
	Effective string `help:"Ngày hiệu lực, dạng 2025-07-01; bắt buộc khi sáp nhập."`
	Basis     string `help:"Căn cứ, ví dụ \"NQ 202/2025/QH15\"; bắt buộc khi sáp nhập."`
	Officers  string `help:"Tệp CSV danh sách cán bộ đã rà soát (mẫu: --list-officers); bỏ trống thì không ai được chuyển." type:"existingfile" field:"roles"`
	List      bool   `name:"list-officers" help:"In danh sách cán bộ với vai trò đề xuất ở dạng CSV để rà soát, không sáp nhập."`
	Undo      bool   `help:"Hủy sáp nhập khi chưa có gì phụ thuộc; cần --reason."`
	Reason    string `help:"Lý do hủy, từ 10 đến 500 ký tự; bắt buộc với --undo."`
}

func (c tenantMerge) Run(e *environment) error {
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	origin, err := bySlug(e, db, "from", c.From)
	if err != nil {
		return err
	}
	switch {
	case c.List:
		return listOfficers(e, db, origin)
	case c.Undo:
		return c.undo(e, db, origin)
	}
	return c.merge(e, db, origin)
}

// undo takes the merger back; one with another province than --into names, where it is given, it leaves.
func (c tenantMerge) undo(e *environment, db *tenant.DB, origin tenant.Tenant) error {
	if c.Into != "" {
		into, err := bySlug(e, db, "into", c.Into)
		if err != nil {
			return err
		}
		if l, merged, err := db.Succession(e, origin.ID); err != nil {
			return err
		} else if merged && l.Successor != into.ID {
			successor, err := db.Tenant(e, l.Successor)
			if err != nil {
				return err
			}
			return wrongFlag("into", "%s không sáp nhập vào %s mà vào %s.", origin.Name, into.Name, successor.Name)
		}
	}
	_, err := merger.Undo(e, db, operator, origin.ID, c.Reason)
	if errors.Is(err, fault.NotFound) {
		err = refuse("%s chưa sáp nhập vào tỉnh nào: không có gì để hủy", origin.Name)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã hủy sáp nhập %s.\n", origin.Name)
	return nil
}

func (c tenantMerge) merge(e *environment, db *tenant.DB, origin tenant.Tenant) error {
	into, err := bySlug(e, db, "into", c.Into)
	if err != nil {
		return err
	}
	o := merger.Order{Origin: origin.ID, Successor: into.ID, Basis: c.Basis, Roles: map[int64]authz.Role{}}
	if o.Effective, err = parseDay("effective", c.Effective, "2025-07-01"); err != nil {
		return err
	}
	if c.Officers != "" {
		if o.Roles, err = readOfficers(c.Officers); err != nil {
			return err
		}
	}
	if expected := origin.Expected(); expected != "" && expected != into.Name {
		fmt.Fprintf(e.err, "Lưu ý: theo dữ liệu đơn vị hành chính, %s nay thuộc %s.\n", origin.Name, expected)
	}
	m, err := merger.Merge(e, db, operator, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã sáp nhập %s vào %s, hiệu lực %s (%s). Không dòng dữ liệu nào bị chuyển.\n", origin.Name, into.Name, m.Effective.Format("02/01/2006"), m.Basis)
	return nil
}

// bySlug returns a tenant by the value of a flag.
func bySlug(e *environment, db *tenant.DB, flag, slug string) (tenant.Tenant, error) {
	if slug == "" {
		return tenant.Tenant{}, wrongFlag(flag, "Ghi tên miền con của tỉnh, thành phố. Xem tên miền con bằng: txng tenant list")
	}
	t, err := db.TenantBySlug(e, slug)
	if errors.Is(err, fault.NotFound) {
		err = wrongFlag(flag, "Không có tỉnh, thành phố %q trên hệ thống. Xem tên miền con bằng: txng tenant list", slug)
	}
	return t, err
}

// parseDay reads the value of a flag that is a day.
func parseDay(flag, text, example string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, text)
	if text == "" {
		err = wrongFlag(flag, "Ghi ngày dạng %s.", example)
	} else if err != nil {
		err = wrongFlag(flag, "Ngày %q chưa đúng; viết năm, tháng, ngày như %s.", text, example)
	}
	return day, err
}

// officerHead is the head of the list of officers to review.
var officerHead = []string{"so", "ho_ten", "thu_dien_tu", "vai_tro_hien_nay", "vai_tro_tai_tinh_ke_thua"}

func listOfficers(e *environment, db *tenant.DB, origin tenant.Tenant) error {
	var officers []merger.Officer
	if err := db.Platform(e, func(tx tenant.Platform) (err error) {
		officers, err = merger.Propose(e, tx, origin.ID)
		return err
	}); err != nil {
		return err
	}
	w := csv.NewWriter(e.out)
	_ = w.Write(officerHead)
	for _, o := range officers {
		_ = w.Write([]string{fmt.Sprint(o.ID), o.Name, string(o.Email), string(o.Role), string(o.Proposed)})
	}
	w.Flush()
	return w.Error()
}

// readOfficers reads a reviewed list: the number of the role in the old province, and the role in the successor ("" for
// none).
func readOfficers(path string) (map[int64]authz.Role, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, refuse("--officers: không đọc được danh sách cán bộ: %w", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = len(officerHead)
	rows, err := r.ReadAll()
	if err != nil {
		return nil, refuse("--officers: danh sách cán bộ không đúng mẫu: %w", err)
	}
	roles := map[int64]authz.Role{}
	for i, row := range rows {
		if i == 0 || row[4] == "" {
			continue
		}
		id, err := strconv.ParseInt(strings.TrimSpace(row[0]), 10, 64)
		if err != nil {
			return nil, wrongFlag("officers", "Dòng %d: số vai trò %q không đúng.", i+1, row[0])
		}
		if _, twice := roles[id]; twice {
			return nil, wrongFlag("officers", "Dòng %d: số vai trò %d đã có ở một dòng trước.", i+1, id)
		}
		roles[id] = authz.Role(row[4])
	}
	return roles, nil
}
