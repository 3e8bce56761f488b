package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"

	"txng/modules/internal/ui"
	"txng/tenant/fault"
)

// errNoPage is the answer where there is no route.
var errNoPage = fault.Say(fault.NotFound, "Không có trang này, hoặc trang đã được chuyển đi.")

// errCrossSite is the answer to a form that another site sends.
var errCrossSite = fault.Say(fault.Forbidden, "Yêu cầu này do một trang khác gửi đến nên không được nhận. Hãy làm lại từ trang của hệ thống.")

// errMethod is the answer to a method that a page does not know.
var errMethod = errors.New("method not allowed")

// kinds are the statuses of the kinds of errors, with what a page says when the error itself says nothing.
var kinds = []struct {
	kind        error
	status      int
	title, text string
}{
	{fault.NotFound, http.StatusNotFound, "Không tìm thấy", "Không có nội dung này, hoặc bạn không có quyền biết đến nó."},
	{fault.Forbidden, http.StatusForbidden, "Không có quyền", "Vai trò của bạn không có quyền làm việc này. Nếu cần, hãy liên hệ quản trị của đơn vị."},
	{fault.SignIn, http.StatusUnauthorized, "Cần đăng nhập", "Đăng nhập để tiếp tục."},
	{fault.Conflict, http.StatusConflict, "Không thực hiện được", "Nội dung đã thay đổi hoặc đã có. Hãy tải lại trang và thử lại."},
	{fault.TooLarge, http.StatusRequestEntityTooLarge, "Quá lớn", "Nội dung gửi lên vượt giới hạn."},
	{fault.TooMany, http.StatusTooManyRequests, "Quá nhiều yêu cầu", "Hãy chờ một phút rồi thử lại."},
	{errMethod, http.StatusMethodNotAllowed, "Không hỗ trợ", "Địa chỉ này không nhận cách gửi như vậy."},
	{fault.Unavailable, http.StatusServiceUnavailable, "Hệ thống tạm gián đoạn", "Cơ sở dữ liệu tạm thời không trả lời. Dữ liệu đã lưu vẫn an toàn; hãy thử lại sau ít phút."},
}

// status returns the HTTP status of an error.
func status(err error) int {
	var wrong fault.Invalid
	if errors.As(err, &wrong) && !errors.Is(err, fault.Conflict) {
		return http.StatusUnprocessableEntity
	}
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			return k.status
		}
	}
	return http.StatusInternalServerError
}

// describe returns what may be told about an error. An unknown one keeps its text to itself.
func describe(err error) (code int, title, text string) {
	code = status(err)
	title, text = "Lỗi hệ thống", "Đã có lỗi ngoài dự kiến. Dữ liệu đã lưu vẫn an toàn. Nếu lỗi lặp lại, hãy gửi mã yêu cầu dưới đây cho bộ phận hỗ trợ."
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			title, text = k.title, k.text
		}
	}
	var wrong fault.Invalid
	if errors.As(err, &wrong) {
		if text = ""; code == http.StatusUnprocessableEntity {
			title = "Thông tin chưa đúng"
		}
		for _, f := range wrong {
			text = strings.TrimSpace(text + " " + f.Message)
		}
	}
	if m := fault.Message(err); m != "" {
		text = m
	}
	return code, title, text
}

// Problem is an error of the API by RFC 9457.
type Problem struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail,omitempty"`
	Instance string         `json:"instance,omitempty"`
	Errors   []ProblemField `json:"errors,omitempty"`
}

// ProblemField is one wrong field of a request.
type ProblemField struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// ProblemOf returns the problem document of an error.
func ProblemOf(err error, requestID string) Problem {
	code, title, text := describe(err)
	p := Problem{Type: typeOf(err), Title: title, Status: code, Detail: text}
	if requestID != "" {
		p.Instance = "urn:txng:request:" + requestID
	}
	var wrong fault.Invalid
	if errors.As(err, &wrong) {
		for _, f := range wrong {
			p.Errors = append(p.Errors, ProblemField{Location: f.Name, Message: f.Message})
		}
	}
	return p
}

// fail answers with an error: the sign-in page, an error page, or a problem below /api/. What is not the asker's fault
// is logged.
func (a *App) fail(w http.ResponseWriter, q *Request, err error) {
	code, title, text := describe(err)
	if code >= 500 && !errors.Is(err, context.Canceled) {
		a.Log.Error("request failed", "request", q.ID, "method", q.Method, "path", q.URL.Path, "tenant", q.Who.Tenant, "error", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	if code == http.StatusServiceUnavailable || code == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", strconv.Itoa(RetryAfter(err)))
	}
	if strings.HasPrefix(q.URL.Path, "/api/") {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(ProblemOf(err, q.ID))
		return
	}
	if errors.Is(err, fault.SignIn) && (q.Method == http.MethodGet || q.Method == http.MethodHead) {
		http.Redirect(w, q.Request, "/dang-nhap?tiep="+url.QueryEscape(q.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	p := ui.Problem{Code: code, Title: title, Text: text, RequestID: q.ID, Actions: []ui.Link{{Label: "Về trang đầu", Href: "/", Icon: "home"}}, InPlace: q.inPlace()}
	if code == http.StatusTooManyRequests {
		q.sendAgain(&p)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	if q.Method != http.MethodHead {
		_ = ui.ErrorPage(p).Render(q.Context(), w)
	}
}

// recover turns a panic into an error page; the stack goes to the log.
func (a *App) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				a.Log.Error("handler panicked", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				a.fail(w, a.request(r), errors.New("panic"))
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func (a *App) requestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		w.Header().Set("X-Request-ID", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// headers sets what every answer carries.
func (a *App) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		if a.Secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}
