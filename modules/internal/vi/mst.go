package vi

import (
	"fmt"
	"strings"

	"txng/tenant/fault"
)

// MST is a tax code (mã số thuế) in one of its forms: 10 digits of an organization, "0314409058-002" of its branch, or
// the 12 digits of a personal identification number (số định danh cá nhân), which households use since 01/7/2025.
type MST string

// ParseMST reads a tax code; white space and dots are ignored, and the hyphen before a branch may be missing.
// The check digit of the first 10 digits is verified; a personal identification number has none.
// The error is a fault.Invalid of the field "mst".
func ParseMST(s string) (MST, error) {
	bad := func(format string, args ...any) (MST, error) {
		return "", fault.Invalid{{Name: "mst", Message: fmt.Sprintf(format, args...)}}
	}
	s = without(s, ".")
	if s == "" {
		return bad("Chưa nhập mã số thuế.")
	}
	code, branch, hasBranch := strings.Cut(s, "-")
	if !onlyDigits(code) || !onlyDigits(branch) {
		return bad("Mã số thuế chỉ gồm các chữ số, và một dấu gạch nối trước 3 số của đơn vị phụ thuộc.")
	}
	if len(code) == 13 && !hasBranch {
		code, branch, hasBranch = code[:10], code[10:], true
	}
	if len(code) == 12 && !hasBranch {
		if strings.Trim(code, "0") == "" {
			return bad("Số định danh cá nhân không thể toàn số 0.")
		}
		return MST(code), nil
	}
	if len(code) != 10 || hasBranch && len(branch) != 3 {
		return bad("Mã số thuế phải có 10 chữ số, 13 chữ số (dạng 0123456789-001) hoặc 12 chữ số của số định danh cá nhân.")
	}
	check, ok := CheckMST(code[:9])
	if !ok {
		return bad("Mã số thuế %s không tồn tại: cơ quan thuế không cấp dãy số này.", code)
	}
	if code[9] != check {
		return bad("Mã số thuế %s sai số kiểm tra: hãy xem lại từng chữ số.", code)
	}
	if !hasBranch {
		return MST(code), nil
	}
	if branch == "000" {
		return bad("Mã số thuế của đơn vị phụ thuộc không thể kết thúc bằng 000.")
	}
	return MST(code + "-" + branch), nil
}

// CheckMST returns the tenth digit of the tax code whose first nine digits are given. It is false when first9 is not
// nine digits, or is never issued: the check value is 10, or the digits 3 to 9 are all 0.
// Source: the weights 31, 29, 23, 19, 17, 13, 7, 5, 3 modulo 11 used for Vietnamese tax codes.
func CheckMST(first9 string) (byte, bool) {
	if len(first9) != 9 || !onlyDigits(first9) || first9[2:] == "0000000" {
		return 0, false
	}
	sum := 0
	for i, weight := range []int{31, 29, 23, 19, 17, 13, 7, 5, 3} {
		sum += weight * int(first9[i]-'0')
	}
	check := 10 - sum%11
	if check == 10 {
		return 0, false
	}
	return '0' + byte(check), true
}
