package ui

// Kinds of status, notice and flash. An unknown kind counts as neutral.
const (
	Success = "success"
	Warning = "warning"
	Danger  = "danger"
	Info    = "info"
	Neutral = "neutral"
)

// Link is a place to go to, with its words.
type Link struct{ Label, Href, Icon string }

// Status is a state of a record; Word is shown beside the colour and the icon of Kind.
type Status struct{ Kind, Word string }

// Stat is one number of a row of numbers. Value is already written the Vietnamese way.
// Kind colours the hint; Href makes the whole box a link.
type Stat struct{ Label, Value, Hint, Href, Kind string }

// Empty explains a place with nothing in it: why, and what to do next.
type Empty struct {
	Icon, Why, Next string
	Action          Link
}

func kindOf(kind string) string {
	switch kind {
	case Success, Warning, Danger, Info:
		return kind
	}
	return Neutral
}

func kindIcon(kind string) string {
	switch kind {
	case Success:
		return "success"
	case Warning:
		return "alert"
	case Danger:
		return "error"
	case Info:
		return "info"
	}
	return "neutral"
}

// percent is done of total in 0..100; nothing of nothing is 0.
func percent(done, total int64) int64 {
	if total <= 0 || done <= 0 {
		return 0
	}
	return min(100, done*100/total)
}
