package modeltest

import (
	"context"
	"testing"

	"synccenter.dev/synccenter/internal/connector"
	"synccenter.dev/synccenter/internal/connector/connectortest/memory"
	"synccenter.dev/synccenter/internal/directory"
)

// TestADepartmentThatGotItsNameBackBeforeTheProcessDied: it reads as if nothing had been done, and the moves were done all the same.
func TestADepartmentThatGotItsNameBackBeforeTheProcessDied(t *testing.T) {
	t.Parallel()
	w := scenario(t, func(*memory.Config) {})
	for _, one := range [][3]string{{"1", "", "D1"}, {"2", "", "D2"}, {"3", "1", "West"}} {
		w.has(w.source, directory.Department, one[0], map[string]string{"ou": one[2]})
		w.below(one[0], one[1])
	}
	w.sync()
	for _, one := range [][3]string{{"2", "1", "West"}, {"3", "", "D2"}} {
		_ = w.source.Edit(memory.Key{Kind: directory.Department, ID: one[0]}, func(d *memory.Entry) { d.Parent = one[1]; d.Set("ou", one[2]) })
	}
	r := w.begin(nil)
	renames := 0
	r.killedAmid("UpdateDepartment", 3, func(call memory.Call) *memory.Fault {
		if call.Method == "UpdateDepartment" {
			if renames++; renames == 2 {
				return &memory.Fault{Err: fault(connector.Permission)}
			}
		}
		return nil
	})

	if err := r.attempt(context.Background(), true); err != nil {
		t.Fatal(err)
	}

	r.end().check()
	for _, record := range r.records {
		if record.Operation == "MoveDepartment" && record.Status != "Succeeded" {
			t.Errorf("it was moved, and the record says %s", describe(&record))
		}
	}
}
