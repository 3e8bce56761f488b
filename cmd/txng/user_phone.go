package main

import (
	"errors"
	"fmt"

	"txng/authz"
	"txng/modules/accounts"
	"txng/tenant"
	"txng/tenant/fault"
)

// userPhone frees a number that somebody has claimed who it does not belong to: the account is found by its address, or
// by the number itself.
type userPhone struct {
	databaseFlags
	Email  string `help:"Thư điện tử của tài khoản." xor:"account" required:""`
	Number string `help:"Số điện thoại đang gắn với tài khoản." xor:"account" required:""`
	Clear  bool   `help:"Gỡ số khỏi tài khoản."`
}

func (c userPhone) Run(e *environment) error {
	by, err := authz.ParseLogin(c.Email + c.Number)
	var wrong fault.Invalid
	if errors.As(err, &wrong) && c.Number != "" {
		err = wrongFlag("number", "%s", wrong[0].Message)
	}
	if err != nil {
		return err
	}
	d, db, err := c.connect(e)
	if err != nil {
		return err
	}
	defer d.stop()
	return db.Platform(e, func(tx tenant.Platform) error {
		account, err := authz.AccountByLogin(e, tx, by)
		if errors.Is(err, fault.NotFound) {
			return fault.Say(fault.NotFound, "Không có tài khoản nào với %s.", by)
		}
		if err != nil {
			return err
		}
		if !c.Clear {
			_, err := fmt.Fprintf(e.out, "%s (%s): %s\n", account.Email, account.Name, account.Phone)
			return err
		}
		number, err := accounts.ClearPhone(e, tx, operator, account)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.out, "Đã gỡ số %s khỏi tài khoản %s.\n", number, account.Email)
		return err
	})
}
