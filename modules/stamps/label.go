package stamps

import (
	"iter"
	"strconv"

	"txng/modules/internal/gs1"
	"txng/modules/internal/label"
	"txng/modules/internal/vi"
	"txng/modules/trace"
	"txng/tenant/fault"
)

// MaxLabels is the most labels in one file.
const MaxLabels = 2400

// Grouped writes a serial in groups of five, to be read aloud.
func (s Serial) Grouped() string {
	text := string(s)
	if len(text) != serialLen {
		return text
	}
	return text[:5] + " " + text[5:10] + " " + text[10:15] + " " + text[15:]
}

// Link returns what the QR code of a stamp says, under an origin such as "https://nghe-an.txng.vn".
func Link(gtin gs1.GTIN, s Serial, origin string) string {
	return gs1.Link{GTIN: gtin, Serial: gs1.Serial(s)}.QR(origin)
}

// parseRange reads a range of stamps as typed, from 1, and returns it from 0. Errors: fault.Invalid for from and to.
func parseRange(from, to string, quantity int) (first, last int, err error) {
	var wrong fault.Invalid
	read := func(field, text string) int {
		n, err := ParseQuantity(text)
		if err != nil {
			wrong.Add(field, "Nhập số thứ tự của tem, từ 1 đến %s.", vi.Int(int64(quantity)))
		}
		return n - 1
	}
	first, last = read("from", from), read("to", to)
	if err := wrong.Err(); err != nil {
		return 0, 0, err
	}
	return first, last, checkBounds(first, last, quantity)
}

// sheetOf returns the paper of labels: "24" or "65" on an A4 sheet.
func sheetOf(name string) (label.Sheet, error) {
	switch name {
	case "", "24":
		return label.A4x24, nil
	case "65":
		return label.A4x65, nil
	}
	return label.Sheet{}, fault.Invalid{{Name: "kho", Message: "Khổ giấy là 24 hoặc 65 tem một tờ A4."}}
}

// labels yields the labels of the stamps first..last of an order.
func (k *Keys) labels(o listed, origin string, first, last int, codes map[trace.LotID]string) iter.Seq[label.Label] {
	mint := k.Order(string(o.GTIN), int(o.TenantID), o.Number)
	return func(yield func(label.Label) bool) {
		for _, run := range within(o.present, first, last) {
			lines := []string{o.Product, o.Org}
			if run.State == Activated && run.LotID != nil {
				lines = append(lines, "Lô: "+codes[*run.LotID])
			}
			for i := run.First; i <= run.Last; i++ {
				serial := mint.Serial(i)
				if !yield(label.Label{URL: Link(o.GTIN, serial, origin), Lines: append(lines[:len(lines):len(lines)], serial.Grouped())}) {
					return
				}
			}
		}
	}
}

// chunk is a file of labels: stamps from..to, from 1.
type chunk struct{ From, To int }

func (c chunk) label() string {
	return vi.Int(int64(c.From)) + "–" + vi.Int(int64(c.To))
}

func (c chunk) path(r Ref, sheet string) string {
	return r.Path() + "/nhan.pdf?tu=" + strconv.Itoa(c.From) + "&den=" + strconv.Itoa(c.To) + "&kho=" + sheet
}

// chunks cuts an order into files of labels; only the first twelve are linked, the form reaches the rest.
func chunks(quantity int) []chunk {
	var list []chunk
	for from := 1; from <= quantity && len(list) < 12; from += MaxLabels {
		list = append(list, chunk{from, min(from+MaxLabels-1, quantity)})
	}
	return list
}
