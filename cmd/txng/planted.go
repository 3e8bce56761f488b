package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"txng/authz"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/proof"
)

// faultsOf are all faults that the bench plants.
func faultsOf(w recorded) []proof.Mutation {
	list := proof.CatalogMutations()
	list = append(list, proof.DoorMutations()...)
	list = append(list, proof.RightMutations()...)
	list = append(list, proof.StatementMutations(w.statements, 10)...)
	return append(list, accessMutations()...)
}

// accessMutations are faults of what keeps people out who have lost their right to be in, planted in the statements of
// package authz.
func accessMutations() []proof.Mutation {
	var list []proof.Mutation
	for _, f := range []struct{ name, from, to string }{
		{"what is taken away is not told, and a cached answer goes on allowing", "select pg_notify($1, $2)", "select $1::text, $2::text"},
		{"end of a membership is not looked at", "m.version = s.membership_version and m.valid_from <= $2 and (m.valid_to is null or m.valid_to > $2)", "$2::timestamptz is not null"},
		{"end of a session is not looked at", "s.ended_at is null and s.expires_at > $2", "s.expires_at > $2"},
		{"any token finds a session", "s.token_hash = $1 and", "($1::bytea is not null) and"},
		{"everybody is an administrator", "coalesce(m.role, p.role) as role", "'dost_admin'::text as role"},
		{"disabled accounts stay signed in", "and a.disabled_at is null", ""},
	} {
		list = append(list, proof.Tapped("access", f.name, func(role, sql string) string {
			if role != "txng_platform" {
				return sql
			}
			return strings.ReplaceAll(sql, f.from, f.to)
		}, checkAccess))
	}
	return list
}

// checkAccess signs people in, takes their right away in every way, and says who is still in; "" when nobody is.
func checkAccess(ctx context.Context, c tenant.Config) (found string, err error) {
	db, err := tenant.Open(ctx, c)
	if err != nil {
		return "", err
	}
	defer db.Close()
	place, err := activeTenant(ctx, db)
	if err != nil {
		return "", err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	sessions := authz.NewSessions(db)
	go sessions.Run(ctx)
	for range 100 {
		if sessions.Listening() {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	for _, way := range []struct {
		name string
		take takeAway
	}{
		{"whose role has ended", func(_ authz.AccountID, membership int64, _ authz.Token) error {
			return db.Platform(ctx, func(tx tenant.Platform) error { return authz.EndMembership(ctx, tx, place, membership) })
		}},
		{"who has signed out", func(_ authz.AccountID, _ int64, token authz.Token) error {
			return authz.SignOut(ctx, db, token)
		}},
		{"whose account is disabled", func(account authz.AccountID, _ int64, _ authz.Token) error {
			if err := proof.AsOwner(ctx, c, "update authz.account set disabled_at = now() where id = $1", account); err != nil {
				return err
			}
			// The instances are told as package authz tells them.
			return proof.AsOwner(ctx, c, "select pg_notify('txng_revoked', $1)", fmt.Sprintf("a %d", account))
		}},
	} {
		found, err := stillIn(ctx, db, place, sessions, way.take)
		if found != "" {
			found = "somebody " + way.name + ": " + found
		}
		if err != nil || found != "" {
			return found, err
		}
	}
	if _, err := authz.NewSessions(db).Resume(ctx, authz.Token(strings.Repeat("A", 43))); err == nil {
		return "a token that nobody was given opens the door", nil
	}
	return "", nil
}

// takeAway takes somebody's right to be in away.
type takeAway func(account authz.AccountID, membership int64, token authz.Token) error

// stillIn signs a new person in, takes their right away, and says what is wrong when they are still in, or were never
// in as who they are; "" for nothing.
func stillIn(ctx context.Context, db *tenant.DB, place tenant.ID, sessions *authz.Sessions, take takeAway) (found string, err error) {
	email := fmt.Sprintf("bench-%d@example.vn", time.Now().UnixNano())
	const password = "mot mat khau dai cua bench"
	var account authz.AccountID
	var membership int64
	if err := db.Platform(ctx, func(tx tenant.Platform) (err error) {
		if account, err = authz.CreateAccount(ctx, tx, email, "Người thử", password); err != nil {
			return err
		}
		membership, err = authz.GrantMembership(ctx, tx, authz.NewMembership{Tenant: place, Account: account, Role: authz.Leader})
		return err
	}); err != nil {
		return "", err
	}
	token, _, err := authz.SignIn(ctx, db, email, password, authz.Device{Agent: "txng bench"})
	if err != nil {
		return "", err
	}
	who, err := sessions.Resume(ctx, token)
	if err != nil {
		return "has just signed in and is not in: " + err.Error(), nil
	}
	if who.Role != authz.Leader || who.Account != account {
		return fmt.Sprintf("signed in as %s of account %d, was made %s of %d", who.Role, who.Account, authz.Leader, account), nil
	}
	if err := take(account, membership, token); err != nil {
		return "", err
	}
	for end := time.Now().Add(time.Second); err == nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		_, err = sessions.Resume(ctx, token)
	}
	if err == nil {
		return "is still in a second later", nil
	}
	if !errors.Is(err, fault.SignIn) {
		return "", err
	}
	return "", nil
}
