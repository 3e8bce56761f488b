package accounts

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"

	"txng/authz"
	"txng/modules/internal/audit"
	"txng/modules/internal/ui"
	"txng/modules/internal/vi"
	"txng/modules/internal/web"
	"txng/tenant"
	"txng/tenant/fault"
	"txng/tenant/unit"
)

const membersPath = "/thanh-vien"

func memberPath(id int64) string { return membersPath + "/" + strconv.FormatInt(id, 10) }

// members registers the pages of who works in a tenant, for its administrator, or in an organization, for its owner.
func members(a *web.App) {
	a.Get(membersPath, authz.MemberView, listMembers)
	a.Form(membersPath+"/moi", authz.MemberInvite, showInvite, submitInvite)
	a.Submit(membersPath+"/loi-moi/thu-hoi", authz.MemberInvite, listMembers, revokeInvitation)
	a.Submit(membersPath+"/loi-moi/gui-lai", authz.MemberInvite, listMembers, repeatInvitation)
	a.Form(membersPath+"/nhap", authz.MemberImport, showUpload, previewList)
	a.Submit(membersPath+"/nhap/ghi", authz.MemberImport, showUpload, importList)
	a.Submit(membersPath+"/nhap/gui-lai", authz.MemberImport, listMembers, repeatLetters)
	a.Get(membersPath+"/mau.xlsx", authz.MemberImport, listTemplate)
	a.Get(membersPath+"/{id}", authz.MemberView, showMember)
	a.Submit(membersPath+"/{id}/ket-thuc", authz.MemberInvite, showMember, endMember)
	a.Submit(membersPath+"/{id}/so-dien-thoai", authz.MemberInvite, showMember, clearPhone)
	roles(a)
	fields(a)
	departmentPages(a)
	a.Menu("Quản trị", "Thành viên", membersPath, "users", authz.MemberView)
	a.Menu("Quản trị", "Vai trò và quyền", "/vai-tro", "settings", authz.MemberView)
}

// placeOfWork says in what a role is held: the body (named is the province's own name for it, or ""), the commune, or
// nothing more than the tenant.
func placeOfWork(department, named, commune string) string {
	if department != "" {
		return authz.DepartmentName(department, named)
	}
	if ref, err := unit.ParseRef(commune); err == nil {
		if u, ok := unit.ByRef(ref); ok {
			return u.FullName
		}
	}
	return ""
}

func inForce(m authz.Membership, now time.Time) bool { return m.ValidTo == nil || m.ValidTo.After(now) }

func memberStatus(m authz.Membership, now time.Time) ui.Status {
	if inForce(m, now) {
		return ui.Status{Kind: ui.Success, Word: "Đang hiệu lực"}
	}
	return ui.Status{Kind: ui.Neutral, Word: "Đã chấm dứt"}
}

