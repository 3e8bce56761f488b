package accounts

import (
	"context"
	"errors"
	"strconv"

	"txng/authz"
	"txng/modules/internal/job"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
)

// letterTries is how often the letter of an import is tried: the last time a quarter of an hour after the first.
const letterTries = 6

// Letter is the job that sends the letter of one invitation of an import.
type Letter struct {
	Tenant     tenant.ID `json:"tenant"`
	Invitation int64     `json:"invitation"`
}

// Kind names the job.
func (Letter) Kind() string { return "accounts_letter" }

// enqueueLetters leaves the letters of invitations to the job queue.
func enqueueLetters(ctx context.Context, tx tenant.Tx, ids []int64) error {
	for _, id := range ids {
		if err := job.Enqueue(ctx, tx, Letter{tx.Tenant(), id}, &job.Options{MaxAttempts: letterTries}); err != nil {
			return err
		}
	}
	return nil
}

// sendLetter makes the invitation's link, sends it, and notes whether it went. A letter that was sent already is not sent
// again, except by an instance that died between sending and noting: then the first letter's link is dead.
func sendLetter(ctx context.Context, a *web.App, j Letter) error {
	scope, err := a.DB.Scope(ctx, j.Tenant)
	if err != nil {
		return err
	}
	t, err := a.DB.Tenant(ctx, j.Tenant)
	if err != nil {
		return err
	}
	var i authz.Invitation
	var token authz.InvitationToken
	var ok bool
	if err := a.DB.In(ctx, scope, func(tx tenant.Tx) error {
		i, token, ok, err = authz.Letter(ctx, tx, j.Invitation)
		return err
	}); err != nil || !ok {
		return err
	}
	failed := send(ctx, a, invitationLetter(a, t, i, token))
	ctx = context.WithoutCancel(ctx) // a job that runs out of time has failed, and that is noted
	return errors.Join(failed, a.DB.In(ctx, scope, func(tx tenant.Tx) error { return authz.LetterDone(ctx, tx, j.Invitation, failed) }))
}

// repeatLetters tries the letters of an import that could not be sent once more.
func repeatLetters(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	batch, err := strconv.ParseInt(q.Value("dot"), 10, 64)
	if err != nil || batch <= 0 {
		return web.Answer{}, fault.NotFound
	}
	ids, err := authz.AgainLetters(q.Context(), tx, batch)
	if err != nil {
		return web.Answer{}, err
	}
	if err := enqueueLetters(q.Context(), tx, ids); err != nil {
		return web.Answer{}, err
	}
	return web.See(membersPath).Say("Đang gửi lại " + vi.Int(int64(len(ids))) + " thư mời."), nil
}
