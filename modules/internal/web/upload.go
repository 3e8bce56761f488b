package web

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"

	"txng/tenant/fault"
)

// overweight is why a form with too large a file is shown again: it is fault.TooLarge and names the file's field.
type overweight struct{ field string }

func (overweight) Error() string { return errBody.Error() }

func (overweight) Is(target error) bool { return errors.Is(errBody, target) }

// keepTexts reads the texts of a form whose files are too large, and forgets the files: what was typed is shown again.
// The request must carry no more than maxDrain. It returns false when the body is no such form.
func (q *Request) keepTexts() bool {
	kind, params, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	if q.Method != http.MethodPost || err != nil || kind != "multipart/form-data" {
		return false
	}
	texts, size, fields := url.Values{}, 0, 0
	var largest int64
	field := ""
	for r := multipart.NewReader(io.LimitReader(q.Body, maxDrain), params["boundary"]); ; {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return false
		}
		if part.FileName() != "" {
			if n, _ := io.Copy(io.Discard, part); n > largest {
				largest, field = n, part.FormName()
			}
			continue
		}
		b, err := io.ReadAll(io.LimitReader(part, maxForm+1))
		size, fields = size+len(b)+len(part.FormName()), fields+1
		if err != nil || size > maxForm || fields > maxFields || !storable(string(b)) || !storable(part.FormName()) {
			return false
		}
		texts.Add(part.FormName(), string(b))
	}
	if field == "" {
		return false
	}
	q.Posted, q.overweight = texts, overweight{field}
	return true
}

// tooHeavy returns what is wrong with the files of the form, if anything.
func (q *Request) tooHeavy() error {
	if q.overweight.field == "" {
		return nil
	}
	return q.overweight
}

// wrong is what the form shows at the file's field.
func (o overweight) wrong() fault.Invalid {
	return fault.Invalid{{Name: o.field, Message: "Tệp này quá lớn nên không được nhận. " + fault.Message(errBody)}}
}
