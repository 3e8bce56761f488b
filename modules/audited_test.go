package modules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"txng/modules/journal"
)

// acts are the actions that change no official record, so that there is nothing before and after. Everything else that
// the audit knows is a write of a record and says both.
var acts = map[string]string{
	"account.signin":      "opens a session",
	"account.refused":     "nothing happened",
	"account.signout":     "ends a session",
	"account.sso":         "opens a session",
	"account.switch":      "another session",
	"account.password":    "what changes is a secret",
	"account.reset":       "what changes is a secret",
	"token.grant":         "gives a token",
	"token.reuse":         "revokes tokens",
	"list.export":         "reads",
	"stamp.print":         "reads",
	"tenant.export":       "reads",
	"tenant.download":     "reads",
	"tenant.import":       "brings a whole tenant, whose records come with their own lines",
	"access.refused":      "nothing happened",
	"sso.refused":         "nothing happened",
	"impersonation.start": "opens a session",
	"impersonation.end":   "ends a session",
	"account.phone":       "what changes is how a person signs in, who alone may see it",
	"factor.add":          "what changes is a secret",
	"factor.remove":       "what changes is a secret",
	"factor.codes":        "what changes is a secret",
	"factor.shown":        "opens a session",
	"factor.recovery":     "opens a session",
	"factor.refused":      "nothing happened",
	"member.factor":       "what changes is a person's secrets",
}

// actWriters are the functions that write an act whose name they are given, with the acts that they may be given.
var actWriters = []string{"accounts.noted", "accounts.auditAccount", "accounts.auditImpersonation", "accounts.noteToken", "archive.note"}

