package ui

import (
	"sort"
	"strconv"
	"time"
)

// Option is one choice of a select or of radio buttons. Options with the same Group stand together.
type Option struct{ Value, Label, Group string }

// Field is one question of a form. Type is text, tel, email, number, date, password, search, select,
// textarea, file, checkbox, radio, unit or hidden; empty means text. A checkbox is ticked when Value is not
// empty and sends "1". A date is typed and sent as 22/11/2026, whatever the browser's language; its Value may
// also be 2026-11-22. With Multiple, Values holds the chosen options. Fields are required unless Optional.
type Field struct {
	Name, Label, Hint, Value, Error, Type string
	Placeholder, InputMode, Autocomplete  string
	Options                               []Option
	Values                                []string
	Optional, Multiple                    bool
	Rows, MaxLength                       int
	Min, Max, Step, Accept                string
	Picker                                *Picker // of type unit
}

func (f Field) id() string { return "f-" + f.Name }

func (f Field) kind() string {
	if f.Type == "" {
		return "text"
	}
	return f.Type
}

// describedBy names the elements that explain the field; empty when there are none.
func (f Field) describedBy() string {
	ids := ""
	if f.Hint != "" {
		ids = f.id() + "-hint"
	}
	if f.Error != "" {
		if ids != "" {
			ids += " "
		}
		ids += f.id() + "-error"
	}
	return ids
}

func (f Field) chosen(value string) bool {
	if !f.Multiple {
		return f.Value == value
	}
	for _, v := range f.Values {
		if v == value {
			return true
		}
	}
	return false
}

// groups puts the options under their group names in order of first appearance.
func (f Field) groups() (names []string, options map[string][]Option) {
	options = map[string][]Option{}
	for _, o := range f.Options {
		if _, ok := options[o.Group]; !ok {
			names = append(names, o.Group)
		}
		options[o.Group] = append(options[o.Group], o)
	}
	return names, options
}

// anchor is the element an error summary points at: the first choice of radios, else the field.
func (f Field) anchor() string {
	if f.kind() == "radio" && len(f.Options) > 0 {
		return f.id() + "-0"
	}
	return f.id()
}

// attrs are the attributes common to every kind of control.
func (f Field) attrs() map[string]any {
	a := map[string]any{"id": f.id(), "name": f.Name}
	set := func(name, value string) {
		if value != "" {
			a[name] = value
		}
	}
	if f.kind() == "date" && f.Placeholder == "" {
		f.Placeholder = "ngày/tháng/năm"
	}
	set("placeholder", f.Placeholder)
	set("inputmode", f.InputMode)
	set("autocomplete", f.Autocomplete)
	set("aria-describedby", f.describedBy())
	if f.Error != "" {
		a["aria-invalid"] = "true"
	}
	if !f.Optional && f.kind() != "checkbox" {
		a["required"] = true
	}
	if f.MaxLength > 0 {
		a["maxlength"] = strconv.Itoa(f.MaxLength)
	}
	if f.Multiple {
		a["multiple"] = true
	}
	set("min", f.Min)
	set("max", f.Max)
	set("step", f.Step)
	set("accept", f.Accept)
	return a
}

// vietnameseDate writes 2026-11-22 as 22/11/2026 and leaves anything else as typed.
func vietnameseDate(value string) string {
	day, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return value
	}
	return day.Format("02/01/2006")
}

func withErrors(fields []Field) []Field {
	var wrong []Field
	for _, f := range fields {
		if f.Error != "" {
			wrong = append(wrong, f)
		}
	}
	return wrong
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
