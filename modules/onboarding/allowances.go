package onboarding

import (
	"strings"

	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// showAllowances is the page of how much a province may take of what all share, and of what was refused beyond it.
func showAllowances(q *web.Request, _ tenant.Platform) (web.Answer, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	var fields []ui.Field
	var refused []ui.Pair
	for _, spec := range tenant.Allowances {
		f := ui.Field{
			Name: string(spec.Allowance), Label: spec.Name + " (" + spec.Unit + ")", InputMode: "numeric", Optional: true,
			Hint: spec.What + ". Từ " + vi.Int(spec.Min) + " đến " + vi.Int(spec.Max) + "; để trống: mặc định " + vi.Int(spec.Default),
		}
		if n, own := t.Own(spec.Allowance); own {
			f.Value = vi.Int(n)
		}
		fields = append(fields, q.Field(f))
		if spec.Allowance != tenant.StatementTime {
			refused = append(refused, ui.Pair{Label: spec.Name, Value: ui.Text(vi.Int(q.App().RefusedOf(t.ID, spec.Allowance)))})
		}
	}
	shell := q.Shell("Giới hạn sử dụng của "+t.Name, "Để một tỉnh dùng nhiều không làm chậm các tỉnh khác. Ba loại yêu cầu được đếm riêng, trên từng máy chủ.")
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}, {Label: t.Name, Href: "/tinh/" + t.Slug}}
	return q.Show(shell, allowancesPage(t, fields, refused)), nil
}

// submitAllowances sets what differs from now, and notes it in the province's audit; nothing of it when anything is
// wrong.
func submitAllowances(q *web.Request) (web.Answer, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	var wrong fault.Invalid
	var changes []string
	was, is := audit.Fields{}, audit.Fields{}
	set, dropped := map[tenant.Allowance]int64{}, []tenant.Allowance{}
	for _, spec := range tenant.Allowances {
		if !q.Posted.Has(string(spec.Allowance)) {
			continue // empty is the default, absent is no answer
		}
		before, had := t.Own(spec.Allowance)
		amount, own := spec.Check(&wrong, q.Value(string(spec.Allowance)))
		switch {
		case own == had && (!own || amount == before):
			continue
		case own:
			set[spec.Allowance] = amount
		default:
			dropped = append(dropped, spec.Allowance)
		}
		then, now := amountOf(spec, before, had), amountOf(spec, amount, own)
		was, is = was.With(spec.Name, then), is.With(spec.Name, now)
		changes = append(changes, spec.Name+": "+then+" → "+now)
	}
	if wrong != nil {
		return web.Answer{}, wrong
	}
	if len(changes) == 0 {
		return web.See("/tinh/" + t.Slug + "/gioi-han").Say("Không có gì thay đổi."), nil
	}
	err = q.App().DB.Platform(q.Context(), func(tx tenant.Platform) error {
		for a, amount := range set {
			if err := tenant.Allow(q.Context(), tx, t.ID, a, amount); err != nil {
				return err
			}
		}
		for _, a := range dropped {
			if err := tenant.AllowDefault(q.Context(), tx, t.ID, a); err != nil {
				return err
			}
		}
		return audit.WriteChangeAsPlatform(q.Context(), tx, q.Who, t.ID, "tenant.allowance", audit.Record{Subject: "tenant", ID: int64(t.ID)},
			"Đổi giới hạn sử dụng. "+strings.Join(changes, "; "), was, is)
	})
	q.App().DB.Forget()
	if err != nil {
		return web.Answer{}, err
	}
	return web.See("/tinh/" + t.Slug + "/gioi-han").Say("Đã lưu; có hiệu lực trong vài giây."), nil
}

// amountOf writes an amount as people read it.
func amountOf(spec tenant.AllowanceSpec, amount int64, own bool) string {
	if !own {
		return "mặc định (" + vi.Int(spec.Default) + " " + spec.Unit + ")"
	}
	return vi.Int(amount) + " " + spec.Unit
}
