package accounts

import (
	"context"
	"slices"
	"strings"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/plan"
	"txng/tenant"
)

// department is a body that a department officer may be of.
type department struct {
	code, name string
	own        bool // on the province's own list
	planned    bool // one of its plans names it
}

// departments returns the bodies that take part in the province's programme: those of its own list, and those that its
// plans name beside them, by name. The list's names come before a plan's, a newer plan's before an older one's.
func departments(ctx context.Context, tx tenant.Tx) ([]department, error) {
	own, err := authz.OwnDepartments(ctx, tx)
	if err != nil {
		return nil, err
	}
	planned, err := plan.Departments(ctx, tx, 0)
	if err != nil {
		return nil, err
	}
	var list []department
	for _, d := range own {
		list = append(list, department{code: d.Code, name: authz.DepartmentName(d.Code, d.Name), own: true})
	}
	for _, d := range slices.Backward(planned) {
		code := strings.ToUpper(d.Code)
		i := slices.IndexFunc(list, func(known department) bool { return known.code == code })
		if i < 0 {
			i, list = len(list), append(list, department{code: code, name: d.Name})
		}
		list[i].planned = true
	}
	slices.SortFunc(list, func(a, b department) int { return vi.Compare(a.name, b.name) })
	return list, nil
}

// departmentOptions are the choices of a form.
func departmentOptions(list []department) []ui.Option {
	options := []ui.Option{{Value: "", Label: "Chọn…"}}
	for _, d := range list {
		options = append(options, ui.Option{Value: d.code, Label: d.name + " (" + d.code + ")"})
	}
	return options
}

// departmentOf returns the body that a cell or form names, by its code or its name; the zero value when there is none.
func departmentOf(list []department, typed string) department {
	for _, d := range list {
		if strings.EqualFold(d.code, strings.TrimSpace(typed)) || vi.Fold(d.name) == vi.Fold(typed) {
			return d
		}
	}
	return department{}
}
