package archive

import (
	"errors"
	"io/fs"
	"strconv"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// path is the page's address.
const path = "/cau-hinh/du-lieu"

// Routes registers the page and the downloads.
func Routes(a *web.App) {
	a.PlatformForm(path, authz.TenantExport, show, ask)
	a.Platform(path+"/{id}/tep", authz.TenantExport, download)
	a.Menu("Quản trị", "Dữ liệu của tỉnh", path, "download", authz.TenantExport)
}

// errNoFolder is what a deployment without a folder of archives answers.
var errNoFolder = fault.Say(fault.Conflict, "Hệ thống chưa cấu hình nơi giữ tệp lưu trữ. Hãy liên hệ đơn vị vận hành.")

func show(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	list, err := newest(q.Context(), tx, q.Who.Tenant)
	if err != nil {
		return web.Answer{}, err
	}
	page := overview{Configured: q.App().Archives != ""}
	g := ui.Grid{
		Caption: "Các tệp đã lập", Path: path, Total: len(list), PerPage: len(list) + 1,
		Columns: []ui.Column{{Label: "Yêu cầu lúc"}, {Label: "Người yêu cầu"}, {Label: "Trạng thái"}, {Label: "Số dòng", Numeric: true}, {Label: "Tệp"}},
		Empty:   ui.Empty{Icon: "download", Why: "Chưa lập tệp lưu trữ nào.", Next: "Bấm “Lập tệp lưu trữ”; tệp thường xong sau vài phút và tải được trong 7 ngày."},
	}
	for _, e := range list {
		if e.open(q.Now()) {
			page.Running = &e
		}
		g.Rows = append(g.Rows, []templ.Component{
			ui.Text(vi.DateTime(e.RequestedAt)), ui.Text(e.Requester), ui.Badge(e.status(q)), ui.Num(e.Done), file(e, e.downloadable(q.Now())),
		})
	}
	page.List = g
	answer := q.Show(q.Shell("Dữ liệu của tỉnh", "Lấy về toàn bộ dữ liệu của tỉnh thành một tệp theo định dạng mở."), overviewPage(page))
	if page.Running != nil {
		answer = answer.With("Refresh", "3")
	}
	return answer, nil
}

// overview is what the page shows.
type overview struct {
	Configured bool
	Running    *Export
	List       ui.Grid
}

// status returns the state as pages show it.
func (e Export) status(q *web.Request) ui.Status {
	switch {
	case e.open(q.Now()) && e.State == Waiting:
		return ui.Status{Kind: ui.Info, Word: "Đang chờ"}
	case e.open(q.Now()):
		return ui.Status{Kind: ui.Info, Word: "Đang lập"}
	case e.downloadable(q.Now()):
		return ui.Status{Kind: ui.Success, Word: "Sẵn sàng"}
	case e.State == Ready, e.State == Expired:
		return ui.Status{Kind: ui.Neutral, Word: "Đã hết hạn tải"}
	}
	return ui.Status{Kind: ui.Danger, Word: "Không thành công"}
}

func ask(q *web.Request) (web.Answer, error) {
	if q.App().Archives == "" {
		return web.Answer{}, errNoFolder
	}
	if err := q.App().DB.Platform(q.Context(), func(tx tenant.Platform) error {
		_, err := Request(q.Context(), tx, q.Who, q.Who.Tenant)
		return err
	}); err != nil {
		return web.Answer{}, err
	}
	return web.See(path).Say("Đã nhận yêu cầu. Bạn có thể rời trang này và quay lại sau."), nil
}

func download(q *web.Request, tx tenant.Platform) (web.Answer, error) {
	id, err := q.Number("id")
	if err != nil {
		return web.Answer{}, err
	}
	e, err := byID(q.Context(), tx, q.Who.Tenant, id)
	if err != nil {
		return web.Answer{}, err
	}
	if !e.downloadable(q.Now()) {
		return web.Answer{}, fault.Say(fault.Conflict, "Tệp lưu trữ này không còn tải được. Hãy lập tệp mới.")
	}
	name := q.Tenant.Slug + "-" + e.RequestedAt.UTC().Format("2006-01-02") + ".tar.gz"
	answer, err := web.Saved(name, "application/gzip", fileOf(q.App().Archives, q.Who.Tenant, id))
	if errors.Is(err, fs.ErrNotExist) {
		return web.Answer{}, fault.Say(fault.Conflict, "Không còn thấy tệp lưu trữ này trên hệ thống. Hãy lập tệp mới.")
	}
	if err != nil {
		return web.Answer{}, err
	}
	return answer, note(q.Context(), tx, q.Who, q.Who.Tenant, id, "tenant.download", "Tải tệp lưu trữ toàn bộ dữ liệu của tỉnh, "+sizeOf(e.Size)+", SHA-256 "+e.SHA256+".")
}

// sizeOf writes a size for people.
func sizeOf(bytes int64) string {
	switch {
	case bytes >= 1<<30:
		return vi.Int(bytes>>30) + " GB"
	case bytes >= 1<<20:
		return vi.Int(bytes>>20) + " MB"
	}
	return vi.Int((bytes+1023)>>10) + " KB"
}

// linkOf returns the address of an export's file.
func linkOf(e Export) string { return path + "/" + strconv.FormatInt(e.ID, 10) + "/tep" }