// writes says for every form which actions it writes. A form without a row fails the test: say what it changes and write
// it with audit.WriteChange, or why it changes no record.
var writes = map[string]string{
	"POST /dang-xuat":                   "account.signout",
	"POST /tai-khoan/thiet-bi":          "-", // the sessions themselves stand in the list of devices
	"POST /tai-khoan/vai-tro":           "account.switch",
	"POST /tai-khoan/mat-khau":          "account.password",
	"POST /tai-khoan/khoa-api":          "key.create",
	"POST /tai-khoan/khoa-api/thu-hoi":  "key.revoke",
	"POST /tinh/moi":                    "tenant.register",
	"POST /tinh/{slug}/van-hanh":        "tenant.activate plan.import member.invite",
	"POST /tinh/{slug}/tinh-nang":       "tenant.feature",
	"POST /tinh/{slug}/gioi-han":        "tenant.allowance",
	"POST /tinh/{slug}/trang-thai":      "tenant.state",
	"POST /tinh/yeu-cau/{id}":           "tenant.request tenant.register",
	"POST /dang-ky-tinh":                "-", // a request, which the operator decides
	"POST /cau-hinh":                    "tenant.settings",
	"POST /cau-hinh/bieu-trung":         "tenant.settings",
	"POST /tinh/{slug}/chuyen-xa":       "tenant.cede tenant.reclaim",
	"POST /tinh/{slug}/sap-nhap":        "tenant.merge member.merge",
	"POST /tinh/{slug}/huy-sap-nhap":    "tenant.unmerge",
	"POST /tinh/{slug}/thanh-vien/{id}": "impersonation.start",
	"POST /thoi-lam-thay":               "impersonation.end",
	"POST /to-chuc/{id}/duyet":          "organization.approved quota.grant",
	"POST /to-chuc/{id}/tra-lai":        "organization.refused",
	"POST /don-vi/dia-chi-nhan":         "organization.printed",
	"POST /san-pham/moi":                "product.create",
	"POST /san-pham/{id}/anh":           "product.photo",
	"POST /san-pham/{id}/cong-bo":       "product.publish",
	"POST /danh-muc":                    "catalog.add",
	"POST /lo-hang/moi":                 "lot.create",
	"POST /lo-hang/{id}/su-kien":        "lot.event",
	"POST /tem/dat":                     "stamps.order",
	"POST /tem/{number}/kich-hoat":      "stamps.activate",
	"POST /tem/{number}/huy":            "stamps.void",
	"POST /tem/{number}/thu-hoi":        "stamps.recall",
	"POST /ke-hoach/nhap":               "-", // shows what the file would do
	"POST /ke-hoach/nhap/ghi":           "plan.import catalog.add",
	"POST /nhiem-vu/{id}/bao-cao":       "task.report",
	"POST /ket-noi":                     "client.create",
	"POST /ket-noi/{id}/thu-hoi":        "client.revoke",
	"POST /thanh-vien/moi":              "member.invite",
	"POST /thanh-vien/loi-moi/thu-hoi":  "member.revoke",
	"POST /thanh-vien/loi-moi/gui-lai":  "member.revoke member.invite",
	"POST /thanh-vien/{id}/ket-thuc":    "member.end client.revoke",
	"POST /thanh-vien/nhap":             "-", // shows what the file would do
	"POST /thanh-vien/nhap/ghi":         "member.invite",
	"POST /dang-nhap":                   "account.signin account.refused",

	"POST /cau-hinh/du-lieu":             "tenant.export",
	"POST /dang-nhap/sso/lien-ket":       "sso.link",
	"POST /tai-khoan/lien-ket/go":        "sso.unlink",
	"POST /cau-hinh/sso/moi":             "sso.create",
	"POST /cau-hinh/sso/{id}":            "sso.update",
	"POST /cau-hinh/sso/{id}/trang-thai": "sso.open sso.shut",
	"POST /cau-hinh/sso/{id}/kiem-tra":   "-", // asks the provider

	"POST /dang-nhap/buoc-hai":                      "factor.shown factor.recovery factor.refused",
	"POST /dang-nhap/buoc-hai/khoa-truy-cap":        "-", // a challenge for the passkey
	"POST /dang-nhap/khoa-truy-cap":                 "account.signin",
	"POST /dang-nhap/khoa-truy-cap/bat-dau":         "-", // a challenge for the passkey
	"POST /tai-khoan/bao-mat/ung-dung":              "factor.add",
	"POST /tai-khoan/bao-mat/khoa-truy-cap":         "factor.add",
	"POST /tai-khoan/bao-mat/khoa-truy-cap/bat-dau": "-", // a challenge for the passkey
	"POST /tai-khoan/bao-mat/go":                    "factor.remove",
	"POST /tai-khoan/bao-mat/ma-du-phong":           "factor.codes",
	"POST /thanh-vien/hai-lop":                      "tenant.factor",
	"POST /thanh-vien/{id}/dat-lai-hai-lop":         "member.factor",
	"POST /tai-khoan/so-dien-thoai":                 "account.phone",
	"POST /thanh-vien/{id}/so-dien-thoai":           "member.phone",
	"POST /thanh-vien/nhap/gui-lai":                 "-", // sends letters again
	"POST /vai-tro/moi":                             "role.create",
	"POST /vai-tro/{id}":                            "role.change",
	"POST /vai-tro/{id}/bo":                         "role.retire",
	"POST /linh-vuc/sua":                            "department.fields",
	"POST /cau-hinh/so-nganh/them":                  "department.add",
	"POST /cau-hinh/so-nganh/sua":                   "department.rename",
	"POST /cau-hinh/so-nganh/bo":                    "department.remove",
	"POST /phan-cong/{id}":                          "inspection.assign",
	"POST /phan-cong/{id}/ket-thuc":                 "inspection.end",
	"POST /to-chuc/{id}/phan-cong":                  "inspection.assign",
	"POST /san-pham/{id}/nhom":                      "product.group",

	"POST /quen-mat-khau":            "-", // sends a letter
	"POST /dat-lai/{token}":          "account.reset",
	"POST /loi-moi/{tenant}/{token}": "member.accept account.signin",
	"POST /dang-ky":                  "organization.register",
	"POST /api/v1/token":             "token.grant token.reuse",
}

func TestEveryFormSaysWhatItWritesIntoTheAudit(t *testing.T) {
	t.Parallel()
	w := site(t)
	known, called := map[string]bool{}, calledActions(t)
	for _, r := range w.app.Routes() {
		if r.Method != http.MethodPost {
			continue
		}
		key := r.Method + " " + r.Path
		known[key] = true
		actions, ok := writes[key]
		if !ok {
			t.Errorf("%s has no row: what does it write into the audit?", key)
		}
		for _, action := range strings.Fields(strings.Trim(actions, "-")) {
			if !slices.Contains(called, action) && action != "organization.approved" && action != "organization.refused" { // made of a state
				t.Errorf("%s: nothing in the code writes %s", key, action)
			}
			if !journal.KnowsAction(action) {
				t.Errorf("%s: the journal has no words for %s", key, action)
			}
		}
	}
	for key := range writes {
		if !known[key] {
			t.Errorf("%s stands in the table and is no route", key)
		}
	}
}

