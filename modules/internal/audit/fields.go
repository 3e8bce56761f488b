package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Field is one value of a record in words: {"Trạng thái", "Chờ duyệt"}.
type Field struct{ Label, Value string }

// Fields are a record's values in words, in the order in which they are shown; nil is a record that is not there.
type Fields []Field

// With returns the fields and one more.
func (f Fields) With(label, value string) Fields {
	return append(f[:len(f):len(f)], Field{label, value})
}

// Of returns fields from labels and values in turn: Of("Trạng thái", "Chờ duyệt").
func Of(labelsAndValues ...string) Fields {
	if len(labelsAndValues)%2 != 0 {
		panic(fmt.Sprintf("audit: a label without a value in %q", labelsAndValues))
	}
	f := make(Fields, 0, len(labelsAndValues)/2)
	for i := 0; i < len(labelsAndValues); i += 2 {
		f = append(f, Field{labelsAndValues[i], labelsAndValues[i+1]})
	}
	return f
}

// get returns the value under a label.
func (f Fields) get(label string) (string, bool) {
	for _, x := range f {
		if x.Label == label {
			return x.Value, true
		}
	}
	return "", false
}

// String writes the fields as one text: "Trạng thái: Chờ duyệt; Lý do: —".
func (f Fields) String() string {
	list := make([]string, len(f))
	for i, x := range f {
		list[i] = x.Label + ": " + orDash(x.Value)
	}
	return strings.Join(list, "; ")
}

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

// Limits of what an entry keeps of a record: the length of a value, and of all of it as JSON.
const (
	maxValue  = 1000
	maxFields = 20_000
)

// encode returns fields as a JSON object in their order, nil for no record. Long values are cut, so that a long text
// never keeps its own change from being noted.
func (f Fields) encode() *string {
	if f == nil {
		return nil
	}
	for most := maxValue; ; most /= 2 {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		text := func(s string) {
			_ = e.Encode(strings.ToValidUTF8(s, "")) // a string into a buffer cannot fail
			b.Truncate(b.Len() - 1)                  // the encoder's line break
		}
		b.WriteByte('{')
		for i, x := range f {
			if i > 0 {
				b.WriteByte(',')
			}
			text(x.Label)
			b.WriteByte(':')
			text(cut(x.Value, max(most, 1)))
		}
		b.WriteByte('}')
		if s := b.String(); len([]rune(s)) <= maxFields || most == 0 {
			return &s
		}
	}
}

// Decode reads fields as an entry keeps them, in their order. What is no object of ours (entries of older versions)
// comes back as one field with the text as it is.
func Decode(text *string) Fields {
	if text == nil {
		return nil
	}
	whole := Fields{{"Nội dung", *text}}
	d := json.NewDecoder(strings.NewReader(*text))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return whole
	}
	f := Fields{}
	for d.More() {
		label, err := d.Token()
		if err != nil {
			return whole
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return whole
		}
		value := string(raw)
		_ = json.Unmarshal(raw, &value) // what is no string is shown as it stands
		f = append(f, Field{label.(string), value})
	}
	return f
}

// Difference is one value of a record before and after.
type Difference struct{ Label, Before, After string }

// Differences returns what differs between a record before and after, and everything when it was made or removed.
func Differences(before, after Fields) []Difference {
	var list []Difference
	for _, b := range before {
		a, _ := after.get(b.Label)
		if after == nil || a != b.Value {
			list = append(list, Difference{b.Label, b.Value, a})
		}
	}
	for _, a := range after {
		if _, there := before.get(a.Label); !there {
			list = append(list, Difference{a.Label, "", a.Value})
		}
	}
	return list
}

// inWords says what changed of a record that was there before and is still there: "Trạng thái: Chờ duyệt → Đã duyệt".
// A record that was made or removed says so by its sentence alone.
func inWords(before, after Fields) string {
	if before == nil || after == nil {
		return ""
	}
	var list []string
	for _, d := range Differences(before, after) {
		list = append(list, d.Label+": "+orDash(d.Before)+" → "+orDash(d.After))
	}
	return strings.Join(list, "; ")
}
