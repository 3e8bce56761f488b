package plan

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"

	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// maxUpload is the largest file that pages take, in bytes: between preview and import it travels in the form, which
// may hold 1 MiB, as base64.
const maxUpload = 700 << 10

func showUpload(q *web.Request, _ tenant.Tx) (web.Answer, error) { return uploadAnswer(q, nil) }

func uploadAnswer(q *web.Request, wrong Errors) (web.Answer, error) {
	shell := q.Shell("Nhập kế hoạch", "Đưa kế hoạch của tỉnh vào hệ thống từ một tệp; xem trước rồi mới ghi.")
	shell.Crumbs = []ui.Link{{Label: "Kế hoạch", Href: "/ke-hoach"}}
	shell.Failed = shell.Failed || len(wrong) > 0
	field := q.Field(ui.Field{Name: "file", Label: "Tệp kế hoạch", Type: "file", Accept: ".xlsx,.yaml,.yml", Hint: "Tệp .xlsx theo mẫu, hoặc .yaml; tối đa 700 KB"})
	answer := q.Show(shell, uploadPage(field, wrong))
	if len(wrong) > 0 {
		answer.Status = http.StatusUnprocessableEntity
	}
	return answer, nil
}

// preview shows what an uploaded file would put in, or everything that is wrong with it.
func preview(q *web.Request, _ tenant.Tx) (web.Answer, error) {
	file, name, err := q.File("file")
	if err != nil {
		return web.Answer{}, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxUpload+1))
	if err != nil {
		return web.Answer{}, fmt.Errorf("read the uploaded plan: %w", err)
	}
	if len(content) > maxUpload {
		return web.Answer{}, fault.Invalid{{Name: "file", Message: "Tệp lớn hơn 700 KB. Bỏ hình ảnh, trang tính thừa rồi thử lại."}}
	}
	return previewAnswer(q, name, content)
}

func previewAnswer(q *web.Request, name string, content []byte) (web.Answer, error) {
	f, err := read(name, content)
	var wrong Errors
	if errors.As(err, &wrong) {
		return uploadAnswer(q, wrong)
	}
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell("Xem trước kế hoạch", "Kiểm tra nội dung đọc được từ tệp “"+short(name)+"”. Chưa có gì được ghi.")
	shell.Crumbs = []ui.Link{{Label: "Kế hoạch", Href: "/ke-hoach"}, {Label: "Nhập kế hoạch", Href: "/ke-hoach/nhap"}}
	return q.Show(shell, previewPage(f, map[string]string{"name": name, "content": base64.RawURLEncoding.EncodeToString(content)})), nil
}

// read reads a file and checks that it can be stored.
func read(name string, content []byte) (File, error) {
	f, err := ReadFile(name, bytes.NewReader(content))
	if err != nil {
		return File{}, err
	}
	if wrong := f.check(); len(wrong) > 0 {
		return File{}, wrong
	}
	return f, nil
}

// carried returns the file that the preview carried along.
func carried(q *web.Request) (name string, content []byte, err error) {
	content, err = base64.RawURLEncoding.DecodeString(q.Value("content"))
	if err != nil || len(content) == 0 {
		return "", nil, fault.Invalid{{Name: "file", Message: "Không đọc lại được tệp đã xem trước. Hãy chọn tệp lần nữa."}}
	}
	return q.Value("name"), content, nil
}

// showPreview shows the preview again, when the import was refused.
func showPreview(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	name, content, err := carried(q)
	if err != nil {
		return showUpload(q, tx)
	}
	return previewAnswer(q, name, content)
}

func confirm(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	name, content, err := carried(q)
	if err != nil {
		return web.Answer{}, err
	}
	f, err := read(name, content)
	if err == nil {
		var id PlanID
		if id, err = Import(q.Context(), tx, q.Who, f); err == nil {
			return web.See(planPath(id)).Say(fmt.Sprintf("Đã nhập kế hoạch với %d chỉ tiêu, %d nhiệm vụ.", len(f.Targets), len(f.Tasks))), nil
		}
	}
	var wrong Errors
	if errors.As(err, &wrong) { // the carried file was changed on its way
		return uploadAnswer(q, wrong)
	}
	return web.Answer{}, err
}

func template(*web.Request, tenant.Tx) (web.Answer, error) {
	b, err := Template()
	if err != nil {
		return web.Answer{}, err
	}
	return web.File("mau-ke-hoach.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}), nil
}

func showFormat(q *web.Request, _ tenant.Tx) (web.Answer, error) {
	shell := q.Shell("Định dạng tệp kế hoạch", "Các trang tính và cột của tệp, cách điền từng ô.")
	shell.Crumbs = []ui.Link{{Label: "Kế hoạch", Href: "/ke-hoach"}, {Label: "Nhập kế hoạch", Href: "/ke-hoach/nhap"}}
	return q.Show(shell, formatPage([]sheetHelp{
		{planSheet, "", helpOf(planFields)},
		{departments.sheet, departments.key, helpOf(departments.fields)},
		{targets.sheet, targets.key, helpOf(targets.fields)},
		{tasks.sheet, tasks.key, helpOf(tasks.fields)},
		{products.sheet, products.key, helpOf(products.fields)},
	})), nil
}

// sheetHelp explains one sheet of the file: its name, its key in YAML, its columns.
type sheetHelp struct {
	name, key string
	columns   []columnHelp
}

type columnHelp struct {
	title, key, hint, example string
	must                      bool
	choices                   []choice
}

func helpOf[T any](fields []field[T]) []columnHelp {
	help := make([]columnHelp, len(fields))
	for i, f := range fields {
		help[i] = columnHelp{f.title, f.key, f.hint, f.example, f.must, f.choices}
	}
	return help
}
