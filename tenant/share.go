package tenant

import (
	"context"
	"sync"

	"txng/tenant/fault"
)

// shares gives the connections of the tenants' pool to tenants fairly: a tenant that asks for more than its share waits,
// and does not make the others wait. A connection that becomes free goes to the waiting tenant that holds the fewest,
// among equals to the one that was served longest ago; a lone tenant may have all but a few, which are kept for whoever
// comes next. Statements that take too long are ended by the roles' statement_timeout (see setPasswords). How
// much a tenant may ask for at all, is in Allowances.
type shares struct {
	size int // connections
	most int // of them that one tenant may hold

	mu      sync.Mutex
	inUse   int
	tenants map[ID]*share
	turn    int64
}

// share is what a tenant holds, and who waits for more in order of arrival. It is forgotten when both are nothing.
type share struct {
	held    int
	waiting []chan struct{} // closed when a connection is the waiter's
	served  int64
}

// patience is how many may wait for one tenant, per connection of the pool; more are turned away.
const patience = 32

func newShares(size int) *shares {
	return &shares{size: size, most: max(1, size-max(1, size/4)), tenants: map[ID]*share{}}
}

// take waits for a connection's worth of the tenant's share and returns how to give it back. Too many that wait already
// is fault.TooMany.
func (s *shares) take(ctx context.Context, id ID) (release func(), err error) {
	s.mu.Lock()
	t := s.tenants[id]
	if t == nil {
		t = &share{}
		s.tenants[id] = t
	}
	if len(t.waiting) >= patience*s.size {
		s.mu.Unlock()
		return nil, fault.Say(fault.TooMany, "Tỉnh, thành phố đang có quá nhiều yêu cầu cùng lúc. Hãy chờ ít phút rồi thử lại.")
	}
	mine := make(chan struct{})
	t.waiting = append(t.waiting, mine)
	s.serve()
	s.mu.Unlock()
	release = sync.OnceFunc(func() { s.give(id) })
	select {
	case <-mine:
		return release, nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for i, w := range t.waiting {
		if w == mine {
			t.waiting = append(t.waiting[:i:i], t.waiting[i+1:]...)
			s.forget(id)
			s.mu.Unlock()
			return nil, ctx.Err()
		}
	}
	s.mu.Unlock()
	release() // it was served at the same moment
	return nil, ctx.Err()
}

func (s *shares) give(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tenants[id].held--
	s.inUse--
	s.forget(id)
	s.serve()
}

// forget drops a tenant that holds nothing and waits for nothing.
func (s *shares) forget(id ID) {
	if t := s.tenants[id]; t.held == 0 && len(t.waiting) == 0 {
		delete(s.tenants, id)
	}
}

// serve gives free connections to those that wait.
func (s *shares) serve() {
	for s.inUse < s.size {
		var next *share
		for _, t := range s.tenants {
			if len(t.waiting) == 0 || t.held >= s.most {
				continue
			}
			if next == nil || t.held < next.held || t.held == next.held && t.served < next.served {
				next = t
			}
		}
		if next == nil {
			return
		}
		close(next.waiting[0])
		next.waiting = next.waiting[1:]
		s.turn++
		next.held, next.served, s.inUse = next.held+1, s.turn, s.inUse+1
	}
}
