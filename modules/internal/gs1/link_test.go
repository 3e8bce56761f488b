package gs1

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestLinkIsReadWhole(t *testing.T) {
	t.Parallel()
	got, err := ParseLink("HTTPS://TXNG.VN:8443/q/01/08936012345674/22/V1/10/L%2F7/21/a%25b?17=261231&linkType=gs1:pip&x#top")
	want := Link{
		GTIN: "08936012345674", CPV: "V1", Lot: "L/7", Serial: "a%b",
		Other: []Param{{"17", "261231"}, {"linkType", "gs1:pip"}, {"x", ""}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestLinkIsWrittenCanonicallyAndForQR(t *testing.T) {
	t.Parallel()
	l := Link{GTIN: "08936012345674", Lot: "L/7", Serial: "Ab+1"}
	for _, c := range []struct{ got, want string }{
		{l.URI("HTTPS://Txng.VN:8443/Q/"), "https://txng.vn:8443/Q/01/08936012345674/10/L%2F7/21/Ab%2B1"},
		{l.QR("https://txng.vn:8443"), "HTTPS://TXNG.VN:8443/01/08936012345674/10/L%2F7/21/Ab%2B1"},
		{Link{GTIN: l.GTIN, TPX: "T"}.URI("http://a"), "http://a/01/08936012345674/235/T"},
		{Link{GTIN: l.GTIN, Other: []Param{{"17", "261231"}, {"x", ""}}}.URI("http://a"), "http://a/01/08936012345674?17=261231&x"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func TestWrongLinkIsRefused(t *testing.T) {
	t.Parallel()
	const ok = "https://a/01/08936012345674"
	if _, err := ParseLink(ok); err != nil {
		t.Fatalf("%s: %v", ok, err)
	}
	for name, in := range map[string]string{
		"mixed-case scheme":        "Https://a/01/08936012345674",
		"check digit":              "https://a/01/08936012345675",
		"13 digits":                "https://a/01/8936012345674",
		"trailing slash":           ok + "/",
		"order of qualifiers":      ok + "/21/S/10/L",
		"qualifier twice":          ok + "/10/L/10/L",
		"attribute in the path":    ok + "/17/261231",
		"235 beside a lot":         ok + "/10/L/235/T",
		"empty qualifier":          ok + "/10/",
		"serial of 21 characters":  ok + "/21/" + strings.Repeat("9", 21),
		"serial with a letter ê":   ok + "/21/s%C3%AA-ri",
		"double decoding":          ok + "/21/a%2520%C3",
		"lot in the query":         ok + "?10=L",
		"serial in the query":      ok + "?21=S",
		"identifier that excludes": ok + "?37=5",
		"unknown identifier":       ok + "?3106=000001",
		"attribute with 2 values":  ok + "?17=261231&17=261230",
		"port":                     "https://a:x/01/08936012345674",
		"user":                     "https://a@b/01/08936012345674",
		"too long":                 ok + "?a=" + strings.Repeat("1", maxLink),
	} {
		if got, err := ParseLink(in); err == nil || errors.Is(err, ErrOtherKey) {
			t.Errorf("%s: ParseLink(%q) = %+v, %v; want an error of a field", name, in, got, err)
		}
	}
	if _, err := ParseLink("https://a/01/08936012345674/414/9520123456788"); !errors.Is(err, ErrOtherKey) {
		t.Errorf("location link: %v, want ErrOtherKey", err)
	}
}

func FuzzParseLink(f *testing.F) {
	for _, seed := range []string{
		"https://txng.vn/01/08936012345674/22/V/10/L%2F7/21/S?17=261231&x=%C3%AA&y#z",
		"HTTPS://TXNG.VN/01/08936012345674/235/T?10=L", "https://a/01/01/01/08936012345674", "http://a/00/006141411234567890", "%", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLink(s)
		if err != nil {
			return
		}
		for _, uri := range []string{l.URI("https://txng.vn/q"), l.QR("https://txng.vn")} {
			if len(uri) > maxLink {
				continue
			}
			if again, err := ParseLink(uri); err != nil || !reflect.DeepEqual(again, l) {
				t.Fatalf("%q: parse → %s → parse is %+v, %v; want %+v", s, uri, again, err, l)
			}
		}
	})
}
