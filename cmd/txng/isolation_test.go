package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"txng/tenant"
	"txng/tenant/proof"
	"txng/tenant/tenanttest"
)

// TestBenchProvesIsolation runs the whole of txng bench isolation in a small size: rules, attack, model, faults, the
// statements of the site with data of very different sizes, cost and fairness. Facts must be good on any machine.
func TestBenchProvesIsolation(t *testing.T) {
	var out bytes.Buffer
	examined := false
	c := benchIsolation{
		databaseFlags: databaseFlags{DatabaseURL: tenanttest.Database(t).URL, Secret: base64.StdEncoding.EncodeToString(tenanttest.Secret)},
		JSON:          true, Operations: 2_000, Rows: 3_000, Rounds: 10,
		// Faults of doors and rights, which each take a run of the model, are planted by package proof's test.
		plant: func(w recorded) []proof.Mutation {
			return slices.DeleteFunc(faultsOf(w), func(m proof.Mutation) bool { return m.Kind == "door" || m.Kind == "right" })
		},
		examine: func(site tenant.Config, w recorded, m isolation) {
			examined = true
			if said, err := checkAccess(t.Context(), site); err != nil || said != "" {
				t.Errorf("without any fault: %q, %v", said, err)
			}
			statementsKeepTenantsApart(t, w, m)
		},
	}
	if err := c.Run(&environment{t.Context(), &out, t.Output()}); err != nil {
		if measured := (onlyMeasured)(nil); !errors.As(err, &measured) {
			t.Error(err)
		} else {
			t.Log(err) // a busy machine's
		}
	}
	if !examined {
		t.Fatal("the bench did not come to its end")
	}
	var flat map[string]any
	if err := json.Unmarshal(out.Bytes(), &flat); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	figure := func(key string) float64 {
		v, ok := flat[key].(float64)
		if !ok {
			t.Errorf("%s is %v, want a number", key, flat[key])
		}
		return v
	}
	for _, zero := range []string{"catalog_findings", "leaks", "model_foreign_rows"} {
		if got := figure(zero); got != 0 {
			t.Errorf("%s = %g, want 0", zero, got)
		}
	}
	for key, least := range map[string]float64{"catalog_rules": 40, "attack_cases": 25_000, "model_operations": 2_000, "mutations_planted": 95} {
		if got := figure(key); got < least {
			t.Errorf("%s = %g, want %g or more", key, got, least)
		}
	}
	if planted, found := figure("mutations_planted"), figure("mutations_found"); planted != found {
		t.Errorf("%g of %g faults found", found, planted)
	}
	for _, ratio := range []string{"plan_buffers_ratio_max", "cost_open_scope_ratio", "cost_own_scope_ratio"} {
		if got := figure(ratio); got <= 0 || got > 100 {
			t.Errorf("%s = %g, want a ratio", ratio, got)
		}
	}
	missed, ok := flat["goals_missed"].([]any)
	if !ok {
		t.Errorf("goals_missed is %v, want a list", flat["goals_missed"])
	}
	for _, key := range missed {
		if !slices.Contains([]any{"cost_open_scope_ratio", "cost_own_scope_ratio", "fairness_median_ratio"}, key) {
			t.Errorf("goal missed: %v", key)
		}
	}
	for key, v := range flat {
		if _, number := v.(float64); !number && key != "goals_missed" {
			t.Errorf("%s is %v: the object is not flat", key, v)
		}
	}
}

