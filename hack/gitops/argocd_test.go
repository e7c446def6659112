package gitops

import (
	"os"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestArgoCDHealth runs the scripts as Argo CD does: in gopher-lua, with the object as the global obj. Of the libraries that Argo CD
// gives they have the base and the one for tables.
func TestArgoCDHealth(t *testing.T) {
	for _, test := range everyHealth(t) {
		t.Run(test.name, func(t *testing.T) {
			status, message := argoHealth(t, test.object)
			if status != test.argo {
				t.Errorf("the health is %s (%s), want %s", status, message, test.argo)
			}
			if message == "" {
				t.Error("the health has no message")
			}
		})
	}
}

// TestArgoCDSyncGoesOn makes sure that no sync waits for what does nothing more. A sync with waves or hooks goes on at Healthy and ends at
// Degraded; at every other word it waits, and an operation of Argo CD has no time limit.
func TestArgoCDSyncGoesOn(t *testing.T) {
	for _, test := range everyHealth(t) {
		if !atRest(t, test.object) {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			if status, message := argoHealth(t, test.object); status != "Healthy" && status != "Degraded" {
				t.Errorf("the health is %s (%s): a sync waits for this for ever", status, message)
			}
		})
	}
}

// atRest says whether the manager will do nothing more with an object unless somebody changes something: a run that ended or was deleted, and a
// task whose definition was judged, stopped or not.
func atRest(t *testing.T, o *unstructured.Unstructured) bool {
	t.Helper()
	if o.GetKind() == "SyncRun" {
		return o.GetDeletionTimestamp() != nil || condition(t, o, "Complete") == "True"
	}
	if seen, _, _ := unstructured.NestedInt64(o.Object, "status", "observedGeneration"); seen != o.GetGeneration() {
		return false
	}
	return condition(t, o, "Reconciling") != "True"
}

func condition(t *testing.T, o *unstructured.Unstructured, kind string) string {
	t.Helper()
	conditions, _, err := unstructured.NestedSlice(o.Object, "status", "conditions")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range conditions {
		if c := c.(map[string]any); c["type"] == kind {
			return c["status"].(string)
		}
	}
	return ""
}

// TestArgoCDTellsOfAStop looks for why a task is stopped, since its health does not show it.
func TestArgoCDTellsOfAStop(t *testing.T) {
	for name, want := range map[string]string{"held": "The task is held, so nothing starts: the directory is being moved.", "suspended": "The task is suspended, so nothing starts."} {
		if _, message := argoHealth(t, object(t, tasks, name)); !strings.Contains(message, want) {
			t.Errorf("the message of a task that is %s is %q, want %q in it", name, message, want)
		}
	}
	if _, message := argoHealth(t, object(t, tasks, "deletions-pending")); !strings.Contains(message, "Removals that wait for a person: 2") {
		t.Errorf("the message of a task whose removals wait is %q", message)
	}
}

func argoHealth(t *testing.T, o *unstructured.Unstructured) (status, message string) {
	t.Helper()
	script, err := os.ReadFile("../../config/gitops/argocd/" + strings.ToLower(o.GetKind()) + ".lua")
	if err != nil {
		t.Fatal(err)
	}
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	state.SetGlobal("obj", toLua(state, o.Object))
	if err := state.DoString(string(script)); err != nil {
		t.Fatal(err)
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("the script gives a %s, want a table", state.Get(-1).Type())
	}
	return table.RawGetString("status").String(), table.RawGetString("message").String()
}

// toLua makes a value of the script of a value of an object.
func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(toLua(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetString(key, toLua(state, item))
		}
		return table
	}
	return lua.LNil
}
