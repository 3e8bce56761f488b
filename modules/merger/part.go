package merger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/measure"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// Cede notes that communes of a province go to another one. Errors: those of tenant.Cede.
func Cede(ctx context.Context, db *tenant.DB, who authz.Identity, n tenant.NewPart) (tenant.Part, error) {
	n.By = by(who)
	var p tenant.Part
	err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		if p, err = tenant.Cede(ctx, tx, n); err != nil {
			return err
		}
		if err := measure.Moved(ctx, tx, p.Origin, p.Successor); err != nil {
			return err
		}
		return notedPart(ctx, tx, who, p, "tenant.cede", "Chuyển", nil, partFields(p))
	})
	db.Forget()
	return p, err
}

// Reclaim takes a part back. Errors: those of tenant.Reclaim.
func Reclaim(ctx context.Context, db *tenant.DB, who authz.Identity, origin tenant.ID, id int64, reason string) error {
	err := db.Platform(ctx, func(tx tenant.Platform) error {
		p, err := tenant.Reclaim(ctx, tx, by(who), origin, id, reason)
		if err != nil {
			return err
		}
		if err := measure.Moved(ctx, tx, p.Origin, p.Successor); err != nil {
			return err
		}
		return notedPart(ctx, tx, who, p, "tenant.reclaim", "Hủy việc chuyển", partFields(p), nil)
	})
	db.Forget()
	return err
}

// notedPart writes a line into the audit of both provinces.
func notedPart(ctx context.Context, tx tenant.Platform, who authz.Identity, p tenant.Part, action, what string, before, after audit.Fields) error {
	said := fmt.Sprintf("%s %s xã, phường, đặc khu sang tỉnh khác quản lý từ %s (%s): %s", what, vi.Int(int64(len(p.Units))), vi.Date(p.Effective), p.Basis, communeNames(p.Units))
	for _, id := range []tenant.ID{p.Origin, p.Successor} {
		if err := audit.WriteChangeAsPlatform(ctx, tx, who, id, action, audit.Record{Subject: "tenant", ID: int64(p.Origin)}, said, before, after); err != nil {
			return err
		}
	}
	return nil
}

func partFields(p tenant.Part) audit.Fields {
	return audit.Of("Xã, phường, đặc khu", communeNames(p.Units), "Hiệu lực từ", vi.Date(p.Effective), "Căn cứ", p.Basis)
}

func communeNames(units []string) string {
	var names []string
	for _, text := range units {
		if ref, err := unit.ParseRef(text); err == nil {
			if u, ok := unit.ByRef(ref); ok {
				names = append(names, u.FullName)
			}
		}
	}
	return strings.Join(names, ", ")
}

// CommunesOf returns the communes of a tenant's province, of the day or, for a province of before, of its last day.
func CommunesOf(t tenant.Tenant, on time.Time) ([]unit.Unit, error) {
	ref, err := unit.ParseRef(t.Unit)
	if err != nil {
		return nil, err
	}
	if u, ok := unit.ByRef(ref); ok && !u.To.IsZero() {
		on = u.To.AddDate(0, 0, -1)
	}
	return unit.Communes(ref, on), nil
}

// ceding is the page on which communes go to another province.
type ceding struct {
	origin   tenant.Tenant
	fields   []ui.Field
	communes ui.Field
	past     []pastPart
}

type pastPart struct {
	id    int64
	words string
	open  bool
}

