package scan

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"txng/modules/internal/address"
	"txng/modules/internal/gs1"
	"txng/modules/internal/ui"
	"txng/modules/internal/web"
	"txng/modules/stamps"
	"txng/tenant"
	"txng/tenant/fault"
)

// public are the pages for consumers.
type public struct {
	keys     *stamps.Keys
	recorder *Recorder
	refused  web.Limit
}

// guesses are how many wrong serials one address may try within a minute. The tag of a serial has 40 bits, so guessing
// is hopeless at any rate that this leaves; people who mistype stay below it.
const guesses = 60

// guessed counts a refused serial against the address that it came from.
func (p public) guessed(q *web.Request, v stampView) (web.Answer, error) {
	if p.refused.Exceeded(q) {
		return web.Answer{}, fault.Say(fault.TooMany, "Quá nhiều mã không có trong hệ thống được thử từ địa chỉ này. Hãy chờ một phút rồi quét lại.")
	}
	return v.answer(), nil
}

// stampView is what the page of a stamp shows.
type stampView struct {
	w       *words
	verdict Verdict
	banner  ui.Verdict
	found   *found // nil: nothing is known
	serial  stamps.Serial
	seen    Seen // zero when the scan was not recorded
	code    string
	now     time.Time
	self    string
	tenant  string        // slug of the province that the stamp was issued in; "" when it is not known
	of      tenant.Tenant // whom people turn to: that province, or its successor
	note    string        // what the province's state means for what the page says, "" for nothing
	wait    int           // seconds, of Busy
}

