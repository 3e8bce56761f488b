package archive

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// random32 returns 32 random bytes as PostgreSQL reads them: the hash of a secret that nobody has.
func random32() string {
	b := make([]byte, 32)
	rand.Read(b)
	return `\x` + hex.EncodeToString(b)
}

// kind is how values of a type are written.
type kind int

const (
	asText   kind = iota // a string as PostgreSQL writes the type
	asItself             // a number or a boolean
	asTime               // a string, RFC 3339 in UTC
	asBytes              // base64, or a file
	asList               // an array of strings
)

func kindOf(typ string) kind {
	switch {
	case strings.HasSuffix(typ, "[]"):
		return asList
	case typ == "integer", typ == "smallint", typ == "boolean":
		return asItself
	case typ == "timestamp with time zone":
		return asTime
	case typ == "bytea":
		return asBytes
	}
	return asText
}

// expression returns what to select of a column so that text comes out, or bytes of a bytea.
func expression(column, typ string) string {
	switch kindOf(typ) {
	case asBytes:
		return column
	case asList:
		return "to_json(" + column + "::text[])::text"
	}
	return column + "::text"
}

// databaseTime is how PostgreSQL writes a time in UTC.
var databaseTime = regexp.MustCompile(`^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)\+00$`)

// appendValue appends a value that expression has selected, as JSON. Bytes are handled by the caller.
func appendValue(line []byte, k kind, value []byte) []byte {
	switch k {
	case asItself:
		switch string(value) { // booleans of ::text are whole words
		case "true", "false":
		default:
			if _, err := strconv.Atoi(string(value)); err != nil {
				return appendString(line, string(value))
			}
		}
		return append(line, value...)
	case asList:
		return append(line, value...)
	case asTime:
		if m := databaseTime.FindSubmatch(value); m != nil {
			value = fmt.Appendf(nil, "%sT%sZ", m[1], m[2])
		}
	}
	return appendString(line, string(value))
}

func appendString(line []byte, s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always has a form
	return append(line, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}

var errValue = errors.New("not a value of the column's type")

// parseValue returns a JSON value as the text that PostgreSQL reads for the type; null is nil. Files are handled by the
// caller.
func parseValue(k kind, raw json.RawMessage) (*string, error) {
	raw = bytes.TrimSpace(raw)
	if string(raw) == "null" {
		return nil, nil
	}
	var text string
	var err error
	switch k {
	case asItself:
		switch {
		case string(raw) == "true", string(raw) == "false":
			text = string(raw)
		default:
			var n int64
			n, err = strconv.ParseInt(string(raw), 10, 64)
			text = strconv.FormatInt(n, 10)
		}
	case asList:
		var list []*string
		if err = json.Unmarshal(raw, &list); err == nil {
			text = arrayText(list)
		}
	case asBytes:
		var b []byte
		if err = json.Unmarshal(raw, &text); err == nil {
			b, err = base64.StdEncoding.DecodeString(text)
		}
		text = `\x` + hex.EncodeToString(b)
	default:
		err = json.Unmarshal(raw, &text)
	}
	if err != nil || strings.ContainsRune(text, 0) {
		return nil, errValue
	}
	return &text, nil
}

// arrayText writes an array as PostgreSQL reads it.
func arrayText(list []*string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		if s == nil {
			b.WriteString("NULL")
			continue
		}
		b.WriteByte('"')
		b.WriteString(strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(*s))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

// copyEscape are the characters that COPY's text format writes otherwise.
var copyEscape = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

// appendCopy appends a value to a line of COPY's text format.
func appendCopy(line []byte, value *string) []byte {
	if value == nil {
		return append(line, `\N`...)
	}
	return append(line, copyEscape.Replace(*value)...)
}