// TestEveryWriteOfARecordSaysWhatWasBeforeAndAfter reads the sources: Write and WriteAsPlatform are for acts only.
func TestEveryWriteOfARecordSaysWhatWasBeforeAndAfter(t *testing.T) {
	t.Parallel()
	checked := 0
	eachCall(t, func(pos token.Position, within, name string, args []ast.Expr) {
		place, ok := map[string]int{"audit.Write": 3, "audit.WriteAsPlatform": 4}[name]
		if slices.Contains(actWriters, name) { // given the action as a text
			for _, a := range args {
				if action, ok := text(a); ok && strings.Count(action, ".") == 1 && !strings.Contains(action, " ") && acts[action] == "" {
					t.Errorf("%s: %s is given %s, which is no act: write it with audit.WriteChange", pos, name, action)
				}
			}
			return
		}
		if !ok {
			return
		}
		checked++
		action, literal := text(args[place])
		switch {
		case literal && acts[action] == "":
			t.Errorf("%s: %s changes a record: write it with audit.WriteChange, or list it as an act", pos, action)
		case !literal && !slices.Contains(actWriters, within):
			t.Errorf("%s: %s writes an action that is given to it: use audit.WriteChange, or list it among those that write acts", pos, within)
		}
	})
	if checked < 8 {
		t.Errorf("only %d calls: the test has lost its subject", checked)
	}
}

// TestEveryLineOfARecordHasBeforeOrAfter looks at all lines that the demonstration and the other tests have written.
func TestEveryLineOfARecordHasBeforeOrAfter(t *testing.T) {
	t.Parallel()
	w := site(t)
	var list []string
	for action := range acts {
		list = append(list, action)
	}
	rows, err := owner(t, w).Query(t.Context(), `
		select action, count(*) filter (where before is null and after is null), count(*)
		from audit.entry
		where action <> all ($1)
		group by action`, list)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	actions := 0
	for rows.Next() {
		var action string
		var bare, all int
		if err := rows.Scan(&action, &bare, &all); err != nil {
			t.Fatal(err)
		}
		if actions++; bare > 0 {
			t.Errorf("%s: %d of %d lines have neither before nor after", action, bare, all)
		}
	}
	if actions < 10 {
		t.Errorf("only %d actions: the test has lost its subject", actions)
	}
}

// calledActions returns every text in the sources that could be an action.
func calledActions(t *testing.T) (list []string) {
	t.Helper()
	eachCall(t, func(_ token.Position, _, _ string, args []ast.Expr) {
		for _, a := range args {
			if s, ok := text(a); ok {
				list = append(list, s)
			}
		}
	})
	return append(list, "token.grant", "token.reuse", "sso.open", "sso.shut") // constants and variables
}

func text(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

// eachCall visits the calls of the sources of modules and commands, tests left out: in which function, of what.
func eachCall(t *testing.T, visit func(pos token.Position, within, name string, args []ast.Expr)) {
	t.Helper()
	files := token.NewFileSet()
	for _, root := range []string{".", "../cmd"} {
		if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, filepath.Join("internal", "audit")) {
				return err
			}
			f, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			pkg := f.Name.Name
			for _, decl := range f.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok {
					continue
				}
				ast.Inspect(fn, func(n ast.Node) bool {
					call, ok := n.(*ast.CallExpr)
					if !ok {
						return true
					}
					name := ""
					switch f := call.Fun.(type) {
					case *ast.Ident:
						name = pkg + "." + f.Name
					case *ast.SelectorExpr:
						if x, ok := f.X.(*ast.Ident); ok {
							name = x.Name + "." + f.Sel.Name
						}
					}
					visit(files.Position(call.Pos()), pkg+"."+fn.Name.Name, name, call.Args)
					return true
				})
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
