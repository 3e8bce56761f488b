package tenant

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"txng/tenant/fault"
	"txng/tenant/unit"
)

var slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// reservedSlugs are subdomains, and parts of addresses, that the platform itself uses.
var reservedSlugs = []string{
	"www", "api", "static", "admin", "mail", "id", "bo", "qr", "txng",
	"moi", "yeu-cau", "smtp", "imap", "ftp", "ns1", "ns2", "mx", "cdn", "demo", "test", "support", "ho-tro", "help", "login", "dang-nhap", "root", "localhost", "status",
}

// checkSlug notes what is wrong with a subdomain. others are the subdomains of the other tenants; now says which
// provinces' names are nobody else's.
func checkSlug(wrong *fault.Invalid, slug, own string, others []string, now time.Time) {
	switch odd, found := oddLetter(slug); {
	case strings.HasPrefix(slug, "xn--"):
		wrong.Add("slug", "Tên miền con không được ở dạng mã hóa xn--. Viết bằng chữ thường không dấu, ví dụ: %s", own)
	case found:
		wrong.Add("slug", "Tên miền con có ký tự “%c” (U+%04X) không phải chữ Latinh không dấu, dễ nhầm với địa chỉ khác. Ví dụ đúng: %s", odd, odd, own)
	case !slugForm.MatchString(slug) || len(slug) > 40:
		wrong.Add("slug", "Tên miền con chỉ gồm chữ thường không dấu, chữ số và dấu gạch ngang, tối đa 40 ký tự. Ví dụ: %s", own)
	case slices.Contains(reservedSlugs, slug):
		wrong.Add("slug", "Tên miền con “%s” dành riêng cho hệ thống.", slug)
	case slices.Contains(others, slug):
		*wrong = append(*wrong, fault.Taken("slug", "Tên miền con “%s” đã có tỉnh khác dùng.", slug)...)
	default:
		if like := lookAlike(slug, own, others, now); like != "" {
			wrong.Add("slug", "Tên miền con “%s” trông giống “%s” của tỉnh khác, người dân dễ nhầm.", slug, like)
		}
	}
}

// lookAlike returns the subdomain of another province that people would take slug for, or "".
func lookAlike(slug, own string, others []string, now time.Time) string {
	names := slices.Clone(others)
	for _, p := range unit.Provinces(now) {
		names = append(names, p.Slug)
	}
	for _, name := range names {
		if name != own && skeleton(name) == skeleton(slug) && skeleton(own) != skeleton(slug) {
			return name
		}
	}
	return ""
}

// skeleton is what is left of a subdomain when letters that look alike are one.
func skeleton(slug string) string {
	return strings.NewReplacer("-", "", "0", "o", "1", "l", "i", "l", "rn", "m", "vv", "w", "5", "s", "8", "b").Replace(slug)
}

// oddLetter returns the first character of a name that is not ASCII.
func oddLetter(name string) (rune, bool) {
	for _, r := range name {
		if r > unicode.MaxASCII {
			return r, true
		}
	}
	return 0, false
}

var domainForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$`)

// CheckDomain notes what is wrong with a province's own domain; "" is none. base is the host of the platform, whose
// subdomains are no own domains; "" leaves that out.
func CheckDomain(wrong *fault.Invalid, domain, base string) {
	const example = "Ví dụ: txng.nghean.gov.vn"
	labels := strings.Split(domain, ".")
	last := labels[len(labels)-1]
	tooLong := slices.ContainsFunc(labels, func(l string) bool { return len(l) > 63 })
	coded := slices.ContainsFunc(labels, func(l string) bool { return strings.HasPrefix(l, "xn--") })
	switch odd, found := oddLetter(domain); {
	case domain == "":
	case found:
		wrong.Add("domain", "Tên miền có ký tự “%c” (U+%04X) không phải chữ Latinh không dấu, dễ nhầm với tên miền khác. %s", odd, odd, example)
	case coded:
		wrong.Add("domain", "Tên miền dạng xn-- (có dấu hoặc chữ nước ngoài) không dùng được. %s", example)
	case !domainForm.MatchString(domain) || len(domain) > 200 || tooLong || !strings.ContainsFunc(last, unicode.IsLetter):
		wrong.Add("domain", "Tên miền chỉ gồm chữ thường không dấu, chữ số, dấu chấm và gạch ngang, không kèm https:// hay dấu gạch chéo. %s", example)
	case base != "" && (domain == base || strings.HasSuffix(domain, "."+base)):
		wrong.Add("domain", "Tên miền riêng phải nằm ngoài %s; địa chỉ thuộc hệ thống đã có ở tên miền con.", base)
	}
}

// Place is where a tenant is found: its subdomain and, unless "", its own domain.
type Place struct{ Slug, Domain string }

// CheckPlace notes under "slug" and "domain" what is wrong with where a province is found. others are the places of all
// other tenants, base is the platform's host, and now says which provinces' names are nobody else's.
func CheckPlace(wrong *fault.Invalid, of Tenant, p Place, others []Place, base string, now time.Time) {
	CheckDomain(wrong, p.Domain, base)
	var slugs []string
	for _, o := range others {
		slugs = append(slugs, o.Slug)
		if p.Domain != "" && o.Domain == p.Domain {
			*wrong = append(*wrong, fault.Taken("domain", "Tên miền “%s” đã có tỉnh khác dùng.", p.Domain)...)
		}
	}
	own := of.Slug
	if province, err := unit.ParseRef(of.Unit); err == nil {
		if u, ok := unit.ByRef(province); ok {
			own = u.Slug
		}
	}
	checkSlug(wrong, p.Slug, own, slugs, now)
}

// CheckName notes under the field what is wrong with what a province calls itself: the name of another province, and
// letters that look like those of Vietnamese and are none.
func CheckName(wrong *fault.Invalid, field string, of Tenant, name string, now time.Time) {
	for _, r := range name {
		if unicode.IsLetter(r) && (!unicode.Is(unicode.Latin, r) || r >= '\uff00') {
			wrong.Add(field, "Tên có chữ “%c” (U+%04X) không phải chữ cái tiếng Việt, dễ gây nhầm.", r, r)
			return
		}
	}
	if other, ok := unit.Namesake(name, of.Name, now); ok {
		wrong.Add(field, "“%s” là tên của tỉnh, thành phố khác.", other.Name)
	}
}
