package modules_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"txng/tenant"
)

// mayImport says which modules a module imports beside the kit. It has no circle.
var mayImport = map[string][]string{
	"accounts":     {"plan"},
	"organization": {},
	"catalog":      {"organization"},
	"trace":        {},
	"plan":         {"catalog"},
	"stamps":       {"trace", "catalog", "organization"},
	"scan":         {"stamps", "trace", "catalog", "organization"},
	"kpi":          {"plan"},
	"ministry":     {"kpi", "plan"},
	"journal":      {},
	"merger":       {},
	"units":        {},
	"onboarding":   {"plan", "merger"},
	"archive":      {},
	"home":         {"organization", "catalog", "kpi", "onboarding"},
	"demo":         {"organization", "catalog", "trace", "stamps", "scan", "plan", "kpi", "merger", "onboarding", "archive"},
}

// floors are the floors of the house from the lowest; a package imports its own and lower ones only.
var floors = []string{"migrations", "tenant", "authz", "billing", "modules/internal", "modules", "cmd"}

// onlyIn says which folder alone may import a package outside of the project.
var onlyIn = map[string]string{
	"github.com/jackc/pgx/v5/pgxpool": "tenant",
	"github.com/stripe/stripe-go":     "billing",
	"github.com/casbin/casbin":        "authz",
	"github.com/golang-jwt/jwt":       "authz",
	"github.com/coreos/go-oidc":       "authz",
	"golang.org/x/oauth2":             "authz",
}

// topLevel is everything that the project's folder holds.
var topLevel = []string{"authz", "billing", "cmd", "helm", "migrations", "modules", "tenant", "go.mod", "go.sum", "README.md"}

type file struct {
	dir  string // folder below the project's root
	path string
	ast  *ast.File
	test bool
}

func files(t *testing.T) []file {
	t.Helper()
	list, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// sources reads every file of the project.
func sources() (list []file, err error) {
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel("..", path)
		list = append(list, file{dir: filepath.ToSlash(filepath.Dir(rel)), path: filepath.ToSlash(rel), ast: f, test: strings.HasSuffix(path, "_test.go")})
		return nil
	})
	return list, err
}

func imports(f file) []string {
	var list []string
	for _, i := range f.ast.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		list = append(list, path)
	}
	return list
}

func floor(dir string) int {
	best := -1
	for i, f := range floors {
		if (dir == f || strings.HasPrefix(dir, f+"/")) && (best < 0 || len(f) > len(floors[best])) {
			best = i
		}
	}
	return best
}

func TestImportsGoDownOnly(t *testing.T) {
	t.Parallel()
	for _, f := range files(t) {
		if f.test || f.dir == "modules" {
			continue // the list of modules, and tests of the whole, see everything
		}
		for _, path := range imports(f) {
			below, ok := strings.CutPrefix(path, "txng/")
			if !ok {
				continue
			}
			if floor(below) > floor(f.dir) {
				t.Errorf("%s imports %s from a higher floor", f.path, path)
			}
		}
	}
}

func TestModulesImportOnlyTheModulesOfTheTable(t *testing.T) {
	t.Parallel()
	for _, f := range files(t) {
		name, ok := strings.CutPrefix(f.dir, "modules/")
		if !ok || f.test || strings.HasPrefix(name, "internal") {
			continue
		}
		name, _, _ = strings.Cut(name, "/")
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("module %s has no row in the table", name)
		}
		for _, path := range imports(f) {
			other, ok := strings.CutPrefix(path, "txng/modules/")
			if !ok || strings.HasPrefix(other, "internal/") {
				continue
			}
			other, _, _ = strings.Cut(other, "/")
			if other != name && !slices.Contains(allowed, other) {
				t.Errorf("%s imports module %s, which the table does not allow", f.path, other)
			}
		}
	}
}

func TestTableOfModulesHasNoCircle(t *testing.T) {
	t.Parallel()
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		if slices.Contains(path, name) {
			t.Fatalf("circle: %s", strings.Join(append(path, name), " → "))
		}
		for _, next := range mayImport[name] {
			visit(next, append(slices.Clone(path), name))
		}
	}
	for name := range mayImport {
		visit(name, nil)
	}
}

func TestGuardedPackagesAreImportedInOnePlace(t *testing.T) {
	t.Parallel()
	for _, f := range files(t) {
		for _, path := range imports(f) {
			for guarded, only := range onlyIn {
				if (path == guarded || strings.HasPrefix(path, guarded+"/")) && f.dir != only && !strings.HasPrefix(f.dir, only+"/") {
					t.Errorf("%s imports %s; only %s may", f.path, path, only)
				}
			}
			if path == "github.com/jackc/pgx/v5" && !f.test && !strings.HasPrefix(f.dir, "tenant") && f.dir != "modules/internal/job" {
				t.Errorf("%s imports %s; statements go through the doors of package tenant", f.path, path)
			}
		}
	}
}

// TestDoorsAreNotWalkedAround keeps the functions that hand out a transaction or pool to whom they are for.
func TestDoorsAreNotWalkedAround(t *testing.T) {
	t.Parallel()
	for _, f := range files(t) {
		if f.dir == "modules/internal/job" || strings.HasPrefix(f.dir, "tenant") || f.path == "modules/arch_test.go" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"ForJobs", "PlatformForJobs", "JobPool", "ForArchive"}, s.Sel.Name) {
				t.Errorf("%s uses %s, which is for modules/internal/job or tenant/archive only", f.path, s.Sel.Name)
			}
			return true
		})
	}
}

