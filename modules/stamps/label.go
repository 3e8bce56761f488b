package stamps

import (
	"fmt"
	"iter"
	"strconv"
	"time"

	"txng/modules/internal/address"
	"txng/modules/internal/gs1"
	"txng/modules/internal/label"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/trace"
	"txng/tenant/fault"
	"txng/tenant/unit"
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

// Which address of the organization a label prints, as the form sends it.
const (
	noAddress     = ""
	addressToday  = "nay"
	addressFormer = "cu" // of before the reform
)

// addressOf returns the address that a file of labels prints, on the paper. A former one may be printed as long as labels
// with it may be used: two years from the reform, for that of 1 July 2025 until 30 June 2027 (NĐ 37/2026/NĐ-CP, Điều
// 98.5; the years are address.Both's). Errors: fault.Invalid for "dia-chi".
func addressOf(which string, of address.Both, sheet label.Sheet, now time.Time) (string, error) {
	refuse := func(format string, args ...any) (string, error) {
		return "", fault.Invalid{{Name: "dia-chi", Message: fmt.Sprintf(format, args...)}}
	}
	if which != noAddress && sheet.Small == 0 {
		return refuse("Nhãn khổ này nhỏ quá, không in được địa chỉ. Chọn khổ 24 nhãn một tờ.")
	}
	switch which {
	case noAddress:
		return "", nil
	case addressToday:
		switch {
		case of.Today == "":
			return refuse("Chủ thể chưa khai địa chỉ.")
		case of.Unsure:
			return refuse("Chưa rõ xã, phường hiện nay của chủ thể; khai lại địa chỉ rồi in.")
		}
		return of.Today, nil
	case addressFormer:
		last, still := of.Last(now)
		if last.IsZero() {
			return refuse("Chủ thể không có địa chỉ cũ. Địa chỉ ghi trên nhãn trước sắp xếp khai ở Đơn vị của tôi.")
		}
		if !still {
			return refuse("Nhãn ghi địa chỉ cũ chỉ được dùng đến hết %s (Nghị định 37/2026/NĐ-CP, Điều 98 khoản 5). Hãy in địa chỉ hiện nay.", unit.Spoken(last))
		}
		return of.Label, nil
	}
	return refuse("Chọn địa chỉ in trên nhãn trong danh sách.")
}

// addressOptions are the choices of the form; a former address that may no longer be printed is not among them.
func addressOptions(of address.Both, now time.Time) []ui.Option {
	options := []ui.Option{{Value: noAddress, Label: "Không in địa chỉ"}}
	if of.Today != "" && !of.Unsure {
		options = append(options, ui.Option{Value: addressToday, Label: "Địa chỉ hiện nay: " + of.Today})
	}
	if last, still := of.Last(now); still {
		options = append(options, ui.Option{Value: addressFormer, Label: "Địa chỉ cũ (dùng đến hết " + unit.Spoken(last) + "): " + of.Label})
	}
	return options
}

// labels yields the labels of the stamps first..last of an order, with the address ("" for none).
func (k *Keys) labels(o listed, origin string, first, last int, codes map[trace.LotID]string, address string) iter.Seq[label.Label] {
	mint := k.Order(string(o.GTIN), int(o.TenantID), o.Number)
	return func(yield func(label.Label) bool) {
		for _, run := range within(o.present, first, last) {
			lines := []string{o.Product, o.Org}
			if run.State == Activated && run.LotID != nil {
				lines = append(lines, "Lô: "+codes[*run.LotID])
			}
			for i := run.First; i <= run.Last; i++ {
				serial := mint.Serial(i)
				if !yield(label.Label{URL: Link(o.GTIN, serial, origin), Lines: append(lines[:len(lines):len(lines)], serial.Grouped()), Address: address}) {
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
