package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/tenant"
	"txng/tenant/fault"
)

// Limits of what a request may carry.
const (
	maxBody   = 12 << 20 // any request
	maxDrain  = 64 << 20 // of a larger one, read and forgotten so that its sender sees the answer
	maxForm   = 1 << 20  // the text of a form
	maxMemory = 4 << 20  // of a form with files; the rest waits in a temporary file
	maxFields = 500
	maxKept   = 64 << 10 // of a form that waits for its person to sign in again
	maxTime   = time.Minute
)

// Request is one request, with who asks and in which tenant.
type Request struct {
	*http.Request
	Who    authz.Identity
	Tenant tenant.Tenant // of the person's role; zero above the tenants and for nobody
	ID     string        // number of the request, which error pages show
	Posted url.Values    // what a form sent; nil for GET
	Wrong  fault.Invalid // what was wrong with it, when the form is shown again

	app        *App
	permission authz.Permission // of the route
	pattern    string           // the route's path
	// overweight: a file of the form was too large, and is not there
	overweight overweight
	fault      error                    // why the form is shown again
	flash      string                   // what the page before has just done
	cut        int                      // organizations of the person's area beyond what a scope can hold (tenant.MaxOrgs), which are not shown
	header     func(name, value string) // sets a header of the answer to a call of the API; nil for pages
}

type requestIDKey struct{}

// request wraps a request; who asks is not known yet, but from where is, for the audit.
func (a *App) request(r *http.Request) *Request {
	id, _ := r.Context().Value(requestIDKey{}).(string)
	q := &Request{Request: r, ID: id, app: a}
	q.Request = r.WithContext(audit.From(r.Context(), q.Device().Address))
	return q
}

// App returns what all routes share.
func (q *Request) App() *App { return q.app }

// Now is the time of the deployment's clock.
func (q *Request) Now() time.Time { return q.app.DB.Now() }

// Path returns a part of the route's path: Path("gtin") of "/01/{gtin}".
func (q *Request) Path(name string) string { return chi.URLParam(q.Request, name) }

// Number returns a part of the path that is a record's number. One that is none is fault.NotFound.
func (q *Request) Number(name string) (int64, error) {
	n, err := strconv.ParseInt(q.Path(name), 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.NotFound
	}
	return n, nil
}

// Value returns what the form sent for a field, without spaces around it.
func (q *Request) Value(name string) string { return strings.TrimSpace(q.Posted.Get(name)) }

// Device says where the request comes from: the other end of the connection, or, when that is one of our own proxies,
// the nearest address before it that is none.
func (q *Request) Device() authz.Device {
	host, _, err := net.SplitHostPort(q.RemoteAddr)
	if err != nil {
		host = q.RemoteAddr
	}
	hops := strings.Split(strings.Join(q.Header.Values("X-Forwarded-For"), ","), ",")
	for len(hops) > 0 && q.app.trusts(host) {
		last := strings.TrimSpace(hops[len(hops)-1])
		if _, err := netip.ParseAddr(last); err != nil {
			break
		}
		host, hops = last, hops[:len(hops)-1]
	}
	return authz.Device{Address: host, Agent: q.UserAgent()}
}

// trusts reports whether an address is one of our own proxies.
func (a *App) trusts(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(a.Proxies, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}

// parse reads the form within its limits.
func (q *Request) parse() error {
	if err := q.tooHeavy(); err != nil {
		return err
	}
	if q.Posted != nil {
		return nil
	}
	var err error
	var begun bytes.Buffer // how a form begins that turns out too large
	if strings.HasPrefix(q.Header.Get("Content-Type"), "multipart/form-data") {
		err = q.ParseMultipartForm(maxMemory)
	} else {
		body := q.Body
		q.Body = io.NopCloser(io.TeeReader(http.MaxBytesReader(nil, body, maxForm), &firstBytes{&begun, maxKept}))
		if err = q.ParseForm(); err != nil {
			_, _ = io.Copy(io.Discard, body) // a browser shows an answer only when it could send everything
		}
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large), errors.Is(err, multipart.ErrMessageTooLarge):
		if begun.Len() > 0 {
			q.salvage(begun.Bytes())
			return errForm
		}
		return errBody
	case err != nil:
		return fault.Invalid{{Name: "", Message: "Không đọc được nội dung gửi lên. Hãy tải lại trang và thử lại."}}
	}
	size, fields := 0, 0
	for name, values := range q.PostForm {
		for _, v := range values {
			size, fields = size+len(name)+len(v), fields+1
			if !storable(name) || !storable(v) {
				return fault.Invalid{{Name: "", Message: "Nội dung có ký tự không hợp lệ."}}
			}
		}
	}
	if size > maxForm || fields > maxFields {
		return errForm
	}
	q.Posted = q.PostForm
	return nil
}

