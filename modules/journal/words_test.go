package journal

import "testing"

func TestActionsAreNamedOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, a := range actions {
		if before, twice := seen[a.name]; twice {
			t.Errorf("%s is called %q and %q", a.name, before, a.words)
		}
		seen[a.name] = a.words
	}
}
