package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"

	takeaway "txng/modules/archive"
	"txng/modules/stamps"
	"txng/tenant/archive"
	"txng/tenant/fault"
)

// archivesFolder is where the archives that people ask for on the site lie, in the data folder.
const archivesFolder = "archives"

// archives returns the folder of the archives that people ask for: as given, or of the data folder, or "" for none.
func (f databaseFlags) archives(given string) string {
	if given != "" || f.DatabaseURL != "" && f.Data == "" {
		return given
	}
	folder, err := f.dataFolder()
	if err != nil {
		return ""
	}
	return filepath.Join(folder, archivesFolder)
}

// version returns the program's version as it was built.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}

// bar returns a progress bar of rows, and what moves it. Nobody sees more than ten steps a second.
func bar(e *environment, what string) (*progressbar.ProgressBar, func(done, total int64)) {
	b := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(e.err), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	var size int64
	return b, func(done, total int64) {
		if total != size {
			size = total
			b.ChangeMax64(total)
		}
		_ = b.Set64(done)
	}
}

type tenantExport struct {
	databaseFlags
	Slug        string `help:"Tên miền con của tỉnh." required:""`
	Out         string `help:"Tệp lưu trữ sẽ ghi, ví dụ nghe-an.tar.gz." required:"" type:"path"`
	Credentials bool   `name:"with-credentials" help:"Kèm mã băm mật khẩu và khóa API, để mọi người đăng nhập được ngay sau khi nhập. Chỉ dùng khi tệp được giữ như một bí mật."`
}

func (c tenantExport) Run(e *environment) error {
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	keys, err := stamps.KeysOf(d.Secret)
	if err != nil {
		return err
	}
	t, err := bySlug(e, db, "slug", c.Slug)
	if err != nil {
		return err
	}
	file, err := newFile(c.Out)
	if err != nil {
		return err
	}
	defer file.giveUp()
	if err := takeaway.Note(e, db, operator, t.ID, "tenant.export", "Xuất toàn bộ dữ liệu của tỉnh bằng dòng lệnh."); err != nil {
		return err
	}
	b, moved := bar(e, "Xuất "+t.Name)
	r, err := archive.Export(e, db, t.ID, file, archive.Options{Credentials: c.Credentials, StampKey: keys.Check(), Product: version(), Progress: moved})
	_ = b.Finish()
	if err != nil {
		return err
	}
	if err := file.keep(); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã xuất %s ra %s: %d bảng, %d dòng, %d tệp kèm theo, %d byte.\nSHA-256 %s\n",
		t.Name, c.Out, len(r.Manifest.Tables), r.Manifest.Rows, r.Manifest.Files, r.Size, r.SHA256)
	if !c.Credentials {
		fmt.Fprintln(e.out, "Tệp không kèm mật khẩu: sau khi nhập, mỗi người đặt lại mật khẩu qua thư điện tử. Dùng --with-credentials nếu cần kèm.")
	}
	return nil
}

// newOutput is a file that is at its place when it is whole, and not before.
type newOutput struct {
	*os.File
	place string
}

func newFile(place string) (*newOutput, error) {
	if _, err := os.Lstat(place); err == nil {
		return nil, fault.Say(fault.Conflict, "Tệp %s đã có. Hãy chọn tên khác.", place)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, refuse("không xem được %s: %w", place, err)
	}
	f, err := os.CreateTemp(filepath.Dir(place), filepath.Base(place)+".*.part") // a name that no other command writes to
	var cause *fs.PathError
	if errors.As(err, &cause) {
		cause.Path = filepath.Dir(place) // the name of the file beside it is nobody's business
	}
	if err != nil {
		return nil, refuse("không ghi được %s: %w", place, err)
	}
	return &newOutput{f, place}, nil
}

// Write says of a disk without room that it is full.
func (f *newOutput) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		err = fault.Say(fault.Conflict, "Không ghi hết được %s: ổ đĩa đã đầy hoặc hết hạn mức. Hãy chọn nơi còn đủ chỗ rồi xuất lại.", f.place)
	}
	return n, err
}

// keep puts the file to its place.
func (f *newOutput) keep() error {
	if err := f.Sync(); err != nil {
		return refuse("không ghi được %s: %w", f.place, err)
	}
	if err := f.Close(); err != nil {
		return refuse("không ghi được %s: %w", f.place, err)
	}
	return os.Rename(f.Name(), f.place)
}

// giveUp removes a file that was not kept.
func (f *newOutput) giveUp() {
	f.Close()
	os.Remove(f.Name())
}

type tenantImport struct {
	databaseFlags
	File         string `arg:"" help:"Tệp lưu trữ." type:"existingfile"`
	OtherKey     bool   `help:"Nhập cả khi khóa bí mật chính khác: tem đã in sẽ không được nhận ra ở đây."`
	KeepAccounts bool   `help:"Giữ nguyên tài khoản đang có cùng số hiệu và thư điện tử, nối vai trò vào đó."`
	Base         string `help:"Địa chỉ công khai của hệ thống: tên miền riêng của tỉnh phải nằm ngoài đó." default:"http://127.0.0.1:8080" env:"TXNG_BASE_URL"`
	Mergers      bool   `help:"Khôi phục cả việc sáp nhập, chuyển xã, phường với tỉnh đang có trên hệ thống này: bên kế thừa đọc được dữ liệu của bên kia."`
}

