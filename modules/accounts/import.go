package accounts

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"

	"txng/authz"
	"txng/modules/internal/sheet"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// listLimits bound a list of officers. Between preview and import the file travels in the form, which may hold 1 MiB, as
// base64.
var listLimits = sheet.Limits{Bytes: 700 << 10, Rows: 500, Cols: 20}

// listColumns are the columns of a list of officers.
var listColumns = []sheet.Want{
	{Key: "name", Title: "Họ tên", Required: true, Aliases: []string{"Họ và tên"}},
	{Key: "email", Title: "Thư điện tử", Required: true, Aliases: []string{"Email", "Địa chỉ thư điện tử"}},
	{Key: "role", Title: "Vai trò", Required: true},
	{Key: "department", Title: "Sở, ngành", Aliases: []string{"Mã sở, ngành", "Mã đơn vị"}},
	{Key: "unit", Title: "Xã, phường, đặc khu", Aliases: []string{"Đơn vị hành chính", "Xã, phường"}},
	{Key: "phone", Title: "Số di động", Aliases: []string{"Số điện thoại", "Điện thoại"}},
}

func titleOf(key string) string {
	for _, c := range listColumns {
		if c.Key == key {
			return c.Title
		}
	}
	return key
}

// listed is one row of a list that may be invited.
type listed struct {
	row      int
	title    string // of the role
	formerly string // the former commune that the file names, or ""
	body     string // what the province calls the department
	authz.NewInvitation
}

func listTemplate(*web.Request, tenant.Tx) (web.Answer, error) {
	var columns []sheet.Column
	for _, c := range listColumns {
		columns = append(columns, sheet.Column{Title: c.Title})
	}
	return web.File("mau-danh-sach-can-bo.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", func(w io.Writer) error {
		return sheet.WriteXLSX(w, "Cán bộ", columns, func(func([]any, error) bool) {})
	}), nil
}

func showUpload(q *web.Request, tx tenant.Tx) (web.Answer, error) { return uploadAnswer(q, tx, nil) }

func uploadAnswer(q *web.Request, tx tenant.Tx, wrong []sheet.CellError) (web.Answer, error) {
	shell := q.Shell("Nhập danh sách cán bộ", "Mời nhiều cán bộ cùng lúc từ một tệp; xem trước rồi mới gửi thư mời.")
	shell.Crumbs = []ui.Link{{Label: "Thành viên", Href: membersPath}}
	shell.Failed = shell.Failed || len(wrong) > 0
	file := q.Field(ui.Field{Name: "file", Label: "Tệp danh sách", Type: "file", Accept: ".xlsx,.csv", Hint: "Tệp .xlsx theo mẫu; tối đa 500 người, 700 KB"})
	offers, err := offered(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	var roles []string
	for _, o := range offers {
		roles = append(roles, o.name)
	}
	answer := q.Show(shell, uploadPage(file, wrong, roles))
	if len(wrong) > 0 {
		answer.Status = http.StatusUnprocessableEntity
	}
	return answer, nil
}

func previewList(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	file, name, err := q.File("file")
	if err != nil {
		return web.Answer{}, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, listLimits.Bytes+1))
	if err != nil {
		return web.Answer{}, fmt.Errorf("read the uploaded list: %w", err)
	}
	list, wrong, err := readList(q, tx, name, content)
	if err != nil {
		return web.Answer{}, err
	}
	if len(wrong) > 0 {
		return uploadAnswer(q, tx, wrong)
	}
	shell := q.Shell("Xem trước danh sách", "Kiểm tra từng người trong tệp “"+cut(name, 60)+"”. Chưa có thư nào được gửi.")
	shell.Crumbs = []ui.Link{{Label: "Thành viên", Href: membersPath}, {Label: "Nhập danh sách", Href: membersPath + "/nhap"}}
	return q.Show(shell, previewPage(list, map[string]string{"name": name, "content": base64.RawURLEncoding.EncodeToString(content)})), nil
}

func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

// importList invites everybody of the list that the preview showed, or nobody.
func importList(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	content, err := base64.RawURLEncoding.DecodeString(q.Value("content"))
	if err != nil || len(content) == 0 || int64(len(content)) > listLimits.Bytes {
		return web.Answer{}, fault.Invalid{{Name: "file", Message: "Không đọc lại được tệp đã xem trước. Hãy chọn tệp lần nữa."}}
	}
	list, wrong, err := readList(q, tx, q.Value("name"), content)
	if err != nil {
		return web.Answer{}, err
	}
	if len(wrong) > 0 { // somebody has been invited or changed since the preview
		return uploadAnswer(q, tx, wrong)
	}
	all := make([]authz.NewInvitation, len(list))
	for i, l := range list {
		all[i] = l.NewInvitation
	}
	_, made, err := authz.InviteAll(q.Context(), tx, q.Who, provinceOf(q.Tenant), all)
	if err != nil {
		return web.Answer{}, ofRow(list, err)
	}
	ids := make([]int64, len(made))
	for n, i := range made {
		if err := auditInvitation(q.Context(), tx, q.Who, i, "member.invite", "Mời"); err != nil {
			return web.Answer{}, err
		}
		ids[n] = i.ID
	}
	if err := enqueueLetters(q.Context(), tx, ids); err != nil {
		return web.Answer{}, err
	}
	return web.See(membersPath).Say(fmt.Sprintf("Đã mời %d người; thư mời đang được gửi.", len(made))), nil
}

// ofRow says of an error which row of the list it is about.
func ofRow(list []listed, err error) error {
	var of authz.InList
	var wrong fault.Invalid
	m := fault.Message(err)
	switch {
	case errors.As(err, &wrong):
		m = wrong[0].Message
	case m == "":
		return err
	}
	if errors.As(err, &of) {
		m = fmt.Sprintf("Dòng %d: %s", list[of.Place].row, m)
	}
	return fault.Invalid{{Name: "file", Message: m}}
}

// where says in what body or commune the role is held, and what the file calls the commune when that is a former one.
func (l listed) where() string {
	if l.Role == authz.DepartmentOfficer {
		return placeOfWork(l.Department, l.body, "")
	}
	where := placeOfWork("", "", l.Unit)
	if l.formerly != "" {
		where += " (trong tệp ghi " + l.formerly + ")"
	}
	return where
}
