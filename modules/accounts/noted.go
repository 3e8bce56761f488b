package accounts

import (
	"context"
	"errors"
	"time"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// noted writes what a person did to their session into the audit of the tenant of their role; of a role above the
// tenants into the platform's own.
func noted(q *web.Request, who authz.Identity, action, what string) error {
	return q.App().DB.Platform(q.Context(), func(tx tenant.Platform) error {
		return audit.WriteAsPlatform(q.Context(), tx, who, who.Tenant, action, subject(who), what)
	})
}

func subject(who authz.Identity) audit.Record {
	return audit.Record{Subject: "account", ID: int64(who.Account), Org: who.Org}
}

// notedSwitch writes a change of role: one line within a tenant; between two tenants one in each, which tells neither
// about the other.
func notedSwitch(q *web.Request, from authz.Identity, token authz.Token) error {
	to, err := authz.Resume(q.Context(), q.App().DB, token)
	if err != nil {
		return err
	}
	if from.Tenant == to.Tenant {
		return noted(q, to, "account.switch", "Đổi vai trò làm việc từ “"+from.Title()+"” sang “"+to.Title()+"”")
	}
	if err := noted(q, from, "account.switch", "Rời vai trò “"+from.Title()+"” để làm việc với vai trò khác"); err != nil {
		return err
	}
	return noted(q, to, "account.switch", "Bắt đầu làm việc với vai trò “"+to.Title()+"”")
}

// refusalPause is how long the answer to wrong credentials waits, from before their refusal is noted: long enough for
// the note, so that the time of the answer does not tell whether there is such an account.
const refusalPause = 150 * time.Millisecond

// notedRefusal writes wrong credentials for a known account into the audit of each tenant that it has a role in. Someone
// who hangs up is noted all the same. That it could not be written is logged; the refusal stands anyway.
func notedRefusal(q *web.Request, login string, refusal error) {
	if !authz.IsWrongTry(refusal) {
		return // not about credentials
	}
	pause := time.NewTimer(refusalPause)
	ctx, stop := context.WithTimeout(context.WithoutCancel(q.Context()), 5*time.Second)
	defer stop()
	if err := writeRefusal(ctx, q, login); err != nil {
		q.App().Log.Error("a refused sign-in was not noted", "request", q.ID, "error", err)
	}
	select {
	case <-pause.C:
	case <-q.Context().Done():
	}
}

func writeRefusal(ctx context.Context, q *web.Request, login string) error {
	by, err := authz.ParseLogin(login)
	if err != nil {
		return nil // nobody has such a name
	}
	return q.App().DB.Platform(ctx, func(tx tenant.Platform) error {
		account, err := authz.AccountByLogin(ctx, tx, by)
		if errors.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := authz.NoteRefusal(ctx, tx, account.ID, q.Device()); err != nil {
			return err
		}
		roles, err := authz.Memberships(ctx, tx, account.ID)
		if err != nil {
			return err
		}
		told := map[tenant.ID]bool{}
		above, err := authz.PlatformRole(ctx, tx, account.ID)
		if err != nil {
			return err
		}
		if above != "" {
			roles = append(roles, authz.Membership{TenantID: audit.Platform, Role: above})
		}
		for _, m := range roles {
			if told[m.TenantID] {
				continue
			}
			told[m.TenantID] = true
			who := authz.Identity{Account: account.ID, Name: account.Name, Role: m.Role, RoleName: m.RoleName, Org: m.OrgID}
			if err := audit.WriteAsPlatform(ctx, tx, who, m.TenantID, "account.refused", subject(who), "Đăng nhập không thành công bằng tài khoản này"); err != nil {
				return err
			}
		}
		return nil
	})
}
