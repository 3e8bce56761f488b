package authz

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"txng/tenant"
	"txng/tenant/tenanttest"
)

// tracer notes what is sent to the database, each statement by its first words.
type tracer struct {
	mu   sync.Mutex
	sent []string
}

func (r *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, strings.Join(strings.Fields(q.SQL), " "))
	return ctx
}

func (r *tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TestUnknownNamesCostWhatKnownOnesDo compares, for a known and an unknown name, the runs of argon2 and the statements:
// what the time of an answer is made of. It is not parallel, so that no other test runs argon2 meanwhile.
func TestUnknownNamesCostWhatKnownOnesDo(t *testing.T) {
	e := tenanttest.New(t)
	trace := &tracer{}
	c := e.Config
	c.Tracer = trace
	db, err := tenant.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	const email, number, gone = "biet@structure.vn", "0999000111", "khoa@structure.vn"
	if err := db.Platform(t.Context(), func(tx tenant.Platform) error {
		for _, address := range []string{email, gone} {
			n, err := PrepareAccount(address, "Người Có Thật", "một mật khẩu dài")
			if err != nil {
				return err
			}
			if address == email {
				n = n.WithPhone(number)
			}
			if _, err := n.Create(t.Context(), tx); err != nil {
				return err
			}
		}
		_, err := tx.Exec(t.Context(), "update authz.account set disabled_at = $2 where email = $1", gone, tx.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	runs, derive := 0, idKey
	idKey = func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
		runs++
		return derive(password, salt, time, memory, threads, keyLen)
	}
	defer func() { idKey = derive }()
	cost := func(f func(login string) error, login string) (int, string) {
		t.Helper()
		runs, trace.sent = 0, nil
		if err := f(login); err != nil {
			t.Fatalf("%s: %v", login, err)
		}
		return runs, strings.Join(trace.sent, "\n")
	}
	signIn := func(login string) error {
		_, _, err := SignIn(t.Context(), db, login, "sai mật khẩu", Device{Address: "203.0.113.5"})
		if IsWrongTry(err) {
			return nil
		}
		return err
	}
	reset := func(login string) error {
		_, _, _, err := RequestReset(t.Context(), db, login)
		return err
	}
	for name, f := range map[string]func(string) error{"sign-in": signIn, "reset": reset} {
		_ = f(email) // prepare the statements
		wantRuns, wantSent := cost(f, email)
		if name == "sign-in" && wantRuns != 1 || wantSent == "" {
			t.Errorf("%s: %d runs of argon2, statements:\n%s", name, wantRuns, wantSent)
		}
		t.Logf("%s: %d runs of argon2, %d statements", name, wantRuns, strings.Count(wantSent, "\n")+1)
		for _, login := range []string{"khong@structure.vn", number, "0999000112", gone} {
			if gotRuns, gotSent := cost(f, login); gotRuns != wantRuns || gotSent != wantSent {
				t.Errorf("%s of %s: %d runs of argon2 and\n%s\nwant %d and\n%s", name, login, gotRuns, gotSent, wantRuns, wantSent)
			}
		}
	}
}

func FuzzParseLogin(f *testing.F) {
	for _, s := range []string{"a@b.vn", " A@B.VN ", "ａ＠example.vn", "0912345678", "+84 912 345 678", "０９１２３４５６７８", "аdmin@b.vn", "", "@", "84@b.vn"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLogin(s)
		if err != nil {
			if l != (Login{}) {
				t.Errorf("%q: %v and %+v", s, err, l)
			}
			return
		}
		if (l.Email == "") == (l.Phone == "") {
			t.Errorf("%q is %+v, want one of the two", s, l)
		}
		for _, again := range []string{l.String(), l.Phone.Home() + string(l.Email)} {
			if got, err := ParseLogin(again); err != nil || got != l {
				t.Errorf("%q is %+v, which is %+v, %v", s, l, got, err)
			}
		}
		for i := range len(l.String()) {
			if b := l.String()[i]; b <= ' ' || b > '~' {
				t.Errorf("%q gives %q", s, l)
			}
		}
	})
}

func FuzzParsePhone(f *testing.F) {
	for _, s := range []string{"0912345678", "+84912345678", "0084912345678", "02363822041", "O912345678"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePhone(s)
		if err != nil {
			return
		}
		if again, err := ParsePhone(p.Home()); err != nil || again != p || len(p) != 12 {
			t.Errorf("%q is %q, at home %q, which is %q, %v", s, p, p.Home(), again, err)
		}
	})
}
