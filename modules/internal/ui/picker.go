package ui

import (
	"net/url"
	"strconv"
)

// PickerSubmit is the name of the button "Tìm" of a picker: a form sent with it is shown again with what was found, not
// acted upon.
const PickerSubmit = "tim"

// PickerQuery returns the name of the search box of the picker that a field is.
func PickerQuery(field string) string { return field + "_q" }

// Picker is what a field of type "unit" shows: a search box, and a list to choose from. A Field with a Picker sends the
// chosen Value under its own name. It works without JavaScript: the button sends the form, which comes back with the
// list.
type Picker struct {
	Query  string // what was typed
	Source string // address that answers with the list alone; the query goes after its own
	Lookup bool   // nothing can be chosen: only to look at
	Chosen *Choice
	Found  []Choice
	More   bool   // there are more than Found
	Say    string // instead of a list: why there is none
	Note   string // under the list
}

// Choice is one entry of the list. One without a Value cannot be chosen; those Below it may.
type Choice struct {
	Value, Label, Detail string
	Lead                 string // before Below: "nay thuộc"
	Below                []Choice
	Past                 []Choice // shown on demand: what it consisted of
	PastLead             string
}

func (f Field) picker() Picker {
	if f.Picker == nil {
		return Picker{}
	}
	return *f.Picker
}

// sourceURL is the address of the list with the name of the field.
func (f Field) sourceURL() string {
	separator := "?"
	if u, err := url.Parse(f.picker().Source); err == nil && u.RawQuery != "" {
		separator = "&"
	}
	return f.picker().Source + separator + "ten=" + url.QueryEscape(f.Name)
}

// searchAttrs are the attributes of the search box.
func (f Field) searchAttrs() map[string]any {
	a := map[string]any{
		"id": f.id(), "name": PickerQuery(f.Name), "autocomplete": "off", "maxlength": "200", "placeholder": "Gõ tên, có dấu hoặc không dấu",
		"hx-get": f.sourceURL(), "hx-trigger": "input changed delay:250ms, search", "hx-include": "closest .picker",
		"hx-target": "#" + f.id() + "-list", "hx-sync": "this:replace", "data-picker": true, "aria-controls": f.id() + "-list",
	}
	if d := f.describedBy(); d != "" {
		a["aria-describedby"] = d
	}
	if f.Error != "" {
		a["aria-invalid"] = "true"
	}
	return a
}

func (p Picker) count() string {
	if p.More {
		return "Hiện " + strconv.Itoa(len(p.Found)) + " kết quả đầu; gõ thêm chữ để thu hẹp."
	}
	return strconv.Itoa(len(p.Found)) + " kết quả."
}
