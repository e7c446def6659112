package gitops

import (
	"os"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestArgoCDHealth runs the scripts as Argo CD does: in gopher-lua, with the object as the global obj, and with no
// library but the base and the one for tables.
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
