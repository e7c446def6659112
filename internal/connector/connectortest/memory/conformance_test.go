package memory_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/connectortest"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// able is a directory that can do everything.
var able = directory.Capabilities{
	Membership: directory.OnUser, MainDepartment: true, Nested: true, Leaders: true, Disable: true, UserMark: true, DepartmentMark: true,
	UserIdentifier: "login", DepartmentName: "name",
}

var schema = directory.Schema{
	Users: []directory.Field{
		{Name: "login", Type: directory.String, Equality: directory.IgnoreCase, Unique: true, Required: true},
		{Name: "name", Type: directory.String}, {Name: "title", Type: directory.String, Multiple: true},
		{Name: "manager", Type: directory.Reference, Refers: directory.User},
	},
	Departments: []directory.Field{{Name: "name", Type: directory.String, Equality: directory.IgnoreCase, Required: true}},
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, shape := range map[string]func(*memory.Config){
		"OnUser":           func(*memory.Config) {},
		"SingleDepartment": func(c *memory.Config) { c.Capabilities.SingleDepartment, c.Capabilities.MainDepartment = true, false },
		"OnDepartment": func(c *memory.Config) {
			c.Capabilities.Membership, c.Capabilities.MainDepartment, c.Capabilities.Nested = directory.OnDepartment, false, false
			c.Tidy = true
		},
		"WithoutMarks":     func(c *memory.Config) { c.Capabilities.UserMark, c.Capabilities.DepartmentMark = false, false },
		"WithoutDisabling": func(c *memory.Config) { c.Capabilities.Disable = false },
	} {
		t.Run(name, func(t *testing.T) {
			config := memory.Config{Name: name, Capabilities: able, Schema: schema}
			shape(&config)
			connectortest.Run(t, func(*testing.T) connectortest.Fixture { return fixture(config) })
		})
	}
}

func fixture(config memory.Config) connectortest.Fixture {
	server := memory.New(config)
	filled := 0
	return connectortest.Fixture{
		Open: func(*testing.T) connector.Target { return server.Open() },
		User: func(login, name string) directory.Attributes {
			return directory.Attributes{{Name: "login", Values: []string{login}}, {Name: "name", Values: []string{name}}}
		},
		Department: func(name string) directory.Attributes {
			return directory.Attributes{{Name: "name", Values: []string{name}}}
		},
		Text:      "title",
		Reference: "manager",
		PageSize:  100,
		Fault: func(_ *testing.T, fault connectortest.Fault) func() {
			if fault != connectortest.RateLimited {
				return nil
			}
			server.Trouble(func(call memory.Call) *memory.Fault {
				if !call.Write {
					return nil
				}
				return &memory.Fault{Err: &connector.Error{Class: connector.RateLimited, RetryAfter: time.Second, Err: errors.New("too many requests")}}
			})
			return func() { server.Trouble(nil) }
		},
		Fill: func(t *testing.T, users int) {
			for range users {
				filled++
				put(t, server, &memory.Entry{Kind: directory.User, Fields: map[string][]string{"login": {fmt.Sprint("filled-", filled)}}})
			}
		},
		CutAfter: func(bytes int64) {
			const entrySize = 300 // so that the suite's three cuts lie within what it fills in
			if bytes >= 0 {
				bytes /= entrySize
			}
			server.BreakAfter(int(bytes))
		},
		AddForeignMember: func(t *testing.T, department directory.Entry) func() bool {
			edit(t, server, memory.Key{Kind: directory.Department, ID: department.ID}, func(e *memory.Entry) { e.Members = append(e.Members, "somebody") })
			return func() bool {
				return slices.Contains(server.Snapshot()[memory.Key{Kind: directory.Department, ID: department.ID}].Members, "somebody")
			}
		},
	}
}

