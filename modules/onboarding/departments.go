package onboarding

import (
	_ "embed"
	"encoding/csv"
	"slices"
	"strings"
	"sync"

	"txng/tenant"
	"txng/tenant/fault"
)

//go:embed departments.csv
var departmentsCSV string

// department is a body of a province that may take part.
type department struct{ Code, Name string }

// departments are the bodies that most provinces have, with the codes that their plans use.
var departments = sync.OnceValue(func() []department {
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

// usualDepartments are those that take part unless somebody chooses.
var usualDepartments = []string{"SKHCN", "SNNMT", "SCT", "SYT"}

// DepartmentsOf returns the codes of the bodies that take part in a tenant's programme.
func DepartmentsOf(s tenant.Settings) []string {
	if chosen, ok := s.Decided(tenant.Departments); ok {
		return strings.FieldsFunc(chosen, func(r rune) bool { return r == ',' })
	}
	return slices.Clone(usualDepartments)
}

// joinDepartments returns chosen codes as the setting has them. Unknown ones are noted for "departments".
func joinDepartments(wrong *fault.Invalid, codes []string) string {
	var list []string
	for _, d := range departments() {
		if slices.Contains(codes, d.Code) {
			list = append(list, d.Code)
		}
	}
	for _, c := range codes {
		if c != "" && !slices.Contains(list, c) {
			wrong.Add("departments", "Chọn sở, ngành trong danh sách.")
			break
		}
	}
	return strings.Join(list, ",")
}

// JoinDepartments returns codes of bodies as the setting has them; none means the usual ones. Errors: fault.Invalid for
// "departments".
func JoinDepartments(codes []string) (string, error) {
	if len(codes) == 0 {
		codes = usualDepartments
	}
	var wrong fault.Invalid
	joined := joinDepartments(&wrong, codes)
	return joined, wrong.Err()
}

// departmentNames says which bodies these are.
func departmentNames(codes []string) string {
	var names []string
	for _, d := range departments() {
		if slices.Contains(codes, d.Code) {
			names = append(names, d.Name)
		}
	}
	if len(names) == 0 {
		return "Chưa chọn"
	}
	return strings.Join(names, "; ")
}
