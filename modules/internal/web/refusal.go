package web

import (
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// speakVietnamese puts the sentences of huma's checks of a body's fields into Vietnamese, and its refusals into problem
// documents. Call it before the first operation is registered: huma writes some of them out then.
var speakVietnamese = sync.OnceFunc(func() {
	for message, words := range map[*string]string{
		&validation.MsgUnexpectedProperty:                 "Không có trường này.",
		&validation.MsgExpectedRFC3339DateTime:            "Cần ngày giờ theo RFC 3339, ví dụ 2026-11-22T08:00:00Z.",
		&validation.MsgExpectedRFC1123DateTime:            "Cần ngày giờ theo RFC 1123.",
		&validation.MsgExpectedRFC3339Date:                "Cần ngày dạng năm-tháng-ngày, ví dụ 2026-11-22.",
		&validation.MsgExpectedRFC3339Time:                "Cần giờ theo RFC 3339, ví dụ 08:00:00Z.",
		&validation.MsgExpectedRFC5322Email:               "Địa chỉ thư điện tử chưa đúng (%v).",
		&validation.MsgExpectedRFC5890Hostname:            "Tên máy chưa đúng.",
		&validation.MsgExpectedRFC2673IPv4:                "Cần một địa chỉ IPv4.",
		&validation.MsgExpectedRFC2373IPv6:                "Cần một địa chỉ IPv6.",
		&validation.MsgExpectedRFCIPAddr:                  "Cần một địa chỉ IPv4 hoặc IPv6.",
		&validation.MsgExpectedRFC3986URI:                 "Địa chỉ URI chưa đúng (%v).",
		&validation.MsgExpectedRFC4122UUID:                "Mã UUID chưa đúng (%v).",
		&validation.MsgExpectedRFC6570URITemplate:         "Mẫu URI chưa đúng.",
		&validation.MsgExpectedRFC6901JSONPointer:         "Con trỏ JSON chưa đúng.",
		&validation.MsgExpectedRFC6901RelativeJSONPointer: "Con trỏ JSON tương đối chưa đúng.",
		&validation.MsgExpectedRegexp:                     "Biểu thức chính quy chưa đúng (%v).",
		&validation.MsgExpectedMatchAtLeastOneSchema:      "Giá trị không theo dạng nào được nhận.",
		&validation.MsgExpectedMatchExactlyOneSchema:      "Giá trị phải theo đúng một trong các dạng được nhận.",
		&validation.MsgExpectedNotMatchSchema:             "Giá trị theo một dạng không được nhận.",
		&validation.MsgExpectedPropertyNameInObject:       "Thiếu trường cho biết dạng của đối tượng.",
		&validation.MsgExpectedBoolean:                    "Cần true hoặc false, viết không có dấu ngoặc kép.",
		&validation.MsgExpectedDuration:                   "Khoảng thời gian chưa đúng (%v).",
		&validation.MsgExpectedNumber:                     "Cần một số.",
		&validation.MsgExpectedInteger:                    "Cần một số nguyên.",
		&validation.MsgExpectedString:                     "Cần một chuỗi ký tự.",
		&validation.MsgExpectedBase64String:               "Cần một chuỗi mã hóa base64.",
		&validation.MsgExpectedArray:                      "Cần một danh sách.",
		&validation.MsgExpectedObject:                     "Cần một đối tượng JSON.",
		&validation.MsgExpectedArrayItemsUnique:           "Danh sách có phần tử trùng nhau.",
		&validation.MsgExpectedOneOf:                      "Chỉ nhận một trong các giá trị: \"%s\".",
		&validation.MsgExpectedMinimumNumber:              "Cần một số từ %v trở lên.",
		&validation.MsgExpectedExclusiveMinimumNumber:     "Cần một số lớn hơn %v.",
		&validation.MsgExpectedMaximumNumber:              "Cần một số đến %v là nhiều nhất.",
		&validation.MsgExpectedExclusiveMaximumNumber:     "Cần một số nhỏ hơn %v.",
		&validation.MsgExpectedNumberBeMultipleOf:         "Cần một bội số của %v.",
		&validation.MsgExpectedMinLength:                  "Ngắn quá: cần ít nhất %d ký tự.",
		&validation.MsgExpectedMaxLength:                  "Dài quá %d ký tự.",
		&validation.MsgExpectedBePattern:                  "Giá trị chưa đúng dạng %s.",
		&validation.MsgExpectedMatchPattern:               "Giá trị không khớp mẫu %s.",
		&validation.MsgExpectedMinItems:                   "Danh sách cần ít nhất %d phần tử.",
		&validation.MsgExpectedMaxItems:                   "Danh sách có quá %d phần tử.",
		&validation.MsgExpectedMinProperties:              "Đối tượng cần ít nhất %d trường.",
		&validation.MsgExpectedMaxProperties:              "Đối tượng có quá %d trường.",
		&validation.MsgExpectedRequiredProperty:           "Thiếu trường %s.",
		&validation.MsgExpectedDependentRequiredProperty:  "Thiếu trường %s, cần có khi đã có %s.",
	} {
		*message = words
	}
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError { return newProblem(status, "", errs) }
	huma.NewErrorWithContext = func(c huma.Context, status int, _ string, errs ...error) huma.StatusError {
		id := ""
		if q, ok := c.Context().Value(requestKey{}).(*Request); ok {
			id = q.ID
		}
		return newProblem(status, id, errs)
	}
})

// bodyRefusals are what huma refuses before it looks at any field, by status.
var bodyRefusals = []struct {
	status      int
	title, text string
}{
	{http.StatusBadRequest, "Yêu cầu chưa đúng", "Nội dung gửi lên trống hoặc không phải JSON hợp lệ."},
	{http.StatusNotAcceptable, "Không trả lời được dạng này", "API chỉ trả lời bằng JSON."},
	{http.StatusRequestTimeout, "Hết thời gian chờ", "Nội dung gửi lên quá chậm. Hãy gửi lại."},
	{http.StatusUnsupportedMediaType, "Không nhận dạng nội dung này", "API chỉ nhận JSON: đặt Content-Type là application/json."},
	{http.StatusUnprocessableEntity, "Thông tin chưa đúng", "Có trường chưa đúng; xem danh sách lỗi."},
}

// parameterRefusals are what huma says of a path, query or header parameter, by what its sentence begins with.
var parameterRefusals = []struct{ begins, text string }{
	{"invalid integer", "Cần một số nguyên."},
	{"invalid float", "Cần một số."},
	{"invalid boolean", "Cần true hoặc false."},
	{"invalid date/time", "Ngày giờ chưa đúng."},
	{"invalid url", "Địa chỉ URL chưa đúng."},
	{"required ", "Thiếu tham số này."},
}

// newProblem turns huma's own refusals (a body that is no JSON, a field too long) into problem documents in Vietnamese.
// Of what it says by itself nothing is passed on.
func newProblem(status int, requestID string, errs []error) huma.StatusError {
	p := Problem{Type: "about:blank", Title: "Lỗi hệ thống", Status: status, Detail: "Đã có lỗi ngoài dự kiến."}
	for _, k := range kinds {
		if k.status == status {
			p.Title, p.Detail = k.title, k.text
		}
	}
	for _, r := range bodyRefusals {
		if r.status == status {
			p.Title, p.Detail = r.title, r.text
		}
	}
	if requestID != "" {
		p.Instance = "urn:txng:request:" + requestID
	}
	for _, err := range errs {
		f := ProblemField{Location: "body", Message: err.Error()}
		if d, ok := err.(huma.ErrorDetailer); ok {
			f = ProblemField{Location: d.ErrorDetail().Location, Message: d.ErrorDetail().Message}
		}
		f.Message = inVietnamese(f, p.Detail)
		p.Errors = append(p.Errors, f)
	}
	return apiProblem{p, RetryAfter(nil)}
}

// inVietnamese returns the sentence of a field: as it is when it is one of speakVietnamese's, each of which has a letter
// that English has not; else what is known of it.
func inVietnamese(f ProblemField, otherwise string) string {
	if strings.ContainsFunc(f.Message, func(r rune) bool { return r > '~' }) && !strings.HasPrefix(f.Message, "invalid ") && !strings.HasPrefix(f.Message, "json: ") {
		return f.Message
	}
	for _, r := range parameterRefusals {
		if strings.HasPrefix(f.Message, r.begins) {
			return r.text
		}
	}
	if f.Location == "body" {
		return otherwise
	}
	return "Giá trị chưa đúng."
}
