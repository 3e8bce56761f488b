package ui

// Verdict is what a scanned code is worth. Kind is "genuine", "caution", "bad" or "unknown".
type Verdict struct{ Kind, Word, Sentence string }

func (v Verdict) kind() string {
	switch v.Kind {
	case "genuine", "caution", "bad":
		return v.Kind
	}
	return "unknown"
}

func (v Verdict) icon() string {
	switch v.Kind {
	case "genuine":
		return "verified"
	case "caution":
		return "alert"
	case "bad":
		return "blocked"
	}
	return "unknown"
}
