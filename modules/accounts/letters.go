package accounts

import (
	"net/http"
	"regexp"

	"txng/modules/internal/mail"
	"txng/modules/internal/web"
)

// letters shows the letters of a demonstration to everybody. No other site has these pages.
func letters(a *web.App) {
	if lettersPath(a) == "" {
		return
	}
	folder := a.Mail.Folder()
	a.Open(http.MethodGet, "/dev/mail", "a demonstration's letters have no other reader", func(*web.Request) (web.Answer, error) {
		list, err := mail.Letters(folder)
		if err != nil {
			return web.Answer{}, err
		}
		return web.Page(lettersPage(list)), nil
	})
	a.Open(http.MethodGet, "/dev/mail/{file}", "as the list", func(q *web.Request) (web.Answer, error) {
		l, err := mail.ReadLetter(folder, q.Path("file"))
		if err != nil {
			return web.Answer{}, err
		}
		return web.Page(letterPage(l)), nil
	})
}

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

// piece is a part of a text: words, or an address to follow.
type piece struct {
	text string
	link bool
}

// pieces parts a text at the addresses in it.
func pieces(text string) []piece {
	var list []piece
	at := 0
	for _, span := range address.FindAllStringIndex(text, -1) {
		list = append(list, piece{text[at:span[0]], false}, piece{text[span[0]:span[1]], true})
		at = span[1]
	}
	return append(list, piece{text[at:], false})
}