// part returns a part of the path, percent-decoded: the router matches the path as it came.
func part(q *web.Request, name string) string {
	text := q.Path(name)
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

func languageOf(q *web.Request) *words {
	return wordsFor(q.URL.Query().Get("lang"), q.Header.Get("Accept-Language"))
}

// kinds are the verdicts as the banner shows them, and the status of their pages.
var kinds = map[Verdict]struct {
	kind   string
	status int
}{
	Genuine:  {"genuine", http.StatusOK},
	Inactive: {"caution", http.StatusOK},
	Void:     {"bad", http.StatusOK},
	Recalled: {"bad", http.StatusOK},
	Expired:  {"bad", http.StatusOK},
	Unknown:  {"bad", http.StatusNotFound},
	Gone:     {"unknown", http.StatusGone},
	Unsure:   {"unknown", http.StatusServiceUnavailable},
	Busy:     {"unknown", http.StatusTooManyRequests},
	BadCode:  {"unknown", http.StatusBadRequest},
}

func (v stampView) answer() web.Answer {
	words := v.w.verdicts[v.verdict]
	v.banner = ui.Verdict{Kind: kinds[v.verdict].kind, Word: words.word, Sentence: words.text}
	if v.verdict == Genuine {
		switch {
		case v.seen.Count <= 1:
			v.banner.Sentence = v.w.first
		case v.seen.Count <= ManyScans:
			v.banner.Sentence = v.w.again(v.seen.Count, v.seen.First)
		default:
			v.banner.Kind, v.banner.Word, v.banner.Sentence = "caution", v.w.often, v.w.many(v.seen.Count, v.seen.First)
		}
	}
	if v.verdict == Busy {
		v.banner.Sentence = v.w.busy(v.wait)
	}
	answer := web.Page(stampPage(v)).With("Cache-Control", "no-store").With("Content-Language", v.w.lang).
		With("Vary", "Accept-Language").With("X-Robots-Tag", "noindex")
	answer.Status = kinds[v.verdict].status
	switch v.verdict {
	case Unsure:
		answer = answer.With("Retry-After", "30")
	case Busy:
		answer = answer.With("Retry-After", strconv.Itoa(v.wait))
	}
	return answer
}

// stamp answers a scan. HEAD says what GET would, but is not a person who looks, and counts as no scan.
func (p public) stamp(q *web.Request) (web.Answer, error) {
	v := stampView{w: languageOf(q), verdict: Unknown, now: q.Now(), self: q.URL.EscapedPath(), code: part(q, "gtin") + "/" + part(q, "serial")}
	gtin, err := gs1.ParseGTIN(part(q, "gtin"))
	if err != nil {
		v.verdict = BadCode
		return v.answer(), nil
	}
	serial, err := stamps.ParseSerial(part(q, "serial"))
	if err != nil {
		return p.guessed(q, v)
	}
	stamp, err := p.keys.Open(string(gtin), serial)
	if err != nil {
		return p.guessed(q, v) // forged: the database is not asked
	}
	v.serial, v.code = serial, string(gtin)+"/"+string(serial)
	of, err := q.App().DB.Tenant(q.Context(), tenant.ID(stamp.Tenant))
	known := err == nil
	if known {
		if err := q.CountPublic(of); err != nil {
			v.verdict, v.wait = Busy, web.RetryAfter(err)
			return v.answer(), nil
		}
	} else if errors.Is(err, fault.NotFound) {
		v.verdict = Gone // its serial is none that anybody else could make
		return v.answer(), nil
	}
	var f found
	err = q.App().DB.Public(q.Context(), func(tx tenant.Public) error {
		f, err = look(q.Context(), tx, gtin, stamp)
		return err
	})
	switch {
	case errors.Is(err, fault.NotFound):
		return v.answer(), nil
	case err != nil:
		if !errors.Is(err, fault.Unavailable) {
			q.App().Log.Error("stamp was not looked up", "request", q.ID, "error", err)
		}
		v.verdict = Unsure
		return v.answer(), nil
	}
	if known {
		if v.of, v.note, err = standing(q, v.w, of); err != nil {
			return web.Answer{}, err
		}
		v.tenant = of.Slug
	}
	v.found, v.verdict = &f, f.verdict(q.Now())
	if q.Method == http.MethodHead {
		return v.answer(), nil
	}
	v.seen, err = p.recorder.Record(q.Context(), Hit{Stamp: stamp, Org: f.OrgID, Verdict: v.verdict, At: q.Now()})
	if err != nil && v.verdict == Genuine {
		v.verdict = Unsure
	}
	answer := v.answer()
	if err != nil { // a warning is shown all the same
		answer.Status = http.StatusServiceUnavailable
	}
	return answer, nil
}

// standing returns whom people of a province turn to, and what its state means for what is shown of it: where nothing is
// written any more, a recall is not either.
func standing(q *web.Request, w *words, of tenant.Tenant) (heir tenant.Tenant, note string, err error) {
	if heir, err = q.App().DB.Heir(q.Context(), of); err != nil {
		return of, "", err
	}
	switch {
	case of.State == tenant.Suspended:
		note = w.paused(of.Name)
	case of.State == tenant.Archived && heir.ID != of.ID:
		note = w.closed(of.Name, heir.Name)
	case of.State == tenant.Archived:
		note = w.closed(of.Name, "")
	}
	return heir, note, nil
}

// product answers for a GTIN without a stamp.
func (p public) product(q *web.Request) (web.Answer, error) {
	w := languageOf(q)
	code := part(q, "gtin")
	gtin, err := gs1.ParseGTIN(code)
	if err != nil {
		return stampView{w: w, verdict: BadCode, code: code, now: q.Now(), self: q.URL.EscapedPath()}.answer(), nil
	}
	all, err := q.App().DB.Tenants(q.Context())
	if err != nil {
		return web.Answer{}, err
	}
	var of []tenant.ID
	for _, t := range all {
		of = append(of, t.ID)
	}
	var products []Product
	err = q.App().DB.Public(q.Context(), func(tx tenant.Public) error {
		products, err = publishedByGTIN(q.Context(), tx, of, gtin)
		return err
	})
	if err != nil {
		return web.Answer{}, err
	}
	for i, p := range products {
		at := slices.IndexFunc(all, func(t tenant.Tenant) bool { return t.ID == p.TenantID })
		if _, products[i].Note, err = standing(q, w, all[at]); err != nil {
			return web.Answer{}, err
		}
	}
	answer := web.Page(productPage(w, gtin, products, q.Now(), q.URL.EscapedPath())).
		With("Content-Language", w.lang).With("Vary", "Accept-Language")
	if len(products) == 0 {
		answer.Status = http.StatusNotFound
	}
	return answer, nil
}

// photoAge is how long a browser may show a photo without asking.
const photoAge = time.Hour

// photo answers with the photo of a published product.
func (p public) photo(q *web.Request) (web.Answer, error) {
	of, err := q.Number("tenant")
	if err != nil || of > stamps.MaxTenant {
		return web.Answer{}, fault.NotFound
	}
	product, err := q.Number("product")
	if err != nil {
		return web.Answer{}, err
	}
	whose, err := q.App().DB.Tenant(q.Context(), tenant.ID(of))
	if err == nil {
		err = q.CountPublic(whose)
	}
	if err != nil {
		return web.Answer{}, err
	}
	var f photo
	err = q.App().DB.Public(q.Context(), func(tx tenant.Public) error {
		f, err = publishedPhoto(q.Context(), tx, int(of), product)
		return err
	})
	if err != nil {
		return web.Answer{}, err
	}
	tag := `"` + strconv.FormatInt(f.CreatedAt.UnixMicro(), 36) + `"`
	answer := web.Bytes(f.Type, f.Bytes)
	if q.Header.Get("If-None-Match") == tag {
		answer = web.Bytes(f.Type, nil)
		answer.Status = http.StatusNotModified
	}
	return answer.With("ETag", tag).
		With("Cache-Control", "public, max-age="+strconv.Itoa(int(photoAge/time.Second))), nil
}

// both returns the producer's address as it is called today, and as labels of before a reform have it.
func (p Product) both(now time.Time) address.Both {
	return address.Of(p.Address, p.Unit, p.PrintedAddress, p.PrintedUnit, now)
}

// photoPath returns the address of the product's photo.
func (p Product) photoPath() string {
	return "/anh/" + strconv.Itoa(int(p.TenantID)) + "/" + strconv.FormatInt(p.ID, 10)
}

// maxCode is how much of what was asked for goes into a report, in bytes: a GTIN and a serial with room to spare.
const maxCode = 60

// reportPath is where a fake is reported: in the page's language, to the province of the stamp.
func (v stampView) reportPath() string {
	asked := url.Values{"ma": {strings.ToValidUTF8(v.code[:min(len(v.code), maxCode)], "")}, "lang": {v.w.lang}}
	if v.tenant != "" {
		asked.Set("tinh", v.tenant)
	}
	return ui.ReportPath + "?" + asked.Encode()
}
