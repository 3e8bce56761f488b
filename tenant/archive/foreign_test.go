package archive_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"txng/tenant"
	"txng/tenant/archive"
	"txng/tenant/fault"
)

// TestForgedArchiveGetsNoSightOfAnotherProvince has somebody who knows the format write into an archive of Nghệ An that
// Đà Nẵng, which is here, was merged into it, or gave it communes, or took it over.
func TestForgedArchiveGetsNoSightOfAnotherProvince(t *testing.T) {
	s := provinces(t)
	nghean, danang := s.tenant(t, "nghe-an"), s.tenant(t, "da-nang")
	good, _ := export(t, s.db, nghean.ID, archive.Options{})
	theirs, _ := export(t, s.db, danang.ID, archive.Options{})
	c, db := empty(t)
	if _, err := archive.Import(t.Context(), c, bytes.NewReader(theirs), archive.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	both := fmt.Sprintf(`"origin":"%s","successor":"%s"`, danang.Unit, nghean.Unit)
	more := `,"id":"77","effective":"2025-07-01","basis":"NQ giả","made_by":"Kẻ giả","made_by_account":"0","created_at":"2025-07-01T00:00:00Z","undone_at":null,"undone_by":"","undo_reason":""`
	for name, k := range map[string]struct{ table, row string }{
		"lineage":       {"tenant.lineage", "{" + both + `,"effective":"2025-07-01","basis":"NQ giả","created_at":"2025-07-01T00:00:00Z"}` + "\n"},
		"merger":        {"tenant.merger", "{" + both + more + `,"memberships":[]}` + "\n"},
		"communes":      {"tenant.part", "{" + both + more + `,"units":["20194@2025-07-01"]}` + "\n"},
		"own successor": {"tenant.lineage", fmt.Sprintf(`{"origin":"%s","successor":"%s","effective":"2025-07-01","basis":"NQ giả","created_at":"2025-07-01T00:00:00Z"}`, nghean.Unit, danang.Unit) + "\n"},
	} {
		list := slices.DeleteFunc(entries(t, good), func(e entry) bool { return strings.HasPrefix(e.name, "tables/"+k.table+"/") })
		var head archive.Header
		if err := json.Unmarshal(list[0].b, &head); err != nil {
			t.Fatal(err)
		}
		// The table's part comes before the first entry of a table that stands after it.
		place := slices.IndexFunc(head.Tables, func(of archive.HeaderTable) bool { return of.Name == k.table })
		at := slices.IndexFunc(list, func(e entry) bool {
			return slices.ContainsFunc(head.Tables[place+1:], func(of archive.HeaderTable) bool {
				return strings.Contains(e.name, "/"+of.Name+"/")
			}) || e.name == "manifest.json"
		})
		file := forged(t, slices.Insert(list, at, entry{"tables/" + k.table + "/000001.jsonl", []byte(k.row), '0'}))
		if _, _, err := archive.Check(bytes.NewReader(file)); err != nil {
			t.Fatalf("%s: the forgery itself is wrong: %v", name, err)
		}
		_, err := archive.Import(t.Context(), c, bytes.NewReader(file), archive.ImportOptions{KeepAccounts: true})
		if !errors.Is(err, fault.Conflict) || !strings.Contains(fault.Message(err), danang.Name) || !strings.Contains(fault.Message(err), "--mergers") {
			t.Errorf("%s: %v, want a conflict that names %s", name, err, danang.Name)
		}
		db.Forget()
		for _, id := range []tenant.ID{nghean.ID, danang.ID} {
			if origins, err := db.Origins(t.Context(), id); err != nil || len(origins) > 0 {
				t.Errorf("%s: %d reads %v, %v", name, id, origins, err)
			}
			if parts, err := db.Ceded(t.Context(), id); err != nil || len(parts) > 0 {
				t.Errorf("%s: %d looks after %v, %v", name, id, parts, err)
			}
		}
		if _, err := db.Tenant(t.Context(), nghean.ID); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: the province came in all the same (%v)", name, err)
		}
	}
}
