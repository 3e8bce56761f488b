package plan

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"txng/authz"
	"txng/modules/catalog"
	"txng/modules/internal/vi"
	"txng/tenant"
	"txng/tenant/fault"
)

// PlanID, TargetID and TaskID are the numbers of records.
type (
	PlanID   int64
	TargetID int64
	TaskID   int64
)

// Plan is a plan that a province has put in. Plans are never changed; a corrected one has a number of its own.
type Plan struct {
	TenantID         tenant.ID // who put it in; a successor province reads it
	ID               PlanID
	Number           string // "" when it is not known
	Title, Issuer    string
	Issued           Date
	FromYear, ToYear int
	Orientation      string
	Basis, Funding   []string
	Notes            []string
	Source           string
	CreatedAt        time.Time
}

// Name is how people call the plan: "Kế hoạch số 146/KH-UBND ngày 01/08/2022".
func (p Plan) Name() string { return nameOf(p.Number, p.Issued) }

// Period is the plan's years: "2021–2025", "2024".
func (p Plan) Period() string {
	if p.FromYear == p.ToYear {
		return strconv.Itoa(p.FromYear)
	}
	return fmt.Sprintf("%d–%d", p.FromYear, p.ToYear)
}

func nameOf(number string, issued Date) string {
	when := map[int]string{4: " năm ", 7: " tháng ", 10: " ngày "}[len(issued)] + issued.Show()
	if number == "" {
		return "Kế hoạch ban hành" + when
	}
	return "Kế hoạch số " + number + when
}

// Department is a body that takes part in a plan, by the name that it had then.
type Department struct {
	PlanID     PlanID
	Code, Name string
	Role       string
}

// abbreviations are the names that officers shorten, by the code that plans give the department.
var abbreviations = map[string]struct{ name, short string }{
	"NBC":     {"Trung tâm Mã số, Mã vạch Quốc gia", "NBC"},
	"SATTP":   {"Sở An toàn thực phẩm", "Sở ATTP"},
	"SGDDT":   {"Sở Giáo dục và Đào tạo", "Sở GD&ĐT"},
	"SKHCN":   {"Sở Khoa học và Công nghệ", "Sở KH&CN"},
	"SKHDT":   {"Sở Kế hoạch và Đầu tư", "Sở KH&ĐT"},
	"SNNMT":   {"Sở Nông nghiệp và Môi trường", "Sở NN&MT"},
	"SNNPTNT": {"Sở Nông nghiệp và Phát triển nông thôn", "Sở NN&PTNT"},
	"STNMT":   {"Sở Tài nguyên và Môi trường", "Sở TN&MT"},
	"STTTT":   {"Sở Thông tin và Truyền thông", "Sở TT&TT"},
}

// shortName returns a department's name as tables show it: "Sở KH&CN". The name itself where there is no other, and
// where a plan uses the code for another body.
func shortName(code, name string) string {
	if a, ok := abbreviations[code]; ok && strings.HasPrefix(name, a.name) {
		return a.short
	}
	return name
}

// Target is an indicator (chỉ tiêu) of a plan.
type Target struct {
	TenantID               tenant.ID
	ID                     TargetID
	PlanID                 PlanID
	Code, Text             string
	Kind                   Kind
	Op                     Op
	Value                  *int64 // thousandths; the digits of a milestone's date, in thousandths; nil for a text
	Due                    int    // year
	Measure                MeasureKey
	Numerator, Denominator string
	Lead                   string
	With                   []string `db:"with_departments"`
}

// Goal is what is to be reached, in words: "≥ 30 %", "≥ 5", "01/06/2025"; "" for a target without a value.
func (t Target) Goal() string {
	if t.Value == nil {
		return ""
	}
	if t.Kind == Milestone {
		return strings.TrimSpace(t.Op.Label() + " " + milestone(*t.Value).Show())
	}
	return t.Op.Label() + " " + Amount(t.Kind, *t.Value)
}

// Amount writes a number of thousandths as the kind of target is written: "33,3 %", "5", "162.267 ha", "300.000.000 đ".
func Amount(k Kind, thousandths int64) string {
	places := 0
	for _, unit := range []int64{1000, 100, 10} {
		if thousandths%unit == 0 {
			break
		}
		places++
	}
	return vi.Decimal(float64(thousandths)/1000, places) + map[Kind]string{Percent: " %", Area: " ha", Money: " đ"}[k]
}

