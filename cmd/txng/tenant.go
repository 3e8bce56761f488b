package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
	"time"

	"txng/authz"
	"txng/modules"
	"txng/modules/onboarding"
	"txng/modules/plan"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

type tenantCommand struct {
	Create tenantCreate `cmd:"" help:"Đưa một tỉnh, thành phố vào vận hành."`
	Merge  tenantMerge  `cmd:"" help:"Sáp nhập một tỉnh vào tỉnh khác, hoặc hủy sáp nhập (--undo)."`
	Cede   tenantCede   `cmd:"" help:"Chuyển một số xã, phường của một tỉnh sang tỉnh khác, hoặc hủy việc chuyển (--undo)."`
	State  tenantState  `cmd:"" help:"Tạm dừng, cho vận hành lại hoặc lưu trữ một tỉnh; không có --to thì chỉ xem."`
	List   tenantList   `cmd:"" help:"Liệt kê."`
	Export tenantExport `cmd:"" help:"Xuất toàn bộ dữ liệu của một tỉnh ra một tệp lưu trữ."`
	Import tenantImport `cmd:"" help:"Nhập một tỉnh từ tệp lưu trữ vào hệ thống chưa có tỉnh đó."`
	Check  tenantCheck  `cmd:"" help:"Kiểm tra một tệp lưu trữ còn nguyên vẹn không."`
	Delete tenantDelete `cmd:"" help:"Xóa hẳn một tỉnh đã lưu trữ; cần tệp lưu trữ khớp với dữ liệu đang có."`
}

// operator is who the command line acts as in audits.
var operator = authz.Identity{Name: "Dòng lệnh txng", Role: authz.Operator}

type tenantCreate struct {
	databaseFlags
	Province    string   `help:"Mã tỉnh, thành phố, ví dụ 40 (Nghệ An)." required:""`
	On          string   `help:"Ngày của mã, dạng 2026-01-31; bỏ trống là hôm nay. Mã đã được dùng lại từ 01/7/2025."`
	Slug        string   `help:"Tên miền con; bỏ trống là tên tỉnh không dấu."`
	Domain      string   `help:"Tên miền riêng của tỉnh, ví dụ txng.nghean.gov.vn; DNS và chứng chỉ do đơn vị vận hành lo."`
	DisplayName string   `help:"Tên hiển thị; bỏ trống là tên tỉnh."`
	Logo        string   `help:"Biểu trưng PNG hoặc JPEG, tối đa 2 MB." type:"existingfile"`
	Colour      string   `help:"Màu chủ đạo #rrggbb."`
	ContactName string   `help:"Cơ quan đầu mối hiện trên trang công khai."`
	Contact     string   `help:"Cách liên hệ đầu mối."`
	Quota       int64    `help:"Số tem miễn phí khi duyệt một chủ thể." default:"10000" field:"free_quota"`
	SelfSignup  bool     `help:"Chủ thể tự đăng ký được." default:"true" negatable:""`
	API         bool     `help:"Phần mềm truy cập được qua API." default:"true" negatable:""`
	Departments []string `help:"Mã sở, ngành tham gia, ví dụ SKHCN,SCT; bỏ trống là bốn sở thường có."`
	Name        string   `help:"Họ tên quản trị Sở KH&CN đầu tiên." required:"" field:"admin_name"`
	Email       string   `help:"Thư điện tử của quản trị." required:"" field:"admin_email"`
	Password    string   `help:"Mật khẩu của quản trị; bỏ trống thì gửi thư mời để quản trị tự đặt." env:"TXNG_PASSWORD" field:"admin_password"`
	Plan        string   `help:"Tệp kế hoạch YAML hoặc XLSX." type:"existingfile"`
	Base        string   `help:"Địa chỉ công khai của hệ thống, cho đường dẫn trong thư mời." default:"http://127.0.0.1:8080" env:"TXNG_BASE_URL"`
	SMTP        string   `name:"smtp-url" help:"Máy chủ gửi thư; bỏ trống thì in đường dẫn mời ra màn hình." env:"TXNG_SMTP_URL"`
	From        string   `name:"mail-from" help:"Địa chỉ gửi thư." env:"TXNG_MAIL_FROM"`
}

