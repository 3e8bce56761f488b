package proof

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"txng/tenant"
)

// Statement is a statement that the product sent, with the parameters of some of its executions as they stood on the
// wire.
type Statement struct {
	Role, SQL string
	Values    []Values
	Anew      bool // it never had a name on its connection, so that each execution was planned for itself
}

// Values are the parameters of one execution. A nil value is null.
type Values struct {
	Formats []int16
	Bytes   [][]byte
}

func (v Values) equal(o Values) bool {
	return slices.Equal(v.Formats, o.Formats) && slices.EqualFunc(v.Bytes, o.Bytes, func(a, b []byte) bool {
		return (a == nil) == (b == nil) && bytes.Equal(a, b)
	})
}

// sampled is the number of executions, of different parameters, that a Wire keeps of each statement.
const sampled = 6

// Wire stands between a program and its server and hears the statements that pass, or changes them. It is how faults
// come into the product's own statements, and how all of them are recorded, without a hook in the product.
type Wire struct {
	listener net.Listener
	server   *pgconn.Config
	change   func(role, sql string) string
	running  sync.WaitGroup

	mu    sync.Mutex
	heard map[[2]string]*Statement
	conns map[net.Conn]bool
	as    map[string]string // URL to sign in with, by the role that the client says it is
}

// disguise has connections of a role sign in with the URL instead.
func (w *Wire) disguise(role, url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.as[role] = url
}

// Tap returns c with its connections led through a Wire that changes the text of each statement, nil for none. Close
// ends it.
func Tap(c tenant.Config, change func(role, sql string) string) (tenant.Config, *Wire, error) {
	server, err := pgconn.ParseConfig(c.URL)
	if err != nil {
		return c, nil, fmt.Errorf("read the database URL: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return c, nil, fmt.Errorf("listen between program and server: %w", err)
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		listener.Close()
		return c, nil, fmt.Errorf("read the database URL: %w", err)
	}
	u.Host, u.RawQuery = listener.Addr().String(), "sslmode=disable"
	c.URL = u.String()
	w := &Wire{listener: listener, server: server, change: change, heard: map[[2]string]*Statement{}, conns: map[net.Conn]bool{}, as: map[string]string{}}
	w.running.Go(w.accept)
	return c, w, nil
}

// Close ends the wire and its connections.
func (w *Wire) Close() {
	w.listener.Close()
	w.mu.Lock()
	for conn := range w.conns {
		conn.Close()
	}
	w.mu.Unlock()
	w.running.Wait()
}

// Statements returns what was heard, ordered by role and text.
func (w *Wire) Statements() []Statement {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Statement
	for _, s := range w.heard {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b Statement) int {
		return bytes.Compare([]byte(a.Role+"\x00"+a.SQL), []byte(b.Role+"\x00"+b.SQL))
	})
	return list
}

func (w *Wire) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.running.Go(func() { w.serve(client) })
	}
}

// serve carries one connection. Either side's end ends both.
func (w *Wire) serve(client net.Conn) {
	defer client.Close()
	var length [4]byte
	if _, err := io.ReadFull(client, length[:]); err != nil {
		return
	}
	start, err := body(client, length[:])
	if err != nil {
		return
	}
	role := startupUser(start)
	w.mu.Lock()
	other := w.as[role]
	w.mu.Unlock()
	var server net.Conn
	if other != "" {
		server, err = greet(client, other)
	} else if server, err = w.dial(); err == nil {
		_, err = server.Write(append(length[:], start...))
	}
	if err != nil {
		return
	}
	defer server.Close()
	w.mu.Lock()
	w.conns[client], w.conns[server] = true, true
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.conns, client)
		delete(w.conns, server)
		w.mu.Unlock()
	}()
	w.running.Go(func() {
		io.Copy(client, server)
		client.Close()
		server.Close()
	})
	w.carry(role, client, server)
}

// greet signs in with the URL and tells the client that it is in.
func greet(client io.Writer, url string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	h, err := conn.Hijack()
	if err != nil {
		return nil, err
	}
	hello, err := (&pgproto3.AuthenticationOk{}).Encode(nil)
	for name, value := range h.ParameterStatuses {
		if err == nil {
			hello, err = (&pgproto3.ParameterStatus{Name: name, Value: value}).Encode(hello)
		}
	}
	if err == nil {
		hello, err = (&pgproto3.BackendKeyData{ProcessID: h.PID, SecretKey: h.SecretKey}).Encode(hello)
	}
	if err == nil {
		hello, err = (&pgproto3.ReadyForQuery{TxStatus: 'I'}).Encode(hello)
	}
	if err == nil {
		_, err = client.Write(hello)
	}
	if err != nil {
		h.Conn.Close()
		return nil, err
	}
	return h.Conn, nil
}

