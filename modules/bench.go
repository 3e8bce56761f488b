package modules

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"txng/modules/accounts"
	"txng/modules/internal/web"
	"txng/tenant/fault"
)

// AnswerTimes are the nanoseconds (medians) until the answer to a wrong password, and to a request for a new one, for a
// name that has an account and one that has none.
type AnswerTimes struct{ SignInKnown, SignInUnknown, ResetKnown, ResetUnknown float64 }

// MeasureAnswers measures AnswerTimes through the whole site, each kind in turn within one run. known is an address with
// an account; each round comes from another network, so that no limit of a network slows it down. The tries count against
// the account like any others: fault.TooMany when it has no more.
func MeasureAnswers(ctx context.Context, c Config, known string, rounds int) (AnswerTimes, error) {
	a := web.New(c)
	accounts.Routes(a)
	unknown := fmt.Sprintf("khong-co-%d@example.vn", time.Now().UnixNano())
	asks := []struct {
		path  string
		form  url.Values
		want  int
		times int // a round
		took  []float64
	}{
		{"/dang-nhap", url.Values{"email": {known}, "password": {"không phải mật khẩu này"}}, http.StatusUnprocessableEntity, 1, nil},
		{"/dang-nhap", url.Values{"email": {unknown}, "password": {"không phải mật khẩu này"}}, http.StatusUnprocessableEntity, 1, nil},
		{"/quen-mat-khau", url.Values{"email": {known}}, http.StatusOK, 10, nil},
		{"/quen-mat-khau", url.Values{"email": {unknown}}, http.StatusOK, 10, nil},
	}
	const warm = 2 // the first ones prepare statements
	for round := range (rounds + warm) * 10 {
		for i := range asks {
			ask := &asks[i]
			if round/10%2 == 1 {
				ask = &asks[i^1] // who comes second pays for the first one's garbage: take turns
			}
			if round%10 >= ask.times {
				continue
			}
			r := httptest.NewRequestWithContext(ctx, http.MethodPost, ask.path, strings.NewReader(ask.form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.RemoteAddr = fmt.Sprintf("[2001:db8:%x:%x::1]:1000", round, i) // kept for documentation, RFC 3849
			w := httptest.NewRecorder()
			start := time.Now()
			a.Handler().ServeHTTP(w, r)
			took := time.Since(start)
			a.Wait() // what runs after the answer shall not slow the next one down
			if strings.Contains(w.Body.String(), "quá nhiều lần") {
				return AnswerTimes{}, fault.Say(fault.TooMany, "Tài khoản %s đang bị làm chậm vì thử sai nhiều lần; chờ 15 phút rồi đo lại.", known)
			}
			if w.Code != ask.want {
				return AnswerTimes{}, fmt.Errorf("%s answers %d, want %d", ask.path, w.Code, ask.want)
			}
			if round >= warm*10 {
				ask.took = append(ask.took, float64(took.Nanoseconds()))
			}
		}
	}
	median := func(i int) float64 {
		slices.Sort(asks[i].took)
		return asks[i].took[len(asks[i].took)/2]
	}
	return AnswerTimes{median(0), median(1), median(2), median(3)}, nil
}