func (c tenantCreate) Run(e *environment) error {
	on := time.Now()
	if c.On != "" {
		var err error
		if on, err = parseDay("on", c.On, "2026-01-31"); err != nil {
			return err
		}
	}
	base, err := parseBase(c.Base)
	if err != nil {
		return err
	}
	o, err := c.onboarding(base)
	if err != nil {
		return err
	}
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	if err := db.WatchUnits(nil).Load(e); err != nil {
		return err
	}
	t, err := draft(e, db, unit.Code(c.Province), on, c.Slug)
	if err != nil {
		return err
	}
	o.Tenant, o.Slug = t.ID, t.Slug
	s, err := onboarding.Onboard(e, db, operator, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%s đã vận hành: tên miền con %s, quản trị %s.\n", s.Tenant.Name, s.Tenant.Slug, c.Email)
	return c.invite(e, base, s)
}

// parseBase reads the flag of the site's public address.
func parseBase(text string) (*url.URL, error) {
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.Scheme != "https" && base.Scheme != "http" {
		return nil, wrongFlag("base", "Địa chỉ công khai %q chưa đúng; ví dụ https://txng.vn", text)
	}
	return base, nil
}

// onboarding returns what the flags say, with the files that they name read.
func (c tenantCreate) onboarding(base *url.URL) (onboarding.Onboarding, error) {
	departments, err := onboarding.JoinDepartments(c.Departments)
	if err != nil {
		return onboarding.Onboarding{}, err
	}
	onOff := func(on bool) string {
		if on {
			return tenant.On
		}
		return tenant.Off
	}
	o := onboarding.Onboarding{
		Domain: c.Domain, Base: base.Hostname(), Colour: c.Colour, Contact: c.Contact,
		AdminName: c.Name, AdminEmail: c.Email, AdminPassword: c.Password,
		Settings: tenant.Settings{
			tenant.DisplayName: c.DisplayName, tenant.ContactName: c.ContactName, tenant.FreeQuota: strconv.FormatInt(c.Quota, 10),
			tenant.SelfSignUp: onOff(c.SelfSignup), tenant.APIAccess: onOff(c.API), tenant.Departments: departments,
		},
	}
	if c.Logo != "" {
		f, err := os.Open(c.Logo)
		if err != nil {
			return o, refuse("không đọc được biểu trưng: %w", err)
		}
		defer f.Close()
		if o.Logo, err = onboarding.ReadLogo(f); err != nil {
			return o, err
		}
	}
	if c.Plan != "" {
		f, err := readPlan(c.Plan)
		if err != nil {
			return o, err
		}
		o.Plan = &f
	}
	return o, nil
}

// invite sends the first administrator the invitation, or prints its link where no letters are sent. The province runs
// whether or not the letter goes out, so that the link is printed then, too.
func (c tenantCreate) invite(e *environment, base *url.URL, s onboarding.Started) error {
	if s.Invitation == nil {
		return nil
	}
	if c.SMTP != "" {
		outbox, err := modules.OpenOutbox(c.SMTP, c.From, "")
		if err == nil {
			letter := onboarding.Letter(base, operator.Name, s)
			letter.At = time.Now()
			err = outbox.Send(e, letter)
		}
		if err == nil {
			fmt.Fprintf(e.out, "Thư mời đã gửi đến %s, hiệu lực 7 ngày.\n", c.Email)
			return nil
		}
		fmt.Fprintf(e.err, "Lưu ý: thư mời chưa gửi được (%v).\n", err)
	}
	fmt.Fprintf(e.out, "Đưa riêng cho quản trị đường dẫn mời sau, dùng một lần, hiệu lực 7 ngày:\n%s\n", onboarding.LinkOf(base, s))
	return nil
}

// draft returns the registered province of a code, registering it first when it is not.
func draft(e *environment, db *tenant.DB, code unit.Code, on time.Time, slug string) (tenant.Tenant, error) {
	province, err := unit.Lookup(unit.Province, code, on)
	if m := fault.Message(err); m != "" {
		err = wrongFlag("province", "%s", m)
	}
	if err != nil {
		return tenant.Tenant{}, err
	}
	all, err := db.Tenants(e)
	if err != nil {
		return tenant.Tenant{}, err
	}
	for _, t := range all {
		if t.Unit == province.Ref.String() {
			if slug != "" {
				t.Slug = slug
			}
			return t, nil
		}
	}
	var t tenant.Tenant
	err = db.Platform(e, func(tx tenant.Platform) (err error) {
		t, err = onboarding.Register(e, tx, operator, tenant.New{Province: code, On: on, Slug: slug})
		return err
	})
	db.Forget()
	return t, err
}

func readPlan(path string) (plan.File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return plan.File{}, refuse("không đọc được tệp kế hoạch: %w", err)
	}
	file, err := plan.ReadFile(filepath.Base(path), bytes.NewReader(b))
	if err != nil {
		return file, refuse("tệp kế hoạch %s chưa dùng được.\n%w", path, err)
	}
	return file, nil
}

type tenantList struct{ databaseFlags }

func (c tenantList) Run(e *environment) error {
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	all, err := db.Tenants(e)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SỐ\tTÊN\tTÊN MIỀN CON\tĐƠN VỊ\tTRẠNG THÁI")
	for _, t := range all {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", t.ID, t.Name, t.Slug, t.Unit, onboarding.StateName(t.State))
	}
	return w.Flush()
}

type importCommand struct {
	Plan importPlan `cmd:"" help:"Nhập kế hoạch của một tỉnh."`
}

type importPlan struct {
	databaseFlags
	Tenant string `help:"Tên miền con của tỉnh." required:""`
	File   string `arg:"" help:"Tệp YAML hoặc XLSX." type:"existingfile"`
}

func (c importPlan) Run(e *environment) error {
	file, err := readPlan(c.File)
	if err != nil {
		return err
	}
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	t, err := bySlug(e, db, "tenant", c.Tenant)
	if err != nil {
		return err
	}
	scope, err := db.Scope(e, t.ID)
	if err != nil {
		return err
	}
	if err := db.In(e, scope, func(tx tenant.Tx) error {
		_, err := plan.Import(e, tx, operator, file)
		return err
	}); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã nhập kế hoạch: %d chỉ tiêu, %d nhiệm vụ.\n", len(file.Targets), len(file.Tasks))
	return nil
}
