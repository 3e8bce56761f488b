package onboarding

import (
	"strings"

	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// showFeatures is the page of what the operator has switched on or off for a province.
func showFeatures(q *web.Request, _ tenant.Platform) (web.Answer, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	var fields []ui.Field
	for _, f := range tenant.Features {
		value := tenant.On
		if !t.Has(f.Feature) {
			value = tenant.Off
		}
		fields = append(fields, q.Field(ui.Field{
			Name: string(f.Feature), Label: f.Name, Hint: "Tắt: " + lowerFirst(f.Without), Type: "radio", Value: value,
			Options: []ui.Option{{Value: tenant.On, Label: "Bật"}, {Value: tenant.Off, Label: "Tắt"}},
		}))
	}
	shell := q.Shell("Tính năng của "+t.Name, "Tắt một tính năng: mục trong thực đơn ẩn đi, trang trả lời vì sao; dữ liệu vẫn giữ nguyên.")
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}, {Label: t.Name, Href: "/tinh/" + t.Slug}}
	return q.Show(shell, featuresPage(t, fields)), nil
}

// submitFeatures switches what differs from now, and notes it in the province's audit.
func submitFeatures(q *web.Request) (web.Answer, error) {
	t, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	var wrong fault.Invalid
	for _, f := range tenant.Features {
		if v := q.Value(string(f.Feature)); v != tenant.On && v != tenant.Off {
			wrong.Add(string(f.Feature), "Chọn bật hoặc tắt.")
		}
	}
	if wrong != nil {
		return web.Answer{}, wrong
	}
	var done []string
	err = q.App().DB.Platform(q.Context(), func(tx tenant.Platform) error {
		for _, f := range tenant.Features {
			on := q.Value(string(f.Feature)) == tenant.On
			if on == t.Has(f.Feature) {
				continue
			}
			what := "Tắt"
			if on {
				what = "Bật"
			}
			what += " tính năng “" + f.Name + "”"
			if err := tenant.Switch(q.Context(), tx, t.ID, f.Feature, on); err != nil {
				return err
			}
			words := map[bool]string{true: "Bật", false: "Tắt"}
			if err := audit.WriteChangeAsPlatform(q.Context(), tx, q.Who, t.ID, "tenant.feature", audit.Record{Subject: "tenant", ID: int64(t.ID)}, what,
				audit.Of(f.Name, words[!on]), audit.Of(f.Name, words[on])); err != nil {
				return err
			}
			done = append(done, lowerFirst(what))
		}
		return nil
	})
	q.App().DB.Forget()
	if err != nil {
		return web.Answer{}, err
	}
	said := "Không có gì thay đổi."
	if len(done) > 0 {
		said = "Đã " + strings.Join(done, ", ") + "."
	}
	return web.See("/tinh/" + t.Slug + "/tinh-nang").Say(said), nil
}
