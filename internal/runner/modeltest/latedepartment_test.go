package modeltest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// TestAUserWhoWasMadeBeforeOneOfTheDepartments by an attempt that died is not in it: the record says so, and the next run puts that right.
func TestAUserWhoWasMadeBeforeOneOfTheDepartments(t *testing.T) {
	t.Parallel()
	for name, adapt := range map[string]func(*memory.Config){"with marks": func(*memory.Config) {}, "without marks": unmarked} {
		t.Run(name, func(t *testing.T) {
			w := scenario(t, adapt)
			w.has(w.source, directory.Department, "1", map[string]string{"ou": "D1"})
			w.has(w.source, directory.Department, "2", map[string]string{"ou": "D2"})
			w.has(w.source, directory.User, "1", map[string]string{"uid": "li"})
			user := memory.Key{Kind: directory.User, ID: "1"}
			_ = w.source.Edit(user, func(u *memory.Entry) { u.Departments = []string{"1", "2"} })
			departments := 0
			r := w.begin(nil)
			r.killedAmid("CreateUser", 1, func(call memory.Call) *memory.Fault {
				if call.Method == "CreateDepartment" {
					if departments++; departments == 2 {
						return &memory.Fault{Err: fault(connector.Permission)}
					}
				}
				return nil
			})

			if err := r.attempt(context.Background(), false); err != nil {
				t.Fatal(err)
			}

			r.end().check()
			if got := r.record("CreateUser"); got.Reason != "ReferencePending" || !strings.Contains(got.Message, "when the entry was made: (departments) names 2") {
				t.Errorf("the record says %s", describe(&got))
			}
			if w.sync(); !slices.Equal(w.target.Snapshot()[user].Departments, []string{"1", "2"}) {
				t.Errorf("the user is in %q", w.target.Snapshot()[user].Departments)
			}
		})
	}
}
