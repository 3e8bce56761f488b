package onboarding

import (
	"context"
	"strings"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
)

// showLife is the page of a province's state: its history, and the steps that its state allows.
func showLife(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	changes, err := tenant.Changes(q.Context(), tx, t.ID)
	if err != nil {
		return web.Answer{}, err
	}
	history := make([]ui.HistoryEntry, len(changes))
	for i, c := range changes {
		history[i] = ui.HistoryEntry{
			When: vi.DateTime(c.At), Who: c.MadeBy,
			What: stateOf(c.Was).Word + " → " + stateOf(c.Became).Word + ": " + c.Reason,
		}
	}
	shell := q.Shell("Trạng thái của "+t.Name, "Từng lần chuyển trạng thái: ai, vì sao, lúc nào.")
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}, {Label: t.Name, Href: "/tinh/" + t.Slug}}
	steps := tenant.StepsFrom(t.State)
	options := []ui.Option{{Label: "Chọn"}}
	for _, s := range steps {
		options = append(options, ui.Option{Value: string(s.To), Label: s.Name + " – " + lowerFirst(s.Effect)})
	}
	return q.Show(shell, lifePage(t, history, len(steps) > 0, q.Fields(
		ui.Field{Name: "state", Label: "Chuyển sang", Type: "select", Options: options},
		ui.Field{Name: "reason", Label: "Lý do", Type: "textarea", Rows: 3, MaxLength: 500, Hint: "Số quyết định, công văn; từ 10 ký tự. Ghi vào nhật ký của tỉnh."},
	))), nil
}

func lowerFirst(s string) string {
	runes := []rune(s)
	return strings.ToLower(string(runes[:1])) + string(runes[1:])
}

func upperFirst(s string) string {
	runes := []rune(s)
	return strings.ToUpper(string(runes[:1])) + string(runes[1:])
}

func submitLife(q *web.Request) (web.Answer, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	moved, err := Move(q.Context(), q.App().DB, q.Who, t, tenant.State(q.Value("state")), q.Value("reason"))
	if err != nil {
		return web.Answer{}, err
	}
	return web.See("/tinh/" + t.Slug + "/trang-thai").Say(t.Name + " đã chuyển sang “" + StateName(moved.State) + "”."), nil
}

// Move changes a province's state by one of tenant.Steps and notes it in the audits of the province and of the platform.
// Errors: those of tenant.Move.
func Move(ctx context.Context, db *tenant.DB, who authz.Identity, t tenant.Tenant, to tenant.State, reason string) (tenant.Tenant, error) {
	var moved tenant.Tenant
	err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		if moved, err = tenant.Move(ctx, tx, tenant.By{Name: who.Name, Account: int64(who.Account)}, t.ID, to, reason); err != nil {
			return err
		}
		for _, of := range []tenant.ID{t.ID, audit.Platform} {
			if err := audit.WriteChangeAsPlatform(ctx, tx, who, of, "tenant.state", audit.Record{Subject: "tenant", ID: int64(t.ID)},
				"Chuyển "+t.Name+" từ “"+StateName(t.State)+"” sang “"+StateName(moved.State)+"”: "+reason, fields(t), fields(moved)); err != nil {
				return err
			}
		}
		return nil
	})
	db.Forget()
	return moved, err
}

// StateName returns a state as people read it.
func StateName(s tenant.State) string { return stateOf(s).Word }
