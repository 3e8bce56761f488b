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
	logo, err := postedLogo(q, &wrong)
	if err != nil {
		return web.Answer{}, err
	}
	after := changed(q, before, &wrong)
	if wrong != nil {
		return web.Answer{}, wrong
	}
	said, was, is := settingsWords(before, after)
	if logo != nil {
		said = append(said, "Biểu trưng: ảnh mới")
		was, is = was.With("Biểu trưng", q.Tenant.Logo), is.With("Biểu trưng", tenant.LogoDigest(logo))
		if err := tenant.SetLogo(q.Context(), tx, logo); err != nil {
			return web.Answer{}, err
		}
	}
	if len(said) == 0 {
		return web.See("/cau-hinh").Say("Không có gì thay đổi."), nil
	}
	for _, spec := range tenant.Specs { // in one order, so that two at a time cannot wait for each other
		if value, ok := after[spec.Key]; ok {
			if err := tenant.Decide(q.Context(), tx, spec.Key, value); err != nil {
				return web.Answer{}, err
			}
		}
	}
	if err := audit.WriteChange(q.Context(), tx, q.Who, "tenant.settings", audit.Record{Subject: "tenant", ID: int64(tx.Tenant())},
		"Đổi thiết lập. "+strings.Join(said, "; "), was, is); err != nil {
		return web.Answer{}, err
	}
	db := q.App().DB
	return web.See("/cau-hinh").Say("Đã lưu thiết lập.").Later(func(context.Context) error {
		db.Forget()
		return nil
	}), nil
}

// postedLogo returns the picture that was posted, when it is another one than the province has; nil for none. What is
// wrong with it is noted.
func postedLogo(q *web.Request, wrong *fault.Invalid) ([]byte, error) {
	f, _, err := q.File("logo")
	if err != nil {
		return nil, nil
	}
	defer f.Close()
	logo, err := ReadLogo(f)
	if err != nil {
		return nil, collect(wrong, err)
	}
	if tenant.LogoDigest(logo) == q.Tenant.Logo {
		return nil, nil
	}
	return logo, nil
}

// changed returns what was posted and differs from the settings as they stand. What is wrong with it is noted.
func changed(q *web.Request, before tenant.Settings, wrong *fault.Invalid) tenant.Settings {
	after := tenant.Settings{}
	for _, spec := range tenant.Specs {
		if spec.Page != "" || !q.Posted.Has(string(spec.Key)) {
			continue
		}
		value := spec.Check(wrong, q.Value(string(spec.Key)))
		if spec.Key == tenant.DisplayName {
			tenant.CheckName(wrong, string(spec.Key), q.Tenant, value, q.Now())
		}
		if before.Value(spec.Key) != value {
			after[spec.Key] = value
		}
	}
	return after
}

// settingsWords says what changes, in words and as the audit has it.
func settingsWords(before, after tenant.Settings) (said []string, was, is audit.Fields) {
	was, is = audit.Fields{}, audit.Fields{}
	for _, spec := range tenant.Specs {
		value, ok := after[spec.Key]
		if !ok {
			continue
		}
		from, to := spec.Words(before.Value(spec.Key)), spec.Words(value)
		said = append(said, spec.Label+": "+from+" → "+to)
		was, is = was.With(spec.Label, from), is.With(spec.Label, to)
	}
	return said, was, is
}