// stored returns a target's value as it is stored.
func (t FileTarget) stored() (*int64, error) {
	switch {
	case t.Value == "":
		return nil, nil
	case t.Kind == Milestone:
		n, err := strconv.ParseInt(strings.ReplaceAll(string(t.Value), "-", ""), 10, 64)
		n *= 1000
		return &n, err
	}
	r, ok := new(big.Rat).SetString(string(t.Value))
	if !ok {
		return nil, fmt.Errorf("value of target %s is no number: %q", t.Code, t.Value)
	}
	n, err := strconv.ParseInt(r.Mul(r, big.NewRat(1000, 1)).FloatString(0), 10, 64)
	return &n, err
}

// milestone returns the date of a milestone's stored value: 202506000 is 2025-06.
func milestone(value int64) Date {
	digits := strconv.FormatInt(value/1000, 10)
	date := digits[:min(4, len(digits))]
	for i := 4; i+2 <= len(digits); i += 2 {
		date += "-" + digits[i:i+2]
	}
	return Date(date)
}

// TaskState is where a task stands.
type TaskState string

// The states of a task, in their order.
const (
	Assigned TaskState = "assigned"
	Doing    TaskState = "doing"
	Done     TaskState = "done"
)

// TaskStates lists the states of a task with their names on pages.
var TaskStates = []struct {
	State TaskState
	Name  string
}{{Assigned, "Đã giao"}, {Doing, "Đang thực hiện"}, {Done, "Hoàn thành"}}

// Name returns the state's name on pages.
func (s TaskState) Name() string {
	if i := s.rank(); i >= 0 {
		return TaskStates[i].Name
	}
	return string(s)
}

// rank is the state's place in the order, -1 for an unknown one.
func (s TaskState) rank() int {
	for i, known := range TaskStates {
		if known.State == s {
			return i
		}
	}
	return -1
}

// Reachable are the states that a report may leave a task in: the same, the next one, or any before it.
func (s TaskState) Reachable() []TaskState {
	var states []TaskState
	for i, known := range TaskStates {
		if i <= s.rank()+1 {
			states = append(states, known.State)
		}
	}
	return states
}

// Task is one piece of work (nhiệm vụ) of a plan, with how far it has come.
type Task struct {
	TenantID   tenant.ID
	ID         TaskID
	PlanID     PlanID
	PlanNumber string
	PlanIssued Date
	ToYear     int // last year of the plan's period
	Code, Text string
	Group      Group `db:"task_group"`
	Lead       string
	LeadName   string
	With       []string `db:"with_departments"`
	Due        Date     // "" means the end of the plan's period
	Planned    int      // of Unit; 0 when the plan counts nothing
	Unit       string
	Output     string
	Funding    string
	State      TaskState
	Done       int // of Unit
	Evidence   string
	ChangedAt  time.Time
}

// PlanName is how people call the task's plan.
func (t Task) PlanName() string { return nameOf(t.PlanNumber, t.PlanIssued) }

// Deadline is the task's due date, or the end of the plan's period.
func (t Task) Deadline() Date {
	if t.Due != "" {
		return t.Due
	}
	return Date(fmt.Sprintf("%04d", t.ToYear))
}

// Overdue reports whether the task should have been done by now.
func (t Task) Overdue(now time.Time) bool {
	last := t.Deadline().Last()
	end := time.Date(last.Year(), last.Month(), last.Day()+1, 0, 0, 0, 0, vi.Zone)
	return t.State != Done && !now.Before(end)
}

// Result says how much is done: "3/5 khóa", "4 khóa"; "" for a task that counts nothing.
func (t Task) Result() string {
	switch {
	case t.Planned > 0:
		return fmt.Sprintf("%s/%s %s", vi.Int(int64(t.Done)), vi.Int(int64(t.Planned)), t.Unit)
	case t.Done > 0:
		return strings.TrimSpace(vi.Int(int64(t.Done)) + " " + t.Unit)
	}
	return ""
}

