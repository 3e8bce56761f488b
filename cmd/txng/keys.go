package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"txng/authz"
	"txng/modules/accounts"
	"txng/tenant"
)

type keysCommand struct {
	List   keysList   `cmd:"" help:"Liệt kê khóa ký access token của API."`
	Rotate keysRotate `cmd:"" help:"Lập khóa ký mới; khóa cũ thôi ký sau vài phút và còn được kiểm tra đến khi token cuối cùng hết hạn."`
}

type keysList struct{ databaseFlags }

func (c keysList) Run(e *environment) error {
	return withSigner(e, c.databaseFlags, func(s *authz.Signer, db *tenant.DB) error {
		keys, err := s.Keys(e, db)
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			fmt.Fprintln(e.out, "Chưa có khóa nào; khóa đầu tiên được lập khi API được dùng lần đầu.")
			return nil
		}
		w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "KHÓA\tTRẠNG THÁI\tKÝ TỪ\tTHÔI KÝ")
		for _, k := range keys {
			retired := "—"
			if k.RetiredAt != nil {
				retired = k.RetiredAt.Format(time.RFC3339)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.KID, k.State(db.Now()), k.ActiveFrom.Format(time.RFC3339), retired)
		}
		return w.Flush()
	})
}

type keysRotate struct{ databaseFlags }

func (c keysRotate) Run(e *environment) error {
	return withSigner(e, c.databaseFlags, func(s *authz.Signer, db *tenant.DB) error {
		k, err := accounts.RotateKeys(e, db, operator, s)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.out, "Đã lập khóa %s, bắt đầu ký từ %s. Các khóa trước thôi ký từ lúc đó.\n", k.KID, k.ActiveFrom.Format(time.RFC3339))
		return nil
	})
}

// withSigner opens the deployment and its signer for f.
func withSigner(e *environment, flags databaseFlags, f func(*authz.Signer, *tenant.DB) error) error {
	d, db, err := flags.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	s, err := authz.NewSigner(d.Secret)
	if err != nil {
		return err
	}
	return f(s, db)
}

// checkKeys returns what is wrong with the keys that sign access tokens: one that is in use must open with the secret.
func checkKeys(e *environment, db *tenant.DB, secret []byte) error {
	s, err := authz.NewSigner(secret)
	if err != nil {
		return err
	}
	keys, err := s.Keys(e, db)
	for _, k := range keys {
		if k.RetiredAt == nil && !k.Usable {
			return refuse("khóa token %s không mở được bằng khóa bí mật chính", k.KID)
		}
	}
	return err
}
