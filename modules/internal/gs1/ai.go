package gs1

import (
	"slices"
	"strings"
)

// isPrimaryKey tells whether an application identifier can be the primary key of a Digital Link.
func isPrimaryKey(ai string) bool {
	return slices.Contains([]string{"00", "01", "253", "255", "401", "402", "414", "415", "417", "8003", "8004", "8006",
		"8010", "8013", "8017", "8018"}, ai)
}

// isAttributeOf tells whether an all-numeric query key may stand beside a link with primary key 01: GS1 allows it as a
// data attribute, it does not exclude 01, and it does not belong in the path.
func isAttributeOf(ai string, path Link) bool {
	switch ai {
	case "01", "02", "37", "255", "8006": // 01 again, or identifiers that exclude it
		return false
	case "10": // belongs in the path, unless 235 has taken the place of the other qualifiers
		return path.TPX != ""
	}
	for _, r := range attributeRanges {
		if len(ai) == len(r.first) && r.first <= ai && ai <= r.last {
			return true
		}
	}
	// Measures: 31n0 to 36n9 with a count of decimals, 0 to 5, in the last place.
	return len(ai) == 4 && ai[3] <= '5' && slices.Contains(measures, ai[:3])
}

// attributeRange is a run of identifiers of one length that are permitted as data attributes.
type attributeRange struct{ first, last string }

// attributeRanges and measures are the identifiers flagged "?" in the GS1 Barcode Syntax Dictionary.
var attributeRanges = ranges(`
	00-02 10-13 15-17 20-20 30-30 37-37 90-99
	240-243 250-251 253-253 255-255 400-403 410-417 420-427 710-717
	3900-3943 3950-3955 4300-4326 4330-4333 7001-7011 7020-7023 7030-7039 7230-7242 7250-7259
	8001-8010 8012-8013 8017-8018 8026-8026 8030-8030 8110-8112`)

var measures = strings.Fields(`
	310 311 312 313 314 315 316
	320 321 322 323 324 325 326 327 328 329
	330 331 332 333 334 335 336 337
	340 341 342 343 344 345 346 347 348 349
	350 351 352 353 354 355 356 357
	360 361 362 363 364 365 366 367 368 369`)

func ranges(list string) []attributeRange {
	var out []attributeRange
	for _, field := range strings.Fields(list) {
		first, last, _ := strings.Cut(field, "-")
		out = append(out, attributeRange{first, last})
	}
	return out
}