// MayReport reports whether the person's department leads the task or co-operates in it. The Department of Science and
// Technology follows up all tasks.
func MayReport(who authz.Identity, t Task) bool {
	if !who.Can(authz.TaskReport) {
		return false
	}
	if who.Role != authz.DepartmentOfficer && who.Role != authz.UnitOfficer {
		return true
	}
	return t.involves(who.Department)
}

// involves reports whether the department leads the task or co-operates in it.
func (t Task) involves(department string) bool {
	return department != "" && (department == t.Lead || slices.Contains(t.With, department))
}

// Limits of a report.
const (
	MaxDone     = 100_000
	maxEvidence = 1000
	minEvidence = 5
)

// checkReport says what is wrong with a report on a task, by the names of the form's fields.
func checkReport(t Task, done int, to TaskState, evidence string) error {
	var wrong fault.Invalid
	switch n := utf8.RuneCountInString(evidence); {
	case n > maxEvidence:
		wrong.Add("evidence", "Căn cứ dài quá %s ký tự.", vi.Int(maxEvidence))
	case to == Done && n < minEvidence:
		wrong.Add("evidence", "Nhiệm vụ hoàn thành phải có căn cứ: số văn bản, biên bản, đường dẫn tài liệu (ít nhất %d ký tự).", minEvidence)
	}
	if done < 0 || done > MaxDone {
		wrong.Add("done", "Số đã thực hiện từ 0 đến %s.", vi.Int(MaxDone))
	}
	switch {
	case to.rank() < 0:
		wrong.Add("state", "Chọn trạng thái của nhiệm vụ.")
	case !slices.Contains(t.State.Reachable(), to):
		wrong.Add("state", "Nhiệm vụ đang ở trạng thái “%s”, chưa chuyển ngay sang “%s” được; hãy chuyển qua “%s” trước.", t.State.Name(), to.Name(), TaskStates[t.State.rank()+1].Name)
	}
	return wrong.Err()
}

// catalogLists says on which of the province's lists a product of the file goes, and whether the list is an official
// one. What a business asks for and what a source only names is not.
var catalogLists = map[List]struct {
	list     catalog.List
	official bool
}{
	Mandatory: {"bat-buoc", true},
	Priority:  {"uu-tien", true},
	Specific:  {"dac-thu", true},
	Voluntary: {"dac-thu", false},
	Named:     {"dac-thu", false},
}

// Longest texts that the catalog and the plan's key take, shorter than what a file may hold.
const (
	maxNumber  = 200
	maxProduct = 200
	maxSource  = 500
)

// check finds what is wrong with a file that is to be stored: what Validate finds, and what is too long for its place.
func (f File) check() Errors {
	wrong := f.Validate()
	if utf8.RuneCountInString(f.Number) > maxNumber {
		wrong = append(wrong, PlaceError{"Kế hoạch, Số, ký hiệu", fmt.Sprintf("Dài quá %d ký tự.", maxNumber)})
	}
	for i, p := range f.Products {
		if utf8.RuneCountInString(p.Name) > maxProduct {
			wrong = append(wrong, PlaceError{nameAt(products, &f, i), fmt.Sprintf("Tên sản phẩm dài quá %d ký tự.", maxProduct)})
		}
	}
	return wrong.cut(0)
}

// listItems returns the file's products as entries of the province's lists.
func (f File) listItems() []catalog.NewListItem {
	var items []catalog.NewListItem
	for _, p := range f.Products {
		on := catalogLists[p.List]
		source := []rune(strings.Trim(p.Status+". "+p.Source, ". "))
		if p.Source == "" {
			source = []rune(strings.Trim(p.Status+". "+nameOf(f.Number, f.Issued), ". "))
		}
		items = append(items, catalog.NewListItem{
			List: on.list, Name: p.Name, Source: string(source[:min(len(source), maxSource)]), Official: on.official,
		})
	}
	// The catalog keeps the first of two entries of one name: let that be the official one.
	slices.SortStableFunc(items, func(a, b catalog.NewListItem) int {
		switch {
		case a.Official == b.Official:
			return 0
		case a.Official:
			return -1
		}
		return 1
	})
	return items
}
