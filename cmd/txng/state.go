package main

import (
	"fmt"
	"slices"
	"strings"

	"txng/modules/onboarding"
	"txng/tenant"
)

type tenantState struct {
	databaseFlags
	Slug   string `help:"Tên miền con của tỉnh." required:""`
	To     string `help:"Trạng thái muốn chuyển sang: suspended (tạm dừng), active (vận hành lại), archived (lưu trữ)." field:"state"`
	Reason string `help:"Lý do: số quyết định, công văn; từ 10 đến 500 ký tự, bắt buộc với --to. Ghi vào nhật ký của tỉnh."`
}

func (c tenantState) Run(e *environment) error {
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	t, err := bySlug(e, db, "slug", c.Slug)
	if err != nil {
		return err
	}
	steps := tenant.StepsFrom(t.State)
	if c.To == "" {
		fmt.Fprintf(e.out, "%s (%s): %s.\n", t.Name, t.Slug, onboarding.StateName(t.State))
		for _, s := range steps {
			fmt.Fprintf(e.out, "  --to %-10s %s: %s\n", s.To, s.Name, s.Effect)
		}
		return nil
	}
	if !slices.ContainsFunc(steps, func(s tenant.Step) bool { return string(s.To) == c.To }) {
		return wrongFlag("to", "%s đang ở trạng thái “%s”, không chuyển sang %q được; %s.", t.Name, onboarding.StateName(t.State), c.To, choicesOf(steps))
	}
	moved, err := onboarding.Move(e, db, operator, t, tenant.State(c.To), c.Reason)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%s đã chuyển từ “%s” sang “%s”.\n", t.Name, onboarding.StateName(t.State), onboarding.StateName(moved.State))
	return nil
}

// choicesOf says which steps there are.
func choicesOf(steps []tenant.Step) string {
	if len(steps) == 0 {
		return "lệnh này không đổi được trạng thái đó"
	}
	var list []string
	for _, s := range steps {
		list = append(list, fmt.Sprintf("%s (%s)", s.To, strings.ToLower(s.Name)))
	}
	return "chọn " + strings.Join(list, " hoặc ")
}
