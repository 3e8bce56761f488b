// Package fault is the one vocabulary of errors of the platform.
//
// Code returns these values (wrapped with what was being done); the web layer turns each kind into a page or an
// RFC 9457 problem. Anything else is an internal error, whose text is never shown to a person.
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kinds of errors. Test with errors.Is.
var (
	// NotFound: there is no such thing, or the caller may not know of it. 404
	NotFound = errors.New("not found")
	// Forbidden: the caller is known but lacks the permission. 403
	Forbidden = errors.New("forbidden")
	// SignIn: nobody is signed in, or the session has ended. 401
	SignIn = errors.New("sign-in needed")
	// Conflict: the thing is in a state that does not allow this, or exists already. 409. What exists already and was typed
	// into a field is a Taken, which is a Conflict, too.
	Conflict = errors.New("conflict")
	// TooLarge: the request is larger than its limit. 413
	TooLarge = errors.New("too large")
	// TooMany: the caller asks too often. 429
	TooMany = errors.New("too many requests")
	// Unavailable: something the platform needs (the database) does not answer now; the same request may succeed later. 503
	Unavailable = errors.New("unavailable")
)

// said is a kind with a sentence for the person who asked.
type said struct {
	kind    error
	message string
}

func (e said) Error() string { return e.kind.Error() + ": " + e.message }
func (e said) Unwrap() error { return e.kind }

// Say returns an error of the kind with a Vietnamese sentence that may be shown to the person who asked.
func Say(kind error, format string, args ...any) error {
	return said{kind, fmt.Sprintf(format, args...)}
}

// Message returns the sentence given to Say, or "" when err carries none.
func Message(err error) string {
	var s said
	if errors.As(err, &s) {
		return s.message
	}
	return ""
}

// Field is one wrong field of what a person gave: its name in the form and what is wrong with it, in Vietnamese.
type Field struct {
	Name, Message string
	Taken         bool // there is nothing wrong with the value, but something else has it already
}

// Invalid is what a person gave and what is wrong with it. 422; 409 as long as all of it is taken.
type Invalid []Field

// Taken returns the error of one field whose value something else has already.
func Taken(field, format string, args ...any) Invalid {
	return Invalid{{field, fmt.Sprintf(format, args...), true}}
}

// Is makes fields that are taken, when nothing else is wrong, a Conflict.
func (e Invalid) Is(target error) bool {
	return target == Conflict && len(e) > 0 && !slices.ContainsFunc(e, func(f Field) bool { return !f.Taken })
}

func (e Invalid) Error() string {
	var b strings.Builder
	b.WriteString("invalid input")
	for _, f := range e {
		b.WriteString("; " + f.Name + ": " + f.Message)
	}
	return b.String()
}

// Add notes one wrong field.
func (e *Invalid) Add(field, format string, args ...any) {
	*e = append(*e, Field{Name: field, Message: fmt.Sprintf(format, args...)})
}

// Err returns nil when nothing is wrong, else e.
func (e Invalid) Err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// Of returns the message of a field, or "".
func (e Invalid) Of(field string) string {
	for _, f := range e {
		if f.Name == field {
			return f.Message
		}
	}
	return ""
}
