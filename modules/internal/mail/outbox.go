package mail

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// sendTime is how long handing a letter to the SMTP server may take.
const sendTime = 30 * time.Second

// Outbox is where letters go: an SMTP server or a folder.
type Outbox struct {
	from   *mail.Address
	client []gomail.Option // of the SMTP server; nil for a folder
	host   string
	folder string
}

// Open returns the outbox of a configuration. smtp is "smtp://user:password@host:587" (STARTTLS), "smtps://…:465" (TLS
// from the start), or empty: then letters become files in folder, which is made with the first one. "?tls=off" after an
// smtp address leaves out TLS, for a relay on the same machine or in the same closed network; on a loopback address TLS
// is used when offered. from is the sender: "TXNG <khong-tra-loi@txng.vn>". Errors are sentences for the operator.
func Open(smtp, from, folder string) (*Outbox, error) {
	if from == "" && smtp == "" {
		from = "txng <khong-tra-loi@txng.invalid>"
	}
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("địa chỉ gửi thư %q chưa đúng; ví dụ: Truy xuất nguồn gốc <khong-tra-loi@txng.vn>", from)
	}
	o := &Outbox{from: sender, folder: folder}
	if smtp == "" {
		if folder == "" {
			return nil, errors.New("chưa có máy chủ SMTP và cũng chưa có thư mục để ghi thư")
		}
		return o, nil
	}
	u, err := url.Parse(smtp)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || u.Path != "" && u.Path != "/" {
		return nil, errors.New("địa chỉ máy chủ SMTP chưa đúng; ví dụ: smtp://nguoidung:matkhau@thu.donvi.vn:587") // never with the password in it
	}
	o.host = u.Hostname()
	o.client = []gomail.Option{gomail.WithTimeout(sendTime)}
	port, auth := 587, gomail.SMTPAuthAutoDiscover
	if u.Scheme == "smtps" {
		port = 465
		o.client = append(o.client, gomail.WithSSL())
	} else {
		policy := gomail.TLSMandatory
		switch ip := net.ParseIP(o.host); {
		case u.Query().Get("tls") == "off":
			policy = gomail.NoTLS
			if u.User != nil {
				return nil, errors.New("máy chủ SMTP: không gửi mật khẩu khi tắt TLS; bỏ tls=off hoặc bỏ mật khẩu")
			}
		case o.host == "localhost" || ip != nil && ip.IsLoopback():
			policy, auth = gomail.TLSOpportunistic, gomail.SMTPAuthPlain
		}
		o.client = append(o.client, gomail.WithTLSPolicy(policy))
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return nil, errors.New("cổng của máy chủ SMTP chưa đúng")
		}
	}
	o.client = append(o.client, gomail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		o.client = append(o.client, gomail.WithSMTPAuth(auth), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(o.host, o.client...); err != nil {
		return nil, fmt.Errorf("máy chủ SMTP: %w", err)
	}
	return o, nil
}

// Send hands one letter over. It returns once the server has taken it, or the file is there.
func (o *Outbox) Send(ctx context.Context, m Message) error {
	msg, err := m.compose(o.from)
	if err != nil {
		return err
	}
	if o.client == nil {
		return o.write(msg, m.At)
	}
	ctx, stop := context.WithTimeout(ctx, sendTime)
	defer stop()
	client, err := gomail.NewClient(o.host, o.client...)
	if err == nil {
		err = client.DialAndSendWithContext(ctx, msg)
	}
	if err != nil {
		return fmt.Errorf("send a letter through %s: %w", o.host, err)
	}
	return nil
}

// write puts a letter into the folder: complete, or not at all, and readable for its owner only.
func (o *Outbox) write(msg *gomail.Msg, at time.Time) error {
	if err := os.MkdirAll(o.folder, 0o700); err != nil {
		return fmt.Errorf("make the folder of letters: %w", err)
	}
	name := filepath.Join(o.folder, messageID(at)+".eml")
	f, err := os.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("write a letter: %w", err)
	}
	_, err = msg.WriteTo(io.Writer(f))
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write a letter: %w", errors.Join(err, os.Remove(name+".new")))
	}
	return os.Rename(name+".new", name)
}

// messageID names a letter: names sort by time.
func messageID(at time.Time) string {
	return at.UTC().Format("20060102-150405.000") + "-" + strings.ToLower(rand.Text()[:12])
}
