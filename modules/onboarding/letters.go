package onboarding

import (
	"context"
	"errors"
	"net/url"

	"txng/modules/internal/mail"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
)

// send sends a letter, or says that there is nowhere to send it to.
func send(ctx context.Context, a *web.App, m mail.Message) error {
	if a.Mail == nil {
		return errors.New("a letter was not sent: the site has no outbox")
	}
	m.At = a.DB.Now()
	return a.Mail.Send(ctx, m)
}

// LinkOf returns the address at which the first administrator of a province accepts.
func LinkOf(base *url.URL, s Started) string {
	return base.JoinPath("loi-moi", s.Tenant.Slug, string(s.Token)).String()
}

// Letter is the invitation of a province's first administrator, by the operator of a name.
func Letter(base *url.URL, operator string, s Started) mail.Message {
	return mail.Message{
		To: string(s.Invitation.Email), Name: s.Invitation.Name, Subject: "Lời mời quản trị hệ thống truy xuất nguồn gốc – " + s.Tenant.Name,
		Lines: []string{
			"Kính gửi " + s.Invitation.Name + ",",
			s.Tenant.Name + " đã được đưa vào vận hành trên hệ thống truy xuất nguồn gốc sản phẩm, hàng hóa. " + operator + " mời bạn làm quản trị của Sở Khoa học và Công nghệ.",
			"Bạn tự đặt mật khẩu khi nhận lời mời; đơn vị vận hành không biết mật khẩu này.",
		},
		Link:  mail.Link{Label: "Nhận lời mời", URL: LinkOf(base, s)},
		After: []string{"Đường dẫn dùng được một lần, đến " + vi.DateTime(s.Invitation.ExpiresAt) + ".", "Nếu không biết về lời mời này, hãy bỏ qua thư."},
	}
}

// receipt confirms that a request has come.
func receipt(r tenant.Request) mail.Message {
	return mail.Message{
		To: r.Email, Name: r.Person, Subject: "Đã nhận yêu cầu tham gia – " + r.ProvinceName(),
		Lines: []string{
			"Kính gửi " + r.Person + ",",
			"Hệ thống truy xuất nguồn gốc đã nhận yêu cầu tham gia của " + r.ProvinceName() + " gửi lúc " + vi.DateTime(r.CreatedAt) + ". Đơn vị vận hành sẽ xem xét, có thể gọi lại để xác nhận, và báo kết quả qua địa chỉ thư này.",
		},
		After: []string{"Nếu bạn không gửi yêu cầu này, hãy bỏ qua thư."},
	}
}

// decision tells whoever asked what became of the request.
func decision(r tenant.Request) mail.Message {
	m := mail.Message{To: r.Email, Name: r.Person, Subject: "Kết quả yêu cầu tham gia – " + r.ProvinceName(), Lines: []string{"Kính gửi " + r.Person + ","}}
	if r.State == tenant.RequestApproved {
		m.Lines = append(m.Lines, "Yêu cầu tham gia của "+r.ProvinceName()+" đã được chấp nhận. Đơn vị vận hành đang chuẩn bị; quản trị đầu tiên của Sở sẽ nhận thư mời riêng để tự đặt mật khẩu.")
		return m
	}
	m.Lines = append(m.Lines, "Yêu cầu tham gia của "+r.ProvinceName()+" chưa được chấp nhận. Lý do: "+oneLine(r.Reason))
	m.After = []string{"Sau khi bổ sung, bạn có thể gửi lại yêu cầu."}
	return m
}
