package plan

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed programmes/*.yaml
var programmeFiles embed.FS

// Programme is a real plan that comes with the platform, to start a province from or to learn from.
type Programme struct {
	// Slug is the province at the time of the plan: "nghe-an", "quang-nam", "bac-giang", "da-nang" or "ho-chi-minh".
	Slug string
	File File
}

// Programmes returns the five plans that come with the platform. The caller owns the result.
func Programmes() []Programme {
	var out []Programme
	for _, slug := range []string{"nghe-an", "quang-nam", "bac-giang", "da-nang", "ho-chi-minh"} {
		b, err := programmeFiles.ReadFile("programmes/" + slug + ".yaml")
		if err != nil {
			panic(err) // embedded at build time
		}
		f, wrong := readYAML(b)
		if len(wrong) > 0 {
			panic(slug + ": " + wrong.Error()) // a test reads each of them
		}
		out = append(out, Programme{slug, f})
	}
	return out
}

// yamlReader walks the syntax tree rather than decoding into structs: every error then has its line and its field,
// nothing is expanded, and all errors come at once.
type yamlReader struct {
	checker checker
	lines   map[spot]int // where each field, or its record, stands
	errors  []lineError  // not about a field of the plan
	more    int          // such errors beyond the number worth keeping
}

type lineError struct {
	line int
	PlaceError
}

// readYAML reads and checks a plan in YAML.
func readYAML(b []byte) (File, Errors) {
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(b))
	if err := decoder.Decode(&document); err != nil {
		return File{}, yamlSyntax(err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			return File{}, yamlSyntax(err)
		}
		return File{}, wholeFile("Tệp YAML chỉ được có một tài liệu; bỏ phần sau dấu “---”.")
	}
	r := yamlReader{lines: map[spot]int{}}
	if at := anchor(&document); at != nil {
		r.fail(at, "Dòng %d", "Không dùng neo (&) hay bí danh (*) trong tệp kế hoạch.")
		return File{}, r.all(nil)
	}
	var f File
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return File{}, wholeFile("Nội dung phải là các mục “tên: giá trị”, bắt đầu từ number, title, issuer.")
	}
	r.readPlan(document.Content[0], &f)
	r.checker.check(&f)
	wrong := r.all(&f)
	if len(wrong) > 0 {
		return File{}, wrong
	}
	return f, nil
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

func yamlSyntax(err error) Errors {
	if errors.Is(err, io.EOF) {
		return wholeFile("Tệp YAML không có nội dung.")
	}
	place := "Tệp kế hoạch"
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		place = "Dòng " + m[1]
	}
	return Errors{{place, "Không đọc được YAML tại đây hoặc ngay phía trên; kiểm tra thụt đầu dòng (dùng dấu cách, không dùng tab), " +
		"dấu hai chấm, dấu ngoặc kép, và bảng mã UTF-8."}}
}

// anchor returns the first node that is an alias or can be the target of one, or nil.
func anchor(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return n
	}
	for _, child := range n.Content {
		if found := anchor(child); found != nil {
			return found
		}
	}
	return nil
}

func (r *yamlReader) fail(n *yaml.Node, place, format string, args ...any) {
	if len(r.errors) == 10*maxErrors {
		r.more++
		return
	}
	r.errors = append(r.errors, lineError{n.Line, PlaceError{fmt.Sprintf(place, n.Line), fmt.Sprintf(format, args...)}})
}

func (r *yamlReader) readPlan(n *yaml.Node, f *File) {
	r.lines[spot{}] = n.Line
	lists := map[string]func(*yaml.Node){
		departments.key: func(n *yaml.Node) { readYAMLSection(r, departments, n, f) },
		targets.key:     func(n *yaml.Node) { readYAMLSection(r, targets, n, f) },
		tasks.key:       func(n *yaml.Node) { readYAMLSection(r, tasks, n, f) },
		products.key:    func(n *yaml.Node) { readYAMLSection(r, products, n, f) },
	}
	readYAMLFields(r, "", 0, planFields, n, f, lists)
}

func readYAMLSection[T any](r *yamlReader, s section[T], n *yaml.Node, f *File) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.fail(n, "Dòng %d, mục “"+s.key+"”", "Phải là danh sách, mỗi %s bắt đầu bằng dấu “-”.", s.noun)
		return
	}
	rows := s.rows(f)
	for i, item := range n.Content {
		var t T
		r.lines[spot{s.key, i, ""}] = item.Line
		if item.Kind == yaml.MappingNode {
			readYAMLFields(r, s.key, i, s.fields, item, &t, nil)
		} else {
			r.fail(item, "Dòng %d, "+fmt.Sprintf("%s thứ %d", s.noun, i+1), "Phải gồm các mục “tên: giá trị”.")
			for _, field := range s.fields {
				r.checker.hide(spot{s.key, i, field.key})
			}
		}
		*rows = append(*rows, t)
	}
}

// readYAMLFields reads one record. Fields are set in the order of the schema, not of the file: a value is read by its
// kind.
func readYAMLFields[T any](r *yamlReader, section string, index int, fields []field[T], n *yaml.Node, t *T, lists map[string]func(*yaml.Node)) {
	given, known := map[string]*yaml.Node{}, knownFields(section, lists)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, content := n.Content[i], n.Content[i+1]
		name := key.Value
		switch {
		case !slices.Contains(fieldOrder[section], name) && lists[name] == nil:
			r.fail(key, "Dòng %d, trường “"+strings.ReplaceAll(short(name), "%", "%%")+"”", "Không có trường này; các trường dùng được: %s.", known)
		case given[name] != nil:
			r.fail(key, "Dòng %d, trường “"+name+"”", "Trường bị ghi hai lần.")
		default:
			given[name] = content
			r.lines[spot{section, index, name}] = key.Line
		}
	}
	for _, field := range fields {
		content := given[field.key]
		if content == nil {
			continue
		}
		at := spot{section, index, field.key}
		text, wrong := yamlText(content, field.form)
		if wrong == "" {
			wrong = field.set(t, text)
		}
		if wrong != "" {
			r.checker.add(at, "%s", wrong)
		}
	}
	for _, name := range sectionOrder {
		if read := lists[name]; read != nil && given[name] != nil {
			read(given[name])
		}
	}
}

// knownFields lists the keys that a record may have.
func knownFields(section string, lists map[string]func(*yaml.Node)) string {
	names := slices.Clone(fieldOrder[section])
	if lists != nil {
		names = append(names, sectionOrder[1:]...)
	}
	return strings.Join(names, ", ")
}

// yamlText is the text of a field: of one scalar, or of a list of scalars as lines.
func yamlText(n *yaml.Node, form form) (text, wrong string) {
	switch {
	case isNull(n):
		return "", ""
	case !form.list():
		if n.Kind != yaml.ScalarNode {
			return "", "Phải là một giá trị, không phải danh sách hay nhóm."
		}
		return n.Value, ""
	case n.Kind != yaml.SequenceNode:
		return "", "Phải là danh sách, ví dụ [SCT, SYT] hoặc mỗi mục một dòng bắt đầu bằng dấu “-”."
	}
	var items []string
	for _, item := range n.Content {
		if item.Kind != yaml.ScalarNode {
			return "", "Mỗi mục của danh sách phải là một giá trị; nếu có dấu hai chấm, đặt cả mục trong ngoặc kép."
		}
		items = append(items, clean(item.Value))
	}
	return strings.Join(items, "\n"), ""
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// all is every error in the order of lines.
func (r *yamlReader) all(f *File) Errors {
	out := r.errors
	for _, p := range r.checker.problems {
		line, place := r.place(p.at, f)
		out = append(out, lineError{line, PlaceError{place, p.message}})
	}
	slices.SortStableFunc(out, func(a, b lineError) int { return cmp.Compare(a.line, b.line) })
	var wrong Errors
	for _, e := range out {
		wrong = append(wrong, e.PlaceError)
	}
	return wrong.cut(r.more)
}

// place names a spot: the line of its field, or of its record when the field is missing.
func (r *yamlReader) place(at spot, f *File) (line int, place string) {
	line, ok := r.lines[at]
	if !ok {
		line = cmp.Or(r.lines[spot{at.section, at.index, ""}], 1)
	}
	place = "Dòng " + strconv.Itoa(line)
	if at.section != "" {
		record := f.where(spot{at.section, at.index, ""})
		place += ", " + strings.ToLower(string([]rune(record)[:1])) + string([]rune(record)[1:])
	}
	if at.field != "" {
		place += ", trường “" + at.field + "”"
	}
	return line, place
}
