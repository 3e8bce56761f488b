package mail

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"txng/tenant/fault"
)

// Letter is a letter of the folder, as a page shows it.
type Letter struct {
	File        string // name in the folder
	To, Subject string
	At          time.Time
	Text        string
}

// shown is the number of letters that Letters returns at most.
const shown = 200

var letterFile = regexp.MustCompile(`^[0-9]{8}-[0-9]{6}\.[0-9]{3}-[a-z0-9]{12}\.eml$`)

// Letters returns the newest letters of a folder of letters, newest first. A folder that is not there has none.
func Letters(folder string) ([]Letter, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the letters: %w", err)
	}
	slices.Reverse(entries)
	var list []Letter
	for _, e := range entries {
		if !letterFile.MatchString(e.Name()) || len(list) == shown {
			continue
		}
		l, err := ReadLetter(folder, e.Name())
		if err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// ReadLetter returns one letter of a folder; fault.NotFound when there is none of the name.
func ReadLetter(folder, name string) (Letter, error) {
	if !letterFile.MatchString(name) {
		return Letter{}, fault.NotFound
	}
	f, err := os.Open(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		return Letter{}, fault.NotFound
	}
	if err != nil {
		return Letter{}, fmt.Errorf("read a letter: %w", err)
	}
	defer f.Close()
	l, err := parse(f)
	if err != nil {
		return Letter{}, fmt.Errorf("read the letter %s: %w", name, err)
	}
	l.File = name
	return l, nil
}

// parse reads a letter with its plain text.
func parse(r io.Reader) (Letter, error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return Letter{}, err
	}
	var l Letter
	var words mime.WordDecoder
	if l.Subject, err = words.DecodeHeader(m.Header.Get("Subject")); err != nil {
		return Letter{}, err
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 1 {
		return Letter{}, fmt.Errorf("not one person it is to: %w", err)
	}
	l.To = to[0].Address
	if to[0].Name != "" {
		l.To = to[0].Name + " <" + to[0].Address + ">"
	}
	if l.At, err = m.Header.Date(); err != nil {
		return Letter{}, err
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return Letter{}, fmt.Errorf("content type %q: %w", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err != nil {
			return Letter{}, fmt.Errorf("no plain text: %w", err)
		}
		if !strings.HasPrefix(part.Header.Get("Content-Type"), "text/plain") {
			continue
		}
		var body io.Reader = part
		switch strings.ToLower(part.Header.Get("Content-Transfer-Encoding")) {
		case "quoted-printable":
			body = quotedprintable.NewReader(part)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, part)
		}
		text, err := io.ReadAll(body)
		l.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
		return l, err
	}
}

// Folder returns the folder that letters go to, or "" when a server takes them.
func (o *Outbox) Folder() string {
	if o.client != nil {
		return ""
	}
	return o.folder
}
