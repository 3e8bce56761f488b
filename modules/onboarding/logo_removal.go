package onboarding

import (
	"context"

	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
)

// logoPath is the page that asks before a province's picture is removed.
const logoPath = "/cau-hinh/bieu-trung"

func showLogoRemoval(q *web.Request, _ tenant.Tx) (web.Answer, error) {
	if q.Tenant.Logo == "" {
		return web.See("/cau-hinh").Say("Tỉnh không có biểu trưng để gỡ."), nil
	}
	shell := q.Shell("Gỡ biểu trưng", "Trang làm việc và trang công khai của tỉnh sẽ chỉ hiện tên.")
	shell.Crumbs = []ui.Link{{Label: "Thiết lập của tỉnh", Href: "/cau-hinh"}}
	return q.Show(shell, logoRemovalPage(q.Tenant)), nil
}

func submitLogoRemoval(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	removed, err := tenant.RemoveLogo(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	if removed == "" { // pressed twice, or by two at once
		return web.See("/cau-hinh").Say("Tỉnh không có biểu trưng để gỡ."), nil
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "tenant.settings", audit.Record{Subject: "tenant", ID: int64(tx.Tenant())},
		"Gỡ biểu trưng", audit.Of("Biểu trưng", removed), audit.Of("Biểu trưng", "")); err != nil {
		return web.Answer{}, err
	}
	db := q.App().DB
	return web.See("/cau-hinh").Say("Đã gỡ biểu trưng.").Later(func(context.Context) error {
		db.Forget()
		return nil
	}), nil
}
