package modules_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"txng/authz"
	"txng/modules/merger"
	"txng/tenant"
)

// TestFormsOfMergersTakeOnlyWhatTheyUnderstand sends the operator's forms what no page of ours sends.
func TestFormsOfMergersTakeOnlyWhatTheyUnderstand(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	session := p.operator(t)
	_, memberships := p.hire(t, "cu", authz.DOSTOfficer, p.from)
	role := fmt.Sprintf("role-%d", memberships[0])
	long, today := strings.Repeat("ư", 100_000), time.Now().Format("02/01/2006")
	merge, cede, undo, life := "/tinh/"+p.from.Slug+"/sap-nhap", "/tinh/"+p.from.Slug+"/chuyen-xa", "/tinh/"+p.from.Slug+"/huy-sap-nhap", "/tinh/"+p.from.Slug+"/trang-thai"
	good := url.Values{"into": {p.into.Slug}, "effective": {today}, "basis": {"Nghị quyết thử"}, "units": {p.commune}}
	with := func(change ...string) url.Values {
		form := url.Values{}
		for k, v := range good {
			form[k] = v
		}
		for i := 0; i < len(change); i += 2 {
			form[change[i]] = strings.Split(change[i+1], "|")
		}
		return form
	}
	var none string
	for _, c := range []struct {
		path string
		form url.Values
		code int
	}{
		{merge, url.Values{}, 422},
		{merge, with("into", none), 422},
		{merge, with("into", p.from.Slug), 409},
		{merge, with("into", "'; drop table tenant.tenant; --"), 422},
		{merge, with("into", "khong-co|"+p.into.Slug), 422}, // the first of two counts, as it is shown again
		{merge, with("effective", "31/02/2026"), 422},
		{merge, with("effective", "2026-02-31"), 422},
		{merge, with("effective", "hôm nay"), 422},
		{merge, with("effective", "01/01/1901"), 422},
		{merge, with("effective", "31/12/2199"), 422},
		{merge, with("effective", long), 422},
		{merge, with("basis", none), 422},
		{merge, with("basis", long), 422},
		{merge, with("basis", "Nghị quyết\x00"), 422},
		{merge, with("basis", "Ngh\xe1\xbb"), 422},
		{merge, with("basis", "Nghị quyết \u202e6202/1"), 422}, // turns what follows around
		{merge, with(role, "operator"), 422},
		{merge, with(role, "org_owner"), 422},
		{merge, with(role, "vua"), 422},
		{merge, with("role-1", "dost_officer"), 409}, // somebody else's
		{merge, with("role--5", "dost_officer"), 409},
		{merge, with("role-99999999999999999999", "dost_officer", "into", none), 422},
		{cede, url.Values{}, 422},
		{cede, with("units", none), 422},
		{cede, with("units", "16690"), 422},
		{cede, with("units", p.from.Unit), 422},
		{cede, with("units", p.commune+"|20194@2025-07-01"), 422}, // one of them of the other province
		{cede, with("effective", "31/02/2026"), 422},
		{cede, with("into", p.from.Slug), 409},
		{cede, url.Values{"huy": {"1"}, "reason": {"không có việc này"}}, 404},
		{cede, url.Values{"huy": {"-1"}, "reason": {"không có việc này"}}, 404},
		{cede, url.Values{"huy": {"x"}, "reason": {"không có việc này"}}, 404},
		{undo, url.Values{"reason": {"chưa từng sáp nhập"}}, 404},
		{life, url.Values{}, 422},
		{life, url.Values{"state": {"merged"}, "reason": {"không qua nghị quyết"}}, 409},
		{life, url.Values{"state": {"archived"}, "reason": {"không qua tạm dừng"}}, 409},
		{life, url.Values{"state": {"suspended|active"}, "reason": {"ngắn"}}, 422},
	} {
		answer := p.ask(http.MethodPost, c.path, session, c.form)
		if answer.Code != c.code {
			t.Errorf("%s with %.120q: %d, want %d", c.path, fmt.Sprint(c.form), answer.Code, c.code)
		}
		if body := answer.Body.String(); strings.Contains(body, "SQLSTATE") {
			t.Errorf("%s with %.120q shows the database's text", c.path, fmt.Sprint(c.form))
		}
	}
	p.db.Forget()
	for _, of := range []tenant.Tenant{p.from, p.into} {
		now, err := p.db.Tenant(t.Context(), of.ID)
		origins, lineage := p.db.Origins(t.Context(), of.ID)
		parts, ceded := p.db.Ceded(t.Context(), of.ID)
		if err != nil || lineage != nil || ceded != nil || now.State != tenant.Active || len(origins)+len(parts) > 0 {
			t.Errorf("%s is %s, reads %v, looks after %v", of.Slug, now.State, origins, parts)
		}
	}
	// A cession of the other province is not this page's to take back.
	part, err := merger.Cede(t.Context(), p.db, operatorOfPair, tenant.NewPart{Origin: p.from.ID, Successor: p.into.ID, Units: []string{p.commune}, Effective: p.db.Now(), Basis: "Nghị quyết thử"})
	if err != nil {
		t.Fatal(err)
	}
	back := url.Values{"huy": {fmt.Sprint(part.ID)}, "reason": {"nghị quyết bị thu hồi"}}
	if code := p.ask(http.MethodPost, "/tinh/"+p.into.Slug+"/chuyen-xa", session, back).Code; code != http.StatusNotFound {
		t.Errorf("taken back on the successor's page: %d, want 404", code)
	}
	// An operator's session that is over does nothing, and keeps what was typed.
	if err := authz.SignOut(t.Context(), p.db, session); err != nil {
		t.Fatal(err)
	}
	p.ended(t, session)
	for _, path := range []string{merge, cede, undo, life} {
		answer := p.ask(http.MethodPost, path, session, with("reason", "gửi sau khi phiên đã hết"))
		if answer.Code != http.StatusUnauthorized || !strings.Contains(answer.Body.String(), "gửi sau khi phiên đã hết") {
			t.Errorf("%s after the session's end: %d, want 401 with what was typed", path, answer.Code)
		}
	}
	if parts, err := p.db.Ceded(t.Context(), p.into.ID); err != nil || len(parts) != 1 {
		t.Errorf("after forms of an ended session: %v, %v", parts, err)
	}
}
