package units

import (
	"context"
	"fmt"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/tenant"
	"txng/tenant/unit"
)

// Import is tenant.ImportUnits on behalf of who; a reform that is new stands in the platform's audit.
func Import(ctx context.Context, tx tenant.Platform, who authz.Identity, r unit.Reform) (after *unit.Atlas, known bool, err error) {
	after, known, err = tenant.ImportUnits(ctx, tx, r)
	if err != nil || known {
		return after, known, err
	}
	what := fmt.Sprintf("Nhập %s, hiệu lực %s: chấm dứt %d, lập %d, đổi tên hoặc loại %d đơn vị hành chính", r.Resolution, r.Effective, len(r.Ended), len(r.Created), len(r.Changed))
	return after, false, audit.WriteChangeAsPlatform(ctx, tx, who, audit.Platform, "units.import", audit.Record{Subject: "units"}, what,
		nil, audit.Of("Nghị quyết", r.Resolution, "Hiệu lực từ", r.Effective))
}