func listMembers(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	all, err := authz.Members(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	open, err := authz.OpenInvitations(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	batches, err := authz.Batches(q.Context(), tx)
	if err != nil {
		return web.Answer{}, err
	}
	title, purpose := "Thành viên", "Cán bộ, công chức làm việc trên hệ thống của tỉnh: vai trò, phạm vi, lời mời."
	if q.Who.Role.OfOrganization() {
		purpose = "Người của đơn vị làm việc trên hệ thống: vai trò và lời mời."
	}
	roles := []ui.Option{{Value: "", Label: "Tất cả"}}
	offers, err := offered(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	for _, o := range offers {
		roles = append(roles, ui.Option{Value: o.value(), Label: o.name})
	}
	now := q.Now()
	var invite ui.Link
	if q.Who.Can(authz.MemberInvite) {
		invite = ui.Link{Label: "Mời thành viên", Href: membersPath + "/moi", Icon: "plus"}
	}
	return web.Listing[authz.Membership]{
		Title: title, Purpose: purpose, File: "thanh-vien", Order: "",
		Origin: func(m authz.Membership) tenant.ID { return m.TenantID },
		Columns: []web.Column[authz.Membership]{
			{Key: "name", Label: "Họ tên", Value: func(m authz.Membership) any { return m.Name }, Cell: func(m authz.Membership) templ.Component {
				return ui.AnchorTwo(memberPath(m.ID), m.Name, string(m.Email))
			}},
			{Key: "role", Label: "Vai trò", Value: func(m authz.Membership) any { return m.Title() }, Cell: func(m authz.Membership) templ.Component {
				return ui.Two(m.Title(), placeOfWork(m.Department, m.DepartmentName, m.Unit))
			}},
			{Label: "Trạng thái", Value: func(m authz.Membership) any { return memberStatus(m, now).Word }, Cell: func(m authz.Membership) templ.Component { return ui.Badge(memberStatus(m, now)) }},
			{Key: "since", Label: "Từ ngày", HidePhone: true, Value: func(m authz.Membership) any { return vi.Date(m.ValidFrom) }},
		},
		Filters: []ui.Field{
			{Name: ui.QuerySearch, Label: "Họ tên hoặc thư điện tử", Type: "search"},
			{Name: "role", Label: "Vai trò", Type: "select", Options: roles},
			{Name: "state", Label: "Trạng thái", Type: "select", Options: []ui.Option{{Value: "", Label: "Tất cả"}, {Value: "now", Label: "Đang hiệu lực"}, {Value: "ended", Label: "Đã chấm dứt"}}},
		},
		Empty:   ui.Empty{Icon: "users", Why: "Không có thành viên nào.", Next: "Quản trị mời từng người bằng thư điện tử của họ."},
		Primary: invite,
		Above:   openInvitations(open, batches, q.Who.Can(authz.MemberInvite), q.Who.Can(authz.MemberImport), q.Who.Can(authz.TenantSettings), now),
		Load: func(_ tenant.Tx, l web.Query) ([]authz.Membership, int, error) {
			found := slices.DeleteFunc(slices.Clone(all), func(m authz.Membership) bool {
				state := l.Get("state")
				return l.Get("role") != "" && (offer{role: m.Role, custom: m.RoleID}).value() != l.Get("role") || state == "now" && !inForce(m, now) || state == "ended" && inForce(m, now)
			})
			rows, total := web.InMemory(found, l, func(m authz.Membership) string { return m.Name + " " + string(m.Email) }, map[string]func(a, b authz.Membership) int{
				"name":  func(a, b authz.Membership) int { return vi.ByGivenName(a.Name, b.Name) },
				"role":  func(a, b authz.Membership) int { return vi.Compare(a.Title(), b.Title()) },
				"since": func(a, b authz.Membership) int { return cmp.Compare(a.ValidFrom.Unix(), b.ValidFrom.Unix()) },
			})
			return rows, total, nil
		},
	}.Answer(q, tx)
}

// titleAt names a role, with the province where it is one that was merged into the person's.
func titleAt(q *web.Request, m authz.Membership) (string, error) {
	if m.TenantID == q.Who.Tenant {
		return m.Title(), nil
	}
	of, err := q.App().DB.Tenant(q.Context(), m.TenantID)
	return m.Title() + " tại " + of.Name + ", nay thuộc " + q.Tenant.Name, err
}

func showMember(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	m, err := member(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	history, err := audit.History(q.Context(), tx, m.TenantID, "membership", m.ID)
	if err != nil {
		return web.Answer{}, err
	}
	held, err := titleAt(q, m)
	if err != nil {
		return web.Answer{}, err
	}
	shell := q.Shell(m.Name, held)
	shell.Crumbs = []ui.Link{{Label: "Thành viên", Href: membersPath}}
	var made []authz.Client
	if m.OrgID > 0 {
		if made, err = authz.ClientsBy(q.Context(), tx, m); err != nil {
			return web.Answer{}, err
		}
	}
	reason := q.Field(ui.Field{Name: "reason", Label: "Lý do chấm dứt", Type: "textarea", Rows: 2, MaxLength: 500, Hint: "Ghi vào nhật ký, ví dụ: chuyển công tác từ 01/12/2026"})
	mayEnd := q.Who.Can(authz.MemberInvite) && inForce(m, q.Now()) && m.AccountID != q.Who.Account && m.TenantID == tx.Tenant()
	number, err := phoneOf(q, m.AccountID)
	if err != nil {
		return web.Answer{}, err
	}
	factors, err := memberFactors(q, m)
	if err != nil {
		return web.Answer{}, err
	}
	resetReason := q.Field(ui.Field{Name: "reset_reason", Label: "Lý do đặt lại", Type: "textarea", Rows: 2, MaxLength: 500, Hint: "Ghi vào nhật ký, ví dụ: mất điện thoại, đã gặp trực tiếp để xác minh"})
	second := memberFactorCard(m, factors, mayEnd, resetReason)
	return q.Show(shell, memberPage(m, number, memberStatus(m, q.Now()), mayEnd, m.AccountID == q.Who.Account, reason, second, made, q.Posted.Get("revoke_clients") != "", audit.Lines(history))), nil
}

func member(q *web.Request, tx tenant.Tx) (authz.Membership, error) {
	id, err := q.Number("id")
	if err != nil {
		return authz.Membership{}, err
	}
	return authz.Member(q.Context(), tx, id)
}

// endMember ends a role and, with it, the invitations that its person has sent and the keys that they have made for
// themselves. The person's sessions in the role are refused from their next request on. Machines belong to the
// organization and go on, unless whoever ends the role asks for theirs to end, too.
func endMember(q *web.Request, tx tenant.Tx) (web.Answer, error) {
	m, err := member(q, tx)
	if err != nil {
		return web.Answer{}, err
	}
	if err := mayDecide(q, tx, m, "Không tự chấm dứt vai trò của chính mình. Hãy nhờ một người quản trị khác."); err != nil {
		return web.Answer{}, err
	}
	reason, err := reasonOf(q, "reason", "Nêu lý do chấm dứt")
	if err != nil {
		return web.Answer{}, err
	}
	if err := q.App().DB.Platform(q.Context(), func(p tenant.Platform) error {
		return dismiss(q.Context(), p, q.Who, m, reason, q.Value("revoke_clients") != "")
	}); err != nil {
		return web.Answer{}, err
	}
	return web.See(memberPath(m.ID)).Say("Đã chấm dứt vai trò. Phiên làm việc của người này bị từ chối ngay."), nil
}

// mayDecide refuses a decision about a role of another tenant, one's own (mine says what to do instead), and one that has
// ended: fault.Conflict.
func mayDecide(q *web.Request, tx tenant.Tx, m authz.Membership, mine string) error {
	switch {
	case m.TenantID != tx.Tenant():
		return fault.Say(fault.Conflict, "Vai trò này thuộc tỉnh trước sáp nhập; hãy xử lý bằng vai trò của tỉnh đó.")
	case m.AccountID == q.Who.Account:
		return fault.Say(fault.Conflict, "%s", mine)
	case !inForce(m, q.Now()):
		return fault.Say(fault.Conflict, "Vai trò này đã chấm dứt trước đó.")
	}
	return nil
}

// reasonOf returns the reason that a field of the form gives; ask says what is to be given.
func reasonOf(q *web.Request, field, ask string) (string, error) {
	reason := q.Value(field)
	if n := utf8.RuneCountInString(reason); n < 5 || n > 500 {
		return "", fault.Invalid{{Name: field, Message: ask + ", từ 5 đến 500 ký tự."}}
	}
	return reason, nil
}

// dismiss ends a member's role, with what it gave to others, and notes all of it.
func dismiss(ctx context.Context, p tenant.Platform, who authz.Identity, m authz.Membership, reason string, revokeClients bool) error {
	gone, err := authz.Dismiss(ctx, p, m, revokeClients)
	if err != nil {
		return err
	}
	what := "Chấm dứt vai trò " + m.Title() + " của " + m.Name + ": " + reason + "."
	if gone.Invitations > 0 {
		what += " Thu hồi " + vi.Int(gone.Invitations) + " lời mời do người này gửi."
	}
	if gone.Keys > 0 {
		what += " Thu hồi " + vi.Int(gone.Keys) + " khóa API của người này."
	}
	for _, c := range gone.Clients {
		if err := audit.WriteChangeAsPlatform(ctx, p, who, m.TenantID, "client.revoke", audit.Record{Subject: "client", ID: c.ID, Org: c.OrgID},
			"Thu hồi kết nối phần mềm “"+c.Name+"” do "+m.Name+" tạo, khi chấm dứt vai trò", programRecord(c.Name, c.Scopes, c.ExpiresAt, false), programRecord(c.Name, c.Scopes, c.ExpiresAt, true)); err != nil {
			return err
		}
	}
	ended, now := m, p.Now()
	ended.ValidTo = &now
	return audit.WriteChangeAsPlatform(ctx, p, who, m.TenantID, "member.end", audit.Record{Subject: "membership", ID: m.ID, Org: m.OrgID}, what,
		memberFields(m, now), memberFields(ended, now))
}

func provinceOf(t tenant.Tenant) unit.Ref {
	ref, err := unit.ParseRef(t.Unit)
	if err != nil {
		return unit.Ref{} // has no communes, so every one is refused
	}
	return ref
}

// auditInvitation notes what was done to an invitation.
func auditInvitation(ctx context.Context, tx tenant.Tx, who authz.Identity, i authz.Invitation, action, verb string) error {
	what := []string{verb + " " + i.Name + " <" + string(i.Email) + "> làm " + i.Title()}
	if p := placeOfWork(i.Department, i.DepartmentName, i.Unit); p != "" {
		what = append(what, p)
	}
	before, after := audit.Fields(nil), invitationRecord(i)
	if i.RevokedAt != nil {
		open := i
		open.RevokedAt = nil
		before = invitationRecord(open)
	}
	return audit.WriteChange(ctx, tx, who, action, audit.Record{Subject: "invitation", ID: i.ID, Org: i.OrgID}, strings.Join(what, ", "), before, after)
}
