// Command gen rewrites the public lists of Vietnam's administrative units into the compact tables that package unit
// embeds. Run it from the root of the repository:
//
//	go run ./tenant/unit/gen ../shared/data/vn
package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

const target = "tenant/unit/data"

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run ./tenant/unit/gen ../shared/data/vn")
	}
	files, err := compose(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(target, name), content, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

// row is one line of a source table by column name.
type row map[string]string

// compose returns the files of package unit's data folder, by name, made from the source tables in folder source.
func compose(source string) (map[string][]byte, error) {
	var failed error
	table := func(name string) []row {
		rows, err := readTable(filepath.Join(source, name))
		failed = cmp.Or(failed, err)
		return rows
	}
	oldProvinces, oldDistricts := table("units/old_provinces_63.csv"), table("units/old_districts_696.csv")
	oldCommunes := table("units/old_communes_2025-03.csv")
	newProvinces, newCommunes := table("units/new_provinces_34.csv"), table("units/new_communes_3321.csv")
	mergers, matches := table("provinces.csv"), table("units/commune_old_to_new_besteffort.csv")
	if failed != nil {
		return nil, failed
	}

	licence, err := os.ReadFile(filepath.Join(source, "units/LICENSE-thanglequoc-MIT.txt"))
	if err != nil {
		return nil, fmt.Errorf("reading the licence: %w", err)
	}
	kinds, err := undoDongNaiCity(newProvinces, newCommunes)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{
		"until_2025-06-30.tsv": slices.Concat(lines(oldProvinces, ""), lines(oldDistricts, "province_code"), lines(oldCommunes, "district_code")),
		"from_2025-07-01.tsv":  slices.Concat(lines(newProvinces, ""), lines(newCommunes, "province_code")),
		"kinds.tsv":            kinds,
		"successors.tsv":       successors(mergers, matches, oldDistricts, oldCommunes, newCommunes),
		"LICENSE.txt":          licence,
	}, nil
}

// lines writes one unit per line: code, kind, name, code of the parent (column parent; none for provinces).
func lines(rows []row, parent string) []byte {
	var b bytes.Buffer
	for _, r := range rows {
		kind := strings.TrimSpace(strings.TrimSuffix(r["full_name"], r["name"]))
		if kind == "xã" { // so written in one row of the source
			kind = "Xã"
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", r["code"], kind, oldStyleTone(r["name"]), r[parent])
	}
	return b.Bytes()
}

// dongNaiCity is the day on which Đồng Nai became a centrally-run city and 10 of its communes became wards
// (Nghị quyết 30/2026/QH16 and 237/NQ-UBTVQH).
const dongNaiCity = "2026-04-30"

// undoDongNaiCity gives the units that changed kind on dongNaiCity the kind they had on 1 July 2025 and returns the
// table of changes: code, day, new kind.
//
// The source has the later kinds only. The 10 communes are derived: Đồng Nai had 23 wards and 72 communes on 1 July
// 2025 (Nghị quyết 1662/NQ-UBTVQH15) and has 33 wards now; exactly 10 of the 33 grew from a township ("Thị trấn"),
// and a township became a commune ("Xã") in the 2025 reorganisation of that province.
func undoDongNaiCity(provinces, communes []row) ([]byte, error) {
	var b bytes.Buffer
	for _, p := range provinces {
		if p["code"] == "75" {
			p["full_name"] = "Tỉnh " + p["name"]
			fmt.Fprintf(&b, "75\t%s\tThành phố\n", dongNaiCity)
		}
	}
	promoted := 0
	for _, c := range communes {
		if c["province_code"] == "75" && c["type"] == "Phường" && strings.HasPrefix(c["truoc_sap_nhap"], "Thị trấn") {
			c["full_name"] = "Xã " + c["name"]
			fmt.Fprintf(&b, "%s\t%s\tPhường\n", c["code"], dongNaiCity)
			promoted++
		}
	}
	if promoted != 10 {
		return nil, fmt.Errorf("%d communes of Đồng Nai became wards on %s, want 10", promoted, dongNaiCity)
	}
	return b.Bytes(), nil
}

// pair is a code valid until 30 June 2025 and one valid from 1 July 2025.
type pair struct{ old, new string }

// quality says what is known of a pair: whether only a part of the old unit went there, whether it is a guess.
type quality struct{ part, guess bool }

// successors writes which old unit became (a part of) which new one: old code, new code, "part" or "whole", "sure" or
// "guess". Provinces come from the enactment. Communes come from the text "merged from" of each new commune:
//
//   - the text names exactly one old commune that fits: sure;
//   - it fits several: a guess, left out when the old commune is known to have gone whole elsewhere;
//   - it names a whole island district: the district and its communes, sure;
//   - a new commune bears the code of an old one of the same province: a guess where nothing is known. (In 99% of the
//     known pairs a new commune's code is that of one of its parts.)
func successors(mergers, matches, districts, oldCommunes, newCommunes []row) []byte {
	found := map[pair]quality{}
	for _, m := range mergers {
		found[pair{m["old_code"], m["new_code"]}] = quality{}
	}
	for _, m := range matches {
		if candidates := strings.Split(m["old_commune_code"], "|"); len(candidates) == 1 && candidates[0] != "" {
			p := pair{candidates[0], m["new_commune_code"]}
			found[p] = quality{part: found[p].part || m["partial"] == "1"}
		}
	}
	islands(found, districts, oldCommunes, newCommunes)
	divided(found)
	guesses(found, mergers, matches, oldCommunes, newCommunes)

	var b bytes.Buffer
	byCodes := func(x, y pair) int {
		return cmp.Or(cmp.Compare(len(x.old), len(y.old)), cmp.Compare(x.old, y.old), cmp.Compare(x.new, y.new))
	}
	for _, p := range slices.SortedFunc(maps.Keys(found), byCodes) {
		extent, trust := "whole", "sure"
		if found[p].part {
			extent = "part"
		}
		if found[p].guess {
			trust = "guess"
		}
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", p.old, p.new, extent, trust)
	}
	return b.Bytes()
}

// islands adds the special zones that were whole districts, some of which had no communes.
func islands(found map[pair]quality, districts, oldCommunes, newCommunes []row) {
	for _, zone := range newCommunes {
		for _, d := range districts {
			if zone["truoc_sap_nhap"] != d["full_name"] {
				continue
			}
			found[pair{d["code"], zone["code"]}] = quality{}
			for _, c := range oldCommunes {
				if c["district_code"] == d["code"] {
					found[pair{c["code"], zone["code"]}] = quality{}
				}
			}
		}
	}
}

// divided marks as parts the pairs of every old commune that went to several new ones.
func divided(found map[pair]quality) {
	heirs := map[string]int{}
	for p := range found {
		heirs[p.old]++
	}
	for p, q := range found {
		if heirs[p.old] > 1 {
			q.part = true
			found[p] = q
		}
	}
}

// guesses adds the pairs that are likely but not known.
func guesses(found map[pair]quality, mergers, matches, oldCommunes, newCommunes []row) {
	wentWhole := map[string]bool{}
	for p, q := range found {
		wentWhole[p.old] = wentWhole[p.old] || !q.part
	}
	add := func(p pair, part bool) {
		if _, known := found[p]; !known && !wentWhole[p.old] {
			found[p] = quality{part: part, guess: true}
		}
	}
	for _, m := range matches {
		if candidates := strings.Split(m["old_commune_code"], "|"); len(candidates) > 1 {
			for _, old := range candidates {
				add(pair{old, m["new_commune_code"]}, m["partial"] == "1")
			}
		}
	}
	merged := map[string]string{}
	for _, m := range mergers {
		merged[m["old_code"]] = m["new_code"]
	}
	provinceOf := map[string]string{}
	for _, c := range newCommunes {
		provinceOf[c["code"]] = c["province_code"]
	}
	for _, c := range oldCommunes {
		if merged[c["province_code"]] == provinceOf[c["code"]] {
			add(pair{c["code"], c["code"]}, false)
		}
	}
}

// Patterns over decomposed text: a tone mark on the second vowel of an open syllable oa, oe, uy.
var (
	toneAfterOaOe = regexp.MustCompile(`([oO])([aeAE])([\x{300}\x{301}\x{303}\x{309}\x{323}])($|[^\pL\pM])`)
	toneAfterUy   = regexp.MustCompile(`(^|[^qQ])([uU])([yY])([\x{300}\x{301}\x{303}\x{309}\x{323}])($|[^\pL\pM])`)
)

// oldStyleTone puts the tone marks of open oa, oe, uy on the first vowel (Thanh Hóa, Thụy Khuê), as the provinces
// themselves write; the sources mix both ways. It leaves "Quý" alone: there the u belongs to the consonant.
func oldStyleTone(name string) string {
	name = norm.NFD.String(strings.Join(strings.Fields(name), " "))
	name = toneAfterOaOe.ReplaceAllString(name, "$1$3$2$4")
	name = toneAfterUy.ReplaceAllString(name, "$1$2$4$3$5")
	return norm.NFC.String(name)
}

func readTable(path string) ([]row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening a source table: %w", err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(records) == 0 {
		return nil, fmt.Errorf("reading %s: empty", path)
	}
	rows := make([]row, 0, len(records)-1)
	for _, record := range records[1:] {
		r := row{}
		for i, column := range records[0] {
			r[column] = record[i]
		}
		rows = append(rows, r)
	}
	return rows, nil
}
