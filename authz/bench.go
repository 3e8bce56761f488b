package authz

import "time"

// MeasureCheck returns the nanoseconds of one check by the compiled policy and by casbin's Enforce, over the same pairs
// of role and permission in the same run.
func MeasureCheck(rounds int) (check, casbin float64, err error) {
	e, err := NewEnforcer(policyCSV)
	if err != nil {
		return 0, 0, err
	}
	perms := Permissions()
	pair := func(i int) (Role, Permission) { return Roles[i%len(Roles)].Role, perms[i%len(perms)] }
	allowed := 0
	start := time.Now()
	for i := range rounds * 100 {
		r, p := pair(i)
		if DefaultPolicy.Allows(r, p) {
			allowed++
		}
	}
	check = float64(time.Since(start).Nanoseconds()) / float64(rounds*100)
	start = time.Now()
	for i := range rounds {
		r, p := pair(i)
		if _, err := e.Enforce(string(r), string(p)); err != nil {
			return 0, 0, err
		}
	}
	return check, float64(time.Since(start).Nanoseconds()) / float64(rounds), nil
}
