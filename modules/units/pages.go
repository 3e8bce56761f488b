package units

import (
	"net/http"
	"regexp"

	"txng/modules/internal/picker"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

// Routes registers the module's pages.
func Routes(a *web.App) {
	const reason = "names of administrative units are public, and forms before sign-in ask for them"
	a.Open(http.MethodGet, "/don-vi-hanh-chinh", reason, lookUp)
	a.Open(http.MethodGet, picker.Path, reason, list)
}

// lookUp shows a unit by its name of today or of the past.
func lookUp(q *web.Request) (web.Answer, error) {
	field := picker.Field(q, ui.Field{Name: "don_vi", Label: "Tên xã, phường, huyện, tỉnh", Hint: "Tên hiện nay hoặc trước sắp xếp, hoặc cả địa chỉ in trên nhãn, giấy tờ"}, picker.Lookup, unit.Ref{})
	return web.Page(lookUpPage(field)), nil
}

// fieldName is what the name of a form's field looks like.
var fieldName = regexp.MustCompile(`^[a-z][a-z_]{0,30}$`)

// list answers a picker while somebody types.
func list(q *web.Request) (web.Answer, error) {
	values := q.URL.Query()
	name, use := values.Get("ten"), picker.Use(values.Get("viec"))
	var province unit.Ref
	err := province.UnmarshalText([]byte(values.Get("tinh")))
	if name == "" {
		name = "don_vi"
	}
	if use == "" {
		use = picker.Lookup
	}
	if err != nil || !fieldName.MatchString(name) || use != picker.Commune && use != picker.Filter && use != picker.Lookup {
		return web.Answer{}, fault.NotFound
	}
	p := picker.Search{Use: use, Province: province, Name: name, Query: values.Get(ui.PickerQuery(name)), Chosen: values.Get(name)}.Picker(q.Now())
	return web.Page(ui.PickerList(ui.Field{Name: name, Picker: &p, Optional: use == picker.Filter})), nil
}
