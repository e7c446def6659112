package mapping_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
)

// accounts are two directories that both keep the state of an account in a field.
func accounts() (source, target directory.Schema, able directory.Capabilities) {
	fields := []directory.Field{
		{Name: "uid", Type: directory.String, Equality: directory.IgnoreCase}, {Name: "employeeType", Type: directory.String, Equality: directory.IgnoreCase},
	}
	schema := directory.Schema{Users: fields}
	return schema, schema, directory.Capabilities{
		UserIdentifier: "uid", Disable: true, DisableField: "employeeType", DisabledValue: "disabled", EnabledValue: "active",
	}
}

func TestARowSaysWhoseAccountIsOff(t *testing.T) {
	source, target, able := accounts()
	row := mapping.Row{To: "employeeType", From: "employeeType"}
	tests := map[string]struct {
		row        mapping.Row
		values     []string
		unreadable bool
		want       []string
		off, said  bool
	}{
		"off, in the target's own spelling": {row: row, values: []string{"DISABLED"}, want: []string{"disabled"}, off: true, said: true},
		"on":                                {row: row, values: []string{"staff"}, want: []string{"staff"}, said: true},
		"no value is on":                    {row: row, want: []string{"active"}, said: true},
		"it cannot be read":                 {row: row, unreadable: true},
		"only of new accounts":              {row: mapping.Row{To: "employeeType", From: "employeeType", OnCreate: true}, values: []string{"disabled"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := mapping.Compile(mapping.Spec{Users: []mapping.Row{{To: "uid", From: "uid"}, test.row}}, source, target, able)
			if err != nil {
				t.Fatal(err)
			}
			entry := directory.Entry{Kind: directory.User, ID: "1", Attributes: directory.Attributes{{Name: "employeeType", Values: test.values}, {Name: "uid", Values: []string{"li"}}}}
			if test.unreadable {
				entry.Attributes, entry.Unreadable = entry.Attributes[1:], []string{"employeeType"}
			}
			form, err := m.Map(entry)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, form.Fields.Get("employeeType")); diff != "" {
				t.Error(diff)
			}
			if off, said := m.SaysOff(&form); off != test.off || said != test.said {
				t.Errorf("the form says off: %t, %t; want %t, %t", off, said, test.off, test.said)
			}
		})
	}
}

func TestDefaultsTurnNobodyOff(t *testing.T) {
	source, target, able := accounts()
	rows := mapping.Defaults(source, target, able).Users
	if slices.ContainsFunc(rows, func(r mapping.Row) bool { return r.To == "employeeType" }) {
		t.Errorf("a task without mappings copies the field that turns accounts off: %+v", rows)
	}
}

func TestTheFieldThatTurnsAccountsOffIsNotSensitive(t *testing.T) {
	source, target, able := accounts()
	rows := []mapping.Row{{To: "uid", From: "uid"}, {To: "employeeType", From: "employeeType", Sensitive: true}}
	_, err := mapping.Compile(mapping.Spec{Users: rows}, source, target, able)
	if err == nil || !strings.Contains(err.Error(), "mappings.users[1]") || !strings.Contains(err.Error(), "decides about removals") {
		t.Errorf("a sensitive row for it gives %v", err)
	}
}