func (c tenantImport) Run(e *environment) error {
	base, err := parseBase(c.Base)
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return refuse("không mở được tệp lưu trữ: %w", err)
	}
	defer file.Close()
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	keys, err := stamps.KeysOf(d.Secret)
	if err != nil {
		return err
	}
	// The archive's province may be of a reform since this program was built. A secret that opens no door is for Import to
	// explain.
	_ = db.WatchUnits(nil).Load(e)
	b, moved := bar(e, "Nhập")
	done, err := archive.Import(e, d.Config, file, archive.ImportOptions{StampKey: keys.Check(), OtherKey: c.OtherKey, KeepAccounts: c.KeepAccounts, Mergers: c.Mergers, Base: base.Hostname(), Progress: moved})
	_ = b.Finish()
	if err != nil {
		return err
	}
	db.Forget()
	t := done.Header.Tenant
	if err := takeaway.Note(e, db, operator, t.ID, "tenant.import", "Nhập toàn bộ dữ liệu của tỉnh từ tệp lưu trữ lập lúc "+done.Header.At.UTC().Format(time.RFC3339)+"."); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Đã nhập %s (%s): %d bảng, %d dòng, %d tệp kèm theo.\n", t.Name, t.Slug, len(done.Manifest.Tables), done.Manifest.Rows, done.Manifest.Files)
	if done.Kept > 0 {
		fmt.Fprintf(e.out, "%d tài khoản đã có được giữ nguyên.\n", done.Kept)
	}
	for _, unit := range done.Lineage {
		fmt.Fprintf(e.out, "Chưa khôi phục được quan hệ sáp nhập với đơn vị %s: đơn vị này chưa có trên hệ thống.\n", unit)
	}
	if !done.Header.Credentials {
		fmt.Fprintln(e.out, "Tệp không kèm mật khẩu: mỗi người đặt lại mật khẩu qua thư điện tử trước khi đăng nhập; khóa API và lời mời chưa nhận phải cấp lại.")
	}
	return nil
}

type tenantCheck struct {
	File string `arg:"" help:"Tệp lưu trữ." type:"existingfile"`
}

func (c tenantCheck) Run(e *environment) error {
	file, err := os.Open(c.File)
	if err != nil {
		return refuse("không mở được tệp lưu trữ: %w", err)
	}
	defer file.Close()
	h, m, err := archive.Check(file)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum, err := archive.Sum(file)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.out, "Tệp nguyên vẹn: %s (%s), lập lúc %s; %d bảng, %d dòng, %d tệp kèm theo.\nSHA-256 %s\n",
		h.Tenant.Name, h.Tenant.Slug, h.At.Format(time.RFC3339), len(m.Tables), m.Rows, m.Files, sum)
	return nil
}

type tenantDelete struct {
	databaseFlags
	Slug     string `help:"Tên miền con của tỉnh." required:""`
	Archive  string `help:"Tệp lưu trữ được giữ lại." required:"" type:"existingfile"`
	Confirm  string `help:"Gõ lại tên miền con để xác nhận." required:""`
	Archives string `name:"archive-folder" help:"Thư mục các tệp lưu trữ mà tỉnh đã yêu cầu; bỏ trống là thư mục archives của thư mục dữ liệu." type:"path" env:"TXNG_ARCHIVE_FOLDER"`
	Late     bool   `name:"late-scans" help:"Xóa cả các lượt quét tem đến sau khi lập tệp lưu trữ, không có trong tệp."`
}

func (c tenantDelete) Run(e *environment) error {
	file, err := os.Open(c.Archive)
	if err != nil {
		return refuse("không mở được tệp lưu trữ: %w", err)
	}
	defer file.Close()
	d, err := c.open(e, e.err)
	if err != nil {
		return err
	}
	defer d.stop()
	letters := ""
	if folder, err := c.dataFolder(); err == nil {
		letters = filepath.Join(folder, mailFolder)
	}
	done, err := archive.Delete(e, d.Config, archive.Deletion{
		Slug: c.Slug, Confirm: c.Confirm, Archive: file, Name: c.Archive, Folder: c.archives(c.Archives), Letters: letters,
		LateScans: c.Late,
	})
	if err != nil {
		return err
	}
	var left int64
	for _, l := range done.Left {
		left += l.Rows
	}
	fmt.Fprintf(e.out, "Đã xóa %s: %d dòng, %d tài khoản, %d tệp trên hệ thống (tệp lưu trữ và thư).\n", done.Header.Tenant.Name, done.Rows, done.People, done.Files)
	if done.Late > 0 {
		fmt.Fprintf(e.out, "Trong đó %d lượt quét tem đến sau khi lập tệp lưu trữ: không có trong tệp giữ lại.\n", done.Late)
	}
	fmt.Fprintf(e.out, "Đã đếm lại %d bảng: còn %d dòng của tỉnh. Số hiệu %d không cấp cho tỉnh khác.\nTệp giữ lại: %s\nSHA-256 %s\n",
		len(done.Left), left, done.Header.Tenant.ID, c.Archive, done.SHA256)
	return nil
}
