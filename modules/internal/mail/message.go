package mail

import (
	"bytes"
	"fmt"
	"html/template"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
)

// Message is one letter, in Vietnamese, to one person.
type Message struct {
	To      string // address only: "ten@donvi.vn"
	Name    string // of the person; may be empty
	Subject string
	Lines   []string // paragraphs before the link
	Link    Link     // what the person is to open; may be zero
	After   []string // paragraphs after the link
	At      time.Time
}

// Link is a button of a letter.
type Link struct{ Label, URL string }

// maxLine is the longest paragraph or header of a letter, in characters.
const maxLine = 2000

// compose returns the letter as it goes out, or an error that names what of it cannot be sent.
func (m Message) compose(from *mail.Address) (*gomail.Msg, error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil || to.Address != m.To {
		return nil, fmt.Errorf("compose a letter: %q is not an address", m.To)
	}
	to.Name = m.Name
	for _, line := range append(append([]string{m.Name, m.Subject, m.Link.Label, m.Link.URL, to.Address}, m.Lines...), m.After...) {
		if !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) || utf8.RuneCountInString(line) > maxLine {
			return nil, fmt.Errorf("compose a letter: a line of it is too long or has control characters: %.40q", line)
		}
	}
	if m.Subject == "" {
		return nil, fmt.Errorf("compose a letter: no subject")
	}
	var page bytes.Buffer
	if err := letter.Execute(&page, m); err != nil {
		return nil, fmt.Errorf("compose a letter: %w", err)
	}
	g := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	g.FromMailAddress(from)
	g.ToMailAddress(to)
	g.Subject(m.Subject)
	g.SetDateWithValue(m.At)
	_, domain, _ := strings.Cut(from.Address, "@")
	g.SetMessageIDWithValue(messageID(m.At) + "@" + domain)
	g.SetGenHeader("Auto-Submitted", "auto-generated")
	g.SetGenHeader("Content-Language", "vi")
	g.SetBodyString(gomail.TypeTextPlain, m.text())
	g.AddAlternativeString(gomail.TypeTextHTML, page.String())
	return g, nil
}

func (m Message) text() string {
	lines := append([]string(nil), m.Lines...)
	if m.Link.URL != "" {
		lines = append(lines, m.Link.Label+":\n"+m.Link.URL)
	}
	return strings.Join(append(lines, m.After...), "\n\n") + "\n"
}

var letter = template.Must(template.New("letter").Parse(`<!DOCTYPE html>
<html lang="vi">
<head><meta charset="utf-8"><title>{{.Subject}}</title></head>
<body style="font-family:Arial,sans-serif;font-size:16px;line-height:1.5;color:#1b2733;max-width:36em">
{{range .Lines}}<p>{{.}}</p>
{{end}}{{if .Link.URL}}<p><a href="{{.Link.URL}}" style="display:inline-block;padding:10px 18px;background:#0b5d4e;color:#ffffff;text-decoration:none;border-radius:4px">{{.Link.Label}}</a></p>
<p>Nếu nút không bấm được, hãy chép địa chỉ này vào trình duyệt:<br>{{.Link.URL}}</p>
{{end}}{{range .After}}<p>{{.}}</p>
{{end}}</body>
</html>
`))
