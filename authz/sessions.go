package authz

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"txng/tenant"
)

// revokedChannel is where every instance hears what has been taken away.
const revokedChannel = "txng_revoked"

// trust is how long an answer about a session is believed without asking again, should a notification get lost.
const trust = 5 * time.Second

// maxCached is the number of sessions that are remembered.
const maxCached = 50_000

// Sessions answers who a session stands for without asking the database each time. What is taken away by any instance
// is heard by all (LISTEN), within milliseconds; while an instance cannot hear, it asks the database each time.
type Sessions struct {
	db *tenant.DB

	mu         sync.Mutex
	listening  bool
	generation int // grows with everything that is taken away
	cache      map[[32]byte]cached
}

type cached struct {
	who  Identity
	at   time.Time
	ends time.Time
}

// NewSessions returns an empty cache; Run makes it work.
func NewSessions(db *tenant.DB) *Sessions {
	return &Sessions{db: db, cache: map[[32]byte]cached{}}
}

// Run listens until the context ends.
func (s *Sessions) Run(ctx context.Context) {
	s.db.Listen(ctx, revokedChannel, s.up, s.forget)
}

func (s *Sessions) up(listening bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listening = listening
	s.generation++
	clear(s.cache)
}

// forget drops what a notification names: "m <tenant> <membership>", "t <tenant>", "r <tenant> <custom role>",
// "d <tenant> <department>", "a <account>", "s <hash of the session's token>" or "p <tenant> <identity provider>".
// One that it does not understand drops everything.
func (s *Sessions) forget(payload string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.generation++
	kind, name, _ := strings.Cut(payload, " ")
	for key, c := range s.cache {
		switch kind {
		case "m":
			if name != fmt.Sprintf("%d %d", c.who.Tenant, c.who.Membership) {
				continue
			}
		case "t":
			if name != fmt.Sprint(c.who.Tenant) {
				continue
			}
		case "r":
			if name != fmt.Sprintf("%d %d", c.who.Tenant, c.who.RoleID) {
				continue
			}
		case "d":
			if name != fmt.Sprintf("%d %s", c.who.Tenant, c.who.Department) {
				continue
			}
		case "a":
			if name != fmt.Sprint(c.who.Account) && (!c.who.Impersonated() || name != fmt.Sprint(c.who.Acting.Account)) {
				continue
			}
		case "p":
			if name != fmt.Sprintf("%d %d", c.who.Tenant, c.who.Provider) {
				continue
			}
		case "s":
			// One that an operator works in hangs on the operator's own session, which may be the one.
			if name != hex.EncodeToString(key[:]) && !c.who.Impersonated() {
				continue
			}
		}
		delete(s.cache, key)
	}
}

// Resume is the package's Resume through the cache.
func (s *Sessions) Resume(ctx context.Context, token Token) (Identity, error) {
	key := [32]byte(token.hash())
	now := s.db.Now()
	s.mu.Lock()
	c, ok := s.cache[key]
	generation, listening := s.generation, s.listening
	s.mu.Unlock()
	if ok && listening && now.Sub(c.at) < trust && now.Before(c.ends) {
		return c.who, nil
	}
	who, ends, err := resume(ctx, s.db, token)
	if err != nil {
		return Identity{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// What was taken away while the database was asked may not be in the answer.
	if s.listening && s.generation == generation {
		if len(s.cache) >= maxCached {
			clear(s.cache)
		}
		s.cache[key] = cached{who: who, at: now, ends: ends}
	}
	return who, nil
}

// revokeMembership tells all instances, once the transaction commits, that a membership has ended or changed.
func revokeMembership(ctx context.Context, tx tenant.Platform, t tenant.ID, membership int64) error {
	return revoke(ctx, tx, fmt.Sprintf("m %d %d", t, membership))
}

// revokeAccount tells all instances that sessions of an account have ended.
func revokeAccount(ctx context.Context, tx tenant.Platform, account AccountID) error {
	return revoke(ctx, tx, fmt.Sprintf("a %d", account))
}

// revokeSession tells all instances that a session has ended.
func revokeSession(ctx context.Context, tx tenant.Platform, token Token) error {
	return revoke(ctx, tx, "s "+hex.EncodeToString(token.hash()))
}

func revoke(ctx context.Context, tx tenant.Platform, payload string) error {
	_, err := tx.Exec(ctx, "select pg_notify($1, $2)", revokedChannel, payload)
	return err
}

// announceMembership tells all instances, once the transaction commits, that what confines a membership has changed.
func announceMembership(ctx context.Context, tx tenant.Tx, membership int64) error {
	return announce(ctx, tx, "m", fmt.Sprint(membership))
}

// announceRole tells all instances that a role of the province's own has changed.
func announceRole(ctx context.Context, tx tenant.Tx, role int64) error {
	return announce(ctx, tx, "r", fmt.Sprint(role))
}

// announce is revoke from a transaction of the tenant.
func announce(ctx context.Context, tx tenant.Tx, kind, name string) error {
	_, err := tx.Exec(ctx, "select pg_notify($2, $3 || ' ' || $1::int || ' ' || $4)", revokedChannel, kind, name)
	return err
}

// Listening reports whether the cache hears what other instances take away, and so is used.
func (s *Sessions) Listening() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listening
}

// Cached returns the number of sessions that are remembered.
func (s *Sessions) Cached() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cache)
}
