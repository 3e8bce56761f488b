package gs1

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"txng/tenant/fault"
)

// Link is what a GS1 Digital Link URI with primary key 01 says. Absent parts are "".
type Link struct {
	GTIN   GTIN
	CPV    string // consumer product variant, AI 22: 1 to 20 characters of set 82
	Lot    Lot
	Serial Serial
	TPX    string // third-party serial number, AI 235: 1 to 28 characters of set 82; excludes CPV, Lot and Serial
	Other  []Param
}

// Param is one parameter of the query, percent-decoded: a data attribute (Key is an application identifier, such as
// "17") or anything else (such as "linkType"), in the order of the URI. Value is "" when there is none.
type Param struct{ Key, Value string }

// ErrOtherKey is returned for a link whose primary key is a known one but not 01 (a location, a logistic unit, …).
var ErrOtherKey = errors.New("digital link with a primary key other than 01")

// maxLink is the longest URI that ParseLink reads, in bytes; a QR code of the highest version holds 2,953.
const maxLink = 2953

// ParseLink reads an uncompressed GS1 Digital Link URI, strictly: scheme http or https in one case, a domain name with
// an optional port, any stem, then /01/ with a GTIN of 14 digits, then at most once each and in this order 22, 10 and
// 21, or 235 alone. Values are percent-decoded once; a trailing slash is refused; the fragment is dropped.
// All-numeric query keys must be application identifiers that GS1 allows as data attributes beside these; their
// values are checked against character set 82 only.
//
// The error is ErrOtherKey or a fault.Invalid of the field "link", "gtin", "cpv", "lot", "serial" or "tpx".
// Source: GS1 Digital Link URI Syntax 1.7.0, section 4.
func ParseLink(rawURL string) (Link, error) {
	if len(rawURL) > maxLink {
		return Link{}, badLink("dài quá %d ký tự", maxLink)
	}
	for i := range len(rawURL) {
		if !inURI(rawURL[i]) {
			return Link{}, badLink("có ký tự không được phép trong địa chỉ")
		}
	}
	rest, _, _ := strings.Cut(rawURL, "#")
	rest, query, _ := strings.Cut(rest, "?")
	path, err := pathOf(rest)
	if err != nil {
		return Link{}, err
	}
	pairs, err := keyAndQualifiers(path)
	if err != nil {
		return Link{}, err
	}
	link, err := readPath(pairs)
	if err != nil {
		return Link{}, err
	}
	link.Other, err = readQuery(query, link)
	return link, err
}

// URI writes the link in its canonical form under an origin such as "https://txng.vn" or "https://example.vn:8443/q":
// scheme and domain name in lower case, one order of parts, everything but letters, digits and - . _ ~ escaped.
// ParseLink of the result gives the link back (unless escaping a long query has made the URI too long to read).
func (l Link) URI(origin string) string { return mapOrigin(origin, strings.ToLower) + l.suffix() }

// QR writes the link with scheme and domain name in upper case, so that a QR encoder can use its alphanumeric mode
// (two characters in 11 bits). The mode also needs an origin without a stem, a link without Other, and values in
// digits, upper-case letters and - . only; nothing else is changed, as the case of values matters.
func (l Link) QR(origin string) string { return mapOrigin(origin, strings.ToUpper) + l.suffix() }

func (l Link) suffix() string {
	var b strings.Builder
	part := func(ai, value string) {
		if value != "" {
			b.WriteString("/" + ai + "/" + escape(value))
		}
	}
	part("01", string(l.GTIN))
	part("22", l.CPV)
	part("10", string(l.Lot))
	part("21", string(l.Serial))
	part("235", l.TPX)
	for i, p := range l.Other {
		if i == 0 {
			b.WriteByte('?')
		} else {
			b.WriteByte('&')
		}
		b.WriteString(escape(p.Key))
		if p.Value != "" {
			b.WriteString("=" + escape(p.Value))
		}
	}
	return b.String()
}

// mapOrigin changes the case of scheme and authority and leaves a stem as it is, without a trailing slash.
func mapOrigin(origin string, change func(string) string) string {
	origin = strings.TrimRight(origin, "/")
	end := len(origin)
	if scheme := strings.Index(origin, "://"); scheme >= 0 {
		if slash := strings.IndexByte(origin[scheme+3:], '/'); slash >= 0 {
			end = scheme + 3 + slash
		}
	}
	return change(origin[:end]) + origin[end:]
}

// pathOf checks scheme and authority of a URI without query and fragment, and returns its path.
func pathOf(uri string) (string, error) {
	scheme, rest, _ := strings.Cut(uri, "://")
	if !slices.Contains([]string{"http", "https", "HTTP", "HTTPS"}, scheme) {
		return "", badLink("phải bắt đầu bằng https:// hoặc http://")
	}
	authority, path, _ := strings.Cut(rest, "/")
	host, port, hasPort := strings.Cut(authority, ":")
	if host == "" || strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") != "" {
		return "", badLink("không có tên miền hợp lệ")
	}
	if hasPort && (port == "" || len(port) > 5 || !onlyDigits(port)) {
		return "", badLink("có số cổng không hợp lệ")
	}
	return path, nil
}