func put(t *testing.T, server *memory.Directory, entry *memory.Entry) memory.Key {
	t.Helper()
	key, err := server.Put(entry)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func edit(t *testing.T, server *memory.Directory, key memory.Key, change func(*memory.Entry)) {
	t.Helper()
	if err := server.Edit(key, change); err != nil {
		t.Fatal(err)
	}
}

// TestRules shows what the suite cannot ask of every connector.
func TestRules(t *testing.T) {
	t.Parallel()
	config := memory.Config{
		Name: "rules", Capabilities: able, Schema: schema, Tidy: true,
		Normalise: map[string]func(string) string{"title": strings.ToUpper},
	}
	server := memory.New(config)
	top := put(t, server, &memory.Entry{Kind: directory.Department, Fields: map[string][]string{"name": {"Top"}}})
	inner := put(t, server, &memory.Entry{Kind: directory.Department, Parent: top.ID, Fields: map[string][]string{"name": {"Inner"}}})
	ann := put(t, server, &memory.Entry{Kind: directory.User, Fields: map[string][]string{"login": {"ann"}, "title": {"boss"}}, Departments: []string{inner.ID}})
	bob := put(t, server, &memory.Entry{Kind: directory.User, Hidden: []string{"title"}, Fields: map[string][]string{
		"login": {"bob"}, "title": {"clerk"}, "manager": {memory.Reference(ann.ID)},
	}})
	target := server.Open()
	ctx := t.Context()

	for what, got := range map[string]struct {
		err  error
		want connector.Class
	}{
		"a login that differs by case only": {second(target.ChangeUserIdentifier(ctx, bob.ID, []string{"ANN"})), connector.Conflict},
		"a user without a login":            {second(target.CreateUser(ctx, connector.NewEntry{})), connector.Invalid},
		"a parent that does not exist":      {second(target.MoveDepartment(ctx, inner.ID, "99")), connector.NotFound},
		"a department below itself":         {second(target.MoveDepartment(ctx, top.ID, inner.ID)), connector.Conflict},
		"two values for one":                {second(target.UpdateUser(ctx, bob.ID, connector.Patch{Changes: []connector.Change{{Field: "name", Values: []string{"a", "b"}}}})), connector.Invalid},
		"a name twice below one parent": {second(target.CreateDepartment(ctx, connector.NewEntry{
			Parent: top.ID, Attributes: directory.Attributes{{Name: "name", Values: []string{"inner"}}},
		})), connector.Conflict},
	} {
		if connector.ClassOf(got.err) != got.want {
			t.Errorf("%s: %v, want an error of class %s", what, got.err, got.want)
		}
	}
	found, err := target.Lookup(ctx, directory.User, []string{ann.ID, bob.ID}, []string{"title", "manager"})
	if err != nil || len(found) != 2 {
		t.Fatalf("looking up both users: %v, %v", found, err)
	}
	if got := found[0].Attributes.Get("title"); !slices.Equal(got, []string{"BOSS"}) {
		t.Errorf("a normalised value reads %q", got)
	}
	if !slices.Equal(found[1].Unreadable, []string{"title"}) || found[1].Attributes.Get("title") != nil {
		t.Errorf("a hidden field reads %q, unreadable are %q", found[1].Attributes.Get("title"), found[1].Unreadable)
	}
	if _, known := target.Resolve(found[1].Attributes.Get("manager")[0]); known {
		t.Error("a reference was resolved before the read")
	}
	if err := target.DeleteUser(ctx, ann.ID); err != nil {
		t.Fatal(err)
	}
	if got := server.Snapshot()[bob].Fields["manager"]; got != nil {
		t.Errorf("the manager who was deleted is still named: %q", got)
	}
}

// TestFaults lets calls fail before and after their effect, and a read break off.
func TestFaults(t *testing.T) {
	t.Parallel()
	server := memory.New(memory.Config{Name: "faults", Capabilities: able, Schema: schema})
	for _, login := range []string{"ann", "bob", "eve", "joe"} {
		put(t, server, &memory.Entry{Kind: directory.User, Fields: map[string][]string{"login": {login}}})
	}
	broken := &connector.Error{Class: connector.Unavailable, Err: fmt.Errorf("broken")}
	target := server.Open()
	for _, after := range []bool{false, true} {
		server.Trouble(func(call memory.Call) *memory.Fault {
			if call.Method == "Departments" {
				return nil
			}
			return &memory.Fault{Err: broken, After: after}
		})
		before := len(server.Snapshot())
		if err := target.DeleteUser(t.Context(), fmt.Sprint(1)); connector.ClassOf(err) != connector.Unavailable {
			t.Errorf("a call that breaks answers with %v", err)
		}
		if gone := before - len(server.Snapshot()); gone == 1 != after {
			t.Errorf("a call that breaks (after its effect: %t) removed %d entries", after, gone)
		}
		count, failed := 0, error(nil)
		for _, err := range target.Departments(t.Context(), nil) {
			t.Fatal(err)
		}
		for _, err := range target.Users(t.Context(), nil) {
			if failed = err; err == nil {
				count++
			}
		}
		if failed == nil || count > 0 != after {
			t.Errorf("a read that breaks (in the middle: %t) gives %d entries and then %v", after, count, failed)
		}
	}
}

func second[T any](_ T, err error) error { return err }
