package accounts

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"txng/authz"
	"txng/modules/internal/sheet"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// listReader reads the rows of a list of officers, as somebody may invite them.
type listReader struct {
	who      authz.Identity
	province unit.Ref
	now      time.Time
	offers   []offer
	bodies   []department
	communes communeReader
	held     map[string]bool // roles, by roleKey
	seen     map[string]int  // rows that are read, by roleKey
	wrong    []sheet.CellError
}

// readList reads a list and returns its rows, or everything that is wrong with them. err is wrong with the whole file.
func readList(q *web.Request, tx tenant.Tx, name string, content []byte) (list []listed, wrong []sheet.CellError, err error) {
	rows, err := sheet.Read(bytes.NewReader(content), name, listLimits)
	if errors.Is(err, fault.TooLarge) {
		return nil, nil, fault.Invalid{{Name: "file", Message: fault.Message(err)}}
	}
	if err != nil {
		return nil, nil, err
	}
	if len(rows) < 2 {
		return nil, nil, fault.Invalid{{Name: "file", Message: "Tệp chưa có người nào dưới dòng tiêu đề."}}
	}
	places, err := sheet.Match(rows[0].Cells, listColumns)
	if err != nil {
		return nil, nil, err
	}
	r, err := newListReader(q, tx)
	if err != nil {
		return nil, nil, err
	}
	for _, row := range rows[1:] {
		l, ok := r.read(row.Number, func(key string) string {
			if place, ok := places[key]; ok {
				return row.Cell(place)
			}
			return ""
		})
		if ok {
			list = append(list, l)
		}
	}
	return list, r.wrong, nil
}

func newListReader(q *web.Request, tx tenant.Tx) (*listReader, error) {
	r := &listReader{who: q.Who, province: provinceOf(q.Tenant), now: q.Now(), held: map[string]bool{}, seen: map[string]int{}}
	members, err := authz.Members(q.Context(), tx)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if inForce(m, r.now) && m.TenantID == tx.Tenant() {
			r.held[roleKey(m.Email, offer{role: m.Role, custom: m.RoleID}, m.Department, m.Unit)] = true
		}
	}
	if r.offers, err = offered(q, tx); err != nil {
		return nil, err
	}
	if r.bodies, err = departments(q.Context(), tx); err != nil {
		return nil, err
	}
	r.communes = newCommuneReader(r.province, r.now)
	return r, nil
}

// read reads one row by its cells, and notes what is wrong with it; ok is false when the row cannot be invited as it is.
func (r *listReader) read(row int, cell func(key string) string) (l listed, ok bool) {
	before := len(r.wrong)
	bad := func(key, message string) {
		r.wrong = append(r.wrong, sheet.CellError{Row: row, Column: titleOf(key), Message: message})
	}
	n := authz.NewInvitation{Name: cell("name"), Email: cell("email"), Phone: cell("phone")}
	var given offer
	for _, o := range r.offers {
		if vi.Fold(cell("role")) == vi.Fold(o.name) {
			given, n.Role, n.RoleID = o, o.role, o.custom
		}
	}
	if n.Role == "" && cell("role") != "" {
		bad("role", "Không có vai trò “"+cut(cell("role"), 40)+"”; xem các vai trò ở trang nhập.")
	}
	var body department
	if n.Role == authz.DepartmentOfficer && cell("department") != "" {
		body = departmentOf(r.bodies, cell("department"))
		if n.Department = body.code; n.Department == "" {
			bad("department", "Không có sở, ngành “"+cut(cell("department"), 60)+"”; ghi mã hoặc tên như ở trang mời thành viên.")
		}
	}
	formerly := ""
	if n.Role == authz.UnitOfficer {
		var problem string
		if n.Unit, formerly, problem = r.communes.read(cell("unit")); problem != "" {
			bad("unit", problem)
		}
	}
	var invalid fault.Invalid
	if err := n.Check(r.who, r.province, r.now); errors.As(err, &invalid) {
		for _, f := range invalid {
			if (f.Name == "role" || f.Name == "unit" || f.Name == "department") && len(r.wrong) > before && r.wrong[len(r.wrong)-1].Column == titleOf(f.Name) {
				continue // said already, more exactly
			}
			bad(f.Name, f.Message)
		}
	}
	if len(r.wrong) > before {
		return listed{}, false
	}
	email, _ := authz.ParseEmail(n.Email)
	key := roleKey(email, given, n.Department, n.Unit)
	if first, twice := r.seen[key]; twice {
		bad("email", fmt.Sprintf("Trùng với dòng %d.", first))
	} else if r.held[key] {
		bad("email", "Người này đã có vai trò “"+given.name+"”.")
	}
	r.seen[key] = row
	return listed{row, given.name, formerly, body.name, n}, true
}

// roleKey is equal for invitations to the same role of the same address.
func roleKey(e authz.Email, o offer, department, commune string) string {
	if o.role != authz.DepartmentOfficer {
		department = ""
	}
	return strings.Join([]string{string(e), o.value(), department, commune}, "\n")
}
