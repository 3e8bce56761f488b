package gs1

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vectors reads a file of ../shared/data/gs1/digitallink, beside the checkout.
func vectors[T any](t *testing.T, name string) T {
	t.Helper()
	var out T
	data, err := os.ReadFile(filepath.Join("../../../../shared/data/gs1/digitallink", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("SKIPPED: the shared vectors %s are not beside the checkout", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// linkVector is one case of dl-parse (valid, uri, elementString) or dl-generate (valid, stem, uri).
type linkVector struct {
	Valid         bool            `json:"valid"`
	URI           string          `json:"uri"`
	Stem          string          `json:"stem"`
	ElementString *string         `json:"elementString"`
	Options       map[string]bool `json:"options"`
	EngineValid   *bool           `json:"syntaxEngineValid"`
	Source        string          `json:"source"`
}

func TestLinkVerdictsEqualThoseOfTheSyntaxEngine(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"gs1-syntax-engine.dl-parse.json", "gs1-simple-parser.dl-parse.json"} {
		ran, relaxed, otherKey := 0, 0, 0
		for _, v := range vectors[[]linkVector](t, file) {
			want := v.Valid
			if v.EngineValid != nil { // the simple parser is loose; the engine's verdict is the strict one
				want = *v.EngineValid
			}
			if want && len(v.Options) > 0 {
				relaxed++
				continue
			}
			link, err := ParseLink(v.URI)
			if errors.Is(err, ErrOtherKey) {
				otherKey++
				continue
			}
			ran++
			if (err == nil) != want {
				t.Errorf("%s %s: %s: error %v, want valid %v", file, v.Source, v.URI, err, want)
				continue
			}
			if want && v.ElementString != nil {
				if got := elementString(link); got != *v.ElementString {
					t.Errorf("%s %s: %s: read as %s, want %s", file, v.Source, v.URI, got, *v.ElementString)
				}
			}
		}
		t.Logf("%s: %d compared; out of scope: %d valid only with relaxed options, %d with another primary key", file, ran, relaxed, otherKey)
		if ran < 10 {
			t.Errorf("%s: only %d vectors compared", file, ran)
		}
	}
}

// elementString writes a link as the vectors do: ^ before an identifier that follows a value of variable length.
func elementString(l Link) string {
	s, open := "^01"+string(l.GTIN), false
	add := func(ai, value string) {
		if value == "" {
			return
		}
		if open {
			s += "^"
		}
		s += ai + value
		fixed := ai == "17" || strings.HasPrefix(ai, "31")
		open = !fixed
	}
	add("22", l.CPV)
	add("10", string(l.Lot))
	add("21", string(l.Serial))
	add("235", l.TPX)
	for _, p := range l.Other {
		if onlyDigits(p.Key) {
			add(p.Key, p.Value)
		}
	}
	return s
}

func TestGeneratedURIsEqualThoseOfTheSyntaxEngine(t *testing.T) {
	t.Parallel()
	ran, out := 0, 0
	for _, v := range vectors[[]linkVector](t, "gs1-syntax-engine.dl-generate.json") {
		if !v.Valid || len(v.Options) > 0 || !strings.HasPrefix(v.URI, v.Stem+"/01/") {
			out++
			continue
		}
		ran++
		link, err := ParseLink(v.URI)
		if got := link.URI(v.Stem); err != nil || got != v.URI {
			t.Errorf("%s: got %s, %v; want %s", v.Source, got, err, v.URI)
		}
	}
	t.Logf("%d compared; out of scope: %d (invalid input, relaxed options or another primary key)", ran, out)
}

func TestPercentDecodingEqualsThatOfTheSyntaxEngine(t *testing.T) {
	t.Parallel()
	for _, v := range vectors[[]struct{ In, Path, Query string }](t, "gs1-syntax-engine.percent-decode.json") {
		path, query := latin1(unescape(v.In, false)), latin1(unescape(v.In, true))
		if path != v.Path || query != v.Query {
			t.Errorf("%q: path %q, query %q; want %q, %q", v.In, path, query, v.Path, v.Query)
		}
	}
}

// latin1 reads bytes as the vectors write them: one character a byte.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

func TestPathSequencesOfKey01AreAccepted(t *testing.T) {
	t.Parallel()
	values := map[string]string{"01": "12312312312333", "22": "V", "10": "L", "21": "S", "235": "T"}
	ran, out := 0, 0
	for _, sequence := range vectors[[][]string](t, "gs1-syntax-engine.valid-path-sequences.json") {
		if sequence[0] != "01" {
			out++
			continue
		}
		ran++
		uri := "https://a"
		for _, ai := range sequence {
			uri += "/" + ai + "/" + values[ai]
		}
		if _, err := ParseLink(uri); err != nil {
			t.Errorf("%s: %v", uri, err)
		}
	}
	t.Logf("%d sequences; out of scope: %d with another primary key", ran, out)
}

func TestCheckDigitsAndSet82EqualTheDictionary(t *testing.T) {
	t.Parallel()
	all := vectors[map[string][]struct {
		Value string `json:"value"`
		OK    bool   `json:"ok"`
	}](t, "gs1-syntax-dictionary.linter-vectors.json")
	for _, v := range all["csum"] {
		body, last := v.Value[:len(v.Value)-1], v.Value[len(v.Value)-1]
		check, err := CheckDigit(body)
		if got := err == nil && check == last; got != v.OK {
			t.Errorf("check digit of %q: %v, want %v", v.Value, got, v.OK)
		}
	}
	for _, v := range all["cset82"] {
		if err := checkText("lot", "Mã lô", v.Value, 1000); (err == nil) != v.OK {
			t.Errorf("character set 82 of %q: %v, want %v", v.Value, err, v.OK)
		}
	}
	if len(all["csum"]) == 0 || len(all["cset82"]) == 0 {
		t.Error("no vectors of csum or cset82")
	}
}