// pair is one /identifier/value of the path, the value still escaped.
type pair struct{ ai, value string }

// keyAndQualifiers returns the primary key and what follows it: the pairs from the rightmost one that is a key.
func keyAndQualifiers(path string) ([]pair, error) {
	segments := strings.Split(path, "/")
	for i := len(segments) - 2; i >= 0; i -= 2 {
		ai := segments[i]
		if !isPrimaryKey(ai) {
			continue
		}
		if ai != "01" {
			return nil, ErrOtherKey
		}
		var pairs []pair
		for ; i < len(segments); i += 2 {
			pairs = append(pairs, pair{segments[i], segments[i+1]})
		}
		return pairs, nil
	}
	return nil, badLink("không có phần /01/ kèm số GTIN 14 chữ số")
}

// readPath reads the key 01 and its qualifiers.
func readPath(pairs []pair) (Link, error) {
	var l Link
	gtin := unescape(pairs[0].value, false)
	if len(gtin) != 14 || !onlyDigits(gtin) {
		return Link{}, fault.Invalid{{Name: "gtin", Message: "Số GTIN trong liên kết phải có đúng 14 chữ số"}}
	}
	var err error
	if l.GTIN, err = ParseGTIN(gtin); err != nil {
		return Link{}, err
	}
	order := []string{"22", "10", "21"}
	for i, p := range pairs[1:] {
		value := unescape(p.value, false)
		if p.ai == "235" && i == 0 && len(pairs) == 2 {
			l.TPX = value
			if err = checkText("tpx", "Số sê-ri bên thứ ba", value, 28); err != nil {
				return Link{}, err
			}
			break
		}
		at := slices.Index(order, p.ai)
		if at < 0 {
			return Link{}, badLink("có phần /%s/ không hợp lệ hoặc sai thứ tự (thứ tự đúng: 01, 22, 10, 21)", p.ai)
		}
		order = order[at+1:]
		switch p.ai {
		case "22":
			l.CPV, err = value, checkText("cpv", "Mã biến thể", value, maxText)
		case "10":
			l.Lot, err = Lot(value), checkText("lot", "Mã lô", value, maxText)
		case "21":
			l.Serial, err = Serial(value), checkText("serial", "Số sê-ri", value, maxText)
		}
		if err != nil {
			return Link{}, err
		}
	}
	return l, nil
}

// readQuery reads the query of a link whose path has been read. A data attribute given twice must have one value.
func readQuery(query string, path Link) ([]Param, error) {
	var params []Param
	attributes := make(map[string]string)
	for _, part := range strings.Split(query, "&") {
		rawKey, rawValue, _ := strings.Cut(part, "=")
		p := Param{unescape(rawKey, true), unescape(rawValue, true)}
		if p.Key == "" {
			continue
		}
		if onlyDigits(p.Key) {
			if !isAttributeOf(p.Key, path) {
				return nil, badLink("có tham số %s không hợp lệ", p.Key)
			}
			if err := checkText("link", "Giá trị của tham số "+p.Key, p.Value, 90); err != nil {
				return nil, err
			}
			before, repeated := attributes[p.Key]
			if repeated && before != p.Value {
				return nil, badLink("có tham số %s với hai giá trị khác nhau", p.Key)
			}
			if repeated {
				continue
			}
			attributes[p.Key] = p.Value
		}
		params = append(params, p)
	}
	return params, nil
}

func badLink(format string, args ...any) error {
	return fault.Invalid{{Name: "link", Message: "Liên kết GS1 " + fmt.Sprintf(format, args...)}}
}

// inURI tells whether c may stand in a URI (RFC 3986, section 2).
func inURI(c byte) bool {
	return isUnreserved(c) || strings.IndexByte(":/?#[]@!$&'()*+,;=%", c) >= 0
}

// isUnreserved tells whether c never needs escaping (RFC 3986, section 2.3).
func isUnreserved(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("-._~", c) >= 0
}

// escape percent-encodes every byte that is not unreserved.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; isUnreserved(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

// unescape percent-decodes once. A % without two hexadecimal digits stands for itself; in a query + is a space.
func unescape(s string, inQuery bool) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			b.WriteByte(byte(unhex(s[i+1])<<4 | unhex(s[i+2])))
			i += 2
		case s[i] == '+' && inQuery:
			b.WriteByte(' ')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// unhex returns the value of a hexadecimal digit of either case, or -1.
func unhex(c byte) int {
	n := strings.IndexByte("0123456789abcdefABCDEF", c)
	if n > 15 {
		n -= 6
	}
	return n
}