// firstBytes keeps the first bytes that are written to it, so many.
type firstBytes struct {
	to   *bytes.Buffer
	most int
}

func (f *firstBytes) Write(b []byte) (int, error) {
	f.to.Write(b[:min(len(b), max(f.most-f.to.Len(), 0))])
	return len(b), nil
}

// salvage keeps what stands before whatever made a form too large, so that it can be shown again: whole fields of a
// bearable length, no password.
func (q *Request) salvage(begun []byte) {
	last := bytes.LastIndexByte(begun, '&')
	if last < 0 {
		return
	}
	values, err := url.ParseQuery(string(begun[:last]))
	if err != nil {
		return
	}
	q.Posted = url.Values{}
	for name, list := range values {
		if !strings.Contains(name, "password") && storable(name) && !slices.ContainsFunc(list, func(v string) bool { return len(v) > 4<<10 || !storable(v) }) {
			q.Posted[name] = list
		}
	}
}

// errBody is the answer to a request that is larger than any page takes.
var errBody = fault.Say(fault.TooLarge, "Nội dung gửi lên quá lớn. Tệp đính kèm tối đa %d MB.", maxBody>>20)

// errForm is the answer to a form with more text than any form takes.
var errForm = fault.Say(fault.TooLarge, "Nội dung biểu mẫu quá lớn, tối đa 1 MB. Hãy kiểm tra ô vừa dán nội dung vào.")

