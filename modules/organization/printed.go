package organization

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// readPrinted returns the former commune that an address on labels names, in the province or one that it was made from.
// Error: fault.Invalid for "printed", with candidates when there are any.
func readPrinted(text string, province unit.Ref, now time.Time) (unit.Unit, error) {
	var wrong fault.Invalid
	if utf8.RuneCountInString(text) > unit.MaxPrinted {
		wrong.Add("printed", "Địa chỉ trên nhãn dài quá %d ký tự.", unit.MaxPrinted)
		return unit.Unit{}, wrong.Err()
	}
	read := unit.ReadPrinted(text, now, unit.Lineage(province))
	switch {
	case len(read.Communes) == 1:
		return read.Communes[0], nil
	case len(read.Communes) > 1:
		wrong.Add("printed", "Có %d nơi khớp với địa chỉ này; ghi thêm huyện, tỉnh như trên nhãn: %s.", len(read.Communes), candidates(read.Communes))
	case len(read.Near) > 0:
		wrong.Add("printed", "Không có địa chỉ này trước sắp xếp trên địa bàn. Có phải: %s?", candidates(read.Near))
	default:
		wrong.Add("printed", "Không nhận ra xã, huyện trước sắp xếp. Ghi đủ như trên nhãn, ví dụ: xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An.")
	}
	return unit.Unit{}, wrong.Err()
}

// candidates lists a few units with those above them.
func candidates(units []unit.Unit) string {
	const most = 5
	var names []string
	for _, u := range units[:min(len(units), most)] {
		names = append(names, u.Address(u.Last()))
	}
	if len(units) > most {
		names = append(names, "…")
	}
	return strings.Join(names, "; ")
}

// successor returns the commune of today that took over all of a former one for certain, as text, or "".
func successor(former unit.Unit, now time.Time) string {
	heirs := unit.Heirs(former.Ref, now)
	if len(heirs) != 1 || heirs[0].Partial || !heirs[0].Certain {
		return ""
	}
	return heirs[0].Ref.String()
}

// mismatch says that the label's former commune went elsewhere than where the organization is now; "" when it did not, or
// nobody knows. It is a reason to look again and no more: successors are best effort.
func (o Organization) mismatch(now time.Time) string {
	ref, err := unit.ParseRef(o.PrintedUnit)
	if err != nil {
		return ""
	}
	var names []string
	for _, h := range unit.Heirs(ref, now) {
		if h.Ref.String() == o.Unit {
			return ""
		}
		names = append(names, strings.ToLower(h.Kind)+" "+h.Name)
	}
	former, ok := unit.ByRef(ref)
	if !ok || len(names) == 0 {
		return ""
	}
	return "Theo đối chiếu, " + strings.ToLower(former.Kind) + " " + former.Name + " trước đây nay thuộc " + strings.Join(names, ", ") + ", khác với địa chỉ hiện nay đã khai. Hãy kiểm tra lại."
}

// SetPrinted notes the address that an organization's labels have since before a reform; "" when it is no other. Error:
// fault.Invalid for "printed".
func SetPrinted(ctx context.Context, tx tenant.Tx, who authz.Identity, id tenant.OrgID, province unit.Ref, text string) error {
	o, err := Find(ctx, tx, id)
	if err != nil {
		return err
	}
	if err := tx.Owns(o.TenantID); err != nil {
		return err
	}
	text = strings.Join(strings.Fields(text), " ")
	former := ""
	if text != "" {
		u, err := readPrinted(text, province, tx.Now())
		if err != nil {
			return err
		}
		former = u.Ref.String()
	}
	if _, err := tx.Exec(ctx, `
		update organization.organization
		set printed_address = $3, printed_unit = $4
		where tenant_id = $1 and id = $2`, id, text, former); err != nil {
		return fmt.Errorf("note the label's address: %w", err)
	}
	what := "Địa chỉ ghi trên nhãn: " + text
	if text == "" {
		what = "Bỏ địa chỉ ghi trên nhãn trước sắp xếp"
	}
	return audit.WriteChange(ctx, tx, who, "organization.printed", audit.Record{Subject: "organization", ID: int64(id), Org: id}, what,
		audit.Of("Địa chỉ trên nhãn", o.PrintedAddress), audit.Of("Địa chỉ trên nhãn", text))
}

const printedPath = "/don-vi/dia-chi-nhan"

var printedField = ui.Field{
	Name: "printed", Label: "Địa chỉ ghi trên nhãn, nếu là địa chỉ trước sắp xếp", Type: "textarea", Rows: 2, MaxLength: unit.MaxPrinted, Optional: true,
	Hint: "Đúng như in trên nhãn, ví dụ: xóm 5, xã Kim Liên, huyện Nam Đàn, tỉnh Nghệ An",
}

func showPrinted(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	o, err := Find(q.Context(), tx, q.Who.Org)
	if err != nil {
		return web.Answer{}, err
	}
	field := printedField
	field.Value = o.PrintedAddress
	shell := q.Shell("Địa chỉ ghi trên nhãn", "Nhãn in trước sắp xếp đơn vị hành chính vẫn dùng được trong hai năm.")
	shell.Crumbs = []ui.Link{{Label: "Đơn vị của tôi", Href: "/don-vi"}}
	return q.Show(shell, printedPage(o, q.Field(field), q)), nil
}

func submitPrinted(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	province, err := provinceOf(q.Tenant)
	if err != nil {
		return web.Answer{}, err
	}
	if err := SetPrinted(q.Context(), tx, q.Who, q.Who.Org, province, q.Value("printed")); err != nil {
		return web.Answer{}, err
	}
	return web.See("/don-vi").Say("Đã lưu địa chỉ ghi trên nhãn."), nil
}
