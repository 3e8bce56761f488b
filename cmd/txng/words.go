package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"txng/tenant/fault"
)

// refused is an error whose text is a sentence for the person at the terminal.
type refused struct{ error }

func (r refused) Unwrap() error { return r.error }

// refuse is fmt.Errorf for a sentence in Vietnamese. An error of the operating system may be wrapped in it; words
// translates that.
func refuse(format string, args ...any) error { return refused{fmt.Errorf(format, args...)} }

// wrongFlag is what is wrong with the value of one flag, by the flag's name or that of its field.
func wrongFlag(name, format string, args ...any) error {
	return fault.Invalid{{Name: name, Message: fmt.Sprintf(format, args...)}}
}

// sentence returns what to tell the person at the terminal. Values of flags are wrong by the flag's name, which flag
// returns for the field of a form that the platform's functions name; "" when the command has none.
func sentence(err error, flag func(field string) string) string {
	var wrong fault.Invalid
	if errors.As(err, &wrong) {
		var lines []string
		for _, f := range wrong {
			line := f.Message
			if name := flag(f.Name); name != "" {
				line = name + ": " + line
			}
			lines = append(lines, line)
		}
		return strings.Join(lines, "\n")
	}
	if m := fault.Message(err); m != "" {
		return m
	}
	var said refused
	switch {
	case errors.As(err, &said):
		return systemWords(said)
	case errors.Is(err, context.Canceled):
		return "Lệnh đã dừng theo yêu cầu; việc đang làm dở không được ghi."
	case databaseWords(err) != "":
		return fmt.Sprintf("%s (%v).", databaseWords(err), err)
	case errors.Is(err, fault.Unavailable):
		return fmt.Sprintf("Cơ sở dữ liệu không trả lời. Kiểm tra địa chỉ (--database-url) và máy chủ PostgreSQL rồi chạy lại (%v).", err)
	case errors.Is(err, fault.NotFound):
		return "Không tìm thấy điều lệnh nhắc đến, hoặc nó không còn nữa."
	case errors.Is(err, fault.Conflict):
		return "Dữ liệu vừa thay đổi hoặc đã có. Xem lại rồi chạy lại lệnh."
	}
	return fmt.Sprintf("Lệnh dừng vì lỗi ngoài dự kiến (%s).", systemWords(err))
}

// databaseWords says what PostgreSQL does not find or allow, "" for all else.
func databaseWords(err error) string {
	var answer interface{ SQLState() string }
	if !errors.As(err, &answer) {
		return ""
	}
	switch answer.SQLState() {
	case "3D000":
		return "Máy chủ PostgreSQL không có cơ sở dữ liệu này; kiểm tra --database-url"
	case "28P01", "28000":
		return "Máy chủ PostgreSQL không cho đăng nhập: kiểm tra mật khẩu trong --database-url và khóa bí mật chính (--secret); đổi khóa thì chạy txng migrate"
	case "42P01", "42703", "3F000":
		return "Cơ sở dữ liệu chưa có lược đồ của chương trình, hoặc là lược đồ cũ; chạy txng migrate"
	}
	return ""
}

// noFlag is the flag of sentence for what no command was parsed for.
func noFlag(string) string { return "" }

// flagOf returns the flag function of a command: the tag "field" of a flag has the fields that it is about, beside the
// one of its own name.
func flagOf(command *kong.Node) func(string) string {
	return func(field string) string {
		if command == nil || field == "" {
			return ""
		}
		for _, f := range command.Flags {
			if f.Name == field || f.Name == strings.ReplaceAll(field, "_", "-") || strings.Contains(" "+f.Tag.Get("field")+" ", " "+field+" ") {
				return "--" + f.Name
			}
		}
		return ""
	}
}

// systemFaults are the operating system's words for what an operator meets.
var systemFaults = []struct {
	is    error
	words string
}{
	{fs.ErrNotExist, "không có tệp hoặc thư mục này"},
	{fs.ErrPermission, "không có quyền truy cập"},
	{fs.ErrExist, "đã có"},
	{syscall.EISDIR, "đây là thư mục, không phải tệp"},
	{syscall.ENOTDIR, "đường dẫn đi qua một tệp không phải thư mục"},
	{syscall.ENOSPC, "ổ đĩa đã đầy"},
	{syscall.EDQUOT, "đã hết hạn mức của ổ đĩa"},
	{syscall.EROFS, "ổ đĩa chỉ cho đọc"},
	{syscall.ENAMETOOLONG, "tên tệp quá dài"},
	{syscall.EADDRNOTAVAIL, "máy này không có địa chỉ đó"},
	{errDirectory, "đây là thư mục, không phải tệp"},
}

// errDirectory is a folder where a file is wanted.
var errDirectory = errors.New("is a directory")

// systemWords returns an error's text with what the operating system says in it in Vietnamese.
func systemWords(err error) string {
	text := err.Error()
	var cause error
	var path *fs.PathError
	var link *os.LinkError
	var number syscall.Errno
	var list *csv.ParseError
	switch {
	case errors.As(err, &path):
		text, cause = strings.Replace(text, path.Error(), path.Path+": "+path.Err.Error(), 1), path.Err
	case errors.As(err, &link):
		text, cause = strings.Replace(text, link.Error(), link.New+": "+link.Err.Error(), 1), link.Err
	case errors.As(err, &number):
		cause = number
	case errors.As(err, &list):
		what := "dấu ngoặc kép chưa đúng"
		if errors.Is(list.Err, csv.ErrFieldCount) {
			what = "thừa hoặc thiếu cột"
		}
		return strings.Replace(text, list.Error(), fmt.Sprintf("dòng %d %s", list.Line, what), 1)
	default:
		return text
	}
	for _, f := range systemFaults {
		if errors.Is(cause, f.is) {
			return strings.Replace(text, cause.Error(), f.words, 1)
		}
	}
	return strings.Replace(text, cause.Error(), "lỗi của hệ điều hành ("+cause.Error()+")", 1)
}
