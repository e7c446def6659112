package plan_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"synccenter.dev/synccenter/internal/directory"
	"synccenter.dev/synccenter/internal/mapping"
	"synccenter.dev/synccenter/internal/plan"
	"synccenter.dev/synccenter/internal/state"
)

// BenchmarkUnchanged plans 100,000 linked users in 1,000 departments of whom nobody changed, 12 fields each. Only Plan and Operations are
// timed: filling the planner belongs to reading and mapping. The goal is half a second of the processor: the time on the clock is also that of
// whatever else the machine does.
func BenchmarkUnchanged(b *testing.B) {
	const users, departments = 100_000, 1_000
	w := newWorld()
	w.capabilities.Leaders = false
	var spec mapping.Spec
	var fields []directory.Field
	for i := range 11 {
		name := fmt.Sprintf("field%02d", i)
		fields = append(fields, directory.Field{Name: name, Type: directory.String, Equality: directory.Exact})
		spec.Users = append(spec.Users, mapping.Row{To: name, From: name})
	}
	fields = append(fields, directory.Field{Name: "login", Type: directory.String, Equality: directory.IgnoreCase})
	spec.Users = append(spec.Users, mapping.Row{To: "login", From: "login"})
	spec.Departments = []mapping.Row{{To: "login", From: "login"}}
	both := directory.Schema{Users: fields, Departments: fields}
	mapper, err := mapping.Compile(spec, both, both, w.capabilities)
	if err != nil {
		b.Fatal(err)
	}
	links := state.NewLinks()
	entry := func(kind directory.Kind, side string, i int) directory.Entry {
		e := directory.Entry{Kind: kind, ID: fmt.Sprintf("%s-4c1d-4d7e-9a51-%s%08d", side, kind, i), Name: fmt.Sprint("Entry ", i)}
		for f := range 11 {
			e.Attributes = append(e.Attributes, directory.Attribute{Name: fmt.Sprintf("field%02d", f), Values: []string{fmt.Sprintf("value %d of entry %d", f, i)}})
		}
		e.Attributes = append(e.Attributes, directory.Attribute{Name: "login", Values: []string{fmt.Sprint("login", i)}})
		if side == "target" {
			e.Mark = &directory.Mark{Owner: "me", SourceID: fmt.Sprintf("source-4c1d-4d7e-9a51-%s%08d", kind, i)}
			if err := links.Put(state.Link{Kind: kind, SourceID: e.Mark.SourceID, TargetID: e.ID, Origin: state.Created, State: state.Active}); err != nil {
				b.Fatal(err)
			}
		}
		if kind == directory.User {
			e.Departments = []string{fmt.Sprintf("%s-4c1d-4d7e-9a51-%s%08d", side, directory.Department, i%departments)}
		}
		return e
	}
	fill := func() *plan.Planner {
		p := plan.New(plan.Options{Owner: "me", Mapper: mapper, Capabilities: w.capabilities, Links: links, UserRemoval: plan.Disable, DepartmentRemoval: plan.Keep})
		for _, kind := range []directory.Kind{directory.Department, directory.User} {
			n := departments
			if kind == directory.User {
				n = users
			}
			for i := range n {
				target := mapper.Observe(entry(kind, "target", i))
				source, err := mapper.Map(entry(kind, "source", i))
				if err == nil {
					err = p.AddTarget(&target)
				}
				if err == nil {
					err = p.AddSource(&source)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		return p
	}
	b.ReportAllocs()
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		p := fill()
		before := processorTime(b)
		b.StartTimer()
		same := func(reference string) (string, bool) { return reference, true }
		if _, err := p.Plan(plan.References{Source: same, Target: same}); err != nil {
			b.Fatal(err)
		}
		n := 0
		for o, err := range p.Operations(nil) {
			if err != nil || o.Kind != plan.NoUpdate {
				b.Fatal(o, err)
			}
			n++
		}
		used += processorTime(b) - before
		if n != users+departments {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(used.Milliseconds())/float64(b.N), "cpu-ms/op")
}

// processorTime is what this process has used so far, its collection of garbage included.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
