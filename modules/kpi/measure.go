package kpi

import (
	"slices"

	"txng/modules/internal/vi"
	"txng/modules/plan"
)

// Measure is something that is counted. Its definition and the words for numerator and denominator are Vietnamese.
type Measure struct {
	Key, Name, Definition  string
	Numerator, Denominator string // what both count; Denominator is "" for a plain number
	Kind                   plan.Kind
	// Manual says that departments report by hand: the platform has no rows to compute from and shows no number.
	Manual bool
	// OfTasks says that the rows are tasks, so that they can be those of one plan.
	OfTasks bool
	// rows selects the rows behind the measure: tenant_id, name, detail, link, numerator, denominator, and org_id where
	// they belong to organizations. $1 are the tenants that are read, $2 is the plan (0 for all), which only measures of
	// tasks look at, $3 is the home tenant, which only names orders.
	rows string
}

// Value is a measure's value: the sums over its rows.
type Value struct{ Numerator, Denominator int64 }

// Known reports whether there is a number at all: a share of nothing is none.
func (m Measure) Known(v Value) bool {
	return !m.Manual && (m.Kind != plan.Percent || v.Denominator > 0)
}

// Show writes a value: "33,3 %", "1.200"; "Chưa có số liệu" where there is none.
func (m Measure) Show(v Value) string {
	switch {
	case !m.Known(v):
		return "Chưa có số liệu"
	case m.Kind == plan.Percent:
		return vi.Percent(v.Numerator, v.Denominator)
	}
	return vi.Int(v.Numerator)
}

// Share writes numerator and denominator: "3 / 10"; the numerator alone where there is no denominator.
func (m Measure) Share(v Value) string {
	if m.Denominator == "" {
		return vi.Int(v.Numerator)
	}
	return vi.Int(v.Numerator) + " / " + vi.Int(v.Denominator)
}

// Thousandths returns the value as targets hold theirs.
func (m Measure) Thousandths(v Value) int64 {
	if m.Kind != plan.Percent {
		return v.Numerator * 1000
	}
	if v.Denominator == 0 {
		return 0
	}
	return v.Numerator * 100_000 / v.Denominator
}

// Keys of measures that the platform follows beside those of the plans' targets.
const (
	StagePlan           = "stage_plan"
	StageTraining       = "stage_training"
	StageList           = "stage_list"
	StageInfrastructure = "stage_infrastructure"
	StageDeployed       = "stage_deployed"
	Organizations       = "organizations"
	Products            = "products"
	StampsOrdered       = "stamps_ordered"
	StampsActivated     = "stamps_activated"
	Scans               = "scans"
	TasksDone           = "tasks_done"
	TargetsMet          = "targets_met"
)

// Stages are the measures of the national funnel in its order: a province has reached a stage when its value is not 0.
var Stages = []string{StagePlan, StageTraining, StageList, StageInfrastructure, StageDeployed}

// Measures returns every measure: those that targets of plans use, then those that the platform follows.
func Measures() []Measure { return slices.Clone(measures) }

// MeasureOf returns the measure with the key.
func MeasureOf(key string) (Measure, bool) {
	i := slices.IndexFunc(measures, func(m Measure) bool { return m.Key == key })
	if i < 0 {
		return Measure{}, false
	}
	return measures[i], true
}

// measures is filled from the plan's measures, with how each is computed here.
var measures = func() []Measure {
	var all []Measure
	for _, p := range plan.Measures() {
		m := Measure{
			Key: string(p.Key), Name: p.Name, Definition: p.Definition, Numerator: p.Numerator, Denominator: p.Denominator,
			Kind: p.Kind, Manual: true,
		}
		if c, ok := computed[p.Key]; ok {
			m.Manual, m.rows, m.OfTasks = false, c.rows, c.ofTasks
			m.Definition += " " + c.how
			if c.numerator != "" {
				m.Numerator, m.Denominator = c.numerator, c.denominator
			}
		}
		all = append(all, m)
	}
	return append(all, followed...)
}()
