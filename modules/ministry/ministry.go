package ministry

import (
	"fmt"
	"time"

	"txng/modules/internal/vi"
	"txng/modules/kpi"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/unit"
)

// Province is a province with the newest value of each measure.
type Province struct {
	registration
	ComputedAt time.Time // of the newest roll-up; zero when there is none
	values     map[string]kpi.Value
	moved      []moved // communes that the province gave or took: of the present map only
}

// Value returns the newest value of a measure, and whether there is one.
func (p Province) Value(m kpi.Measure) (kpi.Value, bool) {
	v, ok := p.values[m.Key]
	return v, ok && m.Known(v)
}

// Deployed reports whether the province runs its programme here.
func (p Province) Deployed() bool { return p.State != tenant.Draft }

// HasNumbers reports whether there is anything to show of the province but dashes.
func (p Province) HasNumbers() bool { return p.Deployed() && !p.ComputedAt.IsZero() }

// Reached reports whether the province has reached a stage of the funnel.
func (p Province) Reached(stage string) bool { return p.values[stage].Numerator > 0 }

// Stages is the number of stages of the funnel that the province has reached.
func (p Province) Stages() int {
	n := 0
	for _, s := range kpi.Stages {
		if p.Reached(s) {
			n++
		}
	}
	return n
}

// place is the province's name in the tile map: the unit's, because a tenant chooses its own subdomain.
func (p Province) place() string {
	ref, err := unit.ParseRef(p.Unit)
	if err != nil {
		return p.Slug
	}
	u, ok := unit.ByRef(ref)
	if !ok {
		return p.Slug
	}
	return u.Slug
}

// stage is a stage of the national funnel with what was counted before the platform.
type stage struct {
	key    string
	label  string
	before int // of the 63 provinces of January 2022
}

// stages are the stages of the funnel. The figures are NBC's count of January 2022 over 63 provinces.
var stages = []stage{
	{kpi.StagePlan, "Đã ban hành kế hoạch", 55},
	{kpi.StageTraining, "Đã tuyên truyền, tập huấn", 45},
	{kpi.StageList, "Đã xác định sản phẩm đặc trưng, ưu tiên", 40},
	{kpi.StageInfrastructure, "Đã chuẩn bị hạ tầng công nghệ thông tin", 26},
	{kpi.StageDeployed, "Đã triển khai, dán tem một số sản phẩm", 25},
}

// provincesThen is the number of provinces in January 2022.
const provincesThen = 63

// stagesReached is the choice of the map that counts the stages of the funnel.
const stagesReached = "so-buoc"

// scale gives values of a map their shades 1 to 5, and the shades their words.
type scale struct {
	level  func(p Province) int
	text   func(p Province) string
	legend []string
}

// none is what a tile says of a province without a value.
const none = "chưa có số liệu"

// stageScale shades by the number of stages reached.
func stageScale() scale {
	return scale{
		level:  func(p Province) int { return max(1, p.Stages()) },
		text:   func(p Province) string { return fmt.Sprintf("%d/%d", p.Stages(), len(kpi.Stages)) },
		legend: []string{"0–1 bước", "2 bước", "3 bước", "4 bước", "5 bước"},
	}
}

// measureScale shades by a measure: a share by fifths of 100 %, a number by quarters of the largest.
func measureScale(m kpi.Measure, provinces []Province) scale {
	text := func(p Province) string {
		v, _ := p.Value(m)
		return m.Show(v)
	}
	if m.Kind == plan.Percent {
		return scale{
			level: func(p Province) int {
				v, _ := p.Value(m)
				return min(5, 1+int(m.Thousandths(v)/20_000))
			},
			text:   text,
			legend: []string{"dưới 20 %", "20–40 %", "40–60 %", "60–80 %", "từ 80 %"},
		}
	}
	var most int64
	for _, p := range provinces {
		if v, ok := p.Value(m); ok {
			most = max(most, v.Numerator)
		}
	}
	s := scale{text: text, legend: []string{"0"}, level: func(p Province) int {
		v, _ := p.Value(m)
		if v.Numerator == 0 {
			return 1
		}
		return 1 + int((4*v.Numerator+most-1)/most)
	}}
	for i := int64(0); i < 4; i++ {
		from, to := most*i/4+1, most*(i+1)/4
		words := vi.Int(from) + "–" + vi.Int(to)
		switch {
		case from > to:
			words = "—"
		case from == to:
			words = vi.Int(from)
		}
		s.legend = append(s.legend, words)
	}
	return s
}
