package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"txng/modules/units"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

type unitsCommand struct {
	Import unitsImport `cmd:"" help:"Nhập một nghị quyết sắp xếp đơn vị hành chính từ tệp JSON: xem trước, ghi khi có --apply."`
	List   unitsList   `cmd:"" help:"Các ngày bản đồ hành chính thay đổi và các nghị quyết đã nhập."`
	Export unitsExport `cmd:"" help:"Xuất mọi thay đổi của một ngày ra tệp JSON cùng định dạng."`
}

type unitsImport struct {
	databaseFlags
	File   string `arg:"" help:"Tệp JSON; định dạng ghi ở tenant/unit/data/REFORM.md." type:"existingfile"`
	DryRun bool   `help:"Chỉ xem trước; đây là mặc định." xor:"apply"`
	Apply  bool   `help:"Ghi vào cơ sở dữ liệu; mọi máy chủ đang chạy dùng ngay." xor:"apply"`
}

// errPreview ends a transaction that was only to show what it would do.
var errPreview = errors.New("preview")

func (c unitsImport) Run(e *environment) error {
	f, err := os.Open(c.File)
	if err != nil {
		return refuse("không đọc được tệp: %w", err)
	}
	defer f.Close()
	reform, err := unit.ReadReform(f)
	if err != nil {
		return err
	}
	return withPlatform(e, c.databaseFlags, func(tx tenant.Platform) error {
		before, err := tenant.Units(e, tx)
		if err != nil {
			return err
		}
		after, known, err := units.Import(e, tx, operator, reform)
		if err != nil {
			return inFile(err)
		}
		if known {
			fmt.Fprintf(e.out, "%s đã nhập trước đó với đúng nội dung này: không có gì để làm.\n", reform.Resolution)
			return errPreview
		}
		preview(e.out, before, after, reform)
		if !c.Apply {
			fmt.Fprintln(e.out, "\nMới xem trước, chưa ghi gì. Chạy lại với --apply để ghi.")
			return errPreview
		}
		fmt.Fprintln(e.out, "\nĐã ghi.")
		return nil
	})
}

// inFile writes the places in a reform's file that are wrong into the sentences.
func inFile(err error) error {
	var wrong fault.Invalid
	if !errors.As(err, &wrong) {
		return err
	}
	list := make(fault.Invalid, len(wrong))
	for i, f := range wrong {
		if f.Name != "" {
			f.Message = "Mục “" + f.Name + "” của tệp: " + f.Message
		}
		list[i] = fault.Field{Message: f.Message}
	}
	return list
}

// withPlatform opens the database and runs f through the platform's door. errPreview rolls back and is no error.
func withPlatform(e *environment, flags databaseFlags, f func(tenant.Platform) error) error {
	d, db, err := flags.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	if err := db.Platform(e, f); err != nil && !errors.Is(err, errPreview) {
		return err
	}
	return nil
}

// preview says what a reform changes, unit by unit.
func preview(w io.Writer, before, after *unit.Atlas, r unit.Reform) {
	day, err := r.Day()
	if err != nil {
		return // it was checked
	}
	on, eve := day.Time(), day.Time().AddDate(0, 0, -1)
	fmt.Fprintf(w, "%s, hiệu lực từ %s\n", r.Resolution, unit.Spoken(on))
	was := func(code unit.Code) string { return called(before, code, eve) }
	if len(r.Ended) > 0 {
		fmt.Fprintf(w, "\nChấm dứt %d đơn vị:\n", len(r.Ended))
	}
	heirs := map[unit.Code][]string{}
	for _, p := range r.Links {
		name := called(after, p.To, on)
		if p.Part {
			name += " (một phần)"
		}
		if p.Guess {
			name += " (theo đối chiếu, cần kiểm tra)"
		}
		heirs[p.From] = append(heirs[p.From], name)
	}
	for _, x := range r.Ended {
		fmt.Fprintf(w, "  - %s → %s\n", was(x.Code), strings.Join(or(heirs[x.Code], "không ghi đơn vị tiếp nhận"), "; "))
		delete(heirs, x.Code)
	}
	if len(r.Created) > 0 {
		fmt.Fprintf(w, "\nLập %d đơn vị:\n", len(r.Created))
	}
	for _, x := range r.Created {
		fmt.Fprintf(w, "  + %s\n", called(after, x.Code, on))
	}
	if len(r.Changed) > 0 {
		fmt.Fprintf(w, "\nĐổi tên hoặc loại %d đơn vị:\n", len(r.Changed))
	}
	for _, x := range r.Changed {
		fmt.Fprintf(w, "  ~ %s → %s\n", was(x.Code), called(after, x.Code, on))
	}
	for _, p := range r.Links {
		if to, rest := heirs[p.From]; rest {
			fmt.Fprintf(w, "  ~ %s chuyển một phần sang %s\n", was(p.From), strings.Join(to, "; "))
			delete(heirs, p.From)
		}
	}
}

func or(list []string, none string) []string {
	if len(list) == 0 {
		return []string{none}
	}
	return list
}

// called returns a code with what it stands for on a day.
func called(a *unit.Atlas, code unit.Code, on time.Time) string {
	for _, level := range []unit.Level{unit.Province, unit.District, unit.Commune} {
		if u, err := a.Lookup(level, code, on); err == nil {
			return string(code) + " " + a.Address(u, on)
		}
	}
	return string(code)
}

type unitsList struct{ databaseFlags }

func (c unitsList) Run(e *environment) error {
	return withPlatform(e, c.databaseFlags, func(tx tenant.Platform) error {
		atlas, err := tenant.Units(e, tx)
		if err != nil {
			return err
		}
		imported, err := tenant.UnitReforms(e, tx)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "NGÀY\tCHẤM DỨT\tLẬP\tĐỔI\tNGUỒN")
		for _, day := range atlas.ChangeDays() {
			r := atlas.Export(day, "")
			source := []string{}
			for _, i := range imported {
				if i.Effective.Format(time.DateOnly) == day.String() {
					source = append(source, i.Resolution)
				}
			}
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\n", unit.Spoken(day.Time()), len(r.Ended), len(r.Created), len(r.Changed), strings.Join(or(source, "kèm chương trình"), "; "))
		}
		return w.Flush()
	})
}

type unitsExport struct {
	databaseFlags
	On         string `help:"Ngày hiệu lực, dạng 2025-07-01." required:"" field:"effective"`
	Resolution string `help:"Tên nghị quyết ghi vào tệp." default:"Xuất từ txng"`
}

func (c unitsExport) Run(e *environment) error {
	day, err := unit.Reform{Effective: c.On}.Day()
	if err != nil {
		return err
	}
	return withPlatform(e, c.databaseFlags, func(tx tenant.Platform) error {
		atlas, err := tenant.Units(e, tx)
		if err != nil {
			return err
		}
		_, err = e.out.Write(atlas.Export(day, c.Resolution).Text())
		return err
	})
}
