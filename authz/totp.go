package authz

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"txng/tenant/fault"
)

// TOTP by RFC 6238: six digits of HMAC-SHA-1, a new code each 30 seconds; a clock may be one step off.
const (
	totpStep  = 30 * time.Second
	totpDrift = 1
	totpBytes = 20 // of a secret, as long as the hash (RFC 4226, section 4, R6)
)

// TOTPSecret is what an app computes codes from.
type TOTPSecret []byte

func newTOTPSecret() TOTPSecret {
	s := make(TOTPSecret, totpBytes)
	rand.Read(s)
	return s
}

// String returns the secret as people type it into an app: base32.
func (s TOTPSecret) String() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(s)
}

// ParseTOTPSecret reads what String returns.
func ParseTOTPSecret(s string) (TOTPSecret, error) {
	return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(s)
}

// URI returns the address that an app reads from a QR code, for an account of a site.
func (s TOTPSecret) URI(site string, email Email) string {
	v := url.Values{"secret": {s.String()}, "issuer": {site}}
	return "otpauth://totp/" + url.PathEscape(site+":"+string(email)) + "?" + strings.ReplaceAll(v.Encode(), "+", "%20")
}

// StepAt returns the number of the 30 seconds that a time lies in.
func StepAt(t time.Time) int64 { return t.Unix() / int64(totpStep.Seconds()) }

// Code returns the code of a step.
func (s TOTPSecret) Code(step int64) string {
	code, err := hotp.GenerateCodeCustom(s.String(), uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		panic(err) // base32 of our own
	}
	return code
}

// match returns the newest step at a time, give or take totpDrift, that the code is of. It takes the same time whatever
// the code is.
func (s TOTPSecret) match(code string, now time.Time) (step int64, ok bool) {
	for n := StepAt(now) - totpDrift; n <= StepAt(now)+totpDrift; n++ {
		if subtle.ConstantTimeCompare([]byte(s.Code(n)), []byte(code)) == 1 {
			step, ok = n, true
		}
	}
	return step, ok
}

var errCodeForm = fault.Invalid{{Name: "code", Message: "Mã gồm đúng 6 chữ số."}}

// parseCode returns the six digits that were typed, without the spaces that apps show between them. Errors:
// fault.Invalid for "code".
func parseCode(typed string) (string, error) {
	if len(typed) > 40 {
		return "", errCodeForm
	}
	code := strings.ReplaceAll(strings.TrimSpace(typed), " ", "")
	if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
		return "", errCodeForm
	}
	return code, nil
}