// statementsKeepTenantsApart looks at what the site was seen to send while the demonstration was loaded and every page
// looked at, and at what came of it with the plans of the smallest tenant serving the largest.
func statementsKeepTenantsApart(t *testing.T, w recorded, m isolation) {
	t.Helper()
	for what, of := range map[string]func(proof.Statement) bool{
		"a province that gave communes away": func(s proof.Statement) bool { return strings.Contains(s.SQL, "as c (tenant, unit)") },
		"figures of a part":                  func(s proof.Statement) bool { return strings.Contains(s.SQL, "from kpi.part") },
		"the successor's page of figures": func(s proof.Statement) bool {
			return strings.Contains(s.SQL, "from kpi.part") && s.Role == "txng_merged"
		},
		"records of a province of before": func(s proof.Statement) bool {
			return strings.Contains(s.SQL, "from scan.scan") && s.Role == "txng_merged"
		},
		"the ministry's map": func(s proof.Statement) bool {
			return strings.Contains(s.SQL, "from tenant.part") && s.Role == "txng_ministry"
		},
	} {
		if !slices.ContainsFunc(w.statements, of) {
			t.Errorf("no statement over %s was recorded", what)
		}
	}
	for _, table := range m.short {
		if strings.Contains(table, "no row to copy") {
			t.Errorf("statements on %s would be measured without any row", table)
		}
	}
	r := m.replayed
	m.details(t.Output())
	if r.Statements < 100 {
		t.Errorf("only %d statements: the test has lost its subject", r.Statements)
	}
	if r.Ratio > goalPlans {
		t.Errorf("the plan of the smallest tenant reads %.2f times the pages: %s", r.Ratio, r.Worst[0].SQL)
	}
	if r.Back.Value > goalPlansBack {
		t.Errorf("the plan of the largest tenant reads %.2f times the smallest's pages: %s", r.Back.Value, r.Back.SQL)
	}
	for _, s := range r.Unnamed {
		t.Errorf("names no tenant: %s", s)
	}
	if len(r.Unmeasured) > 8 {
		t.Errorf("%d statements could not be run again", len(r.Unmeasured))
	}
	t.Logf("%d of %d faults found; %d statements (%d without a scan), %d not repeated; largest ratio %.2f, back %.2f", m.mutated.Found, m.mutated.Planted, r.Statements, r.Scanless, len(r.Unmeasured), r.Ratio, r.Back.Value)
}

// TestGoalsAreJudged: a fact that is not as it must be ends the bench with 1 whatever the figures measured, these alone
// with a code of their own.
func TestGoalsAreJudged(t *testing.T) {
	t.Parallel()
	good := func() isolation {
		var m isolation
		m.mutated.Planted, m.mutated.Found = 40, 40
		m.replayed.Worst = []proof.Ratio{{SQL: "select"}}
		m.costs.Open, m.costs.Own, m.fair.Median = goalOpenScope, goalOwnScope, goalFairness
		return m
	}
	if err := good().missed(); err != nil {
		t.Errorf("everything at its goal: %v", err)
	}
	for key, spoil := range map[string]func(m *isolation){
		"catalog_findings":           func(m *isolation) { m.findings = make([]tenant.Finding, 1) },
		"attack_empty_tables":        func(m *isolation) { m.attacked.Empty = []string{"x"} },
		"leaks":                      func(m *isolation) { m.attacked.Leaks = []string{"x"} },
		"model_foreign_rows":         func(m *isolation) { m.modelled.Foreign = 1 },
		"model_lost_or_doubled_rows": func(m *isolation) { m.modelled.Lost = 1 },
		"model_differences":          func(m *isolation) { m.modelled.Differences = 1 },
		"mutations_found":            func(m *isolation) { m.mutated.Found = 39 },
		"statements_without_tenant":  func(m *isolation) { m.replayed.Unnamed = []string{"x"} },
		"plan_buffers_ratio_max":     func(m *isolation) { m.replayed.Ratio = 2.01 },
		"plan_buffers_ratio_back":    func(m *isolation) { m.replayed.Back.Value = 5.01 },
		"cost_open_scope_ratio":      func(m *isolation) { m.costs.Open = 1.06 },
		"cost_own_scope_ratio":       func(m *isolation) { m.costs.Own = 1.51 },
		"fairness_median_ratio":      func(m *isolation) { m.fair.Median = 2.01 },
	} {
		for _, slow := range []bool{false, true} {
			m := good()
			if slow {
				m.costs.Own = 3 // beside it
			}
			spoil(&m)
			code := 1
			if strings.HasPrefix(key, "cost_") || strings.HasPrefix(key, "fairness_") {
				code = 3
			}
			err := m.missed()
			got := 1
			if coded, ok := errors.AsType[onlyMeasured](err); ok {
				got = coded.exitCode()
			}
			if err == nil || got != code || !strings.Contains(err.Error(), key) {
				t.Errorf("%s missed: ends with %d and %q, want %d and the key", key, got, err, code)
			}
			var out bytes.Buffer
			if err := m.print(&environment{t.Context(), &out, &out}, false); err != nil || !strings.Contains(out.String(), "chưa đạt") {
				t.Errorf("%s missed: the table does not say so: %v", key, err)
			}
		}
	}
}
