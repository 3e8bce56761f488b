package ui

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"txng/tenant"
)

// MenuGroup is a titled part of the side menu.
type MenuGroup struct {
	Label string
	Items []MenuItem
}

// Shell is what surrounds a signed-in page.
type Shell struct {
	Title, Purpose       string // h1 and the one sentence of purpose
	Crumbs               []Link // breadcrumb, without the page itself
	Primary              Link   // the one primary action at the right; zero means none
	Menu                 []MenuGroup
	Tenant, Role, Person string // always in sight: "Nghệ An", "Quản trị Sở KH&CN", "Trần Thị Hoa"
	Scopes               []Link // other scopes the person may switch to
	Query                string // text in the global search box
	Colour               string // the tenant's own primary colour "#rrggbb", or ""
	Logo                 string // address of the tenant's picture, or ""
	Flash, FlashKind     string // message about what has just been done; kind as in Status
	RequestID            string
	InPlace              InPlace  // who works in the person's place; zero: nobody
	Standing             Standing // what holds for the whole province now; zero: nothing out of the ordinary
	NoSearch             bool     // the person has nothing to search for here
	Failed               bool     // a form of the page has errors: the document's title begins with "Lỗi:"
}

// PublicShell is what surrounds a page for consumers. Lang is "vi" (default) or "en"; Image is the
// absolute address of the picture that messengers show when the page is shared. Owner, Logo and Contact are of the
// province whose page it is, if any: its name, the address of its picture, and whom to turn to.
type PublicShell struct {
	Title, Description, Lang, Colour, Image string
	Owner, Logo, Contact                    string
}

func (p PublicShell) lang() string {
	if p.Lang == "" {
		return "vi"
	}
	return p.Lang
}

// Problem is what an error page says: what happened, what to do, and the number to quote.
type Problem struct {
	Code                   int
	Title, Text, RequestID string
	Actions                []Link
	InPlace                InPlace // as in Shell
	// Again is where the form that was refused may be sent once more, with what was typed in Kept; "" for none.
	Again string
	Kept  url.Values
}

// InPlace is an operator who works in a person's place: the banner that every page bears then. End is where the button
// that ends it posts to.
type InPlace struct{ Operator, Person, Role, Until, Reason, End string }

// Standing is what every page of a province says that is not simply running: paused, archived, merged. Kind as in Status.
type Standing struct{ Kind, Text string }

func (s Shell) documentTitle() string {
	title := s.Title + " – txng"
	if s.Failed {
		return "Lỗi: " + title
	}
	return title
}

func (s Shell) reportLink() string {
	if s.RequestID == "" {
		return ReportPath
	}
	return ReportPath + "?ma=" + url.QueryEscape(s.RequestID)
}

// primaryStyle sets the tenant's colour, which must carry white text.
func primaryStyle(colour string) templ.SafeCSS {
	return templ.SafeCSS("--txng-primary:" + colour)
}

// swatchStyle is the colour "#rrggbb" for a swatch; anything else shows none.
func swatchStyle(colour string) templ.SafeCSS {
	if len(colour) != 7 || colour[0] != '#' || strings.Trim(colour[1:], "0123456789abcdefABCDEF") != "" {
		return ""
	}
	return templ.SafeCSS("--swatch:" + colour)
}

// CarriesWhiteText says whether white text on the colour "#rrggbb" reaches the contrast of 4.5:1
// (WCAG 2.2, 1.4.3). Anything that is not such a colour does not.
func CarriesWhiteText(colour string) bool {
	return tenant.CarriesWhiteText(colour)
}

// initial is the first letter of the given name, which Vietnamese write last.
func initial(person string) string {
	words := strings.Fields(person)
	if len(words) == 0 {
		return ""
	}
	first, _ := utf8.DecodeRuneInString(words[len(words)-1])
	return string(unicode.ToUpper(first))
}
