package gs1

import (
	"fmt"
	"strings"

	"txng/tenant/fault"
)

// Serial is the serial number of one item (AI 21): 1 to 20 characters of set 82.
type Serial string

// Lot is the number of a batch or lot (AI 10): 1 to 20 characters of set 82.
type Lot string

// maxText is the longest value of AI 10, 21 and 22, in characters.
const maxText = 20

// ParseSerial reads a serial number; spaces around it are dropped. The error is a fault.Invalid of the field "serial".
func ParseSerial(s string) (Serial, error) {
	s = strings.TrimSpace(s)
	return Serial(s), checkText("serial", "Số sê-ri", s, maxText)
}

// ParseLot reads a lot number; spaces around it are dropped. The error is a fault.Invalid of the field "lot".
func ParseLot(s string) (Lot, error) {
	s = strings.TrimSpace(s)
	return Lot(s), checkText("lot", "Mã lô", s, maxText)
}

// checkText says what keeps s from being 1 to most characters of set 82.
func checkText(field, title, s string, most int) error {
	if s == "" {
		return fault.Invalid{{Name: field, Message: title + " không được để trống."}}
	}
	for _, r := range s {
		if !inSet82(r) {
			return fault.Invalid{{Name: field, Message: fmt.Sprintf(
				"%s có ký tự %q không được phép: chỉ dùng chữ cái không dấu, chữ số và các dấu ! \" %% & ' ( ) * + , - . / : ; < = > ? _", title, r)}}
		}
	}
	if len(s) > most {
		return fault.Invalid{{Name: field, Message: fmt.Sprintf("%s dài tối đa %d ký tự, đang có %d.", title, most, len(s))}}
	}
	return nil
}

// inSet82 tells whether r is in the GS1 AI encodable character set 82 (General Specifications, figure 7.11-1).
func inSet82(r rune) bool {
	switch {
	case r >= '0' && r <= '9', r >= 'A' && r <= 'Z', r >= 'a' && r <= 'z':
		return true
	}
	return strings.ContainsRune(`!"%&'()*+,-./:;<=>?_`, r)
}