// storable reports whether PostgreSQL can store the text: valid UTF-8 without NUL.
func storable(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// checkAddress refuses a path or query that no page of ours has.
func (q *Request) checkAddress() error {
	query, err := url.ParseQuery(q.URL.RawQuery)
	ok := err == nil && storable(q.URL.Path)
	for name, values := range query {
		for _, v := range values {
			ok = ok && storable(name) && storable(v)
		}
	}
	if !ok {
		return fault.Invalid{{Name: "", Message: "Địa chỉ trang có ký tự không hợp lệ."}}
	}
	return nil
}

// File returns the uploaded file of a field and its name. No file is fault.Invalid for the field.
func (q *Request) File(name string) (multipart.File, string, error) {
	f, head, err := q.FormFile(name)
	if err != nil {
		return nil, "", fault.Invalid{{Name: name, Message: "Chưa chọn tệp."}}
	}
	return f, head.Filename, nil
}

// keep notes why a form is to be shown again. It returns false when err is nil or no concern of the person's.
func (q *Request) keep(err error) bool {
	var wrong fault.Invalid
	var heavy overweight
	switch {
	case errors.As(err, &heavy):
		q.Wrong, q.fault = heavy.wrong(), err
	case errors.As(err, &wrong):
		q.Wrong, q.fault = wrong, err
	case errors.Is(err, fault.TooLarge) && q.Posted != nil, errors.Is(err, fault.Conflict) && fault.Message(err) != "", errors.Is(err, fault.TooMany) && fault.Message(err) != "":
		q.Wrong, q.fault = fault.Invalid{{Name: "", Message: fault.Message(err)}}, err
	default:
		return false
	}
	return true
}

// Field puts what was typed, and what is wrong with it, into a field. Passwords and files are never given back.
func (q *Request) Field(f ui.Field) ui.Field {
	if q.Posted != nil && f.Type != "password" && f.Type != "file" {
		f.Value = q.Posted.Get(f.Name)
		f.Values = q.Posted[f.Name]
	}
	f.Error = q.Wrong.Of(f.Name)
	return f
}

// Fields is Field for several.
func (q *Request) Fields(fields ...ui.Field) []ui.Field {
	for i := range fields {
		fields[i] = q.Field(fields[i])
	}
	return fields
}

// searches reports whether the form was sent by the button of a picker: to see what there is, not to act.
func (q *Request) searches() bool { return q.Posted.Has(ui.PickerSubmit) }

// Shell returns what surrounds a page: menu, tenant, role, and the message about what has just been done or what is
// wrong with the whole form.
func (q *Request) Shell(title, purpose string) ui.Shell {
	s := ui.Shell{
		Title: title, Purpose: purpose,
		Menu:      q.app.menuFor(q.Who, q.Tenant, q.URL.Path),
		Tenant:    q.Tenant.Title(),
		Logo:      LogoOf(q.Tenant),
		Role:      q.Who.Title(),
		Person:    q.Who.Name,
		Colour:    q.Tenant.Colour,
		Flash:     q.flash,
		FlashKind: "success",
		RequestID: q.ID,
		InPlace:   q.inPlace(),
		Standing:  q.standing(),
		NoSearch:  q.Who.Tenant == 0 || q.Who.Pending != "",
		Failed:    len(q.Wrong) > 0,
		Query:     q.URL.Query().Get(ui.QuerySearch),
	}
	if q.Who.Tenant == 0 {
		s.Tenant = "Toàn quốc"
	}
	if m := q.Wrong.Of(""); m != "" {
		s.Flash, s.FlashKind = m, "danger"
	}
	if q.app.nearest(q.Who, q.URL.Path) == q.URL.Path {
		s.Query = ""
	}
	return s
}

// inPlace says who works in whose place; zero when nobody does.
func (q *Request) inPlace() ui.InPlace {
	if !q.Who.Impersonated() {
		return ui.InPlace{}
	}
	return ui.InPlace{
		Operator: q.Who.Acting.Name, Person: q.Who.Name, Role: q.Who.Role.Name(), Until: q.Who.Acting.Until.In(vi.Zone).Format("15:04"),
		Reason: q.Who.Acting.Reason, End: EndInPlace,
	}
}

// Show answers with a page of the person's.
func (q *Request) Show(s ui.Shell, body templ.Component) Answer {
	return Page(templ.ComponentFunc(func(ctx context.Context, w ioWriter) error {
		return ui.Page(s).Render(templ.WithChildren(ctx, body), w)
	}))
}

const sessionName = "txng_session"
const flashName = "txng_flash"

func (a *App) cookieName(name string) string {
	if a.Secure() {
		return "__Host-" + name
	}
	return name
}

// SetSession gives the browser the session's token; "" takes it away.
func (a *App) SetSession(w http.Header, token authz.Token) {
	c := &http.Cookie{
		Name: a.cookieName(sessionName), Value: string(token), Path: "/", HttpOnly: true, Secure: a.Secure(),
		SameSite: http.SameSiteLaxMode, MaxAge: int(authz.SessionAge / time.Second),
	}
	if token == "" {
		c.MaxAge = -1
	}
	w.Add("Set-Cookie", c.String())
}

// Session returns the request's session token, or "".
func (q *Request) Session() authz.Token {
	c, err := q.Cookie(q.app.cookieName(sessionName))
	if err != nil {
		return ""
	}
	return authz.Token(c.Value)
}

// readFlash takes the message about what the page before has just done.
func (a *App) readFlash(q *Request) {
	if c, err := q.Cookie(a.cookieName(flashName)); err == nil {
		if text, err := base64.RawURLEncoding.DecodeString(c.Value); err == nil && len(text) < 500 {
			q.flash = string(text)
		}
	}
}

// identify finds out who asks: by the session's cookie.
func (a *App) identify(q *Request) error {
	token := q.Session()
	if token == "" {
		return nil
	}
	var err error
	if a.Sessions != nil {
		q.Who, err = a.Sessions.Resume(q.Context(), token)
	} else {
		q.Who, err = authz.Resume(q.Context(), a.DB, token)
	}
	return err
}

// TenantOfHost returns the tenant whose subdomain, or own domain, the request came to, when it did.
func (q *Request) TenantOfHost() (tenant.Tenant, bool) {
	host := strings.ToLower(q.Host)
	slug, ok := strings.CutSuffix(host, "."+q.app.Base.Host)
	if !ok {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		t, err := q.app.DB.TenantByDomain(q.Context(), host)
		return t, err == nil
	}
	if strings.Contains(slug, ".") {
		return tenant.Tenant{}, false
	}
	t, err := q.app.DB.TenantBySlug(q.Context(), slug)
	return t, err == nil
}

func newRequestID() string { return strings.ToLower(rand.Text()[:10]) }
