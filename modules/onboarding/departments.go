package onboarding

import (
	"slices"
	"strings"

	"txng/authz"
	"txng/tenant/fault"
)

// usualDepartments are those that a new province begins with unless somebody chooses.
var usualDepartments = []string{"SKHCN", "SNNMT", "SCT", "SYT"}

// joinDepartments returns chosen codes as the setting has them. Unknown ones are noted for "departments".
func joinDepartments(wrong *fault.Invalid, codes []string) string {
	var list []string
	for _, d := range authz.CommonDepartments() {
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

// chosenNames says which common bodies the codes, with commas between them, are.
func chosenNames(codes string) string {
	chosen := strings.Split(codes, ",")
	var names []string
	for _, d := range authz.CommonDepartments() {
		if slices.Contains(chosen, d.Code) {
			names = append(names, d.Name)
		}
	}
	if len(names) == 0 {
		return "Chưa chọn"
	}
	return strings.Join(names, "; ")
}