// TestOnlyScansGoPastAProvincesState keeps the door that writes in suspended and archived provinces to module scan, and
// what the module writes to the tables that shoppers leave something behind in.
func TestOnlyScansGoPastAProvincesState(t *testing.T) {
	t.Parallel()
	visits, writes := 0, 0
	for _, f := range files(t) {
		if strings.HasPrefix(f.dir, "tenant") || f.path == "modules/arch_test.go" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if n.Sel.Name == "Visit" || n.Sel.Name == "Visitor" {
					visits++
					if f.dir != "modules/scan" {
						t.Errorf("%s uses %s, which is for modules/scan only", f.path, n.Sel.Name)
					}
				}
			case *ast.BasicLit:
				if f.dir != "modules/scan" || f.test || n.Kind != token.STRING {
					return true
				}
				for _, m := range written.FindAllStringSubmatch(n.Value, -1) {
					writes++
					if !slices.Contains(tenant.Visited, m[1]) {
						t.Errorf("%s writes %s; shoppers leave something behind in %v only", f.path, m[1], tenant.Visited)
					}
				}
			}
			return true
		})
	}
	if visits == 0 || writes == 0 {
		t.Errorf("%d uses of the door, %d statements that write: the test has lost its subject", visits, writes)
	}
}

// written finds the tables that a statement writes.
var written = regexp.MustCompile(`(?:insert into|delete from|merge into|update) ([a-z_]+\.[a-z_]+)`)

func TestTopLevelHoldsNothingElse(t *testing.T) {
	t.Parallel()
	entries, err := filepath.Glob("../*")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := filepath.Base(e); !slices.Contains(topLevel, name) && !strings.HasPrefix(name, ".") {
			t.Errorf("%s is not part of the house", name)
		}
	}
}

// TestStatementsNameTheirTenant reads every SQL text of the project that touches a tenant table and is not run through
// a door with an automatic first parameter by accident: it must compare tenant_id with $1, or insert $1 as tenant_id.
func TestStatementsNameTheirTenant(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, f := range files(t) {
		if f.test || strings.HasPrefix(f.dir, "tenant") || f.dir == "authz" {
			continue // the registry and the accounts are global
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !isStatement(call) || len(call.Args) < 2 {
				return true
			}
			text := strings.ToLower(literals(call.Args))
			if text == "" || !strings.Contains(text, "from ") && !strings.Contains(text, "into ") && !strings.Contains(text, "update ") {
				return true
			}
			checked++
			if !strings.Contains(text, "tenant_id = any ($1)") && !strings.Contains(text, "tenant_id = $1") &&
				!(strings.Contains(text, "insert into") && strings.Contains(text, "(tenant_id")) && !strings.Contains(text, "from tenant.") && !strings.Contains(text, "from kpi.rollup") {
				t.Errorf("%s: statement does not name its tenant: %.120s", f.path, strings.Join(strings.Fields(text), " "))
			}
			return true
		})
	}
	if checked < 20 {
		t.Errorf("only %d statements were found: the test has lost its subject", checked)
	}
	t.Logf("%d statements", checked)
}

// isStatement reports whether a call runs SQL: tenant.List, One, Value, Column, Put, Puts, Fetch, or a door's Exec.
func isStatement(call *ast.CallExpr) bool {
	f := call.Fun
	if i, ok := f.(*ast.IndexExpr); ok {
		f = i.X
	}
	s, ok := f.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"List", "One", "Value", "Column", "Put", "Puts", "Fetch", "Exec"}, s.Sel.Name)
}

// literals returns the text of the string literals in the arguments.
func literals(args []ast.Expr) string {
	var b strings.Builder
	for _, a := range args {
		ast.Inspect(a, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				s, _ := strconv.Unquote(l.Value)
				b.WriteString(s + " ")
			}
			return true
		})
	}
	return b.String()
}

// TestJobsNameTheirTenantAlike makes sure that the jobs of a tenant are found when it is deleted: a struct that is a
// job's arguments (it has a Kind) calls its tenant.ID "tenant" in JSON.
func TestJobsNameTheirTenantAlike(t *testing.T) {
	t.Parallel()
	kinds := map[string]bool{} // folder and type
	list := files(t)
	for _, f := range list {
		for _, d := range f.ast.Decls {
			if m, ok := d.(*ast.FuncDecl); ok && m.Recv != nil && m.Name.Name == "Kind" && len(m.Recv.List) == 1 {
				if receiver, ok := m.Recv.List[0].Type.(*ast.Ident); ok {
					kinds[f.dir+" "+receiver.Name] = true
				}
			}
		}
	}
	found := 0
	for _, f := range list {
		ast.Inspect(f.ast, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || !kinds[f.dir+" "+spec.Name.Name] {
				return true
			}
			fields, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, field := range fields.Fields.List {
				if s, ok := field.Type.(*ast.SelectorExpr); ok && s.Sel.Name == "ID" {
					found++
					if field.Tag == nil || !strings.Contains(field.Tag.Value, `json:"tenant"`) {
						t.Errorf("%s: job %s: its tenant.ID is not called tenant in JSON", f.path, spec.Name.Name)
					}
				}
			}
			return true
		})
	}
	if found < 2 {
		t.Errorf("only %d jobs of a tenant found: the test has lost its subject", found)
	}
}
