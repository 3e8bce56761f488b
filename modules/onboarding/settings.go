package onboarding

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// decided returns the settings of the transaction's tenant as they stand: a colour and contact that it has not decided
// are those of its onboarding.
func decided(q *web.Request, tx tenant.Tx) (tenant.Settings, error) {
	s, err := tenant.SettingsOf(q.Context(), tx)
	if err != nil {
		return nil, err
	}
	for key, first := range map[tenant.Setting]string{tenant.Colour: q.Tenant.Colour, tenant.Contact: q.Tenant.Contact} {
		if _, ok := s.Decided(key); !ok {
			s[key] = first
		}
	}
	return s, nil
}

// settingGroup is a part of the page.
type settingGroup struct {
	name   string
	fields []ui.Field
	links  []ui.Pair // settings that have a page of their own
}

func showSettings(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	s, err := decided(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	own, err := authz.OwnDepartments(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	var groups []settingGroup
	for _, spec := range tenant.Specs {
		i := slices.IndexFunc(groups, func(g settingGroup) bool { return g.name == spec.Group })
		if i < 0 {
			i, groups = len(groups), append(groups, settingGroup{name: spec.Group})
		}
		if spec.Page != "" {
			says := "Đang " + spec.Words(s.Value(spec.Key)) + " – đổi"
			if spec.Key == tenant.Departments {
				says = strconv.Itoa(len(own)) + " sở, ngành – xem, thêm, đổi tên, bỏ"
			}
			groups[i].links = append(groups[i].links, ui.Pair{Label: spec.Label, Value: ui.Anchor(spec.Page, says)})
			continue
		}
		f := settingField(spec)
		f.Value = spec.Typed(s.Value(spec.Key))
		f = q.Field(f)
		groups[i].fields = append(groups[i].fields, f)
		if spec.Key == tenant.DisplayName {
			groups[i].fields = append(groups[i].fields, q.Field(ui.Field{Name: "logo", Label: "Biểu trưng", Type: "file", Accept: "image/png,image/jpeg", Optional: true, Hint: "Ảnh PNG hoặc JPEG, tối đa 2 MB; chọn tệp để thay. Không dùng Quốc huy"}))
		}
	}
	shell := q.Shell("Thiết lập của tỉnh", "Có hiệu lực trong vòng vài giây; mỗi lần đổi được ghi vào nhật ký.")
	return q.Show(shell, settingsPage(q.Tenant, groups)), nil
}

// submitSettings decides what differs from now; nothing of it when anything is wrong.
func submitSettings(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	before, err := decided(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	var wrong fault.Invalid
	var logo []byte
	if f, _, err := q.File("logo"); err == nil {
		defer f.Close()
		if logo, err = ReadLogo(f); err != nil {
			if err := collect(&wrong, err); err != nil {
				return web.Answer{}, err
			}
		}
	}
	var changes []string
	after := tenant.Settings{}
	for _, spec := range tenant.Specs {
		if spec.Page != "" || !q.Posted.Has(string(spec.Key)) {
			continue
		}
		value := spec.Check(&wrong, q.Value(string(spec.Key)))
		if spec.Key == tenant.DisplayName {
			checkDisplayName(&wrong, q.Tenant, value)
		}
		if was := before.Value(spec.Key); was != value {
			after[spec.Key] = value
			changes = append(changes, spec.Label+": "+spec.Words(was)+" → "+spec.Words(value))
		}
	}
	if wrong != nil {
		return web.Answer{}, wrong
	}
	if logo != nil && tenant.LogoDigest(logo) != q.Tenant.Logo {
		changes = append(changes, "Biểu trưng: ảnh mới")
		if err := tenant.SetLogo(q.Context(), tx, logo); err != nil {
			return web.Answer{}, err
		}
	}
	if len(changes) == 0 {
		return web.See("/cau-hinh").Say("Không có gì thay đổi."), nil
	}
	was, is := audit.Fields{}, audit.Fields{}
	for _, spec := range tenant.Specs {
		value, changed := after[spec.Key]
		if !changed {
			continue
		}
		was, is = was.With(spec.Label, spec.Words(before.Value(spec.Key))), is.With(spec.Label, spec.Words(value))
		if err := tenant.Decide(q.Context(), tx, spec.Key, value); err != nil {
			return web.Answer{}, err
		}
	}
	if logo != nil && tenant.LogoDigest(logo) != q.Tenant.Logo {
		was, is = was.With("Biểu trưng", q.Tenant.Logo), is.With("Biểu trưng", tenant.LogoDigest(logo))
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "tenant.settings", audit.Record{Subject: "tenant", ID: int64(tx.Tenant())},
		"Đổi thiết lập. "+strings.Join(changes, "; "), was, is); err != nil {
		return web.Answer{}, err
	}
	db := q.App().DB
	return web.See("/cau-hinh").Say("Đã lưu thiết lập.").Later(func(context.Context) error {
		db.Forget()
		return nil
	}), nil
}
