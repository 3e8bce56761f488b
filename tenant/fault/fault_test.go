package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"txng/tenant/fault"
)

func TestInvalidIsAConflictAsLongAsAllOfItIsTaken(t *testing.T) {
	t.Parallel()
	both := append(fault.Taken("slug", "đã có"), fault.Field{Name: "domain", Message: "sai"})
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"one taken": {fault.Taken("slug", "đã có"), true}, "two taken": {append(fault.Taken("a", "x"), fault.Taken("b", "y")...), true},
		"taken and wrong": {both, false}, "wrong": {fault.Invalid{{Name: "a", Message: "x"}}, false}, "none": {fault.Invalid{}, false},
		"wrapped": {fmt.Errorf("register: %w", fault.Taken("slug", "đã có")), true},
	} {
		var wrong fault.Invalid
		if got := errors.Is(c.err, fault.Conflict); got != c.want || !errors.As(c.err, &wrong) || errors.Is(c.err, fault.Forbidden) {
			t.Errorf("%s: a conflict is %v, want %v", name, got, c.want)
		}
	}
}
