package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Goals of figures that are no plain zero.
const (
	goalPlans     = 2.0
	goalPlansBack = 5.0 // the smallest tenant's own few pages, not the largest one's many
	goalOpenScope = 1.05
	goalOwnScope  = 1.5
	goalFairness  = 2.0 // the neighbour of a tenant that asks for ten times what there is
)

// goal is what a figure must be: at most the limit, or equal to it. A measured one depends on what else the machine does.
type goal struct {
	limit           float64
	equal, measured bool
}

// judged is a figure with its goal, nil for none.
type judged struct {
	figure
	goal *goal
}

// met reports whether the figure has reached its goal. A figure that is no number has not.
func (j judged) met() bool {
	if j.goal.equal {
		return j.value == j.goal.limit
	}
	return j.value <= j.goal.limit
}

// wanted is the goal in words.
func (j judged) wanted() string {
	if j.goal.equal {
		return fmt.Sprintf("= %g", j.goal.limit)
	}
	return fmt.Sprintf("≤ %g", j.goal.limit)
}

// number is the figure's value: a count whole, a ratio with four digits.
func (j judged) number() string {
	if j.value == math.Trunc(j.value) {
		return strconv.FormatFloat(j.value, 'f', 0, 64)
	}
	return fmt.Sprintf("%.4g", j.value)
}

func (j judged) verdict() string {
	if j.met() {
		return "đạt"
	}
	return "chưa đạt"
}

func (j judged) sentence() string {
	return fmt.Sprintf("chưa đạt mục tiêu %s: %s, mục tiêu %s", j.key, j.number(), j.wanted())
}

// judged returns the figures with their goals.
func (m isolation) judged() []judged {
	none := &goal{equal: true}
	goals := map[string]*goal{
		"catalog_findings":           none,
		"attack_empty_tables":        none,
		"leaks":                      none,
		"model_foreign_rows":         none,
		"model_lost_or_doubled_rows": none,
		"model_differences":          none,
		"mutations_found":            {limit: float64(m.mutated.Planted), equal: true},
		"statements_without_tenant":  none,
		"plan_buffers_ratio_max":     {limit: goalPlans},
		"plan_buffers_ratio_back":    {limit: goalPlansBack},
		"cost_open_scope_ratio":      {limit: goalOpenScope, measured: true},
		"cost_own_scope_ratio":       {limit: goalOwnScope, measured: true},
		"fairness_median_ratio":      {limit: goalFairness, measured: true},
	}
	var list []judged
	for _, f := range m.figures() {
		list = append(list, judged{f, goals[f.key]})
	}
	return list
}

// print prints a table with each goal and whether it is met, or one flat JSON object with the keys of the goals that
// are missed beside the figures.
func (m isolation) print(e *environment, asJSON bool) error {
	if asJSON {
		missed := []string{}
		flat := map[string]any{}
		for _, j := range m.judged() {
			flat[j.key] = j.value
			if j.goal != nil && !j.met() {
				missed = append(missed, j.key)
			}
		}
		flat["goals_missed"] = missed
		return json.NewEncoder(e.out).Encode(flat)
	}
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	for _, j := range m.judged() {
		wanted, verdict := "", ""
		if j.goal != nil {
			wanted, verdict = "mục tiêu "+j.wanted(), j.verdict()
		}
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\n", j.says, j.number(), j.unit, wanted, verdict)
	}
	return w.Flush()
}

// onlyMeasured is the error of goals that a busy machine can miss, when all others are met.
type onlyMeasured []judged

func (o onlyMeasured) Error() string {
	list := []string{"mọi sự thật về cách ly đều đạt; số đo trên máy này thì chưa:"}
	for _, j := range o {
		list = append(list, j.sentence())
	}
	return strings.Join(list, "\n")
}

// exitCode is the code with which the command ends: see benchIsolation.Help.
func (o onlyMeasured) exitCode() int { return 3 }
