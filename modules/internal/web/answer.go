package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"net/http"

	"github.com/a-h/templ"
)

type ioWriter = io.Writer

// Answer is what a handler answers with. It is written after the handler's transaction has committed.
type Answer struct {
	Status int // 0 means 200
	Header http.Header
	body   func(ctx context.Context, w io.Writer) error
	flash  string
	later  []func(ctx context.Context) error
	serve  func(w http.ResponseWriter, r *http.Request) // sends a saved file itself
}

func (a Answer) with(key, value string) Answer {
	if a.Header == nil {
		a.Header = http.Header{}
	}
	a.Header.Set(key, value)
	return a
}

// With sets a header.
func (a Answer) With(key, value string) Answer { return a.with(key, value) }

// Page answers with HTML.
func Page(c templ.Component) Answer {
	return Answer{body: c.Render}.with("Content-Type", "text/html; charset=utf-8")
}

// See sends the browser on to a page of ours.
func See(path string) Answer {
	return Answer{Status: http.StatusSeeOther, body: nothing}.with("Location", path)
}

// Say adds a message that the next page shows once.
func (a Answer) Say(message string) Answer {
	a.flash = message
	return a
}

// File answers with a file to save.
func File(name, contentType string, write func(io.Writer) error) Answer {
	return Answer{body: func(_ context.Context, w io.Writer) error { return write(w) }}.
		with("Content-Type", contentType).
		with("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

// Bytes answers with bytes of a type.
func Bytes(contentType string, b []byte) Answer {
	return Answer{body: func(_ context.Context, w io.Writer) error {
		_, err := w.Write(b)
		return err
	}}.with("Content-Type", contentType)
}

// JSON answers with a value as JSON.
func JSON(v any) Answer {
	return Answer{body: func(_ context.Context, w io.Writer) error { return json.NewEncoder(w).Encode(v) }}.
		with("Content-Type", "application/json; charset=utf-8")
}

func nothing(context.Context, io.Writer) error { return nil }

// write renders the whole answer before its first byte is sent, so that a failure can still become an error page.
func (a Answer) write(w http.ResponseWriter, q *Request) error {
	var b bytes.Buffer
	if a.body != nil {
		if err := a.body(q.Context(), &b); err != nil {
			return err
		}
	}
	h := w.Header()
	for key, values := range a.Header {
		h[key] = append(h[key], values...)
	}
	switch {
	case a.flash != "":
		h.Add("Set-Cookie", q.app.flashCookie(a.flash, 60).String())
	case q.flash != "" && a.Status != http.StatusSeeOther:
		h.Add("Set-Cookie", q.app.flashCookie("", -1).String())
	}
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	if a.serve != nil {
		a.serve(w, q.Request)
		return nil
	}
	status := a.Status
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	if q.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // a browser that has gone away is no error of ours
	}
	return nil
}

func (a *App) flashCookie(text string, age int) *http.Cookie {
	return &http.Cookie{
		Name: a.cookieName(flashName), Value: base64.RawURLEncoding.EncodeToString([]byte(text)), Path: "/", MaxAge: age,
		HttpOnly: true, Secure: a.Secure(), SameSite: http.SameSiteLaxMode,
	}
}
