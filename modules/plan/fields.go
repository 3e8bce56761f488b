package plan

import (
	"fmt"
	"strings"

	"txng/modules/internal/audit"
)

// fields are what a report changes of a task, for the audit.
func (t Task) fields() audit.Fields {
	return audit.Of("Trạng thái", t.State.Name(), "Kết quả", t.Result(), "Căn cứ", t.Evidence)
}

// fields are the plan's values for the audit, its targets by their goals.
func (f File) fields() audit.Fields {
	list := audit.Of("Số", f.Number, "Trích yếu", f.Title, "Cơ quan ban hành", f.Issuer, "Ngày ban hành", f.Issued.Show(),
		"Giai đoạn", fmt.Sprintf("%d–%d", f.From, f.To), "Số nhiệm vụ", fmt.Sprint(len(f.Tasks)), "Số đơn vị", fmt.Sprint(len(f.Departments)),
		"Số sản phẩm", fmt.Sprint(len(f.Products)))
	targets := make([]string, len(f.Targets))
	for i, t := range f.Targets {
		targets[i] = strings.TrimSpace(fmt.Sprintf("%s %s %s (%d)", t.Code, t.Op.Label(), t.Value, t.Due))
	}
	return list.With("Chỉ tiêu", strings.Join(targets, "; "))
}