func (w *Wire) dial() (net.Conn, error) {
	network, address := pgconn.NetworkAddress(w.server.Host, w.server.Port)
	conn, err := net.Dial(network, address)
	if err != nil || w.server.TLSConfig == nil {
		return conn, err
	}
	var answer [1]byte
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil { // SSLRequest
		conn.Close()
		return nil, err
	}
	if _, err := io.ReadFull(conn, answer[:]); err != nil || answer[0] != 'S' {
		return conn, err // a server without TLS goes on in the clear, or hangs up
	}
	return tls.Client(conn, w.server.TLSConfig), nil
}

// carry passes the client's messages on: type, length, body.
func (w *Wire) carry(role string, client io.Reader, server io.Writer) {
	var head [5]byte
	prepared := map[string]string{}
	for {
		if _, err := io.ReadFull(client, head[:]); err != nil {
			return
		}
		text, err := body(client, head[1:])
		if err != nil {
			return
		}
		switch head[0] {
		case 'Q':
			text = append([]byte(w.changed(role, string(bytes.TrimRight(text, "\x00")))), 0)
		case 'P':
			name, rest, _ := bytes.Cut(text, []byte{0})
			sql, types, _ := bytes.Cut(rest, []byte{0})
			prepared[string(name)] = string(sql)
			text = slices.Concat(name, []byte{0}, []byte(w.changed(role, string(sql))), []byte{0}, types)
		case 'B':
			w.bound(role, prepared, text)
		}
		binary.BigEndian.PutUint32(head[1:], uint32(len(text)+4))
		if _, err := server.Write(append(slices.Clone(head[:]), text...)); err != nil {
			return
		}
	}
}

// body reads the rest of a message after its length.
func body(r io.Reader, length []byte) ([]byte, error) {
	n := binary.BigEndian.Uint32(length)
	if n < 4 || n > 1<<28 {
		return nil, fmt.Errorf("message of %d bytes", n)
	}
	b := make([]byte, n-4)
	_, err := io.ReadFull(r, b)
	return b, err
}

// startupUser returns the user of a startup message: version, then pairs of zero-ended texts.
func startupUser(start []byte) string {
	if len(start) < 4 {
		return ""
	}
	pairs := bytes.Split(start[4:], []byte{0})
	for i := 0; i+1 < len(pairs); i += 2 {
		if string(pairs[i]) == "user" {
			return string(pairs[i+1])
		}
	}
	return ""
}

func (w *Wire) changed(role, sql string) string {
	if w.change == nil {
		return sql
	}
	return w.change(role, sql)
}

// bound notes an execution: portal, statement, formats, values.
func (w *Wire) bound(role string, prepared map[string]string, text []byte) {
	_, rest, _ := bytes.Cut(text, []byte{0})
	name, rest, ok := bytes.Cut(rest, []byte{0})
	sql := prepared[string(name)]
	if !ok || sql == "" {
		return
	}
	var v Values
	next := func(n int) (b []byte) {
		if n > len(rest) {
			return make([]byte, n)
		}
		b, rest = rest[:n], rest[n:]
		return b
	}
	for range binary.BigEndian.Uint16(next(2)) {
		v.Formats = append(v.Formats, int16(binary.BigEndian.Uint16(next(2))))
	}
	for range binary.BigEndian.Uint16(next(2)) {
		var value []byte
		if n := int32(binary.BigEndian.Uint32(next(4))); n >= 0 {
			value = append([]byte{}, next(int(n))...)
		}
		v.Bytes = append(v.Bytes, value)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	key := [2]string{role, sql}
	s := w.heard[key]
	if s == nil {
		s = &Statement{Role: role, SQL: sql, Anew: true}
		w.heard[key] = s
	}
	s.Anew = s.Anew && len(name) == 0
	if slices.ContainsFunc(s.Values, v.equal) {
		return
	}
	if len(s.Values) < sampled {
		s.Values = append(s.Values, v)
	} else {
		s.Values = append(s.Values[1:], v) // the newest: later rows are the ones that are still there
	}
}

// swap returns a change that replaces from by to in the statements of the tenants' door, pair by pair.
func swap(pairs ...string) func(role, sql string) string {
	r := strings.NewReplacer(pairs...)
	return func(role, sql string) string {
		if !scopedRole(role) {
			return sql
		}
		return r.Replace(sql)
	}
}
