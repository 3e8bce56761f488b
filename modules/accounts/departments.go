package accounts

import (
	"context"
	_ "embed"
	"encoding/csv"
	"slices"
	"strings"
	"sync"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/plan"
	"txng/tenant"
)

//go:embed departments.csv
var departmentsCSV string

// department is a body that a department officer may be of.
type department struct{ code, name string }

// commonDepartments are those that most provinces have, with the codes that their plans use.
var commonDepartments = sync.OnceValue(func() []department {
	rows, err := csv.NewReader(strings.NewReader(departmentsCSV)).ReadAll()
	if err != nil {
		panic(err) // embedded, and read by a test
	}
	var list []department
	for _, r := range rows {
		list = append(list, department{r[0], r[1]})
	}
	return list
})

// departments returns the bodies of the tenant's plans, under the names they have there, and the common ones beside them,
// by name.
func departments(ctx context.Context, tx tenant.Tx) ([]department, error) {
	planned, err := plan.Departments(ctx, tx, 0)
	if err != nil {
		return nil, err
	}
	var list []department
	add := func(d department) {
		if !slices.ContainsFunc(list, func(known department) bool { return known.code == d.code }) {
			list = append(list, d)
		}
	}
	for _, d := range slices.Backward(planned) { // the newest plan's name
		add(department{strings.ToUpper(d.Code), d.Name})
	}
	for _, d := range commonDepartments() {
		add(d)
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

// departmentCode returns the code of the body that a cell or form names, by its code or its name; "" when there is none.
func departmentCode(list []department, typed string) string {
	for _, d := range list {
		if strings.EqualFold(d.code, strings.TrimSpace(typed)) || vi.Fold(d.name) == vi.Fold(typed) {
			return d.code
		}
	}
	return ""
}

// departmentName returns what a code stands for, the code where nobody says.
func departmentName(code string) string {
	for _, d := range commonDepartments() {
		if d.code == code {
			return d.name
		}
	}
	return authz.DepartmentName(code)
}