func showCede(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	origin, err := q.App().DB.TenantBySlug(q.Context(), q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	others, err := othersThan(q, origin)
	if err != nil {
		return web.Answer{}, err
	}
	communes, err := CommunesOf(origin, q.Now())
	if err != nil {
		return web.Answer{}, err
	}
	var options []ui.Option
	for _, c := range communes {
		options = append(options, ui.Option{Value: c.Ref.String(), Label: c.FullName})
	}
	v := ceding{origin: origin, fields: q.Fields(
		ui.Field{Name: "into", Label: "Chuyển sang", Type: "select", Options: choices(others)},
		ui.Field{Name: "effective", Label: "Ngày hiệu lực", Type: "date", InputMode: "numeric", MaxLength: 10},
		ui.Field{Name: "basis", Label: "Căn cứ", Hint: "Số nghị quyết", MaxLength: 200},
	), communes: q.Field(ui.Field{Name: "units", Label: "Xã, phường, đặc khu được chuyển", Type: "checkboxes", Multiple: true, Options: options,
		Hint: "Chủ thể còn ghi địa chỉ trước sắp xếp đi theo xã, phường đã nhận trọn địa bàn cũ của họ."})}
	if v.past, err = pastParts(q, tx, origin.ID); err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Chuyển xã, phường của "+origin.Name, "Tỉnh nhận xem và xử lý tiếp hồ sơ của các chủ thể trên địa bàn được chuyển, số liệu của họ tính cho tỉnh nhận từ ngày hiệu lực; không dữ liệu nào bị dời.")
	shell.Crumbs = []ui.Link{{Label: "Tỉnh, thành phố", Href: "/tinh"}, {Label: origin.Name, Href: "/tinh/" + origin.Slug}}
	reason := q.Field(ui.Field{Name: "reason", Label: "Lý do hủy", Type: "textarea", Rows: 2, MaxLength: 500, Hint: "Ghi vào nhật ký của cả hai tỉnh, từ 10 ký tự"})
	return q.Show(shell, cedePage(v, reason)), nil
}

// pastParts says of each part that a province gave away or took over what it was.
func pastParts(q *web.Request, tx tenant.Platform, of tenant.ID) (list []pastPart, err error) {
	parts, err := tenant.Parts(q.Context(), tx, of)
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		other, label := p.Successor, "Chuyển sang "
		if p.Successor == of {
			other, label = p.Origin, "Nhận từ "
		}
		t, err := q.App().DB.Tenant(q.Context(), other)
		if err != nil {
			return nil, err
		}
		words := label + t.Name + " từ " + vi.Date(p.Effective) + " (" + p.Basis + "): " + communeNames(p.Units)
		if p.UndoneAt != nil {
			words += ". Đã hủy lúc " + vi.DateTime(*p.UndoneAt) + ": " + p.UndoReason
		}
		list = append(list, pastPart{p.ID, words, p.UndoneAt == nil && p.Origin == of})
	}
	return list, nil
}

func submitCede(q *web.Request) (web.Answer, error) {
	ctx, db := q.Context(), q.App().DB
	origin, err := db.TenantBySlug(ctx, q.Path("slug"))
	if err != nil {
		return web.Answer{}, err
	}
	if text := q.Value("huy"); text != "" {
		return reclaim(q, origin, text)
	}
	n := tenant.NewPart{Origin: origin.ID, Units: q.Posted["units"], Basis: q.Value("basis")}
	var wrong fault.Invalid
	into, err := db.TenantBySlug(ctx, q.Value("into"))
	switch {
	case errors.Is(err, fault.NotFound):
		wrong.Add("into", "Chọn tỉnh, thành phố nhận.")
	case err != nil:
		return web.Answer{}, err
	}
	n.Successor = into.ID
	if n.Effective, err = vi.ParseDate(q.Value("effective")); err != nil {
		wrong.Add("effective", "Nhập ngày, tháng, năm, ví dụ 01/07/2025.")
	}
	if err := wrong.Err(); err != nil {
		return web.Answer{}, err
	}
	p, err := Cede(ctx, db, q.Who, n)
	if err != nil {
		return web.Answer{}, err
	}
	return web.See("/tinh/" + origin.Slug + "/chuyen-xa").Say("Đã ghi nhận chuyển " + vi.Int(int64(len(p.Units))) + " xã, phường, đặc khu sang " + into.Name + "."), nil
}

// reclaim takes back the part whose button was pressed.
func reclaim(q *web.Request, origin tenant.Tenant, part string) (web.Answer, error) {
	id, err := strconv.ParseInt(part, 10, 64)
	if err != nil {
		return web.Answer{}, fault.NotFound
	}
	if err := Reclaim(q.Context(), q.App().DB, q.Who, origin.ID, id, q.Value("reason")); err != nil {
		return web.Answer{}, err
	}
	return web.See("/tinh/" + origin.Slug + "/chuyen-xa").Say("Đã hủy việc chuyển."), nil
}
